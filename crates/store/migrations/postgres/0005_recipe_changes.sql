-- What programs must know that follow the recipes, such as the search index: the transaction of the last change of each recipe, and
-- the deleted ones. Transactions end in another order than that of ids and times, so a reader asks for what its last snapshot
-- did not see. Statements that change recipes set changed_in by this trigger.
ALTER TABLE recipes ADD COLUMN changed_in xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE INDEX recipes_by_change ON recipes (changed_in);

CREATE FUNCTION note_recipe_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.changed_in := pg_current_xact_id();
    RETURN new;
END
$$;

CREATE TRIGGER recipe_changes_of_changed BEFORE UPDATE ON recipes FOR EACH ROW EXECUTE FUNCTION note_recipe_change();

CREATE TABLE recipe_deletions (
    recipe_id  bigint PRIMARY KEY,
    deleted_in xid8   NOT NULL DEFAULT pg_current_xact_id()
);

CREATE INDEX recipe_deletions_by_change ON recipe_deletions (deleted_in);

CREATE FUNCTION note_recipe_deletions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recipe_deletions (recipe_id) SELECT id FROM removed ON CONFLICT (recipe_id) DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER recipe_changes_of_deleted AFTER DELETE ON recipes
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION note_recipe_deletions();

-- Positions are those of this database only: a database that is filled from a backup gets another name.
CREATE TABLE recipe_history (
    name text NOT NULL
);

INSERT INTO recipe_history (name) VALUES (gen_random_uuid()::text);
