-- What programs must know that follow the recipes, such as the search index. New recipes are found by their ids, which are in the
-- order of the commits. Changed and deleted ones are noted here, each at its last position.
CREATE TABLE recipe_changes (
    position  INTEGER PRIMARY KEY AUTOINCREMENT,
    recipe_id INTEGER NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER recipe_changes_of_changed AFTER UPDATE ON recipes BEGIN
    INSERT OR REPLACE INTO recipe_changes (recipe_id) VALUES (old.id);
END;

CREATE TRIGGER recipe_changes_of_deleted AFTER DELETE ON recipes BEGIN
    INSERT OR REPLACE INTO recipe_changes (recipe_id) VALUES (old.id);
END;

-- Positions are those of this database only: a database that is filled from a backup gets another name.
CREATE TABLE recipe_history (
    name TEXT NOT NULL
) STRICT;

INSERT INTO recipe_history (name) VALUES (lower(hex(randomblob(16))));
