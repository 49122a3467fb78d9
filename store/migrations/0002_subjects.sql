-- The directory of subjects: which key a number in the ledger stands for. Erasing
-- takes key and salt away; number and commitment stay, so that no proof breaks.
CREATE TABLE subjects (
  number     INTEGER PRIMARY KEY,
  system     INTEGER NOT NULL REFERENCES systems (id),
  key        TEXT,
  salt       BLOB CHECK (length(salt) = 16),
  commitment BLOB NOT NULL CHECK (length(commitment) = 32),
  erased     INTEGER,
  CHECK ((key IS NULL) = (salt IS NULL)),
  CHECK ((key IS NULL) = (erased IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX subjects_key ON subjects (system, key);

-- A run of numbers that one naming event in the ledger binds to its keys. written
-- is when the ledger had that event; until then it is still to be written.
CREATE TABLE namings (
  first   INTEGER PRIMARY KEY,
  count   INTEGER NOT NULL CHECK (count > 0),
  root    BLOB NOT NULL CHECK (length(root) = 32),
  made    INTEGER NOT NULL,
  written INTEGER
) STRICT;
CREATE INDEX namings_open ON namings (first) WHERE written IS NULL;

CREATE TRIGGER subjects_stay BEFORE DELETE ON subjects BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;
