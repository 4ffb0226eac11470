-- The same tables as in ../sqlite.
-- Which services follow which logs now, and for which names: each says so again and again while it does.
CREATE TABLE followers (
  log BIGINT NOT NULL REFERENCES logs (id),
  -- The process.
  lease TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  names BIGINT NOT NULL REFERENCES name_sets (id),
  -- Whether it has a channel for alerts: 1 or 0.
  tells BIGINT NOT NULL,
  PRIMARY KEY (log, lease)
);

-- When runs that end looked at a log for these names: the first and the last of those of which none came long after the
-- one before.
CREATE TABLE looks (
  log BIGINT NOT NULL REFERENCES logs (id),
  names BIGINT NOT NULL REFERENCES name_sets (id),
  began BIGINT NOT NULL,
  looked BIGINT NOT NULL,
  -- How long after the one before one of them came at most, in milliseconds.
  apart BIGINT NOT NULL,
  PRIMARY KEY (log, names)
);
