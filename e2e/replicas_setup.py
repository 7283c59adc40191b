"""Several servers on one database behind nginx, for rolling-restart.py and replicas.py."""
import http.client, json, os, shutil, signal, socket, subprocess, sys, tempfile, time
from pathlib import Path

# The file for nginx that compose.replicas.yaml uses. Only addresses and folders are others here.
NGINX = (Path(__file__).resolve().parent.parent / "packaging/proxies/replicas.conf").read_text()
MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
"""


def nginx_conf(folder, ports, port):
    servers = " ".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;" for port in ports)
    text = NGINX
    for there, here in (
        ("events {}\nhttp {\n", MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else "")),
        ("server recipes:8080 max_fails=1 fail_timeout=1s;", servers),
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
    ):
        if text.count(there) != 1:
            sys.exit(f"packaging/proxies/replicas.conf does not have {there!r} once.")
        text = text.replace(there, here)
    return text


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def request(port, method, path, body=None, token=None, timeout=20):
    """The status and the parsed answer; status 0 without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        is_json = "json" in response.headers.get("content-type", "")
        return response.status, json.loads(text) if text and is_json else None
    except (OSError, http.client.HTTPException) as error:
        return 0, type(error).__name__
    finally:
        connection.close()


class Server:
    """A server, whose log is in its folder. `settings` are environment variables."""

    def __init__(self, folder, port, drain_delay, settings):
        self.folder, self.port, self.drain_delay, self.settings = folder, port, drain_delay, settings
        self.start()

    def start(self):
        settings = {"PORT": str(self.port), "DATA_DIR": str(self.folder), "RATE_LIMITS": "off", "LOG": "error",
                    "DRAIN_DELAY": str(self.drain_delay), "JWT_SECRET": "a secret for tests, of more than 32 bytes"} | self.settings
        with open(self.folder / f"{self.port}.log", "ab") as log:
            self.process = subprocess.Popen([os.environ["RECIPES"], "serve"], env=settings, cwd=self.folder, stderr=log)
        self.wait_until_ready(30)

    def wait_until_ready(self, patience):
        for _ in range(20 * patience):
            if self.readiness() == 200:
                return
            time.sleep(0.05)
        sys.exit(f"The server on port {self.port} is not ready after {patience} s.")

    def readiness(self):
        return request(self.port, "GET", "/readyz", timeout=5)[0]

    def restart(self):
        self.process.send_signal(signal.SIGTERM)
        time.sleep(self.drain_delay / 2)
        if self.readiness() != 503:
            sys.exit("A draining server must answer /readyz with 503.")
        if code := self.process.wait(timeout=30):
            sys.exit(f"The server ended with {code}.")
        self.start()

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)


class Replicas:
    """A context: `count` servers, and nginx with keep-alive connections to all of them at `port`."""

    def __init__(self, count, drain_delay, settings, port=None):
        self.count, self.drain_delay, self.settings, self.port = count, drain_delay, settings, port or free_port()

    def __enter__(self):
        self.folder, self.servers, self.proxy = Path(tempfile.mkdtemp()), [], None
        ports = [free_port() for _ in range(self.count)]
        (self.folder / "conf").write_text(nginx_conf(self.folder, ports, self.port))
        try:
            for port in ports:
                self.servers.append(Server(self.folder, port, self.drain_delay, self.settings))
            nginx = shutil.which("nginx") or "/usr/sbin/nginx"
            self.proxy = subprocess.Popen([nginx, "-p", self.folder, "-c", self.folder / "conf", "-e", self.folder / "error.log"])
            time.sleep(0.5)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        if kind:
            for log in self.folder.glob("*.log"):
                print(f"{log.name}:\n{log.read_text()[-2000:]}", file=sys.stderr)
        processes = [server.process for server in self.servers] + ([self.proxy] if self.proxy else [])
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


def recipe(name, **more):
    return {"name": name, "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": None, "ingredients": ["salt"]} | more


def recipes(port):
    """All public recipes."""
    found, cursor = [], ""
    while cursor is not None:
        status, page = request(port, "GET", f"/api/v1/recipes?limit=1000{cursor}")
        assert status == 200, (status, page)
        found += page["data"]
        cursor = f"&cursor={page['nextCursor']}" if page.get("nextCursor") else None
    return found
