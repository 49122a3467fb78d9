-- Complaints of people who were called, or whose data was found elsewhere. What a
-- complaint says is personal data: it is sealed in body under a key that is not in this
-- file, and body is taken away when the complaint, or a customer of it, is erased.
-- Times are milliseconds. mark is a keyed hash of what was said, by which the same
-- complaint is known again; it hangs on the same key.
CREATE TABLE complaints (
  id           INTEGER PRIMARY KEY,
  reference    TEXT NOT NULL UNIQUE CHECK (reference <> ''),
  way          TEXT NOT NULL CHECK (way IN ('web', 'mail', 'console', 'api', 'command')),
  received     INTEGER NOT NULL,
  due          INTEGER NOT NULL CHECK (due > received), -- acknowledged by then
  acknowledged INTEGER,
  closed       INTEGER,
  called       INTEGER, -- when the unwanted call was; none if it is not known
  knew         INTEGER NOT NULL CHECK (knew BETWEEN 0 AND 4),
  suspect      INTEGER NOT NULL CHECK (suspect IN (0, 1)), -- may have been sent by a program
  mark         BLOB UNIQUE CHECK (length(mark) = 32),
  body         BLOB,
  matched      INTEGER, -- when customers were looked for
  erased       INTEGER,
  CHECK ((body IS NULL) = (erased IS NOT NULL)),
  CHECK ((mark IS NULL) = (erased IS NOT NULL))
) STRICT;
CREATE INDEX complaints_received ON complaints (received);
CREATE INDEX complaints_open ON complaints (due) WHERE acknowledged IS NULL;
CREATE INDEX complaints_unmatched ON complaints (id) WHERE matched IS NULL AND erased IS NULL;

-- The customers whom a complaint may be about, and how many of its identifiers say so.
CREATE TABLE complaint_subjects (
  complaint INTEGER NOT NULL REFERENCES complaints (id),
  subject   INTEGER NOT NULL REFERENCES subjects (number),
  system    INTEGER NOT NULL REFERENCES systems (id),
  agreeing  INTEGER NOT NULL CHECK (agreeing > 0),
  PRIMARY KEY (complaint, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX complaint_subjects_subject ON complaint_subjects (subject);

CREATE TRIGGER complaints_stay BEFORE DELETE ON complaints BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;
-- A gate that runs hears of a complaint as it hears of a changed right, and looks for
-- its customers.
CREATE TRIGGER complaints_new AFTER INSERT ON complaints BEGIN UPDATE generation SET n = n + 1; END;
-- An erased customer's complaints go with the customer: their words, not their dates.
CREATE TRIGGER complaints_erased AFTER UPDATE OF erased ON subjects WHEN old.erased IS NULL AND new.erased IS NOT NULL
BEGIN
  UPDATE complaints SET body = NULL, mark = NULL, erased = new.erased
    WHERE erased IS NULL AND id IN (SELECT complaint FROM complaint_subjects WHERE subject = new.number);
  DELETE FROM complaint_subjects WHERE subject = new.number;
END;
