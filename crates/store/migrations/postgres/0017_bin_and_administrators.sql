-- The entries of meal plans whose recipe is in the bin: the entry itself has no recipe meanwhile, and gets it back with the recipe.
CREATE TABLE binned_plan_entries (
    -- Of the entry.
    id        bytea  PRIMARY KEY REFERENCES plan_entries (id) ON DELETE CASCADE,
    recipe_id bigint NOT NULL REFERENCES bin (id) ON DELETE CASCADE
);

CREATE INDEX binned_plan_entries_by_recipe ON binned_plan_entries (recipe_id);

-- The links to recipes in the bin. They show nothing until the recipe is restored.
CREATE TABLE binned_shares (
    id         bytea       PRIMARY KEY CHECK (length(id) = 16),
    recipe_id  bigint      NOT NULL REFERENCES bin (id) ON DELETE CASCADE,
    digest     bytea       NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_by bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    -- NULL: never.
    expires_at timestamptz
);

CREATE INDEX binned_shares_by_recipe ON binned_shares (recipe_id);
CREATE INDEX binned_shares_by_creator ON binned_shares (created_by);

-- Pages ask whether there is an administrator.
CREATE INDEX users_who_administer ON users (id) WHERE role = 'admin' AND NOT disabled;
