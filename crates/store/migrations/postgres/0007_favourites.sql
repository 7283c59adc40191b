-- The recipes that a user likes, for their own list.
CREATE TABLE favourites (
    id        bytea       PRIMARY KEY CHECK (length(id) = 16),
    user_id   bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipe_id bigint      NOT NULL REFERENCES recipes (id) ON DELETE CASCADE,
    added_at  timestamptz NOT NULL,
    UNIQUE (user_id, recipe_id)
);

-- Deleting a recipe looks for its favourites.
CREATE INDEX favourites_by_recipe ON favourites (recipe_id);
