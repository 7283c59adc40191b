// openid-client, a certified relying party, at our authorization server: every grant, from the registration of the client on.
// RECIPES is the program.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as oidc from "openid-client";
import { UserAgent, formOf } from "./user-agent.mjs";

const folder = mkdtempSync(join(tmpdir(), "recipes-"));
const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const callback = "https://kitchen.example/callback";
const goodbye = "https://kitchen.example/goodbye";
const environment = { ...process.env, DATA_DIR: folder, PORT: String(port), PUBLIC_URL: "" };
const recipes = (...words) => execFileSync(process.env.RECIPES, words, { cwd: folder, env: environment, input: "a stitch in thyme\n" }).toString();

recipes("users", "add", "ada@example.com", "--name", "Ada", "--password-stdin");
const web = JSON.parse(recipes("clients", "add", "Kitchen Timer", "--kind", "web", "--redirect-uri", callback, "--post-logout-redirect-uri", goodbye, "--json"));
const service = JSON.parse(recipes("clients", "add", "Backup", "--kind", "service", "--json"));
const server = spawn(process.env.RECIPES, ["serve"], { cwd: folder, env: environment, stdio: "ignore" });

try {
  await ready();
  const options = { execute: [oidc.allowInsecureRequests] };
  const config = await oidc.discovery(new URL(origin), web.client_id, web.client_secret, undefined, options);

  // Code and PKCE.
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const asked = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: "openid profile email offline_access recipes:read",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  const agent = new UserAgent();
  const atClient = (address) => address.startsWith(callback);
  const logIn = formOf(await agent.follow(await agent.ask(asked), atClient));
  const credentials = { ...logIn.fields, email: "ada@example.com", password: "a stitch in thyme" };
  const consent = formOf(await agent.follow(await agent.ask(logIn.action, credentials), atClient));
  const { location } = await agent.ask(consent.action, { ...consent.fields, decision: "allow" });
  assert.ok(atClient(location), location);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const tokens = await oidc.authorizationCodeGrant(config, new URL(location), checks);
  const { sub } = tokens.claims();

  // Userinfo and the API.
  const user = await oidc.fetchUserInfo(config, tokens.access_token, sub);
  assert.deepEqual([user.name, user.email], ["Ada", "ada@example.com"]);
  const get = (path, token) => fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await get("/api/v1/recipes", tokens.access_token)).status, 200);
  assert.equal((await get("/api/v1/users/me", tokens.access_token)).status, 403);
  assert.equal((await get("/api/v1/users/me", tokens.id_token)).status, 401);

  // Refresh.
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(refreshed.claims().sub, sub);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);

  // The consent is remembered, so a second log-in of the same browser shows no page.
  const again = new URL(asked);
  again.searchParams.set("state", "another");
  assert.equal(new URL((await agent.follow(await agent.ask(again), atClient)).location).searchParams.get("state"), "another");

  // The code a second time: refused, and what it gave ends.
  await assert.rejects(oidc.authorizationCodeGrant(config, new URL(location), checks), { error: "invalid_grant" });
  await assert.rejects(oidc.refreshTokenGrant(config, refreshed.refresh_token), { error: "invalid_grant" });

  // Introspection, revocation, log-out.
  const third = await oidc.authorizationCodeGrant(config, new URL((await agent.follow(await agent.ask(again), atClient)).location), {
    ...checks,
    expectedState: "another",
  });
  assert.equal((await oidc.tokenIntrospection(config, third.access_token)).sub, sub);
  await oidc.tokenRevocation(config, third.refresh_token);
  assert.equal((await oidc.tokenIntrospection(config, third.access_token)).active, false);
  const logOut = oidc.buildEndSessionUrl(config, { id_token_hint: third.id_token, post_logout_redirect_uri: goodbye, state });
  assert.equal((await agent.ask(logOut)).location, `${goodbye}?state=${state}`);
  assert.match((await agent.follow(await agent.ask(again), atClient)).url, /\/oauth\/log-in/, "logged out");

  // Client credentials.
  const backup = await oidc.discovery(new URL(origin), service.client_id, service.client_secret, undefined, options);
  const own = await oidc.clientCredentialsGrant(backup, { scope: "recipes:read", resource: `${origin}/api/v1` });
  assert.equal(own.scope, "recipes:read");
  console.log("openid-client: code and PKCE, userinfo, refresh, remembered consent, replay, introspection, revocation, log-out, client credentials");
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
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
