-- The role viewer: reads recipes, and writes none. A CHECK can only be changed with a new column.
ALTER TABLE users ADD COLUMN next_role TEXT NOT NULL DEFAULT 'user' CHECK (next_role IN ('viewer', 'user', 'admin'));
UPDATE users SET next_role = role;
ALTER TABLE users DROP COLUMN role;
ALTER TABLE users RENAME COLUMN next_role TO role;

-- Links that show one recipe to everybody who has them. They end with the account that made them, and when the recipe gets
-- another owner. Of the secret in the link only the digest is kept.
CREATE TABLE shares (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    recipe_id  INTEGER NOT NULL REFERENCES recipes (id) ON DELETE CASCADE,
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_by INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    -- NULL: never.
    expires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX shares_by_recipe ON shares (recipe_id);
-- Deleting a user looks for the links.
CREATE INDEX shares_by_creator ON shares (created_by);

-- 1: all users who have logged in see the recipe. Such a recipe is also private, so that what knows nothing of members shows it
-- only to its owner. NULL otherwise, as in backups of earlier versions. It is behind the document, but neither value takes bytes
-- there: both are told by the header of the row.
ALTER TABLE recipes ADD COLUMN members INTEGER CHECK (members IS NULL OR (members = 1 AND private = 1));

CREATE INDEX recipes_for_members ON recipes (members) WHERE members = 1;
-- For the number of recipes that a user sees.
CREATE INDEX recipes_for_members_by_owner ON recipes (owner_id, members) WHERE members = 1;

-- As it was then, for former revisions; and for recipes in the bin.
ALTER TABLE revisions ADD COLUMN members INTEGER CHECK (members IS NULL OR (members = 1 AND private = 1));
ALTER TABLE bin ADD COLUMN members INTEGER CHECK (members IS NULL OR (members = 1 AND private = 1));
