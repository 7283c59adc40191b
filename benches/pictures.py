#!/usr/bin/env python3
"""Uploads pictures of twelve megapixels and prints a table: how long one takes, the memory of 64 at once, and what readers notice.

    benches/pictures.py                                    # builds the program, about three minutes
    benches/pictures.py --program target/release/recipes   # a program that is built already
    benches/pictures.py --postgres                         # on PostgreSQL

The pictures are made here (jpeg.py), each another one, so that each is decoded and stored. A refused upload (503) counts as refused
only if it says when to try again. Reads are sent at a fixed rate, so a server that stalls is not asked less often.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import shutil
import threading
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median

from clients import latencies_at_fixed_rate
from database import built, postgres, serving
from jpeg import Rows
from load import machine
from servers import ACCOUNT, Running, recipe

WIDTH, HEIGHT = 4_000, 3_000
RATE = 100
UPLOADERS = 8


def main():
    options = arguments()
    program = (options.program or built()).resolve(strict=True)
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pictures = Pictures()
    with postgres(folder / "postgres") if options.postgres else nullcontext() as database:
        if database:
            database.create("bench")
        url = database.url("bench") if database else f"sqlite:{folder}/bench.db"
        with serving(program, folder / "server", url) as running:
            client = Client(running, pictures, options.crowd)
            rows = [*one_at_a_time(client, options), *beside_reads(client, options)]
        # A new process: the memory of the one before has been at its peak already.
        with serving(program, folder / "server", url) as running:
            rows += all_at_once(Client(running, pictures, options.crowd), options)
    print("| | measured | target |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    size = len(pictures.next()) / 1e6
    print(f"\nMachine: {machine(folder)}, {'PostgreSQL' if options.postgres else 'SQLite'}. JPEG, {WIDTH} × {HEIGHT}, about {size:.1f} MB.")
    shutil.rmtree(folder, ignore_errors=True)


def one_at_a_time(client: "Client", options) -> list[tuple]:
    client.upload(0)
    times = []
    for _ in range(options.uploads):
        picture = client.pictures.next()
        began = time.perf_counter()
        answer = client.upload(0, picture)
        times.append((time.perf_counter() - began) * 1_000)
        if answer != 200:
            raise SystemExit(f"an upload was answered with {answer}")
    times.sort()
    return [("one upload, median → slowest, ms", f"{median(times):.0f} → {times[-1]:.0f}", "400")]


def beside_reads(client: "Client", options) -> list[tuple]:
    """In alternation, because the speed of a shared machine changes from minute to minute."""
    rows = []
    sized = json.loads(client.running.call("GET", f"/api/v1/recipes/{client.recipes[0]}"))["data"]["image"]["sizes"][0]["url"]
    for name, path in (("a recipe", f"/api/v1/recipes/{client.recipes[0]}"), ("a small picture", sized)):
        quiet, beside, done = [], [], 0
        for _ in range(options.rounds):
            quiet.append(p99(latencies_at_fixed_rate(client.running, options.seconds, RATE, path)))
            with client.uploading(UPLOADERS) as uploaded:
                time.sleep(1)  # until all of them are waiting
                beside.append(p99(latencies_at_fixed_rate(client.running, options.seconds, RATE, path)))
            done += uploaded.count(200)
        before, during = median(quiet), median(beside)
        cell = f"{before:.1f} → {during:.1f} ({during / before:.1f} ×, {done} uploads)"
        rows.append((f"p99 of reads of {name} at {RATE}/s, quiet → while {UPLOADERS} clients upload, ms", cell, "3 ×"))
    return rows


def all_at_once(client: "Client", options) -> list[tuple]:
    idle = client.running.memory_mib()
    bodies = [client.pictures.next() for _ in range(options.crowd)]
    answers, start = [], threading.Barrier(options.crowd)

    def upload(number: int):
        start.wait()
        answers.append(client.upload(number, bodies[number]))

    began = time.perf_counter()
    threads = [threading.Thread(target=upload, args=(number,)) for number in range(options.crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    peak = client.running.memory_mib("VmHWM")
    time.sleep(10)
    after = client.running.memory_mib()
    done, refused = answers.count(200), answers.count(503)
    if done + refused < options.crowd:
        raise SystemExit(f"uploads were answered with {sorted(set(answers))}")
    return [
        (f"{options.crowd} uploads at once, done, refused (503), s", f"{done}, {refused}, {seconds:.1f}", "none fails otherwise"),
        ("memory idle → peak → ten seconds later, MiB", f"{idle:.0f} → {peak:.0f} → {after:.0f}", "peak ≤ idle + 256 for bodies + 400 to decode"),
    ]


def p99(sorted_latencies: list[float]) -> float:
    return sorted_latencies[int(len(sorted_latencies) * 0.99)]


class Pictures:
    def __init__(self):
        self.rows, self.made, self.lock = Rows(WIDTH, 12), 0, threading.Lock()

    def next(self) -> bytes:
        with self.lock:
            self.made += 1
            return self.rows.picture(HEIGHT, self.made)


class Client:
    """A user with recipes, one for each upload at the same time."""

    def __init__(self, running: Running, pictures: Pictures, count: int):
        self.running, self.pictures = running, pictures
        try:
            self.token = running.token()
        except OSError:
            self.token = json.loads(running.call("POST", "/api/v1/users/signup", ACCOUNT))["token"]
        made = [running.call("POST", "/api/v1/recipes", recipe(number), self.token) for number in range(count)]
        self.recipes = [json.loads(answer)["data"]["id"] for answer in made]

    def upload(self, number: int, picture: bytes | None = None) -> int:
        """The status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "image/jpeg"}
        try:
            connection.request("PUT", f"/api/v1/recipes/{self.recipes[number]}/image", picture or self.pictures.next(), headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end of the body; the answer is there
        answer = connection.getresponse()
        text = answer.read()
        if answer.status == 503 and not answer.getheader("Retry-After"):
            raise SystemExit(f"a refusal without Retry-After: {text.decode(errors='replace')}")
        connection.close()
        return answer.status

    @contextmanager
    def uploading(self, clients: int):
        """Uploads without pause beside whatever the caller does meanwhile.

        In a process of their own, with low priority: the reads are measured in this one, and on real networks the uploads come
        from other machines.
        """
        bodies = [self.pictures.next() for _ in range(clients * 4)]
        answers, is_over = multiprocessing.SimpleQueue(), multiprocessing.Event()

        def work(number: int):
            place = number
            while not is_over.is_set():
                answers.put(self.upload(number, bodies[place % len(bodies)]))
                place += clients

        def process():
            os.nice(19)
            threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        uploaded = []
        uploader = multiprocessing.Process(target=process)
        uploader.start()
        try:
            yield uploaded
        finally:
            is_over.set()
            uploader.join()
            while not answers.empty():
                uploaded.append(answers.get())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--uploads", type=int, default=20, help="one after the other")
    parser.add_argument("--crowd", type=int, default=64, help="uploads at once")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement of reads")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/recipes-pictures"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
