#!/usr/bin/env python3
"""Authlib at our authorization server: e2e/authorization-authlib.py, with RECIPES=path/to/recipes.

Discovery, code and PKCE, ID token, userinfo, refresh, introspection, revocation; then the same client kind with a key in place of a secret
(`private_key_jwt`), whose assertions name the token endpoint, as Authlib has it; and client credentials.
"""
import json, os, secrets, shutil, subprocess, tempfile
from pathlib import Path

# Authlib accepts http only if it is told so.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
import requests

from replicas_setup import Server, free_port, request
from user_agent import Browser, submit

PASSWORD = "a stitch in thyme"
CALLBACK = "https://kitchen.example/callback"
SCOPE = "openid email offline_access recipes:read"


def main():
    folder, port = Path(tempfile.mkdtemp()), free_port()
    issuer = f"http://127.0.0.1:{port}"
    settings = {"DATA_DIR": str(folder), "PUBLIC_URL": issuer}

    def add(*words):
        return json.loads(subprocess.check_output([os.environ["RECIPES"], "clients", "add", *words, "--json"], env=settings))

    key = ECKey.generate_key("P-256", {"kid": "authlib", "alg": "ES256", "use": "sig"})
    (folder / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    web = add("Kitchen Timer", "--kind", "web", "--redirect-uri", CALLBACK)
    signer = add("Kitchen Scale", "--kind", "web", "--redirect-uri", CALLBACK, "--jwks", str(folder / "keys.json"),
                 "--assertion-audience", "token-endpoint")
    service = add("Backup", "--kind", "service", "--scope", "recipes:read")
    server = Server(folder, port, 0, {"PUBLIC_URL": issuer})
    try:
        status, answer = request(port, "POST", "/api/v1/users/signup", {"name": "Ada", "email": "ada@example.org", "password": PASSWORD})
        assert status == 200, answer
        metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
        keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
        browser = Browser(stops_at=CALLBACK)

        def log_in(session):
            verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
            address, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
            url, status, _, page = browser.ask(address)
            if "/oauth/log-in" in url and not url.startswith(CALLBACK):
                url, status, _, page = submit(browser, url, page, email="ada@example.org", password=PASSWORD)
            if not url.startswith(CALLBACK):
                url, status, _, page = submit(browser, url, page, decision="allow")
            tokens = session.fetch_token(metadata["token_endpoint"], authorization_response=url, state=state, code_verifier=verifier)
            claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
            CodeIDToken(claims, {}, {"iss": {"values": [issuer]}, "aud": {"values": [session.client_id]}}, {"nonce": nonce}).validate()
            return tokens, claims

        session = OAuth2Session(web["client_id"], web["client_secret"], scope=SCOPE, redirect_uri=CALLBACK, code_challenge_method="S256")
        tokens, claims = log_in(session)
        user = session.get(metadata["userinfo_endpoint"]).json()
        assert (user["sub"], user["email"]) == (claims["sub"], "ada@example.org"), user
        assert session.get(f"{issuer}/api/v1/recipes").status_code == 200
        refreshed = session.refresh_token(metadata["token_endpoint"])
        assert refreshed["refresh_token"] != tokens["refresh_token"]
        about = session.introspect_token(metadata["introspection_endpoint"], token=refreshed["access_token"]).json()
        assert (about["active"], about["sub"]) == (True, claims["sub"]), about
        assert session.revoke_token(metadata["revocation_endpoint"], token=refreshed["refresh_token"]).status_code == 200
        about = session.introspect_token(metadata["introspection_endpoint"], token=refreshed["access_token"]).json()
        assert about == {"active": False}, about

        method = PrivateKeyJWT(metadata["token_endpoint"], alg="ES256")
        signing = OAuth2Session(signer["client_id"], key, "private_key_jwt", scope=SCOPE, redirect_uri=CALLBACK, code_challenge_method="S256")
        signing.register_client_auth_method(method)
        _, signed = log_in(signing)
        assert signed["sub"] == claims["sub"]

        own = OAuth2Session(service["client_id"], service["client_secret"], scope="recipes:read")
        token = own.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        assert token["scope"] == "recipes:read", token
        print("Authlib: code and PKCE, ID token, userinfo, refresh, introspection, revocation, private_key_jwt, client credentials")
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


main()
