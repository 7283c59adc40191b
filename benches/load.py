#!/usr/bin/env python3
"""Measures the server beside three others in the same run, and prints the table of the README.

The servers run on one core, the load on another (see cores.py). Every figure is the median of several short measurements
that alternate between the servers, because the speed of a shared machine changes from minute to minute. With --before, an
earlier build of the server is measured in the same run. See README.md in this folder.
"""

import argparse
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from clients import latencies_at_fixed_rate, load, seconds_of_a_refusal, storm
from cores import cores
from servers import ACCOUNT, ROOT, Server, build, grown, recipe

COLUMNS = {"express": "Express, JSON files", "fastify": "Fastify + better-sqlite3", "axum": "bare axum"}
COLUMNS |= {"before": "an earlier build", "ours": "**ours**"}
OURS = ("ours", "before")
MANY = 100_000


def main():
    options = arguments()
    require_tools()
    folder = options.folder.resolve()
    server_core, load_core = cores(folder)
    servers = build(folder, server_core, options.before)
    os.sched_setaffinity(0, {load_core})
    began = time.monotonic()
    rows = []
    for key in options.only or ROWS:
        print(f"measuring: {key}", file=sys.stderr, flush=True)
        rows += ROWS[key](servers, options)
    print_table(rows, folder, time.monotonic() - began, options)
    shutil.rmtree(folder)


def gets(label: str, path: str, signed_in=False):
    """Reads with 32 connections; in brackets the share of bare axum."""

    def measure(servers: dict[str, Server], options) -> list[tuple]:
        def once(server: Server) -> float:
            with server.running() as running:
                token = running.token() if signed_in and server.name != "axum" else "x" * 150 if signed_in else ""
                load(running, 1, 32, "GET", path, token)
                return without_refusals(load(running, options.seconds, 32, "GET", path, token)).rate

        compared = {name: server for name, server in servers.items() if name in COLUMNS}
        rates = alternate(compared, options.rounds, once)
        cells = {name: f"{rate:,.0f}" for name, rate in rates.items()}
        for name in builds(servers):
            cells[name] += f" ({rates[name] / rates['axum']:.0%})"
        return [(f"{label}, req/s", cells)]

    return measure


def session_check(servers: dict[str, Server], options) -> list[tuple]:
    """The signed-in user with and without looking up the session: what does the lookup cost?"""
    with servers["ours"].running() as running:
        token = running.token()

    def once(server: Server) -> float:
        with server.running() as running:
            load(running, 1, 32, "GET", "/api/v1/users/me", token)
            return without_refusals(load(running, options.seconds, 32, "GET", "/api/v1/users/me", token)).rate

    pair = {name: servers[name] for name in ("ours", "unchecked")}
    rates = alternate(pair, options.rounds + 2, once)
    cost = 1 - rates["ours"] / rates["unchecked"]
    cell = f"{rates['unchecked']:,.0f} → {rates['ours']:,.0f} ({cost:.0%} for the lookup)"
    return [("GET the signed-in user, signature only → signature and session lookup, req/s", {"ours": cell})]


def durable_posts(servers: dict[str, Server], options) -> list[tuple]:
    """Writes; afterwards the files are read from outside, and acknowledged writes that are missing are reported."""
    # In one alternation, because few and many stored recipes are compared.
    large = {f"{name} with many": grown(servers[name], MANY) for name in builds(servers)}
    few, many = [], []
    for connections in (1, 32, 128):
        cells = posts(stores(servers) | large, options, connections)
        with_many = {name.removesuffix(" with many"): cells.pop(name) for name in large}
        many.append((f"the same with {MANY:,} recipes stored, {connections} connections", with_many))
        few.append((f"POST, on disk when answered, {connections} connections, req/s", cells))
    return few + many


def posts(servers: dict[str, Server], options, connections: int) -> dict[str, str]:
    losses: dict[str, str] = {}

    def once(server: Server) -> float:
        before = server.stored(server.home)
        with server.running_on_a_copy() as running:
            done = load(running, options.seconds, connections, "POST", "/api/v1/recipes", running.token(), recipe(0))
            time.sleep(1)  # requests that were in flight when the load ended may finish
            running.process.kill()
            running.process.wait()
            after = server.stored(running.folder)
        if after is None:
            losses[server.name] = "; file corrupt"
        elif after - before < done.accepted:
            losses[server.name] = f"; {(done.accepted - after + before) / done.accepted:.0%} of acknowledged lost"
        if done.refused or done.broken:
            losses[server.name] = losses.get(server.name, "") + f"; {done.refused + done.broken:,} failed"
        return done.rate

    rates = alternate(servers, options.rounds, once)
    return {name: f"{rate:,.0f}{losses.get(servers[name].name, '')}" for name, rate in rates.items()}


def reads_in_a_storm(servers: dict[str, Server], options) -> list[tuple]:
    """One reader at 100 requests a second: alone, then while 16 clients log in without pause."""
    competitors = stores(servers)
    path, rate = "/api/v1/recipes/1", 100

    def p99(sorted_latencies: list[float]) -> float:
        return sorted_latencies[int(len(sorted_latencies) * 0.99)]

    def quiet(server: Server) -> float:
        with server.running() as running:
            load(running, 1, 1, "GET", path)
            return p99(latencies_at_fixed_rate(running, options.seconds, rate, path))

    def stormy(server: Server) -> float:
        with server.running() as running:
            load(running, 1, 1, "GET", path)
            with storm(running, options.seconds + 3, 16, "POST", "/api/v1/users/login", ACCOUNT):
                time.sleep(1)  # until all sixteen clients are waiting
                return p99(latencies_at_fixed_rate(running, options.seconds, rate, path))

    before, during = alternate(competitors, options.rounds, quiet), alternate(competitors, options.rounds, stormy)
    cells = {name: f"{before[name]:.1f} → {during[name]:.1f}" for name in competitors}
    return [("p99 of reads at 100 req/s, quiet → while 16 clients log in, ms", cells)]


FLOOD = 256


def reads_in_a_flood(servers: dict[str, Server], options) -> list[tuple]:
    """256 clients log in without pause, most are refused: what happens to the memory and to other readers?"""
    reads = {"one recipe": ("/api/v1/recipes/1", False), "a list of 20": ("/api/v1/recipes?limit=20", False)}
    reads["the signed-in user"] = ("/api/v1/users/me", True)
    quiet = {name: {read: [] for read in reads} for name in builds(servers)}
    flooded = {name: {read: [] for read in reads} for name in builds(servers)}
    idle, peak = ({name: [] for name in builds(servers)} for _ in range(2))

    def p99(running, token: str, path: str) -> float:
        latencies = latencies_at_fixed_rate(running, options.seconds, 100, path, token)
        return latencies[int(len(latencies) * 0.99)]

    def once(name: str):
        with servers[name].running() as running:
            # The reader is logged in before the flood begins.
            token = running.token()
            idle[name].append(running.memory_mib())
            for read, (path, signed_in) in reads.items():
                quiet[name][read].append(p99(running, token if signed_in else "", path))
            for read, (path, signed_in) in reads.items():
                with storm(running, options.seconds + 3, FLOOD, "POST", "/api/v1/users/login", ACCOUNT):
                    time.sleep(1)
                    flooded[name][read].append(p99(running, token if signed_in else "", path))
            peak[name].append(running.memory_mib("VmHWM"))

    for _ in range(options.rounds):
        for name in builds(servers):
            once(name)
    rows = [
        (
            f"p99 of {read} at 100 req/s, quiet → while {FLOOD} clients log in, ms",
            {name: f"{median(quiet[name][read]):.1f} → {median(flooded[name][read]):.1f}" for name in builds(servers)},
        )
        for read in reads
    ]
    memory = {name: f"{median(idle[name]):.0f} → {median(peak[name]):.0f}" for name in builds(servers)}
    return rows + [(f"memory, after one log-in → peak while {FLOOD} clients log in, MiB", memory)]


def reads_beside_large_pages(servers: dict[str, Server], options) -> list[tuple]:
    """One reader at 100 requests a second while 8 clients ask for pages of a thousand recipes without pause."""
    large = {name: grown(servers[name], 1_000) for name in builds(servers)}

    def p50(running, encoding: str | None) -> float:
        path, page = "/api/v1/recipes/1", "/api/v1/recipes?limit=1000"
        headers = [f"Accept-Encoding: {encoding}"] if encoding else []
        with storm(running, options.seconds + 3, 8, "GET", page, headers=headers):
            time.sleep(1)
            return median(latencies_at_fixed_rate(running, options.seconds, 100, path))

    figures = {name: {encoding: [] for encoding in (None, "gzip", "br")} for name in large}
    for _ in range(options.rounds):
        for name, server in large.items():
            with server.running() as running:
                for encoding, taken in figures[name].items():
                    taken.append(p50(running, encoding))
    cells = {name: ", ".join(f"{median(taken):.1f}" for taken in figures[name].values()) for name in large}
    return [("p50 of reads at 100 req/s while 8 clients ask for 1,000 recipes: plain, gzip, br, ms", cells)]


def failed_log_ins(servers: dict[str, Server], options) -> list[tuple]:
    """The time of a failed log-in must not tell whether an account exists."""
    rounds = 40 * options.rounds * options.seconds
    cells = {name: failed_log_in(servers[name], rounds) for name in builds(servers)}
    return [(f"a failed log-in, median of {rounds} each, ms", cells)]


def failed_log_in(server: Server, rounds: int) -> str:
    attempts = {
        "wrong": {"email": ACCOUNT["email"], "password": "not the right password"},
        "unknown": {"email": "unknown@example.com", "password": "not the right password"},
        "disabled": {"email": DISABLED["email"], "password": DISABLED["password"]},
    }
    seconds: dict[str, list[float]] = {name: [] for name in attempts}
    with server.running_on_a_copy() as running:
        running.call("POST", "/api/v1/users/signup", DISABLED)
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "sqlite:recipes.db"}
        command = [*server.command, "users", "disable", DISABLED["email"]]
        subprocess.run(command, cwd=running.folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        for _ in range(rounds):
            for name, attempt in random.sample(sorted(attempts.items()), len(attempts)):
                seconds[name].append(seconds_of_a_refusal(running, "/api/v1/users/login", attempt))
    medians = {name: median(times) * 1000 for name, times in seconds.items()}
    apart = max(medians.values()) / min(medians.values()) - 1
    return ", ".join(f"{name} {value:.2f}" for name, value in medians.items()) + f" ({apart:.1%} apart)"


DISABLED = {"name": "Bob", "email": "bob@example.com", "password": "a locked pantry has no soup"}


def log_ins(servers: dict[str, Server], options) -> list[tuple]:
    competitors = stores(servers)

    def once(server: Server) -> float:
        with server.running() as running:
            return load(running, options.seconds, 16, "POST", "/api/v1/users/login", body=ACCOUNT).rate

    rates = alternate(competitors, min(2, options.rounds), once)
    scheme = {name: "Argon2id" if name in OURS else "bcrypt 10" for name in rates}
    return [("log-ins/s", {name: f"{rate:.0f} ({scheme[name]})" for name, rate in rates.items()})]


def start(servers: dict[str, Server], options) -> list[tuple]:
    compared = {name: server for name, server in servers.items() if name in COLUMNS}
    memory: dict[str, list[float]] = {name: [] for name in compared}

    def once(server: Server) -> float:
        with server.running() as running:
            time.sleep(0.5)
            memory[server.name].append(running.memory_mib())
            return running.start_seconds * 1000

    times = alternate(compared, max(3, options.rounds), once)
    return [
        ("start to first answer, ms", {name: f"{taken:.0f}" for name, taken in times.items()}),
        ("memory when idle, MiB", {name: f"{median(memory[name]):.0f}" for name in compared}),
    ]


ROWS = {
    "get-one": gets("GET one recipe, 32 connections", "/api/v1/recipes/1"),
    "get-list": gets("GET a list of 20", "/api/v1/recipes?limit=20"),
    "get-me": gets("GET the signed-in user", "/api/v1/users/me", signed_in=True),
    "session-check": session_check,
    "post": durable_posts,
    "storm": reads_in_a_storm,
    "flood": reads_in_a_flood,
    "large-pages": reads_beside_large_pages,
    "log-in": log_ins,
    "failed-log-in": failed_log_ins,
    "start": start,
}


def stores(servers: dict[str, Server]) -> dict[str, Server]:
    """The servers with a database."""
    return {name: servers[name] for name in ("express", "fastify", *builds(servers))}


def builds(servers: dict[str, Server]) -> list[str]:
    """The builds of our server: this one, and the earlier one if there is one."""
    return [name for name in OURS if name in servers]


def alternate(servers: dict[str, Server], rounds: int, measure) -> dict[str, float]:
    """Medians by server; each round measures every server once, so that all see the same changes of the machine."""
    figures: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            figures[name].append(measure(server))
    return {name: median(values) for name, values in figures.items()}


def without_refusals(done):
    if done.refused or done.broken:
        raise SystemExit(f"a read was refused or its connection broke: {done}")
    return done


def print_table(rows: list[tuple], folder: Path, seconds: float, options):
    columns = [name for name in COLUMNS if name != "before" or options.before]
    print(f"| | {' | '.join(COLUMNS[name] for name in columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for label, cells in rows:
        print(f"| {label} | {' | '.join(cells.get(name, '') for name in columns)} |")
    print(f"\nMachine: {machine(folder)}.")
    print(f"Versions: {versions()}.")
    print(
        f"Medians of {options.rounds} alternating measurements of {options.seconds} s each, servers on the core "
        f"that the disk interrupts, load on another, {seconds / 60:.0f} minutes in all. In brackets: the share of bare axum, "
        "which answers the same bytes from memory and does nothing else."
    )


def machine(folder: Path) -> str:
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    file_system = subprocess.check_output(["stat", "-f", "-c", "%T", folder], text=True).strip()
    name = model[1] if model else platform.processor()
    return f"{name}, {os.cpu_count()} cores, Linux {platform.release()}, data on {file_system}"


def versions() -> str:
    lock = (ROOT / "Cargo.lock").read_text()
    axum = re.search(r'name = "axum"\nversion = "(.+)"', lock)[1]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    packages = {}
    for reference, package in (("express", "express"), ("fastify", "fastify"), ("fastify", "better-sqlite3")):
        pinned = (ROOT / f"benches/reference/{reference}/package.json").read_text()
        packages[package] = re.search(rf'"{package}": "(.+)"', pinned)[1]
    rustc = subprocess.check_output(["rustc", "--version"], text=True).split()[1]
    node = subprocess.check_output(["node", "--version"], text=True).strip()
    listed = ", ".join(f"{package} {version}" for package, version in packages.items())
    return f"ours at {commit or 'unknown'}, rustc {rustc}, axum {axum}, node {node}, {listed}"


def require_tools():
    packages = {"wrk": "wrk", "taskset": "util-linux", "node": "nodejs", "npm": "npm"}
    missing = [package for tool, package in packages.items() if not shutil.which(tool)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True)
    elif missing:
        print(f"Missing. On Debian, as root: apt-get install {' '.join(missing)}", file=sys.stderr)
        sys.exit(2)
    if len(os.sched_getaffinity(0)) < 2:
        print("Two cores are needed: one for the server, one for the load.", file=sys.stderr)
        sys.exit(2)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of 2 s: about two minutes, rough figures")
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of which the median counts (default: 3)")
    parser.add_argument("--only", action="append", choices=ROWS, metavar="ROW", help=f"one of {', '.join(ROWS)}; repeatable")
    parser.add_argument("--before", type=Path, metavar="PROGRAM", help="an earlier build of `recipes` to measure in the same run")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/load", help="for the databases, on the disk to measure")
    options = parser.parse_args()
    options.before = options.before and options.before.resolve(strict=True)
    if options.quick:
        options.seconds, options.rounds = 2, 1
    return options


if __name__ == "__main__":
    main()
