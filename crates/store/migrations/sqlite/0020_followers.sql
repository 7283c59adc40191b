-- When recipes were hidden or deleted, and the audience that each had until then: its members are told, and others learn nothing of
-- the recipe. The audience is 0 for every client, 1 for all users who have logged in, 2 for the owner.
CREATE TABLE recipe_departures (
    recipe_id INTEGER NOT NULL,
    audience  INTEGER NOT NULL CHECK (audience IN (0, 1, 2)),
    -- 0: none. No REFERENCES: the number of a deleted user is never given out again, so it is no personal data.
    owner_id  INTEGER NOT NULL,
    -- Of recipe_changes.
    position  INTEGER NOT NULL,
    PRIMARY KEY (recipe_id, audience, owner_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX recipe_departures_by_position ON recipe_departures (position);

-- In one trigger with the change, whose position it needs: the order of several triggers is not defined.
DROP TRIGGER recipe_changes_of_changed;

CREATE TRIGGER recipe_changes_of_changed AFTER UPDATE ON recipes BEGIN
    INSERT OR REPLACE INTO recipe_changes (recipe_id) VALUES (old.id);
    INSERT OR REPLACE INTO recipe_departures (recipe_id, audience, owner_id, position)
    SELECT old.id, 2 * old.private - coalesce(old.members, 0), coalesce(old.owner_id, 0), last_insert_rowid()
    WHERE 2 * new.private - coalesce(new.members, 0) > 2 * old.private - coalesce(old.members, 0)
       OR (old.private = 1 AND old.members IS NULL AND new.owner_id IS NOT old.owner_id);
END;

DROP TRIGGER recipe_changes_of_deleted;

CREATE TRIGGER recipe_changes_of_deleted AFTER DELETE ON recipes BEGIN
    INSERT OR REPLACE INTO recipe_changes (recipe_id) VALUES (old.id);
    INSERT OR REPLACE INTO recipe_departures (recipe_id, audience, owner_id, position)
    VALUES (old.id, 2 * old.private - coalesce(old.members, 0), coalesce(old.owner_id, 0), last_insert_rowid());
END;

-- The addresses of programs that are told of changes of public recipes.
CREATE TABLE webhooks (
    id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    url              TEXT    NOT NULL,
    -- The names of the events that it wants, with spaces between.
    events           TEXT    NOT NULL,
    -- The key that signs the messages, encrypted.
    secret           BLOB    NOT NULL,
    -- The key before it signs as well until this time.
    former_secret    BLOB,
    former_until     INTEGER,
    created_at       INTEGER NOT NULL,
    -- NULL: it is enabled.
    disabled_at      INTEGER,
    disabled_because TEXT,
    CHECK ((former_secret IS NULL) = (former_until IS NULL) AND (disabled_at IS NULL) = (disabled_because IS NULL))
) STRICT, WITHOUT ROWID;

-- The queue of the messages to webhooks, and the last ones that were sent. A message is made of the recipe when it is sent. Triggers
-- fill the queue in the transaction of the change, so no change is lost, and none is told that was undone.
CREATE TABLE webhook_deliveries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Receivers know a repeated message by it. Random, because a restored database gives out ids again.
    message    TEXT    NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    webhook_id BLOB    NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event      TEXT    NOT NULL,
    -- NULL: a test.
    recipe_id  INTEGER,
    -- When it was first taken from the queue.
    noticed_at INTEGER,
    -- Those that have begun.
    tries      INTEGER NOT NULL DEFAULT 0,
    tried_at   INTEGER,
    -- While a try goes on, this is when another worker may take the message. NULL: it has left the queue.
    due_at     INTEGER DEFAULT 0,
    -- Whether a try goes on.
    taken      INTEGER NOT NULL DEFAULT 0 CHECK (taken IN (0, 1)),
    -- Of the answer to the last try.
    status     INTEGER,
    -- Why the last try failed.
    problem    TEXT
) STRICT;

CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_of_recipe ON webhook_deliveries (webhook_id, recipe_id, id) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_taken ON webhook_deliveries (webhook_id, due_at) WHERE taken = 1;

-- No name of an event is a part of another one.
CREATE TRIGGER webhooks_of_new AFTER INSERT ON recipes WHEN new.private = 0 BEGIN
    INSERT INTO webhook_deliveries (webhook_id, event, recipe_id)
    SELECT id, 'recipe.created', new.id FROM webhooks
    WHERE disabled_at IS NULL AND instr(events, 'recipe.created') > 0;
END;

-- A change of what clients see has a new revision.
CREATE TRIGGER webhooks_of_changed AFTER UPDATE ON recipes
WHEN (new.private = 0 OR old.private = 0) AND new.revision IS NOT old.revision BEGIN
    INSERT INTO webhook_deliveries (webhook_id, event, recipe_id)
    SELECT id, event, new.id
    FROM webhooks JOIN (
        SELECT CASE WHEN old.private = 1 THEN 'recipe.created' WHEN new.private = 1 THEN 'recipe.deleted' ELSE 'recipe.updated' END AS event)
    WHERE disabled_at IS NULL AND instr(events, event) > 0;
END;

CREATE TRIGGER webhooks_of_deleted AFTER DELETE ON recipes WHEN old.private = 0 BEGIN
    INSERT INTO webhook_deliveries (webhook_id, event, recipe_id)
    SELECT id, 'recipe.deleted', old.id FROM webhooks
    WHERE disabled_at IS NULL AND instr(events, 'recipe.deleted') > 0;
END;
