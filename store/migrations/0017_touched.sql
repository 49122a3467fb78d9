-- Which request or emergency a grant came from, asked for whenever rights are read.
CREATE UNIQUE INDEX requests_given ON requests (given) WHERE given IS NOT NULL;
CREATE UNIQUE INDEX break_glass_given ON break_glass (given);

-- What one change of rights was about, by the generation that it made, so that gateways
-- read that again and not everything. what: 0 nothing that gateways keep, 1 the person's
-- own rights, 2 grants. A generation without a row here, or with a row that was taken
-- away because it is old, means: read everything.
CREATE TABLE touched (
  n      INTEGER PRIMARY KEY,
  what   INTEGER NOT NULL,
  person INTEGER
) STRICT;
CREATE TRIGGER touched_old AFTER INSERT ON touched BEGIN DELETE FROM touched WHERE n <= new.n - 4096; END;

DROP TRIGGER people_new;
CREATE TRIGGER people_new AFTER INSERT ON people
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.id FROM generation; END;
DROP TRIGGER people_changed;
CREATE TRIGGER people_changed AFTER UPDATE ON people
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.id FROM generation; END;
DROP TRIGGER engagements_new;
CREATE TRIGGER engagements_new AFTER INSERT ON engagements
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.person FROM generation; END;
DROP TRIGGER engagements_end;
CREATE TRIGGER engagements_end AFTER UPDATE ON engagements
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.person FROM generation; END;
DROP TRIGGER roles_given;
CREATE TRIGGER roles_given AFTER INSERT ON engagement_roles
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, (SELECT person FROM engagements WHERE id = new.engagement) FROM generation; END;
DROP TRIGGER roles_taken;
CREATE TRIGGER roles_taken AFTER DELETE ON engagement_roles
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, (SELECT person FROM engagements WHERE id = old.engagement) FROM generation; END;
DROP TRIGGER training_new;
CREATE TRIGGER training_new AFTER INSERT ON training
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.person FROM generation; END;
DROP TRIGGER training_revoked;
CREATE TRIGGER training_revoked AFTER UPDATE OF revoked ON training
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.person FROM generation; END;
DROP TRIGGER acceptances_new;
CREATE TRIGGER acceptances_new AFTER INSERT ON acceptances
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.person FROM generation; END;
DROP TRIGGER clauses_new;
CREATE TRIGGER clauses_new AFTER INSERT ON clauses
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.person FROM generation; END;
DROP TRIGGER grants_new;
CREATE TRIGGER grants_new AFTER INSERT ON grants
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 2, NULL FROM generation; END;
DROP TRIGGER grants_changed;
CREATE TRIGGER grants_changed AFTER UPDATE ON grants
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 2, NULL FROM generation; END;
DROP TRIGGER rights_log_new;
CREATE TRIGGER rights_log_new AFTER INSERT ON rights_log
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 0, NULL FROM generation; END;
DROP TRIGGER sessions_cut;
CREATE TRIGGER sessions_cut AFTER UPDATE OF cut ON sessions WHEN new.cut IS NOT NULL
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 0, NULL FROM generation; END;
-- An application's credential is everybody's: it has no row.
DROP TRIGGER credentials_new;
CREATE TRIGGER credentials_new AFTER INSERT ON credentials WHEN new.kind <> 'browser'
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.person FROM generation WHERE new.person IS NOT NULL; END;
DROP TRIGGER credentials_end;
CREATE TRIGGER credentials_end AFTER UPDATE ON credentials
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.person FROM generation WHERE new.person IS NOT NULL; END;

CREATE INDEX credentials_person ON credentials (person) WHERE revoked IS NULL;
CREATE INDEX sessions_to_cut ON sessions (id) WHERE cut IS NOT NULL AND ended IS NULL;

-- The first acceptance of a version of the notice is something that a person holds.
CREATE TRIGGER notices_new AFTER INSERT ON notices
WHEN NOT EXISTS (SELECT 1 FROM notices WHERE person = new.person AND version = new.version AND id <> new.id)
BEGIN UPDATE generation SET n = n + 1; INSERT INTO touched SELECT n, 1, new.person FROM generation; END;
