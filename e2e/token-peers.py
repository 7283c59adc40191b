#!/usr/bin/env python3
"""Keys and tokens traded between "recipes token" and the PyPI packages PyJWT and joserfc, both ways, with every algorithm,
and tokens that neither side may accept. RECIPES is the program."""

import base64
import json
import os
import re
import subprocess
import tempfile
import time
import warnings

import jwt as pyjwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from joserfc.errors import JoseError

# joserfc warns that RFC 9864 renames EdDSA; it supports both names, and so does the program.
warnings.filterwarnings("ignore", module="joserfc")

CLAIMS = {"iss": "https://id.example", "aud": "https://api.example", "sub": "7"}
EXPECTED = ["--iss", CLAIMS["iss"], "--aud", CLAIMS["aud"], "--typ", "at+jwt"]
ALGORITHMS = [family + bits for family in ("HS", "RS", "PS", "ES") for bits in ("256", "384", "512")] + ["EdDSA"]
CURVES = {"ES256": ("P-256", ec.SECP256R1), "ES384": ("P-384", ec.SECP384R1), "ES512": ("P-521", ec.SECP521R1)}
# PyJWT writes "key_ops": ["sign"] on private keys, which is not for the public ones.
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "key_ops"}


class PyJwt:
    """Its keys are those of the package cryptography; it reads and writes JWKs."""

    refusals = (pyjwt.PyJWTError,)

    def key(self, algorithm):
        algorithms = pyjwt.get_algorithm_by_name(algorithm)
        if algorithm.startswith("HS"):
            key = os.urandom(64)
        elif algorithm in CURVES:
            key = ec.generate_private_key(CURVES[algorithm][1]())
        elif algorithm == "EdDSA":
            key = ed25519.Ed25519PrivateKey.generate()
        else:
            key = rsa.generate_private_key(65537, 2048)
        return algorithms.to_jwk(key, as_dict=True)

    def sign(self, jwk, claims, algorithm):
        key = pyjwt.PyJWK(jwk, algorithm).key
        return pyjwt.encode(claims, key, algorithm, headers={"typ": "at+jwt", "kid": jwk["kid"]})

    def verify(self, jwk, token, algorithm):
        keys = pyjwt.PyJWKSet([jwk])
        key = keys[pyjwt.get_unverified_header(token)["kid"]].key
        options = {"require": ["exp"]}
        return pyjwt.decode(token, key, [algorithm], options, audience=CLAIMS["aud"], issuer=CLAIMS["iss"])


class Joserfc:
    refusals = (JoseError, ValueError)

    def key(self, algorithm):
        if algorithm.startswith("HS"):
            key = joserfc_jwk.OctKey.generate_key(512)
        elif algorithm in CURVES:
            key = joserfc_jwk.ECKey.generate_key(CURVES[algorithm][0])
        elif algorithm == "EdDSA":
            key = joserfc_jwk.OKPKey.generate_key("Ed25519")
        else:
            key = joserfc_jwk.RSAKey.generate_key(2048)
        return key.as_dict(private=True)

    def sign(self, jwk, claims, algorithm):
        header = {"alg": algorithm, "typ": "at+jwt", "kid": jwk["kid"]}
        return joserfc_jwt.encode(header, claims, joserfc_jwk.import_key(jwk), [algorithm])

    def verify(self, jwk, token, algorithm):
        keys = joserfc_jwk.KeySet.import_key_set({"keys": [jwk]})
        decoded = joserfc_jwt.decode(token, keys, [algorithm])
        essential = {"essential": True}
        registry = joserfc_jwt.JWTClaimsRegistry(
            exp=essential, **{name: {**essential, "value": CLAIMS[name]} for name in ("iss", "aud")}
        )
        registry.validate(decoded.claims)
        return decoded.claims


PEERS = {"PyJWT": PyJwt(), "joserfc": Joserfc()}


def main():
    kept = {}
    for algorithm in ALGORITHMS:
        ours = our_key(algorithm)
        assert joserfc_jwk.import_key(ours["published"]).thumbprint() == ours["jwk"]["kid"], algorithm
        for name, peer in PEERS.items():
            # An RSA key takes a second to make, so the six algorithms have one.
            kind = "RS256" if algorithm[0] in "RP" else algorithm
            if (name, kind) not in kept:
                kept[name, kind] = peer.key(kind)
            theirs = {**kept[name, kind], "alg": algorithm, "kid": "theirs"}
            they_take_ours(f"{algorithm} at {name}", peer, ours, theirs)
            we_take_theirs(f"{algorithm} of {name}", peer, ours, theirs)
        print(f"{algorithm}: {', '.join(PEERS)}, both ways")
    newer_name()


def they_take_ours(what, peer, ours, theirs):
    jwk, published, alg = ours["jwk"], ours["published"], ours["jwk"]["alg"]

    def refused(why, key, token, algorithm=alg):
        try:
            peer.verify(key, token, algorithm)
        except peer.refusals:
            return
        raise AssertionError(f"{what}: accepted, {why}")

    assert peer.verify(published, sign(jwk), alg)["sub"] == CLAIMS["sub"], what
    refused("flipped", published, flipped(sign(jwk)))
    refused("another key", {**public_part(theirs), "kid": jwk["kid"]}, sign(jwk))
    refused("expired", published, sign(jwk, ["--now", "1000"]))
    refused("for others", published, sign(jwk, claims={**CLAIMS, "aud": "elsewhere"}))
    refused("another algorithm", published, sign(jwk), "HS384" if alg == "HS256" else "HS256")
    # A key that they have made signs here, and verifies there.
    assert peer.verify(public_part(theirs), sign(theirs), alg)["sub"] == CLAIMS["sub"], f"{what}: with their key"


def we_take_theirs(what, peer, ours, theirs):
    jwk, alg, now = ours["jwk"], ours["jwk"]["alg"], int(time.time())
    good = {**CLAIMS, "exp": now + 60}
    token = peer.sign(theirs, good, alg)

    def check(code, reason, key, token):
        ended = verify(public_part(key), token)
        found = re.search(r"\((\w+)\)", ended.stderr)
        said = json.loads(ended.stdout)["sub"] if ended.returncode == 0 else found and found[1]
        assert (ended.returncode, said) == (code, reason), f"{what}: wanted {reason}: {ended}"

    check(0, CLAIMS["sub"], theirs, token)
    check(1, "bad_signature", theirs, flipped(token))
    check(1, "bad_signature", {**jwk, "kid": "theirs"}, token)
    check(1, "unknown_key", jwk, token)
    check(1, "expired", theirs, peer.sign(theirs, {**CLAIMS, "exp": now - 1}, alg))
    check(1, "wrong_audience", theirs, peer.sign(theirs, {**good, "aud": "elsewhere"}, alg))
    sibling = {"HS256": "HS384", "RS256": "PS256", "PS256": "RS256", "RS512": "RS384"}.get(alg)
    if sibling:
        check(1, "wrong_algorithm", {**theirs, "alg": sibling}, token)
    # A key that we have made signs there, and verifies here.
    check(0, CLAIMS["sub"], ours["published"], peer.sign(jwk, good, alg))


def newer_name():
    """RFC 9864 calls EdDSA with Ed25519 by another name."""
    theirs = {**PEERS["joserfc"].key("EdDSA"), "kid": "new"}
    token = PEERS["joserfc"].sign(theirs, {**CLAIMS, "exp": int(time.time()) + 60}, "Ed25519")
    for alg in ({"alg": "Ed25519"}, {"alg": "EdDSA"}, {}):
        ended = verify({**public_part(theirs), **alg}, token)
        assert ended.returncode == 0, f"Ed25519 for a key with {alg}: {ended}"


def our_key(algorithm):
    """A key of ours, and what of it is published."""
    jwk = json.loads(recipes(["keygen", "--alg", algorithm]))
    if jwk["kty"] == "oct":
        return {"jwk": jwk, "published": jwk}
    [published] = json.loads(recipes(["public", "--jwk", write(jwk), "--set"]))["keys"]
    return {"jwk": jwk, "published": published}


def sign(jwk, options=(), claims=CLAIMS):
    command = ["sign", "--jwk", write(jwk), "--typ", "at+jwt", "--exp-in", "60", *options]
    return recipes(command, json.dumps(claims)).strip()


def verify(jwk, token):
    """A published key in a set, as others would fetch it; a secret as it is."""
    key = ["--jwk", write(jwk)] if jwk["kty"] == "oct" else ["--jwks", write({"keys": [jwk]})]
    return run(["verify", *key, *EXPECTED, "-"], token)


def recipes(command, text=""):
    ended = run(command, text)
    assert ended.returncode == 0, ended
    return ended.stdout


def run(command, text):
    program = [os.environ["RECIPES"], "token", *command]
    return subprocess.run(program, input=text, capture_output=True, text=True, timeout=60, cwd=folder, env={})


def write(value):
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".json", delete=False) as file:
        json.dump(value, file)
    return file.name


def public_part(jwk):
    return {name: value for name, value in jwk.items() if name not in PRIVATE}


def flipped(token):
    signed, signature = token.rsplit(".", 1)
    signature = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    signature[len(signature) // 2] ^= 1
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


with tempfile.TemporaryDirectory(prefix="token-peers-") as folder:
    main()
