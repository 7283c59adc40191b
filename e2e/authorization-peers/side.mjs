// One of the two servers, and what a client can do with it. The requests are the same for both; the answers become a few words.
import { createHash, randomUUID } from "node:crypto";
import * as jose from "jose";
import { UserAgent, formOf } from "../user-agent.mjs";
import { CALLBACK, PASSWORD } from "./servers.mjs";

export const VERIFIER = "a-verifier-of-at-least-43-characters-0123456789";
const hash = (text) => createHash("sha256").update(text).digest("base64url");
export const CHALLENGE = hash(VERIFIER);
const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const atClient = (address) => address.startsWith(CALLBACK);

export class Side {
  // The browser of a user, logged in after the first code.
  browser = new UserAgent();

  static async of(origin, clients, signingKey) {
    const side = Object.assign(new Side(), { origin, clients, signingKey });
    side.metadata = await (await fetch(`${origin}/.well-known/openid-configuration`)).json();
    side.key = await jose.generateKeyPair("ES256", { extractable: true });
    side.thief = await jose.generateKeyPair("ES256", { extractable: true });
    return side;
  }

  endpoint(name) {
    return this.metadata[name === "par" ? "pushed_authorization_request_endpoint" : `${name}_endpoint`];
  }

  // A good authorization request with changes. `null` removes a parameter, an array repeats it.
  request(changes = {}, client = "web") {
    return {
      response_type: "code", client_id: this.clients[client].client_id, redirect_uri: CALLBACK, scope: "openid email recipes:read",
      state: "a state", nonce: "a nonce", code_challenge: CHALLENGE, code_challenge_method: "S256", ...changes,
    };
  }

  // The same with a pushed request in place of its parameters.
  async pushed(client, visitor = client) {
    const { request_uri } = await (await this.post("par", this.request({}, client), { client })).json();
    const none = Object.fromEntries(Object.keys(this.request()).map((name) => [name, null]));
    return { ...none, client_id: this.clients[visitor].client_id, request_uri };
  }

  // Where the request ends: at the client, or at a page.
  async authorize(changes = {}, { client, agent = new UserAgent(), post = false, answer } = {}) {
    const asked = pairs(this.request(changes, client));
    const address = this.endpoint("authorization");
    const first = post ? await agent.ask(address, asked) : await agent.ask(`${address}?${asked}`);
    return end(await this.#through(agent, first, answer));
  }

  // Logs in and answers consent pages with `answer`; without it, stops at the first page.
  async #through(agent, seen, answer) {
    for (let pages = 0; ; pages += 1) {
      seen = await agent.follow(seen, atClient);
      const isForm = seen.status === 200 && !seen.location && seen.text.includes("<form") && !seen.text.includes(CALLBACK + '"');
      if (!answer || !isForm || pages === 4) return seen;
      const { action, fields } = formOf(seen);
      if (seen.text.includes('name="password"')) {
        seen = await agent.ask(action, { ...fields, email: "ada@example.com", login: "ada", password: PASSWORD });
      } else if (answer === "deny" && fields.prompt) {
        seen = await agent.ask(new URL(seen.text.match(/href="([^"]*)">\[ Cancel \]/)[1], seen.url));
      } else {
        seen = await agent.ask(action, { ...fields, decision: answer });
      }
    }
  }

  // A code for the logged-in user.
  async code(changes = {}, client = "web") {
    const first = await this.browser.ask(`${this.endpoint("authorization")}?${pairs(this.request(changes, client))}`);
    const seen = await this.#through(this.browser, first, "allow");
    const code = seen.location && new URL(seen.location).searchParams.get("code");
    if (!code) throw new Error(`no code at ${this.origin}: ${seen.location} ${seen.text}`);
    return code;
  }

  // Posts a form as the client, with its secret in the header. `client: null` sends no authentication.
  async post(name, form, { client = "web", headers = {} } = {}) {
    const all = new Headers(headers);
    all.set("content-type", "application/x-www-form-urlencoded");
    const { client_id: id, client_secret: secret } = client ? this.clients[client] : {};
    const isSigner = client === "signer";
    if (secret && !isSigner && !all.has("authorization")) all.set("authorization", basic(id, secret));
    const own = client && !secret ? { client_id: id } : {};
    const assertion = isSigner ? { client_assertion_type: ASSERTION, client_assertion: await this.assertion() } : {};
    const body = pairs({ ...own, ...assertion, ...form });
    return fetch(this.endpoint(name), { method: "POST", headers: all, body, redirect: "manual", signal: AbortSignal.timeout(10_000) });
  }

  async said(name, form, options) {
    return inWords(await this.post(name, form, options));
  }

  exchange(code, changes = {}) {
    return { grant_type: "authorization_code", code, redirect_uri: CALLBACK, code_verifier: VERIFIER, ...changes };
  }

  async tokens(changes = {}, client = "web", options = {}) {
    const answer = await this.post("token", this.exchange(await this.code(changes, client)), { client, ...options });
    if (answer.status !== 200) throw new Error(`no tokens at ${this.origin}: ${await answer.text()}`);
    return answer.json();
  }

  // A good assertion of the client `signer` with changes.
  async assertion(changes = {}, key = this.signingKey) {
    const { client_id: id } = this.clients.signer;
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: id, sub: id, aud: this.metadata.issuer, jti: randomUUID(), iat: now, exp: now + 60, ...changes };
    return new jose.SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "client-key" }).sign(key);
  }

  asserted(assertion) {
    return { client_assertion_type: ASSERTION, client_assertion: assertion };
  }

  // A proof of possession for the token endpoint with changes; `header` and `key` change how it is signed.
  async proof(changes = {}, { header = {}, key = this.key } = {}) {
    const claims = { htm: "POST", htu: this.endpoint("token"), iat: Math.floor(Date.now() / 1000), jti: randomUUID(), nonce: this.nonce, ...changes };
    const jwk = await jose.exportJWK(key.publicKey);
    return new jose.SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk, ...header }).sign(key.privateKey);
  }

  async learnNonce() {
    const answer = await this.post("token", this.exchange("x"), { client: "bound", headers: { dpop: await this.proof({ nonce: undefined }) } });
    this.nonce = answer.headers.get("dpop-nonce");
    return inWords(answer);
  }

  // An exchange of a new code with this proof.
  async proven(proof) {
    const code = await this.code({}, "bound");
    return this.said("token", this.exchange(code), { client: "bound", headers: proof ? { dpop: proof } : {} });
  }

  async boundToken() {
    const answer = await this.post("token", this.exchange(await this.code({}, "bound")), { client: "bound", headers: { dpop: await this.proof() } });
    return (await answer.json()).access_token;
  }

  async userinfo(headers, { method = "GET", body } = {}) {
    return inWords(await fetch(this.endpoint("userinfo"), { method, headers, body, signal: AbortSignal.timeout(10_000) }));
  }

  async proofAtUserinfo(token, changes = {}, options) {
    return this.proof({ htm: "GET", htu: this.endpoint("userinfo"), ath: hash(token), nonce: undefined, ...changes }, options);
  }
}

export function basic(id, secret) {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
}

function pairs(fields) {
  const all = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined) all.append(name, one);
  }
  return all;
}

// An answer to a client: its status, and the error or what else tells answers apart.
async function inWords(answer) {
  const text = await answer.text();
  let json = {};
  try {
    json = JSON.parse(text);
  } catch {
    // Not all answers are JSON.
  }
  const challenge = answer.headers.get("www-authenticate")?.match(/error="(\w+)"/)?.[1];
  const error = json.error ?? (answer.status >= 400 ? challenge : undefined);
  const active = typeof json.active === "boolean" ? (json.active ? "active" : "inactive") : undefined;
  return [answer.status, typeof error === "string" ? error : active].filter(Boolean).join(" ");
}

function parameters({ search, hash }) {
  return Object.fromEntries(new URLSearchParams(search || hash.slice(1)));
}

// The end of a request in the browser.
function end(seen) {
  const posted = seen.text.includes(`action="${CALLBACK}"`);
  if (seen.location || posted) {
    const fields = posted ? formOf(seen).fields : parameters(new URL(seen.location));
    const missing = ["iss", "state"].filter((name) => !fields[name]).map((name) => ` without ${name}`);
    return `client${posted ? " by form" : ""}: ${fields.error ?? (fields.code ? "code" : "nothing")}${missing.join("")}`;
  }
  if (seen.status !== 200) return `page ${seen.status}`;
  if (seen.text.includes('name="password"')) return "log-in page";
  return seen.text.includes("<form") ? "consent page" : "page 200";
}
