-- Managing people and roles in the console are rights that hang on the engagement under
-- which they were given: they end with it, and how many did is on record.
ALTER TABLE cuts ADD COLUMN duties INTEGER NOT NULL DEFAULT 0;

-- Those of people who had left or moved before this was so end now.
UPDATE managers SET ended = max(given, unixepoch() * 1000) WHERE ended IS NULL AND EXISTS (SELECT 1 FROM cuts c WHERE c.person = managers.person AND c.at >= managers.given
  AND (c.kind = 'moved' OR c.kind = 'left' AND (c.organisation IS managers.organisation
    OR NOT EXISTS (SELECT 1 FROM engagements e WHERE e.person = c.person AND (e.end IS NULL OR e.end > unixepoch() * 1000)))));
UPDATE console_roles SET end = max(start, unixepoch() * 1000) WHERE (end IS NULL OR end > unixepoch() * 1000) AND EXISTS (SELECT 1 FROM cuts c WHERE c.person = console_roles.person AND c.at >= console_roles.start
  AND (c.kind = 'moved' OR c.kind = 'left' AND (c.organisation IS console_roles.organisation
    OR NOT EXISTS (SELECT 1 FROM engagements e WHERE e.person = c.person AND (e.end IS NULL OR e.end > unixepoch() * 1000)))));
