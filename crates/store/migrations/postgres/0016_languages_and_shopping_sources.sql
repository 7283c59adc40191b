-- The language of mails: that of the request that caused the mail, unless the user has chosen another one. NULL: none is known.
ALTER TABLE mails ADD COLUMN language text CHECK (length(language) = 2);
ALTER TABLE users ADD COLUMN language text CHECK (length(language) = 2);
-- What an item was made of, a source a line: a recipe with its servings, or a meal of the plan. The same source is added once as long as
-- one of its items is in the list.
ALTER TABLE shopping_items ADD COLUMN sources text;

-- An import looks for the recipe of a uid in the bins of others.
CREATE INDEX bin_by_uid ON bin (uid);
