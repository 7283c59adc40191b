// A browser without a window: it keeps cookies, follows redirects, and can be stopped after any step.
export class UserAgent {
  // By origin and path. A browser mixes the ports of a host; sites and their providers have hosts of their own.
  #cookies = new Map();

  clone() {
    const other = new UserAgent();
    other.#cookies = new Map(this.#cookies);
    return other;
  }

  // Sends one request and does not follow redirects.
  async ask(address, form) {
    const url = new URL(address);
    const headers = { accept: "text/html" };
    const cookies = [...this.#cookies.values()].filter((cookie) => cookie.origin === url.origin && url.pathname.startsWith(cookie.path));
    if (cookies.length) headers.cookie = cookies.map((cookie) => `${cookie.name}=${cookie.value}`).join("; ");
    const answer = await fetch(url, {
      method: form ? "POST" : "GET",
      body: form && new URLSearchParams(form),
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(10_000),
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(url, line);
    const location = answer.headers.get("location");
    return {
      url: url.href,
      status: answer.status,
      cause: answer.headers.get("x-cause"),
      location: location && new URL(location, url).href,
      text: await answer.text(),
    };
  }

  // On through redirects, until a page comes or the next address is one at which to stop.
  async follow(seen, stopsAt = () => false) {
    for (let steps = 0; seen.location && !stopsAt(seen.location); steps += 1) {
      if (steps === 20) throw new Error(`sent around in circles: ${seen.url}`);
      seen = await this.ask(seen.location);
    }
    return seen;
  }

  #keep(url, line) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const attribute = (wanted) => {
      const found = attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`));
      return found?.slice(wanted.length + 1);
    };
    const path = attribute("path") ?? "/";
    const key = `${url.origin} ${path} ${name}`;
    const expires = attribute("expires");
    const isOver = attribute("max-age") === "0" || (expires && Date.parse(expires) <= Date.now());
    if (isOver) this.#cookies.delete(key);
    else this.#cookies.set(key, { origin: url.origin, path, name, value });
  }
}

// The form of a page: where it goes, and what it says already.
export function formOf(page) {
  const [tag] = page.text.match(/<form[^>]*>/) ?? [];
  if (!tag) throw new Error(`no form at ${page.url} (${page.status}): ${page.text}`);
  const read = (element, name) => unescape(element.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1] ?? "");
  const hidden = [...page.text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [read(input, "name"), read(input, "value")]);
  return { action: new URL(read(tag, "action"), page.url).href, fields: Object.fromEntries(hidden) };
}

function unescape(text) {
  const numbered = text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  return numbered.replace(/&quot;/g, '"').replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}
