#!/usr/bin/env python3
"""Catches the program's mails: RECIPES=path/to/recipes PYTHON e2e/mail.py, where PYTHON has aiosmtpd.

A mail server on loopback receives the mails that the real program sends over SMTP. A user signs up, follows the link in a
browser, forgets the password and chooses another. None of the secrets on the way may be in the log, even at level trace.
"""

import json
import os
import queue
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller

HERE = Path(__file__).resolve().parent
PATIENCE = 30  # seconds for a mail to arrive
OLD, NEW, COMMON = "a stitch in thyme", "ten little onions", "password1"


class Mailbox:
    """Keeps the mails that arrive."""

    def __init__(self):
        self.mails = queue.Queue()
        self.tried = set()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        # Greylisting: the first attempt of an unknown sender is answered with "try again later".
        if address == "later@example.org" and address not in self.tried:
            self.tried.add(address)
            return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.put((envelope.mail_from, envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 taken"

    def token(self, to, page, site):
        """The token in the link of the next mail."""
        sender, recipients, mail = self.mails.get(timeout=PATIENCE)
        same("envelope", (sender, recipients), ("kitchen@example.com", [to]))
        same("From", mail["from"], "Kitchen <kitchen@example.com>")
        same("To", mail["to"], to)
        link = re.search(r"^(\S+)#(\S+)", mail.get_content(), re.M)
        same("link", link[1], f"{site}/account/{page}")
        return link[2]


def follow(link, *passwords):
    """Opens the link in a browser, presses the button of its page, and returns the messages that the page shows."""
    browser = ["node", HERE / "link.mjs", link, *passwords]
    return subprocess.run(browser, check=True, stdout=subprocess.PIPE, text=True, timeout=120).stdout.splitlines()


def same(what, got, want):
    if got != want:
        raise AssertionError(f"{what}: {got!r} instead of {want!r}")


class Api:
    def __init__(self, base):
        self.base = base

    def __call__(self, method, path, body=None, token=None):
        request = urllib.request.Request(f"{self.base}/api/v1/users{path}", method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        if token:
            request.add_header("authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or "null")


def walk(api, mailbox, site):
    """Signs up, verifies the address, resets the password. Returns every secret that was used."""
    ada = "ada@example.org"
    status, answer = api("POST", "/signup", {"name": "Ada", "email": ada, "password": OLD})
    same("sign-up", status, 200)
    token, refresh = answer["token"], answer["refreshToken"]
    same("verified at first", answer["user"]["emailVerified"], False)
    verification = mailbox.token(ada, "verify-email", site)
    same("the page", urllib.request.urlopen(f"{api.base}/account/verify-email").status, 200)
    same("verified by opening the link", api("GET", "/me", token=token)[1]["data"]["emailVerified"], False)
    link = f"{site}/account/verify-email#{verification}"
    same("verification", follow(link), ["Your e-mail address is verified."])
    same("verified", api("GET", "/me", token=token)[1]["data"]["emailVerified"], True)
    used = ["is not valid any more; request another mail"]
    same("verification again", follow(link), used)

    unknown = api("POST", "/password-reset", {"email": "unknown@example.org"})
    known = api("POST", "/password-reset", {"email": "ADA@example.org"})
    same("reset of an unknown address", unknown, known)
    reset = mailbox.token(ada, "reset-password", site)
    said = follow(f"{site}/account/reset-password#{reset}", COMMON, NEW)
    same("a common password", said[0].startswith("is a common password"), True)
    same("reset", said[1:], ["You have a new password. Log in with it."])
    same("the old session", api("GET", "/me", token=token)[0], 401)
    same("its refresh", api("POST", "/refresh", {"refreshToken": refresh})[0], 401)
    same("the old password", api("POST", "/login", {"email": ada, "password": OLD})[0], 401)
    status, answer = api("POST", "/login", {"email": ada, "password": NEW})
    same("the new password", status, 200)
    same("reset again", api("POST", "/password-reset/confirm", {"token": reset, "password": NEW})[0], 422)

    later = "later@example.org"
    same("sign-up", api("POST", "/signup", {"name": "Eve", "email": later, "password": OLD})[0], 200)
    patient = mailbox.token(later, "verify-email", site)
    same("mails that were not expected", mailbox.mails.qsize(), 0)
    return [OLD, NEW, token, refresh, answer["token"], answer["refreshToken"], verification, reset, patient]


def log_of_mails(log, count):
    """The log, once it contains so many sent mails: the mail server has a mail before the program logs it."""
    give_up = time.monotonic() + PATIENCE
    while (said := log.read_text()).count("was sent") < count:
        if time.monotonic() > give_up:
            raise AssertionError(f"the log tells of {said.count('was sent')} mails instead of {count}")
        time.sleep(0.05)
    return said


def main():
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        smtp = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=smtp)
    controller.start()
    settings = f"SMTP_URL=smtp://127.0.0.1:{smtp} MAIL_FROM=Kitchen<kitchen@example.com> LOG=trace"
    server = subprocess.Popen(
        # Prints its address, and ends when its standard input is closed.
        [HERE / "with-server", "bash", "-c", 'echo "$BASE_URL $SERVER_LOG"; cat'],
        env=os.environ | {"SETTINGS": settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        base, log = server.stdout.readline().split()
        secrets = walk(Api(base), mailbox, base)
        secrets.append((Path(log).parent / "data/jwt-secret").read_text().strip())
        said = log_of_mails(Path(log), 3)
        for secret in secrets:
            if secret in said:
                raise AssertionError(f"in the log: {secret}")
    finally:
        server.stdin.close()
        ended = server.wait(timeout=60)
        controller.stop()
    same("the server's end", ended, 0)
    print(f"3 mails caught, {len(secrets)} secrets, none in {len(said.splitlines())} lines of log")


if __name__ == "__main__":
    sys.exit(main())
