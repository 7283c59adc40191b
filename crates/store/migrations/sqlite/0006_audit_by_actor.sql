-- Whoever asks for what is held of him gets what he did, too, a page at a time.
CREATE INDEX audit_by_actor ON audit (actor_id, id) WHERE actor_id IS NOT NULL;
