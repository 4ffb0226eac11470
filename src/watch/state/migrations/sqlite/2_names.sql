-- The same tables as in ../postgres.
-- Sets of names that were searched for: a line each in their order, with a dot in front where all below is meant, too.
CREATE TABLE name_sets (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL UNIQUE,
  names BLOB NOT NULL
) STRICT;

-- For which names a range is read; it is begun anew for others.
ALTER TABLE ranges ADD COLUMN names INTEGER REFERENCES name_sets (id);

-- Which of the proven entries were searched for which names.
CREATE TABLE searched (
  log INTEGER NOT NULL REFERENCES logs (id),
  names INTEGER NOT NULL REFERENCES name_sets (id),
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  PRIMARY KEY (log, names, start),
  CHECK (start < stop)
) STRICT, WITHOUT ROWID;

-- From which entry on a log is to be searched for them, where that was said.
CREATE TABLE wanted (
  log INTEGER NOT NULL REFERENCES logs (id),
  names INTEGER NOT NULL REFERENCES name_sets (id),
  start INTEGER NOT NULL,
  PRIMARY KEY (log, names)
) STRICT, WITHOUT ROWID;

-- What was judged last of a certificate, for each key that issued one of its content; no octets where that is not
-- proven.
CREATE TABLE verdicts (
  tbs_sha256 BLOB NOT NULL REFERENCES certificates (tbs_sha256),
  issuer_key BLOB NOT NULL,
  gravity INTEGER NOT NULL,
  -- 0: open; 1: determined; 2: looking again would change nothing.
  determined INTEGER NOT NULL,
  PRIMARY KEY (tbs_sha256, issuer_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX verdicts_open ON verdicts (tbs_sha256) WHERE determined < 2;
CREATE INDEX sightings_by_log ON sightings (log, tbs_sha256);
