package site

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// roleQuery asks what the gate's role in the database can do beyond reading and
// writing tables.
const roleQuery = `SELECT r.rolsuper, r.rolcreaterole OR r.rolcreatedb, r.rolreplication,
	EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'),
	has_schema_privilege(r.oid, 'public', 'CREATE')
	FROM pg_roles r WHERE r.rolname = current_user`

// warnOfRole says in the log when the gate's role can do more than it needs: what
// the gate refuses is then refused by the gate alone and not by the database too.
func (s *Site) warnOfRole(ctx context.Context, conn *pgx.Conn, system string) error {
	var can [5]bool
	if err := conn.QueryRow(ctx, roleQuery).Scan(&can[0], &can[1], &can[2], &can[3], &can[4]); err != nil {
		return err
	}
	for i, what := range []string{"is a superuser", "may make roles or databases", "may replicate", "owns tables", "may create in schema public"} {
		if can[i] {
			s.o.Log.Warn("the gate's role in the database can do more than it needs", "system", system, "role", what,
				"hint", "make a role that only reads and writes the tables: see docs/guide.md, Declaring a system")
		}
	}
	return nil
}
