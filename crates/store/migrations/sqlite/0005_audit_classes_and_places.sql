-- Entries share the room of the log with their own class only: 0 what administrators and operators do, 1 what users do
-- with their own accounts, 2 what anybody can cause at will, as failed log-ins, 3 log-ins and log-outs, which every user
-- can cause at will. No flood of one pushes out another.
ALTER TABLE audit ADD COLUMN class INTEGER NOT NULL DEFAULT 1 CHECK (class IN (0, 1, 2, 3));
UPDATE audit SET class = 2 WHERE anybodys = 1;
UPDATE audit SET class = 3 WHERE event IN ('logged_in', 'session_ended', 'other_sessions_ended', 'sessions_ended');
UPDATE audit SET class = 0
WHERE event IN ('role_changed', 'disabled', 'enabled', 'signing_key_changed', 'invitation_created', 'invitation_revoked')
   OR (event = 'created' AND detail = 'admin') OR actor_id <> subject_id;
DROP INDEX audit_by_kind;
ALTER TABLE audit DROP COLUMN anybodys;
CREATE INDEX audit_by_class ON audit (class, id);

-- Whom the address stands for: it itself, or its IPv6 /64. To look whether an account is in use at a place, the sessions
-- of the place are read, which are as many whether there is such an account or not.
ALTER TABLE sessions ADD COLUMN place TEXT;
UPDATE sessions SET place = address WHERE address NOT LIKE '%:%';
CREATE INDEX sessions_by_place ON sessions (place) WHERE place IS NOT NULL;
