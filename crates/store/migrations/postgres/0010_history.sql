-- The former revisions of recipes: a change adds the one that it replaces, in its transaction. The current one is in recipes.
CREATE TABLE revisions (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipe_id   bigint      NOT NULL,
    revision    bigint      NOT NULL CHECK (revision >= 1),
    -- As they were then: they decide who could read the revision. No REFERENCES, here and below: the number of a deleted user is
    -- never given out again, so it is no personal data.
    owner_id    bigint,
    private     boolean     NOT NULL,
    updated_at  timestamptz NOT NULL,
    -- The user who made the next revision. NULL: the operator.
    replaced_by bigint,
    document    text        NOT NULL,
    UNIQUE (recipe_id, revision)
);

-- For exports and deletions of accounts.
CREATE INDEX revisions_by_owner ON revisions (owner_id, recipe_id, revision) WHERE owner_id IS NOT NULL;

-- Deleted recipes, until they are restored or deleted for good. In a table of its own, so that no query for recipes finds them.
CREATE TABLE bin (
    id         bigint      PRIMARY KEY,
    uid        text        NOT NULL,
    owner_id   bigint      REFERENCES users (id) ON DELETE CASCADE,
    private    boolean     NOT NULL,
    revision   bigint      NOT NULL CHECK (revision >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz NOT NULL,
    -- NULL: the operator.
    deleted_by bigint,
    -- For the list, which does not read the documents.
    name       text        NOT NULL,
    document   text        NOT NULL
);

CREATE INDEX bin_by_owner ON bin (owner_id, deleted_at, id);
CREATE INDEX bin_by_time ON bin (deleted_at, id);

-- What users keep about a recipe in the bin. It comes back with the recipe.
CREATE TABLE binned_favourites (
    id        bytea       PRIMARY KEY CHECK (length(id) = 16),
    user_id   bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipe_id bigint      NOT NULL REFERENCES bin (id) ON DELETE CASCADE,
    added_at  timestamptz NOT NULL
);

CREATE INDEX binned_favourites_by_user ON binned_favourites (user_id);
CREATE INDEX binned_favourites_by_recipe ON binned_favourites (recipe_id);

CREATE TABLE binned_cooked (
    id        bytea  PRIMARY KEY CHECK (length(id) = 16),
    user_id   bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipe_id bigint NOT NULL REFERENCES bin (id) ON DELETE CASCADE,
    cooked_on text   COLLATE "C" NOT NULL CHECK (length(cooked_on) = 10),
    note      text
);

CREATE INDEX binned_cooked_by_user ON binned_cooked (user_id);
CREATE INDEX binned_cooked_by_recipe ON binned_cooked (recipe_id);

-- Former revisions end with their recipe, and a recipe that is moved into the bin or out of it is in both tables for a moment. Triggers,
-- so that this also holds for deletions of servers of the version before.
CREATE FUNCTION delete_revisions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM revisions WHERE recipe_id IN (
        SELECT id FROM removed
        WHERE NOT EXISTS (SELECT FROM recipes WHERE recipes.id = removed.id)
          AND NOT EXISTS (SELECT FROM bin WHERE bin.id = removed.id));
    RETURN NULL;
END
$$;

CREATE TRIGGER revisions_of_deleted_recipes AFTER DELETE ON recipes
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION delete_revisions();
CREATE TRIGGER revisions_of_emptied_bin AFTER DELETE ON bin
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION delete_revisions();
