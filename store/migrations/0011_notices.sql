-- What is to be sent, and what was. A notice is put once (key); routed is when its
-- deliveries were made. Notices name customers by number only.
CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY,
  key        TEXT NOT NULL UNIQUE CHECK (key <> ''),
  kind       TEXT NOT NULL CHECK (kind <> ''),
  severity   INTEGER NOT NULL CHECK (severity BETWEEN 1 AND 5),
  recipients TEXT NOT NULL, -- JSON
  subject    TEXT NOT NULL CHECK (subject <> ''),
  text       TEXT NOT NULL,
  path       TEXT NOT NULL,
  data       TEXT NOT NULL, -- JSON
  system     INTEGER REFERENCES systems (id),
  customers  TEXT NOT NULL, -- JSON, numbers
  put        INTEGER NOT NULL,
  routed     INTEGER
) STRICT;
CREATE INDEX outbox_unrouted ON outbox (id) WHERE routed IS NULL;

-- One receiver of one notice. next is when to try (again); it is empty when the
-- receiver has the notice (sent) or nobody tries any more (given_up).
CREATE TABLE deliveries (
  id       INTEGER PRIMARY KEY,
  message  INTEGER NOT NULL REFERENCES outbox (id),
  channel  TEXT NOT NULL CHECK (channel <> ''),
  address  TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next     INTEGER,
  sent     INTEGER,
  given_up INTEGER,
  why      TEXT NOT NULL DEFAULT '',
  UNIQUE (message, channel, address),
  CHECK ((next IS NULL) = (sent IS NOT NULL OR given_up IS NOT NULL)),
  CHECK (sent IS NULL OR given_up IS NULL)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (channel, next) WHERE next IS NOT NULL;
CREATE INDEX deliveries_given_up ON deliveries (id) WHERE given_up IS NOT NULL;
CREATE TRIGGER outbox_stay BEFORE DELETE ON outbox BEGIN SELECT raise(ABORT, 'what was told stays on record'); END;
