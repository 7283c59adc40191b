-- Mails that wait to be sent, or for another try. The tokens of their links are not here: each try makes a new one.
CREATE TABLE mails (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purpose       text        NOT NULL CHECK (purpose IN ('verify', 'reset', 'invite')),
    -- The address as it was requested, whether it has an account or not. NULL: the address of the invitation.
    email         text,
    invitation_id bytea       REFERENCES invitations (id) ON DELETE CASCADE,
    -- The client that requested it.
    actor_id      bigint,
    session_id    bytea       CHECK (length(session_id) = 16),
    address       text,
    -- Those that have begun.
    tries         integer     NOT NULL DEFAULT 0,
    -- While a try goes on, this is when another server may take the mail.
    due_at        timestamptz NOT NULL,
    CHECK ((email IS NULL) = (purpose = 'invite') AND (invitation_id IS NULL) = (purpose <> 'invite'))
);

CREATE INDEX mails_by_time ON mails (due_at);
CREATE INDEX mails_by_invitation ON mails (invitation_id) WHERE invitation_id IS NOT NULL;

-- Of the token in the newest mail of the invitation. The other digest is of the token that the administrator was shown.
ALTER TABLE invitations ADD COLUMN mail_digest bytea CHECK (length(mail_digest) = 32);
CREATE INDEX invitations_by_mail ON invitations (mail_digest) WHERE mail_digest IS NOT NULL;
