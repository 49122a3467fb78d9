package doctor

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// grant is the right to read a relation, or columns of it, that somebody gave.
type grant struct {
	relation  string
	column    string // quoted; empty for the whole relation
	grantee   string // empty is PUBLIC
	grantor   string // empty when the owner gave it
	grantable bool
	logins    []string // who can use it and log in
}

// grantsQuery finds rights to read the relations $1 that logins other than the gate's
// role $2 can use: their own, those of roles that they are members of, and PUBLIC's.
// Superusers, owners and members of the gate's role have checks of their own.
const grantsQuery = `WITH acl AS (
	SELECT c.oid, c.relowner, ''::text AS col, a.* FROM pg_class c,
		aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a WHERE c.oid = ANY ($1)
	UNION ALL
	SELECT c.oid, c.relowner, quote_ident(t.attname), a.* FROM pg_class c
		JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped, aclexplode(t.attacl) a WHERE c.oid = ANY ($1)),
used AS (
	SELECT acl.*, ARRAY(SELECT r.rolname::text FROM pg_roles r
		WHERE r.rolcanlogin AND NOT r.rolsuper AND r.oid <> $2 AND r.oid <> acl.relowner
			AND (acl.grantee = 0 OR pg_has_role(r.oid, acl.grantee, 'MEMBER')) ORDER BY 1) AS logins
	FROM acl WHERE privilege_type = 'SELECT' AND grantee <> relowner AND grantee <> $2)
SELECT format('%I.%I', n.nspname, c.relname), u.col, coalesce(e.rolname, ''),
	CASE WHEN u.grantor = c.relowner THEN '' ELSE coalesce(o.rolname, '') END, u.is_grantable, u.logins
FROM used u JOIN pg_class c ON c.oid = u.oid JOIN pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_roles e ON e.oid = u.grantee LEFT JOIN pg_roles o ON o.oid = u.grantor
WHERE u.logins <> '{}' ORDER BY 3, 1, 2, 4`

func scanGrant(r pgx.CollectableRow) (g grant, err error) {
	err = r.Scan(&g.relation, &g.column, &g.grantee, &g.grantor, &g.grantable, &g.logins)
	return g, err
}

// revoke is the SQL that takes a right away, by whoever gave it.
func (g *grant) revoke() []string {
	what := "SELECT"
	if g.column != "" {
		what += " (" + g.column + ")"
	}
	sql := fmt.Sprintf("REVOKE %s ON TABLE %s FROM %s", what, g.relation, grantee(g.grantee))
	if g.grantable {
		sql += " CASCADE"
	}
	if g.grantor == "" {
		return []string{sql + ";"}
	}
	return []string{"SET ROLE " + quote(g.grantor) + ";", sql + ";", "RESET ROLE;"}
}

// checkGrants tells of each role with a right to read that some login can use.
func (e *exam) checkGrants(ctx context.Context) error {
	return e.grantsOn(ctx, e.oids(), func(who string, list []grant, reads string) {
		f := Finding{Object: who, Severity: Serious}
		f.Message = sentence(who, list[0].logins) + " " + reads + " beside the gate"
		for i := range list {
			f.Fix = append(f.Fix, list[i].revoke()...)
		}
		if who == "PUBLIC" {
			f.Advice = "a role that lives on this right loses it: give it what it needs by name first"
		}
		e.found(f)
	})
}

// grantsOn groups the rights on relations by who has them.
func (e *exam) grantsOn(ctx context.Context, oids []uint32, tell func(who string, list []grant, reads string)) error {
	all, err := query(ctx, e.conn, scanGrant, grantsQuery, oids, e.gate)
	if err != nil {
		return err
	}
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].grantee == all[0].grantee {
			n++
		}
		tell(grantee(all[0].grantee), all[:n], "can read "+readable(all[:n]))
		all = all[n:]
	}
	return nil
}

// sentence says who has a right: a role itself, its members, or everybody.
func sentence(who string, logins []string) string {
	if who == "PUBLIC" {
		return "everybody who can log in (" + listed(logins) + ")"
	}
	if len(logins) == 1 && quote(logins[0]) == who {
		return who
	}
	return listed(logins) + " as " + who
}

// readable lists relations and columns once each.
func readable(list []grant) string {
	var names []string
	seen := map[string]bool{}
	for _, g := range list {
		name := g.relation
		if g.column != "" {
			name += "." + g.column
		}
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return listed(names)
}
