-- Times are microseconds since 1970, UTC. AUTOINCREMENT: an id is never given out again, not even the
-- newest one's after its deletion; a link or a token must not come to mean something else.

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    -- What two spellings of one address have in common.
    email_key     TEXT    NOT NULL UNIQUE,
    -- Without one there is no logging in with a password.
    password_hash TEXT,
    role          TEXT    NOT NULL CHECK (role IN ('user', 'admin')),
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE recipes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    uid        TEXT    NOT NULL UNIQUE,
    -- NULL: communal. RESTRICT: the document names the owner as well, so whoever deletes a user has
    -- to say what becomes of it; SET NULL would leave the deleted owner in the text.
    owner_id   INTEGER REFERENCES users (id) ON DELETE RESTRICT,
    private    INTEGER NOT NULL CHECK (private IN (0, 1)),
    revision   INTEGER NOT NULL CHECK (revision >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- The finished JSON text behind `{"id":1,`. Last, so that nothing else is looked for behind it on
    -- overflow pages.
    document   TEXT    NOT NULL
) STRICT;

-- Counts what everybody sees, and finds it where private recipes lie thick between.
CREATE INDEX recipes_public ON recipes (private) WHERE private = 0;
CREATE INDEX recipes_by_owner ON recipes (owner_id, private) WHERE owner_id IS NOT NULL;
