-- Planned joiners, movers and leavers; people kept by a SCIM client.

-- settled is when somebody (the command that ended it, or the gate at the planned
-- moment) has taken away what hung on an engagement. What ended before this version
-- was taken away by the command that ended it, or was never more than an end.
ALTER TABLE engagements ADD COLUMN settled INTEGER;
UPDATE engagements SET settled = end WHERE end <= CAST(unixepoch('subsec') * 1000 AS INTEGER);
CREATE INDEX engagements_unsettled ON engagements (end) WHERE end IS NOT NULL AND settled IS NULL;

-- What ending a right cut: the evidence that somebody left, moved, or was locked out.
CREATE TABLE cuts (
  id           INTEGER PRIMARY KEY,
  person       INTEGER NOT NULL REFERENCES people (id),
  organisation INTEGER REFERENCES organisations (id),
  kind         TEXT NOT NULL CHECK (kind IN ('left', 'moved', 'compromised', 'dormant')),
  at           INTEGER NOT NULL, -- when the right ended
  done         INTEGER NOT NULL, -- when what hung on it was taken away
  sessions     INTEGER NOT NULL,
  tokens       INTEGER NOT NULL,
  certificates INTEGER NOT NULL,
  browsers     INTEGER NOT NULL,
  passkeys     INTEGER NOT NULL,
  passwords    INTEGER NOT NULL,
  accounts     INTEGER NOT NULL, -- at OpenID providers
  enrolments   INTEGER NOT NULL,
  grants       INTEGER NOT NULL
) STRICT;
CREATE INDEX cuts_person ON cuts (person);
CREATE TRIGGER cuts_stay BEFORE DELETE ON cuts BEGIN SELECT raise(ABORT, 'what was cut stays on record'); END;

-- While a person is held, an address that a provider vouches for does not open their
-- login: they enrol anew first, or an administrator links the account.
CREATE TABLE holds (
  person INTEGER PRIMARY KEY REFERENCES people (id),
  kind   TEXT NOT NULL,
  since  INTEGER NOT NULL
) STRICT;

-- Users and groups as an employer's directory keeps them here. attributes is JSON of
-- what the client may write, without members.
CREATE TABLE scim_resources (
  id         TEXT PRIMARY KEY,
  client     TEXT NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('User', 'Group')),
  name       TEXT NOT NULL COLLATE NOCASE,
  external   TEXT NOT NULL,
  person     INTEGER REFERENCES people (id),
  attributes TEXT NOT NULL,
  version    INTEGER NOT NULL,
  created    INTEGER NOT NULL,
  modified   INTEGER NOT NULL,
  deleted    INTEGER,
  CHECK ((kind = 'User') = (person IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX scim_names ON scim_resources (client, kind, name) WHERE deleted IS NULL;
CREATE UNIQUE INDEX scim_people ON scim_resources (client, person) WHERE deleted IS NULL AND person IS NOT NULL;
CREATE INDEX scim_external ON scim_resources (client, kind, external) WHERE deleted IS NULL AND external <> '';

CREATE TABLE scim_members (
  "group" TEXT NOT NULL REFERENCES scim_resources (id),
  member  TEXT NOT NULL REFERENCES scim_resources (id),
  PRIMARY KEY ("group", member)
) STRICT, WITHOUT ROWID;
CREATE INDEX scim_members_member ON scim_members (member);
