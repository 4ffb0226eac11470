-- The same tables as in ../postgres.
-- By whose wishes (policy and names) a certificate was judged so that looking again would change nothing: whoever wishes
-- something else judges it for himself.
CREATE TABLE judged (
  tbs_sha256 BLOB NOT NULL,
  wishes BLOB NOT NULL,
  PRIMARY KEY (tbs_sha256, wishes)
) STRICT, WITHOUT ROWID;
