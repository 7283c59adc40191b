-- NULL: nobody has shown yet that mail to this address reaches the user.
ALTER TABLE users ADD COLUMN email_verified_at INTEGER;

-- Who did what to which account. No REFERENCES: what happened stays true when the account is gone, and a number that
-- is never given out again is no personal data. The address is, which is one reason why rows are forgotten in time.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    -- What anybody can cause at will, as failed log-ins. Kept apart so that a flood of it pushes nothing else out.
    anybodys   INTEGER NOT NULL CHECK (anybodys IN (0, 1)),
    -- Whose account it is about, and who did it. NULL: an address that is no account's; nobody who was signed in.
    subject_id INTEGER,
    actor_id   INTEGER,
    session_id BLOB    CHECK (length(session_id) = 16),
    address    TEXT,
    detail     TEXT
) STRICT;

CREATE INDEX audit_by_kind ON audit (anybodys, id);
CREATE INDEX audit_by_subject ON audit (subject_id, id) WHERE subject_id IS NOT NULL;
