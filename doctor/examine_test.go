package doctor_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/custodytest"
	"custody/doctor"
)

// wrong is one thing that is wrong with a database: made in a real server, found, mended
// with the very SQL of the report, and gone afterwards.
type wrong struct {
	name     string
	make     []string
	check    string
	object   string // a part of it
	severity doctor.Severity
	// after mends what is left to people, before the second look.
	after []string
}

var wrongs = []wrong{
	{name: "a login with a grant", make: []string{"CREATE ROLE reports LOGIN", "GRANT USAGE ON SCHEMA shop TO reports", "GRANT SELECT ON shop.customers TO reports"},
		check: "grants", object: "reports", severity: doctor.Serious},
	{name: "a login with a grant that it may hand on, and did", make: []string{"CREATE ROLE chief LOGIN", "CREATE ROLE helper LOGIN", "GRANT USAGE ON SCHEMA shop TO chief", "GRANT SELECT ON shop.customers TO chief WITH GRANT OPTION",
		"SET ROLE chief", "GRANT SELECT ON shop.customers TO helper", "RESET ROLE"}, check: "grants", object: "helper", severity: doctor.Serious, after: []string{"REVOKE ALL ON shop.customers FROM chief"}},
	{name: "a grant that may be handed on", make: []string{"CREATE ROLE chief2 LOGIN", "CREATE ROLE helper2 LOGIN", "GRANT USAGE ON SCHEMA shop TO chief2", "GRANT SELECT ON shop.customers TO chief2 WITH GRANT OPTION",
		"SET ROLE chief2", "GRANT SELECT ON shop.customers TO helper2", "RESET ROLE"}, check: "grants", object: "chief2", severity: doctor.Serious},
	{name: "a group with members", make: []string{"CREATE ROLE readers", "CREATE ROLE bi LOGIN IN ROLE readers", "GRANT SELECT ON shop.customers, shop.calls TO readers"},
		check: "grants", object: "readers", severity: doctor.Serious},
	{name: "a group of a group", make: []string{"CREATE ROLE outer_group", "CREATE ROLE inner_group IN ROLE outer_group", "CREATE ROLE deep LOGIN NOINHERIT IN ROLE inner_group", "GRANT SELECT ON shop.customers TO outer_group"},
		check: "grants", object: "outer_group", severity: doctor.Serious},
	{name: "everybody", make: []string{"CREATE ROLE anybody LOGIN", "GRANT SELECT ON shop.customers TO PUBLIC"}, check: "grants", object: "PUBLIC", severity: doctor.Serious},
	{name: "a column", make: []string{"CREATE ROLE dialler LOGIN", "GRANT SELECT (id, phone) ON shop.customers TO dialler"}, check: "grants", object: "dialler", severity: doctor.Serious},
	{name: "a partition alone", make: []string{"CREATE ROLE archive LOGIN", "GRANT SELECT ON shop.calls_old TO archive"}, check: "grants", object: "archive", severity: doctor.Serious},
	{name: "a name that must be quoted", make: []string{`CREATE ROLE "Odd ""Role"";--" LOGIN`, `GRANT SELECT ON shop.customers TO "Odd ""Role"";--"`}, check: "grants", object: "Odd", severity: doctor.Serious},
	{name: "an owner that logs in", make: []string{"CREATE ROLE app LOGIN", "CREATE ROLE app_dev LOGIN IN ROLE app", "ALTER TABLE shop.customers OWNER TO app"}, check: "owners", object: "app", severity: doctor.Serious},
	{name: "the owner of a materialised copy", make: []string{"CREATE ROLE maker LOGIN", "GRANT SELECT ON shop.customers TO postgres", "CREATE MATERIALIZED VIEW shop.copied AS SELECT * FROM shop.customers",
		"ALTER MATERIALIZED VIEW shop.copied OWNER TO maker"}, check: "owners", object: "maker", severity: doctor.Serious},
	{name: "another superuser", make: []string{"CREATE ROLE root2 LOGIN SUPERUSER"}, check: "superusers", object: "root2", severity: doctor.Serious},
	{name: "a member of a superuser", make: []string{"CREATE ROLE sudo LOGIN", "GRANT postgres TO sudo"}, check: "superusers", object: "members of", severity: doctor.Serious},
	{name: "a member of the gate's role", make: []string{"CREATE ROLE shadow LOGIN", "GRANT clinic_gate TO shadow"}, check: "powers", object: `members of "clinic_gate"`, severity: doctor.Serious},
	{name: "pg_read_all_data", make: []string{"CREATE ROLE all_data LOGIN", "GRANT pg_read_all_data TO all_data"}, check: "powers", object: "pg_read_all_data", severity: doctor.Serious},
	{name: "server files", make: []string{"CREATE ROLE files LOGIN", "GRANT pg_read_server_files TO files"}, check: "powers", object: "pg_read_server_files", severity: doctor.Critical},
	{name: "server files written", make: []string{"CREATE ROLE wfiles LOGIN", "GRANT pg_write_server_files TO wfiles"}, check: "powers", object: "pg_write_server_files", severity: doctor.Critical},
	{name: "programs", make: []string{"CREATE ROLE progs LOGIN", "CREATE ROLE progs_group", "GRANT progs_group TO progs", "GRANT pg_execute_server_program TO progs_group"},
		check: "powers", object: "pg_execute_server_program", severity: doctor.Critical},
	{name: "replication", make: []string{"CREATE ROLE standby LOGIN REPLICATION"}, check: "powers", object: "standby", severity: doctor.Serious},
	{name: "makes roles", make: []string{"CREATE ROLE roler LOGIN CREATEROLE"}, check: "powers", object: "roler"},
	{name: "bypasses row security", make: []string{"CREATE ROLE byp LOGIN BYPASSRLS"}, check: "powers", object: "byp", severity: doctor.Warning},
	{name: "a view", make: []string{"CREATE ROLE viewer LOGIN", "CREATE VIEW shop.names AS SELECT id, name FROM shop.customers", "GRANT SELECT ON shop.names TO viewer"},
		check: "views", object: "viewer", severity: doctor.Serious},
	{name: "a view of a view", make: []string{"CREATE ROLE viewer2 LOGIN", "CREATE VIEW shop.v1 AS SELECT * FROM shop.customers", "CREATE VIEW public.v2 AS SELECT phone FROM shop.v1", "GRANT SELECT ON public.v2 TO viewer2"},
		check: "views", object: "viewer2", severity: doctor.Serious},
	{name: "a materialised view", make: []string{"CREATE ROLE viewer3 LOGIN", "CREATE MATERIALIZED VIEW shop.mat AS SELECT * FROM shop.customers", "GRANT SELECT ON shop.mat TO viewer3"},
		check: "views", object: "viewer3", severity: doctor.Serious},
	{name: "a function with its owner's rights", make: []string{"CREATE ROLE caller LOGIN", "CREATE FUNCTION shop.find(n text) RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT phone FROM shop.customers WHERE name = n'"},
		check: "functions", object: "shop.find", severity: doctor.Serious},
	{name: "a function that the catalogue knows", make: []string{"CREATE FUNCTION shop.atom() RETURNS bigint LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM shop.customers; END"},
		check: "functions", object: "shop.atom", severity: doctor.Serious},
	{name: "a function that builds its statement", make: []string{"CREATE FUNCTION shop.any_table(t text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE t; END'"},
		check: "functions", object: "shop.any_table", severity: doctor.Warning},
	{name: "dblink", make: []string{"CREATE EXTENSION dblink"}, check: "extensions", object: "dblink", severity: doctor.Serious},
	{name: "file_fdw", make: []string{"CREATE EXTENSION file_fdw"}, check: "extensions", object: "file_fdw", severity: doctor.Serious},
	{name: "adminpack", make: []string{"CREATE EXTENSION adminpack"}, check: "extensions", object: "adminpack", severity: doctor.Serious},
	{name: "pageinspect", make: []string{"CREATE EXTENSION pageinspect"}, check: "extensions", object: "pageinspect", severity: doctor.Warning},
	{name: "a language without bounds", make: []string{"CREATE LANGUAGE wild HANDLER plpgsql_call_handler"}, check: "extensions", object: "language wild", severity: doctor.Serious},
	{name: "a file function for a role", make: []string{"CREATE ROLE loader", "GRANT EXECUTE ON FUNCTION lo_import(text) TO loader"}, check: "extensions", object: "lo_import", severity: doctor.Critical},
	{name: "a foreign server", make: []string{"CREATE EXTENSION postgres_fdw", "CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'db2.example')",
		"CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user 'x', password 'y')", "CREATE FOREIGN TABLE shop.far (id int) SERVER elsewhere"}, check: "foreign", object: "elsewhere", severity: doctor.Serious},
	{name: "a logical slot", make: []string{"SELECT pg_create_logical_replication_slot('tap', 'test_decoding')"}, check: "replication", object: "slot tap", severity: doctor.Serious},
	{name: "a publication", make: []string{"CREATE PUBLICATION leak FOR TABLE shop.customers, shop.parts"}, check: "replication", object: "leak", severity: doctor.Serious},
	{name: "a publication of everything", make: []string{"CREATE PUBLICATION flood FOR ALL TABLES"}, check: "replication", object: "flood", severity: doctor.Serious},
	{name: "a publication of a schema", make: []string{"CREATE PUBLICATION schemaful FOR TABLES IN SCHEMA shop"}, check: "replication", object: "schemaful", severity: doctor.Serious},
	{name: "an event trigger", make: []string{"CREATE FUNCTION shop.et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'", "CREATE EVENT TRIGGER watchful ON ddl_command_end EXECUTE FUNCTION shop.et()"},
		check: "triggers", object: "watchful", severity: doctor.Warning},
	{name: "a rule that does more", make: []string{"CREATE TABLE shop.copies (id bigint)", "CREATE RULE also AS ON INSERT TO shop.customers DO ALSO INSERT INTO shop.copies VALUES (new.id)"},
		check: "triggers", object: "also", severity: doctor.Warning},
	{name: "a trigger", make: []string{"CREATE FUNCTION shop.tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'", "CREATE TRIGGER copying AFTER INSERT ON shop.customers FOR EACH ROW EXECUTE FUNCTION shop.tf()"},
		check: "triggers", object: "copying", severity: doctor.Note, after: []string{"DROP TRIGGER copying ON shop.customers"}},
	{name: "statements in the log", make: []string{"ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()"}, check: "settings", object: "log_statement", severity: doctor.Serious},
	{name: "slow statements in the log", make: []string{"ALTER SYSTEM SET log_min_duration_statement = 250", "SELECT pg_reload_conf()"}, check: "settings", object: "log_min_duration_statement", severity: doctor.Serious},
	{name: "MD5 for new passwords", make: []string{"ALTER SYSTEM SET password_encryption = 'md5'", "SELECT pg_reload_conf()"}, check: "settings", object: "password_encryption", severity: doctor.Warning},
	{name: "no TLS", make: []string{"ALTER SYSTEM SET ssl = off", "SELECT pg_reload_conf()"}, check: "settings", object: "ssl", severity: doctor.Note},
	{name: "a role's own log", make: []string{"CREATE ROLE chatty LOGIN", "ALTER ROLE chatty SET log_statement = 'all'"}, check: "overrides", object: "chatty", severity: doctor.Serious},
	{name: "a database's own log", make: []string{"ALTER DATABASE clinic SET log_min_duration_statement = 0"}, check: "overrides", object: "the database", severity: doctor.Serious},
	{name: "a role's own log in a database", make: []string{"CREATE ROLE chatty2", "ALTER ROLE chatty2 IN DATABASE clinic SET debug_print_plan = on"}, check: "overrides", object: "chatty2", severity: doctor.Warning},
	{name: "an MD5 password", make: []string{"CREATE ROLE old LOGIN PASSWORD 'md5" + strings.Repeat("0", 32) + "'"}, check: "verifiers", object: "old", severity: doctor.Warning},
	{name: "a shared password", make: []string{"CREATE ROLE twin1 LOGIN PASSWORD '" + doctor.Verifier("x") + "'", "DO $$ BEGIN EXECUTE format('CREATE ROLE twin2 LOGIN PASSWORD %L', (SELECT rolpassword FROM pg_authid WHERE rolname = 'twin1')); END $$"},
		check: "verifiers", object: "twin1, twin2", severity: doctor.Serious},
	{name: "the gate's own password elsewhere", make: []string{"CREATE ROLE same LOGIN PASSWORD 'pencil-1234567890'"}, check: "verifiers", object: "same", severity: doctor.Critical},
	{name: "a well-known password", make: []string{"CREATE ROLE intern LOGIN PASSWORD 'intern123'"}, check: "passwords", object: "intern", severity: doctor.Critical},
	{name: "the gate may make roles", make: []string{"ALTER ROLE clinic_gate CREATEROLE"}, check: "gate-role", object: "make roles", severity: doctor.Serious},
	{name: "the gate is in a group", make: []string{"CREATE ROLE gang", "GRANT gang TO clinic_gate"}, check: "gate-role", object: "gang", severity: doctor.Warning},
	{name: "the gate reads server files", make: []string{"GRANT pg_read_server_files TO clinic_gate"}, check: "gate-role", object: "pg_read_server_files", severity: doctor.Critical},
	{name: "the gate may create", make: []string{"GRANT CREATE ON SCHEMA shop TO clinic_gate"}, check: "gate-role", object: "schema shop", severity: doctor.Warning},
	{name: "everybody may create", make: []string{"GRANT CREATE ON SCHEMA public TO PUBLIC"}, check: "gate-role", object: "schema public, as everybody", severity: doctor.Warning},
	{name: "the gate may empty a table", make: []string{"GRANT TRUNCATE ON shop.customers TO clinic_gate"}, check: "gate-role", object: "may empty", severity: doctor.Warning},
	{name: "the gate may hand on its right", make: []string{"GRANT SELECT ON shop.customers TO clinic_gate WITH GRANT OPTION"}, check: "gate-role", object: "hand on", severity: doctor.Warning},
	{name: "statistics", make: []string{"GRANT SELECT ON pg_stats TO PUBLIC"}, check: "gate-role", object: "pg_stats", severity: doctor.Warning},
	{name: "the gate reads files by function", make: []string{"GRANT EXECUTE ON FUNCTION pg_read_file(text) TO clinic_gate"}, check: "gate-role", object: "pg_read_file", severity: doctor.Critical},
	{name: "the gate is without limit", make: []string{"ALTER ROLE clinic_gate CONNECTION LIMIT -1"}, check: "gate-role", object: "connection limit", severity: doctor.Note},
	{name: "the gate is a superuser", make: []string{"ALTER ROLE clinic_gate SUPERUSER"}, check: "gate-role", object: "superuser", severity: doctor.Critical},
	{name: "the gate owns", make: []string{"CREATE TABLE shop.mine (id int)", "ALTER TABLE shop.mine OWNER TO clinic_gate"}, check: "gate-role", object: "owns", severity: doctor.Serious, after: []string{"ALTER TABLE shop.mine OWNER TO postgres"}},
}

// TestWrongs makes, finds and mends each of them.
func TestWrongs(t *testing.T) {
	pg := custodytest.Postgres(t, custodytest.WithSetting("wal_level", "logical"))
	pg.Exec(t, "postgres", "CREATE DATABASE clinic")
	pg.Exec(t, "clinic", clinic)
	setUp(t, pg, "clinic", doctor.RoleRequest{Name: "clinic_gate", Password: "pencil-1234567890"})
	admin := connect(t, pg.URLFor("clinic"))
	look := func(t *testing.T, check string) *doctor.Report {
		t.Helper()
		o := clinicOptions()
		o.Guess = &doctor.Guess{}
		examine := func() (*doctor.Report, error) { return doctor.ExamineOne(ctx, admin, o, check) }
		if check == "" {
			examine = func() (*doctor.Report, error) { return doctor.Examine(ctx, admin, o) }
		}
		if check == "settings" { // a session sees what it began with
			conn := connect(t, pg.URLFor("clinic"))
			defer conn.Close(ctx)
			examine = func() (*doctor.Report, error) { return doctor.ExamineOne(ctx, conn, o, check) }
		}
		report, err := examine()
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range report.Outcomes {
			if o.Skipped != "" {
				t.Errorf("%s was not done: %s", o.Check, o.Skipped)
			}
		}
		return report
	}
	for _, f := range look(t, "").Findings {
		if f.Severity > doctor.Note && f.Check != "hba" {
			t.Errorf("a database in order: %+v", f)
		}
	}
	for _, w := range wrongs {
		t.Run(w.name, func(t *testing.T) {
			if early := find(look(t, w.check), w.check, w.object); len(early) > 0 {
				t.Fatalf("found before it was made: %+v", early)
			}
			run(t, pg, w.make)
			found := find(look(t, w.check), w.check, w.object)
			if len(found) == 0 {
				t.Fatal("not found")
			}
			for _, f := range found {
				if w.severity != 0 && f.Severity != w.severity {
					t.Errorf("%s: %s", f.Severity, f.Message)
				}
				if len(f.Fix) == 0 && w.after == nil {
					t.Errorf("no SQL mends %s", f.Message)
				}
				run(t, pg, f.Fix)
			}
			run(t, pg, w.after)
			if left := find(look(t, w.check), w.check, w.object); len(left) > 0 {
				t.Errorf("it is still there: %+v", left)
			}
		})
	}
	if after := look(t, ""); after.Worst() > doctor.Warning {
		for _, f := range after.Findings {
			if f.Severity > doctor.Warning {
				t.Errorf("left behind: %+v", f)
			}
		}
	}
}

func clinicOptions() doctor.Options {
	return doctor.Options{System: clinicSystem(), GateRole: "clinic_gate", GatePassword: "pencil-1234567890", GateAddress: netip.MustParseAddr("127.0.0.1"),
		Now: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}
}

// run runs statements one by one, as a superuser does who copies them from a report.
func run(t *testing.T, pg *custodytest.PG, statements []string) {
	t.Helper()
	conn := connect(t, pg.URLFor("clinic"))
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if strings.Contains(sql, "pg_reload_conf") { // a new session sees the new settings once it was heard
			awaitReload(t, pg)
		}
	}
}

// awaitReload waits until new sessions start with the configuration as it is in the files.
func awaitReload(t *testing.T, pg *custodytest.PG) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		conn := connect(t, pg.URLFor("clinic"))
		var behind int
		err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_file_settings f JOIN pg_settings s USING (name)
			WHERE f.seqno = (SELECT max(seqno) FROM pg_file_settings g WHERE g.name = f.name) AND f.error IS NULL
			AND s.context NOT IN ('postmaster', 'internal') AND s.source NOT IN ('client', 'session', 'override')
			AND s.vartype IN ('bool', 'enum', 'string') AND f.setting <> s.setting`).Scan(&behind)
		conn.Close(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if behind == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not read its configuration again")
		}
	}
}

// TestVersions: what is maintained on a day, and what is not.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		major int
		day   string
		want  doctor.Severity
	}{
		{9, "2026-11-23", doctor.Serious}, {13, "2026-11-23", doctor.Serious}, {14, "2026-11-23", doctor.Serious}, {14, "2026-11-01", doctor.Warning},
		{14, "2026-01-01", 0}, {15, "2026-11-23", 0}, {17, "2026-11-23", 0}, {19, "2026-11-23", 0},
	} {
		day, _ := time.Parse(time.DateOnly, c.day)
		f, _ := doctor.JudgeVersion(c.major, day)
		if f.Severity != c.want && (c.want != 0 || f.Message != "") {
			t.Errorf("%d on %s: %s %s", c.major, c.day, f.Severity, f.Message)
		}
	}
}

// TestGateSees: without an administrator the gate's own role says what it could not
// look at, and finds the rest.
func TestGateSees(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := pg.CreateDatabase(t, clinic)
	setUp(t, pg, database, doctor.RoleRequest{Name: database + "_gate", Password: "pencil-1234567890"})
	pg.Exec(t, database, "CREATE ROLE "+database+"_reports LOGIN", "GRANT SELECT ON shop.customers TO "+database+"_reports")
	conn := connect(t, pg.UserURL(database+"_gate", "pencil-1234567890", database))
	report, err := doctor.Examine(ctx, conn, doctor.Options{System: clinicSystem(), GateRole: database + "_gate"})
	if err != nil {
		t.Fatal(err)
	}
	if len(find(report, "grants", database+"_reports")) != 1 {
		t.Errorf("the grant was not found: %+v", report.Findings)
	}
	var skipped []string
	for _, o := range report.Outcomes {
		if o.Skipped != "" {
			skipped = append(skipped, o.Check)
		}
	}
	if !slices.Equal(skipped, []string{"hba", "verifiers", "passwords"}) {
		t.Errorf("not checked: %v", skipped)
	}
}
