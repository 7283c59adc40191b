#!/usr/bin/env python3
"""A rolling restart behind nginx without a failed request: e2e/rolling-restart.py, with RECIPES=path/to/recipes.

Two servers share one database (PostgreSQL with TEST_POSTGRES_URL, otherwise a file), nginx is in front with keep-alive connections
to both, and eight clients read and write all the time. Each server is ended with SIGTERM and started again, in turn.
"""
import collections, http.client, json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time, urllib.request
from pathlib import Path

CLIENTS, ROUNDS, DRAIN_DELAY = 8, 2, 2  # the last in seconds

NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream recipes {{
        server 127.0.0.1:{one} max_fails=1 fail_timeout=1s;
        server 127.0.0.1:{two} max_fails=1 fail_timeout=1s;
        keepalive 16;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://recipes; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }}
    }}
}}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.start()

    def start(self):
        settings = {"PORT": str(self.port), "DATA_DIR": str(self.folder), "RATE_LIMITS": "off", "LOG": "error",
                    "DRAIN_DELAY": str(DRAIN_DELAY), "JWT_SECRET": "a secret for tests, of more than 32 bytes"}
        if url := os.environ.get("TEST_POSTGRES_URL"):
            settings["DATABASE_URL"] = url
        with open(self.folder / f"{self.port}.log", "ab") as log:
            self.process = subprocess.Popen([os.environ["RECIPES"], "serve"], env=settings, cwd=self.folder, stderr=log)
        for _ in range(600):
            if self.readiness() == 200:
                return
            time.sleep(0.05)
        sys.exit(f"The server on port {self.port} is not ready after 30 s.")

    def readiness(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def restart(self):
        self.process.send_signal(signal.SIGTERM)
        time.sleep(DRAIN_DELAY / 2)
        if self.readiness() != 503:
            sys.exit("A draining server must answer /readyz with 503.")
        if code := self.process.wait(timeout=30):
            sys.exit(f"The server ended with {code}.")
        self.start()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)


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
            recipe = {"name": name, "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": None, "ingredients": ["salt"]}
            body = json.dumps(recipe) if method == "POST" else None
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                connection.request(method, path, body, headers if body else {"Authorization": headers["Authorization"]})
                response = connection.getresponse()
                response.read()
                outcome = f"{method} {response.status}"
                if response.status == 201:
                    with self.lock:
                        self.created.add(name)
            except OSError as error:
                outcome = f"{method} {type(error).__name__}"
            finally:
                connection.close()
            with self.lock:
                self.answers[outcome] += 1

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def call(port, path, body=None, token=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode() if body else None, headers)
    return json.load(urllib.request.urlopen(request, timeout=20))


def names(port):
    found, cursor = set(), ""
    while cursor is not None:
        page = call(port, f"/api/v1/recipes?limit=1000{cursor}")
        found |= {recipe["name"] for recipe in page["data"]}
        cursor = f"&cursor={page['nextCursor']}" if page.get("nextCursor") else None
    return found


def main():
    folder = Path(tempfile.mkdtemp())
    one, two, port = free_port(), free_port(), free_port()
    (folder / "conf").write_text(NGINX.format(
        folder=folder, one=one, two=two, port=port, user="user root;" if os.geteuid() == 0 else ""))
    servers, proxy = [], None
    try:
        servers = [Server(folder, one), Server(folder, two)]
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        proxy = subprocess.Popen([nginx, "-p", str(folder), "-c", str(folder / "conf"), "-e", f"{folder}/error.log"])
        time.sleep(0.5)
        user = {"name": "Ada", "email": "ada@example.org", "password": "a stitch in thyme"}
        load = Load(port, call(port, "/api/v1/users/signup", user)["token"])
        try:
            for _ in range(ROUNDS):
                for server in servers:
                    time.sleep(1)
                    server.restart()
            time.sleep(1)
        finally:
            load.stop()
        missing = load.created - names(port)
        good = {"GET 200", "POST 201"}
        failed = {outcome: count for outcome, count in load.answers.items() if outcome not in good}
        print(f"{2 * ROUNDS} restarts, {sum(load.answers.values())} requests {dict(load.answers)}, "
              f"{len(load.created)} recipes acknowledged, {len(missing)} missing")
        if failed or missing:
            for log in folder.glob("*.log"):
                print(log.read_text()[-2000:], file=sys.stderr)
            sys.exit(f"Failed: {failed}, missing: {sorted(missing)[:5]}")
    finally:
        for server in servers:
            server.stop()
        if proxy:
            proxy.terminate()
        for process in [server.process for server in servers] + ([proxy] if proxy else []):
            process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


main()
