package doctor_test

import (
	"strings"
	"testing"

	"custody"
	"custody/custodytest"
	"custody/doctor"
)

// TestSetup makes the role in a real server: what it can do then, and what not.
func TestSetup(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := pg.CreateDatabase(t, clinic)
	r := doctor.RoleRequest{Name: database + "_gate", Password: "pencil-1234567890"}
	plan := setUp(t, pg, database, r)
	for _, s := range plan.Statements {
		if strings.Contains(s.SQL, r.Password) || strings.Contains(s.Shown(), "SCRAM-SHA-256$4096") {
			t.Errorf("the password or its verifier is shown: %s", s.Shown())
		}
	}
	gate := connect(t, pg.UserURL(r.Name, r.Password, database))
	for _, sql := range []string{
		"SELECT name FROM shop.customers WHERE id = 1", "INSERT INTO shop.customers (name) VALUES ('x')", "DELETE FROM shop.parts",
		"UPDATE shop.calls SET summary = ''", "SELECT last_value FROM shop.customers_id_seq",
	} {
		if _, err := gate.Exec(ctx, sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{
		"TRUNCATE shop.parts", "CREATE TABLE shop.copy AS TABLE shop.customers", "CREATE TABLE public.copy AS TABLE shop.customers",
		"CREATE SCHEMA mine", "ALTER TABLE shop.customers ADD x int", "DROP TABLE shop.parts", "CREATE ROLE other", "SELECT pg_read_file('PG_VERSION')",
		"SELECT * FROM pg_stats", "SELECT * FROM pg_statistic", "COPY shop.parts TO PROGRAM 'cat'", "COPY shop.parts FROM '/etc/passwd'",
		"SELECT rolpassword FROM pg_authid", "SELECT * FROM pg_hba_file_rules", "SET ROLE postgres", "SET log_statement = 'none'",
	} {
		if _, err := gate.Exec(ctx, sql); err == nil {
			t.Errorf("the gate's role can %s", sql)
		}
	}
	found, super, err := doctor.Gate(ctx, gate, clinicSystem())
	if err != nil || super || len(found) > 0 {
		t.Errorf("its own examination: %+v, %v, %v", found, super, err)
	}
	// What the tables' owner makes later is readable too.
	pg.Exec(t, database, "CREATE TABLE shop.later (id int); INSERT INTO shop.later VALUES (1)")
	if _, err := gate.Exec(ctx, "SELECT * FROM shop.later"); err != nil {
		t.Error(err)
	}
}

// TestSetupTwice: a second run finds nothing to do, and one after somebody was generous
// takes exactly that back.
func TestSetupTwice(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := pg.CreateDatabase(t, clinic)
	r := doctor.RoleRequest{Name: database + "_gate", Password: "pencil-1234567890"}
	setUp(t, pg, database, r)
	r.Password = ""
	if again := setUp(t, pg, database, r); len(again.Statements)+len(again.Shared)+len(again.Advice) > 0 {
		t.Fatalf("the second plan is not empty: %+v", again)
	}
	name := r.Name
	pg.Exec(t, database, "GRANT pg_monitor, pg_read_server_files TO "+name, "ALTER ROLE "+name+" CREATEDB CREATEROLE CONNECTION LIMIT -1",
		"GRANT TRUNCATE, TRIGGER ON shop.customers TO "+name, "GRANT USAGE, UPDATE ON SEQUENCE shop.customers_id_seq TO "+name)
	plan := setUp(t, pg, database, r)
	if len(plan.Statements) != 5 {
		t.Errorf("%d statements: %+v", len(plan.Statements), plan.Statements)
	}
	gate := connect(t, pg.URLFor(database))
	report, err := doctor.Examine(ctx, gate, doctor.Options{System: clinicSystem(), GateRole: name})
	if err != nil {
		t.Fatal(err)
	}
	if left := find(report, "gate-role", ""); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
}

// TestSetupReadOnly: whoever asks for less gets less, of an earlier run's role too.
func TestSetupReadOnly(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := pg.CreateDatabase(t, clinic)
	r := doctor.RoleRequest{Name: database + "_gate", Password: "pencil-1234567890"}
	setUp(t, pg, database, r)
	setUp(t, pg, database, doctor.RoleRequest{Name: r.Name, ReadOnly: true})
	gate := connect(t, pg.UserURL(r.Name, r.Password, database))
	if _, err := gate.Exec(ctx, "SELECT name FROM shop.customers"); err != nil {
		t.Error(err)
	}
	if _, err := gate.Exec(ctx, "UPDATE shop.customers SET name = ''"); err == nil {
		t.Error("a role that shall only read can write")
	}
}

// TestSetupLeavesOthersAlone: a role that somebody else made is not touched.
func TestSetupLeavesOthersAlone(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := pg.CreateDatabase(t, clinic)
	pg.Exec(t, database, "CREATE ROLE "+database+"_app LOGIN CREATEDB")
	conn := connect(t, pg.URLFor(database))
	for name, want := range map[string]custody.Code{database + "_app": custody.CodeConflict, "postgres": custody.CodeInvalid} {
		if _, err := doctor.PlanRole(ctx, conn, clinicSystem(), doctor.RoleRequest{Name: name}); custody.CodeOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := doctor.PlanRole(ctx, conn, clinicSystem(), doctor.RoleRequest{Name: "x", Schemas: []string{"nosuch"}}); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("an unknown schema: %v", err)
	}
	setUp(t, pg, database, doctor.RoleRequest{Name: database + "_app", Adopt: true})
}

// TestSetupByOwner: the owner of the tables who may make roles is enough; what only a
// superuser may do is said and nothing is half done.
func TestSetupByOwner(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := pg.CreateDatabase(t)
	owner := database + "_owner"
	pg.Exec(t, database, "CREATE ROLE "+owner+" LOGIN PASSWORD 'pencil' CREATEROLE", "ALTER DATABASE "+database+" OWNER TO "+owner)
	conn := connect(t, pg.UserURL(owner, "pencil", database))
	if _, err := conn.Exec(ctx, clinic); err != nil {
		t.Fatal(err)
	}
	plan, err := doctor.PlanRole(ctx, conn, clinicSystem(), doctor.RoleRequest{Name: database + "_gate", Password: "pencil-1234567890"})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Apply(ctx, conn, true); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("the shared part needs a superuser: %v", err)
	}
	if err := plan.Apply(ctx, conn, false); err != nil {
		t.Fatal(err)
	}
	gate := connect(t, pg.UserURL(database+"_gate", "pencil-1234567890", database))
	if _, err := gate.Exec(ctx, "SELECT name FROM shop.customers"); err != nil {
		t.Error(err)
	}
}
