-- The same tables as in ../postgres.
-- Why following a log began where it did, for people.
ALTER TABLE logs ADD COLUMN begun TEXT;

-- When somebody searched for the names of a set last; what nobody did for long, and nothing refers to, goes.
ALTER TABLE name_sets ADD COLUMN named INTEGER NOT NULL DEFAULT 0;
UPDATE name_sets SET named = (SELECT now FROM clock);
