package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// wanted are the rights on tables that the gate's role shall have.
func (p *planner) wanted() []string {
	if p.ReadOnly {
		return []string{"SELECT"}
	}
	return []string{"SELECT", "INSERT", "UPDATE", "DELETE"}
}

// sequences are the rights on sequences: people who write need new numbers, and
// pg_dump reads where a sequence is.
func (p *planner) sequences() []string {
	if p.ReadOnly {
		return []string{"SELECT"}
	}
	return []string{"SELECT", "USAGE"}
}

// access lets the role connect and see into the schemas.
func (p *planner) access(ctx context.Context) error {
	var connects bool
	if err := p.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database d, aclexplode(d.datacl) a
		WHERE d.datname = current_database() AND a.privilege_type = 'CONNECT' AND a.grantee = $1)`, p.oid).Scan(&connects); err != nil {
		return err
	}
	if !connects {
		p.add("", "GRANT CONNECT ON DATABASE %s TO %s", quote(p.plan.Database), quote(p.Name))
	}
	missing, err := query(ctx, p.conn, pgx.RowTo[string], `SELECT n.nspname::text FROM pg_namespace n WHERE n.nspname = ANY ($1)
		AND NOT EXISTS (SELECT FROM aclexplode(n.nspacl) a WHERE a.privilege_type = 'USAGE' AND a.grantee = $2) ORDER BY 1`, p.schemas, p.oid)
	for _, s := range missing {
		p.add("", "GRANT USAGE ON SCHEMA %s TO %s", quote(s), quote(p.Name))
	}
	return err
}

// direct is what the role has by its own name on one kind of things in a schema.
type direct struct {
	schema  string
	missing bool     // something lacks a wanted right
	over    []string // rights that are too much somewhere
}

// directQuery compares the rights on relations of kinds $3 with the wanted $4. What
// extensions own is left out of what may be missing.
const directQuery = `SELECT n.nspname::text,
	bool_or(n.nspname = ANY ($2) AND NOT coalesce(x.has, '{}') @> $4::text[] AND c.relkind::text = ANY ($3)),
	ARRAY(SELECT DISTINCT a.privilege_type FROM pg_class c2, aclexplode(c2.relacl) a WHERE c2.relnamespace = n.oid AND a.grantee = $1
		AND c2.relkind::text = ANY ($3) AND (NOT n.nspname = ANY ($2) OR a.privilege_type <> ALL ($4)) ORDER BY 1)
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN LATERAL (SELECT array_agg(a.privilege_type) AS has FROM aclexplode(c.relacl) a WHERE a.grantee = $1) x ON true
	WHERE c.relkind::text = ANY ($3) AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
	GROUP BY n.oid, n.nspname ORDER BY 1`

func scanDirect(r pgx.CollectableRow) (d direct, err error) {
	err = r.Scan(&d.schema, &d.missing, &d.over)
	return d, err
}

// objects grants what people need on tables, views and sequences, and takes the rest.
func (p *planner) objects(ctx context.Context) error {
	for _, kind := range []struct {
		word   string
		kinds  []string
		rights []string
	}{
		{"TABLES", []string{"r", "p", "v", "m"}, p.wanted()},
		{"SEQUENCES", []string{"S"}, p.sequences()},
	} {
		list, err := query(ctx, p.conn, scanDirect, directQuery, p.oid, p.schemas, kind.kinds, kind.rights)
		if err != nil {
			return err
		}
		for _, d := range list {
			if d.missing {
				p.add("", "GRANT %s ON ALL %s IN SCHEMA %s TO %s", strings.Join(kind.rights, ", "), kind.word, quote(d.schema), quote(p.Name))
			}
			if len(d.over) > 0 {
				p.add("more than people need", "REVOKE %s ON ALL %s IN SCHEMA %s FROM %s", strings.Join(d.over, ", "), kind.word, quote(d.schema), quote(p.Name))
			}
		}
	}
	return p.foreignTables(ctx)
}

// foreignTables are data of other servers: they are not the gate's to show unless
// custody.yaml declares them. ALL TABLES includes them.
func (p *planner) foreignTables(ctx context.Context) error {
	var declared []string
	for i := range p.sys.Tables {
		declared = append(declared, p.sys.Tables[i].FullName())
	}
	names, err := query(ctx, p.conn, pgx.RowTo[string], `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'f' AND n.nspname || '.' || c.relname <> ALL ($2) AND (EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = $1)
			OR $1::oid IS NULL AND n.nspname = ANY ($3)) ORDER BY 1`, p.oid, append([]string{}, declared...), p.schemas)
	for _, n := range names {
		p.add("it reaches another server, and custody.yaml does not declare it", "REVOKE ALL ON TABLE %s FROM %s", n, quote(p.Name))
	}
	return err
}

// defaults grants the same on what the owners of tables will make.
func (p *planner) defaults(ctx context.Context) error {
	type maker struct {
		Owner, Schema string
		Kind          string
		May           bool
	}
	makers, err := query(ctx, p.conn, pgx.RowToStructByPos[maker], `SELECT o.rolname::text, n.nspname::text, k.kind, pg_has_role(current_user, o.oid, 'USAGE')
		FROM (SELECT DISTINCT c.relowner, c.relnamespace FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm')) c
		JOIN pg_roles o ON o.oid = c.relowner JOIN pg_namespace n ON n.oid = c.relnamespace
		CROSS JOIN (VALUES ('r', $3::text[]), ('S', $4::text[])) k (kind, rights)
		WHERE n.nspname = ANY ($1) AND NOT EXISTS (SELECT FROM pg_default_acl d WHERE d.defaclrole = c.relowner AND d.defaclnamespace = c.relnamespace
			AND d.defaclobjtype = k.kind::"char"
			AND k.rights <@ ARRAY(SELECT a.privilege_type FROM aclexplode(d.defaclacl) a WHERE a.grantee = $2))
		ORDER BY 1, 2, 3`, p.schemas, p.oid, p.wanted(), p.sequences())
	if err != nil {
		return err
	}
	for _, m := range makers {
		word, rights := "TABLES", p.wanted()
		if m.Kind == "S" {
			word, rights = "SEQUENCES", p.sequences()
		}
		sql := fmt.Sprintf("ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %s GRANT %s ON %s TO %s",
			quote(m.Owner), quote(m.Schema), strings.Join(rights, ", "), word, quote(p.Name))
		if !m.May && !p.super {
			p.plan.Advice = append(p.plan.Advice, sql+"; -- as "+quote(m.Owner)+", for what it makes later")
			continue
		}
		p.add("what "+quote(m.Owner)+" makes later", "%s", sql)
	}
	return nil
}

// functions grants the functions that custody.yaml vouches for, where PUBLIC may not.
func (p *planner) functions(ctx context.Context) error {
	var bare []string
	for _, f := range p.sys.SafeFunctions {
		bare = append(bare, f[strings.LastIndexByte(f, '.')+1:])
	}
	names, err := query(ctx, p.conn, pgx.RowTo[string], `SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY ($1) AND p.proname = ANY ($2) AND p.prokind <> 'p'
		AND NOT EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee IN (0, $3)) ORDER BY 1`,
		p.schemas, append([]string{}, bare...), p.oid)
	for _, n := range names {
		p.add("custody.yaml names it under safe_functions", "GRANT EXECUTE ON FUNCTION %s TO %s", n, quote(p.Name))
	}
	return err
}

// rules lets a running gate read the rules of pg_hba.conf, or takes that again.
func (p *planner) rules(ctx context.Context) error {
	var view, function bool
	err := p.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = 'pg_catalog.pg_hba_file_rules'::regclass AND a.grantee = $1),
		EXISTS (SELECT FROM pg_proc p, aclexplode(p.proacl) a WHERE p.oid = 'pg_catalog.pg_hba_file_rules()'::regprocedure AND a.grantee = $1)`, p.oid).Scan(&view, &function)
	if err != nil {
		return err
	}
	why := "a running gate can check pg_hba.conf on its schedule"
	if p.ReadRules && !view {
		p.add(why, "GRANT SELECT ON TABLE pg_catalog.pg_hba_file_rules TO %s", quote(p.Name))
	}
	if p.ReadRules && !function {
		p.add(why, "GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO %s", quote(p.Name))
	}
	return nil
}

// shared lists what everybody has, and the gate's role through it. Who lives on it is
// given it by name: nobody who is there now loses what they use.
func (p *planner) shared(ctx context.Context) error {
	e := &exam{Options: Options{System: p.sys}, conn: p.conn, major: p.major}
	var err error
	if e.tables, err = protected(ctx, p.conn, p.sys); err != nil {
		return err
	}
	for _, look := range []func(context.Context) ([]excess, error){e.ownCreate, e.ownPrivileges, e.ownFunctions, e.ownStatistics} {
		list, err := look(ctx) // of the role 0, which is PUBLIC
		if err != nil {
			return err
		}
		for _, x := range list {
			p.share("everybody "+strings.TrimSuffix(x.what, ", as everybody may"), x.fix)
		}
	}
	if slices.ContainsFunc(p.plan.Shared, func(s Statement) bool { return strings.Contains(s.SQL, "pg_stats") }) {
		for _, v := range statisticsViews {
			p.share("monitoring keeps its view", fmt.Sprintf("GRANT SELECT ON TABLE pg_catalog.%s TO pg_monitor;", v))
		}
	}
	return p.keepMakers(ctx)
}

func (p *planner) share(why, sql string) {
	p.plan.Shared = append(p.plan.Shared, Statement{SQL: sql, Why: why})
}

// keepMakers gives CREATE by name to roles that own tables in a schema in which
// everybody could create: a program's migrations go on.
func (p *planner) keepMakers(ctx context.Context) error {
	list, err := query(ctx, p.conn, pgx.RowTo[string], `SELECT format('GRANT CREATE ON SCHEMA %I TO %I;', n.nspname, o.rolname)
		FROM pg_namespace n JOIN pg_roles o ON NOT o.rolsuper AND o.oid <> n.nspowner AND o.oid IS DISTINCT FROM $1
			AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relowner = o.oid)
		WHERE EXISTS (SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE') ORDER BY 1`, p.oid)
	for _, sql := range list {
		p.share("it makes tables there", sql)
	}
	return err
}

// owned says what only people can decide: to whom what the role owns shall belong.
func (p *planner) owned(ctx context.Context) error {
	if p.oid == nil {
		return nil
	}
	e := &exam{conn: p.conn, gate: *p.oid}
	list, err := e.ownObjects(ctx)
	for _, x := range list {
		p.plan.Advice = append(p.plan.Advice, fmt.Sprintf("the role %s: give it to one that cannot log in, with REASSIGN OWNED BY %s TO …", x.what, quote(p.Name)))
	}
	return err
}
