-- The same tables as in ../sqlite.
-- Sets of names that were searched for: a line each in their order, with a dot in front where all below is meant, too.
CREATE TABLE name_sets (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sha256 BYTEA NOT NULL UNIQUE,
  names BYTEA NOT NULL
);

-- For which names a range is read; it is begun anew for others.
ALTER TABLE ranges ADD COLUMN names BIGINT REFERENCES name_sets (id);

-- Which of the proven entries were searched for which names.
CREATE TABLE searched (
  log BIGINT NOT NULL REFERENCES logs (id),
  names BIGINT NOT NULL REFERENCES name_sets (id),
  start BIGINT NOT NULL,
  stop BIGINT NOT NULL,
  PRIMARY KEY (log, names, start),
  CHECK (start < stop)
);

-- From which entry on a log is to be searched for them, where that was said.
CREATE TABLE wanted (
  log BIGINT NOT NULL REFERENCES logs (id),
  names BIGINT NOT NULL REFERENCES name_sets (id),
  start BIGINT NOT NULL,
  PRIMARY KEY (log, names)
);

-- What was judged last of a certificate, for each key that issued one of its content; no octets where that is not
-- proven.
CREATE TABLE verdicts (
  tbs_sha256 BYTEA NOT NULL REFERENCES certificates (tbs_sha256),
  issuer_key BYTEA NOT NULL,
  gravity BIGINT NOT NULL,
  -- 0: open; 1: determined; 2: looking again would change nothing.
  determined BIGINT NOT NULL,
  PRIMARY KEY (tbs_sha256, issuer_key)
);
CREATE INDEX verdicts_open ON verdicts (tbs_sha256) WHERE determined < 2;
CREATE INDEX sightings_by_log ON sightings (log, tbs_sha256);
