-- What detectors watch beside the ledger.

-- Planted customers: nobody has a reason to look at one. A look counts from planted on
-- until withdrawn.
CREATE TABLE canaries (
  id        INTEGER PRIMARY KEY,
  subject   INTEGER NOT NULL REFERENCES subjects (number),
  system    INTEGER NOT NULL REFERENCES systems (id),
  note      TEXT NOT NULL DEFAULT '',
  planted   INTEGER NOT NULL,
  withdrawn INTEGER CHECK (withdrawn >= planted)
) STRICT;
CREATE UNIQUE INDEX canaries_live ON canaries (subject) WHERE withdrawn IS NULL;
CREATE TRIGGER canaries_stay BEFORE DELETE ON canaries BEGIN SELECT raise(ABORT, 'what was planted stays on record'); END;
CREATE TRIGGER canaries_new AFTER INSERT ON canaries BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER canaries_withdrawn AFTER UPDATE ON canaries BEGIN UPDATE generation SET n = n + 1; END;

-- fresh: what signed the person in before start opens nothing any more; a sign-in with
-- all factors, or a new credential, does.
ALTER TABLE restraints ADD COLUMN fresh INTEGER NOT NULL DEFAULT 0 CHECK (fresh IN (0, 1));

-- Complaints up to this moment of matching had their alerts kept.
ALTER TABLE detection ADD COLUMN complained INTEGER NOT NULL DEFAULT 0;
CREATE INDEX complaints_matched ON complaints (matched) WHERE matched IS NOT NULL;
