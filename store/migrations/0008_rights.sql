-- Requests and approvals, emergency access, reviews, rules and training, processors.
-- A branch is a name within an organisation; empty says nothing, or all of them.
ALTER TABLE engagements ADD COLUMN branch TEXT NOT NULL DEFAULT '';

-- beyond is how many customers may be seen over the limits of other grants, in all;
-- export makes it an approved export, and once one that works for a single answer.
-- needs names, one a line, what the person must hold: training, rules, a clause.
ALTER TABLE grants ADD COLUMN beyond INTEGER NOT NULL DEFAULT 0 CHECK (beyond >= 0);
ALTER TABLE grants ADD COLUMN once   INTEGER NOT NULL DEFAULT 0 CHECK (once IN (0, 1));
ALTER TABLE grants ADD COLUMN needs  TEXT NOT NULL DEFAULT '';

-- What was done to whose rights, by whom: the history that screens show, and what the
-- ledger and the notices are told. No actor means that time did it. recorded is when
-- the ledger had the event, where rights changed; noticed is when notices were told.
CREATE TABLE rights_log (
  id           INTEGER PRIMARY KEY,
  at           INTEGER NOT NULL,
  act          TEXT NOT NULL CHECK (act <> ''),
  changes      INTEGER NOT NULL CHECK (changes IN (0, 1, 2)), -- nothing, gives, takes away
  actor        INTEGER REFERENCES people (id),
  person       INTEGER REFERENCES people (id),
  organisation INTEGER REFERENCES organisations (id),
  branch       TEXT NOT NULL DEFAULT '',
  system       INTEGER REFERENCES systems (id),
  given        INTEGER REFERENCES grants (id),
  object       INTEGER NOT NULL DEFAULT 0,
  note         TEXT NOT NULL DEFAULT '',
  recorded     INTEGER,
  noticed      INTEGER
) STRICT;
CREATE INDEX rights_log_person   ON rights_log (person, id);
CREATE INDEX rights_log_actor    ON rights_log (actor, id);
CREATE INDEX rights_log_untold   ON rights_log (id) WHERE recorded IS NULL AND changes > 0;
CREATE INDEX rights_log_unknown  ON rights_log (id) WHERE noticed IS NULL;
CREATE TRIGGER rights_log_stays  BEFORE DELETE ON rights_log BEGIN SELECT raise(ABORT, 'what was decided stays on record'); END;
CREATE TRIGGER rights_log_holds  BEFORE UPDATE OF at, act, changes, actor, person, organisation, branch, system, given, object, note ON rights_log
BEGIN SELECT raise(ABORT, 'what was decided stays on record'); END;
CREATE TRIGGER rights_log_new    AFTER INSERT ON rights_log BEGIN UPDATE generation SET n = n + 1; END;

-- Who may approve requests and review rights, for the people of an organisation or of
-- one branch of it.
CREATE TABLE managers (
  id           INTEGER PRIMARY KEY,
  person       INTEGER NOT NULL REFERENCES people (id),
  organisation INTEGER NOT NULL REFERENCES organisations (id),
  branch       TEXT NOT NULL DEFAULT '',
  given        INTEGER NOT NULL,
  ended        INTEGER CHECK (ended >= given)
) STRICT;
CREATE UNIQUE INDEX managers_open ON managers (person, organisation, branch) WHERE ended IS NULL;
CREATE TRIGGER managers_stay BEFORE DELETE ON managers BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;

-- One wish: more customers than the limits let, one export, or categories to see. Nobody
-- decides their own, nor one that they filed.
CREATE TABLE requests (
  id           INTEGER PRIMARY KEY,
  kind         TEXT NOT NULL CHECK (kind IN ('more', 'export', 'see')),
  person       INTEGER NOT NULL REFERENCES people (id),
  filed_by     INTEGER NOT NULL REFERENCES people (id),
  organisation INTEGER NOT NULL REFERENCES organisations (id),
  branch       TEXT NOT NULL,
  system       INTEGER NOT NULL REFERENCES systems (id),
  subjects     INTEGER NOT NULL CHECK (subjects > 0),
  categories   INTEGER NOT NULL,
  until        INTEGER NOT NULL,
  reason       TEXT NOT NULL CHECK (reason <> ''),
  filed        INTEGER NOT NULL,
  state        TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'declined', 'withdrawn', 'lapsed')),
  decided      INTEGER,
  decided_by   INTEGER REFERENCES people (id),
  note         TEXT NOT NULL DEFAULT '',
  given        INTEGER REFERENCES grants (id),
  CHECK ((state = 'open') = (decided IS NULL)),
  CHECK ((state = 'approved') = (given IS NOT NULL)),
  CHECK (state NOT IN ('approved', 'declined') OR decided_by IS NOT NULL AND decided_by <> person AND decided_by <> filed_by)
) STRICT;
CREATE INDEX requests_person ON requests (person, id);
CREATE INDEX requests_open   ON requests (organisation, branch) WHERE state = 'open';
CREATE TRIGGER requests_stay BEFORE DELETE ON requests BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;

-- Emergency access. One use of a person may be without review, so that the next one
-- waits for it; nobody reviews their own.
CREATE TABLE break_glass (
  id           INTEGER PRIMARY KEY,
  person       INTEGER NOT NULL REFERENCES people (id),
  organisation INTEGER NOT NULL REFERENCES organisations (id),
  branch       TEXT NOT NULL,
  system       INTEGER NOT NULL REFERENCES systems (id),
  categories   INTEGER NOT NULL,
  subjects     INTEGER NOT NULL CHECK (subjects > 0),
  reason       TEXT NOT NULL CHECK (reason <> ''),
  began        INTEGER NOT NULL,
  ends         INTEGER NOT NULL CHECK (ends > began),
  given        INTEGER NOT NULL REFERENCES grants (id),
  reviewed     INTEGER,
  reviewed_by  INTEGER REFERENCES people (id) CHECK (reviewed_by <> person),
  outcome      TEXT CHECK (outcome IN ('justified', 'unjustified')),
  note         TEXT NOT NULL DEFAULT '',
  CHECK ((reviewed IS NULL) = (outcome IS NULL)),
  CHECK ((reviewed IS NULL) = (reviewed_by IS NULL))
) STRICT;
CREATE UNIQUE INDEX break_glass_unreviewed ON break_glass (person) WHERE reviewed IS NULL;
CREATE TRIGGER break_glass_stays BEFORE DELETE ON break_glass BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;

-- An access review: every right of everybody, to be confirmed or removed by a manager
-- before the deadline. What nobody decided is removed then.
CREATE TABLE campaigns (
  id         INTEGER PRIMARY KEY,
  title      TEXT NOT NULL CHECK (title <> ''),
  started    INTEGER NOT NULL,
  started_by INTEGER NOT NULL REFERENCES people (id),
  deadline   INTEGER NOT NULL CHECK (deadline > started),
  reminded   INTEGER NOT NULL DEFAULT 0, -- how many of its reminders were sent
  closed     INTEGER,
  closed_by  INTEGER REFERENCES people (id)
) STRICT;
CREATE INDEX campaigns_open ON campaigns (deadline) WHERE closed IS NULL;
CREATE TRIGGER campaigns_stay BEFORE DELETE ON campaigns BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;

-- One right in a review: a person's own grant, a role of theirs, their engagement where
-- its organisation's people have rights, or an application's grant.
CREATE TABLE review_items (
  id           INTEGER PRIMARY KEY,
  campaign     INTEGER NOT NULL REFERENCES campaigns (id),
  kind         TEXT NOT NULL CHECK (kind IN ('grant', 'role', 'engagement')),
  person       INTEGER REFERENCES people (id),
  organisation INTEGER NOT NULL REFERENCES organisations (id),
  branch       TEXT NOT NULL,
  given        INTEGER REFERENCES grants (id),
  engagement   INTEGER REFERENCES engagements (id),
  role         INTEGER REFERENCES roles (id),
  words        TEXT NOT NULL,
  decision     TEXT CHECK (decision IN ('confirmed', 'removed', 'lapsed')),
  decided      INTEGER,
  decided_by   INTEGER REFERENCES people (id) CHECK (decided_by <> person),
  note         TEXT NOT NULL DEFAULT '',
  CHECK ((decision IS NULL) = (decided IS NULL)),
  CHECK (decision IS NULL OR (decision = 'lapsed') = (decided_by IS NULL))
) STRICT;
CREATE INDEX review_items_campaign ON review_items (campaign, organisation, branch);
CREATE TRIGGER review_items_stay BEFORE DELETE ON review_items BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;

-- Training and who had it. A record ends when the course's validity does.
CREATE TABLE courses (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL UNIQUE CHECK (name <> ''),
  title TEXT NOT NULL,
  days  INTEGER NOT NULL CHECK (days BETWEEN 1 AND 3660),
  added INTEGER NOT NULL
) STRICT;
CREATE TABLE training (
  id       INTEGER PRIMARY KEY,
  person   INTEGER NOT NULL REFERENCES people (id),
  course   INTEGER NOT NULL REFERENCES courses (id),
  taken    INTEGER NOT NULL,
  until    INTEGER NOT NULL CHECK (until > taken),
  evidence TEXT NOT NULL,
  kept     INTEGER NOT NULL,
  kept_by  INTEGER NOT NULL REFERENCES people (id) CHECK (kept_by <> person),
  revoked  INTEGER,
  reminded INTEGER
) STRICT;
CREATE INDEX training_person ON training (person, course);
CREATE TRIGGER training_stays   BEFORE DELETE ON training BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;
CREATE TRIGGER training_new     AFTER INSERT ON training BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER training_revoked AFTER UPDATE OF revoked ON training BEGIN UPDATE generation SET n = n + 1; END;

-- Rules that people accept. The newest version that has begun is in force.
CREATE TABLE rules (
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL CHECK (name <> ''),
  version TEXT NOT NULL CHECK (version <> ''),
  title   TEXT NOT NULL,
  text    TEXT NOT NULL CHECK (text <> ''),
  digest  BLOB NOT NULL CHECK (length(digest) = 32),
  begins  INTEGER NOT NULL,
  added   INTEGER NOT NULL,
  UNIQUE (name, version)
) STRICT;
CREATE TRIGGER rules_stay  BEFORE DELETE ON rules BEGIN SELECT raise(ABORT, 'what people accepted stays on record'); END;
CREATE TRIGGER rules_hold  BEFORE UPDATE ON rules BEGIN SELECT raise(ABORT, 'what people accepted stays on record'); END;
CREATE TRIGGER rules_new   AFTER INSERT ON rules BEGIN UPDATE generation SET n = n + 1; END;
CREATE TABLE acceptances (
  id       INTEGER PRIMARY KEY,
  person   INTEGER NOT NULL REFERENCES people (id),
  rule     INTEGER NOT NULL REFERENCES rules (id),
  accepted INTEGER NOT NULL,
  session  INTEGER REFERENCES sessions (id),
  evidence TEXT NOT NULL,
  UNIQUE (person, rule)
) STRICT;
CREATE TRIGGER acceptances_stay BEFORE DELETE ON acceptances BEGIN SELECT raise(ABORT, 'what was accepted stays on record'); END;
CREATE TRIGGER acceptances_hold BEFORE UPDATE ON acceptances BEGIN SELECT raise(ABORT, 'what was accepted stays on record'); END;
CREATE TRIGGER acceptances_new  AFTER INSERT ON acceptances BEGIN UPDATE generation SET n = n + 1; END;

-- Whose contract of employment has the confidentiality clause, and where it is kept.
CREATE TABLE clauses (
  id           INTEGER PRIMARY KEY,
  person       INTEGER NOT NULL REFERENCES people (id),
  organisation INTEGER NOT NULL REFERENCES organisations (id),
  signed       INTEGER NOT NULL,
  document     TEXT NOT NULL CHECK (document <> ''),
  kept         INTEGER NOT NULL,
  kept_by      INTEGER NOT NULL REFERENCES people (id) CHECK (kept_by <> person),
  UNIQUE (person, organisation, document)
) STRICT;
CREATE TRIGGER clauses_stay BEFORE DELETE ON clauses BEGIN SELECT raise(ABORT, 'what was signed stays on record'); END;
CREATE TRIGGER clauses_new  AFTER INSERT ON clauses BEGIN UPDATE generation SET n = n + 1; END;

-- Contractors and partners (UK GDPR Art. 28): an organisation with a contract. Its
-- people sign in only from contract_start on, before contract_end and before review_due.
CREATE TABLE processors (
  organisation   INTEGER PRIMARY KEY REFERENCES organisations (id),
  kind           TEXT NOT NULL CHECK (kind IN ('processor', 'partner')),
  contact        TEXT NOT NULL DEFAULT '',
  contract       TEXT NOT NULL CHECK (contract <> ''),
  contract_start INTEGER NOT NULL,
  contract_end   INTEGER CHECK (contract_end > contract_start),
  instructions   TEXT NOT NULL CHECK (instructions <> ''),
  review_days    INTEGER NOT NULL CHECK (review_days BETWEEN 1 AND 1100),
  review_due     INTEGER NOT NULL,
  reminded       INTEGER,
  added          INTEGER NOT NULL,
  ended          INTEGER
) STRICT;
CREATE TRIGGER processors_stay    BEFORE DELETE ON processors BEGIN SELECT raise(ABORT, 'the register of processors is kept'); END;
CREATE TRIGGER processors_new     AFTER INSERT ON processors BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER processors_changed AFTER UPDATE OF contract_start, contract_end, review_due, ended ON processors BEGIN UPDATE generation SET n = n + 1; END;

-- For what a processor may see data: beyond these no grant opens anything to its people.
CREATE TABLE processor_scopes (
  organisation INTEGER NOT NULL REFERENCES processors (organisation),
  system       INTEGER NOT NULL REFERENCES systems (id),
  categories   INTEGER NOT NULL,
  PRIMARY KEY (organisation, system)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER processor_scopes_new     AFTER INSERT ON processor_scopes BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER processor_scopes_changed AFTER UPDATE ON processor_scopes BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER processor_scopes_gone    AFTER DELETE ON processor_scopes BEGIN UPDATE generation SET n = n + 1; END;

-- What else belongs to a processor: sub-processors, certificates, portals. till is when
-- a certificate runs out, or a sub-processor's work ended.
CREATE TABLE processor_papers (
  id           INTEGER PRIMARY KEY,
  organisation INTEGER NOT NULL REFERENCES processors (organisation),
  kind         TEXT NOT NULL CHECK (kind IN ('sub-processor', 'certificate', 'portal')),
  name         TEXT NOT NULL CHECK (name <> ''),
  about        TEXT NOT NULL DEFAULT '',
  evidence     TEXT NOT NULL DEFAULT '',
  since        INTEGER NOT NULL,
  till         INTEGER,
  reminded     INTEGER,
  UNIQUE (organisation, kind, name, since)
) STRICT;

CREATE TABLE processor_reviews (
  id           INTEGER PRIMARY KEY,
  organisation INTEGER NOT NULL REFERENCES processors (organisation),
  held         INTEGER NOT NULL,
  by           INTEGER NOT NULL REFERENCES people (id),
  outcome      TEXT NOT NULL CHECK (outcome IN ('passed', 'conditions', 'failed')),
  evidence     TEXT NOT NULL CHECK (evidence <> ''),
  note         TEXT NOT NULL DEFAULT '',
  next_due     INTEGER NOT NULL,
  kept         INTEGER NOT NULL
) STRICT;
CREATE INDEX processor_reviews_of ON processor_reviews (organisation, held);
CREATE TRIGGER processor_reviews_stay BEFORE DELETE ON processor_reviews BEGIN SELECT raise(ABORT, 'reviews stay on record'); END;
CREATE TRIGGER processor_reviews_hold BEFORE UPDATE ON processor_reviews BEGIN SELECT raise(ABORT, 'reviews stay on record'); END;

-- What was handed to a processor otherwise than through a gate.
CREATE TABLE transfers (
  id           INTEGER PRIMARY KEY,
  organisation INTEGER NOT NULL REFERENCES processors (organisation),
  system       INTEGER NOT NULL REFERENCES systems (id),
  made         INTEGER NOT NULL,
  by           INTEGER NOT NULL REFERENCES people (id),
  categories   INTEGER NOT NULL CHECK (categories > 0),
  subjects     INTEGER NOT NULL CHECK (subjects > 0),
  means        TEXT NOT NULL CHECK (means <> ''),
  purpose      TEXT NOT NULL CHECK (purpose <> ''),
  return_due   INTEGER,
  returned     INTEGER,
  evidence     TEXT NOT NULL DEFAULT '',
  reminded     INTEGER,
  kept         INTEGER NOT NULL
) STRICT;
CREATE INDEX transfers_of ON transfers (organisation, made);
CREATE TRIGGER transfers_stay BEFORE DELETE ON transfers BEGIN SELECT raise(ABORT, 'transfers stay on record'); END;
