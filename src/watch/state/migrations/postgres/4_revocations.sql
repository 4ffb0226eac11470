-- The same tables as in ../sqlite.
-- What the last whole look at the revocation of unexpected certificates showed, and why a later one failed: one row.
CREATE TABLE revocation_look (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  looked BIGINT,
  revoked BIGINT NOT NULL,
  good BIGINT NOT NULL,
  open BIGINT NOT NULL,
  overdue BIGINT NOT NULL,
  failed BIGINT,
  problem TEXT
);

-- The certificates of that look, as many as are kept, in their order.
CREATE TABLE revocations (
  place BIGINT PRIMARY KEY,
  facts TEXT NOT NULL
);
