-- The language of mails: that of the request that caused the mail, unless the user has chosen another one. NULL: none is known.
ALTER TABLE mails ADD COLUMN language TEXT CHECK (length(language) = 2);
ALTER TABLE users ADD COLUMN language TEXT CHECK (length(language) = 2);
