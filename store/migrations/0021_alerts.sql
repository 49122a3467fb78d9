-- Whose looks an alert about a device is about, where several logins looked on it. Such an
-- alert has no person of its own: whoever was last at the device is no more concerned than
-- the others.
CREATE TABLE alert_logins (
  alert  INTEGER NOT NULL REFERENCES alerts (id),
  person INTEGER NOT NULL REFERENCES people (id),
  looks  INTEGER NOT NULL CHECK (looks > 0), -- of those that the alert lists
  PRIMARY KEY (alert, person)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER alert_logins_stay BEFORE DELETE ON alert_logins BEGIN SELECT raise(ABORT, 'alerts stay on record'); END;
CREATE INDEX alert_logins_person ON alert_logins (person);
