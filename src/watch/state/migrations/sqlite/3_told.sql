-- The same tables as in ../postgres.
-- The channels of all who work with this state, and when each was named last.
CREATE TABLE channels (
  name TEXT PRIMARY KEY,
  named INTEGER NOT NULL
) STRICT;

-- Two tree heads that contradict each other: each pair is a fault of its own, with its evidence.
CREATE TABLE fault_pairs (
  log INTEGER NOT NULL REFERENCES logs (id),
  kind TEXT NOT NULL,
  known BLOB NOT NULL,
  shown BLOB NOT NULL,
  text TEXT NOT NULL,
  evidence BLOB NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (log, kind, known, shown)
) STRICT, WITHOUT ROWID;

-- When somebody said that he knows of the fault.
ALTER TABLE faults ADD COLUMN acknowledged INTEGER;

-- What keeps a log from being followed at the moment; it may not be among the logs yet.
CREATE TABLE troubles (
  log_id BLOB PRIMARY KEY,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  text TEXT NOT NULL,
  since INTEGER NOT NULL,
  seen INTEGER NOT NULL
) STRICT;
