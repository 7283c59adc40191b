-- The users who share a meal plan and a shopping list. A user without a household has an empty plan and an empty list.
CREATE TABLE households (
    id                    BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    created_at            INTEGER NOT NULL,
    -- The digest of the secret with which one more user joins.
    invitation            BLOB    UNIQUE CHECK (length(invitation) = 32),
    invitation_expires_at INTEGER,
    CHECK ((invitation IS NULL) = (invitation_expires_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE household_members (
    user_id      INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    household_id BLOB    NOT NULL REFERENCES households (id) ON DELETE CASCADE,
    joined_at    INTEGER NOT NULL,
    -- The digest of the secret in the address of the calendar feed of this member.
    feed         BLOB    UNIQUE CHECK (length(feed) = 32)
) STRICT;

CREATE INDEX household_members_by_household ON household_members (household_id);

-- Also when the account of the last member is deleted.
CREATE TRIGGER households_without_members AFTER DELETE ON household_members
WHEN NOT EXISTS (SELECT 1 FROM household_members WHERE household_id = old.household_id) BEGIN
    DELETE FROM households WHERE id = old.household_id;
END;

CREATE TABLE plan_entries (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    household_id BLOB    NOT NULL REFERENCES households (id) ON DELETE CASCADE,
    -- A date without a time, as 2026-11-29.
    day          TEXT    NOT NULL CHECK (length(day) = 10),
    -- The order within the day.
    position     INTEGER NOT NULL,
    -- NULL for an entry that is only a note, and for a recipe that was deleted.
    recipe_id    INTEGER REFERENCES recipes (id) ON DELETE SET NULL,
    -- A whole number, a decimal number or a fraction.
    servings     TEXT,
    note         TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX plan_entries_by_day ON plan_entries (household_id, day, position);
-- Deleting a recipe looks for its entries.
CREATE INDEX plan_entries_by_recipe ON plan_entries (recipe_id) WHERE recipe_id IS NOT NULL;

CREATE TABLE shopping_items (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    household_id BLOB    NOT NULL REFERENCES households (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    text         TEXT    NOT NULL,
    -- Counts the changes of the text, so that a change of another text is refused.
    version      INTEGER NOT NULL,
    ticked_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX shopping_items_by_household ON shopping_items (household_id, position);
