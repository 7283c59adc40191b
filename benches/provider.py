#!/usr/bin/env python3
"""Measures the authorization server beside the certified `oidc-provider` for Node.js in the same run, and prints a table.

    benches/provider.py                                # builds the server; about six minutes
    benches/provider.py --quick --program target/release/recipes

Both run on one core, the load on another (see cores.py). Every figure is the median of several short measurements that alternate between
the two. The processor time of a request, in brackets, changes less while other programs run. Ours keeps its grants in SQLite, on the disk
before the answer; theirs keeps them in memory. See reference/oidc-provider.
"""

import argparse
import base64
import hashlib
import html
import http.client
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from clients import result
from cores import cores
from load import alternate, machine, require_tools
from servers import ACCOUNT, ROOT, SECRET, Running, Server

CALLBACK = "https://kitchen.example/callback"
CONNECTIONS = 32
SCRIPT = Path(__file__).with_name("provider.lua")
FORM = "application/x-www-form-urlencoded"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
# Enough for every connection and those that a measurement leaves behind when it ends.
REFRESH_TOKENS = 4 * CONNECTIONS


def main():
    options = arguments()
    require_tools()
    folder = options.folder.resolve()
    server_core, load_core = cores(folder)
    began = time.monotonic()
    servers = build(folder, server_core, options.program)
    os.sched_setaffinity(0, {load_core})
    starts = alternate(servers, max(3, options.rounds), start)
    with servers["ours"].running() as ours, servers["theirs"].running() as theirs:
        time.sleep(2)
        running = {"ours": ours, "theirs": theirs}
        idle = {name: server.memory_mib() for name, server in running.items()}
        providers = {name: Provider.of(server) for name, server in running.items()}
        rows = {}
        for name in options.only or ROWS:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            rows[ROWS[name][0]] = measure(providers, ROWS[name][1], options)
        time.sleep(5)
        after = {name: server.memory_mib() for name, server in running.items()}
    print_table(rows, {"start to first answer, ms": starts, "memory when idle, MiB": idle, "memory after all of this, MiB": after})
    print(f"\nMachine: {machine(folder)}.")
    print(f"Versions: {versions(options.program)}.")
    print(
        f"Medians of {options.rounds} alternating measurements of {options.seconds} s with {CONNECTIONS} connections, both servers on the "
        f"core that the disk interrupts, load on another, {(time.monotonic() - began) / 60:.0f} minutes in all. Ours keeps its grants in "
        "SQLite, on the disk before the answer; theirs keeps them in memory and loses them at a restart. At both, ID tokens are signed "
        "with RS256 and access tokens with ES256, except at introspection and userinfo: there oidc-provider wants opaque ones."
    )
    shutil.rmtree(folder)


@dataclass
class Browser:
    """Keeps cookies by path, follows redirects, and fills in the forms of both servers."""

    port: int
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)

    def cookie(self, path: str = "/") -> str:
        return "; ".join(f"{name}={value}" for (own, name), value in self.cookies.items() if path.startswith(own))

    def ask(self, path: str, form: dict | None = None):
        """Status, next address, text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Cookie": self.cookie(urlsplit(path).path)} | ({"Content-Type": FORM} if form is not None else {})
        connection.request("GET" if form is None else "POST", path, None if form is None else urlencode(form), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        for line in answer.headers.get_all("set-cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            scope = re.search(r"(?i);\s*path=([^;]+)", line)
            key = (scope[1] if scope else "/", name)
            self.cookies.pop(key, None)
            if value:
                self.cookies[key] = value
        return answer.status, answer.headers.get("location"), text

    def code(self, path: str) -> str:
        """Logs in and consents where it is asked to, until the code comes."""
        form = None
        for _ in range(20):
            status, location, page = self.ask(path, form)
            form = None
            if location and location.startswith(CALLBACK):
                answered = parse_qs(urlsplit(location).query)
                if "code" not in answered:
                    raise SystemExit(f"no code: {location}")
                return answered["code"][0]
            if location:
                path = re.sub(r"^https?://[^/]+", "", urljoin(path, location))
                continue
            action = re.search(r'<form[^>]*action="([^"]*)"', page)
            if not action:
                break
            hidden = re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page)
            form = {name: html.unescape(value) for name, value in hidden}
            credentials = {"email": ACCOUNT["email"], "login": "ada", "password": ACCOUNT["password"]}
            form |= credentials if 'name="password"' in page else {"decision": "allow"}
            path = re.sub(r"^https?://[^/]+", "", urljoin(path, html.unescape(action[1])))
        raise SystemExit(f"no code at {path}: {status} {page[:1000]}")


@dataclass(frozen=True)
class Measured:
    rate: float  # a second
    cpu: float  # microseconds of the server's processor time for each


@dataclass
class Provider:
    """A running server, its endpoints, and a browser that is logged in at it."""

    running: Running
    endpoints: dict[str, str]
    clients: dict[str, dict]
    browser: Browser

    @classmethod
    def of(cls, running: Running) -> "Provider":
        metadata = json.loads(running.call("GET", "/.well-known/openid-configuration"))
        endpoints = {name: urlsplit(value).path for name, value in metadata.items() if name.endswith(("_endpoint", "_uri"))}
        clients = {client["name"]: client for client in json.loads((running.folder / "registered.json").read_text())}
        return cls(running, endpoints, clients, Browser(running.port))

    def secret(self, client: str) -> str:
        """The header that authenticates the client."""
        registered = self.clients[client]
        return "Basic " + base64.b64encode(f"{registered['client_id']}:{registered['client_secret']}".encode()).decode()

    def authorize(self, client: str, scope: str) -> str:
        asked = {"response_type": "code", "client_id": self.clients[client]["client_id"], "redirect_uri": CALLBACK, "scope": scope}
        asked |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "a state"}
        asked |= {"nonce": "a nonce"} if "openid" in scope else {}
        return f"{self.endpoints['authorization_endpoint']}?{urlencode(asked)}"

    def tokens(self, client: str, scope: str) -> dict:
        code = self.browser.code(self.authorize(client, scope))
        form = exchange() | {"code": code}
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=30)
        headers = {"Authorization": self.secret(client), "Content-Type": FORM}
        connection.request("POST", self.endpoints["token_endpoint"], urlencode(form), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"no tokens: {answer.status} {text}")
        return json.loads(text)

    def load(self, seconds: int, *words: str) -> "Measured":
        """A refusal ends the run."""
        used = self.cpu_seconds()
        command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", "--timeout", "20s"]
        command += ["--script", str(SCRIPT), self.running.url("/"), "--", *words]
        done = result(subprocess.check_output(command, text=True))
        if done.refused or done.broken:
            log = (self.running.folder / "server.log").read_text(errors="replace")[-2000:]
            raise SystemExit(f"{self.running.server.name}: {done} at {words}\n{log}")
        return Measured(done.requests / done.seconds, (self.cpu_seconds() - used) / done.requests * 1e6)

    def cpu_seconds(self) -> float:
        # The time in user mode and in the kernel, in ticks (proc(5)). The name before it may contain spaces.
        fields = Path(f"/proc/{self.running.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def exchange() -> dict:
    return {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}


def client_credentials(provider: Provider):
    words = ["same", provider.endpoints["token_endpoint"], provider.secret("service")]
    return [*words, urlencode({"grant_type": "client_credentials", "scope": "recipes:read"})]


def introspection(provider: Provider):
    token = provider.tokens("opaque", "openid email")["access_token"]
    return ["same", provider.endpoints["introspection_endpoint"], provider.secret("opaque"), urlencode({"token": token})]


def userinfo(provider: Provider):
    token = provider.tokens("opaque", "openid email")["access_token"]
    return ["same", provider.endpoints["userinfo_endpoint"], f"Bearer {token}", ""]


def jwks(provider: Provider):
    return ["same", provider.endpoints["jwks_uri"], "", ""]


def metadata(_: Provider):
    return ["same", "/.well-known/openid-configuration", "", ""]


def flow(provider: Provider):
    provider.tokens("web", "openid recipes:read")
    words = ["flow", provider.endpoints["token_endpoint"], provider.secret("web"), urlencode(exchange())]
    return [*words, provider.authorize("web", "openid recipes:read"), provider.browser.cookie()]


def refresh(scope: str):
    def words(provider: Provider):
        path = provider.running.folder / "refresh-tokens"
        path.write_text("".join(provider.tokens("web", scope)["refresh_token"] + "\n" for _ in range(REFRESH_TOKENS)))
        body = urlencode({"grant_type": "refresh_token"})
        return ["refresh", provider.endpoints["token_endpoint"], provider.secret("web"), body, str(path)]

    return words


ROWS = {
    "client-credentials": ("a token by client credentials, ES256", client_credentials),
    "refresh": ("a refresh without ID token", refresh("recipes:read")),
    "refresh-openid": ("a refresh with ID token, RS256", refresh("openid recipes:read")),
    "flow": ("code and PKCE with a session, and its tokens with ID token", flow),
    "introspection": ("introspection", introspection),
    "userinfo": ("userinfo", userinfo),
    "jwks": ("JWKS", jwks),
    "metadata": ("metadata", metadata),
}


def measure(providers: dict[str, Provider], prepare, options) -> dict[str, Measured]:
    """Medians; each round measures both, so that they see the same changes of the machine."""
    figures: dict[str, list[Measured]] = {name: [] for name in providers}
    for _ in range(options.rounds):
        for name, provider in providers.items():
            # Each measurement has tokens and codes of its own.
            provider.load(1, *prepare(provider))
            figures[name].append(provider.load(options.seconds, *prepare(provider)))
    return {name: Measured(median(m.rate for m in all_), median(m.cpu for m in all_)) for name, all_ in figures.items()}


def start(server: Server) -> float:
    with server.running() as running:
        return running.start_seconds * 1000


def build(folder: Path, core: int, program: Path | None) -> dict[str, Server]:
    reference = ROOT / "benches/reference/oidc-provider"
    if not (reference / "node_modules/.package-lock.json").exists():
        subprocess.run(["npm", "ci", "--no-progress", "--ignore-scripts"], cwd=reference, check=True)
    if program is None:
        subprocess.run(["cargo", "build", "--release", "--locked", "-p", "recipes-server", "--bin", "recipes"], cwd=ROOT, check=True)
        described = subprocess.check_output(["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"], cwd=ROOT)
        program = Path(json.loads(described)["target_directory"]) / "release/recipes"
    shutil.rmtree(folder, ignore_errors=True)
    ours = Server("ours", [str(program.resolve(strict=True))], folder / "ours", core)
    theirs = Server("oidc-provider", ["node", str(reference / "server.js")], folder / "oidc-provider", core)
    for server, register in ((ours, register_at_ours), (theirs, register_at_theirs)):
        # The first start makes the keys.
        with server.running() as running:
            clients = register(server, running)
            (server.home / "registered.json").write_text(json.dumps(clients))
    return {"ours": ours, "theirs": theirs}


def register_at_ours(server: Server, running: Running) -> list[dict]:
    running.call("POST", "/api/v1/users/signup", ACCOUNT)
    running.call("GET", "/oauth/jwks.json")
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "sqlite:recipes.db", "JWT_SECRET": SECRET}
    kinds = {"web": "web", "opaque": "web", "service": "service"}
    clients = []
    for name, kind in kinds.items():
        words = ["clients", "add", name, "--kind", kind, "--json"]
        words += ["--redirect-uri", CALLBACK, "--first-party"] if kind == "web" else ["--scope", "recipes:read"]
        added = json.loads(subprocess.check_output([*server.command, *words], cwd=server.home, env=environment))
        clients.append(added | {"name": name})
    return clients


def register_at_theirs(server: Server, _: Running) -> list[dict]:
    web = {"grant_types": ["authorization_code", "refresh_token"], "redirect_uris": [CALLBACK]}
    service = {"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": []}
    clients = []
    for name, kind in {"web": web, "opaque": web | {"opaque": True}, "service": service}.items():
        clients.append(kind | {"client_id": f"c_{name}", "client_secret": secrets.token_urlsafe(32)})
    (server.home / "clients.json").write_text(json.dumps(clients))
    return [client | {"name": client["client_id"].removeprefix("c_")} for client in clients]


def print_table(rows: dict[str, dict[str, Measured]], small: dict[str, dict[str, float]]):
    print("| a second, one core (µs of processor time each) | oidc-provider | **ours** | ratio |\n|---|---|---|---|")
    for label, figures in rows.items():
        theirs, ours = figures["theirs"], figures["ours"]
        cells = " | ".join(f"{one.rate:,.0f} ({one.cpu:,.0f})" for one in (theirs, ours))
        print(f"| {label} | {cells} | {ours.rate / theirs.rate:.1f} ({theirs.cpu / ours.cpu:.1f}) |")
    for label, figures in small.items():
        print(f"| {label} | {figures['theirs']:.0f} | {figures['ours']:.0f} | {figures['ours'] / figures['theirs']:.2f} |")


def versions(program: Path | None) -> str:
    pinned = json.loads((ROOT / "benches/reference/oidc-provider/package.json").read_text())["dependencies"]["oidc-provider"]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    node = subprocess.check_output(["node", "--version"], text=True).strip()
    ours = f"at {commit or 'unknown'}" if program is None else f"a build that was given ({program.name})"
    return f"ours {ours}, oidc-provider {pinned}, node {node}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of 2 s: about a minute, rough figures")
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of which the median counts (default: 3)")
    parser.add_argument("--only", action="append", choices=ROWS, metavar="ROW", help=f"one of {', '.join(ROWS)}; repeatable")
    parser.add_argument("--program", type=Path, help="a built `recipes`; without it, a release build is made")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/provider", help="for the databases, on the disk to measure")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 2, 1
    return options


if __name__ == "__main__":
    main()
