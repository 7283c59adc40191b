-- What a link in a mail is good for, once. Only the SHA-256 digest of what is in the link.
CREATE TABLE mail_tokens (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    TEXT    NOT NULL CHECK (purpose IN ('verify', 'reset')),
    -- Where the link was sent to: it proves nothing about any other address.
    email_key  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX mail_tokens_by_user ON mail_tokens (user_id);
CREATE INDEX mail_tokens_by_end ON mail_tokens (expires_at);

-- Who may sign up where not everybody may. Using one deletes it.
CREATE TABLE invitations (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    -- NULL: for whoever has it.
    email      TEXT,
    email_key  TEXT,
    -- NULL: whoever runs the program. What somebody has promised ends with the account.
    created_by INTEGER REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CHECK ((email IS NULL) = (email_key IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX invitations_by_creator ON invitations (created_by) WHERE created_by IS NOT NULL;

-- What the program must find again after a restart.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
