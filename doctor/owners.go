package doctor

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// owner is a role that owns protected tables, or materialised views of them.
type owner struct {
	name   string
	login  bool
	logins []string // itself and its members, as far as they can log in
	owns   []string
}

const ownersQuery = `SELECT o.rolname, o.rolcanlogin, ARRAY(SELECT r.rolname::text FROM pg_roles r
		WHERE r.rolcanlogin AND NOT r.rolsuper AND r.oid <> $2 AND pg_has_role(r.oid, o.oid, 'MEMBER') ORDER BY 1),
	array_agg(format('%I.%I', n.nspname, c.relname) ORDER BY n.nspname, c.relname)
	FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.oid = ANY ($1) AND NOT o.rolsuper AND o.oid <> $2 GROUP BY o.oid, o.rolname, o.rolcanlogin ORDER BY 1`

func scanOwner(r pgx.CollectableRow) (o owner, err error) {
	err = r.Scan(&o.name, &o.login, &o.logins, &o.owns)
	return o, err
}

// checkOwners tells of owners of protected tables that can be used to log in: no
// right can be taken from an owner for good.
func (e *exam) checkOwners(ctx context.Context) error {
	copies, err := query(ctx, e.conn, pgx.RowTo[uint32], viewsQuery+" AND c.relkind = 'm'", e.oids())
	if err != nil {
		return err
	}
	owners, err := query(ctx, e.conn, scanOwner, ownersQuery, append(e.oids(), copies...), e.gate)
	if err != nil {
		return err
	}
	for _, o := range owners {
		if len(o.logins) == 0 {
			continue
		}
		f := Finding{Object: quote(o.name), Severity: Serious,
			Message: fmt.Sprintf("%s owns %s and can be used to log in (%s): an owner reads what it owns, beside the gate",
				quote(o.name), listed(o.owns), listed(o.logins)),
			Advice: "programs that log in by it go through the gate from then on; a superuser changes the schema with SET ROLE"}
		if f.Fix, err = e.partFrom(ctx, o.name); err != nil {
			return err
		}
		if o.login {
			f.Fix = append(f.Fix, fmt.Sprintf("ALTER ROLE %s NOLOGIN;", quote(o.name)))
		}
		e.found(f)
	}
	return nil
}

// partFrom is the SQL that takes a role from its direct members through which
// somebody can log in, other than superusers and the gate's role.
func (e *exam) partFrom(ctx context.Context, role string) ([]string, error) {
	return query(ctx, e.conn, pgx.RowTo[string], `SELECT format('REVOKE %I FROM %I%s;', g.rolname, m.rolname,
			CASE WHEN $3 >= 16 AND a.grantor <> 10 THEN format(' GRANTED BY %I', b.rolname) ELSE '' END)
		FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member LEFT JOIN pg_roles b ON b.oid = a.grantor
		WHERE g.rolname = $1 AND NOT m.rolsuper AND m.oid <> $2 AND EXISTS (SELECT FROM pg_roles r
			WHERE r.rolcanlogin AND NOT r.rolsuper AND r.oid <> $2 AND pg_has_role(r.oid, m.oid, 'MEMBER')) ORDER BY 1`, role, e.gate, e.major)
}
