package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// viewsQuery finds the views and materialised views that are made from the relations
// $1, also by way of other views. A view that checks the rights of who asks
// (security_invoker) opens nothing and is left out.
const viewsQuery = `WITH RECURSIVE v (oid) AS (
	SELECT r.ev_class FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
		WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1) AND r.ev_class <> ALL ($1)
	UNION
	SELECT r.ev_class FROM v JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid
		JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid WHERE r.ev_class <> ALL ($1))
SELECT c.oid FROM v JOIN pg_class c ON c.oid = v.oid WHERE c.relkind IN ('v', 'm')
	AND NOT coalesce(c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'], false)`

// checkViews tells of rights on views that show protected tables.
func (e *exam) checkViews(ctx context.Context) error {
	views, err := query(ctx, e.conn, pgx.RowTo[uint32], viewsQuery, e.oids())
	if err != nil {
		return err
	}
	return e.grantsOn(ctx, views, func(who string, list []grant, reads string) {
		f := Finding{Object: who, Severity: Serious,
			Message: sentence(who, list[0].logins) + " " + reads + ", which show protected tables, beside the gate"}
		for i := range list {
			f.Fix = append(f.Fix, list[i].revoke()...)
		}
		e.found(f)
	})
}

// definer is a function that runs with its owner's rights.
type definer struct {
	signature string
	owner     string
	executors []string // quoted; PUBLIC is everybody
	body      string
	depends   bool // the catalogue says that it uses a protected table
}

// definersQuery finds SECURITY DEFINER functions whose owner can read one of the
// relations $1 and that others may run who can log in.
const definersQuery = `SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), quote_ident(o.rolname),
	ARRAY(SELECT coalesce(quote_ident(g.rolname), 'PUBLIC') FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
		LEFT JOIN pg_roles g ON g.oid = a.grantee
		WHERE a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner AND EXISTS (SELECT FROM pg_roles r
			WHERE r.rolcanlogin AND NOT r.rolsuper AND r.oid <> $2 AND (a.grantee = 0 OR pg_has_role(r.oid, a.grantee, 'MEMBER'))) ORDER BY 1),
	coalesce(p.prosrc, ''),
	EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
		AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1))
	FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles o ON o.oid = p.proowner
	WHERE p.prosecdef AND p.prorettype <> 'trigger'::regtype AND p.prorettype <> 'event_trigger'::regtype
		AND EXISTS (SELECT FROM unnest($1::oid[]) t WHERE has_any_column_privilege(p.proowner, t, 'SELECT')) ORDER BY 1`

func scanDefiner(r pgx.CollectableRow) (d definer, err error) {
	err = r.Scan(&d.signature, &d.owner, &d.executors, &d.body, &d.depends)
	return d, err
}

// checkFunctions tells of functions that read protected tables for whoever calls
// them. What a body says is searched for the tables' names: a function that builds a
// name from parts is told of as one that might.
func (e *exam) checkFunctions(ctx context.Context) error {
	definers, err := query(ctx, e.conn, scanDefiner, definersQuery, e.oids(), e.gate)
	if err != nil {
		return err
	}
	for _, d := range definers {
		severity, does := d.judge(e)
		if len(d.executors) == 0 || severity == 0 {
			continue
		}
		f := Finding{Object: d.signature, Severity: severity,
			Message: fmt.Sprintf("%s runs with the rights of %s, %s, and may be called by %s", d.signature, d.owner, does, listed(d.executors)),
			Advice:  "GRANT EXECUTE to the roles that need it; through the gate it is refused unless safe_functions names it"}
		for _, who := range d.executors {
			f.Fix = append(f.Fix, fmt.Sprintf("REVOKE EXECUTE ON ROUTINE %s FROM %s;", d.signature, who))
		}
		e.found(f)
	}
	return nil
}

// judge says what is known of a function's body.
func (d *definer) judge(e *exam) (Severity, string) {
	body := strings.ToLower(d.body)
	for _, t := range e.tables {
		_, name, _ := strings.Cut(t.name, ".")
		if d.depends || strings.Contains(body, strings.ToLower(strings.Trim(name, `"`))) {
			return Serious, "uses protected tables"
		}
	}
	if strings.Contains(body, "execute") {
		return Warning, "can read protected tables and builds its statements as it runs"
	}
	return 0, ""
}
