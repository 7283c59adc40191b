#!/usr/bin/env python3
"""Cuts the power of a writing server at 200 points in time: RECIPES=path/to/recipes e2e/power-cut.py

Clients write recipes while strace records every file call of the server, with its data, and every answer. strace needs no
code of ours inside the program and sees every system call; a preloaded library sees only those that go through libc.
For each point, recorded_disk.py builds two disks: one lost everything unsynced, one kept random pages or sectors of it.
`recipes export` opens each: every recipe must be there as acknowledged before, and SQLite must find no damage.
To show that this check can fail, it also runs on disks that ignored every second sync, and must find problems there: losses, or
a database that is refused because it is not in the state that was noted.
"""

import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

sys.dont_write_bytecode = True
from recorded_disk import TRACED, Disk, calls  # noqa: E402

BINARY = Path(os.environ["RECIPES"]).resolve()
CLIENTS, ROUNDS = 8, 30  # Each round of a client is three new recipes and one change.
POINTS = 200
DATABASE = "data/kitchen.db"  # Not the default name: that one gets sample recipes.
SECRET = "data/jwt-secret"
PATIENCE = 60


def environment(**more):
    return {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:{DATABASE}"} | more


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.headers = {"content-type": "application/json"}

    def send(self, method, path, body):
        self.connection.request(method, f"/api/v1{path}", json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise AssertionError(f"{method} {path}: {answer.status} {text}")
        return text

    def write_recipes(self, seed):
        rng, answers = random.Random(seed), []
        for _ in range(ROUNDS):
            for _ in range(3):
                answers.append(self.send("POST", "/recipes", recipe(rng)))
            changed = json.loads(rng.choice(answers))["data"]["id"]
            answers.append(self.send("PUT", f"/recipes/{changed}", recipe(rng)))
        return answers


def recipe(rng):
    # Most fit into a page of the database, some need several.
    steps = [rng.randbytes(rng.choice((50, 200, 1_500))).hex() for _ in range(rng.randint(1, 3))]
    times = {"cookTimeMinutes": rng.randint(1, 90), "prepTimeMinutes": None}
    return {"name": rng.randbytes(8).hex(), "healthLabels": [], "ingredients": ["salt"], "instructions": steps} | times


class Recording:
    """A server that clients write to, with the trace of its calls and the answers that the clients have received."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.root, self.trace, self.log = Path(scratch, "server"), Path(scratch, "trace"), Path(scratch, "log")
        self.root.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        strace = ["strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", str(1 << 24), "-e", "signal=none", "-o", self.trace]
        server = subprocess.Popen(
            [*strace, "-e", f"trace={TRACED}", BINARY],
            cwd=self.root,
            env=environment(HOST="127.0.0.1", PORT=str(port), RATE_LIMITS="off"),
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        try:
            while "Listening on" not in self.log.read_text():
                if server.poll() is not None:
                    why = "The server does not run under strace. If this container denies ptrace, allow it."
                    sys.exit(f"{self.log.read_text()}{why}")
                time.sleep(0.05)
            self.answers = answers_of_clients(port)
            os.kill(self.pid(), signal.SIGTERM)
            ended = server.wait(PATIENCE)
        finally:
            if server.poll() is None:
                os.kill(self.pid(), signal.SIGKILL)
        if ended != 0:
            sys.exit(f"{self.log.read_text()}The server ended with {ended}.")
        self.secret = Path(self.root, SECRET).read_bytes()

    def pid(self):
        """The server: the first process in the trace."""
        with self.trace.open(encoding="ascii") as trace:
            return int(trace.read(20).split()[0])

    def points(self):
        """Replays the trace once, checks that it is complete, and chooses the points at which to cut the power."""
        disk, acknowledged, bodies, acknowledgements, writes = Disk(self.root), Acknowledged(self.answers), [], [], []
        for point, call in enumerate(calls(self.trace)):
            if disk.take(call) == str(Path(disk.root, DATABASE)):
                writes.append(point)
            if body := acknowledged.note(call):
                bodies.append(body)
                acknowledgements.append(point)
        if sorted(bodies) != sorted(self.answers):
            sys.exit(f"{len(bodies)} answers are in the trace, the clients have received {len(self.answers)}")
        if differences := disk.differences():
            sys.exit(f"The trace is not complete. These files differ from it: {differences}")
        # Checkpoints write the database file, commits write the log beside it.
        checkpoints = [write for write in writes if acknowledgements[0] < write < acknowledgements[-1]]
        if len(checkpoints) < POINTS:
            sys.exit(f"Only {len(checkpoints)} calls of checkpoints: more recipes are needed.")
        print(f"{len(self.answers)} answers, {disk.syncs} syncs, {len(checkpoints)} calls of checkpoints")
        rng = random.Random(1)
        points = {*rng.sample(acknowledgements, POINTS // 2), *rng.sample(checkpoints, POINTS // 4)}
        others = [other for other in range(point + 1) if other not in points]
        return points.union(rng.sample(others, POINTS - len(points))), set(rng.sample(acknowledgements, 20))

    def cut(self, points, disks, ignores=lambda sync: False):
        """Yields the problems of each of the disks that a power cut leaves at `points`."""
        disk, acknowledged, waiting = Disk(self.root, ignores), Acknowledged(self.answers), []

        def check(folder, revisions, what):
            try:
                return [f"{what}: {problem}" for problem in problems_of(folder, acknowledged, revisions, self.secret)]
            finally:
                shutil.rmtree(folder)

        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for point, call in enumerate(calls(self.trace)):
                disk.take(call)
                acknowledged.note(call)
                if point not in points:
                    continue
                for name, arguments in disks(point).items():
                    folder = tempfile.mkdtemp(dir=self.scratch)
                    disk.write_to(folder, *arguments)
                    what = f"point {point}, {call.name}, {name}"
                    waiting.append(threads.submit(check, folder, dict(acknowledged.revisions), what))
                while len(waiting) > 2 * os.cpu_count():
                    yield waiting.pop(0).result()
            for done in waiting:
                yield done.result()


def answers_of_clients(port):
    first = Client(port)
    account = {"name": "Ada", "email": "ada@example.org", "password": "a stitch in thyme"}
    token = json.loads(first.send("POST", "/users/signup", account))["token"]
    clients = [Client(port) for _ in range(CLIENTS)]
    for client in clients:
        client.headers["authorization"] = f"Bearer {token}"
    with ThreadPoolExecutor(CLIENTS) as threads:
        return [answer for answers in threads.map(Client.write_recipes, clients, range(CLIENTS)) for answer in answers]


class Acknowledged:
    """The latest revision of each recipe that a client has been told of, and the text of every revision."""

    def __init__(self, answers):
        self.revision_of, self.revisions = {}, {}
        for answer in answers:
            stored = json.loads(answer)["data"]
            # An export is the stored text, but without the owner.
            text = re.sub(rb'"ownerId":\d+,', b"", answer.removeprefix(b'{"data":').removesuffix(b"}"))
            self.revision_of[text] = stored["id"], stored["revision"]

    def note(self, call):
        """Reads an answer that the server begins to send; returns its body."""
        if not call.began or call.name not in ("write", "writev", "sendto", "sendmsg"):
            return None
        head, _, body = b"".join(call.texts()).partition(b"\r\n\r\n")
        if not (head.startswith(b"HTTP/1.1 20") and body.startswith(b'{"data":{"id":')):
            return None
        stored = json.loads(body)["data"]
        self.revisions[stored["id"]] = max(stored["revision"], self.revisions.get(stored["id"], 0))
        return body


def problems_of(folder, acknowledged, revisions, secret):
    """Opens the store that a power cut has left in `folder`; lists lost recipes and damage."""
    database = Path(folder, DATABASE)
    if not database.exists():
        return ["there is no database"] if revisions else []
    export = [BINARY, "export"]
    ran = subprocess.run(export, cwd=folder, env=environment(), capture_output=True, timeout=PATIENCE, check=False)
    if ran.returncode != 0:
        return [f"it does not open: {ran.stderr.decode()}"]
    texts = ran.stdout.splitlines()
    found = dict(acknowledged.revision_of.get(text, (text, 0)) for text in texts)
    problems = [f"this recipe was never acknowledged: {text}" for text in texts if text not in acknowledged.revision_of]
    lost = [id for id, revision in revisions.items() if found.get(id, 0) < revision]
    if lost:
        problems.append(f"{len(lost)} of {len(revisions)} acknowledged recipes are lost or outdated: {lost[:5]}")
    kept = Path(folder, SECRET)
    if revisions and not (kept.exists() and kept.read_bytes() == secret):
        problems.append("the secret of the tokens is lost")
    with closing(sqlite3.connect(database)) as db:
        damage = [row for check in ("integrity_check", "foreign_key_check") for row in db.execute(f"PRAGMA {check}")]
    if damage != [("ok",)]:
        problems.append(f"SQLite finds damage: {damage[:5]}")
    return problems


def two_disks(point):
    rng = random.Random(point)
    sector = rng.choice((512, 4_096))
    return {"everything unsynced is lost": (), f"random units of {sector} bytes are lost": (rng, sector)}


def main():
    with tempfile.TemporaryDirectory() as scratch:
        started = time.monotonic()
        recording = Recording(scratch)
        print(f"Recorded in {time.monotonic() - started:.1f} s, {recording.trace.stat().st_size >> 20} MiB")
        points, some = recording.points()
        results = list(recording.cut(points, two_disks))
        print(f"{len(points)} points, {len(results)} disks, {len([*filter(None, results)])} with problems")
        for problem in [problem for problems in results for problem in problems][:20]:
            print(problem)

        ignoring = recording.cut(some, lambda point: {"everything unsynced is lost": ()}, ignores=lambda sync: sync % 2 == 0)
        found = [*filter(None, ignoring)]
        print(f"With every second sync ignored: problems at {len(found)} of {len(some)} points, at least one is required")
    return 1 if any(results) or not found else 0


if __name__ == "__main__":
    sys.exit(main())
