#!/usr/bin/env python3
"""Measures the server on PostgreSQL beside pgbench and beside SQLite in the same run, and prints a table.

    benches/postgres.py                                    # builds the program, about fifteen minutes
    benches/postgres.py --program target/release/recipes   # a program that is built already
    benches/postgres.py --quick --recipes 1000             # rough figures in a minute

All requests are signed in: the server looks up the session of each. PostgreSQL, the server and the load share all cores, so a
request over HTTP pays for parsing and for the session, which a transaction of pgbench does not. Every figure is the median of
several short measurements that alternate, because the speed of a shared machine changes from minute to minute.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from clients import SCRIPT, Load, result
from database import Postgres, built, postgres, run, serving
from load import machine, require_tools
from servers import ACCOUNT, Running, free_port, recipe

ROUND_TRIP = 1.0  # milliseconds
REPLICAS = 3
# As the server stores a recipe: its document, about as long.
INSERT = "INSERT INTO inserted (created_at, document) VALUES (now(), repeat('a finely chopped onion, ', 34)) RETURNING id"


@dataclass
class Setup:
    """What the measurements share."""

    program: Path
    folder: Path
    database: Postgres
    options: argparse.Namespace

    @contextmanager
    def serving(self, url: str, number: int = 0):
        """The program on this database, and a token of a user. Servers that run at once have different numbers."""
        with serving(self.program, self.folder / f"{url.split(':')[0]}-{number}", url) as running:
            yield running, running.token()

    def sqlite(self) -> str:
        return f"sqlite:{self.folder / 'recipes.db'}"

    def postgres(self) -> str:
        return self.database.url("recipes")

    def stored(self) -> int:
        return int(self.database.sql("recipes", "SELECT count(*) FROM recipes"))


@dataclass
class Row:
    label: str
    reference: str
    reference_rate: float | None
    rate: float
    at_least: str
    holds: bool | None

    def __str__(self) -> str:
        reference = f"{self.reference} {self.reference_rate:,.0f}" if self.reference_rate else self.reference
        share = f"{self.rate / self.reference_rate:.0%}" if self.reference_rate else ""
        holds = {True: "yes", False: "**no**", None: ""}[self.holds]
        return f"| {self.label} | {reference} | {self.rate:,.0f} | {share} | {self.at_least} | {holds} |"


def main():
    options = arguments()
    require_tools()
    program = (options.program or built()).resolve(strict=True)
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with postgres(folder / "postgres") as database:
        setup = Setup(program, folder, database, options)
        fill(setup)
        print("| requests a second | beside | ours | share | at least | holds |\n|---|---|---|---|---|---|")
        for name in options.only or ROWS:
            # What the rows before wrote must not be on its way to the disk: reads would wait for seconds.
            database.sql("postgres", "CHECKPOINT")
            note(f"measuring: {name}")
            for row in ROWS[name](setup):
                print(row, flush=True)
        version = database.sql("postgres", "SHOW server_version")
    print(f"\nMachine: {machine(folder)}. PostgreSQL {version}, {options.recipes:,} recipes.")
    seconds = time.monotonic() - began
    print(
        f"Medians of {options.rounds} alternating measurements of {options.seconds} s each, all programs on the same cores, "
        f"{seconds / 60:.0f} minutes in all. pgbench: one prepared statement a transaction, over a socket."
    )


def fill(setup: Setup):
    """The same recipes and the same account in both databases."""
    options, folder = setup.options, setup.folder
    note(f"storing {options.recipes:,} recipes")
    lines = (json.dumps(recipe(number) | {"name": f"Stew number {number}"}) for number in range(options.recipes))
    (folder / "recipes.ndjson").write_text("\n".join(lines))
    for old in folder.glob("recipes.db*"):
        old.unlink()
    setup.database.create("recipes")
    setup.database.create("pgbench")

    run(setup.program, folder, setup.sqlite(), "import", "recipes.ndjson")
    for old in [*folder.glob("sqlite-*"), *folder.glob("postgres-*")]:
        shutil.rmtree(old)
    with serving(setup.program, folder / "sqlite-0", setup.sqlite()) as running:
        running.call("POST", "/api/v1/users/signup", ACCOUNT)
    run(setup.program, folder, setup.sqlite(), "backup", "all.backup")
    run(setup.program, folder, setup.postgres(), "restore", "all.backup")
    setup.database.sql("recipes", "VACUUM ANALYZE")
    columns = "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at timestamptz NOT NULL, document text NOT NULL"
    setup.database.sql("pgbench", f"CREATE TABLE inserted ({columns})")


def reads(label: str, path: str, beside: str, at_least: float):
    """A row of reads with 32 connections, beside pgbench or beside the same program on SQLite."""

    def measure(setup: Setup) -> list[Row]:
        seconds, count = setup.options.seconds, setup.options.recipes if path.endswith("/") else None

        def ours(url: str) -> float:
            with setup.serving(url) as (running, token):
                load(running, 1, 32, "GET", path, token, count=count)
                return without_failures(load(running, seconds, 32, "GET", path, token, count=count)).rate

        if beside == "pgbench":
            script = f"\\set id random(1, {setup.options.recipes})\nSELECT document FROM recipes WHERE id = :id;"
            reference = lambda: setup.database.pgbench("recipes", script, 32, seconds)
        else:
            reference = lambda: ours(setup.sqlite())
        rates = alternate(setup, reference, lambda: ours(setup.postgres()))
        return [ratio(f"{label}, 32 connections", beside, rates, at_least)]

    return measure


def posts(setup: Setup) -> list[Row]:
    """Durable writes, beside pgbench's inserts of one row. Afterwards what was acknowledged is counted."""
    rows = []
    for connections, at_least in ((1, 0.4), (32, 2.0), (128, 3.0)):
        reference = lambda: setup.database.pgbench("pgbench", INSERT, connections, setup.options.seconds)
        rates = alternate(setup, reference, lambda: posted(setup, setup.postgres(), connections))
        rows.append(ratio(f"POST, on disk when answered, {connections} connections", "pgbench INSERT", rates, at_least))
    return rows


def posts_over_a_network(setup: Setup) -> list[Row]:
    """The same with a round trip of a millisecond more between server and database."""
    seconds, port = setup.options.seconds, free_port()
    command = [sys.executable, str(Path(__file__).with_name("delay.py")), str(port), str(setup.database.port), str(ROUND_TRIP)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as proxy:
        try:
            proxy.stdout.readline()
            far = setup.database.url("recipes", "127.0.0.1", port)
            trip = 1000 / setup.database.pgbench("pgbench", "SELECT 1", 1, 2, "127.0.0.1", port)
            reference = lambda: setup.database.pgbench("pgbench", INSERT, 32, seconds, "127.0.0.1", port)
            rates = alternate(setup, reference, lambda: posted(setup, far, 32))
        finally:
            proxy.terminate()
    label = f"the same with a round trip of {trip:.1f} ms, 32 connections"
    return [Row(label, "pgbench INSERT", *rates, "8,000", rates[1] >= 8_000)]


def replicas(setup: Setup) -> list[Row]:
    """Reads of random recipes from several servers on one database, with as many connections in all."""

    def ours(count: int) -> float:
        with ExitStack() as stack:
            servers = [stack.enter_context(setup.serving(setup.postgres(), number)) for number in range(count)]
            commands = [
                wrk(running, setup.options.seconds, 33 // count, "GET", "/api/v1/recipes/", token, "", setup.options.recipes)
                for running, token in servers
            ]
            loads = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
            return sum(without_failures(result(load.communicate()[0])).rate for load in loads)

    one, several = alternate(setup, lambda: ours(1), lambda: ours(REPLICAS))
    label = f"GET one, random, 33 connections to {REPLICAS} servers, beside 1 server"
    return [Row(label, "1 server", one, several, "", None)]


ROWS = {
    "get-random": reads("GET one, random", "/api/v1/recipes/", "pgbench", 0.6),
    "get-one": reads("GET one popular recipe", "/api/v1/recipes/1", "SQLite", 0.8),
    "get-me": reads("GET the signed-in user", "/api/v1/users/me", "SQLite", 0.8),
    "post": posts,
    "post-far": posts_over_a_network,
    "replicas": replicas,
}


def wrk(running: Running, seconds: int, connections: int, method: str, path: str, token: str, body: str, count: int | None):
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "20s"]
    command += ["--script", str(SCRIPT), running.url(path), "--", method, token, body]
    return command + ([str(count)] if count else [])


def load(running: Running, seconds: int, connections: int, method: str, path: str, token: str, body="", count=None) -> Load:
    return result(subprocess.check_output(wrk(running, seconds, connections, method, path, token, body, count), text=True))


def posted(setup: Setup, url: str, connections: int) -> float:
    before = setup.stored()
    with setup.serving(url) as (running, token):
        load(running, 1, connections, "POST", "/api/v1/recipes", token, json.dumps(recipe(0)))
        warm = setup.stored()
        done = without_failures(load(running, setup.options.seconds, connections, "POST", "/api/v1/recipes", token, json.dumps(recipe(0))))
    if setup.stored() - max(before, warm) < done.accepted:
        raise SystemExit(f"{done.accepted} writes were acknowledged, {setup.stored() - warm} are stored.")
    return done.rate


def without_failures(done: Load) -> Load:
    if done.refused or done.broken:
        raise SystemExit(f"A request was refused or its connection broke: {done}")
    return done


def alternate(setup: Setup, reference, ours) -> tuple[float, float]:
    figures = [(reference(), ours()) for _ in range(setup.options.rounds)]
    return median(one for one, _ in figures), median(other for _, other in figures)


def ratio(label: str, beside: str, rates: tuple[float, float], at_least: float) -> Row:
    return Row(label, beside, *rates, f"{at_least:.0%}", rates[1] / rates[0] >= at_least)


def note(text: str):
    print(text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of 2 s: rough figures")
    parser.add_argument("--recipes", type=int, default=100_000, help="how many are stored (default: 100,000)")
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of which the median counts (default: 3)")
    parser.add_argument("--only", action="append", choices=ROWS, metavar="ROW", help=f"one of {', '.join(ROWS)}; repeatable")
    parser.add_argument("--program", type=Path, help="a build of `recipes` (default: a release build of this folder)")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/recipes-bench"), help="for the databases, on the disk to measure")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 2, 1
    return options


if __name__ == "__main__":
    main()
