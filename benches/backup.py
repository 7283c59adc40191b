#!/usr/bin/env python3
"""A backup of 100,000 recipes while 32 clients write: benches/backup.py, with RECIPES=path/to/a/release/build.

Prints the time of the backup and of a restore, the latency of the writes before the backup and beside it, and whether the archive has
the state of one moment: all recipes that were acknowledged before it began, and no gap among the later ones. With
DATABASE_URL=postgres://.. the database is on that server, and must be empty; otherwise it is a file.
"""
import argparse, gzip, http.client, json, os, shutil, subprocess, sys, tempfile, threading, time
from pathlib import Path

from servers import free_port, recipe

SECRET = "a secret for measurements only, 32 bytes and more"


class Writers:
    """Clients that create recipes one after another over a connection each."""

    def __init__(self, port, token, count):
        self.port, self.token, self.ended = port, token, threading.Event()
        self.lock, self.acknowledged, self.samples, self.failed = threading.Lock(), 0, [], 0
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps(recipe(number))
        while not self.ended.is_set():
            began = time.perf_counter()
            connection.request("POST", "/api/v1/recipes", body, headers)
            response = connection.getresponse()
            response.read()
            with self.lock:
                self.acknowledged += response.status == 201
                self.failed += response.status != 201
                self.samples.append((began, time.perf_counter() - began))

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def latency(self, since, until):
        times = sorted(took for began, took in self.samples if since <= began and began + took <= until)
        at = lambda share: f"{1000 * times[int(share * (len(times) - 1))]:.1f} ms"
        return f"{len(times) / (until - since):,.0f} writes/s, p50 {at(0.5)}, p99 {at(0.99)}, max {at(1)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10, help="of writes before the backup")
    options = parser.parse_args()
    folder, port, program = Path(tempfile.mkdtemp()), free_port(), os.environ["RECIPES"]
    settings = {"PORT": str(port), "DATA_DIR": ".", "JWT_SECRET": SECRET, "LOG": "warn", "RATE_LIMITS": "off",
                "QUOTA_RECIPES": "off", "QUOTA_BYTES": "off", "DATABASE_URL": os.environ.get("DATABASE_URL", "sqlite:recipes.db")}
    run = lambda *command, **more: subprocess.run([program, *command], cwd=folder, env=settings | more, check=True, capture_output=True)
    server = None
    try:
        lines = (json.dumps(recipe(number) | {"name": f"Stew {number}"}) for number in range(options.recipes))
        (folder / "recipes.ndjson").write_text("\n".join(lines))
        run("import", "recipes.ndjson")
        server = subprocess.Popen([program, "serve"], cwd=folder, env=settings)
        for _ in range(300):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port)
                account = {"name": "Ada", "email": "ada@example.com", "password": "correct horse battery staple"}
                connection.request("POST", "/api/v1/users/signup", json.dumps(account), {"Content-Type": "application/json"})
                token = json.load(connection.getresponse())["token"]
                break
            except OSError:
                time.sleep(0.1)
        writers = Writers(port, token, options.clients)
        try:
            time.sleep(1)
            quiet = time.perf_counter()
            time.sleep(options.seconds)
            before, began = writers.acknowledged, time.perf_counter()
            run("backup", "saved")
            ended, after = time.perf_counter(), writers.acknowledged
            time.sleep(1)
        finally:
            writers.stop()
        ids = []
        with gzip.open(folder / "saved", "rt") as archive:
            ids = [json.loads(line)["recipes"]["id"] for line in archive if line.startswith('{"recipes"')]
        low, high = options.recipes + before, options.recipes + after + options.clients
        size = (folder / "saved").stat().st_size
        restoring = time.perf_counter()
        run("restore", "saved", DATABASE_URL="sqlite:restored.db")
        restored = time.perf_counter()
        print(f"before the backup   {writers.latency(quiet, began)}")
        print(f"beside the backup   {writers.latency(began, ended)}")
        print(f"backup, verified    {ended - began:.1f} s, {len(ids):,} recipes, {size / 2**20:.1f} MiB")
        print(f"restore into SQLite {restored - restoring:.1f} s")
        is_whole = low <= len(ids) <= high
        has_gaps = ids != list(range(1, len(ids) + 1))
        print(f"consistent          {is_whole} ({low:,} acknowledged before, {high:,} at most), gaps: {has_gaps}, failed writes: {writers.failed}")
        # PostgreSQL's ids may have gaps.
        if not is_whole or writers.failed or (has_gaps and settings["DATABASE_URL"].startswith("sqlite:")):
            sys.exit("The archive does not have the state of one moment.")
    finally:
        if server:
            server.terminate()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
