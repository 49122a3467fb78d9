-- A gateway that runs hears of an erasure as it hears of a changed right, to take
-- the key out of its memory too.
CREATE TRIGGER subjects_erased AFTER UPDATE OF erased ON subjects WHEN old.erased IS NULL AND new.erased IS NOT NULL
BEGIN UPDATE generation SET n = n + 1; END;
CREATE INDEX subjects_erasures ON subjects (erased) WHERE erased IS NOT NULL;
