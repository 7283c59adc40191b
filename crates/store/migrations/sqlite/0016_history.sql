-- The former revisions of recipes: a change adds the one that it replaces, in its transaction. The current one is in recipes.
CREATE TABLE revisions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    recipe_id   INTEGER NOT NULL,
    revision    INTEGER NOT NULL CHECK (revision >= 1),
    -- As they were then: they decide who could read the revision. No REFERENCES, here and below: the number of a deleted user is
    -- never given out again, so it is no personal data.
    owner_id    INTEGER,
    private     INTEGER NOT NULL CHECK (private IN (0, 1)),
    updated_at  INTEGER NOT NULL,
    -- The user who made the next revision. NULL: the operator.
    replaced_by INTEGER,
    document    TEXT    NOT NULL,
    UNIQUE (recipe_id, revision)
) STRICT;

-- For exports and deletions of accounts.
CREATE INDEX revisions_by_owner ON revisions (owner_id, recipe_id, revision) WHERE owner_id IS NOT NULL;

-- Deleted recipes, until they are restored or deleted for good. In a table of its own, so that no query for recipes finds them.
CREATE TABLE bin (
    id         INTEGER PRIMARY KEY,
    uid        TEXT    NOT NULL,
    owner_id   INTEGER REFERENCES users (id) ON DELETE CASCADE,
    private    INTEGER NOT NULL CHECK (private IN (0, 1)),
    revision   INTEGER NOT NULL CHECK (revision >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL,
    -- NULL: the operator.
    deleted_by INTEGER,
    -- For the list, which does not read the documents.
    name       TEXT    NOT NULL,
    document   TEXT    NOT NULL
) STRICT;

CREATE INDEX bin_by_owner ON bin (owner_id, deleted_at, id);
CREATE INDEX bin_by_time ON bin (deleted_at, id);

-- What users keep about a recipe in the bin. It comes back with the recipe.
CREATE TABLE binned_favourites (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipe_id INTEGER NOT NULL REFERENCES bin (id) ON DELETE CASCADE,
    added_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX binned_favourites_by_user ON binned_favourites (user_id);
CREATE INDEX binned_favourites_by_recipe ON binned_favourites (recipe_id);

CREATE TABLE binned_cooked (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipe_id INTEGER NOT NULL REFERENCES bin (id) ON DELETE CASCADE,
    cooked_on TEXT    NOT NULL CHECK (length(cooked_on) = 10),
    note      TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX binned_cooked_by_user ON binned_cooked (user_id);
CREATE INDEX binned_cooked_by_recipe ON binned_cooked (recipe_id);

-- Former revisions end with their recipe, and a recipe that is moved into the bin or out of it is in both tables for a moment. Triggers,
-- so that this also holds for deletions of servers of the version before.
CREATE TRIGGER revisions_of_deleted_recipes AFTER DELETE ON recipes WHEN NOT EXISTS (SELECT 1 FROM bin WHERE id = old.id) BEGIN
    DELETE FROM revisions WHERE recipe_id = old.id;
END;

CREATE TRIGGER revisions_of_emptied_bin AFTER DELETE ON bin WHEN NOT EXISTS (SELECT 1 FROM recipes WHERE id = old.id) BEGIN
    DELETE FROM revisions WHERE recipe_id = old.id;
END;
