-- What custody doctor found in guarded databases, with its history: a finding that
-- gets better or worse is closed and opened anew. told is when the ledger had the
-- event that says so; until then it is still to be written.
CREATE TABLE findings (
  id        INTEGER PRIMARY KEY,
  system    INTEGER NOT NULL REFERENCES systems (id),
  check_of  TEXT NOT NULL CHECK (check_of <> ''),
  object    TEXT NOT NULL,
  severity  INTEGER NOT NULL CHECK (severity BETWEEN 1 AND 4),
  message   TEXT NOT NULL,
  mark      INTEGER NOT NULL,
  opened    INTEGER NOT NULL,
  seen      INTEGER NOT NULL CHECK (seen >= opened),
  closed    INTEGER CHECK (closed >= opened),
  told      INTEGER
) STRICT;
CREATE UNIQUE INDEX findings_open ON findings (system, check_of, object) WHERE closed IS NULL;
CREATE INDEX findings_untold ON findings (id) WHERE told IS NULL;

-- One examination of a system: when, by whom, and what could be checked.
CREATE TABLE examinations (
  id      INTEGER PRIMARY KEY,
  system  INTEGER NOT NULL REFERENCES systems (id),
  at      INTEGER NOT NULL,
  checked TEXT NOT NULL, -- the checks' names, one a line
  skipped TEXT NOT NULL
) STRICT;
CREATE INDEX examinations_system ON examinations (system, at);

-- A gateway that runs hears of a finding as it hears of a changed right.
CREATE TRIGGER findings_new AFTER INSERT ON findings WHEN new.told IS NULL
BEGIN UPDATE generation SET n = n + 1; END;
