package routes

import "custody"

// routeSchema holds what an attacker finds in a grown database: views, functions
// of every kind, partitions, inheritance, extensions, generated columns, triggers.
const routeSchema = `
CREATE EXTENSION dblink; CREATE EXTENSION pg_trgm; CREATE EXTENSION tablefunc; CREATE EXTENSION hstore;
CREATE EXTENSION citext; CREATE EXTENSION file_fdw; CREATE EXTENSION postgres_fdw; CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION pageinspect; CREATE EXTENSION xml2; CREATE EXTENSION pgcrypto; CREATE EXTENSION lo;
CREATE EXTENSION pgstattuple; DO $$BEGIN IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_walinspect') THEN CREATE EXTENSION pg_walinspect; END IF; END$$; CREATE EXTENSION tsm_system_rows;

CREATE TABLE branches (id int PRIMARY KEY, name text NOT NULL, town text);
CREATE TABLE people (
	id int PRIMARY KEY, branch_id int NOT NULL REFERENCES branches, since date NOT NULL DEFAULT '2020-01-01',
	name text NOT NULL, phone text UNIQUE, email text, born date, notes text,
	shout text GENERATED ALWAYS AS (upper(name)) STORED,
	CHECK (phone LIKE '07700900%'));
CREATE TABLE cars (id int PRIMARY KEY, person_id int REFERENCES people, reg text, colour text);
CREATE TABLE visits (id int, person_id int NOT NULL, day date NOT NULL, notes text) PARTITION BY RANGE (day);
CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
CREATE TABLE visits_new PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO ('2040-01-01');
CREATE TABLE parties (id int PRIMARY KEY, name text, phone text);
CREATE TABLE parties_vip (card text) INHERITS (parties);
CREATE TABLE scratch (k int, v text, n numeric);
CREATE UNLOGGED TABLE stock (part text PRIMARY KEY, price numeric, left_over int);
CREATE TABLE flags (person_id int PRIMARY KEY, flag boolean, memo text);
CREATE TABLE watched (k int, v text);
CREATE TABLE ruled (k int);
CREATE SEQUENCE tick;

CREATE VIEW people_view AS SELECT id, name AS who, phone, branch_id FROM people;
CREATE VIEW people_fenced WITH (security_barrier) AS SELECT id, phone, upper(name) AS big FROM people WHERE branch_id < 10;
CREATE VIEW people_wide AS SELECT v.id, v.who, c.reg FROM people_view v JOIN cars c ON c.person_id = v.id AND c.id > 0 WHERE v.id > 0;
CREATE VIEW people_blind AS SELECT branch_id, count(*) AS n FROM people GROUP BY branch_id;
CREATE MATERIALIZED VIEW people_mat AS SELECT id, email FROM people;
CREATE VIEW stats_view AS SELECT tablename, attname, most_common_vals::text, histogram_bounds::text FROM pg_stats;

CREATE FUNCTION peek(k int) RETURNS text LANGUAGE sql STABLE AS 'SELECT phone FROM people WHERE id = k';
CREATE FUNCTION peek_plpgsql(k int) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT phone FROM people WHERE id = k); END';
CREATE FUNCTION peek_definer(k int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT phone FROM people WHERE id = k';
CREATE FUNCTION peek_set() RETURNS SETOF people LANGUAGE sql AS 'SELECT * FROM people';
CREATE FUNCTION peek_immutable(k int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT phone FROM people WHERE id = k); END';
CREATE FUNCTION peek_any(q text) RETURNS text LANGUAGE plpgsql AS 'DECLARE x text; BEGIN EXECUTE q INTO x; RETURN x; END';
CREATE FUNCTION peek_cursor() RETURNS refcursor LANGUAGE plpgsql AS 'DECLARE c refcursor := ''rc''; BEGIN OPEN c FOR SELECT id, phone FROM people; RETURN c; END';
CREATE FUNCTION phone(b branches) RETURNS text LANGUAGE sql AS 'SELECT phone FROM people WHERE branch_id = b.id LIMIT 1';
CREATE FUNCTION vat(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT n * 1.2';
CREATE PROCEDURE tell(k int) LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', (SELECT phone FROM people WHERE id = k); END';
CREATE FUNCTION match_phone(a int, b text) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT 1 FROM people WHERE id = a AND phone LIKE b)';
CREATE OPERATOR ~~~~ (LEFTARG = int, RIGHTARG = text, FUNCTION = match_phone);
CREATE FUNCTION gather(a text, k int) RETURNS text LANGUAGE sql AS 'SELECT coalesce(a, '''') || (SELECT phone FROM people WHERE id = k)';
CREATE AGGREGATE gather_phones(int) (SFUNC = gather, STYPE = text);
CREATE FUNCTION known_phone(p text) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT 1 FROM people WHERE phone = p)';
CREATE DOMAIN people_phone AS text CHECK (known_phone(VALUE));
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TYPE pair AS (a int, b text);

CREATE FUNCTION blab() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN RAISE NOTICE ''%'', (SELECT phone FROM people WHERE id = NEW.k); RETURN NEW; END';
CREATE TRIGGER blab BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION blab();
CREATE RULE leak AS ON INSERT TO ruled DO ALSO SELECT id, upper(phone) FROM people WHERE id = NEW.k;
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'nowhere');
`

// routeFill puts the same rows in again; routeAfter makes statistics of them.
const routeFill = `
TRUNCATE branches, people, cars, visits, parties, parties_vip, scratch, stock, flags, watched, ruled;
ALTER SEQUENCE tick RESTART;
INSERT INTO branches SELECT i, 'Branch ' || i, 'Town ' || i FROM generate_series(1, 6) i;
INSERT INTO people (id, branch_id, name, phone, email, born, notes)
	SELECT k, k % 6 + 1, 'Zoq' || k || 'nam', '07700900' || k, 'zoq' || k || 'mail@example.com',
		make_date(1700 + k, 3, 7), 'zoq' || k || 'note' FROM generate_series(101, 160) k;
INSERT INTO cars SELECT k * 10, k, 'VZ' || k || 'QZ', 'red' FROM generate_series(101, 140) k;
INSERT INTO cars VALUES (9, NULL, 'VZ9QZ', 'blue');
INSERT INTO visits SELECT k, k, '2018-01-01'::date + (k - 101) * 30, 'zoq' || k || 'note' FROM generate_series(101, 160) k;
INSERT INTO parties SELECT k, 'Zoq' || k || 'nam', '07700900' || k FROM generate_series(101, 110) k;
INSERT INTO parties_vip SELECT k, 'Zoq' || k || 'nam', '07700900' || k, 'gold' FROM generate_series(111, 114) k;
INSERT INTO scratch SELECT i, 'v' || i, i FROM generate_series(1, 9) i;
INSERT INTO stock VALUES ('bumper', 120.50, 3), ('mirror', 44, 9), ('door', 310, 1);
INSERT INTO flags SELECT k, false, '' FROM generate_series(101, 160) k;
`

const routeAfter = `REFRESH MATERIALIZED VIEW people_mat; ANALYZE people; ANALYZE cars; ANALYZE visits;`

// routeSystem declares where the personal data is.
func routeSystem() custody.System {
	table := func(name, key string, columns map[string]custody.Category, identifiers ...string) custody.Table {
		return custody.Table{Schema: "public", Name: name, Key: key, Subject: name == "people", Columns: columns, Identifiers: identifiers}
	}
	return custody.System{SafeFunctions: []string{"vat"}, Tables: []custody.Table{
		table("people", "id", map[string]custody.Category{
			"name": custody.Name, "phone": custody.Phone, "email": custody.Email, "born": custody.DateOfBirth, "notes": custody.FreeText,
		}, "phone", "email"),
		table("cars", "person_id", map[string]custody.Category{"reg": custody.Vehicle}, "reg"),
		table("visits", "person_id", map[string]custody.Category{"notes": custody.FreeText}),
		table("parties", "id", map[string]custody.Category{"name": custody.Name, "phone": custody.Phone}, "phone"),
	}}
}
