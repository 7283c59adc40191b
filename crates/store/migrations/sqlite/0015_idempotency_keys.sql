-- The keys with which users have created recipes (Idempotency-Key), for a day: a repeated request gets the answer of the first one.
CREATE TABLE idempotency_keys (
    user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Of the key.
    digest      BLOB    NOT NULL CHECK (length(digest) = 32),
    -- A digest of what was to be created. The same key with something else is a mistake of the client.
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    created_at  INTEGER NOT NULL,
    -- The recipe as it was created. It may have been changed or deleted since.
    recipe_id   INTEGER NOT NULL,
    document    TEXT    NOT NULL,
    UNIQUE (user_id, digest)
) STRICT;

CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
