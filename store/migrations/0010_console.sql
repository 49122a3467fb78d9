-- The console and its interface for programs.

-- Who may do what in the console, besides the managers. No organisation means all of
-- them. given_by is empty where the command line gave the role.
CREATE TABLE console_roles (
  id           INTEGER PRIMARY KEY,
  person       INTEGER NOT NULL REFERENCES people (id),
  role         TEXT NOT NULL CHECK (role IN ('administrator', 'lead', 'auditor')),
  organisation INTEGER REFERENCES organisations (id),
  start        INTEGER NOT NULL,
  end          INTEGER CHECK (end >= start),
  given_by     INTEGER REFERENCES people (id) CHECK (given_by <> person)
) STRICT;
CREATE INDEX console_roles_person ON console_roles (person);
CREATE TRIGGER console_roles_stay BEFORE DELETE ON console_roles BEGIN SELECT raise(ABORT, 'numbers are never used again'); END;
CREATE TRIGGER console_roles_new  AFTER INSERT ON console_roles BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER console_roles_end  AFTER UPDATE ON console_roles BEGIN UPDATE generation SET n = n + 1; END;

-- A personal token for programs is a credential of the console with what belongs to it
-- here: hash is SHA-256 of the token, 256 random bits; scopes are one a line.
CREATE TABLE api_tokens (
  credential INTEGER PRIMARY KEY REFERENCES credentials (id),
  name       TEXT NOT NULL CHECK (name <> ''),
  hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  scopes     TEXT NOT NULL,
  used       INTEGER
) STRICT;

-- What a write with an idempotency key answered, so that the same again is the same
-- answer. digest is of the request; an empty answer is one that is still at work.
CREATE TABLE idempotency (
  person INTEGER NOT NULL REFERENCES people (id),
  key    TEXT NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  status INTEGER NOT NULL,
  body   BLOB NOT NULL,
  made   INTEGER NOT NULL,
  PRIMARY KEY (person, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_made ON idempotency (made);

-- The sessions of one person, for their page.
CREATE INDEX sessions_of_person ON sessions (person, id) WHERE person IS NOT NULL;
