-- The stars that users give to recipes. No REFERENCES to the recipe, because a rating stays while its recipe is in the bin.
CREATE TABLE ratings (
    id        bytea       PRIMARY KEY CHECK (length(id) = 16),
    user_id   bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipe_id bigint      NOT NULL,
    stars     bigint      NOT NULL CHECK (stars BETWEEN 1 AND 5),
    -- The last change. A removal sets it before it deletes the row, so that the trigger below knows the time.
    rated_at  timestamptz NOT NULL,
    UNIQUE (user_id, recipe_id)
);

-- For a recipe that is restored or deleted for good.
CREATE INDEX ratings_by_recipe ON ratings (recipe_id);

-- What the ratings of a recipe add up to, so that no read of recipes looks at them.
ALTER TABLE recipes ADD COLUMN rating_count bigint NOT NULL DEFAULT 0;
ALTER TABLE recipes ADD COLUMN rating_sum bigint NOT NULL DEFAULT 0;
-- When they changed last: the document that clients get changes with them, although they are no part of a revision.
ALTER TABLE recipes ADD COLUMN rated_at timestamptz;

-- Triggers, so that the sums also hold for servers of the version before, which delete accounts without knowing of ratings.
CREATE FUNCTION keep_sums_of_ratings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE recipes
        SET rating_count = rating_count - less.ratings, rating_sum = rating_sum - less.stars,
            rated_at = greatest(rated_at, less.at)
        FROM (SELECT recipe_id, count(*) AS ratings, sum(stars) AS stars, max(rated_at) AS at FROM removed GROUP BY recipe_id) AS less
        WHERE id = less.recipe_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE recipes
        SET rating_count = rating_count + more.ratings, rating_sum = rating_sum + more.stars,
            rated_at = greatest(rated_at, more.at)
        FROM (SELECT recipe_id, count(*) AS ratings, sum(stars) AS stars, max(rated_at) AS at FROM added GROUP BY recipe_id) AS more
        WHERE id = more.recipe_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER ratings_added AFTER INSERT ON ratings
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_sums_of_ratings();
CREATE TRIGGER ratings_changed AFTER UPDATE ON ratings
REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_sums_of_ratings();
CREATE TRIGGER ratings_removed AFTER DELETE ON ratings
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION keep_sums_of_ratings();

-- Ratings end with their recipe, as its revisions do.
CREATE FUNCTION delete_ratings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM ratings WHERE recipe_id IN (
        SELECT id FROM removed
        WHERE NOT EXISTS (SELECT FROM recipes WHERE recipes.id = removed.id)
          AND NOT EXISTS (SELECT FROM bin WHERE bin.id = removed.id));
    RETURN NULL;
END
$$;

CREATE TRIGGER ratings_of_deleted_recipes AFTER DELETE ON recipes
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION delete_ratings();
CREATE TRIGGER ratings_of_emptied_bin AFTER DELETE ON bin
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION delete_ratings();

-- Usages are the same, except that a rating does not write them: it would wait for other writes of the owner of the recipe.
CREATE OR REPLACE FUNCTION keep_usages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (
            SELECT FROM removed JOIN added ON added.id = removed.id
            WHERE added.owner_id IS DISTINCT FROM removed.owner_id
               OR octet_length(added.document) <> octet_length(removed.document)) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        UPDATE usages SET recipes = usages.recipes - less.recipes, bytes = usages.bytes - less.bytes
        FROM (SELECT owner_id, count(*) AS recipes, sum(octet_length(document)) AS bytes FROM removed GROUP BY owner_id) AS less
        WHERE user_id = owner_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE usages SET recipes = usages.recipes + more.recipes, bytes = usages.bytes + more.bytes
        FROM (SELECT owner_id, count(*) AS recipes, sum(octet_length(document)) AS bytes FROM added GROUP BY owner_id) AS more
        WHERE user_id = owner_id;
    END IF;
    RETURN NULL;
END
$$;
