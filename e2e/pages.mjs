// The pages in a browser, with JavaScript and without it, on a phone and at a desk: every flow works, axe-core finds no violation of
// WCAG 2.2 AA, nothing is loaded from another host, and no script, policy or request fails. SCREENSHOTS names a folder for pictures.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { launch } from "./browser.mjs";

const origin = new URL(process.env.BASE_URL).origin;
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const password = "a stitch in thyme";
const sizes = { phone: { width: 360, height: 740 }, desk: { width: 1280, height: 900 } };

// A picture of 64 × 48 pixels.
const picture = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAEAAAAAwCAIAAAAuKetIAAAARUlEQVR42u3PAQkAMAgAMH0Qg5nYWG8hCFuD5XTFZS+OExAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQENjzASpmAaAAeJZIAAAAAElFTkSuQmCC", "base64");

// The code that makes the first administrator is in the log.
const log = await readFile(process.env.SERVER_LOG, "utf8");
const code = log.match(/enter the code ([A-Z0-9-]+)/)[1];

const browser = await launch();
const complaints = [];
const watch = (page, name) => {
  page.setDefaultTimeout(20_000);
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) complaints.push(`${name} left: ${url}`);
  });
  page.on("requestfailed", (request) => {
    if (request.failure()?.errorText !== "net::ERR_ABORTED") complaints.push(`${name} failed: ${request.url()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${name} script: ${error.message}`));
  page.on("console", (message) => {
    // A refused form is an answer.
    if (message.type() === "error" && !/status of 4(01|03|04|12|22)/.test(message.text())) complaints.push(`${name} console: ${message.text()}`);
  });
};

// Placeholders that are longer than their fields, and names of cards with a part of one line more than they may have.
const cutOff = () => {
  const pen = document.createElement("canvas").getContext("2d");
  const fields = [...document.querySelectorAll(":placeholder-shown")].filter((field) => field.checkVisibility()).filter((field) => {
    const style = getComputedStyle(field);
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return pen.measureText(field.placeholder).width > field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  });
  const cards = [...document.querySelectorAll(".card .name")].filter((name) => name.clientHeight > 4 * parseFloat(getComputedStyle(name).lineHeight) + 1);
  return [...fields.map((field) => field.placeholder), ...cards.map((name) => name.textContent)];
};

async function inspect(page, name) {
  const width = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(width <= 0, `${name} is ${width} pixels wider than the screen`);
  assert.deepEqual(await page.evaluate(cutOff), [], `cut off at ${name}`);
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name.replaceAll(/[^a-z0-9]+/gi, "-")}.png`, fullPage: true });
  if (!page.hasScripts) return;
  // Through the protocol of the browser, which the policy of the page does not concern.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
  assert.deepEqual(found, [], `axe-core at ${name}`);
}

const submit = (page, selector) => Promise.all([page.waitForNavigation(), page.click(selector)]);

async function walk(kind, size, scripts, scheme) {
  const name = (step) => `${kind} ${step}`;
  const context = await browser.newContext({ viewport: sizes[size], javaScriptEnabled: scripts, colorScheme: scheme, locale: "en-GB" });
  const page = await context.newPage();
  page.hasScripts = scripts;
  watch(page, kind);
  const email = `${kind.replaceAll(" ", ".")}@example.org`;
  const open = async (path, step) => {
    const response = await page.goto(`${origin}${path}`, { waitUntil: "load" });
    await inspect(page, name(step));
    return response;
  };

  // A visitor looks around.
  const first = await open("/", "home");
  assert.equal(first.status(), 200);
  await page.click(".hero .chips label >> nth=0");
  await submit(page, ".hero .box button");
  assert.match(page.url(), /label=gluten-free/);
  await inspect(page, name("results"));
  await open("/recipes?q=nothing+like+it", "nothing found");
  await open("/about", "about");
  assert.equal((await open("/recipes/999999", "not found")).status(), 404);

  // Signs up, after a mistake.
  await open("/sign-up", "sign-up");
  await page.fill("#name", "Ada");
  await page.fill("#email", email);
  await page.fill("#password", "12345678");
  await submit(page, "main form button");
  await inspect(page, name("sign-up with problems"));
  assert.equal(await page.inputValue("#email"), email);
  await page.fill("#password", password);
  await submit(page, "main form button");
  assert.match(await page.textContent("[role=status]"), /Welcome/);

  // Imports a recipe that is pasted.
  await open("/recipes/import", "import");
  await page.fill("#text", `Porridge of ${kind}\n\nIngredients\n- 50 g oats\n- 1 cup milk\n\nSteps\n1. Boil the milk.\n2. Stir in the oats.\n`);
  await submit(page, "button[name=look]");
  await inspect(page, name("import looked at"));
  assert.match(await page.textContent("[role=status]"), /Can be imported: 1/);

  // Writes a recipe.
  await open("/recipes/new", "new recipe");
  await page.fill("#name", `Lentil soup of ${kind}`);
  await page.fill("#description", "For a cold evening.");
  await page.fill("#servings", "4");
  await page.fill("#prepTimeMinutes", "soon");
  await page.fill("#ingredients", "200 g red lentils\n1 onion\n1 tin of tomatoes");
  await page.fill("#step-0", "Chop the onion and fry it.");
  await page.fill("#minutes-0", "5");
  await page.fill("#step-1", "Add the rest and cook until soft.");
  await page.check("input[value=Vegan]");
  await submit(page, ".buttons button:has-text('Save')");
  await inspect(page, name("recipe with problems"));
  assert.match(await page.textContent("#prepTimeMinutes-error-1"), /number/);
  assert.equal(await page.inputValue("#step-1"), "Add the rest and cook until soft.");
  await page.fill("#prepTimeMinutes", "10");
  await submit(page, ".buttons button:has-text('Save')");
  await inspect(page, name("recipe"));
  const recipe = new URL(page.url()).pathname;
  const data = JSON.parse(await page.locator("script[type='application/ld+json']").textContent());
  assert.equal(data.recipeIngredient.length, 3);
  await page.click(".ingredients li >> nth=0");
  assert.ok(await page.isChecked(".ingredients input >> nth=0"));

  if (scripts) {
    // Ticks survive, and cook mode goes step by step.
    await page.reload();
    assert.ok(await page.isChecked(".ingredients input >> nth=0"));
    await page.fill("#cooked-note", "More salt");
    await submit(page, "form[action$='/cooked'] button");
    await page.click("[data-cook]");
    await inspect(page, name("cook mode"));
    assert.equal(await page.textContent(".cooking [data-place]"), "1 / 2", "the log of cooking has no steps");
    await page.click("[data-next]");
    assert.match(await page.textContent(".cooking [data-text]"), /Add the rest/);
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    // A draft outlives its page, and a pasted list becomes steps.
    await page.goto(`${origin}/recipes/new`);
    await page.fill("#name", "Not finished");
    await page.locator("#step-0").evaluate((field) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text", "1. Peel.\n2. Cut.\n3. Cook.\n4. Serve.");
      field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    });
    assert.equal(await page.inputValue("#step-3"), "Serve.");
    await page.waitForFunction(() => localStorage.getItem("draft-new")?.includes("Not finished"));
    await page.goto(`${origin}/recipes/new`);
    await page.click("[data-restore]");
    assert.deepEqual([await page.inputValue("#name"), await page.inputValue("#step-3")], ["Not finished", "Serve."]);
  } else {
    await page.goto(`${origin}/recipes/new`);
    await submit(page, "[data-more-steps]");
    assert.equal(await page.locator(".step-block").count(), 6);
  }

  // A picture of the dish.
  await open(`${recipe}/edit`, "edit");
  await page.setInputFiles("#picture-file", { name: "soup.png", mimeType: "image/png", buffer: picture });
  await submit(page, "button:has-text('Save the picture')");
  await inspect(page, name("picture"));
  const width = await page.locator("img.picture").evaluate(async (image) => {
    await image.decode();
    return (await createImageBitmap(await (await fetch(image.currentSrc)).blob())).width;
  });
  assert.equal(width, 64);

  // Another user saves meanwhile.
  await open(`${recipe}/edit`, "edit");
  const other = await context.newPage();
  other.hasScripts = scripts;
  watch(other, kind);
  await other.goto(`${origin}${recipe}/edit`);
  await other.fill("#name", "Lentil soup of the other");
  await submit(other, ".buttons button:has-text('Save')");
  await other.close();
  await page.fill("#name", "Lentil soup of mine");
  await submit(page, ".buttons button:has-text('Save')");
  await inspect(page, name("both versions"));
  assert.match(await page.textContent("[aria-labelledby=theirs]"), /of the other/);
  assert.equal(await page.inputValue("#name"), "Lentil soup of mine");
  await submit(page, ".buttons button:has-text('Save')");
  assert.equal((await page.textContent("h1")).trim(), "Lentil soup of mine");

  // The account: a token, the language, log-out and log-in with the way back.
  await open("/account", "account");
  await page.fill("#token_name", "My program");
  await submit(page, "form[action$='/account/tokens'] button");
  await inspect(page, name("new token"));
  const token = (await page.textContent("#new-token")).trim();
  const answer = await fetch(`${origin}/api/v1/recipes?limit=1`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  await submit(page, "footer button[value=de]");
  assert.equal(await page.getAttribute("html", "lang"), "de");
  await inspect(page, name("account in German"));
  await submit(page, "footer button[value=en]");
  await page.click(".menu summary");
  await submit(page, ".menu button");
  await page.goto(`${origin}${recipe}/delete`);
  assert.match(page.url(), /\/log-in\?return_to=/);
  await inspect(page, name("log-in"));
  await page.fill("#email", email);
  await page.fill("#password", "wrong");
  await submit(page, "main form button");
  await page.fill("#password", password);
  await submit(page, "main form button");
  assert.equal(new URL(page.url()).pathname, `${recipe}/delete`);
  await inspect(page, name("delete"));
  await submit(page, "main form button");
  assert.equal((await page.goto(`${origin}${recipe}`)).status(), 404);
  assert.equal((await open("/admin", "not allowed")).status(), 403);
  await context.close();
}

async function administer() {
  const context = await browser.newContext({ viewport: sizes.desk, locale: "en-GB" });
  const page = await context.newPage();
  page.hasScripts = true;
  watch(page, "admin");
  await page.goto(`${origin}/admin/first-run`);
  await inspect(page, "first run");
  await page.fill("#invitation", code);
  await page.fill("#name", "Rosalind Thornberry-Featherstone");
  await page.fill("#email", "root@example.org");
  await page.fill("#password", password);
  await submit(page, "main form button");
  await inspect(page, "admin state");
  for (const tab of ["users", "invitations", "audit", "clients"]) {
    await page.click(`.tabs a[href$='/admin/${tab}']`);
    await page.waitForURL(`**/admin/${tab}`);
    await inspect(page, `admin ${tab}`);
  }
  await page.goto(`${origin}/admin/invitations`);
  await submit(page, "form[action$='/admin/invitations'] button");
  await inspect(page, "admin new invitation");
  assert.match(await page.textContent("#new-link"), /\/account\/sign-up#/);
  await page.goto(`${origin}/admin/users`);
  await page.click(".list a >> nth=0");
  await page.waitForURL(/\/admin\/users\/\d+$/);
  await inspect(page, "admin user");
  await page.goto(`${origin}/recipes/new`);
  await page.fill("#name", "Sunday roast chicken with lemon and thyme, and with a name that is too long for the picture of it, and Donaudampfschifffahrtsknödel");
  await page.fill("#ingredients", "1 chicken");
  await submit(page, ".buttons button:has-text('Save')");
  assert.match(page.url(), /\/recipes\/\d+/);
  // The home page shows what the index of the search has.
  do await page.goto(`${origin}/`);
  while ((await page.locator(".card", { hasText: "Sunday roast" }).count()) === 0);
  const storageState = await context.storageState();
  await context.close();
  return storageState;
}

// Long names and the words of every language fit on a phone.
async function translate(storageState) {
  for (const locale of ["en", "de", "fr", "es", "zh"]) {
    const context = await browser.newContext({ viewport: sizes.phone, locale, storageState });
    const page = await context.newPage();
    watch(page, locale);
    for (const path of ["/", "/recipes", "/recipes/new", "/recipes/import", "/account", "/admin/users", "/admin/audit"]) {
      await page.goto(`${origin}${path}`);
      assert.equal(await page.getAttribute("html", "lang"), locale);
      await inspect(page, `${locale} ${path}`);
      // The name of the user is shortened, not the sign that it opens a menu.
      const excess = await page.locator(".menu summary").evaluate((summary) => summary.scrollWidth - summary.clientWidth);
      assert.ok(excess <= 0, `the mark of the menu is cut off at ${locale} ${path}`);
    }
    await context.close();
  }
}

// The first page is small, and a recipe that was opened can be read without a connection.
async function weigh() {
  const context = await browser.newContext({ viewport: sizes.phone });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(`${origin}/`, { waitUntil: "networkidle" });
  assert.ok(bytes > 0 && bytes <= 60 * 1024, `the first page is ${bytes} bytes`);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await page.reload();
  await page.click(".cards a >> nth=0");
  await page.waitForURL(/\/recipes\/\d+$/);
  const title = await page.textContent("h1");
  await page.waitForFunction(async () => (await caches.match(location.href)) !== undefined);
  await context.setOffline(true);
  await page.reload();
  assert.equal(await page.textContent("h1"), title);
  await context.close();
  return bytes;
}

// The pictures of the README.
async function photograph(folder) {
  const page = await browser.newPage({ viewport: { width: 1100, height: 760 }, locale: "en-GB" });
  await page.goto(`${origin}/`);
  await page.screenshot({ path: `${folder}/home.png` });
  await page.click(".cards a >> nth=3");
  await page.waitForURL(/\/recipes\/\d+$/);
  await page.screenshot({ path: `${folder}/recipe.png` });
  await page.close();
}

try {
  if (process.env.SCREENSHOTS) await photograph(process.env.SCREENSHOTS);
  await translate(await administer());
  await walk("desk", "desk", true, "light");
  await walk("phone", "phone", true, "dark");
  await walk("phone without scripts", "phone", false, "light");
  await walk("desk without scripts", "desk", false, "light");
  const bytes = await weigh();
  assert.deepEqual(complaints, [], "nothing is blocked, missing or fetched from elsewhere");
  console.log(`All pages work with and without scripts; the first page is ${Math.round(bytes / 1024)} KB`);
} finally {
  await browser.close();
}
