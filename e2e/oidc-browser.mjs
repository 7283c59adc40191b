// The example oidc_login in a real browser, with a certified OpenID provider: log in there with a password, consent, be
// greeted here, log out here and there. OIDC_LOGIN is the example's program.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { launch } from "./browser.mjs";
import { IdentityProvider, secret } from "./identity-provider.mjs";

const provider = await IdentityProvider.listen();
const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
provider.serve([{ id: "recipes", redirectUri: `${origin}/login`, afterLogout: `${origin}/goodbye` }]);
const settings = { PORT: port, BASE_URL: origin, ISSUER: provider.issuer, CLIENT_ID: "recipes", CLIENT_SECRET: secret, SECRET: secret };
const site = spawn(process.env.OIDC_LOGIN, [], { env: { PATH: process.env.PATH, ...settings }, stdio: "inherit" });
const browser = await launch();
try {
  await listens();
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);

  await page.goto(origin);
  assert.equal(new URL(page.url()).origin, provider.issuer, "a visitor without a session is sent to the provider");
  await page.fill("input[name=login]", "alice");
  await page.fill("input[name=password]", "open sesame");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL(`${origin}/`);
  assert.match(await page.textContent("body"), /^Hello, alice/);
  await page.reload();
  assert.match(await page.textContent("body"), /^Hello, alice/, "the cookie is enough");

  await page.getByRole("button", { name: "Log out" }).click();
  assert.equal(new URL(page.url()).origin, provider.issuer, "the log-out goes on there");
  await page.getByRole("button", { name: "Yes, sign me out" }).click();
  await page.waitForURL(`${origin}/goodbye`); // without the state, which was looked at
  assert.equal(await page.textContent("body"), "You are logged out.");
  const names = (await page.context().cookies(origin)).map((cookie) => cookie.name);
  const left = names.filter((name) => name === "session" || name.startsWith("tower-passport-flow-"));
  assert.deepEqual(left, [], "no session is left, and no log-out under way");
  await page.goto(origin);
  await page.waitForSelector("input[name=password]");
  console.log("logged in, greeted, and logged out here and there");
} finally {
  await browser.close();
  site.kill();
  provider.close();
}

async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

async function listens() {
  for (let tries = 0; ; tries += 1) {
    try {
      return await fetch(`${origin}/goodbye`, { signal: AbortSignal.timeout(2_000) });
    } catch (error) {
      if (tries === 100 || site.exitCode !== null) throw error;
      await new Promise((later) => setTimeout(later, 100));
    }
  }
}
