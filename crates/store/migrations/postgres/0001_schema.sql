-- Ids are never given out again, but may have gaps: a transaction that fails keeps the number that it was given.

CREATE TABLE users (
    id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name              text        NOT NULL,
    email             text        NOT NULL,
    -- What two spellings of one address have in common.
    email_key         text        NOT NULL CONSTRAINT users_email_key UNIQUE,
    -- Without one the user cannot log in with a password.
    password_hash     text,
    role              text        NOT NULL CHECK (role IN ('user', 'admin')),
    disabled          boolean     NOT NULL DEFAULT false,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    -- NULL: no mail to this address has been shown to reach the user.
    email_verified_at timestamptz
);

CREATE TABLE recipes (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid        text        NOT NULL UNIQUE,
    -- NULL: communal. RESTRICT: the document names the owner as well, so the deletion of a user has to say what becomes of
    -- each recipe.
    owner_id   bigint      REFERENCES users (id) ON DELETE RESTRICT,
    private    boolean     NOT NULL,
    revision   bigint      NOT NULL CHECK (revision >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- The finished JSON text behind `{"id":1,`. Not jsonb, which would reorder its members.
    document   text        NOT NULL
);

CREATE INDEX recipes_public ON recipes (id) WHERE NOT private;
CREATE INDEX recipes_by_owner ON recipes (owner_id, private, id) WHERE owner_id IS NOT NULL;

-- A row is a session that can still be used; ending one deletes it. Of tokens only SHA-256 digests are here.
CREATE TABLE sessions (
    id           bytea       PRIMARY KEY CHECK (length(id) = 16),
    user_id      bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- What all refresh tokens of the session have in common: tells an old token of ours from one that was made up.
    family       bytea       NOT NULL CHECK (length(family) = 32),
    -- The refresh token that is good now, and the one it was given for.
    current      bytea       NOT NULL CHECK (length(current) = 32),
    previous     bytea       CHECK (length(previous) = 32),
    -- With this and the previous token, the current one can be made again for a client that did not get the answer.
    nonce        bytea       CHECK (length(nonce) = 32),
    rotated_at   timestamptz,
    device       text,
    address      text,
    -- The address, or its IPv6 /64.
    place        text,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL
);

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_use ON sessions (last_used_at);
CREATE INDEX sessions_by_place ON sessions (place) WHERE place IS NOT NULL;

CREATE TABLE api_tokens (
    id           bytea       PRIMARY KEY CHECK (length(id) = 16),
    user_id      bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         text        NOT NULL,
    digest       bytea       NOT NULL UNIQUE CHECK (length(digest) = 32),
    -- As OAuth writes them: words with spaces between.
    scopes       text        NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz
);

CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- No REFERENCES: what happened stays true when the account is gone, and a number that is never given out again is no
-- personal data.
CREATE TABLE audit (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    event      text        NOT NULL,
    -- Entries share the room of the log with their own class only: 0 what administrators and operators do, 1 what users do
    -- with their own accounts, 2 what any client can cause, as failed log-ins, 3 log-ins and log-outs.
    class      smallint    NOT NULL CHECK (class BETWEEN 0 AND 3),
    subject_id bigint,
    actor_id   bigint,
    session_id bytea       CHECK (length(session_id) = 16),
    address    text,
    detail     text
);

CREATE INDEX audit_by_class ON audit (class, id);
CREATE INDEX audit_by_subject ON audit (subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX audit_by_actor ON audit (actor_id, id) WHERE actor_id IS NOT NULL;

-- What a link in a mail is good for, once.
CREATE TABLE mail_tokens (
    digest     bytea       PRIMARY KEY CHECK (length(digest) = 32),
    user_id    bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    text        NOT NULL CHECK (purpose IN ('verify', 'reset')),
    -- Where the link was sent to: it proves nothing about any other address.
    email_key  text        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX mail_tokens_by_user ON mail_tokens (user_id);
CREATE INDEX mail_tokens_by_end ON mail_tokens (expires_at);

-- Using one deletes it.
CREATE TABLE invitations (
    id         bytea       PRIMARY KEY CHECK (length(id) = 16),
    digest     bytea       NOT NULL UNIQUE CHECK (length(digest) = 32),
    -- NULL: for any address.
    email      text,
    email_key  text,
    -- NULL: the operator. Invitations end with the account that made them.
    created_by bigint      REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK ((email IS NULL) = (email_key IS NULL))
);

CREATE INDEX invitations_by_creator ON invitations (created_by) WHERE created_by IS NOT NULL;

-- What the program must find again after a restart.
CREATE TABLE meta (
    name  text  PRIMARY KEY,
    value bytea NOT NULL
);

-- How many recipes each user owns, and the bytes of their documents. Triggers keep it, so that no write of any program is
-- left out. Every user has a row, so that there is one to lock.
CREATE TABLE usages (
    user_id bigint PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    recipes bigint NOT NULL,
    bytes   bigint NOT NULL
);

CREATE FUNCTION begin_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO usages (user_id, recipes, bytes) VALUES (new.id, 0, 0);
    RETURN NULL;
END
$$;

CREATE TRIGGER usages_begin AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION begin_usage();

-- For each statement, because a statement inserts many recipes of one owner.
CREATE FUNCTION keep_usages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE usages SET recipes = usages.recipes - less.recipes, bytes = usages.bytes - less.bytes
        FROM (SELECT owner_id, count(*) AS recipes, sum(octet_length(document)) AS bytes FROM removed GROUP BY owner_id) AS less
        WHERE user_id = owner_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE usages SET recipes = usages.recipes + more.recipes, bytes = usages.bytes + more.bytes
        FROM (SELECT owner_id, count(*) AS recipes, sum(octet_length(document)) AS bytes FROM added GROUP BY owner_id) AS more
        WHERE user_id = owner_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER usages_grow AFTER INSERT ON recipes
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_usages();
CREATE TRIGGER usages_change AFTER UPDATE ON recipes
REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_usages();
CREATE TRIGGER usages_shrink AFTER DELETE ON recipes
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION keep_usages();

-- Changes of sessions and accounts, for the caches of the servers that share this database. A row is deleted after a minute.
CREATE TABLE access_changes (
    id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8        NOT NULL DEFAULT pg_current_xact_id(),
    at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX access_changes_by_xid ON access_changes (xid);

CREATE FUNCTION note_access_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed) THEN
        INSERT INTO access_changes DEFAULT VALUES;
        -- Here only: a NOTIFY in every transaction would make all commits wait for each other.
        NOTIFY access_changes;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER sessions_end AFTER DELETE ON sessions
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_access_change();
CREATE TRIGGER users_change AFTER UPDATE ON users
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_access_change();
CREATE TRIGGER users_end AFTER DELETE ON users
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_access_change();
