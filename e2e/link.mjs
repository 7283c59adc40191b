// Opens the link of a mail in a browser and presses the button of its page: e2e/link.mjs LINK [PASSWORD...]. Where the page
// asks for a password, each is tried. Prints the message of the page after each attempt. The page must not load anything from
// another origin. At the end another link is opened in the same tab, and the page must use that one.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

const [link, ...passwords] = process.argv.slice(2);
const origin = new URL(link).origin;

const browser = await launch();
try {
  const page = await browser.newPage({ locale: "en-GB" });
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
  const send = async () => {
    if (passwords.length > 0) await page.locator("#password").fill(passwords[0]);
    const sent = page.waitForRequest((request) => request.method() === "POST");
    await Promise.all([page.waitForNavigation(), page.locator("main form button").click()]);
    return new URLSearchParams((await sent).postData());
  };

  await page.goto(link, { waitUntil: "load" });
  assert.equal(new URL(page.url()).hash, "", "the address forgets what the link carries");
  for (let tries = Math.max(passwords.length, 1); tries > 0; tries -= 1) {
    await send();
    // The next one, and after the last the first again.
    if (passwords.length > 0) passwords.push(passwords.shift());
    console.log((await page.locator("main .error, main [role=status]").first().textContent()).trim());
  }

  await page.goto(link.split("#")[0]);
  await page.goto(`${link.split("#")[0]}#another`);
  await page.waitForFunction(() => location.hash === "" && document.querySelector("[data-link]").value === "another");
  assert.equal((await send()).get("token"), "another");
  assert.deepEqual(complaints, [], "nothing is blocked, missing or fetched from elsewhere");
} finally {
  await browser.close();
}
