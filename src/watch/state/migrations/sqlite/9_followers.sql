-- The same tables as in ../postgres.
-- Which services follow which logs now, and for which names: each says so again and again while it does.
CREATE TABLE followers (
  log INTEGER NOT NULL REFERENCES logs (id),
  -- The process.
  lease TEXT NOT NULL,
  lease_until INTEGER NOT NULL,
  names INTEGER NOT NULL REFERENCES name_sets (id),
  -- Whether it has a channel for alerts: 1 or 0.
  tells INTEGER NOT NULL,
  PRIMARY KEY (log, lease)
) STRICT, WITHOUT ROWID;

-- When runs that end looked at a log for these names: the first and the last of those of which none came long after the
-- one before.
CREATE TABLE looks (
  log INTEGER NOT NULL REFERENCES logs (id),
  names INTEGER NOT NULL REFERENCES name_sets (id),
  began INTEGER NOT NULL,
  looked INTEGER NOT NULL,
  -- How long after the one before one of them came at most, in milliseconds.
  apart INTEGER NOT NULL,
  PRIMARY KEY (log, names)
) STRICT, WITHOUT ROWID;
