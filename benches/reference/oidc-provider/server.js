// The certified provider `oidc-provider` with its default adapter, which keeps up to 1,000 records in memory and nothing on the disk.
//
// PORT is where it listens. In the current folder, clients.json has the registered clients, and keys.json the signing keys; they are made
// at the first start. Its access tokens are signed with ES256 for the API of the request and its ID tokens with RS256, as ours. Clients
// whose `opaque` is true get opaque access tokens, which alone it introspects, and which alone its userinfo accepts.
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

// It warns about settings that are unsafe in production, such as the store in memory.
for (const level of ["info", "warn"]) {
  const say = console[level];
  console[level] = (...words) => String(words[0]).includes("oidc-provider ") || say(...words);
}
const { default: Provider } = await import("oidc-provider");

const port = Number(process.env.PORT);
const issuer = `http://127.0.0.1:${port}`;
const read = (path) => JSON.parse(readFileSync(path, "utf8"));

if (!existsSync("keys.json")) {
  const jwk = ({ privateKey }, alg) => ({ ...privateKey.export({ format: "jwk" }), use: "sig", alg });
  const keys = [jwk(generateKeyPairSync("rsa", { modulusLength: 2048 }), "RS256"), jwk(generateKeyPairSync("ec", { namedCurve: "P-256" }), "ES256")];
  writeFileSync("keys.json", JSON.stringify({ keys }));
}

const provider = new Provider(issuer, {
  clients: existsSync("clients.json") ? read("clients.json") : [],
  jwks: read("keys.json"),
  cookies: { keys: ["a key of the cookies, for measurements only"] },
  extraClientMetadata: { properties: ["opaque"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  scopes: ["openid", "offline_access", "recipes:read"],
  pkce: { required: () => true },
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, client) => (client.opaque ? undefined : `${issuer}/api/v1`),
      useGrantedResource: () => true,
      getResourceServerInfo: (_, audience) => ({
        audience,
        scope: "recipes:read",
        accessTokenFormat: "jwt",
        accessTokenTTL: 600,
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: "Ada", email: "ada@example.com", email_verified: true }),
  }),
});
provider.on("server_error", (_, error) => console.error(error));
provider.listen(port, "127.0.0.1");
