#!/usr/bin/env python3
"""Whether a server at work needs only system calls that its unit allows: system-calls.py UNIT PROGRAM WITH-SERVER, with the output of
"systemd-analyze syscall-filter" on standard input. The server is traced by strace."""
import json, os, re, subprocess, sys, tempfile, urllib.request
from pathlib import Path


def work(base):
    """One request of each kind: log-ins start threads, writes synchronize files."""

    def send(method, path, body=None, token=None):
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(base + path, body and json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response) if response.status in (200, 201) else None

    account = {"name": "Ada", "email": "ada@example.org", "password": "a stitch in thyme"}
    token = send("POST", "/api/v1/users/signup", account)["token"]
    recipe = {"name": "Soup", "healthLabels": ["Vegan"], "cookTimeMinutes": 1, "prepTimeMinutes": 1}
    recipe["ingredients"] = ["salt", "water"]
    recipe["description"] = "long enough to be compressed " * 100
    created = send("POST", "/api/v1/recipes", recipe, token)
    send("PUT", f"/api/v1/recipes/{created['data']['id']}", recipe, token)
    send("GET", "/api/v1/recipes", token=token)
    send("DELETE", f"/api/v1/recipes/{created['data']['id']}", token=token)
    send("POST", "/api/v1/users/password-reset", {"email": account["email"]})
    send("GET", "/readyz")


def allowed(unit, sets):
    """The calls of the sets that the unit lists, without those of the sets after a tilde."""
    calls = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        named = set().union(*(members(name, sets) for name in line.lstrip("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def members(name, sets):
    return set().union(*(members(each, sets) for each in sets[name])) if name.startswith("@") else {name}


def parse(text):
    sets, current = {}, None
    for line in text.splitlines():
        if line.startswith("@"):
            current = sets.setdefault(line.strip(), [])
        elif line.startswith("    ") and current is not None and not line.strip().startswith("#"):
            current.append(line.strip())
    return sets


def traced(program, with_server):
    with tempfile.TemporaryDirectory() as folder:
        wrapper, log = Path(folder, "recipes"), Path(folder, "calls")
        wrapper.write_text(f'#!/bin/sh\nexec strace -D -f -qq -o {log} {program} "$@"\n')
        wrapper.chmod(0o755)
        environment = os.environ | {"RECIPES": str(wrapper), "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([with_server, sys.executable, __file__], env=environment, check=True, timeout=90)
        return set(re.findall(r"^\d+ +(\w+)\(", log.read_text(errors="replace"), re.MULTILINE))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        work(os.environ["BASE_URL"])
    else:
        unit, program, with_server = sys.argv[1:]
        used = traced(program, with_server)
        assert {"fsync", "accept4", "clone3"} <= used, f"the trace is not complete: {sorted(used)}"
        refused = used - allowed(Path(unit).read_text(), parse(sys.stdin.read()))
        # The shell of the trace starts the program; systemd does it before the filter applies.
        refused -= {"execve"}
        # SQLite calls it only as root: new files get the owner of the database.
        refused -= {"fchown"} if os.geteuid() == 0 else set()
        assert not refused, f"the unit refuses: {sorted(refused)}"
        print(f"    {len(used)} kinds of calls")
