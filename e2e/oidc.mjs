// Log-ins at a certified OpenID provider that we did not write, each from the first click to the end that it must have.
// RELYING_PARTY is the program in e2e/relying-party.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { IdentityProvider } from "./identity-provider.mjs";
import { UserAgent, formOf } from "./user-agent.mjs";

const provider = await IdentityProvider.listen();
const other = await IdentityProvider.listen();
const { process: site, origin } = await relyingParty([provider.issuer, other.issuer]);
const isOurs = (address) => address.startsWith(`${origin}/`);
const client = (id) => ({ id, redirectUri: `${origin}/login/${id}`, afterLogout: `${origin}/logged-out` });
provider.serve(["one", "posted", "plain"].map(client));
other.serve([client("other")]);

const cases = {
  async "code and PKCE"() {
    const agent = new UserAgent();
    const begun = await agent.ask(`${origin}/login/one?return_to=/%3Fpage=2`);
    const asked = new URL(begun.location).searchParams;
    assert.equal(begun.status, 303);
    assert.deepEqual([asked.get("response_type"), asked.get("code_challenge_method")], ["code", "S256"]);
    await signsIn(agent, await logIn(agent, begun), "alice at one <alice@example.com>", "/?page=2");
  },

  async "a code for another verifier"() {
    const agent = new UserAgent();
    const begun = await agent.ask(`${origin}/login/one`);
    const rewritten = rewrite(begun.location, { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" });
    await refuses(agent, await logIn(agent, { ...begun, location: rewritten }), 400, "invalid_grant");
  },

  async "no code challenge at all"() {
    const begun = await new UserAgent().ask(`${origin}/login/one`);
    const rewritten = rewrite(begun.location, { code_challenge: null, code_challenge_method: null });
    const { location } = await new UserAgent().ask(rewritten);
    assert.equal(new URL(location).searchParams.get("error"), "invalid_request", "this provider insists on it");
  },

  async "form_post"() {
    const agent = new UserAgent();
    const begun = await agent.ask(`${origin}/login/posted?return_to=/%3Fposted`);
    assert.equal(new URL(begun.location).searchParams.get("response_mode"), "form_post");
    const page = await logIn(agent, begun);
    assert.equal(page.location, null, "the code is in no URL");
    const { action, fields } = formOf(page);
    assert.deepEqual([action, Object.keys(fields).sort()], [`${origin}/login/posted`, ["code", "iss", "state"]]);
    await refuses(agent.clone(), await agent.clone().ask(`${action}?${new URLSearchParams(fields)}`), 400, "response_mode");
    await signsInWith(agent, await agent.ask(action, fields), "alice at posted <alice@example.com>", "/?posted");
  },

  async "the iss parameter"() {
    const agent = new UserAgent();
    const { location } = await logIn(agent, await agent.ask(`${origin}/login/one`));
    assert.equal(new URL(location).searchParams.get("iss"), provider.issuer);
    const tokens = provider.asked.get("/token");
    await refuses(agent.clone(), { location: rewrite(location, { iss: other.issuer }) }, 400, "wrong_issuer");
    await refuses(agent.clone(), { location: rewrite(location, { iss: null }) }, 400, "no_issuer");
    assert.equal(provider.asked.get("/token"), tokens, "the code was sent nowhere");
    await signsIn(agent, { location }, "alice at one <alice@example.com>");
  },

  async "a wrong nonce"() {
    const agent = new UserAgent();
    const begun = await agent.ask(`${origin}/login/one`);
    const rewritten = rewrite(begun.location, { nonce: "that of another log-in" });
    await refuses(agent, await logIn(agent, { ...begun, location: rewritten }), 400, "wrong_nonce");
  },

  async "a wrong state"() {
    const agent = new UserAgent();
    const { location } = await logIn(agent, await agent.ask(`${origin}/login/one`));
    await refuses(agent.clone(), { location: rewrite(location, { state: "another" }) }, 400, "unknown_state");
    await refuses(agent.clone(), { location: rewrite(location, { state: null }) }, 400, "no_state");
    await refuses(new UserAgent(), { location }, 400, "unknown_state");
    await signsIn(agent, { location }, "alice at one <alice@example.com>");
  },

  async "a log-in that took too long"() {
    const agent = new UserAgent();
    const { location } = await logIn(agent, await agent.ask(`${origin}/login/one`));
    await passes(600);
    await refuses(agent, { location }, 400, "expired_flow");
  },

  async "a replayed code"() {
    const agent = new UserAgent();
    const { location } = await logIn(agent, await agent.ask(`${origin}/login/one`));
    const thief = agent.clone();
    await signsIn(agent, { location }, "alice at one <alice@example.com>");
    assert.deepEqual(await end(agent, { location }), [400, "unknown_state"], "the log-in is over");
    await refuses(thief, { location }, 400, "invalid_grant");
  },

  async "two tabs at once"() {
    const agent = new UserAgent();
    const tabs = [];
    for (const page of ["/?first", "/?second"]) tabs.push(await agent.ask(`${origin}/login/one?return_to=${page}`));
    const ends = [];
    for (const begun of tabs) ends.push(await logIn(agent, begun));
    await signsIn(agent, ends[1], "alice at one <alice@example.com>", "/?second");
    await signsIn(agent, ends[0], "alice at one <alice@example.com>", "/?first");
  },

  async "two providers mixed up"() {
    const agent = new UserAgent();
    const here = await logIn(agent, await agent.ask(`${origin}/login/one`));
    const there = await logIn(agent, await agent.ask(`${origin}/login/other`));
    const state = (seen) => new URL(seen.location).searchParams.get("state");
    const tokens = [provider.asked.get("/token"), other.asked.get("/token")];
    // The answer of the one at the callback of the other, with its own state and with the right one.
    const at = (path, seen, changes) => ({ location: rewrite(seen.location.replace(/\/login\/\w+/, path), changes) });
    await refuses(agent.clone(), at("/login/other", here, {}), 400, "another_provider");
    await refuses(agent.clone(), at("/login/one", there, {}), 400, "another_provider");
    await refuses(agent.clone(), at("/login/other", here, { state: state(there) }), 400, "wrong_issuer");
    await refuses(agent.clone(), at("/login/one", there, { state: state(here) }), 400, "wrong_issuer");
    assert.deepEqual([provider.asked.get("/token"), other.asked.get("/token")], tokens, "no code was sent anywhere");
    await signsIn(agent, there, "alice at other <alice@example.com>");
    await signsIn(agent, here, "alice at one <alice@example.com>");
  },

  async "denied consent"() {
    for (const id of ["one", "plain"]) {
      const agent = new UserAgent();
      const page = await agent.follow(await agent.ask(`${origin}/login/${id}`));
      const [, abort] = page.text.match(/href="([^"]*)">\[ Cancel \]/);
      const denied = await agent.follow(await agent.ask(new URL(abort, page.url)), isOurs);
      assert.equal(new URL(denied.location).searchParams.get("error"), "access_denied");
      await refuses(agent, denied, 403, "consent_denied");
    }
  },

  async "plain OAuth 2.0"() {
    const agent = new UserAgent();
    const begun = await agent.ask(`${origin}/login/plain?return_to=/%3Fplain`);
    assert.equal(new URL(begun.location).searchParams.get("nonce"), null);
    const back = await logIn(agent, begun);
    await refuses(agent.clone(), { location: rewrite(back.location, { iss: other.issuer }) }, 400, "wrong_issuer");
    const thief = agent.clone();
    await signsIn(agent, back, "alice at plain <alice@example.com>", "/?plain");
    await refuses(thief, back, 400, "invalid_grant");
  },

  async "rotated keys"() {
    const agent = new UserAgent();
    await signsIn(agent, await logIn(agent, await agent.ask(`${origin}/login/one`)), "alice at one <alice@example.com>");
    provider.rotateKeys();
    const sets = provider.asked.get("/jwks");
    await passes(10);
    const later = new UserAgent();
    await signsIn(later, await logIn(later, await later.ask(`${origin}/login/one`)), "alice at one <alice@example.com>");
    assert.equal(provider.asked.get("/jwks"), sets + 1, "the set was fetched once more");
  },

  async "log-out at the provider"() {
    const agent = new UserAgent();
    await signsIn(agent, await logIn(agent, await agent.ask(`${origin}/login/one`)), "alice at one <alice@example.com>");
    const again = await agent.follow(await agent.ask(`${origin}/login/one`), isOurs);
    assert.ok(isOurs(again.location), "a user with a session at the provider is not asked again");

    const over = await agent.ask(`${origin}/logout`, {});
    assert.equal(over.status, 303);
    assert.deepEqual(
      [...new URL(over.location).searchParams.keys()],
      ["client_id", "id_token_hint", "post_logout_redirect_uri", "state"],
    );
    assert.equal((await agent.ask(origin)).text, "guest", "logged out here, whatever comes of the rest");
    const page = await agent.ask(over.location);
    const { action, fields } = formOf(page);
    const gone = await agent.ask(action, { ...fields, logout: "yes" });
    assert.ok(gone.location.startsWith(`${origin}/logged-out?state=`), gone.location);
    const stranger = await new UserAgent().ask(gone.location);
    assert.deepEqual([stranger.status, stranger.cause], [400, "unknown_state"], "it is the log-out of one browser");
    const back = await agent.follow(gone);
    assert.deepEqual([back.url, back.text], [`${origin}/goodbye`, "Goodbye"]);

    const asked = await agent.follow(await agent.ask(`${origin}/login/one`), isOurs);
    assert.match(asked.text, /Enter any login/, "and there too");
  },
};

try {
  for (const [name, run] of Object.entries(cases)) {
    await run().catch((cause) => {
      throw new Error(name, { cause });
    });
    console.log(name);
  }
} finally {
  site.stdin.end();
  provider.close();
  other.close();
}

// From where the site sent the browser, through the provider's pages, to where the provider sends it back.
async function logIn(agent, begun) {
  let page = await agent.follow(begun, isOurs);
  for (let pages = 0; pages < 2 && !page.location && page.text.includes('name="prompt"'); pages += 1) {
    const { action, fields } = formOf(page);
    const who = fields.prompt === "login" ? { login: "alice", password: "open sesame" } : {};
    page = await agent.follow(await agent.ask(action, { ...fields, ...who }), isOurs);
  }
  return page;
}

async function end(agent, { location }) {
  const seen = await agent.ask(location);
  return [seen.status, seen.cause];
}

async function signsIn(agent, back, who, page = "/") {
  await signsInWith(agent, await agent.ask(back.location), who, page);
}

async function signsInWith(agent, seen, who, page) {
  assert.deepEqual([seen.status, seen.location], [303, `${origin}${page}`], seen.cause);
  assert.equal((await agent.ask(seen.location)).text, who);
}

// The response alone does not show that no user is logged in.
async function refuses(agent, seen, status, cause) {
  const answer = seen.location ? await agent.ask(seen.location) : seen;
  assert.deepEqual([answer.status, answer.cause], [status, cause], answer.text);
  assert.equal((await agent.ask(origin)).text, "guest");
}

function rewrite(address, parameters) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
}

async function passes(seconds) {
  const answer = await new UserAgent().ask(`${origin}/clock?${seconds}`, {});
  assert.equal(answer.status, 200);
}

async function relyingParty(issuers) {
  const process_ = spawn(process.env.RELYING_PARTY, issuers, { stdio: ["pipe", "pipe", "inherit"] });
  const address = await new Promise((started, failed) => {
    process_.stdout.once("data", (line) => started(line.toString().trim()));
    process_.once("exit", (code) => failed(new Error(`the relying party ended with ${code}`)));
  });
  return { process: process_, origin: address };
}
