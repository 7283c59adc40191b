-- How many recipes each user owns, and the bytes of their documents. Quotas are decided by it in the transaction of each write,
-- so counting the recipes themselves would cost too much. Inserting a recipe counts it; changes and deletions have triggers,
-- because deletions of accounts change many recipes in one statement.
CREATE TABLE usages (
    user_id INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    recipes INTEGER NOT NULL,
    bytes   INTEGER NOT NULL
) STRICT;

INSERT INTO usages (user_id, recipes, bytes)
SELECT owner_id, count(*), sum(octet_length(document)) FROM recipes WHERE owner_id IS NOT NULL GROUP BY owner_id;

CREATE TRIGGER usages_of_deleted_recipes AFTER DELETE ON recipes WHEN old.owner_id IS NOT NULL BEGIN
    UPDATE usages SET recipes = recipes - 1, bytes = bytes - octet_length(old.document) WHERE user_id = old.owner_id;
END;

CREATE TRIGGER usages_of_changed_recipes AFTER UPDATE OF owner_id, document ON recipes BEGIN
    UPDATE usages SET recipes = recipes - 1, bytes = bytes - octet_length(old.document) WHERE user_id = old.owner_id;
    INSERT INTO usages (user_id, recipes, bytes)
    SELECT new.owner_id, 1, octet_length(new.document) WHERE new.owner_id IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET recipes = recipes + 1, bytes = bytes + excluded.bytes;
END;
