// passport-jwt on Express verifies tokens of our libraries, and our libraries verify tokens of its library, with every algorithm
// that both support. STRANGER is the program in e2e/stranger.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createPublicKey, createSecretKey, generateKeyPairSync, randomBytes } from "node:crypto";
import express from "express";
import { createRequire } from "node:module";
import passport from "passport";
import { ExtractJwt, Strategy } from "passport-jwt";

// Express's side signs with what passport-jwt itself verifies with.
const jsonwebtoken = createRequire(createRequire(import.meta.url).resolve("passport-jwt"))("jsonwebtoken");
const ours = process.env.STRANGER;
const claims = { issuer: "https://id.example", audience: "https://recipes.example" };
const algorithms = ["HS", "RS", "PS", "ES"].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`));

for (const algorithm of algorithms) {
  await theirsTakesOurs(algorithm);
  await oursTakesTheirs(algorithm);
  console.log(`${algorithm}: both ways`);
}

async function theirsTakesOurs(algorithm) {
  const { token, jwk } = JSON.parse(execFileSync(ours, ["sign", algorithm], { encoding: "utf8", timeout: 60_000 }));
  const site = await expressSite(algorithm, jwk);
  try {
    const [head, payload, signature] = token.split(".");
    const other = Buffer.from(payload, "base64url").toString().replace("alice", "mallo");
    assert.deepEqual(await ask(site.origin, token), [200, "Hello, alice"], `${algorithm}: ours at theirs`);
    const forged = [head, Buffer.from(other).toString("base64url"), signature].join(".");
    assert.equal((await ask(site.origin, forged))[0], 401, `${algorithm}: forged, at theirs`);
  } finally {
    site.server.close();
    site.server.closeAllConnections();
  }
}

async function expressSite(algorithm, jwk) {
  const secretOrKey =
    jwk.kty === "oct" ? Buffer.from(jwk.k, "base64url") : createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
  const app = express();
  const authenticator = new passport.Passport();
  const options = { jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey, algorithms: [algorithm], ...claims };
  authenticator.use(new Strategy(options, (payload, done) => done(null, { name: payload.sub })));
  app.get("/me", authenticator.authenticate("jwt", { session: false }), (request, response) => response.send(`Hello, ${request.user.name}`));
  const server = await new Promise((listening) => {
    const server = app.listen(0, "127.0.0.1", () => listening(server));
  });
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

async function oursTakesTheirs(algorithm) {
  const { signing, jwk } = keyFor(algorithm);
  const site = await stranger({ ...jwk, alg: algorithm });
  try {
    const sign = (how) => jsonwebtoken.sign({}, signing, { algorithm, subject: "alice", expiresIn: 60, ...claims, ...how });
    assert.deepEqual(await ask(site.origin, sign({})), [200, "Hello, alice"], `${algorithm}: theirs at ours`);
    assert.equal((await ask(site.origin, sign({ expiresIn: -1 })))[0], 401, `${algorithm}: expired, at ours`);
    assert.equal((await ask(site.origin, sign({ audience: "elsewhere" })))[0], 401, `${algorithm}: for others, at ours`);
  } finally {
    site.process.kill();
  }
}

function keyFor(algorithm) {
  if (algorithm.startsWith("HS")) {
    const signing = createSecretKey(randomBytes(64));
    return { signing, jwk: signing.export({ format: "jwk" }) };
  }
  const curve = { ES256: "P-256", ES384: "P-384", ES512: "P-521" }[algorithm];
  const { privateKey, publicKey } = curve
    ? generateKeyPairSync("ec", { namedCurve: curve })
    : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { signing: privateKey, jwk: publicKey.export({ format: "jwk" }) };
}

async function stranger(jwk) {
  const process = spawn(ours, ["serve"], { stdio: ["pipe", "pipe", "inherit"] });
  process.stdin.end(`${JSON.stringify(jwk)}\n`);
  const origin = await new Promise((started, failed) => {
    process.stdout.once("data", (line) => started(line.toString().trim()));
    process.once("exit", (code) => failed(new Error(`stranger serve ended with ${code}`)));
  });
  return { process, origin };
}

async function ask(origin, token) {
  const answer = await fetch(`${origin}/me`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  return [answer.status, await answer.text()];
}
