#!/usr/bin/env python3
"""Measures the memory of the server while clients flood it: clients that do not read, or do not finish.

    benches/memory.py                               # builds the server; about ten minutes
    benches/memory.py --program target/debug/recipes --only bodies

For each flood: resident memory before it, its peak, and a minute after its end. The peak must stay below idle + budget + 30 MiB,
and after a minute memory must be below idle + 30 MiB; otherwise the script ends with 1.
"""

import argparse
import json
import os
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET_MIB = 256
MARGIN_MIB = 30
ACCOUNT = {"name": "Ada", "email": "ada@example.com", "password": "a stitch in thyme"}
LIST = "/api/v1/recipes?limit=1000"


class Server:
    def __init__(self, program: Path, folder: Path):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        environment = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "DATA_DIR": ".",
            "JWT_SECRET": "n2Yc7bQpXv4sT9kLw3ZfRj8mHd5gUa6e",
            "RATE_LIMITS": "off",
            "MEMORY_BUDGET": str(BUDGET_MIB << 20),
            "LOG": "warn",
        }
        self.log = open(folder / "server.log", "wb")
        self.process = subprocess.Popen([program], cwd=folder, env=environment, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.call("GET", "/healthz")
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"the server did not start: {(folder / 'server.log').read_text()}")

    def call(self, method: str, path: str, body: dict | None = None, token: str = "") -> bytes:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def connect(self) -> socket.socket:
        connection = socket.socket()
        # A small window, set before the connection: unread data stays in the server.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def resident_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def send(connection: socket.socket, data: bytes):
    """The server may refuse a request and close the connection before it has all of it."""
    try:
        connection.sendall(data)
    except OSError:
        pass


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def post(path: str, length: int, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {length}", *headers, "", ""]
    return "\r\n".join(lines).encode()


# HTTP/2 (RFC 9113 section 4.1): length, type, flags, stream.
def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def http2(path: str, *headers: tuple[str, str], streams: int = 128, window: int = 0) -> bytes:
    """A connection whose streams each ask for `path` and have room for `window` bytes."""

    def text(value: str) -> bytes:
        return (struct.pack("B", len(value)) if len(value) < 127 else struct.pack("BB", 127, len(value) - 127)) + value.encode()

    # RFC 7541 section 6.2.2: literal header fields without indexing.
    fields = [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "x"), *headers]
    block = b"".join(b"\0" + text(name) + text(value) for name, value in fields)
    opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, struct.pack(">HI", 4, window))
    if window:
        opening += frame(8, 0, 0, struct.pack(">I", (1 << 31) - 1 - 65_535))
    # END_STREAM and END_HEADERS.
    return opening + b"".join(frame(1, 5, 2 * number + 1, block) for number in range(streams))


def repeated(count: int, request: bytes):
    """`count` connections that send the same and read nothing."""

    def flood(server: Server, _token: str) -> list[socket.socket]:
        connections = []
        for _ in range(count):
            connections.append(server.connect())
            send(connections[-1], request)
        return connections

    return flood


def bodies(server: Server, token: str) -> list[socket.socket]:
    """3,000 bodies of 255 kB but for their end."""
    head = post("/api/v1/recipes", 255_000, f"Authorization: Bearer {token}")
    return repeated(3_000, head + b" " * 254_999)(server, token)


def log_ins(server: Server, token: str) -> list[socket.socket]:
    """3,000 log-ins with passwords of 200 kB."""
    body = json.dumps({"email": "ada@example.com", "password": "x" * 200_000}).encode()
    return repeated(3_000, post("/api/v1/users/login", len(body)) + body)(server, token)


def exports(server: Server, token: str) -> list[socket.socket]:
    """300 exports that are not read."""
    return repeated(300, get("/api/v1/users/me/export", f"Authorization: Bearer {token}"))(server, token)


FLOODS = {
    "document": ("10 HTTP/2 connections, 128 streams each, no window: the OpenAPI document with br", repeated(10, http2("/api/v1/openapi.json", ("accept-encoding", "br")))),
    "document-gzip": ("the same with gzip", repeated(10, http2("/api/v1/openapi.json", ("accept-encoding", "gzip")))),
    "pages": ("300 connections that ask for a large page and do not read", repeated(300, get(LIST))),
    "pages-gzip": ("the same with gzip", repeated(300, get(LIST, "Accept-Encoding: gzip"))),
    "http2": ("4 HTTP/2 connections, 128 streams each, no window: a large page", repeated(4, http2(LIST))),
    "http2-gzip": ("40 such connections with gzip", repeated(40, http2(LIST, ("accept-encoding", "gzip")))),
    "http2-window": ("40 such connections with large windows, of which nothing is read", repeated(40, http2(LIST, window=(1 << 31) - 1))),
    "exports": ("300 exports that are not read", exports),
    "bodies": ("3,000 bodies of 255 kB but for their end", bodies),
    "log-ins": ("3,000 log-ins with passwords of 200 kB", log_ins),
}


def fill(server: Server) -> str:
    """A thousand recipes of 4.4 kB. Returns the token of their owner."""
    token = json.loads(server.call("POST", "/api/v1/users/signup", ACCOUNT))["token"]
    recipe = {"name": "Stew", "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": 1, "ingredients": ["salt"]}
    for number in range(1_000):
        steps = [f"Step {step} of recipe {number}: stir {step * number % 977} times, then wait. " * 4 for step in range(15)]
        server.call("POST", "/api/v1/recipes", recipe | {"name": f"Stew {number}", "instructions": steps}, token)
    return token


def measure(program: Path, name: str) -> bool:
    label, flood = FLOODS[name]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(program, Path(folder))
        try:
            token = fill(server)
            time.sleep(2)
            idle = server.resident_mib()
            peaks, over = [idle], threading.Event()

            def watch():
                while not over.wait(0.02):
                    peaks.append(server.resident_mib())

            watcher = threading.Thread(target=watch)
            watcher.start()
            connections = flood(server, token)
            time.sleep(5)
            # Other clients are served meanwhile.
            begin = time.perf_counter()
            server.call("GET", "/healthz")
            other = (time.perf_counter() - begin) * 1000
            for connection in connections:
                connection.close()
            over.set()
            watcher.join()
            time.sleep(60)
            after = server.resident_mib()
        finally:
            server.stop()
    holds = max(peaks) <= idle + BUDGET_MIB + MARGIN_MIB and after <= idle + MARGIN_MIB
    figures = f"{idle:.0f} | {max(peaks):.0f} | {after:.0f} | {other:.0f}"
    print(f"| {label} | {figures} | {'yes' if holds else '**no**'} |", flush=True)
    return holds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, help="a built `recipes`; without it, a release build is made")
    parser.add_argument("--only", action="append", choices=FLOODS, metavar="FLOOD", help=f"one of {', '.join(FLOODS)}; repeatable")
    options = parser.parse_args()
    program = options.program
    if program is None:
        build = ["cargo", "build", "--release", "--locked", "-p", "recipes-server", "--bin", "recipes"]
        subprocess.run(build, cwd=ROOT, check=True)
        metadata = subprocess.check_output(["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"], cwd=ROOT)
        program = Path(json.loads(metadata)["target_directory"]) / "release/recipes"
    _, maximum = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(maximum, 8_192), maximum))
    print("| flood | idle, MiB | peak, MiB | a minute later, MiB | another client meanwhile, ms | holds |")
    print("|---|---|---|---|---|---|")
    results = [measure(program.resolve(strict=True), name) for name in options.only or FLOODS]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
