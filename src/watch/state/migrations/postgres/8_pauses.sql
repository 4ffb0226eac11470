-- How long a delivery was put off when its `next_at` was set, in milliseconds: one that lies further ahead was put off by
-- a clock that was set back since. Of those from before this step nobody knows, so that they are tried once more.
ALTER TABLE deliveries ADD COLUMN pause BIGINT NOT NULL DEFAULT 0;
