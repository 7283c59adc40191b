-- Pictures, each in three sizes, once for each content. A picture that no recipe refers to any more, also none in the
-- bin, is deleted by a trigger.
CREATE TABLE images (
    -- Of the largest size.
    digest BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    -- Of the largest size.
    width  INTEGER NOT NULL CHECK (width >= 1),
    height INTEGER NOT NULL CHECK (height >= 1),
    small  BLOB    NOT NULL,
    medium BLOB    NOT NULL,
    large  BLOB    NOT NULL
) STRICT;

-- Which recipes have which pictures.
CREATE TABLE recipe_images (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    recipe_id INTEGER NOT NULL REFERENCES recipes (id) ON DELETE CASCADE,
    -- The step that the picture shows, from 1; 0: the dish. Negative only inside of a transaction that moves pictures.
    step      INTEGER NOT NULL,
    digest    BLOB    NOT NULL REFERENCES images (digest),
    -- Of all sizes, for the quota of the recipe's owner.
    bytes     INTEGER NOT NULL CHECK (bytes >= 0),
    UNIQUE (recipe_id, step)
) STRICT, WITHOUT ROWID;

-- Deleting a picture looks for recipes that have it.
CREATE INDEX recipe_images_by_digest ON recipe_images (digest);

-- The pictures of recipes in the bin. They come back with the recipe, and count for its owner as before: a bin full of them is large.
CREATE TABLE binned_images (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    recipe_id INTEGER NOT NULL REFERENCES bin (id) ON DELETE CASCADE,
    step      INTEGER NOT NULL,
    digest    BLOB    NOT NULL REFERENCES images (digest),
    bytes     INTEGER NOT NULL CHECK (bytes >= 0),
    UNIQUE (recipe_id, step)
) STRICT, WITHOUT ROWID;

CREATE INDEX binned_images_by_digest ON binned_images (digest);

CREATE TRIGGER recipe_images_added AFTER INSERT ON recipe_images BEGIN
    UPDATE usages SET bytes = bytes + new.bytes WHERE user_id = (SELECT owner_id FROM recipes WHERE id = new.recipe_id);
END;

CREATE TRIGGER binned_images_added AFTER INSERT ON binned_images BEGIN
    UPDATE usages SET bytes = bytes + new.bytes WHERE user_id = (SELECT owner_id FROM bin WHERE id = new.recipe_id);
END;

CREATE TRIGGER recipe_images_removed AFTER DELETE ON recipe_images BEGIN
    UPDATE usages SET bytes = bytes - old.bytes WHERE user_id = (SELECT owner_id FROM recipes WHERE id = old.recipe_id);
    DELETE FROM images WHERE digest = old.digest
        AND NOT EXISTS (SELECT 1 FROM recipe_images WHERE digest = old.digest)
        AND NOT EXISTS (SELECT 1 FROM binned_images WHERE digest = old.digest);
END;

CREATE TRIGGER binned_images_removed AFTER DELETE ON binned_images BEGIN
    UPDATE usages SET bytes = bytes - old.bytes WHERE user_id = (SELECT owner_id FROM bin WHERE id = old.recipe_id);
    DELETE FROM images WHERE digest = old.digest
        AND NOT EXISTS (SELECT 1 FROM recipe_images WHERE digest = old.digest)
        AND NOT EXISTS (SELECT 1 FROM binned_images WHERE digest = old.digest);
END;

-- Before, because the owner must still be known.
CREATE TRIGGER recipe_images_of_deleted BEFORE DELETE ON recipes BEGIN
    DELETE FROM recipe_images WHERE recipe_id = old.id;
END;

CREATE TRIGGER binned_images_of_deleted BEFORE DELETE ON bin BEGIN
    DELETE FROM binned_images WHERE recipe_id = old.id;
END;

CREATE TRIGGER recipe_images_of_released AFTER UPDATE OF owner_id ON recipes WHEN old.owner_id IS NOT new.owner_id BEGIN
    UPDATE usages SET bytes = bytes - (SELECT coalesce(sum(bytes), 0) FROM recipe_images WHERE recipe_id = old.id)
    WHERE user_id = old.owner_id;
    UPDATE usages SET bytes = bytes + (SELECT coalesce(sum(bytes), 0) FROM recipe_images WHERE recipe_id = old.id)
    WHERE user_id = new.owner_id;
END;

CREATE TRIGGER binned_images_of_released AFTER UPDATE OF owner_id ON bin WHEN old.owner_id IS NOT new.owner_id BEGIN
    UPDATE usages SET bytes = bytes - (SELECT coalesce(sum(bytes), 0) FROM binned_images WHERE recipe_id = old.id)
    WHERE user_id = old.owner_id;
    UPDATE usages SET bytes = bytes + (SELECT coalesce(sum(bytes), 0) FROM binned_images WHERE recipe_id = old.id)
    WHERE user_id = new.owner_id;
END;
