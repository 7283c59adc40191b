-- When recipes were hidden or deleted, and the audience that each had until then: its members are told, and others learn nothing of
-- the recipe. The audience is 0 for every client, 1 for all users who have logged in, 2 for the owner.
CREATE TABLE recipe_departures (
    recipe_id   bigint  NOT NULL,
    audience    integer NOT NULL CHECK (audience IN (0, 1, 2)),
    -- 0: none. No REFERENCES: the number of a deleted user is never given out again, so it is no personal data.
    owner_id    bigint  NOT NULL,
    departed_in xid8    NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (recipe_id, audience, owner_id)
);

CREATE INDEX recipe_departures_by_change ON recipe_departures (departed_in);

CREATE FUNCTION note_recipe_departure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recipe_departures (recipe_id, audience, owner_id)
    VALUES (old.id, 2 * old.private::integer - coalesce(old.members, false)::integer, coalesce(old.owner_id, 0))
    ON CONFLICT (recipe_id, audience, owner_id) DO UPDATE SET departed_in = excluded.departed_in;
    RETURN NULL;
END
$$;

CREATE TRIGGER recipe_departures_of_changed AFTER UPDATE ON recipes FOR EACH ROW
WHEN (2 * new.private::integer - coalesce(new.members, false)::integer > 2 * old.private::integer - coalesce(old.members, false)::integer
      OR (old.private AND old.members IS NULL AND new.owner_id IS DISTINCT FROM old.owner_id))
EXECUTE FUNCTION note_recipe_departure();

CREATE FUNCTION note_recipe_departures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recipe_departures (recipe_id, audience, owner_id)
    SELECT id, 2 * private::integer - coalesce(members, false)::integer, coalesce(owner_id, 0) FROM removed
    ON CONFLICT (recipe_id, audience, owner_id) DO UPDATE SET departed_in = excluded.departed_in;
    RETURN NULL;
END
$$;

CREATE TRIGGER recipe_departures_of_deleted AFTER DELETE ON recipes
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION note_recipe_departures();

-- The addresses of programs that are told of changes of public recipes.
CREATE TABLE webhooks (
    id               bytea       PRIMARY KEY CHECK (length(id) = 16),
    url              text        NOT NULL,
    -- The names of the events that it wants, with spaces between.
    events           text        NOT NULL,
    -- The key that signs the messages, encrypted.
    secret           bytea       NOT NULL,
    -- The key before it signs as well until this time.
    former_secret    bytea,
    former_until     timestamptz,
    created_at       timestamptz NOT NULL,
    -- NULL: it is enabled.
    disabled_at      timestamptz,
    disabled_because text,
    CHECK ((former_secret IS NULL) = (former_until IS NULL) AND (disabled_at IS NULL) = (disabled_because IS NULL))
);

-- The queue of the messages to webhooks, and the last ones that were sent. A message is made of the recipe when it is sent. Triggers
-- fill the queue in the transaction of the change, so no change is lost, and none is told that was undone.
CREATE TABLE webhook_deliveries (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Receivers know a repeated message by it. Random, because a restored database gives out ids again.
    message    text        NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
    webhook_id bytea       NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event      text        NOT NULL,
    -- NULL: a test.
    recipe_id  bigint,
    -- When it was first taken from the queue.
    noticed_at timestamptz,
    -- Those that have begun.
    tries      integer     NOT NULL DEFAULT 0,
    tried_at   timestamptz,
    -- While a try goes on, this is when another server may take the message. NULL: it has left the queue.
    due_at     timestamptz DEFAULT 'epoch',
    -- Whether a try goes on.
    taken      boolean     NOT NULL DEFAULT false,
    -- Of the answer to the last try.
    status     integer,
    -- Why the last try failed.
    problem    text
);

CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_of_recipe ON webhook_deliveries (webhook_id, recipe_id, id) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_taken ON webhook_deliveries (webhook_id, due_at) WHERE taken;

-- No name of an event is a part of another one.
CREATE FUNCTION queue_webhooks_of_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, event, recipe_id)
    SELECT webhooks.id, 'recipe.created', added.id FROM webhooks, added
    WHERE NOT added.private AND disabled_at IS NULL AND strpos(events, 'recipe.created') > 0
    ORDER BY added.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER webhooks_of_new AFTER INSERT ON recipes
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION queue_webhooks_of_new();

CREATE FUNCTION queue_webhooks_of_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    happened text := CASE WHEN old.private THEN 'recipe.created' WHEN new.private THEN 'recipe.deleted' ELSE 'recipe.updated' END;
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, event, recipe_id)
    SELECT id, happened, new.id FROM webhooks WHERE disabled_at IS NULL AND strpos(events, happened) > 0;
    RETURN NULL;
END
$$;

-- A change of what clients see has a new revision.
CREATE TRIGGER webhooks_of_changed AFTER UPDATE ON recipes FOR EACH ROW
WHEN (NOT (new.private AND old.private) AND new.revision IS DISTINCT FROM old.revision)
EXECUTE FUNCTION queue_webhooks_of_changed();

CREATE FUNCTION queue_webhooks_of_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, event, recipe_id)
    SELECT webhooks.id, 'recipe.deleted', removed.id FROM webhooks, removed
    WHERE NOT removed.private AND disabled_at IS NULL AND strpos(events, 'recipe.deleted') > 0
    ORDER BY removed.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER webhooks_of_deleted AFTER DELETE ON recipes
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION queue_webhooks_of_deleted();
