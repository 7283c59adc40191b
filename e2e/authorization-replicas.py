#!/usr/bin/env python3
"""Two authorization servers on one PostgreSQL and a recipe server that trusts them: .ci/with-postgres e2e/authorization-replicas.py, with
RECIPES=path/to/recipes.

Clients refresh at both servers in turn and use their tokens at the recipe server, which verifies them offline. Meanwhile the signing keys
are rotated twice, and the secret of the client once: no good token and no good secret may be refused. Then grants are revoked: the recipe
server refuses the tokens within the time that the status list promises, and a second. At last all keys are replaced, as after a theft: no
token of the old ones is accepted.
"""
import base64, hashlib, html, http.client, json, os, re, secrets, shutil, statistics, subprocess, sys, tempfile, threading, time, urllib.parse
from pathlib import Path
from replicas_setup import Replicas, Server, free_port, request

CLIENTS, REVOCATIONS, REVOKERS = 4, 60, 6
RELOAD = 65  # seconds until every server has seen new keys
PROMISE = 6.0  # seconds: the ttl of the list, and one
CALLBACK = "http://127.0.0.1/callback"
PASSWORD = "a stitch in thyme"
MONTH = 31 * 24 * 3600


def form(port, method, path, fields=None, cookie=""):
    """Status, headers and text of a request by a browser."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, urllib.parse.urlencode(fields) if fields is not None else None, headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers, text


def hidden(page, name):
    return html.unescape(re.search(f'name="{name}" value="([^"]*)"', page)[1])


class Cluster:
    def __init__(self, port, client, secret):
        self.port, self.client, self.secret = port, client, secret

    def post(self, path, secret=None, **fields):
        status, _, text = form(self.port, "POST", path, {"client_id": self.client, "client_secret": secret or self.secret} | fields)
        return status, json.loads(text or "null")

    def token(self, **fields):
        return self.post("/oauth/token", **fields)

    def userinfo(self, token):
        return request(self.port, "GET", "/oauth/userinfo", token=token)[0]

    def grant(self):
        """Logs in as a browser, and exchanges the code."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {"response_type": "code", "client_id": self.client, "redirect_uri": CALLBACK, "scope": "openid recipes:read",
                 "code_challenge": challenge, "code_challenge_method": "S256"}
        _, headers, _ = form(self.port, "GET", f"/oauth/authorize?{urllib.parse.urlencode(asked)}")
        _, _, page = form(self.port, "GET", headers["location"])
        fields = {"return_to": hidden(page, "return_to"), "email": "ada@example.org", "password": PASSWORD}
        status, headers, page = form(self.port, "POST", "/oauth/log-in", fields)
        assert status == 303, (status, page)
        cookie = headers["set-cookie"].split(";")[0]
        status, headers, page = form(self.port, "GET", headers["location"], cookie=cookie)
        assert status == 303, (status, page)
        code = dict(urllib.parse.parse_qsl(headers["location"].split("?")[1]))["code"]
        status, tokens = self.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=verifier)
        assert status == 200, tokens
        return tokens


class Load:
    """Clients that refresh, and use each access token until the next one."""

    def __init__(self, cluster, recipes):
        self.cluster, self.recipes, self.ended = cluster, recipes, threading.Event()
        self.wrong, self.accepted, self.kids = [], 0, set()
        # Half of them go on with the secret of the beginning.
        secrets_ = [cluster.secret if number % 2 else None for number in range(CLIENTS)]
        self.threads = [threading.Thread(target=self.run, args=(cluster.grant(), secret)) for secret in secrets_]
        for thread in self.threads:
            thread.start()

    def run(self, tokens, secret):
        while not self.ended.is_set():
            status, refreshed = self.cluster.token(secret=secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
            if status != 200:
                self.wrong.append(f"refresh: {status} {refreshed}")
                return
            tokens = refreshed
            for _ in range(10):
                status, answer = request(self.recipes, "GET", "/api/v1/recipes", token=tokens["access_token"])
                if status != 200:
                    self.wrong.append(f"recipes: {status} {answer}")
                self.accepted += 1
            header = tokens["access_token"].split(".")[0]
            self.kids.add(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def rotate(database):
    """Makes every key a month older, so that the next one signs."""
    older = f"record::jsonb || jsonb_build_object('since', (record::jsonb->>'since')::bigint - {MONTH})"
    psql = shutil.which("psql") or str(sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))[-1])
    subprocess.run([psql, "-qc", f"UPDATE signing_keys SET record = ({older})::text", database], check=True)


def revocation_lags(cluster, recipes):
    """Seconds from each revocation until the recipe server refuses the token, sorted."""
    lags = []

    def revoke():
        for _ in range(REVOCATIONS // REVOKERS):
            tokens = cluster.grant()
            ask = lambda: request(recipes, "GET", "/api/v1/recipes", token=tokens["access_token"])[0]
            assert ask() == 200
            status, answer = cluster.post("/oauth/revoke", token=tokens["refresh_token"])
            assert status == 200, answer
            begun = time.monotonic()
            while ask() == 200:
                time.sleep(0.02)
            lags.append(time.monotonic() - begun)

    threads = [threading.Thread(target=revoke) for _ in range(REVOKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lags) == REVOCATIONS, "a revocation failed"
    return sorted(lags)


def replaced_keys(cluster, recipes, run):
    """Replaces all keys. The tokens of the old ones end; refresh tokens go on."""
    old = cluster.grant()
    ask = lambda tokens: (cluster.userinfo(tokens["access_token"]), request(recipes, "GET", "/api/v1/recipes", token=tokens["access_token"])[0])
    assert ask(old)[1] == 200
    run("keys", "replace")
    time.sleep(RELOAD)
    status, new = cluster.token(grant_type="refresh_token", refresh_token=old["refresh_token"])
    assert status == 200, new
    # The first token of a new key has the recipe server fetch the keys.
    assert ask(new)[1] == 200, ask(new)
    # It fetches them once in ten seconds at most. Until then it answers 503, because the old key might be a newer one.
    answers = ask(old)
    for _ in range(20):
        if answers == (401, 401):
            return
        assert 200 not in answers, answers
        time.sleep(1)
        answers = ask(old)
    raise AssertionError(answers)


def main():
    database = os.environ["TEST_POSTGRES_URL"]
    recipes_port, folder = free_port(), Path(tempfile.mkdtemp())
    api = f"http://127.0.0.1:{recipes_port}/api/v1"
    port = free_port()
    settings = {"DATABASE_URL": database, "ACCOUNTS_ONLY": "true", "RESOURCES": api, "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    recipes = None
    try:
        with Replicas(2, 0, settings, port):
            run = lambda *words: subprocess.check_output([os.environ["RECIPES"], *words], env=settings | {"DATA_DIR": str(folder)})
            arguments = ["clients", "add", "Load", "--kind", "web", "--redirect-uri", CALLBACK, "--first-party", "--audience", api, "--json"]
            client = json.loads(run(*arguments))
            status, answer = request(port, "POST", "/api/v1/users/signup", {"name": "Ada", "email": "ada@example.org", "password": PASSWORD})
            assert status == 200, answer
            recipes = Server(folder, recipes_port, 0, {"ISSUER": settings["PUBLIC_URL"], "PUBLIC_URL": api.removesuffix("/api/v1"), "DATABASE_URL": f"sqlite:{folder}/r.db"})
            cluster = Cluster(port, client["client_id"], client["client_secret"])
            load = Load(cluster, recipes_port)
            for _ in range(2):
                time.sleep(3)
                rotate(database)
                time.sleep(RELOAD)
                if cluster.secret == client["client_secret"]:
                    cluster.secret = json.loads(run("clients", "rotate-secret", cluster.client, "--json"))["client_secret"]
            load.stop()
            assert not load.wrong, load.wrong[:5]
            assert len(load.kids) >= 3, load.kids
            print(f"rotation: {load.accepted} requests with tokens of {len(load.kids)} keys and two secrets, none refused")
            lags = revocation_lags(cluster, recipes_port)
            p99 = lags[min(len(lags) - 1, int(len(lags) * 0.99))]
            print(f"revocation: {len(lags)} grants, p50 {statistics.median(lags):.2f} s, p99 {p99:.2f} s, max {lags[-1]:.2f} s")
            assert lags[-1] <= PROMISE, lags
            replaced_keys(cluster, recipes_port, run)
            print("replaced keys: no token of the old ones is accepted, refresh tokens go on")
    finally:
        if recipes:
            recipes.kill()
        shutil.rmtree(folder, ignore_errors=True)


main()
