#!/usr/bin/env python3
"""Measures the server beside three others in the same run, and prints the table of the README.

The server has one core, the load another (see cores.py); every figure is the median of several short measurements that
alternate between the servers, because the machine of a minute ago was another machine. See README.md in this folder.
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

COLUMNS = {"express": "Express, JSON files", "fastify": "Fastify + better-sqlite3", "axum": "bare axum", "ours": "**ours**"}
MANY = 100_000


def main():
    options = arguments()
    require_tools()
    folder = options.folder.resolve()
    server_core, load_core = cores(folder)
    servers = build(folder, server_core)
    os.sched_setaffinity(0, {load_core})
    began = time.monotonic()
    rows = []
    for key in options.only or ROWS:
        print(f"measuring: {key}", file=sys.stderr, flush=True)
        rows += ROWS[key](servers, options)
    print_table(rows, folder, time.monotonic() - began, options)
    shutil.rmtree(folder)


def gets(label: str, path: str, signed_in=False):
    """Reads with 32 connections; the share of bare axum behind our figure."""

    def measure(servers: dict[str, Server], options) -> list[tuple]:
        def once(server: Server) -> float:
            with server.running() as running:
                token = running.token() if signed_in and server.name != "axum" else "x" * 150 if signed_in else ""
                load(running, 1, 32, "GET", path, token)
                return without_refusals(load(running, options.seconds, 32, "GET", path, token)).rate

        compared = {name: server for name, server in servers.items() if name in COLUMNS}
        rates = alternate(compared, options.rounds, once)
        cells = {name: f"{rate:,.0f}" for name, rate in rates.items()}
        cells["ours"] = f"{cells['ours']} ({rates['ours'] / rates['axum']:.0%})"
        return [(f"{label}, req/s", cells)]

    return measure


def session_check(servers: dict[str, Server], options) -> list[tuple]:
    """The signed-in user, and the same by a server that believes the signature alone: the question is what the rest costs."""
    with servers["ours"].running() as running:
        token = running.token()

    def once(server: Server) -> float:
        with server.running() as running:
            load(running, 1, 32, "GET", "/api/v1/users/me", token)
            return without_refusals(load(running, options.seconds, 32, "GET", "/api/v1/users/me", token)).rate

    pair = {name: servers[name] for name in ("ours", "unchecked")}
    rates = alternate(pair, options.rounds + 2, once)
    cost = 1 - rates["ours"] / rates["unchecked"]
    cell = f"{rates['unchecked']:,.0f} → {rates['ours']:,.0f} ({cost:.0%} for asking)"
    return [("the signed-in user, by signature alone → session asked as well, req/s", {"ours": cell})]


def durable_posts(servers: dict[str, Server], options) -> list[tuple]:
    """Writes; then the files are read from outside, and what was acknowledged but is not there is told."""
    # In one alternation, as the two are compared.
    competitors = stores(servers) | {"many": grown(servers["ours"], MANY)}
    few, many = [], []
    for connections in (1, 32, 128):
        cells = posts(competitors, options, connections)
        many.append((f"the same with {MANY:,} recipes stored, {connections} connections", {"ours": cells.pop("many")}))
        few.append((f"POST, on disk when answered, {connections} connections, req/s", cells))
    return few + many


def posts(servers: dict[str, Server], options, connections: int) -> dict[str, str]:
    losses: dict[str, str] = {}

    def once(server: Server) -> float:
        before = server.stored(server.home)
        with server.running_on_a_copy() as running:
            done = load(running, options.seconds, connections, "POST", "/api/v1/recipes", running.token(), recipe(0))
            time.sleep(1)  # what was under way when the load ended may finish
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
                time.sleep(1)  # until all sixteen are waiting
                return p99(latencies_at_fixed_rate(running, options.seconds, rate, path))

    before, during = alternate(competitors, options.rounds, quiet), alternate(competitors, options.rounds, stormy)
    cells = {name: f"{before[name]:.1f} → {during[name]:.1f}" for name in competitors}
    return [("p99 of reads at 100 req/s, quiet → while 16 clients log in, ms", cells)]


FLOOD = 256


def reads_in_a_flood(servers: dict[str, Server], options) -> list[tuple]:
    """256 clients log in without pause, most of them refused: what becomes of the memory, and of those who read."""
    reads = {"one recipe": ("/api/v1/recipes/1", False), "a list of 20": ("/api/v1/recipes?limit=20", False)}
    reads["the signed-in user"] = ("/api/v1/users/me", True)
    ours, rate = servers["ours"], 100
    quiet: dict[str, list[float]] = {name: [] for name in reads}
    flooded: dict[str, list[float]] = {name: [] for name in reads}
    idle, most = [], []

    def p99(running, token: str, path: str) -> float:
        taken = latencies_at_fixed_rate(running, options.seconds, rate, path, token)
        return taken[int(len(taken) * 0.99)]

    for _ in range(options.rounds):
        with ours.running() as running:
            # Whoever reads is logged in already.
            token = running.token()
            idle.append(running.memory_mib())
            for name, (path, signed_in) in reads.items():
                quiet[name].append(p99(running, token if signed_in else "", path))
            for name, (path, signed_in) in reads.items():
                with storm(running, options.seconds + 3, FLOOD, "POST", "/api/v1/users/login", ACCOUNT):
                    time.sleep(1)
                    flooded[name].append(p99(running, token if signed_in else "", path))
            most.append(running.memory_mib("VmHWM"))
    rows = [
        (
            f"p99 of {name} at 100 req/s, quiet → while {FLOOD} clients log in, ms",
            {"ours": f"{median(quiet[name]):.1f} → {median(flooded[name]):.1f}"},
        )
        for name in reads
    ]
    memory = {"ours": f"{median(idle):.0f} → {median(most):.0f}"}
    return rows + [(f"memory, one log-in → most while {FLOOD} clients log in, MiB", memory)]


def who_is_there(servers: dict[str, Server], options) -> list[tuple]:
    """How long a log-in takes that fails: nobody may learn from it whether there is such an account."""
    ours = servers["ours"]
    attempts = {
        "wrong": {"email": ACCOUNT["email"], "password": "not the password of anybody"},
        "unknown": {"email": "nobody@example.com", "password": "not the password of anybody"},
        "disabled": {"email": DISABLED["email"], "password": DISABLED["password"]},
    }
    taken: dict[str, list[float]] = {name: [] for name in attempts}
    with ours.running_on_a_copy() as running:
        running.call("POST", "/api/v1/users/signup", DISABLED)
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "sqlite:recipes.db"}
        command = [*ours.command, "users", "disable", DISABLED["email"]]
        subprocess.run(command, cwd=running.folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        rounds = 40 * options.rounds * options.seconds
        for _ in range(rounds):
            for name, attempt in random.sample(sorted(attempts.items()), len(attempts)):
                taken[name].append(seconds_of_a_refusal(running, "/api/v1/users/login", attempt))
    medians = {name: median(times) * 1000 for name, times in taken.items()}
    apart = max(medians.values()) / min(medians.values()) - 1
    cell = ", ".join(f"{name} {value:.2f}" for name, value in medians.items()) + f" ({apart:.1%} apart)"
    return [(f"a log-in that fails, median of {rounds} each, ms", {"ours": cell})]


DISABLED = {"name": "Bob", "email": "bob@example.com", "password": "a locked pantry has no soup"}


def log_ins(servers: dict[str, Server], options) -> list[tuple]:
    competitors = stores(servers)

    def once(server: Server) -> float:
        with server.running() as running:
            return load(running, options.seconds, 16, "POST", "/api/v1/users/login", body=ACCOUNT).rate

    rates = alternate(competitors, min(2, options.rounds), once)
    cells = {"express": "{:.0f} (bcrypt 10)", "fastify": "{:.0f} (bcrypt 10)", "ours": "{:.0f} (Argon2id)"}
    return [("log-ins/s", {name: cells[name].format(rate) for name, rate in rates.items()})]


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
    "log-in": log_ins,
    "who-is-there": who_is_there,
    "start": start,
}


def stores(servers: dict[str, Server]) -> dict[str, Server]:
    """Those that keep recipes and know people."""
    return {name: servers[name] for name in ("express", "fastify", "ours")}


def alternate(servers: dict[str, Server], rounds: int, measure) -> dict[str, float]:
    """Medians by server; each round measures every server once, so that all share the machine's moods."""
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
    print(f"| | {' | '.join(COLUMNS.values())} |")
    print(f"|---|{'---|' * len(COLUMNS)}")
    for label, cells in rows:
        print(f"| {label} | {' | '.join(cells.get(name, '') for name in COLUMNS)} |")
    print(f"\nMachine: {machine(folder)}.")
    print(f"Versions: {versions()}.")
    print(
        f"Medians of {options.rounds} alternating measurements of {options.seconds} s each, server on the core "
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
    parser.add_argument("--folder", type=Path, default=ROOT / "target/load", help="for the databases, on the disk to measure")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 2, 1
    return options


if __name__ == "__main__":
    main()
