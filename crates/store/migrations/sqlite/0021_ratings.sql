-- The stars that users give to recipes. No REFERENCES to the recipe, because a rating stays while its recipe is in the bin.
CREATE TABLE ratings (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipe_id INTEGER NOT NULL,
    stars     INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    -- The last change. A removal sets it before it deletes the row, so that the trigger below knows the time.
    rated_at  INTEGER NOT NULL,
    UNIQUE (user_id, recipe_id)
) STRICT, WITHOUT ROWID;

-- For a recipe that is restored or deleted for good.
CREATE INDEX ratings_by_recipe ON ratings (recipe_id, stars, rated_at);

-- What the ratings of a recipe add up to, so that no read of recipes looks at them. Without ratings these columns take no bytes: they
-- are behind the document, and the header of the row tells them.
ALTER TABLE recipes ADD COLUMN rating_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recipes ADD COLUMN rating_sum INTEGER NOT NULL DEFAULT 0;
-- When they changed last: the document that clients get changes with them, although they are no part of a revision.
ALTER TABLE recipes ADD COLUMN rated_at INTEGER;

-- Triggers, so that the sums also hold for servers of the version before, which delete accounts without knowing of ratings.
CREATE TRIGGER ratings_added AFTER INSERT ON ratings BEGIN
    UPDATE recipes
    SET rating_count = rating_count + 1, rating_sum = rating_sum + new.stars,
        rated_at = max(coalesce(rated_at, new.rated_at), new.rated_at)
    WHERE id = new.recipe_id;
END;

CREATE TRIGGER ratings_changed AFTER UPDATE OF stars ON ratings BEGIN
    UPDATE recipes
    SET rating_sum = rating_sum - old.stars + new.stars, rated_at = max(coalesce(rated_at, new.rated_at), new.rated_at)
    WHERE id = new.recipe_id;
END;

CREATE TRIGGER ratings_removed AFTER DELETE ON ratings BEGIN
    UPDATE recipes
    SET rating_count = rating_count - 1, rating_sum = rating_sum - old.stars,
        rated_at = max(coalesce(rated_at, old.rated_at), old.rated_at)
    WHERE id = old.recipe_id;
END;

-- Ratings end with their recipe, as its revisions do.
CREATE TRIGGER ratings_of_deleted_recipes AFTER DELETE ON recipes WHEN NOT EXISTS (SELECT 1 FROM bin WHERE id = old.id) BEGIN
    DELETE FROM ratings WHERE recipe_id = old.id;
END;

CREATE TRIGGER ratings_of_emptied_bin AFTER DELETE ON bin WHEN NOT EXISTS (SELECT 1 FROM recipes WHERE id = old.id) BEGIN
    DELETE FROM ratings WHERE recipe_id = old.id;
END;
