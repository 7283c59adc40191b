"""The clients of load.py: wrk for throughput, own threads for a fixed rate.

load.py moves itself to the core that the servers do not have; what it starts from here stays there with it.
"""

import gc
import json
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import Running

SCRIPT = Path(__file__).with_name("request.lua")


@dataclass(frozen=True)
class Load:
    requests: int
    seconds: float
    refused: int
    broken: int

    @property
    def accepted(self) -> int:
        return self.requests - self.refused

    @property
    def rate(self) -> float:
        return self.accepted / self.seconds


def wrk_command(running: Running, seconds: int, connections: int, method: str, path: str, token: str, body: dict | None):
    return [
        *("wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"),
        *("--timeout", "20s", "--script", str(SCRIPT), running.url(path), "--"),
        *(method, token, json.dumps(body) if body else ""),
    ]


def load(running: Running, seconds: int, connections: int, method: str, path: str, token="", body=None) -> Load:
    """As many requests as the connections carry."""
    return result(subprocess.check_output(wrk_command(running, seconds, connections, method, path, token, body), text=True))


def result(output: str) -> Load:
    line = next((line for line in output.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        raise SystemExit(f"wrk gave no result:\n{output}")
    requests, microseconds, refused, broken = map(int, line.split()[1:])
    return Load(requests, microseconds / 1e6, refused, broken)


@contextmanager
def storm(running: Running, seconds: int, connections: int, method: str, path: str, body: dict | None = None, headers=()):
    """The same load beside whatever the caller does meanwhile."""
    command = wrk_command(running, seconds, connections, method, path, "", body)
    command[1:1] = [argument for header in headers for argument in ("--header", header)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield
        finally:
            output, _ = process.communicate()
            result(output)


def latencies_at_fixed_rate(running: Running, seconds: float, per_second: int, path: str, token="") -> list[float]:
    """Milliseconds from the moment each request was due to the end of its answer, sorted.

    A request that waits for the answer before it on its connection counts from when it was due: a server that stalls
    is not asked less often, its callers wait. What the client itself oversleeps does not count.
    """
    connections = 10
    pause = connections / per_second
    taken: list[float] = []
    credentials = f"Authorization: Bearer {token}\r\n" if token else ""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{credentials}\r\n".encode()
    begin = time.perf_counter() + 0.1

    def client(offset: float):
        with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            due = begin + offset
            while due < begin + seconds:
                rest = due - time.perf_counter()
                if rest > 0:
                    time.sleep(rest)
                    sent = time.perf_counter()
                else:
                    sent = due
                connection.sendall(request)
                read_answer(connection)
                taken.append((time.perf_counter() - sent) * 1000)
                due += pause

    threads = [threading.Thread(target=client, args=(number * pause / connections,)) for number in range(connections)]
    gc.disable()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.enable()
    return sorted(taken)


def seconds_of_a_refusal(running: Running, path: str, body: dict) -> float:
    """From the first byte sent to the last one of a 401."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.perf_counter()
        connection.sendall(head.encode() + data)
        status = read_answer(connection)
        taken = time.perf_counter() - begin
    if status != 401:
        raise SystemExit(f"a log-in that should fail was answered with {status}")
    return taken


def read_answer(connection: socket.socket) -> int:
    data = connection.recv(65536)
    while b"\r\n\r\n" not in data:
        data += more(connection)
    head, body = data.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += more(connection)
    return int(head.split(b" ", 2)[1])


def more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the server closed the connection")
    return data
