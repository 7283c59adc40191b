// openid-client at our authorization server: pushed requests, private_key_jwt, proofs of possession, the device grant, signed requests,
// back-channel log-out. RECIPES is the program.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as jose from "jose";
import * as oidc from "openid-client";
import { UserAgent, formOf } from "./user-agent.mjs";

const folder = mkdtempSync(join(tmpdir(), "recipes-"));
const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const callback = "https://kitchen.example/callback";
const environment = { ...process.env, DATA_DIR: folder, PORT: String(port), PUBLIC_URL: "" };
const recipes = (...words) => execFileSync(process.env.RECIPES, words, { cwd: folder, env: environment, input: "a stitch in thyme\n" }).toString();
const add = (...words) => JSON.parse(recipes("clients", "add", ...words, "--json"));
const options = { execute: [oidc.allowInsecureRequests] };
const atClient = (address) => address.startsWith(callback);

const logouts = [];
const receiver = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    logouts.push(new URLSearchParams(body).get("logout_token"));
    response.writeHead(204).end();
  });
});
await new Promise((listening) => receiver.listen(0, "127.0.0.1", listening));

const keys = await oidc.randomDPoPKeyPair("ES256", { extractable: true });
const kid = "client-key";
const jwks = { keys: [{ ...(await jose.exportJWK(keys.publicKey)), kid, alg: "ES256", use: "sig" }] };
writeFileSync(join(folder, "keys.json"), JSON.stringify(jwks));
recipes("users", "add", "ada@example.com", "--name", "Ada", "--password-stdin");
const web = add("Kitchen Timer", "--kind", "web", "--redirect-uri", callback, "--jwks", join(folder, "keys.json"), "--require-par",
  "--backchannel-logout-uri", `http://127.0.0.1:${receiver.address().port}/out`);
const native = add("Kitchen CLI", "--kind", "native", "--redirect-uri", callback, "--require-dpop", "--pairwise");
const television = add("Kitchen TV", "--kind", "native", "--device");
const server = spawn(process.env.RECIPES, ["serve"], { cwd: folder, env: environment, stdio: "ignore" });

try {
  await ready();

  // private_key_jwt, and a request that must be pushed.
  const authentication = oidc.PrivateKeyJwt({ key: keys.privateKey, kid });
  const signing = await oidc.discovery(new URL(origin), web.client_id, undefined, authentication, options);
  const verifier = oidc.randomPKCECodeVerifier();
  const request = { redirect_uri: callback, scope: "openid email recipes:read", code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" };
  const pushed = await oidc.buildAuthorizationUrlWithPAR(signing, request);
  assert.equal(pushed.searchParams.get("redirect_uri"), null);
  const browser = new UserAgent();
  const location = await allow(browser, pushed);
  const tokens = await oidc.authorizationCodeGrant(signing, location, { pkceCodeVerifier: verifier, idTokenExpected: true });
  assert.equal(tokens.claims().aud, web.client_id);

  // A request that is signed.
  const signed = await oidc.buildAuthorizationUrlWithJAR(signing, request, { key: keys.privateKey, kid });
  const refused = await new UserAgent().ask(signed);
  assert.match(refused.location, /error=invalid_request/, "this client must push");

  // Proofs of possession: the library answers the request for a nonce by itself.
  const cli = await oidc.discovery(new URL(origin), native.client_id, undefined, oidc.None(), options);
  const proofs = oidc.getDPoPHandle(cli, await oidc.randomDPoPKeyPair("ES256"));
  const asked = oidc.buildAuthorizationUrl(cli, request);
  const code = await allow(new UserAgent(), asked);
  const bound = await oidc.authorizationCodeGrant(cli, code, { pkceCodeVerifier: verifier, idTokenExpected: true }, undefined, { DPoP: proofs });
  assert.equal(bound.token_type, "dpop");
  assert.notEqual(bound.claims().sub, tokens.claims().sub, "pairwise");
  const api = new URL(`${origin}/api/v1/recipes`);
  const read = await oidc.fetchProtectedResource(cli, bound.access_token, api, "GET", null, undefined, { DPoP: proofs });
  assert.equal(read.status, 200);
  assert.equal((await fetch(api, { headers: { authorization: `Bearer ${bound.access_token}` } })).status, 401);
  const again = await oidc.refreshTokenGrant(cli, bound.refresh_token, undefined, { DPoP: proofs });
  const user = await oidc.fetchUserInfo(cli, again.access_token, bound.claims().sub, { DPoP: proofs });
  assert.equal(user.email, "ada@example.com");

  // A device.
  const device = await oidc.discovery(new URL(origin), television.client_id, undefined, oidc.None(), options);
  const begun = await oidc.initiateDeviceAuthorization(device, { scope: "openid recipes:read" });
  const polling = oidc.pollDeviceAuthorizationGrant(device, begun);
  const typed = formOf(await browser.follow(await browser.ask(begun.verification_uri_complete)));
  const question = formOf(await browser.ask(typed.action, { user_code: begun.user_code }));
  const done = await browser.ask(question.action, { ...question.fields, decision: "allow" });
  assert.match(done.text, /The device is connected/);
  assert.equal((await polling).claims().aud, television.client_id);

  // The end of the session reaches the client, whose library verifies the message.
  const page = formOf(await browser.ask(`${origin}/oauth/logout`));
  await browser.ask(page.action, page.fields);
  for (let tries = 0; tries < 100 && !logouts.length; tries += 1) await new Promise((next) => setTimeout(next, 100));
  const keySet = jose.createRemoteJWKSet(new URL(`${origin}/oauth/jwks.json`));
  const { payload } = await jose.jwtVerify(logouts[0], keySet, { issuer: origin, audience: web.client_id, typ: "logout+jwt" });
  assert.equal(payload.sid, tokens.claims().sid);
  assert.equal(logouts.length, 1);
  console.log("openid-client: pushed requests, private_key_jwt, DPoP, pairwise subjects, device grant, back-channel log-out");
} finally {
  server.kill();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
}

// Logs in if it must, and allows the request. Answers with the address of the client.
async function allow(agent, address) {
  const seen = await agent.follow(await agent.ask(address), atClient);
  const logIn = formOf(seen);
  const credentials = { ...logIn.fields, email: "ada@example.com", password: "a stitch in thyme" };
  const consent = formOf(await agent.follow(await agent.ask(logIn.action, credentials), atClient));
  const { location } = await agent.ask(consent.action, { ...consent.fields, decision: "allow" });
  assert.ok(atClient(location), location);
  return new URL(location);
}

async function ready() {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`${origin}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("the server does not start");
}

function freePort() {
  return new Promise((found) => {
    const listener = createServer().listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => found(port));
    });
  });
}
