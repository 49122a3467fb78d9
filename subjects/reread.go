package subjects

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody"
)

// MaxReread is how many customers one Reread may be asked for.
const MaxReread = 1000

// Reread reads what names a few customers now, after a change, and settles it in the
// index: what named them before does so no more. Their transaction must have ended.
// The connection should be used for nothing else meanwhile.
func Reread(ctx context.Context, conn *pgx.Conn, sys *custody.System, x *Index, customers []Entry) error {
	readings, err := plan(sys, true, x.Remembers(sys.ID))
	if err != nil {
		return err
	}
	if len(customers) > MaxReread {
		return custody.E(custody.CodeTooLarge, "too many customers to be read again at once", "fill the index anew")
	}
	era := x.Era(sys.ID) // before the view of the database is taken
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fillError(err, nil)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	names, others := make(map[string][]Name, len(customers)), map[string][]Name{}
	for _, c := range customers {
		names[c.Key] = nil
	}
	keys := keyList(customers)
	for _, r := range readings {
		if len(r.columns) == 0 {
			continue
		}
		if err := r.reread(ctx, conn.PgConn(), keys, names, others); err != nil {
			return err
		}
	}
	for _, c := range customers {
		x.Settle(sys.ID, c.Subject, names[c.Key], era)
		if x.Remembers(sys.ID) {
			x.Learn(sys.ID, c.Subject, others[c.Key], era)
		}
	}
	return nil
}

// reread collects the identifiers, and the other values that are read, in one table of
// the customers with these keys.
func (r *reading) reread(ctx context.Context, conn *pgconn.PgConn, keys string, names, others map[string][]Name) error {
	key := pgx.Identifier{r.table.Key}.Sanitize()
	columns := key
	for _, c := range r.columns {
		columns += ", " + pgx.Identifier{c}.Sanitize()
	}
	// The parameter takes the type of the key's column, so its index serves.
	rows := conn.ExecParams(ctx, "SELECT "+columns+r.from()+" WHERE "+key+" = ANY($1)", [][]byte{[]byte(keys)}, nil, nil, nil)
	for rows.NextRow() {
		values := rows.Values()
		known, ok := names[string(values[0])]
		if !ok {
			continue
		}
		for i, v := range values[1:] {
			if v != nil && i >= r.identifiers {
				v = v[:min(len(v), MaxLearned)]
				others[string(values[0])] = append(others[string(values[0])], Name{r.categories[i], append([]byte(nil), v...)})
			} else if v != nil && len(v) <= MaxValue {
				known = append(known, Name{r.categories[i], append([]byte(nil), v...)})
			}
		}
		names[string(values[0])] = known
	}
	if _, err := rows.Close(); err != nil {
		return fillError(err, r.table)
	}
	return nil
}

// keyList writes keys as the text of an array.
func keyList(customers []Entry) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, c := range customers {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for _, ch := range []byte(c.Key) {
			if ch == '"' || ch == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(ch)
		}
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}
