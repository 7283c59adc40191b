#!/usr/bin/env python3
"""mod_auth_openidc at our authorization server: e2e/apache-openid.py, with RECIPES=path/to/recipes.

Apache shows a page to users who have logged in here. The end of the session here ends the one at Apache, by the back channel.
"""
import json, os, shutil, subprocess, sys, tempfile, time
from pathlib import Path
from replicas_setup import Server, free_port, request
from user_agent import Browser, submit

PASSWORD = "a stitch in thyme"
MODULES = "/usr/lib/apache2/modules"
CONFIGURATION = """
ServerName 127.0.0.1:{port}
{user}
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/apache.log
DocumentRoot {folder}/site
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client}
OIDCClientSecret {secret}
OIDCRedirectURI http://127.0.0.1:{port}/callback
OIDCScope "openid email"
OIDCPKCEMethod S256
OIDCRemoteUserClaim email
OIDCCryptoPassphrase a-random-text
<Location />
  AuthType openid-connect
  Require valid-user
  Header set X-User "expr=%{{REMOTE_USER}}"
</Location>
"""


def main():
    folder, port, ours = Path(tempfile.mkdtemp()), free_port(), free_port()
    folder.chmod(0o755)
    issuer, site = f"http://127.0.0.1:{ours}", f"http://127.0.0.1:{port}"
    (folder / "site").mkdir()
    (folder / "site/index.html").write_text("the page")
    (folder / "data").mkdir()
    apache = server = None
    try:
        settings = {"DATA_DIR": str(folder / "data"), "PUBLIC_URL": issuer}
        add = ["clients", "add", "Intranet", "--kind", "web", "--redirect-uri", f"{site}/callback", "--json",
               "--backchannel-logout-uri", f"{site}/callback?logout=backchannel"]
        client = json.loads(subprocess.check_output([os.environ["RECIPES"], *add], env=settings))
        server = Server(folder / "data", ours, 0, {"PUBLIC_URL": issuer})
        status, answer = request(ours, "POST", "/api/v1/users/signup", {"name": "Ada", "email": "ada@example.org", "password": PASSWORD})
        assert status == 200, answer
        values = {"folder": folder, "port": port, "modules": MODULES, "issuer": issuer}
        values["user"] = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        values |= {"client": client["client_id"], "secret": client["client_secret"]}
        (folder / "conf").write_text(CONFIGURATION.format(**values))
        if os.geteuid() == 0:
            shutil.chown(folder, "www-data")
        apache = subprocess.Popen(["apache2", "-f", f"{folder}/conf", "-D", "FOREGROUND"])
        time.sleep(1.5)

        browser = Browser()
        url, status, _, page = browser.ask(f"{site}/index.html")
        assert url.startswith(f"{issuer}/oauth/log-in"), (url, status, page)
        url, _, _, page = submit(browser, url, page, email="ada@example.org", password=PASSWORD)
        assert "Intranet wants to:" in page, page
        url, status, headers, page = submit(browser, url, page, decision="allow")
        assert (url, status, page) == (f"{site}/index.html", 200, "the page"), (url, status, page)
        assert headers["x-user"] == "ada@example.org", headers

        url, _, _, page = browser.ask(f"{issuer}/oauth/logout")
        _, _, _, page = submit(browser, url, page)
        assert "You are logged out" in page, page
        for _ in range(50):
            url, *_ = browser.ask(f"{site}/index.html")
            if url.startswith(issuer):
                break
            time.sleep(0.1)
        assert url.startswith(f"{issuer}/oauth/log-in"), "Apache still has the session"
        print("mod_auth_openidc: code and PKCE, userinfo, back-channel log-out")
    except BaseException:
        for log in [folder / "apache.log", *(folder / "data").glob("*.log")]:
            if log.exists():
                print(f"{log.name}:\n{log.read_text()[-3000:]}", file=sys.stderr)
        raise
    finally:
        if apache:
            apache.terminate()
            apache.wait(timeout=20)
        if server:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)


main()
