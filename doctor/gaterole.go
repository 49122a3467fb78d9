package doctor

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"custody"
)

// Gate looks only at the role by which conn is connected: what it can do more than
// the gate needs. super says whether it is a superuser, which the gate refuses to
// guard with unless it is told to.
func Gate(ctx context.Context, conn *pgx.Conn, sys *custody.System) (found []Finding, super bool, err error) {
	e := &exam{Options: Options{System: sys, GateRole: conn.Config().User}, conn: conn, report: &Report{}, check: "gate-role"}
	if err := conn.QueryRow(ctx, "SELECT current_user").Scan(&e.GateRole); err != nil {
		return nil, false, unreadable(err)
	}
	if err := e.begin(ctx); err != nil {
		return nil, false, err
	}
	if err := conn.QueryRow(ctx, "SELECT rolsuper FROM pg_roles WHERE oid = $1", e.gate).Scan(&super); err != nil {
		return nil, false, unreadable(err)
	}
	return e.report.Findings, super, unreadable(e.checkGateRole(ctx))
}

// excess is something that the gate's role can do and need not.
type excess struct {
	what     string // goes on after "the gate's role "
	severity Severity
	fix      string
}

// checkGateRole tells what the gate's role can do more than it needs: what the gate
// refuses is then refused by the gate alone and not by the database too.
func (e *exam) checkGateRole(ctx context.Context) error {
	if e.gate == 0 {
		return skipped("there is no role " + quote(e.GateRole) + " in this database")
	}
	var super bool
	if err := e.conn.QueryRow(ctx, "SELECT rolsuper FROM pg_roles WHERE oid = $1", e.gate).Scan(&super); err != nil {
		return err
	}
	if super { // everything else follows from it
		f := Finding{Object: "superuser", Severity: Critical, Message: "the gate's role " + quote(e.GateRole) + " is a superuser: it can read files, run programs and change everything",
			Advice: "make a role of its own with custody setup postgres " + e.System.Name}
		if e.gate != bootstrap {
			f.Fix = []string{"ALTER ROLE " + quote(e.GateRole) + " NOSUPERUSER;"}
		}
		e.found(f)
		return nil
	}
	for _, look := range []func(*exam, context.Context) ([]excess, error){
		(*exam).ownAttributes, (*exam).ownMemberships, (*exam).ownObjects, (*exam).ownCreate, (*exam).ownPrivileges, (*exam).ownFunctions, (*exam).ownStatistics,
	} {
		list, err := look(e, ctx)
		if err != nil {
			return err
		}
		for _, x := range list {
			f := Finding{Object: x.what, Severity: x.severity, Message: "the gate's role " + quote(e.GateRole) + " " + x.what}
			if x.fix != "" {
				f.Fix = strings.Split(x.fix, "\n")
			} else {
				f.Advice = "give what it owns to a role that cannot log in, or make a role for the gate with custody setup postgres " + e.System.Name
			}
			e.found(f)
		}
	}
	return nil
}

// excesses reads rows of what, severity and fix; $1 is the role's number, $2 the
// protected tables, and %s in what and fix is its name.
func (e *exam) excesses(ctx context.Context, sql string, args ...any) ([]excess, error) {
	return query(ctx, e.conn, func(r pgx.CollectableRow) (x excess, err error) {
		var s int16
		err = r.Scan(&x.what, &s, &x.fix)
		x.severity = Severity(s)
		return x, err
	}, sql, args...)
}

func (e *exam) ownAttributes(ctx context.Context) ([]excess, error) {
	return e.excesses(ctx, `SELECT x.what, x.severity, format('ALTER ROLE %I %s;', r.rolname, x.word) FROM pg_roles r, LATERAL (VALUES
		(r.rolcreaterole, 'may make roles', 3, 'NOCREATEROLE'), (r.rolcreatedb, 'may make databases', 2, 'NOCREATEDB'),
		(r.rolreplication, 'may replicate', 4, 'NOREPLICATION'), (r.rolbypassrls, 'bypasses row security', 3, 'NOBYPASSRLS'),
		(r.rolconnlimit < 0, 'has no connection limit', 1, 'CONNECTION LIMIT ' || `+connectionLimit+`)) x (has, what, severity, word)
		WHERE r.oid = $1 AND x.has`, e.gate)
}

// ownMemberships: a role of the gate's own is a member of nothing.
func (e *exam) ownMemberships(ctx context.Context) ([]excess, error) {
	return e.excesses(ctx, `SELECT 'is a member of ' || quote_ident(g.rolname), CASE WHEN g.rolsuper OR g.rolname IN
			('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files') THEN 4
			WHEN g.rolname LIKE 'pg\_%' THEN 3 ELSE 2 END,
		format('REVOKE %I FROM %I%s;', g.rolname, m.rolname, CASE WHEN $2 >= 16 AND a.grantor <> 10 THEN format(' GRANTED BY %I', b.rolname) ELSE '' END)
		FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member LEFT JOIN pg_roles b ON b.oid = a.grantor
		WHERE a.member = $1 ORDER BY 1`, e.gate, e.major)
}

// ownObjects: what a role owns it can change, drop and give to others.
func (e *exam) ownObjects(ctx context.Context) ([]excess, error) {
	return e.excesses(ctx, `SELECT 'owns ' || what, severity, '' FROM (
		SELECT 'the database ' || quote_ident(datname) AS what, 3 AS severity FROM pg_database WHERE datdba = $1 AND datname = current_database()
		UNION ALL SELECT 'the schema ' || quote_ident(nspname), 3 FROM pg_namespace WHERE nspowner = $1 AND nspname NOT LIKE 'pg\_temp%' AND nspname NOT LIKE 'pg\_toast%'
		UNION ALL SELECT format('%s tables and views, among them %s', count(*), min(c.oid::regclass::text)), 3 FROM pg_class c
			WHERE c.relowner = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' HAVING count(*) > 0
		UNION ALL SELECT format('%s functions, among them %s', count(*), min(p.oid::regprocedure::text)), 2 FROM pg_proc p
			WHERE p.proowner = $1 HAVING count(*) > 0) o ORDER BY 1`, e.gate)
}

// ownCreate: who can create in a schema can put functions and tables in the way of
// others' names. Rights of PUBLIC are the role's too.
func (e *exam) ownCreate(ctx context.Context) ([]excess, error) {
	return e.excesses(ctx, `SELECT format('may create in schema %I%s', n.nspname, CASE WHEN a.grantee = 0 THEN ', as everybody may' ELSE '' END), 2,
			format('REVOKE CREATE ON SCHEMA %I FROM %s;', n.nspname, coalesce(quote_ident(g.rolname), 'PUBLIC'))
		FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a LEFT JOIN pg_roles g ON g.oid = a.grantee
		WHERE a.privilege_type = 'CREATE' AND a.grantee IN (0, $1) AND n.nspowner <> $1 AND n.nspname NOT LIKE 'pg\_temp%'
		UNION ALL
		SELECT 'may create schemas in the database', 2, format('REVOKE CREATE ON DATABASE %I FROM %s;', d.datname, coalesce(quote_ident(g.rolname), 'PUBLIC'))
		FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a LEFT JOIN pg_roles g ON g.oid = a.grantee
		WHERE d.datname = current_database() AND a.privilege_type = 'CREATE' AND a.grantee IN (0, $1) AND d.datdba <> $1 ORDER BY 1`, e.gate)
}

// ownPrivileges: TRUNCATE, TRIGGER and the like on protected tables, and rights that
// it may hand on.
func (e *exam) ownPrivileges(ctx context.Context) ([]excess, error) {
	return e.excesses(ctx, `SELECT format('may %s %I.%I', CASE a.privilege_type WHEN 'TRIGGER' THEN 'put triggers on' WHEN 'REFERENCES' THEN 'refer with foreign keys to'
				WHEN 'MAINTAIN' THEN 'vacuum and lock' WHEN 'TRUNCATE' THEN 'empty' ELSE 'hand on its right to ' || lower(a.privilege_type) || ' from' END, n.nspname, c.relname), 2,
			CASE WHEN a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
				THEN format('REVOKE GRANT OPTION FOR %s ON TABLE %I.%I FROM %I CASCADE;', a.privilege_type, n.nspname, c.relname, g.rolname)
				ELSE format('REVOKE %s ON TABLE %I.%I FROM %s;', a.privilege_type, n.nspname, c.relname, coalesce(quote_ident(g.rolname), 'PUBLIC')) END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
		WHERE c.oid = ANY ($2) AND a.grantee IN (0, $1) AND c.relowner <> $1
			AND (a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') OR a.is_grantable) ORDER BY 1`, e.gate, e.oids())
}

// ownFunctions: functions that reach files of the server, when somebody has granted
// them to the role or to everybody.
func (e *exam) ownFunctions(ctx context.Context) ([]excess, error) {
	return e.excesses(ctx, `SELECT 'may call ' || p.proname || ', which reaches files of the server', 4,
			format('REVOKE EXECUTE ON FUNCTION pg_catalog.%I(%s) FROM %s;', p.proname, pg_get_function_identity_arguments(p.oid), coalesce(quote_ident(g.rolname), 'PUBLIC'))
		FROM pg_proc p, aclexplode(p.proacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
		WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY ($2) AND a.grantee IN (0, $1) ORDER BY 1`, e.gate, fileFunctions)
}

// fileFunctions of PostgreSQL reach files; by default only superusers may call them.
var fileFunctions = []string{"pg_read_file", "pg_read_binary_file", "pg_ls_dir", "pg_stat_file", "lo_import", "lo_export",
	"pg_file_write", "pg_file_rename", "pg_file_unlink", "pg_file_read", "pg_logdir_ls"}

// statisticsViews show the most common values of columns to whoever may read these.
var statisticsViews = []string{"pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"}

// ownStatistics: the role may read protected tables, and so PostgreSQL shows it their
// statistics, which hold values. Only taking the views from everybody stops that.
func (e *exam) ownStatistics(ctx context.Context) ([]excess, error) {
	return e.excesses(ctx, `SELECT format('may read %s, which holds values of the columns', c.relname), 2,
			format(E'REVOKE SELECT ON TABLE pg_catalog.%I FROM %s;', c.relname, coalesce(quote_ident(g.rolname), 'PUBLIC'))
		FROM pg_class c, aclexplode(c.relacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
		WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relname = ANY ($2) AND a.privilege_type = 'SELECT'
			AND a.grantee IN (0, $1) AND $3 ORDER BY 1`, e.gate, statisticsTables, len(e.tables) > 0)
}

// statisticsTables are those views and what is behind them.
var statisticsTables = append([]string{"pg_statistic", "pg_statistic_ext_data"}, statisticsViews...)
