// Three applications, one log-in: two Express applications as in the tutorial, with passport-jwt and jwks-rsa, and our recipes as a
// resource server delegate to one authorization server, in a real browser. RECIPES is the program. It prints what the README shows.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import jwksRsa from "jwks-rsa";
import * as oidc from "openid-client";
import passport from "passport";
import { ExtractJwt, Strategy } from "passport-jwt";
import { launch } from "./browser.mjs";

const folder = mkdtempSync(join(tmpdir(), "recipes-"));
const [issuer, recipes, kitchen, menu] = (await freePorts(4)).map((port) => `http://127.0.0.1:${port}`);
const resources = [recipes, kitchen, menu].map((origin) => `${origin}/api/v1`);

const accounts = server("accounts", issuer, { ACCOUNTS_ONLY: "true", RESOURCES: resources.join() });
accounts.run("users", "add", "ada@example.com", "--name", "Ada", "--password-stdin");
const register = (name, origin) => {
  const rest = ["--redirect-uri", `${origin}/callback`, "--audience", `${origin}/api/v1`, "--audience", `${recipes}/api/v1`];
  const scopes = ["openid", "profile", "email", "recipes:read", "recipes:write"].flatMap((scope) => ["--scope", scope]);
  return JSON.parse(accounts.run("clients", "add", name, "--kind", "web", ...rest, ...scopes, "--json"));
};
const kitchenClient = register("Kitchen Timer", kitchen);
const menuClient = register("Menu of the Week", menu);

const stops = [];
const browser = await launch();
stops.push(() => browser.close());
try {
  for (const program of [accounts, server("recipes", recipes, { ISSUER: issuer })]) {
    const child = program.serve();
    stops.push(() => child.kill());
    await ready(program.origin);
  }
  stops.push(await expressApp(kitchen, kitchenClient), await expressApp(menu, menuClient));
  console.log(`${issuer} has the accounts; the recipes, Kitchen Timer and Menu of the Week have none`);
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  page.setDefaultTimeout(20_000);

  await page.goto(`${kitchen}/login`);
  assert.equal(new URL(page.url()).origin, issuer, "the application has no log-in of its own");
  await picture(page, "log-in");
  await page.fill("input[name=email]", "ada@example.com");
  await page.fill("input[name=password]", "wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("is wrong").waitFor();
  await picture(page, "log-in-wrong");
  await page.fill("input[name=password]", "a stitch in thyme");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Kitchen Timer wants to:" }).waitFor();
  await picture(page, "consent");
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(`${kitchen}/callback**`);
  const first = JSON.parse(await page.textContent("body"));
  console.log(`Kitchen Timer: Ada logs in at ${issuer} and allows it`);

  await page.goto(`${menu}/login`);
  await page.getByRole("heading", { name: "Menu of the Week wants to:" }).waitFor(); // no password: one log-in for all
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(`${menu}/callback**`);
  const second = JSON.parse(await page.textContent("body"));
  assert.equal(first.claims.sub, second.claims.sub, "the same user for both");
  console.log("Menu of the Week: Ada allows it, without a password");

  // Each API accepts the tokens that are for it, and verifies them without a request.
  const hello = `Hello, ${first.claims.sub}`;
  assert.deepEqual(await ask("Kitchen Timer", kitchen, "its token", first.access_token), [200, hello]);
  assert.deepEqual(await ask("Menu of the Week", menu, "its token", second.access_token), [200, hello]);
  assert.equal((await ask("Menu of the Week", menu, "the token of Kitchen Timer", first.access_token))[0], 401);
  assert.equal((await ask("Kitchen Timer", kitchen, "its ID token", first.id_token))[0], 401);

  // The recipes, with a token for them that the refresh token of the kitchen brings.
  const config = await discover(kitchenClient);
  const forRecipes = await oidc.refreshTokenGrant(config, first.refresh_token, { resource: `${recipes}/api/v1` });
  const headers = { authorization: `Bearer ${forRecipes.access_token}`, "content-type": "application/json" };
  const soup = { name: "Soup", healthLabels: ["Vegan"], cookTimeMinutes: 60, prepTimeMinutes: 10, ingredients: ["salt"], visibility: "private" };
  const made = await fetch(`${recipes}/api/v1/recipes`, { method: "POST", headers, body: JSON.stringify(soup) });
  console.log(`POST /api/v1/recipes at the recipes with a token for them: ${made.status}`);
  assert.equal(made.status, 201, await made.text());
  const mine = await (await fetch(`${recipes}/api/v1/recipes`, { headers })).json();
  assert.equal(mine.data.length, 1);
  const withOther = await fetch(`${recipes}/api/v1/recipes`, { headers: { authorization: `Bearer ${first.access_token}` } });
  console.log(`GET /api/v1/recipes at the recipes with the token of Kitchen Timer: ${withOther.status}`);
  assert.equal(withOther.status, 401, "a token for the kitchen");

  // Errors about a redirect URI are shown, and the user stays here.
  await page.goto(`${issuer}/oauth/authorize?client_id=${kitchenClient.client_id}&response_type=code&redirect_uri=https://evil.example/`);
  await page.getByText("https://evil.example/").waitFor();
  await picture(page, "error");

  // The end of the session ends what it gave. The recipes follow the list of ended grants, which is good for 5 seconds.
  await page.goto(`${issuer}/oauth/logout`);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("You are logged out").waitFor();
  const begun = Date.now();
  while ((await fetch(`${recipes}/api/v1/recipes`, { headers })).status === 200) {
    assert.ok(Date.now() - begun < 6_500, "the recipes still accept the token");
    await new Promise((done) => setTimeout(done, 50));
  }
  console.log("Ada logs out: within 6 seconds the recipes refuse the token too");
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}

// The application of the tutorial, which keeps no password: it sends its users to the authorization server, and verifies each
// access token with the published keys.
async function expressApp(origin, client) {
  const app = express();
  const strategy = new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: jwksRsa.passportJwtSecret({ jwksUri: `${issuer}/oauth/jwks.json`, cache: true, rateLimit: true }),
      issuer,
      audience: `${origin}/api/v1`,
      algorithms: ["ES256"],
    },
    (payload, done) => done(null, { id: payload.sub }),
  );
  const authenticator = new passport.Passport().use(strategy);
  app.get("/me", authenticator.authenticate("jwt", { session: false }), (request, response) => response.send(`Hello, ${request.user.id}`));

  const config = await discover(client);
  const [verifier, state] = [oidc.randomPKCECodeVerifier(), oidc.randomState()];
  app.get("/login", async (_, response) => {
    const code_challenge = await oidc.calculatePKCECodeChallenge(verifier);
    const scope = "openid profile recipes:read recipes:write";
    const asked = { redirect_uri: `${origin}/callback`, scope, state, code_challenge, code_challenge_method: "S256" };
    response.redirect(oidc.buildAuthorizationUrl(config, asked).href);
  });
  app.get("/callback", async (request, response) => {
    const address = new URL(request.originalUrl, origin);
    const tokens = await oidc.authorizationCodeGrant(config, address, { pkceCodeVerifier: verifier, expectedState: state });
    const { access_token, refresh_token, id_token } = tokens;
    response.type("text").send(JSON.stringify({ access_token, refresh_token, id_token, claims: tokens.claims() }));
  });
  const listener = await new Promise((listening) => {
    const listener = app.listen(Number(new URL(origin).port), "127.0.0.1", () => listening(listener));
  });
  return () => {
    listener.close();
    listener.closeAllConnections();
  };
}

function discover(client) {
  const options = { execute: [oidc.allowInsecureRequests] };
  return oidc.discovery(new URL(issuer), client.client_id, client.client_secret, undefined, options);
}

async function ask(name, origin, kind, token) {
  const answer = await fetch(`${origin}/me`, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  console.log(`GET /me at ${name} with ${kind}: ${answer.status} ${text}`);
  return [answer.status, text];
}

// The program with a folder of its own.
function server(name, origin, settings) {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  const env = { PATH: process.env.PATH, DATA_DIR: cwd, PORT: new URL(origin).port, PUBLIC_URL: origin, ...settings };
  const run = (...words) => execFileSync(process.env.RECIPES, words, { cwd, env, input: "a stitch in thyme\n" }).toString();
  return { origin, run, serve: () => spawn(process.env.RECIPES, ["serve"], { cwd, env, stdio: "ignore" }) };
}

// For the documentation: in light and dark colours, on a phone and a desk.
async function picture(page, name) {
  const target = process.env.PICTURES;
  if (!target) return;
  for (const colorScheme of ["light", "dark"]) {
    for (const [kind, size] of [["phone", { width: 390, height: 844 }], ["desk", { width: 1280, height: 800 }]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(size);
      await page.screenshot({ path: join(target, `${name}-${kind}-${colorScheme}.png`) });
    }
  }
}

async function ready(origin) {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`${origin}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${origin} does not start`);
}

async function freePorts(count) {
  const listeners = await Promise.all(
    Array.from({ length: count }, () => new Promise((found) => {
      const listener = createServer().listen(0, "127.0.0.1", () => found(listener));
    })),
  );
  const ports = listeners.map((listener) => listener.address().port);
  await Promise.all(listeners.map((listener) => new Promise((closed) => listener.close(closed))));
  return ports;
}
