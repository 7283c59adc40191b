// A certified OpenID provider on loopback: `oidc-provider`, with a log-in that accepts any name without a password.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

// It warns about settings that are unsafe in production; here they are intended.
for (const level of ["info", "warn"]) {
  const say = console[level];
  console[level] = (...words) => String(words[0]).includes("oidc-provider ") || say(...words);
}
const { default: Provider } = await import("oidc-provider");

export const secret = "a secret that both sides know, of more than 32 bytes";

export class IdentityProvider {
  // The number of requests to each endpoint.
  asked = new Map();
  #server;
  #answer;
  #clients;

  static async listen() {
    const provider = new IdentityProvider();
    provider.#server = createServer((request, response) => {
      const { pathname } = new URL(request.url, provider.issuer);
      provider.asked.set(pathname, (provider.asked.get(pathname) ?? 0) + 1);
      provider.#answer(request, response);
    });
    await new Promise((listening) => provider.#server.listen(0, "localhost", listening));
    // By another name than the site's, or a browser would mix their cookies.
    provider.issuer = `http://localhost:${provider.#server.address().port}`;
    return provider;
  }

  // With these clients from now on: their ids, their redirect URIs, and where they go after a log-out.
  serve(clients) {
    this.#clients = clients.map(({ id, redirectUri, afterLogout }) => ({
      client_id: id,
      client_secret: secret,
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: afterLogout ? [afterLogout] : [],
    }));
    this.rotateKeys();
  }

  // Another key, with another id; the one before is not published any more.
  rotateKeys() {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const provider = new Provider(this.issuer, {
      clients: this.#clients,
      jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
      cookies: { keys: ["a key of the provider's cookies"] },
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
      pkce: { required: () => true },
      ttl: { AccessToken: 3600, Grant: 3600, IdToken: 3600, Interaction: 600, Session: 3600 },
      findAccount: (_, sub) => ({
        accountId: sub,
        claims: () => ({ sub, name: sub, email: `${sub}@example.com`, email_verified: true }),
      }),
    });
    provider.on("server_error", (_, error) => console.error(error));
    this.#answer = provider.callback();
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
