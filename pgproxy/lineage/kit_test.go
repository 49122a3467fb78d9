package lineage_test

import (
	"context"
	"testing"

	"custody"
	"custody/custodytest"
	"custody/pgproxy/lineage"

	"github.com/jackc/pgx/v5"
)

// schema is a small system with every kind of relation that matters here. Every
// personal value names its subject, so leaks can be seen in answers.
const schema = `
CREATE TABLE customers (id bigint PRIMARY KEY, branch_id int NOT NULL, name text, phone text, email text, note text, created date DEFAULT '2024-01-01');
CREATE TABLE vehicles (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers, reg text, colour text, branch_id int);
CREATE TABLE jobs (id bigint PRIMARY KEY, vehicle_id bigint, customer_id bigint, description text, price numeric, day date);
CREATE TABLE branches (id int PRIMARY KEY, name text, town text);
CREATE TABLE staff (id int PRIMARY KEY, branch_id int, note text);
CREATE TABLE events (id bigint PRIMARY KEY, customer_id bigint, kind text);
CREATE TABLE calls (id bigint, customer_id bigint, number text, day date) PARTITION BY RANGE (day);
CREATE TABLE calls_2024 PARTITION OF calls FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW customer_list AS SELECT id, name AS full_name, phone, branch_id FROM customers WHERE branch_id > 0;
CREATE VIEW reach AS SELECT c.id AS customer, v.reg, c.phone FROM customers c JOIN vehicles v ON v.customer_id = c.id;
CREATE VIEW totals AS SELECT branch_id, count(*) AS n, max(phone) AS top FROM customers GROUP BY branch_id;
CREATE VIEW plain_view AS SELECT id, name FROM branches;
CREATE MATERIALIZED VIEW snapshot AS SELECT id, email FROM customers;
CREATE SCHEMA other;
CREATE TABLE other.orders (id int, customer_id bigint, total numeric);
CREATE FUNCTION leak(bigint) RETURNS text LANGUAGE sql AS 'SELECT phone FROM public.customers WHERE id = $1';
CREATE FUNCTION vouched(bigint) RETURNS text LANGUAGE sql AS 'SELECT ''x''';
CREATE FUNCTION leaky_eq(text, text) RETURNS bool LANGUAGE sql AS 'SELECT $1 OPERATOR(pg_catalog.=) $2';
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = leaky_eq);
CREATE VIEW leaky AS SELECT id, leak(id) AS secret FROM events;
CREATE TABLE ruled (id int);
CREATE RULE r AS ON INSERT TO ruled DO INSTEAD SELECT * FROM customers;
CREATE PROCEDURE proc() LANGUAGE sql AS 'SELECT 1';
INSERT INTO branches SELECT i, 'branch ' || i, 'town ' || i FROM generate_series(1, 3) i;
INSERT INTO staff SELECT i, i % 3 + 1, 'staff ' || i FROM generate_series(1, 5) i;
INSERT INTO customers SELECT i, i % 3 + 1, 'S-' || i || '-name', 'S-' || i || '-phone', CASE WHEN i % 4 > 0 THEN 'S-' || i || '-email' END, 'S-' || i || '-note' FROM generate_series(11, 30) i;
INSERT INTO vehicles SELECT 100 + i, 10 + (i * 7) % 20 + 1, 'S-' || 10 + (i * 7) % 20 + 1 || '-reg' || i, 'red', i % 3 + 1 FROM generate_series(1, 30) i;
INSERT INTO jobs SELECT 200 + i, 100 + i, v.customer_id, 'S-' || v.customer_id || '-job' || i, i, '2024-02-01' FROM generate_series(1, 25) i JOIN vehicles v ON v.id = 100 + i;
INSERT INTO events SELECT i, CASE WHEN i % 5 = 0 THEN NULL ELSE 10 + i % 22 END, 'kind ' || i % 3 FROM generate_series(1, 40) i;
INSERT INTO calls SELECT i, 10 + i % 20 + 1, 'S-' || 10 + i % 20 + 1 || '-number', '2024-03-01' FROM generate_series(1, 20) i;
REFRESH MATERIALIZED VIEW snapshot;
ANALYZE;
`

func system() *custody.System {
	return &custody.System{ID: 1, Name: "garage", SafeFunctions: []string{"vouched"}, Tables: []custody.Table{
		{Schema: "public", Name: "customers", Key: "id", Subject: true, Identifiers: []string{"phone", "email"},
			Columns: map[string]custody.Category{"name": custody.Name, "phone": custody.Phone, "email": custody.Email, "note": custody.FreeText}},
		{Schema: "public", Name: "vehicles", Key: "customer_id", Columns: map[string]custody.Category{"reg": custody.Vehicle}, Identifiers: []string{"reg"}},
		{Schema: "public", Name: "jobs", Key: "customer_id", Columns: map[string]custody.Category{"description": custody.Accident}},
		{Schema: "public", Name: "calls", Key: "customer_id", Columns: map[string]custody.Category{"number": custody.Phone}},
	}}
}

// garage starts a database with the schema.
func garage(tb testing.TB) (*pgx.Conn, *lineage.Analyser) {
	tb.Helper()
	pg := custodytest.Postgres(tb)
	conn := pg.Conn(tb, pg.CreateDatabase(tb, schema))
	cat, err := lineage.LoadCatalogue(context.Background(), conn, system())
	if err != nil {
		tb.Fatal(err, custody.HintOf(err))
	}
	return conn, lineage.New(cat)
}
