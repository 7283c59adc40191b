-- The entries of meal plans whose recipe is in the bin: the entry itself has no recipe meanwhile, and gets it back with the recipe.
CREATE TABLE binned_plan_entries (
    -- Of the entry.
    id        BLOB    NOT NULL PRIMARY KEY REFERENCES plan_entries (id) ON DELETE CASCADE,
    recipe_id INTEGER NOT NULL REFERENCES bin (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX binned_plan_entries_by_recipe ON binned_plan_entries (recipe_id);

-- The links to recipes in the bin. They show nothing until the recipe is restored.
CREATE TABLE binned_shares (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    recipe_id  INTEGER NOT NULL REFERENCES bin (id) ON DELETE CASCADE,
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_by INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    -- NULL: never.
    expires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX binned_shares_by_recipe ON binned_shares (recipe_id);
CREATE INDEX binned_shares_by_creator ON binned_shares (created_by);

-- Pages ask whether there is an administrator.
CREATE INDEX users_who_administer ON users (id) WHERE role = 'admin' AND disabled = 0;
