-- The same tables as in ../sqlite.
-- By whose wishes (policy and names) a certificate was judged so that looking again would change nothing: whoever wishes
-- something else judges it for himself.
CREATE TABLE judged (
  tbs_sha256 BYTEA NOT NULL,
  wishes BYTEA NOT NULL,
  PRIMARY KEY (tbs_sha256, wishes)
);
