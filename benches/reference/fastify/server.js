// What a careful Node programmer writes today, to measure against: Fastify with response schemas, better-sqlite3 with
// prepared statements, WAL and a flush at each commit.
//
// PORT is where it listens; the database is in the current folder.
import fastifyJwt from "@fastify/jwt";
import bcrypt from "bcrypt";
import Database from "better-sqlite3";
import Fastify from "fastify";

const db = new Database("recipes.db");
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`
  CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS recipes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, healthLabels TEXT NOT NULL,
    cookTimeMinutes INTEGER, prepTimeMinutes INTEGER, ingredients TEXT NOT NULL
  ) STRICT;
`);
const sql = {
  list: db.prepare("SELECT * FROM recipes WHERE id > ? ORDER BY id LIMIT ?"),
  read: db.prepare("SELECT * FROM recipes WHERE id = ?"),
  create: db.prepare(
    "INSERT INTO recipes (name, healthLabels, cookTimeMinutes, prepTimeMinutes, ingredients) VALUES (?, ?, ?, ?, ?) RETURNING *",
  ),
  user: db.prepare("SELECT id, name, email FROM users WHERE id = ?"),
  account: db.prepare("SELECT id, password FROM users WHERE email = ?"),
  signUp: db.prepare("INSERT INTO users (name, email, password) VALUES (?, ?, ?) RETURNING id"),
};
const recipe = (row) => ({
  ...row,
  healthLabels: JSON.parse(row.healthLabels),
  ingredients: JSON.parse(row.ingredients),
});

const texts = { type: "array", items: { type: "string" } };
const minutes = { type: ["integer", "null"], minimum: 0 };
const draft = {
  type: "object",
  required: ["name", "healthLabels", "cookTimeMinutes", "prepTimeMinutes", "ingredients"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 200 },
    healthLabels: texts,
    cookTimeMinutes: minutes,
    prepTimeMinutes: minutes,
    ingredients: texts,
  },
};
const stored = { type: "object", properties: { id: { type: "integer" }, ...draft.properties } };
const user = { type: "object", properties: { id: { type: "integer" }, name: { type: "string" }, email: { type: "string" } } };
const answers = (schema) => ({ "2xx": { type: "object", properties: { data: schema } } });
const paging = {
  type: "object",
  properties: {
    after: { type: "integer", default: 0 },
    limit: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
  },
};

const app = Fastify();
await app.register(fastifyJwt, { secret: process.env.JWT_SECRET, sign: { expiresIn: "24h" } });

const onlyUsers = async (request, reply) => {
  const claims = await request.jwtVerify().catch(() => null);
  request.caller = claims && sql.user.get(claims.id);
  if (!request.caller) return reply.code(401).header("WWW-Authenticate", "Bearer").send({ message: "Unauthorized" });
};
const signedIn = { onRequest: onlyUsers };

app.get("/api/v1/recipes", { schema: { querystring: paging, response: answers({ type: "array", items: stored }) } },
  async ({ query }) => ({ data: sql.list.all(query.after, query.limit).map(recipe) }));
app.get("/api/v1/recipes/:id", { schema: { response: answers(stored) } }, async (request, reply) => {
  const row = sql.read.get(Number(request.params.id));
  return row ? { data: recipe(row) } : reply.code(404).send({ message: "Recipe not found" });
});
app.post("/api/v1/recipes", { ...signedIn, schema: { body: draft, response: answers(stored) } }, async (request, reply) => {
  const { name, healthLabels, cookTimeMinutes, prepTimeMinutes, ingredients } = request.body;
  const labels = JSON.stringify(healthLabels);
  const row = sql.create.get(name, labels, cookTimeMinutes, prepTimeMinutes, JSON.stringify(ingredients));
  return reply.code(201).send({ data: recipe(row) });
});
app.post("/api/v1/users/signup", async ({ body: { name, email, password } }) => {
  const { id } = sql.signUp.get(name, email, await bcrypt.hash(password, 10));
  return { token: app.jwt.sign({ id }) };
});
app.post("/api/v1/users/login", async ({ body: { email, password } }, reply) => {
  const account = sql.account.get(email);
  const matches = account && (await bcrypt.compare(password, account.password));
  return matches ? { token: app.jwt.sign({ id: account.id }) } : reply.code(401).send({ message: "Unable to login" });
});
app.get("/api/v1/users/me", { ...signedIn, schema: { response: answers(user) } }, async ({ caller }) => ({ data: caller }));

await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
