#!/usr/bin/env python3
"""Makes a project of the first manifest and the first program in the README of tower-passport, word by word, builds it, and
sends requests to it. Only one thing is added: where the unpublished crates are.

    e2e/first-steps.py TARGET_FOLDER
"""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECRET = b"An example. Yours is 32 random bytes."  # as in the program
ISSUER, AUDIENCE = "https://id.example", "https://recipes.example"


def main() -> None:
    target = pathlib.Path(sys.argv[1]).resolve()
    readme = (ROOT / "crates/tower-passport/README.md").read_text()
    manifest = block(readme, "toml")
    program = block(readme, "rust,no_run")

    project = target / "first-steps"
    (project / "src").mkdir(parents=True, exist_ok=True)
    package = '[package]\nname = "first-steps"\nversion = "0.1.0"\nedition = "2024"\n\n'
    patch = "\n[workspace]\n\n[patch.crates-io]\n" + "".join(
        f'{name} = {{ path = "{ROOT / "crates" / name}" }}\n' for name in ("strict-jose", "tower-passport")
    )
    (project / "Cargo.toml").write_text(package + manifest + patch)
    (project / "src/main.rs").write_text(program)
    # The same versions as in the workspace, so that not everything is compiled twice.
    shutil.copy(ROOT / "Cargo.lock", project)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    subprocess.run(["cargo", "build", "--manifest-path", project / "Cargo.toml"], env=environment, check=True)

    server = subprocess.Popen([target / "debug/first-steps"])
    try:
        check(wait_for_server(server))
    finally:
        server.kill()
        server.wait()
    print("The README's first project compiles and answers.")


def block(text: str, language: str) -> str:
    found = re.search(rf"^```{re.escape(language)}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found, f"the README has no block of {language}"
    return found[1]


def wait_for_server(server: subprocess.Popen) -> str:
    address = "http://127.0.0.1:3000"
    for _ in range(100):
        assert server.poll() is None, "the program has ended: is port 3000 in use?"
        try:
            ask(f"{address}/")
            return address
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the program does not answer")


def check(address: str) -> None:
    me = f"{address}/me"
    expect(ask(me), 401, '{"error":"no_credentials"', "Bearer")
    expect(ask(me, token("alice")), 200, "Hello, alice\n")
    expect(ask(me, token("bob")), 401, '{"error":"invalid_token"', 'Bearer error="invalid_token"')
    expect(ask(me, "forged"), 401, '{"error":"invalid_token"', 'Bearer error="invalid_token"')
    expect(ask(me, token("alice", secret=b"another secret")), 401, '{"error":"invalid_token"')
    expect(ask(f"{address}/nowhere"), 404, "")


def ask(url: str, bearer: str | None = None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})
    try:
        answer = urllib.request.urlopen(request, timeout=5)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers.get("www-authenticate"), answer.read().decode()


def expect(seen, status: int, body: str, challenge: str | None = None) -> None:
    assert seen[0] == status and seen[2].startswith(body), f"wanted {status} {body}, saw {seen}"
    assert challenge is None or seen[1] == challenge, f"wanted {challenge}, saw {seen}"


def token(sub: str, secret: bytes = SECRET) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": sub, "exp": int(time.time()) + 60}
    parts = [base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "at+jwt"}, claims)]
    signed = ".".join(parts)
    return f"{signed}.{base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
