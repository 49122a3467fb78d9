-- The state that is not the ledger. Times are UTC milliseconds since 1970; no
-- value means "open". Rows with a number are never deleted, so numbers are dense
-- and are never used again.

-- Raised by every change of a right, so that a gateway reads rights again only
-- when they changed, not whenever a session starts.
CREATE TABLE generation (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  n   INTEGER NOT NULL
) STRICT;
INSERT INTO generation (one, n) VALUES (1, 1);

CREATE TABLE organisations (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (name <> ''),
  added INTEGER NOT NULL
) STRICT;

CREATE TABLE people (
  id        INTEGER PRIMARY KEY,
  login     TEXT NOT NULL UNIQUE CHECK (login = lower(login) AND login LIKE '%@%'),
  full_name TEXT NOT NULL,
  added     INTEGER NOT NULL
) STRICT;

CREATE TABLE roles (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE CHECK (name <> '')
) STRICT;

-- A person's rights exist only through a current engagement: start <= now < end.
CREATE TABLE engagements (
  id           INTEGER PRIMARY KEY,
  person       INTEGER NOT NULL REFERENCES people (id),
  organisation INTEGER NOT NULL REFERENCES organisations (id),
  start        INTEGER NOT NULL,
  end          INTEGER CHECK (end >= start)
) STRICT;
CREATE INDEX engagements_person ON engagements (person);

CREATE TABLE engagement_roles (
  engagement INTEGER NOT NULL REFERENCES engagements (id),
  role       INTEGER NOT NULL REFERENCES roles (id),
  PRIMARY KEY (engagement, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE systems (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE CHECK (name <> '')
) STRICT;

CREATE TABLE applications (
  id           INTEGER PRIMARY KEY,
  name         TEXT NOT NULL UNIQUE CHECK (name = lower(name) AND name <> '' AND name NOT LIKE '%@%'),
  organisation INTEGER NOT NULL REFERENCES organisations (id),
  added        INTEGER NOT NULL,
  removed      INTEGER
) STRICT;

-- Exactly one of person, role, organisation and application. Sets of categories
-- are bit masks, bit c for category number c.
CREATE TABLE grants (
  id              INTEGER PRIMARY KEY,
  person          INTEGER REFERENCES people (id),
  role            INTEGER REFERENCES roles (id),
  organisation    INTEGER REFERENCES organisations (id),
  application     INTEGER REFERENCES applications (id),
  system          INTEGER NOT NULL REFERENCES systems (id),
  see             INTEGER NOT NULL,
  mask            INTEGER NOT NULL,
  change          INTEGER NOT NULL,
  export          INTEGER NOT NULL CHECK (export IN (0, 1)),
  per_hour        INTEGER NOT NULL,
  per_day         INTEGER NOT NULL,
  per_export      INTEGER NOT NULL,
  reason_required INTEGER NOT NULL CHECK (reason_required IN (0, 1)),
  start           INTEGER NOT NULL,
  end             INTEGER CHECK (end >= start),
  CHECK ((person IS NOT NULL) + (role IS NOT NULL) + (organisation IS NOT NULL) + (application IS NOT NULL) = 1)
) STRICT;

-- A token is kept as a SCRAM-SHA-256 verifier, a certificate as its fingerprint;
-- never the secret itself. Exactly one of person and application.
CREATE TABLE credentials (
  id           INTEGER PRIMARY KEY,
  kind         TEXT NOT NULL CHECK (kind IN ('token', 'certificate', 'application')),
  person       INTEGER REFERENCES people (id),
  application  INTEGER REFERENCES applications (id),
  organisation INTEGER NOT NULL REFERENCES organisations (id),
  system       INTEGER NOT NULL REFERENCES systems (id),
  stored_key   BLOB CHECK (length(stored_key) = 32),
  server_key   BLOB CHECK (length(server_key) = 32),
  fingerprint  BLOB UNIQUE CHECK (length(fingerprint) = 32),
  serial       TEXT,
  issued       INTEGER NOT NULL,
  expires      INTEGER NOT NULL,
  revoked      INTEGER,
  CHECK ((person IS NULL) <> (application IS NULL)),
  CHECK ((kind = 'application') = (application IS NOT NULL)),
  CHECK ((kind = 'certificate') = (fingerprint IS NOT NULL)),
  CHECK ((stored_key IS NULL) = (server_key IS NULL)),
  CHECK ((stored_key IS NULL) = (kind = 'certificate'))
) STRICT;
CREATE INDEX credentials_expires ON credentials (expires) WHERE revoked IS NULL;

-- cut is when somebody asked for the end; ended is when the gate had ended it.
CREATE TABLE sessions (
  id           INTEGER PRIMARY KEY,
  person       INTEGER REFERENCES people (id),
  application  INTEGER REFERENCES applications (id),
  organisation INTEGER NOT NULL REFERENCES organisations (id),
  system       INTEGER NOT NULL REFERENCES systems (id),
  credential   INTEGER NOT NULL REFERENCES credentials (id),
  through      INTEGER REFERENCES sessions (id),
  roles        TEXT NOT NULL,
  address      TEXT NOT NULL,
  app_name     TEXT NOT NULL,
  started      INTEGER NOT NULL,
  cut          INTEGER,
  ended        INTEGER,
  end_code     INTEGER,
  notes        TEXT NOT NULL DEFAULT '',
  CHECK (person IS NOT NULL OR application IS NOT NULL)
) STRICT;
CREATE INDEX sessions_live ON sessions (credential) WHERE ended IS NULL;

-- The text can be erased; the number stays.
CREATE TABLE reasons (
  id      INTEGER PRIMARY KEY,
  session INTEGER NOT NULL REFERENCES sessions (id),
  text    TEXT,
  stated  INTEGER NOT NULL,
  erased  INTEGER
) STRICT;
CREATE INDEX reasons_session ON reasons (session);

CREATE TRIGGER people_login_stays BEFORE UPDATE OF login ON people
BEGIN SELECT raise(ABORT, 'a login belongs to one person for ever'); END;

CREATE TRIGGER people_stay       BEFORE DELETE ON people       BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;
CREATE TRIGGER sessions_stay     BEFORE DELETE ON sessions     BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;
CREATE TRIGGER grants_stay       BEFORE DELETE ON grants       BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;
CREATE TRIGGER reasons_stay      BEFORE DELETE ON reasons      BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;

CREATE TRIGGER organisations_new AFTER INSERT ON organisations BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER people_new        AFTER INSERT ON people        BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER people_changed    AFTER UPDATE ON people        BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER engagements_new   AFTER INSERT ON engagements   BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER engagements_end   AFTER UPDATE ON engagements   BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER roles_given       AFTER INSERT ON engagement_roles BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER roles_taken       AFTER DELETE ON engagement_roles BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER systems_new       AFTER INSERT ON systems       BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER applications_new  AFTER INSERT ON applications  BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER applications_gone AFTER UPDATE ON applications  BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER grants_new        AFTER INSERT ON grants        BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER grants_changed    AFTER UPDATE ON grants        BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER credentials_new   AFTER INSERT ON credentials   BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER credentials_end   AFTER UPDATE ON credentials   BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER sessions_cut      AFTER UPDATE OF cut ON sessions WHEN new.cut IS NOT NULL
BEGIN UPDATE generation SET n = n + 1; END;
