-- The OAuth 2.1 and OpenID Connect server. A record is a JSON text that the server reads and writes; the columns beside it are
-- those that rows are found by. Of codes, refresh tokens and cookies only SHA-256 digests are here.

CREATE TABLE clients (
    id text NOT NULL PRIMARY KEY,
    record text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE signing_keys (
    kid text NOT NULL PRIMARY KEY,
    record text NOT NULL,
    -- The private key, encrypted.
    sealed bytea NOT NULL
);

-- A code stays until its access token has expired, so that its second use is noticed and ends the grant of the first one.
CREATE TABLE codes (
    digest bytea NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    record text NOT NULL,
    -- The grant that the code became. No reference: it stays after the grant has ended.
    grant_id bytea    CHECK (length(grant_id) = 16),
    expires_at timestamptz NOT NULL
);

CREATE INDEX codes_by_end ON codes (expires_at);

CREATE TABLE grants (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- NULL: the grant outlives the session.
    session_id bytea    REFERENCES sessions (id) ON DELETE CASCADE,
    -- The refresh token that is good now. NULL: the client has none.
    current bytea    CHECK (length(current) = 32),
    record text NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX grants_by_user ON grants (user_id);
CREATE INDEX grants_by_client ON grants (client_id);
CREATE INDEX grants_by_session ON grants (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX grants_by_end ON grants (expires_at);

CREATE TABLE consents (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- Empty: the client named none.
    resource text NOT NULL,
    scopes text NOT NULL,
    given_at timestamptz NOT NULL,
    UNIQUE (user_id, client_id, resource, scopes)
);

CREATE INDEX consents_by_client ON consents (client_id);

-- A user of another authorization server, which names the user by a subject.
CREATE TABLE identities (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    issuer text NOT NULL,
    subject text NOT NULL,
    UNIQUE (issuer, subject)
);

CREATE INDEX identities_by_user ON identities (user_id);

-- The cookie of pages, which follows links from other sites (SameSite=Lax). The cookies of the API do not.
ALTER TABLE sessions ADD COLUMN browser bytea CHECK (length(browser) = 32);

CREATE UNIQUE INDEX sessions_by_browser ON sessions (browser) WHERE browser IS NOT NULL;
