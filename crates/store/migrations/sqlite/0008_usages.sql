-- How many recipes each user owns, and the bytes of their documents. Quotas are decided by it in the transaction of each write,
-- so counting the recipes themselves would cost too much. Triggers keep it, so that no write of any program is left out.
CREATE TABLE usages (
    user_id INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    recipes INTEGER NOT NULL,
    bytes   INTEGER NOT NULL
) STRICT;

INSERT INTO usages (user_id, recipes, bytes)
SELECT owner_id, count(*), sum(octet_length(document)) FROM recipes WHERE owner_id IS NOT NULL GROUP BY owner_id;

CREATE TRIGGER usages_of_new_recipes AFTER INSERT ON recipes WHEN new.owner_id IS NOT NULL BEGIN
    INSERT INTO usages (user_id, recipes, bytes) VALUES (new.owner_id, 1, octet_length(new.document))
    ON CONFLICT (user_id) DO UPDATE SET recipes = recipes + 1, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER usages_of_deleted_recipes AFTER DELETE ON recipes WHEN old.owner_id IS NOT NULL BEGIN
    UPDATE usages SET recipes = recipes - 1, bytes = bytes - octet_length(old.document) WHERE user_id = old.owner_id;
END;

CREATE TRIGGER usages_of_changed_recipes AFTER UPDATE OF owner_id, document ON recipes BEGIN
    UPDATE usages SET recipes = recipes - 1, bytes = bytes - octet_length(old.document) WHERE user_id = old.owner_id;
    INSERT INTO usages (user_id, recipes, bytes)
    SELECT new.owner_id, 1, octet_length(new.document) WHERE new.owner_id IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET recipes = recipes + 1, bytes = bytes + excluded.bytes;
END;
