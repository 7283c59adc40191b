// Opens the link of a mail in a browser and presses the button of its page: e2e/link.mjs LINK [PASSWORD...]. Where the page
// asks for a password, each is tried. Prints the message of the page after each attempt. The page must not load anything from
// another origin. At the end another link is opened in the same tab, and the page must use that one.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

const [link, ...passwords] = process.argv.slice(2);
const origin = new URL(link).origin;

const browser = await launch();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = [];
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`left: ${request.url()}`);
    if (request.url().includes("#") || request.headers().referer?.includes("#")) complaints.push("the fragment was sent");
  });
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("console", (message) => {
    // A refusal is an answer.
    if (message.type() === "error" && !message.text().includes("422")) complaints.push(`console: ${message.text()}`);
  });

  await page.goto(link, { waitUntil: "load" });
  assert.equal(new URL(page.url()).hash, "", "the address forgets what the link carries");
  for (const password of passwords.length > 0 ? passwords : [null]) {
    if (password !== null) await page.locator("#password").fill(password);
    await page.locator("#outcome").evaluate((outcome) => (outcome.textContent = ""));
    await page.locator("button").click();
    const outcome = page.locator("#outcome:not(:empty)");
    await outcome.waitFor();
    console.log(await outcome.textContent());
  }

  await page.goto(`${link.split("#")[0]}#another`);
  await page.waitForFunction(() => location.hash === "" && !document.querySelector("form").hidden);
  if (passwords.length > 0) await page.locator("#password").fill(passwords.at(-1));
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await page.locator("button").click();
  assert.equal((await sent).postDataJSON().token, "another");
  await page.locator("form").waitFor({ state: "hidden" });
  assert.deepEqual(complaints, [], "nothing is blocked, missing or fetched from elsewhere");
} finally {
  await browser.close();
}
