-- The same tables as in ../postgres; `now` in milliseconds of the database's own clock.
CREATE VIEW clock AS SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now;

CREATE TABLE logs (
  id INTEGER PRIMARY KEY,
  log_id BLOB NOT NULL UNIQUE,
  description TEXT NOT NULL,
  url TEXT NOT NULL,
  kind TEXT NOT NULL,
  key BLOB NOT NULL,
  registered INTEGER NOT NULL,
  -- Where we began to read.
  start_size INTEGER NOT NULL,
  -- How far the entries were read and give the root that the log signed, and the subtrees up to there.
  proven_size INTEGER NOT NULL,
  proven_subtrees BLOB NOT NULL,
  -- The last tree head whose signature and consistency hold.
  head_size INTEGER,
  head_timestamp INTEGER,
  head_root BLOB,
  head_octets BLOB,
  head_seen INTEGER,
  -- The tree head whose entries are being read.
  goal_size INTEGER,
  goal_timestamp INTEGER,
  goal_root BLOB,
  goal_octets BLOB,
  goal_seen INTEGER,
  -- Who looks after the head.
  owner TEXT,
  lease TEXT,
  lease_until INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE ranges (
  log INTEGER NOT NULL REFERENCES logs (id),
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  position INTEGER NOT NULL,
  subtrees BLOB NOT NULL,
  owner TEXT,
  lease TEXT,
  lease_until INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (log, start),
  CHECK (start < stop AND start <= position AND position <= stop)
) STRICT, WITHOUT ROWID;
CREATE INDEX ranges_unread ON ranges (log, start) WHERE position < stop;

CREATE TABLE issuers (
  sha256 BLOB PRIMARY KEY,
  der BLOB NOT NULL
) STRICT;

CREATE TABLE certificates (
  tbs_sha256 BLOB PRIMARY KEY,
  first_seen INTEGER NOT NULL,
  certificate BLOB,
  precertificate BLOB
) STRICT;

CREATE TABLE claims (
  name TEXT NOT NULL,
  tbs_sha256 BLOB NOT NULL REFERENCES certificates (tbs_sha256),
  PRIMARY KEY (name, tbs_sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE sightings (
  tbs_sha256 BLOB NOT NULL REFERENCES certificates (tbs_sha256),
  log INTEGER NOT NULL REFERENCES logs (id),
  entry_index INTEGER NOT NULL,
  kind TEXT NOT NULL,
  logged_at INTEGER NOT NULL,
  leaf BLOB NOT NULL,
  chain BLOB NOT NULL,
  chain_problem TEXT,
  seen INTEGER NOT NULL,
  PRIMARY KEY (tbs_sha256, log, entry_index)
) STRICT;

CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  created INTEGER NOT NULL,
  payload TEXT NOT NULL,
  UNIQUE (kind, subject)
) STRICT;

CREATE TABLE deliveries (
  alert TEXT NOT NULL REFERENCES alerts (id),
  channel TEXT NOT NULL,
  -- When the alert was made.
  created INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL,
  delivered_at INTEGER,
  error TEXT,
  PRIMARY KEY (alert, channel)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (channel, next_at) WHERE delivered_at IS NULL;

CREATE TABLE faults (
  log INTEGER NOT NULL REFERENCES logs (id),
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  evidence BLOB NOT NULL,
  since INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (log, kind)
) STRICT;
