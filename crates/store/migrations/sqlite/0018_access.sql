-- The role viewer: reads recipes, and writes none. A CHECK can only be changed with a new column.
ALTER TABLE users ADD COLUMN next_role TEXT NOT NULL DEFAULT 'user' CHECK (next_role IN ('viewer', 'user', 'admin'));
UPDATE users SET next_role = role;
ALTER TABLE users DROP COLUMN role;
ALTER TABLE users RENAME COLUMN next_role TO role;
