package doctor

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"custody"
)

// table is a protected relation, as the catalogue has it.
type table struct {
	oid   uint32
	name  string // quoted as SQL wants it, with its schema
	owner uint32
}

// protected finds the declared tables, their partitions and the tables that inherit
// from them: each has rights of its own.
func protected(ctx context.Context, conn *pgx.Conn, sys *custody.System) ([]table, error) {
	var schemas, names []string
	for i := range sys.Tables {
		schemas, names = append(schemas, sys.Tables[i].Schema), append(names, sys.Tables[i].Name)
	}
	return query(ctx, conn, scanTable, `WITH RECURSIVE t (oid) AS (
		SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN unnest($1::text[], $2::text[]) AS d (schema, name) ON d.schema = n.nspname AND d.name = c.relname
			WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
		UNION SELECT i.inhrelid FROM pg_inherits i JOIN t ON i.inhparent = t.oid)
		SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relowner
		FROM t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 2`, schemas, names)
}

func scanTable(rows pgx.CollectableRow) (t table, err error) {
	err = rows.Scan(&t.oid, &t.name, &t.owner)
	return t, err
}

// oids lists the numbers of the protected relations.
func (e *exam) oids() []uint32 {
	list := make([]uint32, len(e.tables))
	for i := range e.tables {
		list[i] = e.tables[i].oid
	}
	return list
}

// query reads all rows.
func query[T any](ctx context.Context, conn *pgx.Conn, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// quote writes a name as SQL wants it.
func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// grantee writes the receiver of a right; PUBLIC is everybody.
func grantee(role string) string {
	if role == "" {
		return "PUBLIC"
	}
	return quote(role)
}

// maxListed is how many names a message lists.
const maxListed = 6

// listed joins names for a message.
func listed(names []string) string {
	if len(names) > maxListed {
		return strings.Join(names[:maxListed], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}
