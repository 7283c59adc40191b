#!/usr/bin/env python3
"""Behind real proxies: e2e/proxies.py nginx|apache, with RECIPES=path/to/recipes.

Starts the proxy on a free loopback port with its usual settings: compression on, the service under the path /recipes, and the
Host that it sends by default. Starts the server behind it with e2e/with-server, and uses it through the proxy as a program and a
browser do. The proxy is stopped by its process id.
"""
import gzip, http.client, json, os, shutil, signal, socket, subprocess, sys, tempfile, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BASE = "/recipes"
LIMIT = 20  # seconds for one request, and for the start of the proxy

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    client_max_body_size 100m;
    gzip on; gzip_types application/json; gzip_proxied any;
    server {{
        listen 127.0.0.1:{port};
        location {base}/ {{ proxy_pass {backend}/; }}
        # The same with the path passed on.
        location /kept{base}/ {{ rewrite ^/kept(.*)$ $1 break; proxy_pass {backend}; }}
    }}
}}
"""

APACHE = """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
TypesConfig /dev/null
{modules}
{user}
ProxyPass {base}/ {backend}/
ProxyPassReverse {base}/ {backend}/
ProxyPass /kept{base}/ {backend}{base}/
SetOutputFilter DEFLATE
"""
MODULES = ["mpm_event", "authz_core", "mime", "filter", "deflate", "proxy", "proxy_http"]


def command(proxy, folder, port, backend):
    values = {"folder": folder, "port": port, "backend": backend, "base": BASE}
    conf = folder / "conf"
    if proxy == "nginx":
        user = "user root;\n" if os.geteuid() == 0 else ""
        conf.write_text(user + NGINX.format(**values))
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-c", str(conf), "-e", f"{folder}/error.log"]
    library = "/usr/lib/apache2/modules"
    modules = "\n".join(f"LoadModule {name}_module {library}/mod_{name}.so" for name in MODULES)
    user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
    conf.write_text(APACHE.format(modules=modules, user=user, **values))
    return [shutil.which("apache2") or "/usr/sbin/apache2", "-f", str(conf), "-D", "FOREGROUND"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        body = response.read()
        self.body = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body

    def json(self):
        return json.loads(self.body)


class Client:
    def __init__(self, port):
        self.port = port
        self.headers = {}

    def send(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        lines = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None:
            lines.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, body, lines)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def expect(self, status, method, path, body=None, **headers):
        answer = self.send(method, path, body, **headers)
        assert answer.status == status, (method, path, answer.status, answer.headers.items(), answer.body[:500])
        return answer


def recipe(description):
    return {
        "name": "Soup", "healthLabels": ["Vegan"], "cookTimeMinutes": 60, "prepTimeMinutes": 10,
        "ingredients": ["salt", "water"], "description": description,
    }


def tags(client, proxy):
    """A tag that comes back through the proxy is understood: for small bodies, which the proxy compresses, and large ones, which
    the server does."""
    changed = set()
    for description in ["short", "a long description " * 200]:
        for coding in ["gzip", "identity"]:
            created = client.expect(201, "POST", f"{BASE}/api/v1/recipes", recipe(description), Accept_Encoding=coding)
            path = created.headers["Location"]
            assert path.startswith(f"{BASE}/api/v1/recipes/"), path
            for _ in range(2):
                read = client.expect(200, "GET", path, Accept_Encoding=coding)
                tag = read.headers["ETag"]
                changed.add(tag)
                again = client.expect(304, "GET", path, Accept_Encoding=coding, If_None_Match=tag)
                assert again.body == b""
                again = client.expect(304, "GET", path, Accept_Encoding=coding, If_None_Match=again.headers["ETag"])
                client.expect(200, "PUT", path, recipe(description), If_Match=tag, Accept_Encoding=coding)
                stale = client.expect(412, "PUT", path, recipe(description), If_Match=tag, Accept_Encoding=coding)
                assert stale.json()["code"] == "precondition_failed"
                client.expect(200, "GET", path, Accept_Encoding=coding, If_None_Match=tag)
            current = client.expect(200, "GET", path, Accept_Encoding=coding).headers["ETag"]
            client.expect(204, "DELETE", path, If_Match=f'"0-0", {current}')
    mark = {"nginx": 'W/"', "apache": '-gzip"'}[proxy]
    assert any(mark in tag for tag in changed), f"{proxy} has changed no tag: {changed}"
    print(f"    {proxy}: tags", *sorted(changed))


def addresses(client):
    home = client.expect(302, "GET", f"{BASE}/")
    assert home.headers["Location"] == f"{BASE}/api/v1/recipes", home.headers["Location"]
    page = client.expect(200, "GET", f"{BASE}/api/v1/recipes?limit=2&_=1695")
    following = page.headers["Link"].split(">")[0].lstrip("<")
    assert following.startswith(f"{BASE}/api/v1/recipes?"), following
    client.expect(200, "GET", following)
    docs = client.send("GET", f"{BASE}/docs")
    if docs.status in (302, 303, 307, 308):
        assert docs.headers["Location"].startswith(f"{BASE}/docs"), docs.headers["Location"]
        docs = client.expect(200, "GET", docs.headers["Location"])
    assert docs.status == 200
    document = client.expect(200, "GET", f"{BASE}/api/v1/openapi.json").json()
    assert document["servers"][0]["url"].endswith(BASE), document["servers"]
    client.expect(200, "GET", f"/kept{BASE}/api/v1/recipes")


def cookies(client):
    """A browser of before Sec-Fetch-Site, behind a proxy that sends its own Host."""
    own, other = f"http://127.0.0.1:{client.port}", "https://other.example"
    login = {"email": "ada@example.org", "password": "a stitch in thyme"}
    browser = Client(client.port)
    path = f"{BASE}/api/v1/users/login?cookies=true"
    refused = browser.expect(403, "POST", path, login, Origin=other).json()
    assert other in refused["message"] and own in refused["message"], refused
    answer = browser.expect(200, "POST", path, login, Origin=own)
    lines = answer.headers.get_all("Set-Cookie")
    assert len(lines) == 2 and all(f"Path={BASE};" in line and line.startswith("__Secure-") for line in lines), lines
    cookie = "; ".join(line.split(";")[0] for line in lines)
    browser.expect(201, "POST", f"{BASE}/api/v1/recipes", recipe("x"), Origin=own, Cookie=cookie)
    browser.expect(403, "POST", f"{BASE}/api/v1/recipes", recipe("x"), Origin=other, Cookie=cookie)
    browser.expect(204, "POST", f"{BASE}/api/v1/users/logout", Origin=own, Cookie=cookie)
    browser.expect(200, "GET", f"{BASE}/api/v1/recipes", Cookie=cookie)


def large_body(client):
    body = json.dumps(recipe("x" * 5_000_000)).encode()
    refused = client.expect(413, "POST", f"{BASE}/api/v1/recipes", body)
    assert refused.json()["code"] == "body_too_large"


def check(proxy, port):
    client = Client(port)
    account = {"name": "Ada", "email": "ada@example.org", "password": "a stitch in thyme"}
    token = client.expect(200, "POST", f"{BASE}/api/v1/users/signup", account).json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    tags(client, proxy)
    addresses(client)
    cookies(client)
    large_body(client)


def inner(proxy, port):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        running = subprocess.Popen(command(proxy, folder, port, os.environ["BASE_URL"]))
        try:
            end = time.monotonic() + LIMIT
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert running.poll() is None and time.monotonic() < end, f"{proxy} does not start"
                    time.sleep(0.05)
            check(proxy, port)
        except BaseException:
            log = folder / "error.log"
            print(log.read_text()[-2_000:] if log.exists() else "no log", file=sys.stderr)
            raise
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(LIMIT)
            except subprocess.TimeoutExpired:
                running.kill()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        inner(sys.argv[1], int(sys.argv[2]))
    else:
        port = free_port()
        settings = f"PUBLIC_URL=http://127.0.0.1:{port}{BASE} TRUSTED_PROXIES=127.0.0.1"
        os.environ["SETTINGS"] = settings
        os.execv(HERE / "with-server", ["with-server", sys.executable, __file__, sys.argv[1], str(port)])
