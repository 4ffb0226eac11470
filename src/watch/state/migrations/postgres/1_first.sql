-- The same tables as in ../sqlite; `now` in milliseconds of the database's own clock.
CREATE VIEW clock AS SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now;

CREATE TABLE logs (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  log_id BYTEA NOT NULL UNIQUE,
  description TEXT NOT NULL,
  url TEXT NOT NULL,
  kind TEXT NOT NULL,
  key BYTEA NOT NULL,
  registered BIGINT NOT NULL,
  -- Where we began to read.
  start_size BIGINT NOT NULL,
  -- How far the entries were read and give the root that the log signed, and the subtrees up to there.
  proven_size BIGINT NOT NULL,
  proven_subtrees BYTEA NOT NULL,
  -- The last tree head whose signature and consistency hold.
  head_size BIGINT,
  head_timestamp BIGINT,
  head_root BYTEA,
  head_octets BYTEA,
  head_seen BIGINT,
  -- The tree head whose entries are being read.
  goal_size BIGINT,
  goal_timestamp BIGINT,
  goal_root BYTEA,
  goal_octets BYTEA,
  goal_seen BIGINT,
  -- Who looks after the head.
  owner TEXT,
  lease TEXT,
  lease_until BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE ranges (
  log BIGINT NOT NULL REFERENCES logs (id),
  start BIGINT NOT NULL,
  stop BIGINT NOT NULL,
  position BIGINT NOT NULL,
  subtrees BYTEA NOT NULL,
  owner TEXT,
  lease TEXT,
  lease_until BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (log, start),
  CHECK (start < stop AND start <= position AND position <= stop)
);
CREATE INDEX ranges_unread ON ranges (log, start) WHERE position < stop;

CREATE TABLE issuers (
  sha256 BYTEA PRIMARY KEY,
  der BYTEA NOT NULL
);

CREATE TABLE certificates (
  tbs_sha256 BYTEA PRIMARY KEY,
  first_seen BIGINT NOT NULL,
  certificate BYTEA,
  precertificate BYTEA
);

CREATE TABLE claims (
  name TEXT NOT NULL,
  tbs_sha256 BYTEA NOT NULL REFERENCES certificates (tbs_sha256),
  PRIMARY KEY (name, tbs_sha256)
);

CREATE TABLE sightings (
  tbs_sha256 BYTEA NOT NULL REFERENCES certificates (tbs_sha256),
  log BIGINT NOT NULL REFERENCES logs (id),
  entry_index BIGINT NOT NULL,
  kind TEXT NOT NULL,
  logged_at BIGINT NOT NULL,
  leaf BYTEA NOT NULL,
  chain BYTEA NOT NULL,
  chain_problem TEXT,
  seen BIGINT NOT NULL,
  PRIMARY KEY (tbs_sha256, log, entry_index)
);

CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  created BIGINT NOT NULL,
  payload TEXT NOT NULL,
  UNIQUE (kind, subject)
);

CREATE TABLE deliveries (
  alert TEXT NOT NULL REFERENCES alerts (id),
  channel TEXT NOT NULL,
  -- When the alert was made.
  created BIGINT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  next_at BIGINT NOT NULL,
  delivered_at BIGINT,
  error TEXT,
  PRIMARY KEY (alert, channel)
);
CREATE INDEX deliveries_due ON deliveries (channel, next_at) WHERE delivered_at IS NULL;

CREATE TABLE faults (
  log BIGINT NOT NULL REFERENCES logs (id),
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  evidence BYTEA NOT NULL,
  since BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  times BIGINT NOT NULL,
  PRIMARY KEY (log, kind)
);
