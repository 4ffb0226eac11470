-- The same tables as in ../postgres.
-- What the last whole look at the revocation of unexpected certificates showed, and why a later one failed: one row.
CREATE TABLE revocation_look (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  looked INTEGER,
  revoked INTEGER NOT NULL,
  good INTEGER NOT NULL,
  open INTEGER NOT NULL,
  overdue INTEGER NOT NULL,
  failed INTEGER,
  problem TEXT
) STRICT;

-- The certificates of that look, as many as are kept, in their order.
CREATE TABLE revocations (
  place INTEGER PRIMARY KEY,
  facts TEXT NOT NULL
) STRICT;
