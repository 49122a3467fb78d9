-- Signing in with a browser. The cookie of a browser is a credential like any other:
-- scoped to one person, employer and system, expiring and revocable. SQLite cannot
-- change a CHECK, so the text of the table is changed in place; the tables that
-- follow make every connection read it again.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(sql,
    'kind IN (''token'', ''certificate'', ''application'')', 'kind IN (''token'', ''certificate'', ''application'', ''browser'')'),
    'CHECK ((stored_key IS NULL) = (kind = ''certificate''))', 'CHECK ((stored_key IS NULL) = (kind IN (''certificate'', ''browser'')))')
  WHERE type = 'table' AND name = 'credentials';
PRAGMA writable_schema = RESET;

-- A browser's sign-in changes nobody else's right and is put in force by the gate
-- that took it, so that gateways do not read all rights again for each.
DROP TRIGGER credentials_new;
CREATE TRIGGER credentials_new AFTER INSERT ON credentials WHEN new.kind <> 'browser'
BEGIN UPDATE generation SET n = n + 1; END;

-- One-time permissions to set up a way to sign in. hash is SHA-256 of the code.
CREATE TABLE enrolments (
  id      INTEGER PRIMARY KEY,
  person  INTEGER NOT NULL REFERENCES people (id),
  hash    BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  made    INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used    INTEGER
) STRICT;
CREATE INDEX enrolments_person ON enrolments (person) WHERE used IS NULL;

-- hash is argon2id in the PHC string format; totp is the RFC 6238 secret, sealed
-- with a key that is not in this file; step is the last time step that was used.
CREATE TABLE passwords (
  person  INTEGER PRIMARY KEY REFERENCES people (id),
  hash    TEXT NOT NULL,
  totp    BLOB NOT NULL,
  step    INTEGER NOT NULL,
  changed INTEGER NOT NULL
) STRICT;

-- hash is keyed, so that the codes cannot be guessed from this file alone.
CREATE TABLE recovery_codes (
  person INTEGER NOT NULL REFERENCES people (id),
  hash   BLOB NOT NULL CHECK (length(hash) = 32),
  made   INTEGER NOT NULL,
  used   INTEGER,
  PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;

-- record is the library's JSON of the WebAuthn credential record: public key, sign
-- counter, flags. rp is the relying party that it was made for.
CREATE TABLE passkeys (
  id         INTEGER PRIMARY KEY,
  person     INTEGER NOT NULL REFERENCES people (id),
  rp         TEXT NOT NULL,
  credential BLOB NOT NULL UNIQUE,
  record     BLOB NOT NULL,
  name       TEXT NOT NULL,
  added      INTEGER NOT NULL,
  used       INTEGER,
  removed    INTEGER
) STRICT;
CREATE INDEX passkeys_person ON passkeys (person) WHERE removed IS NULL;

-- Who a person is at an OpenID provider; a subject there is one person here for ever.
CREATE TABLE oidc_links (
  id      INTEGER PRIMARY KEY,
  person  INTEGER NOT NULL REFERENCES people (id),
  issuer  TEXT NOT NULL,
  subject TEXT NOT NULL,
  added   INTEGER NOT NULL,
  used    INTEGER,
  removed INTEGER,
  UNIQUE (issuer, subject)
) STRICT;

-- What belongs to a credential of kind browser. hash is SHA-256 of the cookie; method
-- and factor say what opened it; roles narrows the person's roles where an OpenID
-- provider's groups say so; device is the public key (SPKI) that must sign again and
-- again, proved when it last did.
CREATE TABLE browsers (
  credential INTEGER PRIMARY KEY REFERENCES credentials (id),
  person     INTEGER NOT NULL REFERENCES people (id),
  hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  method     TEXT NOT NULL CHECK (method IN ('password', 'passkey', 'oidc')),
  factor     INTEGER,
  roles      TEXT,
  address    TEXT NOT NULL,
  agent      TEXT NOT NULL,
  started    INTEGER NOT NULL,
  seen       INTEGER NOT NULL,
  device     BLOB,
  proved     INTEGER
) STRICT;
CREATE INDEX browsers_person ON browsers (person);

-- Which text a person accepted, when, in which session.
CREATE TABLE notices (
  id       INTEGER PRIMARY KEY,
  person   INTEGER NOT NULL REFERENCES people (id),
  version  TEXT NOT NULL,
  digest   BLOB NOT NULL CHECK (length(digest) = 32),
  accepted INTEGER NOT NULL,
  session  INTEGER NOT NULL REFERENCES sessions (id)
) STRICT;
CREATE INDEX notices_person ON notices (person, version);
CREATE TRIGGER notices_stay BEFORE DELETE ON notices BEGIN SELECT raise(ABORT, 'what was accepted stays on record'); END;
CREATE TRIGGER notices_hold BEFORE UPDATE ON notices BEGIN SELECT raise(ABORT, 'what was accepted stays on record'); END;
