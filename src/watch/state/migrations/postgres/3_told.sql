-- The same tables as in ../sqlite.
-- The channels of all who work with this state, and when each was named last.
CREATE TABLE channels (
  name TEXT PRIMARY KEY,
  named BIGINT NOT NULL
);

-- Two tree heads that contradict each other: each pair is a fault of its own, with its evidence.
CREATE TABLE fault_pairs (
  log BIGINT NOT NULL REFERENCES logs (id),
  kind TEXT NOT NULL,
  known BYTEA NOT NULL,
  shown BYTEA NOT NULL,
  text TEXT NOT NULL,
  evidence BYTEA NOT NULL,
  seen BIGINT NOT NULL,
  PRIMARY KEY (log, kind, known, shown)
);

-- When somebody said that he knows of the fault.
ALTER TABLE faults ADD COLUMN acknowledged BIGINT;

-- What keeps a log from being followed at the moment; it may not be among the logs yet.
CREATE TABLE troubles (
  log_id BYTEA PRIMARY KEY,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  text TEXT NOT NULL,
  since BIGINT NOT NULL,
  seen BIGINT NOT NULL
);
