// Opens /docs in a browser: every operation of openapi.json is on the page, a request can be tried from it, nothing is
// loaded from anywhere but the server itself, and the page's own security policy blocks none of it.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

const origin = new URL(process.env.BASE_URL).origin;
const document = await (await fetch(`${origin}/api/v1/openapi.json`)).json();
const methods = new Set(["get", "put", "post", "delete", "patch", "head", "options", "trace"]);
const documented = Object.entries(document.paths)
  .flatMap(([path, item]) => Object.keys(item).filter((key) => methods.has(key)).map((m) => `${m.toUpperCase()} ${path}`))
  .sort();
assert.ok(documented.includes("POST /api/v1/recipes"), "openapi.json documents POST /api/v1/recipes");

const browser = await launch();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);

  const complaints = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.protocol !== "blob:" && url.origin !== origin) complaints.push(`left: ${url}`);
  });
  page.on("response", (answer) => {
    if (answer.status() >= 400) complaints.push(`${answer.status()}: ${answer.url()}`);
  });
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });

  await page.goto(`${origin}/docs`, { waitUntil: "load" });
  assert.equal(await page.title(), "Recipes API");
  await page.locator(".opblock").nth(documented.length - 1).waitFor();
  const shown = await page.locator(".opblock").evaluateAll((blocks) =>
    blocks.map((block) => {
      const method = block.querySelector(".opblock-summary-method").textContent.trim();
      return `${method} ${block.querySelector("[data-path]").dataset.path}`;
    }),
  );
  assert.deepEqual(shown.sort(), documented, "the page shows the operations of openapi.json");

  // What a request needs is written beside it, and not a lock.
  const access = (method, path) =>
    page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) }).locator(".access").textContent();
  assert.equal(await access("get", "/api/v1/recipes"), "token optional");
  assert.equal(await access("post", "/api/v1/recipes"), "token: recipes:write");
  assert.equal(await access("post", "/api/v1/users/login"), "no token");
  assert.equal(await page.locator(".authorization__btn").count(), 0);

  // On a phone nothing is wider than the screen.
  await page.setViewportSize({ width: 375, height: 700 });
  await page.locator(".opblock-post .opblock-summary-control").first().click();
  await page.locator(".opblock-post .opblock-body").first().waitFor();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 375, `the page is ${width} pixels wide on a phone`);
  await page.setViewportSize({ width: 1280, height: 900 });

  const list = page.locator(".opblock-get", { has: page.locator('[data-path="/api/v1/recipes"]') });
  await list.locator(".opblock-summary-control").click();
  const tryOut = list.locator(".try-out__btn");
  await tryOut.waitFor();
  if (!(await list.locator(".execute").isVisible())) await tryOut.click();
  await list.locator(".execute").click();
  const status = await list.locator(".live-responses-table .response-col_status").last().textContent();
  assert.match(status, /200/, "a request tried from the page is answered");

  assert.deepEqual(complaints, [], "nothing is blocked, missing or fetched from elsewhere");
  console.log(`${shown.length} operations on the page, all requests to ${origin}`);
} finally {
  await browser.close();
}
