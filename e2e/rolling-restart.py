#!/usr/bin/env python3
"""A rolling restart behind nginx without a failed request: e2e/rolling-restart.py, with RECIPES=path/to/recipes.

Two servers share one database (PostgreSQL with TEST_POSTGRES_URL, otherwise a file), nginx is in front with keep-alive connections
to both, and eight clients read and write all the time. Each server is ended with SIGTERM and started again, in turn.
"""
import collections, os, sys, threading, time
from replicas_setup import Replicas, recipe, recipes, request

CLIENTS, ROUNDS, DRAIN_DELAY = 8, 2, 2  # the last in seconds


class Load:
    def __init__(self, port, token):
        self.port, self.token, self.ended = port, token, threading.Event()
        self.answers, self.created, self.lock = collections.Counter(), set(), threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self, client):
        number = 0
        while not self.ended.is_set():
            number += 1
            name = f"Soup {client}-{number}"
            method, path = [("GET", "/api/v1/recipes?limit=5"), ("GET", "/api/v1/users/me"), ("POST", "/api/v1/recipes")][number % 3]
            status, answer = request(self.port, method, path, recipe(name) if method == "POST" else None, self.token)
            with self.lock:
                self.answers[f"{method} {status or answer}"] += 1
                if status == 201:
                    self.created.add(name)

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def main():
    url = os.environ.get("TEST_POSTGRES_URL")
    with Replicas(2, DRAIN_DELAY, {"DATABASE_URL": url} if url else {}) as replicas:
        user = {"name": "Ada", "email": "ada@example.org", "password": "a stitch in thyme"}
        load = Load(replicas.port, request(replicas.port, "POST", "/api/v1/users/signup", user)[1]["token"])
        try:
            for _ in range(ROUNDS):
                for server in replicas.servers:
                    time.sleep(1)
                    server.restart()
            time.sleep(1)
        finally:
            load.stop()
        missing = load.created - {found["name"] for found in recipes(replicas.port)}
        failed = {outcome: count for outcome, count in load.answers.items() if outcome not in {"GET 200", "POST 201"}}
        print(f"{2 * ROUNDS} restarts, {sum(load.answers.values())} requests {dict(load.answers)}, "
              f"{len(load.created)} recipes acknowledged, {len(missing)} missing")
        if failed or missing:
            sys.exit(f"Failed: {failed}, missing: {sorted(missing)[:5]}")


main()
