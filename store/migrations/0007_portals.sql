-- The take-down switch of portals. A row is one use: down, and later up again by
-- somebody else. No system means all portals. recorded counts the events of it that
-- are in the ledger: the gate writes them, whoever used the switch.
CREATE TABLE switches (
  id       INTEGER PRIMARY KEY,
  system   INTEGER REFERENCES systems (id),
  reason   TEXT NOT NULL CHECK (reason <> ''),
  down     INTEGER NOT NULL,
  down_by  INTEGER NOT NULL REFERENCES people (id),
  up       INTEGER CHECK (up >= down),
  up_by    INTEGER REFERENCES people (id) CHECK (up_by <> down_by),
  recorded INTEGER NOT NULL DEFAULT 0 CHECK (recorded IN (0, 1, 2)),
  CHECK ((up IS NULL) = (up_by IS NULL))
) STRICT;
CREATE UNIQUE INDEX switches_open ON switches (coalesce(system, 0)) WHERE up IS NULL;

CREATE TRIGGER switches_stay BEFORE DELETE ON switches BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;
CREATE TRIGGER switches_down AFTER INSERT ON switches BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER switches_up   AFTER UPDATE OF up ON switches BEGIN UPDATE generation SET n = n + 1; END;

-- Which reason a person stated for which customer on which local day, so that a
-- portal asks once.
CREATE TABLE stated (
  person  INTEGER NOT NULL REFERENCES people (id),
  system  INTEGER NOT NULL REFERENCES systems (id),
  day     TEXT NOT NULL,
  subject INTEGER NOT NULL,
  reason  INTEGER NOT NULL REFERENCES reasons (id),
  PRIMARY KEY (person, system, day, subject)
) STRICT, WITHOUT ROWID;
