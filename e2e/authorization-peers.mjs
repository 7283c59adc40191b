// Our authorization server beside the certified `oidc-provider`: the same requests to both, good ones and each kind of error. Their
// answers are compared with the table in docs/authorization-server-peer.md, where each difference has its reason. RECIPES is the program.
// With WRITE=1 the table is written anew; reasons stay, and new differences wait for theirs.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { REQUESTS } from "./authorization-peers/requests.mjs";
import { start } from "./authorization-peers/servers.mjs";
import { Side } from "./authorization-peers/side.mjs";

const page = new URL("../docs/authorization-server-peer.md", import.meta.url);
const [introduction, ...sections] = readFileSync(page, "utf8").split(/^(?=## )/m);
const reasons = new Map(sections.flatMap((section) => {
  const [title, ...lines] = section.split("\n");
  const rows = lines.filter((line) => line.startsWith("| ")).slice(1).map((line) => line.slice(2, -2).split(" | "));
  return rows.map(([name, , , why]) => [`${title.slice(3)}: ${name}`, why?.trim() ?? ""]);
}));

const { origins, clients, signingKey, stop } = await start();
try {
  const ours = await Side.of(origins.ours, clients, signingKey);
  const theirs = await Side.of(origins.theirs, clients, signingKey);
  const seen = [];
  for (const [group, requests] of Object.entries(REQUESTS)) {
    for (const [name, send] of Object.entries(requests)) {
      const answers = [];
      for (const side of [ours, theirs]) {
        answers.push(await send(side).catch((cause) => {
          throw new Error(`${group}: ${name}`, { cause });
        }));
      }
      seen.push({ group, name, ours: answers[0], theirs: answers[1] });
    }
  }
  const written = introduction.trimEnd() + "\n" + tables(seen);
  if (process.env.WRITE) writeFileSync(page, written);
  assert.equal(written, readFileSync(page, "utf8"), "the answers are not those of docs/authorization-server-peer.md");
  const different = seen.filter((row) => row.ours !== row.theirs);
  const unexplained = different.filter((row) => !reasons.get(`${row.group}: ${row.name}`));
  assert.deepEqual(unexplained, [], "differences without a reason");
  console.log(`${seen.length} requests to both, ${seen.length - different.length} equal answers, ${different.length} explained differences`);
} finally {
  stop();
}

function tables(seen) {
  return Object.keys(REQUESTS).map((group) => {
    const rows = seen.filter((row) => row.group === group).map(({ name, ours, theirs }) => {
      const why = ours === theirs ? "" : reasons.get(`${group}: ${name}`) ?? "";
      return `| ${name} | ${ours} | ${theirs} | ${why} |`.replace("|  |", "| |");
    });
    return `\n## ${group}\n\n| request | ours | oidc-provider | why |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  }).join("");
}
