// Keys and tokens traded between "recipes token" and the npm packages jose and jsonwebtoken, both ways, with every
// algorithm that both sides support, and tokens that neither side may accept. RECIPES is the program.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as jose from "jose";
import jsonwebtoken from "jsonwebtoken";

const folder = mkdtempSync(join(tmpdir(), "token-peers-"));
const kept = {};
let files = 0;
const claims = { iss: "https://id.example", aud: "https://api.example", sub: "7" };
const expected = ["--iss", claims.iss, "--aud", claims.aud, "--typ", "at+jwt"];
const algorithms = [...["HS", "RS", "PS", "ES"].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`)), "EdDSA"];

// Each package behind the same three functions. Keys are JWKs.
const peers = {
  jose: {
    knows: () => true,
    key: async (algorithm) => {
      const key = algorithm.startsWith("HS")
        ? createSecretKey(randomBytes(64))
        : (await jose.generateKeyPair(algorithm, { extractable: true })).privateKey;
      return { ...(await jose.exportJWK(key)), alg: algorithm };
    },
    sign: async (jwk, payload, alg = jwk.alg) =>
      new jose.SignJWT(payload).setProtectedHeader({ alg, typ: "at+jwt", kid: jwk.kid }).sign(await jose.importJWK(jwk, alg)),
    verify: async (jwk, token, alg) => {
      const key = jwk.kty === "oct" ? await jose.importJWK(jwk, alg) : jose.createLocalJWKSet({ keys: [jwk] });
      const { issuer, audience } = { issuer: claims.iss, audience: claims.aud };
      return (await jose.jwtVerify(token, key, { issuer, audience, typ: "at+jwt", algorithms: [alg] })).payload;
    },
    thumbprint: jose.calculateJwkThumbprint,
  },
  jsonwebtoken: {
    knows: (algorithm) => algorithm !== "EdDSA",
    key: async (algorithm) => {
      const curve = { ES256: "P-256", ES384: "P-384", ES512: "P-521" }[algorithm];
      const key = algorithm.startsWith("HS")
        ? createSecretKey(randomBytes(64))
        : generateKeyPairSync(curve ? "ec" : "rsa", curve ? { namedCurve: curve } : { modulusLength: 2048 }).privateKey;
      return { ...key.export({ format: "jwk" }), alg: algorithm };
    },
    sign: async (jwk, payload, algorithm = jwk.alg) =>
      jsonwebtoken.sign(payload, nodeKey(jwk, createPrivateKey), { algorithm, keyid: jwk.kid, header: { typ: "at+jwt" } }),
    verify: async (jwk, token, algorithm) =>
      jsonwebtoken.verify(token, nodeKey(jwk, createPublicKey), { algorithms: [algorithm], issuer: claims.iss, audience: claims.aud }),
  },
};

try {
  for (const algorithm of algorithms) {
    const ours = ourKey(algorithm);
    const others = Object.entries(peers).filter(([, peer]) => peer.knows(algorithm));
    for (const [name, peer] of others) {
      // An RSA key takes a second to make, so the six algorithms have one.
      const kind = /^[RP]S/.test(algorithm) ? "RS256" : algorithm;
      kept[name + kind] ??= await peer.key(kind);
      const theirs = { ...kept[name + kind], alg: algorithm, kid: "theirs" };
      await theyTakeOurs(`${algorithm} at ${name}`, peer, ours, theirs);
      await weTakeTheirs(`${algorithm} of ${name}`, peer, ours, theirs);
    }
    console.log(`${algorithm}: ${others.map(([name]) => name).join(", ")}, both ways`);
  }
  await newerName();
} finally {
  rmSync(folder, { recursive: true });
}

async function theyTakeOurs(what, peer, { jwk, published }, theirs) {
  const { alg } = jwk;
  assert.equal((await peer.verify(published, sign(jwk), alg)).sub, claims.sub, what);
  if (peer.thumbprint) assert.equal(await peer.thumbprint(published), jwk.kid, `${what}: thumbprint`);
  const refused = (why, key, token, algorithm = alg) => assert.rejects(peer.verify(key, token, algorithm), `${what}: ${why}`);
  await refused("flipped", published, flipped(sign(jwk)));
  await refused("another key", { ...publicPart(theirs), kid: jwk.kid }, sign(jwk));
  await refused("expired", published, sign(jwk, ["--now", "1000"]));
  await refused("for others", published, sign(jwk, [], { ...claims, aud: "elsewhere" }));
  await refused("another algorithm", published, sign(jwk), alg === "HS256" ? "HS384" : "HS256");
  // A key that they have made signs here, and verifies there.
  assert.equal((await peer.verify(publicPart(theirs), sign(theirs), alg)).sub, claims.sub, `${what}: with their key`);
}

async function weTakeTheirs(what, peer, { jwk, published }, theirs) {
  const now = Math.floor(Date.now() / 1000);
  const good = { ...claims, exp: now + 60 };
  const token = await peer.sign(theirs, good);
  const is = (code, reason, key, token, options) => {
    const ended = verify(publicPart(key), token, options);
    assert.deepEqual([ended.status, ended.status === 0 ? JSON.parse(ended.stdout).sub : ended.stderr.match(/\((\w+)\)/)?.[1]], [code, reason], `${what}: ${ended.stderr}`);
  };
  is(0, claims.sub, theirs, token);
  is(1, "bad_signature", theirs, flipped(token));
  is(1, "bad_signature", { ...jwk, kid: "theirs" }, token);
  is(1, "unknown_key", jwk, token);
  is(1, "expired", theirs, await peer.sign(theirs, { ...claims, exp: now - 1 }));
  is(1, "wrong_audience", theirs, await peer.sign(theirs, { ...good, aud: "elsewhere" }));
  const sibling = { HS256: "HS384", RS256: "PS256", PS256: "RS256", RS512: "RS384" }[jwk.alg];
  if (sibling) is(1, "wrong_algorithm", { ...theirs, alg: sibling }, token);
  // A key that we have made signs there, and verifies here.
  is(0, claims.sub, published, await peer.sign(jwk, good));
}

// RFC 9864 calls EdDSA with Ed25519 by another name.
async function newerName() {
  const key = { ...(await peers.jose.key("EdDSA")), kid: "new" };
  const token = await peers.jose.sign(key, { ...claims, exp: Math.floor(Date.now() / 1000) + 60 }, "Ed25519");
  for (const alg of ["Ed25519", "EdDSA", undefined]) {
    assert.equal(verify({ ...publicPart(key), alg }, token).status, 0, `Ed25519 for a key with ${alg}`);
  }
}

// A key of ours, and what of it is published.
function ourKey(algorithm) {
  const jwk = JSON.parse(recipes(["keygen", "--alg", algorithm]));
  if (jwk.kty === "oct") return { jwk, published: jwk };
  const { keys } = JSON.parse(recipes(["public", "--jwk", write(jwk), "--set"]));
  assert.equal(keys.length, 1);
  return { jwk, published: keys[0] };
}

function sign(jwk, options = [], payload = claims) {
  return recipes(["sign", "--jwk", write(jwk), "--typ", "at+jwt", "--exp-in", "60", ...options], JSON.stringify(payload)).trim();
}

// A published key in a set, as others would fetch it; a secret as it is.
function verify(jwk, token, options = []) {
  const key = jwk.kty === "oct" ? ["--jwk", write(jwk)] : ["--jwks", write({ keys: [jwk] })];
  return run(["verify", ...key, ...expected, ...options, "-"], token);
}

function recipes(commandLine, input) {
  const { status, stdout, stderr } = run(commandLine, input);
  assert.equal(status, 0, stderr);
  return stdout;
}

function run(commandLine, input = "") {
  const ended = spawnSync(process.env.RECIPES, ["token", ...commandLine], { input, encoding: "utf8", timeout: 60_000, cwd: folder, env: {} });
  if (ended.error) throw ended.error;
  return ended;
}

function write(value) {
  const file = join(folder, `${files++}.json`);
  writeFileSync(file, JSON.stringify(value));
  return file;
}

function publicPart({ d, p, q, dp, dq, qi, ...rest }) {
  return rest;
}

function nodeKey(jwk, read) {
  return jwk.kty === "oct" ? Buffer.from(jwk.k, "base64url") : read({ key: jwk, format: "jwk" });
}

function flipped(token) {
  const [header, payload, signature] = token.split(".");
  const bytes = Buffer.from(signature, "base64url");
  bytes[bytes.length >> 1] ^= 1;
  return [header, payload, bytes.toString("base64url")].join(".");
}
