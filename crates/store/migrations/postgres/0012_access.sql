-- The role viewer: reads recipes, and writes none.
ALTER TABLE users DROP CONSTRAINT users_role_check;
ALTER TABLE users ADD CONSTRAINT users_role_check CHECK (role IN ('viewer', 'user', 'admin'));

-- Links that show one recipe to everybody who has them. They end with the account that made them, and when the recipe gets
-- another owner. Of the secret in the link only the digest is kept.
CREATE TABLE shares (
    id         bytea       PRIMARY KEY CHECK (length(id) = 16),
    recipe_id  bigint      NOT NULL REFERENCES recipes (id) ON DELETE CASCADE,
    digest     bytea       NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_by bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    -- NULL: never.
    expires_at timestamptz
);

CREATE INDEX shares_by_recipe ON shares (recipe_id);
-- Deleting a user looks for the links.
CREATE INDEX shares_by_creator ON shares (created_by);

-- True: all users who have logged in see the recipe. Such a recipe is also private, so that what knows nothing of members shows it
-- only to its owner. NULL otherwise, as in backups of earlier versions.
ALTER TABLE recipes ADD COLUMN members boolean CHECK (members IS NULL OR (members AND private));

CREATE INDEX recipes_for_members ON recipes (id) WHERE members;
-- For the number of recipes that a user sees.
CREATE INDEX recipes_for_members_by_owner ON recipes (owner_id) WHERE members;

-- As it was then, for former revisions; and for recipes in the bin.
ALTER TABLE revisions ADD COLUMN members boolean CHECK (members IS NULL OR (members AND private));
ALTER TABLE bin ADD COLUMN members boolean CHECK (members IS NULL OR (members AND private));
