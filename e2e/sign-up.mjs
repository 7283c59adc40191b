// Opens the link of an invitation in a browser. The page signs up with the token in the fragment (behind the #), keeps it out
// of the address bar and of every requested URL, and shows the errors of invalid fields. The administrator is the first one, made
// with the code in the log.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { launch } from "./browser.mjs";

const origin = new URL(process.env.BASE_URL).origin;
const code = (await readFile(process.env.SERVER_LOG, "utf8")).match(/enter the code ([A-Z0-9-]+)/)[1];
const password = "a stitch in thyme";

const browser = await launch();
try {
  const submit = (page) => Promise.all([page.waitForNavigation(), page.click("main form button:not(.plain)")]);
  const fill = async (page, fields) => {
    for (const [name, value] of Object.entries(fields)) await page.fill(`#${name}`, value);
    await submit(page);
  };
  const admin = await browser.newPage();
  await admin.goto(`${origin}/admin/first-run`);
  await fill(admin, { invitation: code, name: "Root", email: "root@example.org", password });
  await admin.goto(`${origin}/admin/invitations`);
  await submit(admin);
  const invitation = new URL(await admin.textContent("#new-link")).hash.slice(1);

  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(20_000);
  page.on("request", (request) => assert.ok(!request.url().includes(invitation), "no URL has the invitation"));
  await page.goto(`${origin}/account/sign-up#${invitation}`, { waitUntil: "load" });
  assert.equal(page.url(), `${origin}/account/sign-up`);
  assert.ok(!(await page.isVisible("#invitation")), "the script has moved the token into the form");
  await fill(page, { name: "Ada", email: "ada.of.the.page@example.org", password: "12345678" });
  assert.match(await page.textContent("#password-error-1"), /password/);
  await fill(page, { password });
  assert.match(await page.textContent("[role=status]"), /Welcome/);

  // The link cannot be used again; here it is pasted.
  const other = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await other.goto(`${origin}/account/sign-up`);
  const link = `${origin}/account/sign-up#${invitation}`;
  await fill(other, { invitation: link, name: "Eve", email: "eve@example.org", password });
  assert.match(await other.textContent(".problem"), /invitation/);
  console.log("Signed up by invitation");
} finally {
  await browser.close();
}
