-- Alerts, their review, and what detectors keep. What an alert says names nobody: the
-- person is a number here, and screens show the pseudonym until two people unseal it.

-- key is the same whenever the same events are replayed. body is the JSON of package
-- detect's alert: findings, entries, templates tried. raised is the time of the look,
-- made when it was written here.
CREATE TABLE alerts (
  id        INTEGER PRIMARY KEY,
  key       TEXT NOT NULL UNIQUE CHECK (key <> ''),
  person    INTEGER REFERENCES people (id),
  session   INTEGER REFERENCES sessions (id),
  given     INTEGER REFERENCES grants (id),
  system    INTEGER REFERENCES systems (id),
  device    TEXT NOT NULL DEFAULT '',
  rules     TEXT NOT NULL CHECK (rules <> ''), -- one a line, the first raised it
  says      TEXT NOT NULL,
  strength  REAL NOT NULL,
  held      INTEGER NOT NULL CHECK (held IN (0, 1)),
  raised    INTEGER NOT NULL,
  made      INTEGER NOT NULL,
  revision  INTEGER NOT NULL,
  state     TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'looking', 'explained', 'mistaken', 'confirmed')),
  body      TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_open ON alerts (strength) WHERE state IN ('open', 'looking');
CREATE INDEX alerts_person ON alerts (person, raised);
CREATE TRIGGER alerts_stay BEFORE DELETE ON alerts BEGIN SELECT raise(ABORT, 'alerts stay on record'); END;

-- Every decision about an alert, with its reason.
CREATE TABLE alert_reviews (
  id     INTEGER PRIMARY KEY,
  alert  INTEGER NOT NULL REFERENCES alerts (id),
  at     INTEGER NOT NULL,
  by     INTEGER NOT NULL REFERENCES people (id),
  state  TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason <> '')
) STRICT;
CREATE INDEX alert_reviews_alert ON alert_reviews (alert);
CREATE TRIGGER alert_reviews_stay BEFORE DELETE ON alert_reviews BEGIN SELECT raise(ABORT, 'what was decided stays on record'); END;
CREATE TRIGGER alert_reviews_hold BEFORE UPDATE ON alert_reviews BEGIN SELECT raise(ABORT, 'what was decided stays on record'); END;

-- Who asked to see the name behind an alert, and why. Two have to.
CREATE TABLE alert_unseals (
  alert  INTEGER NOT NULL REFERENCES alerts (id),
  by     INTEGER NOT NULL REFERENCES people (id),
  at     INTEGER NOT NULL,
  reason TEXT NOT NULL CHECK (reason <> ''),
  PRIMARY KEY (alert, by)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER alert_unseals_stay BEFORE DELETE ON alert_unseals BEGIN SELECT raise(ABORT, 'what was unsealed stays on record'); END;

-- What was done because of an alert: notify, cut, lower-limit, ask-reason, step-up.
CREATE TABLE alert_actions (
  alert  INTEGER NOT NULL REFERENCES alerts (id),
  action TEXT NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (alert, action)
) STRICT, WITHOUT ROWID;

-- A restraint narrows every right of a person for a time, until a reviewer lifts it.
CREATE TABLE restraints (
  id        INTEGER PRIMARY KEY,
  alert     INTEGER NOT NULL REFERENCES alerts (id),
  person    INTEGER NOT NULL REFERENCES people (id),
  per_hour  INTEGER NOT NULL CHECK (per_hour >= 0), -- 0 is no limit
  reason    INTEGER NOT NULL CHECK (reason IN (0, 1)), -- a reason must be stated
  start     INTEGER NOT NULL,
  end       INTEGER NOT NULL CHECK (end >= start)
) STRICT;
CREATE INDEX restraints_end ON restraints (end);
CREATE TRIGGER restraints_new AFTER INSERT ON restraints BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER restraints_end_moved AFTER UPDATE ON restraints BEGIN UPDATE generation SET n = n + 1; END;

-- The shares of the budget of alerts, as feedback moved them: never the rules.
CREATE TABLE alert_budgets (
  id     INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  rule   TEXT NOT NULL,
  share  REAL NOT NULL CHECK (share >= 0),
  reason TEXT NOT NULL
) STRICT;

-- How far detectors have come in the ledger: what they raise of older events on a
-- replay was raised before.
CREATE TABLE detection (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  seen INTEGER NOT NULL
) STRICT;
INSERT INTO detection (one, seen) VALUES (1, 0);

-- Access logs of systems that cannot be put behind a gate, as they were read into the
-- ledger. Such a system need not be in custody.yaml.
CREATE TABLE imports (
  id     INTEGER PRIMARY KEY,
  system INTEGER NOT NULL REFERENCES systems (id),
  at     INTEGER NOT NULL,
  first  INTEGER NOT NULL, -- times of the first and of the last look
  last   INTEGER NOT NULL,
  looks  INTEGER NOT NULL,
  bad    INTEGER NOT NULL  -- lines that were not understood
) STRICT;
CREATE INDEX imports_system ON imports (system);
CREATE TRIGGER imports_stay BEFORE DELETE ON imports BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;
