// Uses the front end of the documentation in a browser: served by the server itself, and by another program on another port,
// which is another origin. Logs in with cookies, adds a recipe, refreshes the session, logs out.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { launch } from "./browser.mjs";

const [file, port] = process.argv.slice(2);
const api = `http://localhost:${new URL(process.env.BASE_URL).port}`;
const page = await readFile(file, "utf8");
const elsewhere = page.replace('name="api" content=""', `name="api" content="${api}"`);
assert.notEqual(elsewhere, page);
const other = createServer((_, response) => response.setHeader("content-type", "text/html").end(elsewhere));
await new Promise((done) => other.listen(Number(port), "localhost", done));

const account = { name: "Ada", email: "ada@example.org", password: "a stitch in thyme" };
const signUp = await fetch(`${process.env.BASE_URL}/api/v1/users/signup`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(account),
});
assert.equal(signUp.status, 200);

const browser = await launch();
try {
  for (const address of [`${api}/`, `${api}/a/page/of/the/front/end`, `http://localhost:${port}/`]) {
    const context = await browser.newContext();
    const tab = await context.newPage();
    tab.setDefaultTimeout(20_000);
    const complaints = [];
    tab.on("pageerror", (error) => complaints.push(error.message));
    await tab.goto(address, { waitUntil: "load" });
    await tab.locator("#recipes li").first().waitFor();

    await tab.fill("[name=email]", account.email);
    await tab.fill("[name=password]", "wrong");
    await tab.click("#log-in button");
    await tab.locator("#message", { hasText: "Unable to login" }).waitFor();
    await tab.fill("[name=password]", account.password);
    await tab.click("#log-in button");
    await tab.locator("#add").waitFor();
    const cookies = (await context.cookies(api)).filter(({ name }) => name.startsWith("__Host-"));
    assert.equal(cookies.length, 2, "the browser keeps both cookies");
    assert.ok(cookies.every(({ httpOnly, secure, sameSite }) => httpOnly && secure && sameSite === "Strict"));

    const add = async (name) => {
      await tab.fill("#add [name=name]", name);
      await tab.click("#add button");
      await tab.locator("#recipes li", { hasText: name }).waitFor();
    };
    await add(`Soup of ${address}`);
    // As if the access token had expired: the page refreshes the session and tries again.
    await context.clearCookies({ name: "__Host-token" });
    await add(`Stew of ${address}`);
    await tab.reload({ waitUntil: "load" });
    await tab.locator("#add").waitFor();

    await tab.click("#log-out");
    await tab.locator("#log-in").waitFor();
    assert.deepEqual((await context.cookies(api)).filter(({ name }) => name.startsWith("__Host-")), []);
    assert.deepEqual(complaints, []);
    await context.close();
    console.log(`Logged in, added, refreshed and logged out at ${address}`);
  }
} finally {
  await browser.close();
  other.close();
}
