// Opens the link of an invitation in a browser. The page signs up with the token in the fragment (behind the #), keeps it out
// of the address bar and of every requested URL, and shows the errors of invalid fields.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

const origin = new URL(process.env.BASE_URL).origin;
const invitation = "dGhpcyBpcyB3aGF0IHRoZSBsaW5rIGhhcyBhdCBpdHM";

const browser = await launch();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const sent = [];
  page.on("request", (request) => {
    assert.ok(!request.url().includes(invitation), "no URL has the invitation");
    if (request.method() === "POST") sent.push(request.postDataJSON());
  });

  await page.goto(`${origin}/account/sign-up#${invitation}`, { waitUntil: "load" });
  assert.equal(page.url(), `${origin}/account/sign-up`);
  const outcome = page.locator("#outcome");
  const signUp = async (password) => {
    await page.fill("#name", "Ada");
    await page.fill("#email", "ada.of.the.page@example.org");
    await page.fill("#password", password);
    await page.click("button");
  };
  await signUp("12345678");
  await page.waitForFunction(() => document.getElementById("outcome").textContent !== "");
  assert.match(await outcome.textContent(), /^The password /);
  await signUp("a stitch in thyme");
  await page.waitForFunction(() => document.querySelector("form").hidden);
  assert.match(await outcome.textContent(), /^You have an account/);
  assert.deepEqual(sent.map((body) => body.invitation), [invitation, invitation]);
  assert.equal(sent[1].token, undefined);

  await page.goto("about:blank");
  await page.goto(`${origin}/account/sign-up`, { waitUntil: "load" });
  assert.match(await outcome.textContent(), /^The part of the link after # is missing/);
  console.log("Signed up by invitation");
} finally {
  await browser.close();
}
