-- Pictures, each in three sizes, once for each content. A picture that no recipe refers to any more, also none in the
-- bin, is deleted by a trigger.
CREATE TABLE images (
    -- Of the largest size.
    digest bytea   PRIMARY KEY CHECK (length(digest) = 32),
    -- Of the largest size.
    width  integer NOT NULL CHECK (width >= 1),
    height integer NOT NULL CHECK (height >= 1),
    small  bytea   NOT NULL,
    medium bytea   NOT NULL,
    large  bytea   NOT NULL
);

-- A JPEG is compressed already.
ALTER TABLE images
    ALTER COLUMN small SET STORAGE EXTERNAL, ALTER COLUMN medium SET STORAGE EXTERNAL, ALTER COLUMN large SET STORAGE EXTERNAL;

-- Which recipes have which pictures.
CREATE TABLE recipe_images (
    id        bytea   PRIMARY KEY CHECK (length(id) = 16),
    recipe_id bigint  NOT NULL REFERENCES recipes (id) ON DELETE CASCADE,
    -- The step that the picture shows, from 1; 0: the dish. Negative only inside of a transaction that moves pictures.
    step      integer NOT NULL,
    digest    bytea   NOT NULL REFERENCES images (digest),
    -- Of all sizes, for the quota of the recipe's owner.
    bytes     bigint  NOT NULL CHECK (bytes >= 0),
    UNIQUE (recipe_id, step)
);

-- Deleting a picture looks for recipes that have it.
CREATE INDEX recipe_images_by_digest ON recipe_images (digest);

-- The pictures of recipes in the bin. They come back with the recipe, and count for its owner as before: a bin full of them is large.
CREATE TABLE binned_images (
    id        bytea   PRIMARY KEY CHECK (length(id) = 16),
    recipe_id bigint  NOT NULL REFERENCES bin (id) ON DELETE CASCADE,
    step      integer NOT NULL,
    digest    bytea   NOT NULL REFERENCES images (digest),
    bytes     bigint  NOT NULL CHECK (bytes >= 0),
    UNIQUE (recipe_id, step)
);

CREATE INDEX binned_images_by_digest ON binned_images (digest);

-- For both tables; the argument is the one that has the owner.
CREATE FUNCTION keep_images() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    recipe bigint;
    more   bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        recipe := new.recipe_id;
        more := new.bytes;
    ELSE
        recipe := old.recipe_id;
        more := -old.bytes;
    END IF;
    IF TG_ARGV[0] = 'bin' THEN
        UPDATE usages SET bytes = usages.bytes + more FROM bin WHERE bin.id = recipe AND user_id = owner_id;
    ELSE
        UPDATE usages SET bytes = usages.bytes + more FROM recipes WHERE recipes.id = recipe AND user_id = owner_id;
    END IF;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM images WHERE digest = old.digest
            AND NOT EXISTS (SELECT FROM recipe_images WHERE digest = old.digest)
            AND NOT EXISTS (SELECT FROM binned_images WHERE digest = old.digest);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER recipe_images_kept AFTER INSERT OR DELETE ON recipe_images
FOR EACH ROW EXECUTE FUNCTION keep_images('recipes');
CREATE TRIGGER binned_images_kept AFTER INSERT OR DELETE ON binned_images
FOR EACH ROW EXECUTE FUNCTION keep_images('bin');

CREATE FUNCTION remove_images() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[0] = 'bin' THEN
        DELETE FROM binned_images WHERE recipe_id = old.id;
    ELSE
        DELETE FROM recipe_images WHERE recipe_id = old.id;
    END IF;
    RETURN old;
END
$$;

-- Before, because the owner must still be known.
CREATE TRIGGER recipe_images_of_deleted BEFORE DELETE ON recipes FOR EACH ROW EXECUTE FUNCTION remove_images('recipes');
CREATE TRIGGER binned_images_of_deleted BEFORE DELETE ON bin FOR EACH ROW EXECUTE FUNCTION remove_images('bin');

CREATE FUNCTION release_images() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    released bigint;
BEGIN
    IF TG_ARGV[0] = 'bin' THEN
        released := (SELECT coalesce(sum(binned_images.bytes), 0) FROM binned_images WHERE recipe_id = old.id);
    ELSE
        released := (SELECT coalesce(sum(recipe_images.bytes), 0) FROM recipe_images WHERE recipe_id = old.id);
    END IF;
    IF released > 0 THEN
        UPDATE usages SET bytes = bytes - released WHERE user_id = old.owner_id;
        UPDATE usages SET bytes = bytes + released WHERE user_id = new.owner_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER recipe_images_of_released AFTER UPDATE OF owner_id ON recipes
FOR EACH ROW WHEN (old.owner_id IS DISTINCT FROM new.owner_id) EXECUTE FUNCTION release_images('recipes');
CREATE TRIGGER binned_images_of_released AFTER UPDATE OF owner_id ON bin
FOR EACH ROW WHEN (old.owner_id IS DISTINCT FROM new.owner_id) EXECUTE FUNCTION release_images('bin');
