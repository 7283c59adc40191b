-- How much of a quota a key has used, for all servers together. Not logged: after a crash of the database, counting begins anew.
-- What is used up to the present is deleted.
CREATE UNLOGGED TABLE rate_limits (
    -- A digest of what is counted, as an address and a limit.
    key        bytea  PRIMARY KEY CHECK (length(key) = 16),
    -- When the whole quota is available again, in microseconds since 1970.
    used_until bigint NOT NULL
);
