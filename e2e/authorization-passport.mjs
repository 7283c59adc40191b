// passport-openidconnect on Express at our authorization server: its client has no PKCE, so it is registered without. RECIPES is the
// program.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import passport from "passport";
import Strategy from "passport-openidconnect";
import { UserAgent, formOf } from "./user-agent.mjs";

const [ours, theirs] = [await freePort(), await freePort()];
const [issuer, site] = [`http://127.0.0.1:${ours}`, `http://127.0.0.1:${theirs}`];
const folder = mkdtempSync(join(tmpdir(), "recipes-"));
const environment = { ...process.env, DATA_DIR: folder, PORT: String(ours), PUBLIC_URL: "" };
const recipes = (...words) => execFileSync(process.env.RECIPES, words, { cwd: folder, env: environment, input: "a stitch in thyme\n" }).toString();
recipes("users", "add", "ada@example.com", "--name", "Ada", "--password-stdin");
const add = (...more) => JSON.parse(recipes("clients", "add", "Kitchen Timer", "--kind", "web", "--redirect-uri", `${site}/callback`, ...more, "--json"));
const [without, withPkce] = [add("--without-pkce"), add()];
const server = spawn(process.env.RECIPES, ["serve"], { cwd: folder, env: environment, stdio: "ignore" });
const session = {};
let authenticate;
const listener = express()
  .use((request, _, next) => {
    request.session = session;
    next();
  })
  .get("/login", (request, ...rest) => authenticate(request, ...rest))
  .get("/callback", (request, ...rest) => authenticate(request, ...rest), (request, response) => response.json(request.user))
  .use((error, _, response, __) => response.status(500).send(String(error.message)))
  .listen(theirs, "127.0.0.1");

try {
  for (let tries = 0; tries < 200 && !(await fetch(`${issuer}/readyz`).catch(() => null))?.ok; tries += 1) {
    await new Promise((done) => setTimeout(done, 50));
  }
  authenticate = authenticator(without);
  const agent = new UserAgent();
  const logIn = formOf(await agent.follow(await agent.ask(`${site}/login`)));
  const credentials = { ...logIn.fields, email: "ada@example.com", password: "a stitch in thyme" };
  const consent = formOf(await agent.follow(await agent.ask(logIn.action, credentials)));
  const answer = await agent.ask(consent.action, { ...consent.fields, decision: "allow" });
  const callback = answer.location;
  const user = JSON.parse((await agent.ask(callback)).text);
  assert.deepEqual([user.displayName, user.emails], ["Ada", [{ value: "ada@example.com" }]]);
  assert.equal((await agent.ask(callback)).status, 403, "an address that was used");

  authenticate = authenticator(withPkce);
  const refused = await agent.follow(await agent.ask(`${site}/login`), (address) => address.startsWith(`${site}/callback`));
  assert.equal(new URL(refused.location).searchParams.get("error"), "invalid_request", "only a client that says so may leave out PKCE");
  console.log("passport-openidconnect: a log-in without PKCE for the client that was registered so, and for no other");
} finally {
  server.kill();
  listener.close();
  listener.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
}

function authenticator({ client_id: clientID, client_secret: clientSecret }) {
  const endpoints = { authorizationURL: `${issuer}/oauth/authorize`, tokenURL: `${issuer}/oauth/token`, userInfoURL: `${issuer}/oauth/userinfo` };
  const options = { issuer, clientID, clientSecret, callbackURL: `${site}/callback`, scope: ["profile", "email"], skipUserProfile: false, ...endpoints };
  const strategy = new Strategy(options, (_, profile, done) => done(null, profile));
  return new passport.Passport().use(strategy).authenticate("openidconnect", { session: false });
}

function freePort() {
  return new Promise((found) => {
    const listener = createServer().listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => found(port));
    });
  });
}
