// The pages with the keyboard alone: no click, no script that moves the focus. Everything can be reached and left, forwards and
// backwards; what has the focus is visible, marked and named; and an action does not lose the focus.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { launch } from "./browser.mjs";

const origin = new URL(process.env.BASE_URL).origin;
const code = (await readFile(process.env.SERVER_LOG, "utf8")).match(/enter the code ([A-Z0-9-]+)/)[1];
const email = "cook@example.org";
const password = "a stitch in thyme";
const title = "Pearl barley broth";

const browser = await launch();
// The names of the pages that were walked through from the start to the end, each once.
const toured = new Set();
let page, protocol;
let looks = 0;

// What has the focus, as the user sees it. A box that is drawn by its label has the mark at the label.
const look = (selector) =>
  page.evaluate((selector) => {
    const field = document.activeElement;
    if (!field || field === document.body) return { isBody: true };
    const drawn = field.matches(".chips input") ? field.nextElementSibling : field;
    const box = drawn.getBoundingClientRect(), style = getComputedStyle(drawn);
    const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth), top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    const isSeen = [0.5, 0.1, 0.9].some((part) => {
      const hit = document.elementFromPoint(left + (right - left) * part, (top + bottom) / 2);
      return hit && (drawn.contains(hit) || hit.contains(drawn));
    });
    return {
      text: field.outerHTML.slice(0, 100),
      isWanted: selector !== undefined && field.matches(selector),
      isVisible: right - left > 1 && bottom - top > 1 && isSeen,
      isMarked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none",
    };
  }, selector);

function judge({ isBody, text, isVisible, isMarked }) {
  assert.ok(!isBody, `the focus is lost at ${page.url()}`);
  assert.ok(isVisible, `${text} has the focus at ${page.url()} and cannot be seen`);
  assert.ok(isMarked, `${text} has the focus at ${page.url()} and no mark of it`);
  looks += 1;
}
const check = async () => judge(await look());

const isAt = (selector) => page.evaluate((wanted) => document.activeElement.matches(wanted), selector);

// Goes on with Tab until the element has the focus.
async function tabTo(selector, key = "Tab") {
  for (let presses = 0; presses < 120; presses += 1) {
    await page.keyboard.press(key);
    const now = await look(selector);
    if (now.isBody) continue; // Between the end and the start.
    judge(now);
    if (now.isWanted) return;
  }
  assert.fail(`${key} does not reach ${selector} at ${page.url()}`);
}

const press = async (key) => {
  await page.keyboard.press(key);
  await check();
};
// A key that leads to another page.
const follow = (key = "Enter") => Promise.all([page.waitForEvent("load"), page.keyboard.press(key)]);
async function type(selector, text) {
  await tabTo(selector);
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

// Once around with Tab, over the end of the page, and once with Shift+Tab: nothing is left out, so nothing holds the focus.
async function tour(name) {
  if (toured.has(name)) return;
  toured.add(name);
  const stops = await page.evaluate(() => {
    const root = document.querySelector("dialog[open]") ?? document;
    const fields = [...root.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
    const reachable = fields.filter((field) => field.tabIndex >= 0 && !field.disabled && field.type !== "hidden" && field.checkVisibility({ visibilityProperty: true }));
    // Of a group of radio buttons the chosen one is reached.
    window.stops = reachable.filter((field) => field.type !== "radio" || field.checked);
    return window.stops.length;
  });
  await page.evaluate(() => {
    window.passed = new Set();
    document.addEventListener("focusin", ({ target }) => window.passed.add(target));
  });
  const missed = () => page.evaluate(() => window.stops.filter((stop) => !window.passed.has(stop)).map((stop) => stop.outerHTML.slice(0, 100)));
  // Some stops more: the page itself, and areas that scroll.
  const presses = stops + 5;
  for (let press = 0; press < presses; press += 1) {
    await page.keyboard.press("Tab");
    const now = await look();
    if (!now.isBody) judge(now);
  }
  assert.deepEqual(await missed(), [], `Tab leaves these out at ${name}`);
  await page.evaluate(() => window.passed.clear());
  await page.keyboard.down("Shift");
  for (let press = 0; press < presses; press += 1) await page.keyboard.press("Tab");
  await page.keyboard.up("Shift");
  assert.deepEqual(await missed(), [], `Shift and Tab leave these out at ${name}`);
  await names(name);
}

// The names are those that the browser tells a screen reader.
async function names(name) {
  const { nodes } = await protocol.send("Accessibility.getFullAXTree");
  const nameless = nodes
    .filter(({ ignored, properties = [] }) => !ignored && properties.some((property) => property.name === "focusable" && property.value.value))
    .filter(({ role }) => !["RootWebArea", "main", "generic", "list"].includes(role.value))
    .filter((node) => !node.name?.value.trim());
  assert.deepEqual(nameless.map(({ role }) => role.value), [], `controls without a name at ${name}`);
}

const at = (path) => assert.equal(new URL(page.url()).pathname, path);

// Opens with Enter or Space, closes again, and keeps the focus.
async function toggle(selector) {
  if (!(await isAt(selector))) await tabTo(selector);
  const isOpen = () => page.evaluate(() => document.activeElement.parentElement.open);
  const before = await isOpen();
  await press("Enter");
  assert.equal(await isOpen(), !before, `Enter toggles ${selector}`);
  await press("Space");
  assert.equal(await isOpen(), before, `Space toggles ${selector}`);
}

async function open(size, scheme) {
  const context = await browser.newContext({ viewport: size, colorScheme: scheme, locale: "en-GB" });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => assert.fail(error));
  protocol = await context.newCDPSession(page);
  return context;
}

// The first administrator writes a recipe and logs out.
async function write() {
  await page.goto(`${origin}/admin/first-run`);
  // The page starts in its first field.
  assert.ok(await isAt("#invitation"));
  await page.keyboard.insertText(code);
  await type("#name", "Cook");
  await type("#email", email);
  await type("#password", password);
  await follow();
  await page.goto(`${origin}/recipes/new`);
  await type("#name", title);
  await type("#servings", "4");
  await type("#prepTimeMinutes", "10");
  await type("#cookTimeMinutes", "45");
  await type("#ingredients", "200 g pearl barley\n1 l stock\n2 carrots");
  await type("#step-0", "Wash the barley.");
  await type("#step-1", "Simmer it in the stock.");
  // Another block has the focus at once.
  await tabTo("[data-more-steps]");
  const blocks = await page.locator(".step-block").count();
  await press("Enter");
  assert.ok(await isAt(`#step-${blocks}`));
  await page.keyboard.insertText("Add the carrots.");
  await toggle(".more-fields summary");
  await tabTo("input[name=visibility]");
  for (const readers of ["members", "private"]) {
    await press("ArrowDown");
    assert.ok(await isAt(`[value=${readers}]`));
  }
  await press("ArrowUp");
  await press("ArrowUp");
  await tour("new recipe");
  await page.reload();
  // The draft: the focus goes on in the form.
  await tabTo("[data-restore]");
  await press("Enter");
  assert.ok(await isAt("#name"));
  await tabTo(".buttons button:not([data-more-steps])");
  await follow();
  assert.match(page.url(), /\/recipes\/\d+/);
  await logOut();
}

async function logOut() {
  await tabTo(".menu summary");
  await press("Enter");
  await tabTo(".menu a[href$='/account']");
  await press("Escape");
  assert.ok(await isAt(".menu summary"), "Escape closes the menu and keeps its place");
  await press("Space");
  await tabTo("main a, main button, main input");
  assert.equal(await page.locator(".menu[open]").count(), 0, "the menu closes when the focus leaves it");
  await tabTo(".menu summary", "Shift+Tab");
  await toggle(".menu summary");
  await press("Enter");
  await tabTo(".menu button");
  await follow();
  assert.equal(await page.locator(".menu").count(), 0);
}

// A visitor searches, reads and cooks.
async function read() {
  await page.goto(`${origin}/`);
  await tour("home");
  await page.reload();
  await press("Tab");
  assert.ok(await isAt(".skip"));
  await press("Enter");
  assert.ok(await isAt("main"), "the skip link leads to the content");
  await press("Tab");
  assert.ok(await isAt("#q"), "and Tab goes on from there");
  await page.keyboard.type("barley");
  await follow();
  at("/recipes");
  await tour(`results ${page.viewportSize().width}`);
  await toggleFilters();
  await tabTo(".cards a");
  await follow();
  assert.match(await page.textContent("h1"), new RegExp(title));
  await tour("recipe");

  await tabTo(".ingredients input");
  await press("Space");
  await press("Tab");
  await press("Space");
  assert.equal(await page.locator(".ingredients :checked").count(), 2);
  await press("Space");
  assert.equal(await page.locator(".ingredients :checked").count(), 1);

  await tabTo("[data-cook]", "Shift+Tab");
  await press("Enter");
  const shown = () => page.textContent(".cooking [data-text]");
  await tour("cook mode");
  await tabTo(".cooking [data-next]");
  await press("Enter");
  assert.match(await shown(), /Simmer/);
  await press("Space");
  assert.match(await shown(), /carrots/, "the button keeps the focus");
  await press("ArrowRight");
  assert.match(await shown(), /carrots/, "an arrow does not leave");
  await press("ArrowLeft");
  assert.match(await shown(), /Simmer/);
  await tabTo(".cooking [data-back]", "Shift+Tab");
  await press("Enter");
  assert.match(await shown(), /Wash/);
  assert.ok(await isAt(".cooking [data-next]"), "at the first step, Back hands the focus on");
  await tabTo(".cooking [data-list]", "Shift+Tab");
  await press("Enter");
  assert.ok(await page.isVisible(".cooking [data-lines]"));
  await tour("cook mode with ingredients");
  await press("Escape");
  assert.ok(await isAt("[data-cook]"), "Escape leaves to where it began");
  // Next at the last step leaves, too, and so does Close.
  await press("Enter");
  await tabTo(".cooking [data-next]");
  for (let step = 0; step < 3; step += 1) await press("Enter");
  assert.ok(await isAt("[data-cook]"));
  await press("Enter");
  await tabTo(".cooking [data-close]");
  await press("Enter");
  assert.ok(await isAt("[data-cook]"));
}

// A filter applies at once, and the next page goes on at the same filter.
async function toggleFilters() {
  const summary = ".filters > summary";
  if (await page.isVisible(summary)) {
    await toggle(summary);
    await press("Enter");
  }
  await tabTo("[name=maxTotalMinutes]");
  await follow("ArrowDown");
  await check();
  assert.ok(await isAt("[name=maxTotalMinutes]:checked"), "the chosen time has the focus");
  await follow("ArrowUp");
  await check();
  await tabTo("#ingredient");
  await page.keyboard.insertText("stock");
  await follow("Tab");
  await check();
  assert.ok(await isAt("#excludeIngredient"), "a list of ingredients applies when it is left");
  await tabTo("#sort");
  await follow("ArrowDown");
  await check();
  assert.ok(await isAt("#sort"));
}

// The author logs in where the recipe is, and changes it.
async function edit() {
  const recipe = new URL(page.url()).pathname;
  await tabTo("nav a[href*='/log-in']", "Shift+Tab");
  await follow();
  assert.ok(await isAt("#email"));
  await page.keyboard.insertText(email);
  await type("#password", "wrong");
  await follow();
  await tour("log-in with a problem");
  await type("#password", password);
  await follow();
  at(recipe);
  await tabTo(".actions a[href$='/edit']");
  await follow();
  await type("#name", `${title} with leek`);
  await tour("edit");
  await tabTo("#name");
  await follow();
  at(recipe);
  assert.equal((await page.textContent("h1")).trim(), `${title} with leek`);
}

async function administer() {
  await tabTo(".menu summary");
  await press("Enter");
  await tabTo(".menu a[href$='/account']");
  await follow();
  await tour("account");
  for (const tab of ["", "/users", "/invitations", "/audit", "/clients"]) {
    if (tab === "") await page.goto(`${origin}/admin`);
    else {
      await tabTo(`.tabs a[href$='/admin${tab}']`);
      await follow();
    }
    await tour(`administration ${tab}`);
  }
  await tabTo("footer a[href$='/about']");
  await follow();
  await tour("about");
}

try {
  const desk = await open({ width: 1280, height: 800 }, "dark");
  await write();
  await read();
  await edit();
  await administer();
  await logOut();
  await desk.close();
  // On a phone with a keyboard, or at a desk with 400 % zoom: the filters are folded, and the header takes several lines.
  const phone = await open({ width: 320, height: 640 }, "light");
  await read();
  await edit();
  await logOut();
  await phone.close();
  console.log(`${toured.size} pages work with the keyboard alone; the focus was looked at ${looks} times`);
} finally {
  await browser.close();
}
