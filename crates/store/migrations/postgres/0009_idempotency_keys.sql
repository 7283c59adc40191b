-- The keys with which users have created recipes (Idempotency-Key), for a day: a repeated request gets the answer of the first one.
CREATE TABLE idempotency_keys (
    user_id     bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Of the key.
    digest      bytea       NOT NULL CHECK (length(digest) = 32),
    -- A digest of what was to be created. The same key with something else is a mistake of the client.
    fingerprint bytea       NOT NULL CHECK (length(fingerprint) = 32),
    created_at  timestamptz NOT NULL,
    -- The recipe as it was created. It may have been changed or deleted since.
    recipe_id   bigint      NOT NULL,
    document    text        NOT NULL,
    UNIQUE (user_id, digest)
);

CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
