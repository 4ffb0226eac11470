-- The same tables as in ../sqlite.
-- Whether an entry stands in a tree whose root the log signed. 0: it was read, and its range is not proven yet; 1: it
-- does; 2: it was given once, and its range was begun anew.
ALTER TABLE sightings ADD COLUMN proof BIGINT NOT NULL DEFAULT 0;
-- Nobody kept which of them were in what was proven.
UPDATE sightings SET proof = 2;
CREATE INDEX sightings_unproven ON sightings (log, entry_index) WHERE proof = 0;
-- So what is not proven yet is read again.
UPDATE ranges SET position = start, subtrees = ''::bytea;

-- Entries of which the leaf hashes are known, and not what they are: their tile cannot be read.
CREATE TABLE dark (
  log BIGINT NOT NULL REFERENCES logs (id),
  start BIGINT NOT NULL,
  stop BIGINT NOT NULL,
  -- Of each its leaf hash.
  hashes BYTEA NOT NULL,
  -- What the alert about them is about.
  subject TEXT NOT NULL,
  -- As for sightings.
  proof BIGINT NOT NULL,
  since BIGINT NOT NULL,
  -- When they were asked for last.
  asked BIGINT NOT NULL,
  -- When somebody said that he knows of them.
  acknowledged BIGINT,
  PRIMARY KEY (log, start, stop),
  CHECK (start < stop)
);
