// The tutorial's design, to measure against: Express, passport-local for the log-in, passport-jwt for protected routes,
// and JSON files as the store, read at each request and rewritten whole at each write.
//
// PORT is where it listens; the files are in the current folder.
import { readFile, writeFile } from "node:fs/promises";
import bcrypt from "bcrypt";
import express from "express";
import jwt from "jsonwebtoken";
import passport from "passport";
import { ExtractJwt, Strategy as JwtStrategy } from "passport-jwt";
import { Strategy as LocalStrategy } from "passport-local";

const secret = process.env.JWT_SECRET;

const load = async (name) => JSON.parse(await readFile(`${name}.json`, "utf8"));
const save = (name, all) => writeFile(`${name}.json`, JSON.stringify(all, null, 2));
const create = async (name, fields) => {
  const all = await load(name);
  const created = { id: all.length + 1, ...fields };
  await save(name, [...all, created]);
  return created;
};
for (const name of ["recipes", "users"]) await load(name).catch(() => save(name, []));

passport.use(
  new LocalStrategy({ usernameField: "email", session: false }, async (email, password, done) => {
    try {
      const user = (await load("users")).find((candidate) => candidate.email === email);
      done(null, user && (await bcrypt.compare(password, user.password)) ? user : false);
    } catch (error) {
      done(error);
    }
  }),
);
passport.use(
  new JwtStrategy(
    { jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: secret },
    async ({ id }, done) => {
      try {
        done(null, (await load("users")).find((user) => user.id === id) ?? false);
      } catch (error) {
        done(error);
      }
    },
  ),
);
const signedIn = passport.authenticate("jwt", { session: false });
const token = ({ id }) => ({ token: jwt.sign({ id }, secret, { expiresIn: 86400 }) });
const answer = (handler) => (request, response, next) => handler(request, response).catch(next);

const app = express();
app.use((request, response, next) => {
  const started = performance.now();
  response.on("finish", () =>
    console.log(`${request.method} ${request.path} ${response.statusCode} ${(performance.now() - started).toFixed(1)} ms`),
  );
  next();
});
app.use(express.json());
app.use(express.urlencoded({ extended: true }));

app.get("/api/v1/recipes", answer(async (request, response) => response.json({ data: await load("recipes") })));
app.get("/api/v1/recipes/:id", answer(async (request, response) => {
  const recipe = (await load("recipes")).find(({ id }) => id === Number(request.params.id));
  if (recipe) response.json({ data: recipe });
  else response.status(404).json({ status: "error", statusCode: 404, message: "Recipe not found" });
}));
app.post("/api/v1/recipes", signedIn, answer(async (request, response) => {
  const { name, healthLabels, cookTimeMinutes, prepTimeMinutes, ingredients } = request.body;
  const fields = { name, healthLabels, cookTimeMinutes, prepTimeMinutes, ingredients };
  response.status(201).json({ data: await create("recipes", fields) });
}));
app.post("/api/v1/users/signup", answer(async (request, response) => {
  const { name, email, password } = request.body;
  response.json(token(await create("users", { name, email, password: await bcrypt.hash(password, 10) })));
}));
app.post("/api/v1/users/login", passport.authenticate("local", { session: false }), (request, response) =>
  response.json(token(request.user)),
);
app.get("/api/v1/users/me", signedIn, ({ user: { id, name, email } }, response) =>
  response.json({ data: { id, name, email } }),
);

app.listen(Number(process.env.PORT), "127.0.0.1");
