// Our authorization server and the certified `oidc-provider`, with the same clients: the same ids, secrets and keys at both.
import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as jose from "jose";

// It warns about settings that are unsafe in production; here they are intended.
for (const level of ["info", "warn"]) {
  const say = console[level];
  console[level] = (...words) => String(words[0]).includes("oidc-provider ") || say(...words);
}
const { default: Provider, errors } = await import("oidc-provider");

export const CALLBACK = "https://kitchen.example/callback";
export const GOODBYE = "https://kitchen.example/goodbye";
export const PASSWORD = "a stitch in thyme";
const SCOPES = "openid profile email offline_access recipes:read";
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";

const DEVICES = [["--kind", "native", "--device"], { token_endpoint_auth_method: "none", grant_types: [DEVICE, "refresh_token"], redirect_uris: [], response_types: [] }];

// What the command line registers at ours, and the metadata of the same client at theirs.
const CLIENTS = {
  web: [["--kind", "web", "--post-logout-redirect-uri", GOODBYE], { post_logout_redirect_uris: [GOODBYE] }],
  other: [["--kind", "web"], {}],
  narrow: [["--kind", "web", "--scope", "openid"], { scope: "openid" }],
  pushing: [["--kind", "web", "--require-par"], { require_pushed_authorization_requests: true }],
  native: [["--kind", "native"], { token_endpoint_auth_method: "none", application_type: "native" }],
  bound: [["--kind", "native", "--require-dpop"], { token_endpoint_auth_method: "none", application_type: "native", dpop_bound_access_tokens: true }],
  signer: [["--kind", "web", "--jwks", "keys.json"], { token_endpoint_auth_method: "private_key_jwt" }],
  service: [["--kind", "service", "--scope", "recipes:read"], { grant_types: ["client_credentials"], redirect_uris: [], response_types: [], scope: "recipes:read" }],
  television: DEVICES,
  tablet: DEVICES,
};

export async function start() {
  const folder = mkdtempSync(join(tmpdir(), "recipes-"));
  const listener = createServer();
  await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));
  const signing = await jose.generateKeyPair("ES256", { extractable: true });
  const jwks = { keys: [{ ...(await jose.exportJWK(signing.publicKey)), kid: "client-key", alg: "ES256", use: "sig" }] };
  writeFileSync(join(folder, "keys.json"), JSON.stringify(jwks));

  const ours = await startOurs(folder);
  const clients = Object.fromEntries(Object.entries(CLIENTS).map(([name, [words]]) => {
    const redirect = words.includes("service") || words.includes("--device") ? [] : ["--redirect-uri", CALLBACK];
    return [name, JSON.parse(ours.run("clients", "add", name, ...words, ...redirect, "--json"))];
  }));
  const theirs = startTheirs(listener, clients, jwks);
  const stop = () => {
    ours.process.kill();
    listener.close();
    listener.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  };
  return { origins: { ours: ours.origin, theirs }, clients, signingKey: signing.privateKey, stop };
}

async function startOurs(folder) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const environment = { ...process.env, DATA_DIR: folder, PORT: String(port), PUBLIC_URL: "", RATE_LIMITS: "off" };
  const run = (...words) => execFileSync(process.env.RECIPES, words, { cwd: folder, env: environment, input: `${PASSWORD}\n` }).toString();
  run("users", "add", "ada@example.com", "--name", "Ada", "--password-stdin");
  const process_ = spawn(process.env.RECIPES, ["serve"], { cwd: folder, env: environment, stdio: "ignore" });
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await fetch(`${origin}/readyz`).catch(() => null))?.ok) return { origin, run, process: process_ };
    await new Promise((done) => setTimeout(done, 50));
  }
  process_.kill();
  throw new Error("the server does not start");
}

// Answers with its issuer. What it offers is what ours offers; the rest of its settings are its own.
function startTheirs(listener, registered, jwks) {
  const issuer = `http://localhost:${listener.address().port}`;
  const jwk = (kind, options, alg) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }), use: "sig", alg });
  const provider = new Provider(issuer, {
    clients: Object.entries(CLIENTS).map(([name, [, metadata]]) => ({
      client_id: registered[name].client_id,
      client_secret: registered[name].client_secret,
      redirect_uris: [CALLBACK],
      grant_types: ["authorization_code", "refresh_token"],
      scope: SCOPES,
      jwks: name === "signer" ? jwks : undefined,
      ...metadata,
    })),
    jwks: { keys: [jwk("rsa", { modulusLength: 2048 }, "RS256"), jwk("ec", { namedCurve: "P-256" }, "ES256")] },
    cookies: { keys: ["a key of the provider's cookies"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    scopes: SCOPES.split(" "),
    pkce: { required: () => true },
    issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
    features: {
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: (ctx) => ctx.path === "/token" },
      introspection: { enabled: true },
      requestObjects: { request: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, audience) => {
          if (audience !== `${issuer}/api/v1`) throw new errors.InvalidTarget();
          return { audience, scope: "recipes:read", accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } };
        },
      },
      revocation: { enabled: true },
    },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: "Ada", email: "ada@example.com", email_verified: true }) }),
  });
  provider.on("server_error", (_, error) => console.error(error));
  listener.on("request", provider.callback());
  return issuer;
}

function freePort() {
  return new Promise((found) => {
    const listener = createServer().listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => found(port));
    });
  });
}
