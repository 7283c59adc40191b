"""A PostgreSQL server for a benchmark, and our program on a database.

The server is on the disk to measure, with its default settings, so every commit is flushed. All programs use all cores.
"""

import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from servers import ROOT, SECRET, Running, free_port, wait_until_it_answers

SETTINGS = {"DATA_DIR": ".", "JWT_SECRET": SECRET, "LOG": "error", "RATE_LIMITS": "off", "QUOTA_RECIPES": "off", "QUOTA_BYTES": "off"}


class Postgres:
    """A running server. `folder` contains its data, its log and its socket."""

    def __init__(self, folder: Path, bin: Path, port: int, user: list[str]):
        self.folder, self.bin, self.port, self.user = folder, bin, port, user

    def url(self, database: str, host: str | None = None, port: int | None = None) -> str:
        """Over the socket, or over TCP without TLS if there is a host."""
        place = f"{host}:{port}" if host else f"{quote(str(self.folder), safe='')}:{self.port}"
        return f"postgres://recipes@{place}/{database}" + ("?sslmode=disable" if host else "")

    def sql(self, database: str, statement: str) -> str:
        command = [self.bin / "psql", "-h", self.folder, "-p", str(self.port), "-U", "recipes", "-d", database, "-qAtX", "-c"]
        return subprocess.check_output([*command, statement], text=True).strip()

    def create(self, database: str):
        self.sql("postgres", f"CREATE DATABASE {database}")

    def pgbench(self, database: str, script: str, clients: int, seconds: float, host: str | None = None, port: int = 0) -> float:
        """Transactions a second of this script, with prepared statements."""
        path = self.folder / "script.sql"
        path.write_text(script)
        place = ["-h", host or self.folder, "-p", str(port or self.port), "-U", "recipes"]
        command = [self.bin / "pgbench", *place, "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2))]
        output = subprocess.check_output([*command, "-T", str(max(1, round(seconds))), "-f", path, database], text=True, stderr=subprocess.STDOUT)
        line = next(line for line in output.splitlines() if line.startswith("tps = ") and "including" not in line)
        return float(line.split()[2])


@contextmanager
def postgres(folder: Path):
    """Starts a server in this folder, and stops it."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found = folders[-1] if folders else Path(shutil.which("initdb") or "/missing/initdb").parent
    if not (found / "pgbench").exists():
        raise SystemExit("PostgreSQL with pgbench is missing. On Debian: apt-get install postgresql")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    user = []
    if os.geteuid() == 0:  # initdb refuses to run as root
        user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")
        for parent in folder.parents:
            if not parent.stat().st_mode & 0o001:
                raise SystemExit(f"The user nobody cannot enter {parent}. Choose another --folder.")
    server = Postgres(folder, found, free_port(), user)
    quiet = {"cwd": "/", "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([*user, found / "initdb", "-D", folder / "data", "-U", "recipes", "--auth=trust", "-E", "UTF8", "--no-locale"], **quiet)
    settings = f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=300"
    control = [*user, found / "pg_ctl", "-D", folder / "data", "-w"]
    subprocess.run([*control, "-l", folder / "log", "-o", settings, "start"], **quiet)
    try:
        yield server
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(program: Path, folder: Path, url: str):
    """The program on this database, when its search index is complete.

    The index is in the folder. A folder that was used with another database costs a new index.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = folder / f"{port}.log"
    with open(log, "wb") as file:
        settings = SETTINGS | {"PORT": str(port), "DATABASE_URL": url}
        process = subprocess.Popen([program, "serve"], cwd=folder, env=settings, stderr=file)
        try:
            wait_until_it_answers(process, port, log)
            running = Running(None, port, process, folder, 0)
            while "search" in json.loads(running.call("GET", "/readyz")):
                time.sleep(0.1)
            yield running
        finally:
            process.terminate()
            process.wait(30)


def run(program: Path, folder: Path, url: str, *command: str):
    """Another command of the program on this database."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([program, *command], cwd=folder, env=SETTINGS | {"DATABASE_URL": url}, check=True, stdout=subprocess.DEVNULL)


def built() -> Path:
    """A release build of this folder."""
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "recipes-server", "--bin", "recipes"], cwd=ROOT, check=True)
    metadata = subprocess.check_output(["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"], cwd=ROOT)
    return Path(json.loads(metadata)["target_directory"]) / "release/recipes"
