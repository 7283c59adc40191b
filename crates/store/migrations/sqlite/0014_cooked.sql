-- When a user cooked a recipe, with a note.
CREATE TABLE cooked (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipe_id INTEGER NOT NULL REFERENCES recipes (id) ON DELETE CASCADE,
    -- A date without a time, as 2026-11-29.
    cooked_on TEXT    NOT NULL CHECK (length(cooked_on) = 10),
    note      TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX cooked_by_user ON cooked (user_id, recipe_id, cooked_on);
-- Deleting a recipe looks for its entries.
CREATE INDEX cooked_by_recipe ON cooked (recipe_id);
