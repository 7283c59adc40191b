#!/usr/bin/env python3
"""Three servers on one PostgreSQL behind nginx, while parts of it fail: .ci/with-postgres e2e/replicas.py, with RECIPES=path/to/recipes.

Clients sign up, log in, refresh, create, edit, read and log out all the time. Meanwhile one server is killed and started again, the
database is restarted, and the connection to it stops to forward for 10 s. Checked: an error is 502, 503 or 504; what was
acknowledged is found; no answer has data of another user; a log-out is refused by every server within 1 s; all servers recover
by themselves. At last each server is restarted in turn, without a failed request.
"""
import collections, os, random, signal, subprocess, sys, threading, time, urllib.parse
from pathlib import Path
from replicas_setup import Replicas, free_port, recipe, recipes, request

CLIENTS, DRAIN_DELAY = 6, 2
STALL = 10  # seconds
PROMISE = 1.0  # seconds until a log-out is refused everywhere
RECOVERY = 15  # seconds after a fault
PASSWORD = "a stitch in thyme"
ALLOWED = {502, 503, 504}


class Failed(Exception):
    """A request got one of the allowed errors."""


class Load:
    """What the clients do, and what they were told."""

    def __init__(self, port, servers):
        self.port, self.servers, self.ended, self.lock = port, servers, threading.Event(), threading.Lock()
        self.phase, self.answers, self.wrong = "undisturbed", collections.defaultdict(collections.Counter), []
        self.users, self.names, self.lags = {}, {}, []
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def enter(self, phase):
        """Requests count for the phase in which they begin, and the fault is not yet there."""
        self.phase = phase
        time.sleep(1)

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def call(self, expected, method, path, body=None, token=None):
        phase = self.phase
        status, answer = request(self.port, method, path, body, token, timeout=30)
        with self.lock:
            self.answers[phase]["requests"] += 1
            if status != expected:
                self.answers[phase][status or answer] += 1
                if status not in ALLOWED:
                    self.wrong.append(f"{phase}: {method} {path}: {status or answer} instead of {expected}: {answer}")
        if status != expected:
            raise Failed
        return answer

    def run(self, client):
        choose, own, number = random.Random(client), [], 0
        while not self.ended.is_set():
            number += 1
            try:
                self.live(choose, own, f"client{client}-{number}")
            except Failed:
                time.sleep(0.2)
            except Exception as error:
                self.wrong.append(f"client {client}: {error!r}")
                raise

    def live(self, choose, own, name):
        email = f"{name}@example.org"
        if own and choose.random() < 0.7:
            email = choose.choice(own)
            session = self.call(200, "POST", "/api/v1/users/login", {"email": email, "password": PASSWORD})
        else:
            session = self.call(200, "POST", "/api/v1/users/signup", {"name": name, "email": email, "password": PASSWORD})
            own.append(email)
            self.users[email] = session["user"]["id"]
        token = session["token"]
        self.is_mine(token, email)
        created = self.call(201, "POST", "/api/v1/recipes", recipe(f"Soup of {name}"), token)["data"]
        self.names[created["id"]] = {created["name"]}
        secret = self.call(201, "POST", "/api/v1/recipes", recipe(f"Secret of {email}", visibility="private"), token)["data"]
        session = self.call(200, "POST", "/api/v1/users/refresh", {"refreshToken": session["refreshToken"]})
        token = session["token"]
        # Until the answer has come, it may be either.
        edited = f"Stew of {name}"
        self.names[created["id"]].add(edited)
        self.call(200, "PUT", f"/api/v1/recipes/{created['id']}", recipe(edited), token)
        self.names[created["id"]] = {edited}
        for _ in range(5):
            found = self.call(200, "GET", f"/api/v1/recipes/{secret['id']}", token=token)["data"]
            if found["name"] != secret["name"]:
                self.wrong.append(f"{email} was answered with {found['name']}")
            self.is_mine(token, email)
        self.call(404, "GET", f"/api/v1/recipes/{secret['id']}")
        self.call(204, "POST", "/api/v1/users/logout", {}, token)
        self.refused_everywhere(token)

    def is_mine(self, token, email):
        me = self.call(200, "GET", "/api/v1/users/me", token=token)["data"]
        if (me["email"], me["id"]) != (email, self.users[email]):
            self.wrong.append(f"{email} was answered with {me['email']}")

    def refused_everywhere(self, token):
        """How long a server went on to accept the token: until it was sent the last request that it answered."""
        acknowledged = time.monotonic()
        for server in self.servers:
            lag = 0.0
            while True:
                sent = time.monotonic() - acknowledged
                if request(server.port, "GET", "/api/v1/users/me", token=token)[0] != 200:
                    break
                lag = sent
                time.sleep(0.01)
            with self.lock:
                self.lags.append(lag)


class Proxy:
    """In front of the database."""

    def __init__(self, url):
        self.port, address = free_port(), urllib.parse.urlsplit(url)
        folder, port = address.netloc.split("@")[1].rsplit(":", 1)
        socket = f"{urllib.parse.unquote(folder)}/.s.PGSQL.{port}"
        self.url = f"postgres://recipes@127.0.0.1:{self.port}/postgres"
        self.process = subprocess.Popen([Path(__file__).with_name("tcp_proxy.py"), str(self.port), socket])
        time.sleep(1)

    def stall(self, seconds):
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGUSR2)


def works(port):
    """Whether a server answers a whole life of a user."""
    name = f"probe-{time.monotonic_ns()}"
    status, session = request(port, "POST", "/api/v1/users/signup", {"name": name, "email": f"{name}@example.org", "password": PASSWORD})
    return status == 200 and request(port, "POST", "/api/v1/recipes", recipe(name), session["token"])[0] == 201


def recovered(servers):
    """Seconds until every server works again."""
    began = time.monotonic()
    for server in servers:
        while not works(server.port):
            if time.monotonic() - began > RECOVERY:
                raise AssertionError(f"the server on port {server.port} does not recover within {RECOVERY} s")
            time.sleep(0.1)
    return time.monotonic() - began


def main():
    database = Proxy(os.environ["TEST_POSTGRES_URL"])
    try:
        with Replicas(3, DRAIN_DELAY, {"DATABASE_URL": database.url}) as replicas:
            drill(replicas, database)
    finally:
        database.process.terminate()
        database.process.wait(timeout=30)


def drill(replicas, database):
    servers, recovery = replicas.servers, {}
    load = Load(replicas.port, servers)
    try:
        time.sleep(5)
        load.enter("a server is killed")
        servers[0].kill()
        time.sleep(2)
        servers[0].start()
        recovery[load.phase] = recovered(servers)
        load.enter("the database is restarted")
        subprocess.run(os.environ["TEST_POSTGRES_RESTART"], shell=True, check=True, stdout=subprocess.DEVNULL)
        recovery[load.phase] = recovered(servers)
        time.sleep(2)
        load.enter(f"no answer from the database for {STALL} s")
        database.stall(STALL)
        recovery[load.phase] = recovered(servers)
        # nginx uses a server again after a second.
        time.sleep(2)
        load.enter("each server is restarted in turn")
        for server in servers:
            server.restart()
            time.sleep(1)
    finally:
        load.stop()
    report(load, recovery, replicas.port)


def report(load, recovery, port):
    for phase, answers in load.answers.items():
        errors = {error: count for error, count in answers.items() if error != "requests"}
        after = f", all servers work {recovery[phase]:.1f} s later" if phase in recovery else ""
        print(f"{phase}: {answers['requests']} requests, errors {errors or 'none'}{after}")
    found = {it["id"]: it["name"] for it in recipes(port)}
    lost = [(number, names) for number, names in load.names.items() if found.get(number) not in names]
    lost += [email for email in load.users
             if request(port, "POST", "/api/v1/users/login", {"email": email, "password": PASSWORD})[0] != 200]
    lags = sorted(load.lags)
    p50, p99 = lags[len(lags) // 2], lags[len(lags) * 99 // 100]
    print(f"acknowledged {len(load.names)} recipes and {len(load.users)} users, not found {len(lost)}; {len(lags)} log-outs at a server, "
          f"accepted for another p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, max {lags[-1] * 1000:.0f} ms")
    problems = load.wrong + [f"lost: {it}" for it in lost]
    if lags[-1] > PROMISE:
        problems.append(f"a server accepted a token {lags[-1]:.2f} s after the log-out")
    if len(load.answers["each server is restarted in turn"]) > 1:
        problems.append("a request failed in the rolling restart")
    if problems:
        raise AssertionError("\n".join(problems[:20]))


main()
