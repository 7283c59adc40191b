"""The servers that load.py compares: how each is built, started, filled, counted and stopped.

All of them speak the same API on a loopback port, run on one core, and keep their data in their working folder.
"""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = {"name": "Ada", "email": "ada@example.com", "password": "correct horse battery staple"}
SECRET = "a secret for measurements only, 32 bytes and more"


# Recipes of each server at the beginning.
STORED = 20


def recipe(number: int) -> dict:
    """A recipe of everyday size: 12 lines, about half a kilobyte."""
    ingredients = [f"{amount + number % 7} tablespoons of ingredient number {amount}, finely chopped" for amount in range(1, 13)]
    return {
        "name": f"Everyday Stew number {number}",
        "healthLabels": ["Sugar-Conscious", "Peanut-Free", "Tree-Nut-Free"],
        "cookTimeMinutes": 10 + number % 90,
        "prepTimeMinutes": 5 + number % 30,
        "ingredients": ingredients,
    }


@dataclass(frozen=True)
class Server:
    name: str
    command: list[str]
    home: Path  # what a run starts from: copied for runs that write
    core: int  # the only one it runs on

    @contextmanager
    def running(self, folder: Path | None = None):
        """Starts on one core, waits for the first answer, yields, and stops that very process."""
        folder = folder or self.home
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "JWT_SECRET": SECRET,
            "DATABASE_URL": "sqlite:recipes.db",
            "NODE_ENV": "production",
            "RATE_LIMITS": "off",
            "QUOTA_RECIPES": "off",
            "QUOTA_BYTES": "off",
        }
        with open(folder / "server.log", "wb") as log:
            started = time.perf_counter()
            process = subprocess.Popen(
                ["taskset", "-c", str(self.core), *self.command], cwd=folder, env=environment, stdout=log, stderr=log
            )
            try:
                wait_until_it_answers(process, port, folder / "server.log")
                yield Running(self, port, process, folder, time.perf_counter() - started)
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    @contextmanager
    def running_on_a_copy(self):
        folder = self.home.with_name(self.home.name + "-copy")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.home, folder)
        try:
            with self.running(folder) as running:
                yield running
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def stored(self, folder: Path) -> int | None:
        """How many recipes are in the files, read from outside after the server has ended; None: they are unreadable."""
        if (folder / "recipes.json").exists():
            try:
                return len(json.loads((folder / "recipes.json").read_text()))
            except ValueError:
                return None
        with sqlite3.connect(folder / "recipes.db") as db:
            return db.execute("SELECT count(*) FROM recipes").fetchone()[0]


@dataclass(frozen=True)
class Running:
    server: Server
    port: int
    process: subprocess.Popen
    folder: Path
    start_seconds: float

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def call(self, method: str, path: str, body: dict | None = None, token: str = "") -> bytes:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url(path), data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def token(self) -> str:
        return json.loads(self.call("POST", "/api/v1/users/login", ACCOUNT))["token"]

    def memory_mib(self, which="VmRSS") -> float:
        """Resident now; with "VmHWM" what was the most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(which)) / 1024


def build(folder: Path, core: int, before: Path | None) -> dict[str, Server]:
    """Builds and installs all servers, and stores 20 recipes and one account in each. `before`: an earlier build."""
    for reference in ("express", "fastify"):
        source = ROOT / "benches/reference" / reference
        if not (source / "node_modules/.package-lock.json").exists():
            subprocess.run(["npm", "ci", "--no-progress"], cwd=source, check=True)
    cargo = ["cargo", "build", "--release", "--locked", "-p", "recipes-server", "--bin", "recipes"]
    cargo += ["--example", "bare_axum", "--example", "signature_only"]
    subprocess.run(cargo, cwd=ROOT, check=True)
    metadata = subprocess.check_output(["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"], cwd=ROOT)
    release = Path(json.loads(metadata)["target_directory"]) / "release"

    shutil.rmtree(folder, ignore_errors=True)
    node = lambda name: ["node", str(ROOT / f"benches/reference/{name}/server.js")]
    ours = Server("ours", [str(release / "recipes")], folder / "ours", core)
    servers = {
        "express": Server("express", node("express"), folder / "express", core),
        "fastify": Server("fastify", node("fastify"), folder / "fastify", core),
        "ours": ours,
    }
    if before:
        servers["before"] = Server("before", [str(before)], folder / "before", core)
    for server in servers.values():
        fill(server)
    bodies = copy_of_the_answers(ours, folder / "axum")
    return servers | {
        "axum": Server("axum", [str(release / "examples/bare_axum"), *bodies], folder / "axum", core),
        "unchecked": Server("unchecked", [str(release / "examples/signature_only")], folder / "unchecked", core),
    }


def fill(server: Server):
    server.home.mkdir(parents=True)
    # `running` waits for a response to /recipes/1, which does not exist yet: a 404 counts.
    with server.running() as running:
        token = json.loads(running.call("POST", "/api/v1/users/signup", ACCOUNT))["token"]
        for number in range(1, STORED + 1):
            running.call("POST", "/api/v1/recipes", recipe(number), token)


def copy_of_the_answers(ours: Server, folder: Path) -> list[str]:
    """The bare axum server sends byte for byte what ours sends."""
    folder.mkdir(parents=True)
    with ours.running() as running:
        token = running.token()
        paths = {"recipe": "/api/v1/recipes/1", "list": "/api/v1/recipes?limit=20", "user": "/api/v1/users/me"}
        for name, path in paths.items():
            (folder / f"{name}.json").write_bytes(running.call("GET", path, token=token))
    return [str(folder / f"{name}.json") for name in paths]


def grown(ours: Server, recipes: int) -> Server:
    """Our server with this many more recipes, imported on its command line."""
    home = ours.home.with_name(f"{ours.name}-{recipes}")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(ours.home, home)
    with open(home / "more.ndjson", "w") as file:
        for number in range(STORED + 1, STORED + 1 + recipes):
            file.write(json.dumps(recipe(number)) + "\n")
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "sqlite:recipes.db"}
    subprocess.run([*ours.command, "import", "more.ndjson"], cwd=home, env=environment, check=True, stdout=subprocess.DEVNULL)
    (home / "more.ndjson").unlink()
    return Server(home.name, ours.command, home, ours.core)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_it_answers(process: subprocess.Popen, port: int, log: Path):
    request = b"GET /api/v1/recipes/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(request)
                if connection.recv(12).startswith(b"HTTP/1.1 "):
                    return
        except OSError:
            time.sleep(0.000_5)
    raise SystemExit(f"{process.args} did not answer:\n{log.read_text(errors='replace')[-2000:]}")
