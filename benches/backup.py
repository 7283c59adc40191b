#!/usr/bin/env python3
"""Measures a backup of 100,000 recipes while 32 clients write, on SQLite and on PostgreSQL, and prints a table.

    benches/backup.py                                    # builds the program, about five minutes
    benches/backup.py --program target/release/recipes   # a program that is built already

Shown are the time of the backup and of a restore, and the latency of the writes before the backup and beside it. The archive must have
the state of one moment: all recipes that were stored before the backup began, no more than were stored when it ended, and on
SQLite, whose ids have no gaps, all ids up to the last one.
"""

import argparse
import gzip
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from clients import Load, result, wrk_command
from database import Postgres, built, postgres, run, serving
from load import machine, require_tools
from servers import ACCOUNT, recipe


class Writers:
    """A context: clients that create recipes, each one after another."""

    def __init__(self, running, token: str, clients: int):
        self.command = wrk_command(running, 3_600, clients, "POST", "/api/v1/recipes", token, recipe(0))

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)  # wrk ends with its figures
        output, _ = self.process.communicate(timeout=30)
        self.load: Load = result(output)
        line = next(line for line in output.splitlines() if line.startswith("LATENCY "))
        self.median, self.p99, self.maximum = (int(microseconds) / 1000 for microseconds in line.split()[1:])

    def __str__(self) -> str:
        return f"{self.load.rate:,.0f} writes/s, p50 {self.median:.1f} ms, p99 {self.p99:.1f} ms, max {self.maximum:.0f} ms"


def main():
    options = arguments()
    require_tools()
    program = (options.program or built()).resolve(strict=True)
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = (json.dumps(recipe(number) | {"name": f"Stew number {number}"}) for number in range(options.recipes))
    (folder / "recipes.ndjson").write_text("\n".join(lines))
    with postgres(folder / "postgres") as database:
        database.create("recipes")
        database.create("restored")
        files = folder / "recipes.db", folder / "restored.db"
        columns = {
            "SQLite": measure(program, folder, options, [f"sqlite:{file}" for file in files], lambda: stored_in(files[0])),
            "PostgreSQL": measure(program, folder, options, [database.url(name) for name in ("recipes", "restored")], lambda: stored_at(database)),
        }
    print(f"| | {' | '.join(columns)} |\n|---|---|---|")
    for label in columns["SQLite"]:
        print(f"| {label} | {' | '.join(column[label] for column in columns.values())} |")
    print(f"\nMachine: {machine(folder)}. {options.recipes:,} recipes, {options.clients} clients; all programs on the same cores.")
    shutil.rmtree(folder, ignore_errors=True)


def measure(program: Path, folder: Path, options, urls: list[str], stored) -> dict[str, str]:
    source, target = urls
    print(f"measuring: {source.split(':')[0]}", file=sys.stderr, flush=True)
    run(program, folder, source, "import", "recipes.ndjson")
    archive = folder / "saved.backup"
    with serving(program, folder / "server", source) as running:
        token = json.loads(running.call("POST", "/api/v1/users/signup", ACCOUNT))["token"]
        with Writers(running, token, options.clients) as before:
            time.sleep(options.seconds)
        with Writers(running, token, options.clients) as beside:
            at_least, began = stored(), time.perf_counter()
            run(program, folder, source, "backup", str(archive))
            backup, at_most = time.perf_counter() - began, stored()
        failed = before.load.refused + before.load.broken + beside.load.refused + beside.load.broken
        if failed:
            raise SystemExit(f"{failed} writes failed.")
        if stored() < options.recipes + before.load.accepted + beside.load.accepted:
            raise SystemExit("Acknowledged writes are not stored.")
    with gzip.open(archive, "rt") as file:
        ids = [json.loads(line)["recipes"]["id"] for line in file if line.startswith('{"recipes":')]
    if not at_least <= len(ids) <= at_most or len(set(ids)) < len(ids):
        raise SystemExit(f"The archive has {len(ids)} recipes: not the state of a moment with {at_least} to {at_most}.")
    if source.startswith("sqlite:") and sorted(ids) != list(range(1, len(ids) + 1)):
        raise SystemExit("The archive lacks recipes that were stored before others that it has.")
    began = time.perf_counter()
    run(program, folder, target, "restore", str(archive))
    restore = time.perf_counter() - began
    size = archive.stat().st_size / 2**20
    return {
        "writes before the backup": str(before),
        "writes beside the backup": str(beside),
        "backup, written and verified": f"{backup:.1f} s, {len(ids):,} recipes, {size:.1f} MiB",
        "consistent": f"yes: {at_least:,} were stored when it began, {at_most:,} when it ended",
        "restore into an empty database": f"{restore:.1f} s",
    }


def stored_in(file: Path) -> int:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM recipes").fetchone()[0]


def stored_at(database: Postgres) -> int:
    return int(database.sql("recipes", "SELECT count(*) FROM recipes"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10, help="of writes before the backup")
    parser.add_argument("--program", type=Path, help="a build of `recipes` (default: a release build of this folder)")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/recipes-backup"), help="for the databases, on the disk to measure")
    return parser.parse_args()


if __name__ == "__main__":
    main()
