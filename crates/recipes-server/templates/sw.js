// Keeps the recipes that this browser has opened, for a kitchen without a connection. A log-out deletes them.
"use strict";
const base = "{{ base }}";
const assets = ["{{ base }}/-/{{ style }}", "{{ base }}/-/{{ script }}"];
const kept = "recipes-1", limit = 60;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(kept).then((cache) => cache.addAll(assets)));
});
addEventListener("activate", (event) => event.waitUntil(tidy().then(() => clients.claim())));

// Assets of other versions, and the oldest recipes.
async function tidy() {
  const cache = await caches.open(kept);
  const requests = await cache.keys();
  const isAsset = (request) => new URL(request.url).pathname.startsWith(`${base}/-/`);
  const old = requests.filter((request) => isAsset(request) && !assets.includes(new URL(request.url).pathname));
  const recipes = requests.filter((request) => !isAsset(request));
  await Promise.all([...old, ...recipes.slice(0, -limit)].map((request) => cache.delete(request)));
}

addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (assets.includes(url.pathname)) event.respondWith(caches.match(request).then((found) => found ?? fetch(request)));
  else if (request.mode === "navigate" && new RegExp(`^${base}/recipes/\\d+$`).test(url.pathname)) event.respondWith(recipe(event, request, url));
});

// The network first, so that a recipe is never old without need.
async function recipe(event, request, url) {
  const key = url.origin + url.pathname;
  try {
    const response = await fetch(request);
    const cache = await caches.open(kept);
    if (response.ok) { await cache.delete(key); event.waitUntil(cache.put(key, response.clone()).then(tidy)); }
    else if (response.status === 404) event.waitUntil(cache.delete(key));
    return response;
  } catch (error) {
    const found = await caches.match(key);
    if (found) return found;
    throw error;
  }
}
