// A page with scripts at our authorization server: oidc-client-ts in a real browser, as a client that must prove possession of its key.
// RECIPES is the program.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch } from "./browser.mjs";

const library = readFileSync(new URL("node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js", import.meta.url));
const [site, recipesPort] = [createServer(serve), await freePort()];
await new Promise((listening) => site.listen(0, "127.0.0.1", listening));
// By another name than the authorization server's: for the browser they are different sites, so no cookie of one reaches the other.
const home = `http://localhost:${site.address().port}`;
const issuer = `http://127.0.0.1:${recipesPort}`;

const folder = mkdtempSync(join(tmpdir(), "recipes-"));
const environment = { ...process.env, DATA_DIR: folder, PORT: String(recipesPort), PUBLIC_URL: "", CORS_ORIGINS: home };
const recipes = (...words) => execFileSync(process.env.RECIPES, words, { cwd: folder, env: environment, input: "a stitch in thyme\n" }).toString();
recipes("users", "add", "ada@example.com", "--name", "Ada", "--password-stdin");
const addresses = ["--redirect-uri", `${home}/`, "--post-logout-redirect-uri", `${home}/`];
const client = JSON.parse(recipes("clients", "add", "Kitchen Board", "--kind", "browser", ...addresses, "--require-dpop", "--json"));
const server = spawn(process.env.RECIPES, ["serve"], { cwd: folder, env: environment, stdio: "ignore" });
const browser = await launch();
try {
  for (let tries = 0; tries < 200 && !(await fetch(`${issuer}/readyz`).catch(() => null))?.ok; tries += 1) {
    await new Promise((done) => setTimeout(done, 50));
  }
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  page.setDefaultTimeout(20_000);
  await page.goto(`${home}/`);

  // Code and PKCE, and a key that scripts cannot read out.
  await page.evaluate(() => void manager.signinRedirect());
  await page.fill("input[name=email]", "ada@example.com");
  await page.fill("input[name=password]", "a stitch in thyme");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(`${home}/?code=**`);
  const user = await page.evaluate(async () => JSON.parse(JSON.stringify(await manager.signinCallback())));
  assert.equal(user.token_type, "DPoP");

  // Userinfo and the API, which are of another origin: with a proof and without.
  const read = (path, proves) => page.evaluate(async ([url, proves]) => {
    const user = await manager.getUser();
    const proof = proves && (await manager.dpopProof(url, user, "GET"));
    const headers = proves ? { authorization: `DPoP ${user.access_token}`, dpop: proof } : { authorization: `Bearer ${user.access_token}` };
    const answer = await fetch(url, { headers });
    return [answer.status, await answer.json()];
  }, [`${issuer}${path}`, proves]);
  const [status, claims] = await read("/oauth/userinfo", true);
  assert.deepEqual([status, claims.sub, claims.email], [200, user.profile.sub, "ada@example.com"]);
  assert.equal((await read("/api/v1/recipes", true))[0], 200);
  assert.equal((await read("/api/v1/recipes", false))[0], 401);

  // Silent renewal, with the refresh token and a proof.
  const renewed = await page.evaluate(async () => JSON.parse(JSON.stringify(await manager.signinSilent())));
  assert.equal(renewed.profile.sub, user.profile.sub);
  assert.notEqual(renewed.access_token, user.access_token);
  assert.notEqual(renewed.refresh_token, user.refresh_token);
  assert.equal((await read("/api/v1/recipes", true))[0], 200);

  // Log-out at the authorization server; afterwards it asks for the password again.
  await page.evaluate(() => void manager.signoutRedirect());
  await page.waitForURL(`${home}/`);
  await page.evaluate(() => void manager.signinRedirect());
  await page.locator("input[name=password]").waitFor();
  console.log("oidc-client-ts in a browser: code and PKCE, DPoP, userinfo, silent renewal, the API of another origin, log-out");
} finally {
  await browser.close();
  server.kill();
  site.close();
  site.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
}

function serve(request, response) {
  if (request.url === "/oidc-client-ts.js") return response.setHeader("content-type", "text/javascript").end(library);
  const settings = { authority: issuer, client_id: client.client_id, redirect_uri: `${home}/`, post_logout_redirect_uri: `${home}/` };
  response.setHeader("content-type", "text/html").end(`<!doctype html><title>Kitchen Board</title><script src="/oidc-client-ts.js"></script>
    <script>
      const manager = new oidc.UserManager({
        ...${JSON.stringify(settings)},
        scope: "openid email offline_access recipes:read",
        automaticSilentRenew: false,
        dpop: { bind_authorization_code: true, store: new oidc.IndexedDbDPoPStore() },
      });
    </script>`);
}

function freePort() {
  return new Promise((found) => {
    const listener = createServer().listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => found(port));
    });
  });
}
