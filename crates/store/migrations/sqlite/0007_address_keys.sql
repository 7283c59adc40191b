-- The key of an address is NFC, and its domain is in the ASCII form of IDNA: a browser's e-mail field sends that form. The
-- program computes the keys, as SQL cannot. Accounts whose address turns out to be another account's are not merged: they
-- keep their old key, are listed here, and are reported at each start until one of the two is deleted or gets another address.
CREATE TABLE address_collisions (
    user_id INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE
) STRICT;
