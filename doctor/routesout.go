package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// outwards are extensions that open files, networks or programs, or show pages and
// logs of the database with rows in them.
var outwards = map[string]struct {
	severity Severity
	does     string
}{
	"dblink":             {Serious, "opens connections to other databases from within a statement"},
	"postgres_fdw":       {Warning, "reads and writes tables of other servers"},
	"file_fdw":           {Serious, "reads files and programs of the server as tables"},
	"adminpack":          {Serious, "writes files of the server"},
	"oracle_fdw":         {Warning, "reads and writes tables of other servers"},
	"mysql_fdw":          {Warning, "reads and writes tables of other servers"},
	"tds_fdw":            {Warning, "reads tables of other servers"},
	"odbc_fdw":           {Warning, "reads tables of other servers"},
	"ogr_fdw":            {Warning, "reads files and other servers"},
	"multicorn":          {Serious, "runs Python as tables"},
	"http":               {Serious, "sends HTTP requests from within a statement"},
	"pg_net":             {Serious, "sends HTTP requests from within a statement"},
	"aws_s3":             {Serious, "writes tables to object storage"},
	"plsh":               {Serious, "runs shell scripts"},
	"pg_cron":            {Warning, "runs statements on a schedule, beside the gate"},
	"pg_background":      {Warning, "runs statements in other sessions, beside the gate"},
	"pageinspect":        {Warning, "shows pages of tables with the rows in them"},
	"pg_walinspect":      {Warning, "shows the write-ahead log with the rows in it"},
	"pg_dirtyread":       {Serious, "shows deleted rows"},
	"pg_stat_statements": {Note, "keeps statements; those that are not normalised hold what was typed"},
	"pg_surgery":         {Warning, "changes pages of tables"},
	"pg_freespacemap":    {Note, "shows how pages of tables are filled"},
	"pg_buffercache":     {Note, "shows which pages were read"},
	"xml2":               {Note, "is deprecated, and reads documents that may name files"},
	"sslinfo":            {Note, "shows certificates of those connected"},
	"plperlu":            {Serious, "lets functions do everything that the server's account can"},
	"plpython3u":         {Serious, "lets functions do everything that the server's account can"},
	"plpython2u":         {Serious, "lets functions do everything that the server's account can"},
	"pltclu":             {Serious, "lets functions do everything that the server's account can"},
	"pljavau":            {Serious, "lets functions do everything that the server's account can"},
	"pgaudit":            {Note, "writes statements to the log; pgaudit.log_parameter decides whether values with them"},
	"pglogical":          {Serious, "copies tables to other servers"},
}

// checkExtensions tells of extensions by which data leaves, of languages that are not
// bounded, and of functions of PostgreSQL that somebody may use on the server's files.
func (e *exam) checkExtensions(ctx context.Context) error {
	names, err := query(ctx, e.conn, pgx.RowTo[string], `SELECT extname::text FROM pg_extension ORDER BY 1`)
	if err != nil {
		return err
	}
	for _, n := range names {
		if x, ok := outwards[n]; ok {
			e.found(Finding{Object: n, Severity: x.severity, Message: "the extension " + n + " " + x.does,
				Fix: []string{"DROP EXTENSION " + quote(n) + ";"}, Advice: "it refuses while something in the database uses it, and says what"})
		}
	}
	if err := e.languages(ctx); err != nil {
		return err
	}
	return e.fileGrants(ctx)
}

// languages tells of untrusted languages that no extension above brought.
func (e *exam) languages(ctx context.Context) error {
	names, err := query(ctx, e.conn, pgx.RowTo[string], `SELECT l.lanname::text FROM pg_language l WHERE NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c')
		AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
			WHERE d.classid = 'pg_language'::regclass AND d.objid = l.oid AND x.extname = ANY ($1)) ORDER BY 1`, known())
	for _, n := range names {
		e.found(Finding{Object: "language " + n, Severity: Serious, Message: "functions in the language " + n + " can do everything that the server's account can",
			Fix: []string{"DROP LANGUAGE " + quote(n) + ";"}, Advice: "it refuses while a function uses it, and says which; drop its extension if one brought it"})
	}
	return err
}

func known() []string {
	var names []string
	for n := range outwards {
		names = append(names, n)
	}
	return names
}

// fileGrants tells of functions on files that others than superusers may call.
func (e *exam) fileGrants(ctx context.Context) error {
	type given struct{ Function, Grantee string }
	list, err := query(ctx, e.conn, pgx.RowToStructByPos[given], `SELECT format('pg_catalog.%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
		coalesce(quote_ident(g.rolname), 'PUBLIC') FROM pg_proc p, aclexplode(p.proacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
		WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY ($1) AND a.grantee <> p.proowner
			AND NOT coalesce(g.rolsuper OR g.oid = $2 OR g.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_monitor'), false) ORDER BY 1, 2`, fileFunctions, e.gate)
	for _, g := range list {
		e.found(Finding{Object: g.Function + " for " + g.Grantee, Severity: Critical, Message: g.Grantee + " may call " + g.Function + ", which reaches files of the server",
			Fix: []string{fmt.Sprintf("REVOKE EXECUTE ON FUNCTION %s FROM %s;", g.Function, g.Grantee)}})
	}
	return err
}

// checkForeign tells of servers that statements of this database reach.
func (e *exam) checkForeign(ctx context.Context) error {
	type server struct {
		Name, Wrapper string
		Tables        []string
		Mappings      []string // quoted; PUBLIC is everybody
	}
	list, err := query(ctx, e.conn, pgx.RowToStructByPos[server], `SELECT s.srvname::text, w.fdwname::text,
		ARRAY(SELECT format('%I.%I', n.nspname, c.relname) FROM pg_foreign_table t JOIN pg_class c ON c.oid = t.ftrelid
			JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.ftserver = s.oid ORDER BY 1),
		ARRAY(SELECT CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END FROM pg_user_mappings m WHERE m.srvid = s.oid ORDER BY 1)
		FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw ORDER BY 1`)
	if err != nil {
		return err
	}
	for _, s := range list {
		f := Finding{Object: quote(s.Name), Severity: Warning, Message: fmt.Sprintf("statements reach another server or files through %s (%s)", quote(s.Name), s.Wrapper),
			Advice: "drop it if nobody needs it; what it brings is not the gate's to guard, and what is inserted into it leaves"}
		for _, t := range s.Tables {
			f.Fix = append(f.Fix, "DROP FOREIGN TABLE "+t+";")
		}
		for _, m := range s.Mappings {
			f.Fix = append(f.Fix, fmt.Sprintf("DROP USER MAPPING FOR %s SERVER %s;", m, quote(s.Name)))
			if m == "PUBLIC" {
				f.Severity, f.Message = Serious, f.Message+", with a password that everybody uses"
			}
		}
		f.Fix = append(f.Fix, "DROP SERVER "+quote(s.Name)+";")
		e.found(f)
	}
	return nil
}

// checkReplication tells of streams of changes: they hold every row that is written.
func (e *exam) checkReplication(ctx context.Context) error {
	slots, err := query(ctx, e.conn, pgx.RowTo[string], `SELECT slot_name::text FROM pg_replication_slots
		WHERE slot_type = 'logical' AND database = current_database() ORDER BY 1`)
	if err != nil {
		return err
	}
	for _, s := range slots {
		e.found(Finding{Object: "slot " + s, Severity: Serious, Message: "the replication slot " + s + " gives every change of every table to whoever reads it",
			Fix: []string{"SELECT pg_drop_replication_slot(" + literal(s) + ");"}, Advice: "stop its reader first, if it is one that shall be stopped"})
	}
	return e.publications(ctx)
}

func (e *exam) publications(ctx context.Context) error {
	type publication struct {
		Name   string
		All    bool
		Tables []string
	}
	list, err := query(ctx, e.conn, pgx.RowToStructByPos[publication], `SELECT p.pubname::text, p.puballtables
			OR EXISTS (SELECT FROM pg_publication_tables t JOIN pg_class c ON c.oid = ANY ($1) JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE t.pubname = p.pubname AND t.schemaname = n.nspname AND t.tablename = c.relname
				AND NOT EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND (r.prrelid = c.oid
					OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid AND i.inhparent = r.prrelid)))),
		ARRAY(SELECT format('%I.%I', n.nspname, c.relname) FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
			JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = p.oid AND c.oid = ANY ($1) ORDER BY 1)
		FROM pg_publication p ORDER BY 1`, e.oids())
	for _, p := range list {
		f := Finding{Object: "publication " + quote(p.Name), Severity: Serious, Advice: "subscribers elsewhere stop getting these changes"}
		switch {
		case p.All:
			f.Message = "the publication " + quote(p.Name) + " gives the changes of whole schemas or of all tables, protected ones among them, to subscribers"
			f.Fix = []string{"DROP PUBLICATION " + quote(p.Name) + ";"}
		case len(p.Tables) > 0:
			f.Message = "the publication " + quote(p.Name) + " gives the changes of " + listed(p.Tables) + " to subscribers"
			f.Fix = []string{fmt.Sprintf("ALTER PUBLICATION %s DROP TABLE %s;", quote(p.Name), strings.Join(p.Tables, ", "))}
		default:
			continue
		}
		e.found(f)
	}
	return err
}

// literal writes a string for SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// checkTriggers tells of code that runs by itself: event triggers, and triggers and
// rules on protected tables. What it does only somebody who reads it knows.
func (e *exam) checkTriggers(ctx context.Context) error {
	list, err := e.excesses(ctx, `SELECT format('the event trigger %I runs %s at %s', t.evtname, t.evtfoid::regproc, t.evtevent), 2,
			format('ALTER EVENT TRIGGER %I DISABLE;', t.evtname) FROM pg_event_trigger t
			WHERE t.evtenabled <> 'D' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'e')
		UNION ALL
		SELECT format('the trigger %I on %I.%I runs %s with the rights of %s', t.tgname, n.nspname, c.relname, p.oid::regproc, CASE WHEN p.prosecdef THEN 'its owner' ELSE 'who changes a row' END), 1, ''
			FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid
			WHERE t.tgrelid = ANY ($1) AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgparentid = 0
		UNION ALL
		SELECT format('the rule %I on %I.%I does more than is asked', r.rulename, n.nspname, c.relname), 2, format('DROP RULE %I ON %I.%I;', r.rulename, n.nspname, c.relname)
			FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE r.ev_class = ANY ($1) AND r.ev_type <> '1' AND c.relkind IN ('r', 'p') AND r.ev_enabled <> 'D' ORDER BY 2 DESC, 1`, e.oids())
	for _, x := range list {
		f := Finding{Object: strings.TrimPrefix(x.what, "the "), Severity: x.severity, Message: x.what}
		if x.fix != "" {
			f.Fix = []string{x.fix}
		} else {
			f.Advice = "read what it does: it sees every row that is written"
		}
		e.found(f)
	}
	return err
}
