#!/usr/bin/env python3
"""Measures how long other readers wait while clients flood the server with HTTP/2 frames, compressed pages, or requests that are refused.

    benches/floods.py                               # builds the server; about ten minutes
    benches/floods.py --program target/release/recipes --only rapid-reset

During each flood ten other connections read one recipe, 100 times a second in all. Their median must stay below 4 ms and no answer may
be missing; otherwise the script ends with 1. The floods and the readers share the cores with the server, so readers also wait for the system:
--bare shows how long they wait for a server that does nothing, and that is allowed as well. Each figure is the median of three measurements.
"""

import argparse
import multiprocessing
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import SimpleNamespace

from clients import latencies_at_fixed_rate
from database import built
from memory import LIST, Server, fill, frame, get, http2, post

SECONDS = 4
ROUNDS = 3
MEDIAN_MS = 4.0
CONNECTIONS = 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# Frame types of RFC 9113 section 6.
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
# What a request asks for, without the opening of its connection.
BLOCK = http2("/api/v1/recipes/1", streams=1).split(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0)))[1][9:]
ODD = range(1, 20_001, 2)


def opened(*frames: bytes, settings: bytes = b"") -> tuple[bytes, list[bytes]]:
    """The opening of a connection, and the bytes that are sent on it again and again, in parts."""
    return PREFACE + frame(SETTINGS, 0, 0, settings), list(frames)


def streams(each) -> list[bytes]:
    """Parts of a hundred streams."""
    numbers = list(ODD)
    return [b"".join(each(number) for number in numbers[at : at + 100]) for at in range(0, len(numbers), 100)]


def request(flags: int = 5, block: bytes = BLOCK):
    return lambda number: frame(HEADERS, flags, number, block)


# For each: what it is, the opening of a connection, its parts. After the last part the connection is opened again.
FLOODS = {
    "rapid-reset": ("requests that are reset at once (CVE-2023-44487)", *opened(*streams(lambda n: request()(n) + frame(RST_STREAM, 0, n, struct.pack(">I", 8))))),
    "requests": ("requests on new streams, answers not waited for", *opened(*streams(request()))),
    "zero-window": ("requests without room for the answer", *opened(*streams(request()), settings=struct.pack(">HI", 4, 0))),
    "one-byte-window": ("requests with room for one byte", *opened(*streams(lambda n: request()(n) + frame(WINDOW_UPDATE, 0, n, struct.pack(">I", 1))), settings=struct.pack(">HI", 4, 1))),
    "half-requests": ("heads whose bodies never come", *opened(*streams(request(flags=4)))),
    "empty-data": ("DATA frames without data (CVE-2019-9518)", *opened(frame(HEADERS, 4, 1, BLOCK) + frame(DATA, 0, 1) * 1_000, *[frame(DATA, 0, 1) * 1_000] * 50)),
    "continuation": ("a head in CONTINUATION frames without end (CVE-2024-27316)", *opened(frame(HEADERS, 1, 1, BLOCK), *[frame(CONTINUATION, 0, 1, b"\0\x01a\x01b" * 2_000)] * 200)),
    "empty-continuation": ("empty CONTINUATION frames", *opened(frame(HEADERS, 1, 1, BLOCK), *[frame(CONTINUATION, 0, 1) * 1_000] * 50)),
    "settings": ("SETTINGS frames, each to be acknowledged (CVE-2019-9515)", *opened(*[frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)) * 500] * 50)),
    "pings": ("PING frames, each to be answered (CVE-2019-9512)", *opened(*[frame(PING, 0, 0, b"12345678") * 500] * 50)),
    "priorities": ("PRIORITY frames (CVE-2019-9513)", *opened(*streams(lambda n: frame(PRIORITY, 0, n, struct.pack(">IB", n - 2 if n > 1 else 0, 255)) * 5))),
    "window-updates": ("WINDOW_UPDATE frames", *opened(*[frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) * 1_000] * 50)),
    "resets-of-idle": ("RST_STREAM of streams that were never opened", *opened(*[frame(RST_STREAM, 0, n, struct.pack(">I", 8)) for n in ODD][:1_000])),
    "unknown": ("frames of unknown types", *opened(*[frame(0xBE, 0xFF, 0, b"x" * 200) * 100] * 50)),
    "large-heads": ("heads of 16 KiB", *opened(*streams(request(block=BLOCK + b"".join(b"\0\x05x-%03d\x7e" % n + b"y" * 126 for n in range(118)))))),
    "openings": ("connections that are opened and left", *opened()),
    "large-pages": ("pages of 1,000 recipes, read", b"", [get(LIST)]),
    "brotli-pages": ("the same with Accept-Encoding: br", b"", [get(LIST, "Accept-Encoding: br")]),
    "gzip-pages": ("the same with Accept-Encoding: gzip", b"", [get(LIST, "Accept-Encoding: gzip")]),
    "refused-bodies": ("recipes of 250 kB without credentials", b"", [post("/api/v1/recipes", 250_000) + b" " * 250_000]),
    "not-json": ("log-ins that are not JSON", b"", [post("/api/v1/users/login", 2) + b"{]"]),
}


def flood(port: int, opening: bytes, parts: list[bytes], sent):
    """Connections that send all parts and read what comes, until the process is ended."""
    waits_for_answers = not opening
    connections = {}
    while True:
        while len(connections) < CONNECTIONS:
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            connection.setblocking(False)
            connections[connection] = [opening + (parts[0] if parts else b""), 1, time.monotonic()]
        writable = [connection for connection, (data, *_) in connections.items() if data]
        readable, writable, _ = select.select(connections, writable, [], 0.05)
        for connection in set(readable) | set(writable):
            state = connections[connection]
            try:
                received = connection.recv(1 << 20) if connection in readable else None
                if received == b"":
                    raise ConnectionError
                if connection in writable:
                    count = connection.send(state[0])
                    state[0] = state[0][count:]
                    sent.value += count
                if state[0]:
                    continue
                if state[1] < len(parts):
                    state[0], state[1] = parts[state[1]], state[1] + 1
                elif waits_for_answers and received and len(received) < 1 << 20:
                    state[0] = parts[0]
                elif not waits_for_answers:
                    raise ConnectionError
            except BlockingIOError:
                pass
            except OSError:
                connection.close()
                del connections[connection]


@contextmanager
def bare_axum(program: Path, server: Server, folder: Path):
    """A server that does nothing but send what ours sends."""
    files = []
    for name, path in (("recipe", "/api/v1/recipes/1"), ("list", LIST), ("user", "/healthz")):
        files.append(folder / f"{name}.json")
        files[-1].write_bytes(server.call("GET", path))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen([program, *files], env=os.environ | {"PORT": str(port)})
    try:
        time.sleep(0.5)
        yield SimpleNamespace(port=port, process=process)
    finally:
        process.terminate()
        process.wait(20)


def while_flooded(server, opening: bytes, parts: list[bytes]):
    """What readers waited, sorted; MiB that were sent each second; cores that the server used; whether all went well."""
    sent = multiprocessing.Value("Q", lock=False)
    flooding = multiprocessing.Process(target=flood, args=(server.port, opening, parts, sent), daemon=True)
    flooding.start()
    used = processor_seconds(server.process)
    taken = latencies_at_fixed_rate(server, SECONDS, 100, "/api/v1/recipes/1")
    used = processor_seconds(server.process) - used
    was_flooding = flooding.is_alive()
    flooding.terminate()
    flooding.join()
    return taken, sent.value / SECONDS / 2**20, used / SECONDS, was_flooding and len(taken) >= (SECONDS - 1) * 100


def processor_seconds(process: subprocess.Popen) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(program: Path, bare: Path | None, name: str) -> bool:
    label, opening, parts = FLOODS[name]
    ours, reference = [], []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(program, Path(folder))
        try:
            fill(server)
            quiet = median(latencies_at_fixed_rate(server, 2, 100, "/api/v1/recipes/1"))
            for _ in range(ROUNDS):
                ours.append(while_flooded(server, opening, parts))
                if bare:
                    with bare_axum(bare, server, Path(folder)) as other:
                        reference.append(while_flooded(other, opening, parts))
        finally:
            server.stop()
    figures = Figures.of(ours)
    beside, allowed = "", MEDIAN_MS
    if reference:
        of_bare = Figures.of(reference)
        beside, allowed = f"{of_bare.p50:.2f} with {of_bare.cores:.1f}", max(MEDIAN_MS, of_bare.p50)
    holds = figures.p50 < allowed and all(answered for *_, answered in ours)
    print(f"| {label} | {figures.sent:.1f} | {quiet:.2f} | {figures} | {beside} | {'yes' if holds else '**no**'} |", flush=True)
    return holds


@dataclass(frozen=True)
class Figures:
    """Medians of the rounds; `most` is the longest wait of all."""

    sent: float
    p50: float
    p99: float
    most: float
    cores: float

    @staticmethod
    def of(rounds: list) -> "Figures":
        taken, sent, cores, _ = zip(*rounds)
        p99 = median(times[int(len(times) * 0.99)] for times in taken)
        return Figures(median(sent), median(map(median, taken)), p99, max(times[-1] for times in taken), median(cores))

    def __str__(self) -> str:
        return f"{self.p50:.2f} | {self.p99:.1f} | {self.most:.0f} | {self.cores:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, help="a built `recipes`; without it, a release build is made")
    parser.add_argument("--bare", type=Path, help="the built example `bare_axum`, to be flooded as well")
    parser.add_argument("--only", action="append", choices=FLOODS, metavar="FLOOD", help=f"one of {', '.join(FLOODS)}; repeatable")
    options = parser.parse_args()
    program = (options.program or built()).resolve(strict=True)
    print("| flood | sent, MiB/s | quiet p50, ms | p50, ms | p99, ms | most, ms | cores | bare axum: p50, cores | holds |")
    print("|---|---|---|---|---|---|---|---|---|")
    results = [measure(program, options.bare, name) for name in options.only or FLOODS]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
