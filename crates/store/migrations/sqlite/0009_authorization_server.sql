-- The OAuth 2.1 and OpenID Connect server. A record is a JSON text that the server reads and writes; the columns beside it are
-- those that rows are found by. Of codes, refresh tokens and cookies only SHA-256 digests are here.

CREATE TABLE clients (
    id         TEXT    NOT NULL PRIMARY KEY,
    record     TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    kid    TEXT NOT NULL PRIMARY KEY,
    record TEXT NOT NULL,
    -- The private key, encrypted.
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- A code stays until its access token has expired, so that its second use is noticed and ends the grant of the first one.
CREATE TABLE codes (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    record     TEXT    NOT NULL,
    -- The grant that the code became. No reference: it stays after the grant has ended.
    grant_id   BLOB    CHECK (length(grant_id) = 16),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX codes_by_end ON codes (expires_at);

CREATE TABLE grants (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- NULL: the grant outlives the session.
    session_id BLOB    REFERENCES sessions (id) ON DELETE CASCADE,
    -- The refresh token that is good now. NULL: the client has none.
    current    BLOB    CHECK (length(current) = 32),
    record     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_by_user ON grants (user_id);
CREATE INDEX grants_by_client ON grants (client_id);
CREATE INDEX grants_by_session ON grants (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX grants_by_end ON grants (expires_at);

CREATE TABLE consents (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- Empty: the client named none.
    resource  TEXT    NOT NULL,
    scopes    TEXT    NOT NULL,
    given_at  INTEGER NOT NULL,
    UNIQUE (user_id, client_id, resource, scopes)
) STRICT, WITHOUT ROWID;

CREATE INDEX consents_by_client ON consents (client_id);

-- A user of another authorization server, which names the user by a subject.
CREATE TABLE identities (
    id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    issuer  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    UNIQUE (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_by_user ON identities (user_id);

-- The cookie of pages, which follows links from other sites (SameSite=Lax). The cookies of the API do not.
ALTER TABLE sessions ADD COLUMN browser BLOB CHECK (length(browser) = 32);

CREATE UNIQUE INDEX sessions_by_browser ON sessions (browser) WHERE browser IS NOT NULL;
