#!/usr/bin/env python3
"""Behind real proxies: e2e/proxies.py PROXY, with RECIPES=path/to/recipes. The proxies are the keys of PROXIES.

Starts the proxy on a free loopback port with a file of packaging/proxies, in which only addresses are replaced; "nginx" stands for
nginx with its default settings and the Host that it sends by default. Starts the server behind it with e2e/with-server, and uses it
through the proxy as a program and a browser do. The proxy is stopped by its process id.
"""
import gzip, http.client, json, os, shutil, signal, socket, subprocess, sys, tempfile, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = HERE.parent / "packaging/proxies"
LIMIT = 20  # seconds for one request, and for the start of the proxy

NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {site}
}}
"""
NGINX_SITE = """
gzip on; gzip_types application/json; gzip_proxied any;
client_max_body_size 100m;
server {
    listen 80;
    location /recipes/ { proxy_pass http://127.0.0.1:8080/; }
    # The same with the path passed on.
    location /kept/recipes/ { rewrite ^/kept(.*)$ $1 break; proxy_pass http://127.0.0.1:8080; }
}
"""
NGINX_PATH = """
gzip on; gzip_types application/json; gzip_proxied any;
server {
    listen 80;
    include %s;
}
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
{site}
"""
MODULES = ["mpm_event", "authz_core", "mime", "filter", "deflate", "headers", "proxy", "proxy_http"]


def nginx(folder, port, backend, site):
    user = "user root;" if os.geteuid() == 0 else ""
    site = site.replace("listen 80;", f"listen 127.0.0.1:{port};").replace("listen [::]:80;", "")
    write(folder / "conf", NGINX.format(folder=folder, user=user, site=with_backend(site, backend)))
    return ["nginx", "-p", str(folder), "-c", f"{folder}/conf", "-e", f"{folder}/error.log"]


def nginx_path(folder, port, backend, site):
    write(folder / "path.conf", with_backend(site, backend))
    return nginx(folder, port, backend, NGINX_PATH % (folder / "path.conf"))


def apache(folder, port, backend, site):
    library = "/usr/lib/apache2/modules"
    modules = "\n".join(f"LoadModule {name}_module {library}/mod_{name}.so" for name in MODULES)
    user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
    site = with_backend(site, backend)
    write(folder / "conf", APACHE.format(folder=folder, port=port, modules=modules, user=user, site=site))
    return ["apache2", "-f", f"{folder}/conf", "-D", "FOREGROUND"]


def caddy(folder, port, backend, site):
    # Without a certificate, and without the interface for administrators on a fixed port.
    host = next(line.split()[0] for line in site.splitlines() if line.endswith("example.com {"))
    site = with_backend(site.replace(f"{host} {{", f"http://127.0.0.1:{port} {{"), backend)
    write(folder / "conf", f"{{\n admin off\n auto_https off\n log {{\n output file {folder}/error.log\n }}\n}}\n{site}")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", f"{folder}/conf"]


def with_backend(site, backend):
    return site.replace("http://127.0.0.1:8080", backend).replace("127.0.0.1:8080", backend)


def write(path, text):
    path.write_text(text)


# How to start it, the settings, the path of the service, and the mark of a tag that it has changed. Caddy 2.6 changes none.
PROXIES = {
    "nginx": (nginx, None, "/recipes", 'W/"'),
    "nginx-host": (nginx, "nginx.conf", "", 'W/"'),
    "nginx-path": (nginx_path, "nginx-path.conf", "/recipes", 'W/"'),
    "apache": (apache, "apache.conf", "/recipes", "-gzip"),
    "caddy-host": (caddy, "Caddyfile", "", None),
    "caddy-path": (caddy, "Caddyfile-path", "/recipes", None),
}
PROXY = sys.argv[1]
START, FILE, BASE, MARK = PROXIES[PROXY]


def command(folder, port, backend):
    name, *arguments = START(folder, port, backend, (FILES / FILE).read_text() if FILE else NGINX_SITE)
    return [shutil.which(name) or f"/usr/sbin/{name}", *arguments]


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


def tags(client):
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
    assert MARK is None or any(MARK in tag for tag in changed), f"{PROXY} has changed no tag: {changed}"
    print(f"    {PROXY}: tags", *sorted(changed))


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
    if PROXY == "nginx":
        client.expect(200, "GET", f"/kept{BASE}/api/v1/recipes")
    if FILE and BASE and START != apache:
        assert client.expect(308, "GET", BASE).headers["Location"].endswith(f"{BASE}/")


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
    prefix = "__Secure-" if BASE else "__Host-"
    assert len(lines) == 2 and all(f"Path={BASE or '/'};" in line and line.startswith(prefix) for line in lines), lines
    cookie = "; ".join(line.split(";")[0] for line in lines)
    browser.expect(201, "POST", f"{BASE}/api/v1/recipes", recipe("x"), Origin=own, Cookie=cookie)
    browser.expect(403, "POST", f"{BASE}/api/v1/recipes", recipe("x"), Origin=other, Cookie=cookie)
    browser.expect(204, "POST", f"{BASE}/api/v1/users/logout", Origin=own, Cookie=cookie)
    browser.expect(200, "GET", f"{BASE}/api/v1/recipes", Cookie=cookie)


def large_body(client):
    body = json.dumps(recipe("x" * 5_000_000)).encode()
    refused = client.expect(413, "POST", f"{BASE}/api/v1/recipes", body)
    assert refused.json()["code"] == "body_too_large"


def check(port):
    client = Client(port)
    account = {"name": "Ada", "email": "ada@example.org", "password": "a stitch in thyme"}
    token = client.expect(200, "POST", f"{BASE}/api/v1/users/signup", account).json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    tags(client)
    addresses(client)
    cookies(client)
    large_body(client)


def inner(port):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        running = subprocess.Popen(command(folder, port, os.environ["BASE_URL"]))
        try:
            end = time.monotonic() + LIMIT
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert running.poll() is None and time.monotonic() < end, f"{PROXY} does not start"
                    time.sleep(0.05)
            check(port)
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
        inner(int(sys.argv[2]))
    else:
        port = free_port()
        settings = f"PUBLIC_URL=http://127.0.0.1:{port}{BASE} TRUSTED_PROXIES=127.0.0.1"
        os.environ["SETTINGS"] = settings
        os.execv(HERE / "with-server", ["with-server", sys.executable, __file__, PROXY, str(port)])
