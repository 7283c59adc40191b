// Improves the pages. Each works without it.
"use strict";
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const base = document.body.dataset.base ?? "";
const safely = (use) => { try { return use(); } catch { return null; } }; // Storage may be blocked.

if ("serviceWorker" in navigator && isSecureContext && one("header.site")) navigator.serviceWorker.register(`${base}/sw.js`, { scope: `${base}/` }).catch(() => {});

// The menu closes when the user goes elsewhere, by pointer or by keyboard.
const menu = one("details.menu");
if (menu) {
  addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("focusout", ({ relatedTarget }) => { if (relatedTarget && !menu.contains(relatedTarget)) menu.open = false; });
  addEventListener("keydown", (event) => { if (event.key === "Escape" && menu.open) { menu.open = false; one("summary", menu).focus(); } });
}

// Filters apply at once. On a phone they are folded.
const search = one("[data-submit-on-change]");
if (search) {
  const folded = one(".filters", search);
  if (matchMedia("(max-width: 48rem)").matches) folded.open = false;
  // The next page has the focus where this one had it, so that several filters can be chosen by keyboard.
  const path = (field) => field?.name && JSON.stringify([field.name, field.type === "checkbox" ? field.value : field.type]);
  const fields = [...search.elements], last = safely(() => sessionStorage.getItem("filter"));
  const field = last && fields.find((field) => path(field) === last && (field.type !== "radio" || field.checked));
  safely(() => sessionStorage.removeItem("filter"));
  if (field) { if (folded.contains(field)) folded.open = true; field.focus(); }
  search.addEventListener("change", (event) => {
    if (event.target.type === "search") return;
    addEventListener("pagehide", () => safely(() => sessionStorage.setItem("filter", path(document.activeElement) || path(event.target))), { once: true });
    search.requestSubmit();
  });
  search.addEventListener("formdata", ({ formData }) => { for (const [name, value] of [...formData]) if (value === "") formData.delete(name); });
}

const stepItems = ".steps > ol > li"; // The log of cooking is in the same section, and is no step.

// A recipe: ticks survive reloading, for this tab.
const article = one("[data-recipe]");
if (article) {
  const key = `ticks-${article.dataset.recipe}`;
  const boxes = all(".ingredients [type=checkbox]", article);
  for (const place of safely(() => JSON.parse(sessionStorage.getItem(key))) ?? []) if (boxes[place]) boxes[place].checked = true;
  article.addEventListener("change", () => {
    const ticked = boxes.flatMap((box, place) => (box.checked ? [place] : []));
    safely(() => sessionStorage.setItem(key, JSON.stringify(ticked)));
  });
  const show = (selector, act) => {
    const button = one(selector, article);
    button.hidden = false;
    button.addEventListener("click", () => act(button));
  };
  show("[data-print]", () => print());
  if (navigator.share || navigator.clipboard) show("[data-share]", async (button) => {
    const what = { title: document.title, url: location.href.split(/[?#]/)[0] };
    if (navigator.share) return navigator.share(what).catch(() => {});
    await navigator.clipboard.writeText(what.url);
    button.textContent = button.dataset.share;
  });
  if (one(stepItems, article)) show("[data-cook]", cook);
}

// Cook mode: one step at a time in large text, and the screen stays on.
function cook(button) {
  const dialog = one("#cook-mode").content.firstElementChild.cloneNode(true);
  document.body.append(dialog);
  const steps = all(stepItems);
  const text = one("[data-text]", dialog), lines = one("[data-lines]", dialog);
  const back = one("[data-back]", dialog), next = one("[data-next]", dialog), label = next.textContent;
  for (const line of all(".ingredients li span")) lines.append(Object.assign(document.createElement("li"), { textContent: line.textContent }));
  let place = 0, lock = null;
  const awake = async () => { lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null; };
  const again = () => { if (document.visibilityState === "visible") awake(); };
  const go = (to) => {
    if (to < 0 || to >= steps.length) { if (to >= steps.length) dialog.close(); return; }
    place = to;
    if (place === 0 && document.activeElement === back) next.focus(); // A disabled button has no focus.
    text.replaceChildren(...[...one(".step", steps[place]).childNodes].map((node) => node.cloneNode(true)));
    one("[data-place]", dialog).textContent = `${place + 1} / ${steps.length}`;
    back.disabled = place === 0;
    next.textContent = place === steps.length - 1 ? next.dataset.last : label;
  };
  back.addEventListener("click", () => go(place - 1));
  next.addEventListener("click", () => go(place + 1));
  one("[data-close]", dialog).addEventListener("click", () => dialog.close());
  const list = one("[data-list]", dialog);
  list.addEventListener("click", () => { lines.hidden = !lines.hidden; list.setAttribute("aria-expanded", String(!lines.hidden)); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight" && place < steps.length - 1) go(place + 1);
    if (event.key === "ArrowLeft") go(place - 1);
  });
  dialog.addEventListener("close", () => { document.removeEventListener("visibilitychange", again); lock?.release(); dialog.remove(); button.focus(); });
  document.addEventListener("visibilitychange", again);
  dialog.showModal();
  awake();
  go(0);
  text.focus();
}

// The editor: a draft is kept in this browser until the recipe is saved.
const editor = one("[data-editor]");
// A recipe was saved when its page comes next, or its pictures: its draft is not needed any more.
if (article || (editor && /[?&]done=saved\b/.test(location.search))) safely(() => { const saved = sessionStorage.getItem("saving"); if (saved) { localStorage.removeItem(saved); sessionStorage.removeItem("saving"); } });
if (editor) {
  const key = `draft-${editor.dataset.editor}`, notice = one("[data-draft]");
  const fields = () => JSON.stringify([...new FormData(editor)].filter(([name]) => !["form_token", "revision"].includes(name)));
  const initial = fields(), kept = safely(() => localStorage.getItem(key));
  if (kept && kept !== initial && !("refused" in editor.dataset)) {
    notice.hidden = false;
    const close = () => { notice.hidden = true; one("#name", editor).focus(); };
    one("[data-restore]", notice).addEventListener("click", () => { restore(JSON.parse(kept)); close(); });
    one("[data-discard]", notice).addEventListener("click", () => { safely(() => localStorage.removeItem(key)); close(); });
  }
  function restore(pairs) {
    const blocks = pairs.filter(([name]) => name.endsWith("[text]")).length;
    while (all(".step-block", editor).length < blocks) addBlock();
    for (const box of all("[type=checkbox]", editor)) box.checked = pairs.some(([name, value]) => name === box.name && value === box.value);
    for (const [name, value] of pairs) {
      const field = editor.elements.namedItem(name);
      if (field && field.type && field.type !== "checkbox") field.value = value;
    }
  }
  let timer = 0;
  editor.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => safely(() => localStorage.setItem(key, fields())), 400);
  });
  editor.addEventListener("submit", () => { clearTimeout(timer); safely(() => { localStorage.setItem(key, fields()); sessionStorage.setItem("saving", key); }); });

  // Another block, and a pasted text with several paragraphs becomes several blocks.
  function addBlock() {
    const blocks = all(".step-block", editor), block = blocks.at(-1).cloneNode(true), number = blocks.length;
    for (const error of all(".error", block)) error.remove();
    for (const field of all("input, textarea", block)) {
      field.value = "";
      field.name = field.name.replace(/\[\d+\]/, `[${number}]`);
      field.id = field.id.replace(/\d+/, number);
      for (const name of ["aria-invalid", "aria-describedby"]) field.removeAttribute(name);
    }
    for (const label of all("label", block)) label.htmlFor = label.htmlFor.replace(/\d+/, number);
    const title = one("[data-number]", block);
    title.textContent = title.textContent.replace(/\d+/, number + 1);
    blocks.at(-1).after(block);
    return block;
  }
  one("[data-more-steps]", editor)?.addEventListener("click", (event) => {
    event.preventDefault();
    one("textarea", addBlock()).focus();
  });
  editor.addEventListener("paste", (event) => {
    const field = event.target;
    if (!field.matches?.(".step-block textarea") || field.value !== "") return;
    const text = event.clipboardData.getData("text").replace(/\r/g, "");
    const parts = text.split(/\n\s*\n/).length > 1 ? text.split(/\n\s*\n/) : text.split("\n");
    const steps = parts.map((part) => part.trim().replace(/^(\d+[.)]|[-*•])\s+/, "")).filter(Boolean);
    if (steps.length < 2) return;
    event.preventDefault();
    let block = field.closest(".step-block");
    for (const step of steps) {
      const area = one("textarea", block);
      if (area.value !== "") { block = block.nextElementSibling?.matches(".step-block") ? block.nextElementSibling : addBlock(); }
      one("textarea", block).value = step;
    }
    editor.dispatchEvent(new Event("input"));
  });
}

// The link of a mail: its secret stands after #, which no browser sends. It moves into the form and leaves the address.
const link = one("[data-link]");
if (link) {
  const secret = location.hash.slice(1);
  if (secret) {
    link.value = secret;
    link.closest(".field").hidden = true;
    history.replaceState(null, "", location.pathname + location.search);
  }
  addEventListener("hashchange", () => location.reload());
}

for (const button of all("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => { await navigator.clipboard?.writeText(one(button.dataset.copy).textContent.trim()); button.textContent = button.dataset.copied; });
}
