-- Proofs that may be used once: assertions of clients and proofs of possession.
CREATE TABLE used_proofs (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX used_proofs_by_end ON used_proofs (expires_at);

-- Authorization requests that their clients sent before the browser came (RFC 9126).
CREATE TABLE pushed_requests (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    client_id  TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    record     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX pushed_requests_by_client ON pushed_requests (client_id);
CREATE INDEX pushed_requests_by_end ON pushed_requests (expires_at);

-- Devices that wait for their user (RFC 8628).
CREATE TABLE device_codes (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    -- The digest of the code that the user types.
    user_code  BLOB    NOT NULL UNIQUE CHECK (length(user_code) = 32),
    client_id  TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- The user who allowed it. NULL: none yet.
    user_id    INTEGER REFERENCES users (id) ON DELETE CASCADE,
    record     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX device_codes_by_client ON device_codes (client_id);
CREATE INDEX device_codes_by_user ON device_codes (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX device_codes_by_end ON device_codes (expires_at);

-- The user and the client of a code, so that it ends with the consent. NULL: a code of an earlier version.
ALTER TABLE codes ADD COLUMN user_id INTEGER;
ALTER TABLE codes ADD COLUMN client_id TEXT;

CREATE INDEX codes_by_user ON codes (user_id) WHERE user_id IS NOT NULL;

-- The session whose end is reported to the client. NULL: it is not. The grant may outlive it.
ALTER TABLE grants ADD COLUMN logout_session BLOB CHECK (length(logout_session) = 16);
-- The bit of the grant in the status list. NULL: its tokens name none.
ALTER TABLE grants ADD COLUMN status_index INTEGER;

CREATE INDEX grants_by_logout ON grants (logout_session) WHERE logout_session IS NOT NULL;
CREATE UNIQUE INDEX grants_by_status ON grants (status_index) WHERE status_index IS NOT NULL;

-- Bits of grants that have ended. They stay set until every access token of the grant has expired.
CREATE TABLE ended_grants (
    status_index INTEGER NOT NULL PRIMARY KEY,
    -- NULL: not known yet. The next upkeep sets it.
    free_at      INTEGER
) STRICT;

CREATE TRIGGER grants_end AFTER DELETE ON grants WHEN OLD.status_index IS NOT NULL BEGIN
    INSERT OR IGNORE INTO ended_grants (status_index) VALUES (OLD.status_index);
END;

-- Clients that are to be told that a session has ended.
CREATE TABLE logout_deliveries (
    id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    client_id TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- No reference: the account may be deleted.
    user_id   INTEGER NOT NULL,
    grant_id  BLOB    NOT NULL CHECK (length(grant_id) = 16),
    tries     INTEGER NOT NULL DEFAULT 0,
    due_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX logout_deliveries_by_due ON logout_deliveries (due_at);
CREATE INDEX logout_deliveries_by_client ON logout_deliveries (client_id);

CREATE TRIGGER sessions_report BEFORE DELETE ON sessions BEGIN
    INSERT INTO logout_deliveries (client_id, user_id, grant_id, due_at)
    SELECT client_id, user_id, id, 0 FROM grants WHERE logout_session = OLD.id;
END;
