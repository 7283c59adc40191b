-- The users who share a meal plan and a shopping list. A user without a household has an empty plan and an empty list.
CREATE TABLE households (
    id                    bytea       PRIMARY KEY CHECK (length(id) = 16),
    created_at            timestamptz NOT NULL,
    -- The digest of the secret with which one more user joins.
    invitation            bytea       UNIQUE CHECK (length(invitation) = 32),
    invitation_expires_at timestamptz,
    CHECK ((invitation IS NULL) = (invitation_expires_at IS NULL))
);

CREATE TABLE household_members (
    user_id      bigint      PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    household_id bytea       NOT NULL REFERENCES households (id) ON DELETE CASCADE,
    joined_at    timestamptz NOT NULL,
    -- The digest of the secret in the address of the calendar feed of this member.
    feed         bytea       UNIQUE CHECK (length(feed) = 32)
);

CREATE INDEX household_members_by_household ON household_members (household_id);

-- Also when the account of the last member is deleted.
CREATE FUNCTION delete_household_without_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM households
    WHERE id = old.household_id AND NOT EXISTS (SELECT 1 FROM household_members WHERE household_id = old.household_id);
    RETURN NULL;
END
$$;

CREATE TRIGGER households_without_members AFTER DELETE ON household_members
FOR EACH ROW EXECUTE FUNCTION delete_household_without_members();

CREATE TABLE plan_entries (
    id           bytea  PRIMARY KEY CHECK (length(id) = 16),
    household_id bytea  NOT NULL REFERENCES households (id) ON DELETE CASCADE,
    -- A date without a time, as 2026-11-29.
    day          text   COLLATE "C" NOT NULL CHECK (length(day) = 10),
    -- The order within the day.
    position     bigint NOT NULL,
    -- NULL for an entry that is only a note, and for a recipe that was deleted.
    recipe_id    bigint REFERENCES recipes (id) ON DELETE SET NULL,
    -- A whole number, a decimal number or a fraction.
    servings     text,
    note         text
);

CREATE INDEX plan_entries_by_day ON plan_entries (household_id, day, position);
-- Deleting a recipe looks for its entries.
CREATE INDEX plan_entries_by_recipe ON plan_entries (recipe_id) WHERE recipe_id IS NOT NULL;

CREATE TABLE shopping_items (
    id           bytea  PRIMARY KEY CHECK (length(id) = 16),
    household_id bytea  NOT NULL REFERENCES households (id) ON DELETE CASCADE,
    position     bigint NOT NULL,
    text         text   NOT NULL,
    -- Counts the changes of the text, so that a change of another text is refused.
    version      bigint NOT NULL,
    ticked_at    timestamptz
);

CREATE INDEX shopping_items_by_household ON shopping_items (household_id, position);
