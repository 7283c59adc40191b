// The requests: by endpoint, each with a name and what it does at one of the servers. It answers in a few words.
import { UserAgent } from "../user-agent.mjs";
import { CALLBACK, GOODBYE } from "./servers.mjs";
import { CHALLENGE, VERIFIER, basic } from "./side.mjs";

const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
const unsigned = (claims) => `${[{ alg: "none" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.`;
const asks = (changes, options) => (side) => side.authorize(changes, options);
// As the logged-in user.
const visits = (changes, options = {}) => (side) => side.authorize(changes, { agent: side.browser, ...options });
const redeems = (changes, options) => async (side) => side.said("token", side.exchange(await side.code(), changes), options);

export const REQUESTS = {
  "Authorization endpoint": {
    "a good request": asks(),
    "the same by POST": asks({}, { post: true }),
    "unknown client": asks({ client_id: "c_unknown" }),
    "no client": asks({ client_id: null }),
    "client twice": asks({ client_id: ["c_a", "c_b"] }),
    "another redirect URI": asks({ redirect_uri: "https://evil.example/callback" }),
    "redirect URI with a slash at its end": asks({ redirect_uri: `${CALLBACK}/` }),
    "redirect URI with a parameter": asks({ redirect_uri: `${CALLBACK}?a=b` }),
    "redirect URI with a fragment": asks({ redirect_uri: `${CALLBACK}#a` }),
    "redirect URI in capitals": asks({ redirect_uri: "https://KITCHEN.example/callback" }),
    "redirect URI twice": asks({ redirect_uri: [CALLBACK, CALLBACK] }),
    "no redirect URI": asks({ redirect_uri: null }),
    "no PKCE": asks({ code_challenge: null, code_challenge_method: null }),
    "PKCE method `plain`": asks({ code_challenge_method: "plain" }),
    "PKCE without a method": asks({ code_challenge_method: null }),
    "code challenge too short": asks({ code_challenge: "short" }),
    "no `response_type`": asks({ response_type: null }),
    "`response_type=token`": asks({ response_type: "token" }),
    "`response_type=id_token`": asks({ response_type: "id_token" }),
    "`response_type=code id_token`": asks({ response_type: "code id_token" }),
    "`response_type` unknown": asks({ response_type: "nonsense" }),
    "`response_mode=fragment`": asks({ response_mode: "fragment" }),
    "`response_mode` unknown": asks({ response_mode: "nonsense" }),
    "error by `response_mode=form_post`": asks({ response_mode: "form_post", prompt: "none" }),
    "no scope": asks({ scope: null }),
    "no `openid`": asks({ scope: "recipes:read", nonce: null }),
    "no `openid`, but a nonce": asks({ scope: "recipes:read" }),
    "unknown scope": asks({ scope: "openid unknown" }),
    "scope that the client may not have": asks({ scope: "openid email" }, { client: "narrow" }),
    "scope twice": asks({ scope: ["openid", "openid"] }),
    "unknown parameter": asks({ unknown: "a" }),
    "`prompt=none` without a session": asks({ prompt: "none" }),
    "`prompt=none login`": asks({ prompt: "none login" }),
    "`prompt` unknown": asks({ prompt: "nonsense" }),
    "`max_age=-1`": asks({ max_age: "-1" }),
    "`max_age` is no number": asks({ max_age: "soon" }),
    "`claims` is not JSON": asks({ claims: "{" }),
    "`id_token_hint` is no token": asks({ id_token_hint: "nonsense" }),
    "unsigned request object": async (side) => side.authorize({ request: unsigned({ client_id: side.clients.web.client_id }) }),
    "`request_uri` of the web": asks({ request_uri: "https://evil.example/request" }),
    "unknown pushed request": asks({ request_uri: "urn:ietf:params:oauth:request_uri:unknown" }),
    "unknown `resource`": asks({ resource: "https://evil.example/api" }),
    "request that is not pushed, of a client that must push": asks({}, { client: "pushing" }),
    "the user denies": asks({}, { answer: "deny" }),
    "the user allows": asks({}, { answer: "allow" }),
    "the same again with a session": async (side) => {
      await side.code();
      return side.authorize({}, { agent: side.browser });
    },
    "`prompt=none` with session and consent": visits({ prompt: "none" }),
    "`prompt=none` without consent": visits({ prompt: "none" }, { client: "other" }),
    "`prompt=login` with a session": visits({ prompt: "login" }),
    "`prompt=consent` with a session": visits({ prompt: "consent" }),
    "`max_age=10000` with a session": visits({ max_age: "10000" }),
  },
  "Token endpoint: codes": {
    "code and verifier": redeems({}),
    "wrong verifier": redeems({ code_verifier: VERIFIER.replace("a", "b") }),
    "no verifier": redeems({ code_verifier: null }),
    "verifier too short": redeems({ code_verifier: "short" }),
    "no code": redeems({ code: null }),
    "unknown code": redeems({ code: "unknown" }),
    "another redirect URI": redeems({ redirect_uri: "https://evil.example/callback" }),
    "no redirect URI": redeems({ redirect_uri: null }),
    "code of another client": redeems({}, { client: "other" }),
    "code twice": async (side) => {
      const code = await side.code();
      await side.said("token", side.exchange(code));
      return side.said("token", side.exchange(code));
    },
    "userinfo after the code was used twice": async (side) => {
      const code = await side.code();
      const tokens = await (await side.post("token", side.exchange(code))).json();
      await side.said("token", side.exchange(code));
      return side.userinfo({ authorization: `Bearer ${tokens.access_token}` });
    },
    "right verifier after a wrong one": async (side) => {
      const code = await side.code();
      await side.said("token", side.exchange(code, { code_verifier: CHALLENGE }));
      return side.said("token", side.exchange(code));
    },
    "parameter twice": redeems({ redirect_uri: [CALLBACK, CALLBACK] }),
    "no grant": redeems({ grant_type: null }),
    "unknown grant": redeems({ grant_type: "nonsense" }),
    "password grant": (side) => side.said("token", { grant_type: "password", username: "ada", password: "x" }),
    "grant that the client may not use": (side) => side.said("token", { grant_type: "client_credentials" }, { client: "native" }),
  },
  "Token endpoint: clients": {
    "secret in the form": async (side) => {
      const { client_id, client_secret } = side.clients.web;
      return side.said("token", { ...side.exchange(await side.code()), client_id, client_secret }, { client: null });
    },
    "wrong secret": (side) => side.said("token", side.exchange("x"), { headers: { authorization: basic(side.clients.web.client_id, "wrong") } }),
    "unknown client": (side) => side.said("token", side.exchange("x"), { headers: { authorization: basic("c_unknown", "wrong") } }),
    "no client": (side) => side.said("token", side.exchange("x"), { client: null }),
    "client with a secret that sends none": (side) => side.said("token", { ...side.exchange("x"), client_id: side.clients.web.client_id }, { client: null }),
    "two methods at once": (side) => side.said("token", { ...side.exchange("x"), ...side.clients.web }),
    "header that is no credentials": (side) => side.said("token", side.exchange("x"), { headers: { authorization: "Basic !" } }),
    "assertion": async (side) => side.said("token", side.exchange(await side.code({}, "signer")), { client: "signer" }),
    "assertion twice": async (side) => {
      const form = { ...side.exchange("x"), ...side.asserted(await side.assertion()) };
      await side.said("token", form, { client: null });
      return side.said("token", form, { client: null });
    },
    ...Object.fromEntries(Object.entries({
      "for another audience": { aud: "https://evil.example" },
      "for an array of audiences": (side) => ({ aud: [side.metadata.issuer] }),
      "for the token endpoint": (side) => ({ aud: side.metadata.token_endpoint }),
      "that has expired": { exp: 1 },
      "without `jti`": { jti: undefined },
      "of another issuer": { iss: "c_other" },
    }).map(([name, changes]) => [`assertion ${name}`, async (side) => {
      const assertion = await side.assertion(typeof changes === "function" ? changes(side) : changes);
      return side.said("token", { ...side.exchange("x"), ...side.asserted(assertion) }, { client: null });
    }])),
    "assertion with another key": async (side) => {
      const assertion = await side.assertion({}, side.thief.privateKey);
      return side.said("token", { ...side.exchange("x"), ...side.asserted(assertion) }, { client: null });
    },
  },
  "Token endpoint: refresh": {
    "refresh": async (side) => {
      const { refresh_token } = await side.tokens();
      return side.said("token", { grant_type: "refresh_token", refresh_token });
    },
    "no token": (side) => side.said("token", { grant_type: "refresh_token" }),
    "unknown token": (side) => side.said("token", { grant_type: "refresh_token", refresh_token: "unknown" }),
    "token of another client": async (side) => {
      const { refresh_token } = await side.tokens();
      return side.said("token", { grant_type: "refresh_token", refresh_token }, { client: "other" });
    },
    "more scopes": async (side) => {
      const { refresh_token } = await side.tokens();
      return side.said("token", { grant_type: "refresh_token", refresh_token, scope: "openid profile" });
    },
    "the token before, while the new one was not used": async (side) => {
      const { refresh_token } = await side.tokens();
      await side.said("token", { grant_type: "refresh_token", refresh_token });
      return side.said("token", { grant_type: "refresh_token", refresh_token });
    },
    "the token before the last one": async (side) => {
      const { refresh_token } = await side.tokens();
      const second = await (await side.post("token", { grant_type: "refresh_token", refresh_token })).json();
      await side.said("token", { grant_type: "refresh_token", refresh_token: second.refresh_token });
      return side.said("token", { grant_type: "refresh_token", refresh_token });
    },
  },
  "Token endpoint: client credentials": {
    "with a scope": (side) => side.said("token", { grant_type: "client_credentials", scope: "recipes:read" }, { client: "service" }),
    "unknown scope": (side) => side.said("token", { grant_type: "client_credentials", scope: "nonsense" }, { client: "service" }),
    "for an API": (side) => side.said("token", { grant_type: "client_credentials", resource: `${side.metadata.issuer}/api/v1` }, { client: "service" }),
    "for an unknown API": (side) => side.said("token", { grant_type: "client_credentials", resource: "https://evil.example/api" }, { client: "service" }),
    "code of a client without that grant": (side) => side.said("token", side.exchange("x"), { client: "service" }),
  },
  "Token endpoint: proofs of possession": {
    "no proof, of a client that must send one": (side) => side.proven(),
    "no nonce": (side) => side.learnNonce(),
    "proof": async (side) => side.proven(await side.proof()),
    "proof twice": async (side) => {
      const proof = await side.proof();
      await side.proven(proof);
      return side.proven(proof);
    },
    "unknown nonce": async (side) => side.proven(await side.proof({ nonce: "unknown" })),
    "another method": async (side) => side.proven(await side.proof({ htm: "GET" })),
    "another address": async (side) => side.proven(await side.proof({ htu: "https://evil.example/token" })),
    "address with a query": async (side) => side.proven(await side.proof({ htu: `${side.endpoint("token")}?a=b` })),
    "an hour old": async (side) => side.proven(await side.proof({ iat: Math.floor(Date.now() / 1000) - 3600 })),
    "no `jti`": async (side) => side.proven(await side.proof({ jti: undefined })),
    "another type": async (side) => side.proven(await side.proof({}, { header: { typ: "JWT" } })),
    "no key": async (side) => side.proven(await side.proof({}, { header: { jwk: undefined } })),
    "key of another signature": async (side) => {
      const [header, claims] = (await side.proof()).split(".");
      const [, , signature] = (await side.proof({}, { key: side.thief })).split(".");
      return side.proven([header, claims, signature].join("."));
    },
    "not a token": (side) => side.proven("nonsense"),
  },
  "Pushed requests": {
    "push": (side) => side.said("par", side.request()),
    "push and visit": async (side) => side.authorize(await side.pushed("pushing")),
    "visit again after a code": async (side) => {
      const pushed = await side.pushed("web");
      await side.code(pushed);
      return side.authorize(pushed, { agent: side.browser });
    },
    "visit by another client": async (side) => side.authorize(await side.pushed("web", "other")),
    "wrong secret": (side) => side.said("par", side.request(), { headers: { authorization: basic(side.clients.web.client_id, "wrong") } }),
    "another redirect URI": (side) => side.said("par", side.request({ redirect_uri: "https://evil.example/callback" })),
    "no PKCE": (side) => side.said("par", side.request({ code_challenge: null, code_challenge_method: null })),
    "`response_type=token`": (side) => side.said("par", side.request({ response_type: "token" })),
    "`request_uri` inside": (side) => side.said("par", side.request({ request_uri: "urn:a" })),
    "id of another client": (side) => side.said("par", side.request({}, "other")),
  },
  "Devices": {
    "begin": (side) => side.said("device_authorization", { scope: "openid" }, { client: "television" }),
    "unknown client": (side) => side.said("device_authorization", { client_id: "c_unknown" }, { client: null }),
    "client without that grant": (side) => side.said("device_authorization", { scope: "openid" }, { client: "native" }),
    "unknown scope": (side) => side.said("device_authorization", { scope: "openid nonsense" }, { client: "television" }),
    "poll before the user": async (side) => {
      const begun = await (await side.post("device_authorization", { scope: "openid" }, { client: "television" })).json();
      side.device = { grant_type: DEVICE, device_code: begun.device_code };
      return side.said("token", side.device, { client: "television" });
    },
    "poll again at once": (side) => side.said("token", side.device, { client: "television" }),
    "unknown code": (side) => side.said("token", { grant_type: DEVICE, device_code: "unknown" }, { client: "television" }),
    "no code": (side) => side.said("token", { grant_type: DEVICE }, { client: "television" }),
    "code of another client": (side) => side.said("token", side.device, { client: "tablet" }),
  },
  "Introspection and revocation": {
    "introspect an access token": async (side) => side.said("introspection", { token: (await side.tokens()).access_token }),
    "introspect a refresh token": async (side) => side.said("introspection", { token: (await side.tokens()).refresh_token }),
    "introspect an ID token": async (side) => side.said("introspection", { token: (await side.tokens()).id_token }),
    "introspect a token of another client": async (side) => side.said("introspection", { token: (await side.tokens()).access_token }, { client: "other" }),
    "introspect nonsense": (side) => side.said("introspection", { token: "nonsense" }),
    "introspect nothing": (side) => side.said("introspection", {}),
    "introspect without authentication": (side) => side.said("introspection", { token: "x" }, { client: null }),
    "introspect with a wrong secret": (side) => side.said("introspection", { token: "x" }, { headers: { authorization: basic(side.clients.web.client_id, "wrong") } }),
    "introspect as a public client": (side) => side.said("introspection", { token: "x" }, { client: "native" }),
    "revoke a refresh token": async (side) => side.said("revocation", { token: (await side.tokens()).refresh_token }),
    "introspect the access token after it": async (side) => {
      const { access_token, refresh_token } = await side.tokens();
      await side.said("revocation", { token: refresh_token });
      return side.said("introspection", { token: access_token });
    },
    "revoke nonsense": (side) => side.said("revocation", { token: "nonsense" }),
    "revoke nothing": (side) => side.said("revocation", {}),
    "revoke with an unknown hint": (side) => side.said("revocation", { token: "nonsense", token_type_hint: "nonsense" }),
    "revoke a token of another client": async (side) => side.said("revocation", { token: (await side.tokens()).refresh_token }, { client: "other" }),
    "revoke without authentication": (side) => side.said("revocation", { token: "x" }, { client: null }),
  },
  "Userinfo": {
    "access token": async (side) => side.userinfo({ authorization: `Bearer ${(await side.tokens()).access_token}` }),
    "access token by POST": async (side) => side.userinfo({ authorization: `Bearer ${(await side.tokens()).access_token}` }, { method: "POST" }),
    "access token in the form": async (side) => side.userinfo({}, { method: "POST", body: new URLSearchParams({ access_token: (await side.tokens()).access_token }) }),
    "no token": (side) => side.userinfo({}),
    "nonsense": (side) => side.userinfo({ authorization: "Bearer nonsense" }),
    "ID token": async (side) => side.userinfo({ authorization: `Bearer ${(await side.tokens()).id_token}` }),
    "token without `openid`": async (side) => side.userinfo({ authorization: `Bearer ${(await side.tokens({ scope: "recipes:read", nonce: null })).access_token}` }),
    "bound token as Bearer": async (side) => side.userinfo({ authorization: `Bearer ${await side.boundToken()}` }),
    "bound token and proof": async (side) => {
      const token = await side.boundToken();
      return side.userinfo({ authorization: `DPoP ${token}`, dpop: await side.proofAtUserinfo(token) });
    },
    "proof of another key": async (side) => {
      const token = await side.boundToken();
      return side.userinfo({ authorization: `DPoP ${token}`, dpop: await side.proofAtUserinfo(token, {}, { key: side.thief }) });
    },
    "proof without `ath`": async (side) => {
      const token = await side.boundToken();
      return side.userinfo({ authorization: `DPoP ${token}`, dpop: await side.proofAtUserinfo(token, { ath: undefined }) });
    },
    "bound token without proof": async (side) => side.userinfo({ authorization: `DPoP ${await side.boundToken()}` }),
  },
  "Log-out": Object.fromEntries(Object.entries({
    "without parameters": () => ({}),
    "hint and registered address": async (side) => ({ id_token_hint: (await side.tokens()).id_token, post_logout_redirect_uri: GOODBYE }),
    "hint and another address": async (side) => ({ id_token_hint: (await side.tokens()).id_token, post_logout_redirect_uri: "https://evil.example/" }),
    "registered address without hint": async (side) => ({ client_id: side.clients.web.client_id, post_logout_redirect_uri: GOODBYE }),
    "hint that is no token": () => ({ id_token_hint: "nonsense", post_logout_redirect_uri: GOODBYE }),
  }).map(([name, parameters]) => [name, async (side) => {
    // By a browser that has no session.
    const seen = await new UserAgent().ask(`${side.endpoint("end_session")}?${new URLSearchParams(await parameters(side))}`);
    if (seen.location?.startsWith(GOODBYE)) return "back at the client";
    return seen.location ? `redirect ${seen.status}` : `page ${seen.status}`;
  }])),
};
