-- A row is a session that can still be used; ending one deletes it. Ids are UUIDs as 16 bytes. Of tokens only
-- SHA-256 digests are here: who reads this file cannot be anybody with it.

CREATE TABLE sessions (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- What all refresh tokens of the session have in common: tells one of ours that is old from one that was made up.
    family       BLOB    NOT NULL CHECK (length(family) = 32),
    -- The refresh token that is good now, and the one it was given for.
    current      BLOB    NOT NULL CHECK (length(current) = 32),
    previous     BLOB    CHECK (length(previous) = 32),
    -- With this and the previous token, the current one can be made again for who did not get the answer.
    nonce        BLOB    CHECK (length(nonce) = 32),
    rotated_at   INTEGER,
    device       TEXT,
    address      TEXT,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user_id);
-- Finds those that nobody has come back to.
CREATE INDEX sessions_by_use ON sessions (last_used_at);

CREATE TABLE api_tokens (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    digest       BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    -- As OAuth writes them: words with spaces between.
    scopes       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_tokens_by_user ON api_tokens (user_id);
