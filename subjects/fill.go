package subjects

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody"
)

// fillBatch is how many rows are named and indexed at a time.
const fillBatch = 10_000

// Fill reads the keys of all subjects and the identifiers in every declared table
// from a guarded database into the directory and the index. Keys that are not known
// yet get durable numbers, 10,000 at a time, so that a gate hardly ever waits for one.
// A nil index leaves identifiers out.
//
// It reads in one read-only transaction, so it sees one state of the database, and
// holds one batch in memory, whatever the size. When it is done, what the index had
// of the system gives way to what was read, all at once; until then the old serves,
// and what is added to the index meanwhile is in the new as well. After an error the
// index is as it was; keys that were numbered keep their numbers.
func Fill(ctx context.Context, conn *pgx.Conn, sys *custody.System, d *Directory, x *Index) (err error) {
	if sys.ID == 0 || sys.ID >= maxSystem {
		return custody.E(custody.CodeInvalid, "the system "+sys.Name+" has no number yet", "start custody serve with it once")
	}
	readings, err := plan(sys, x != nil, x != nil && x.Remembers(sys.ID))
	if err != nil {
		return err
	}
	era := uint64(0)
	if x != nil {
		era = x.begin(sys.ID)
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fillError(err, nil)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 0; SET LOCAL client_encoding = 'UTF8'"); err != nil {
		return fillError(err, nil)
	}
	f := &filling{system: sys.ID, d: d}
	if x != nil {
		expected, err := expect(ctx, conn.PgConn(), readings, x.of(sys.ID))
		if err != nil {
			return err
		}
		f.x = x.renew(sys.ID, expected, era)
	}
	defer func() { f.x.end(err == nil) }()
	for _, r := range readings {
		if err := f.table(ctx, conn.PgConn(), r); err != nil {
			return err
		}
	}
	return nil
}

// reading is what Fill wants of one table: the key, the identifiers, and behind them
// the other personal columns of a system of which everything is remembered.
type reading struct {
	table       *custody.Table
	columns     []string
	categories  []custody.Category
	identifiers int // how many of the columns
}

// plan lists the readings: the table of the subjects first, so that its keys are
// numbered in its order.
func plan(sys *custody.System, identifiers, all bool) ([]*reading, error) {
	var list []*reading
	for i := range sys.Tables {
		t := &sys.Tables[i]
		r := &reading{table: t}
		for _, c := range t.Identifiers {
			category, ok := t.Columns[c]
			if !ok {
				return nil, custody.E(custody.CodeInvalid, "the identifier "+c+" of "+t.FullName()+" has no category",
					"list it under columns as well, with its category")
			}
			if identifiers {
				r.columns, r.categories = append(r.columns, c), append(r.categories, category)
			}
		}
		r.identifiers = len(r.columns)
		if all {
			for _, c := range slices.Sorted(maps.Keys(t.Columns)) {
				if !slices.Contains(t.Identifiers, c) {
					r.columns, r.categories = append(r.columns, c), append(r.categories, t.Columns[c])
				}
			}
		}
		if t.Subject || len(r.columns) > 0 {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b *reading) int {
		switch {
		case a.table.Subject == b.table.Subject:
			return 0
		case a.table.Subject:
			return -1
		}
		return 1
	})
	return list, nil
}

func (r *reading) from() string {
	return " FROM " + pgx.Identifier{r.table.Schema, r.table.Name}.Sanitize()
}

// expect says how many identifiers there are to read: as many as last time and a
// few more, or as the database counts. A category that several tables hold mostly
// repeats the same values, so the largest table counts.
func expect(ctx context.Context, conn *pgconn.PgConn, list []*reading, last *holding) (int, error) {
	if last != nil {
		if n := last.current.Load().table.Load().used(); n > 0 {
			return n + n/20, nil
		}
	}
	most := map[custody.Category]int{}
	for _, r := range list {
		if r.identifiers == 0 {
			continue
		}
		here, err := r.count(ctx, conn)
		if err != nil {
			return 0, err
		}
		for c, n := range here {
			most[c] = max(most[c], n)
		}
	}
	sum := 0
	for _, n := range most {
		sum += n
	}
	return sum, nil
}

// count asks how many values a table's identifiers have, by category.
func (r *reading) count(ctx context.Context, conn *pgconn.PgConn) (map[custody.Category]int, error) {
	counts := make([]string, r.identifiers)
	for i, c := range r.columns[:r.identifiers] {
		counts[i] = "count(" + pgx.Identifier{c}.Sanitize() + ")"
	}
	result := conn.ExecParams(ctx, "SELECT "+strings.Join(counts, ", ")+r.from(), nil, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, fillError(result.Err, r.table)
	}
	here := map[custody.Category]int{}
	for i, c := range r.categories[:r.identifiers] {
		n, _ := parseInt(result.Rows[0][i])
		here[c] += int(n)
	}
	return here, nil
}

// filling is one run of Fill. A batch holds its rows one after another: the key and
// then each identifier, all in bytes, their ends in ends, -1 for NULL.
type filling struct {
	system  custody.SystemID
	d       *Directory
	x       *renewal // nil: directory only
	bytes   []byte
	ends    []int
	unknown []string
}

// table streams one table.
func (f *filling) table(ctx context.Context, conn *pgconn.PgConn, r *reading) error {
	columns := make([]string, 0, 1+len(r.columns))
	for _, c := range append([]string{r.table.Key}, r.columns...) {
		columns = append(columns, pgx.Identifier{c}.Sanitize())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rows := conn.ExecParams(ctx, "SELECT "+strings.Join(columns, ", ")+r.from(), nil, nil, nil, nil)
	for n := 1; rows.NextRow(); n++ {
		f.keep(rows.Values(), r.identifiers)
		if n%fillBatch == 0 {
			if err := f.flush(r); err != nil {
				cancel() // closing alone would read the rest of the table
				rows.Close()
				return err
			}
		}
	}
	if _, err := rows.Close(); err != nil {
		return fillError(err, r.table)
	}
	return f.flush(r)
}

// keep copies a row: the values are the connection's own. Rows without a key belong
// to nobody; values too long to be identifiers are left out, and of others only the
// beginning is learned.
func (f *filling) keep(values [][]byte, identifiers int) {
	if len(values[0]) == 0 {
		return
	}
	for i, v := range values {
		if v == nil || i > 0 && i <= identifiers && len(v) > MaxValue {
			f.ends = append(f.ends, -1)
			continue
		}
		if i > identifiers {
			v = v[:min(len(v), MaxLearned)]
		}
		f.bytes = append(f.bytes, v...)
		f.ends = append(f.ends, len(f.bytes))
	}
}

// flush numbers the keys of the batch that have no number, adds its identifiers, and
// empties it.
func (f *filling) flush(r *reading) error {
	f.unknown = f.unknown[:0]
	f.rows(len(r.columns), func(key []byte, _ [][]byte) {
		if _, ok := f.d.Lookup(f.system, key); !ok {
			f.unknown = append(f.unknown, string(key))
		}
	})
	if len(f.unknown) > 0 {
		if _, err := f.d.Assign(f.system, f.unknown); err != nil {
			return err
		}
	}
	f.rows(len(r.columns), func(key []byte, values [][]byte) {
		id, _ := f.d.Lookup(f.system, key)
		for i, v := range values {
			if v == nil {
				continue
			}
			if i < r.identifiers {
				f.x.add(id, r.categories[i], v)
			} else {
				f.x.learn(id, r.categories[i], v)
			}
		}
	})
	f.bytes, f.ends = f.bytes[:0], f.ends[:0]
	return nil
}

// rows goes through the batch.
func (f *filling) rows(columns int, do func(key []byte, values [][]byte)) {
	values := make([][]byte, 1+columns)
	at := 0
	for i := 0; i < len(f.ends); i += len(values) {
		for j, end := range f.ends[i : i+len(values)] {
			values[j] = nil
			if end >= 0 {
				values[j], at = f.bytes[at:end], end
			}
		}
		do(values[0], values[1:])
	}
}

// fillError says what to do about an error of the database. Its own text may quote
// rows, so it is kept for the log only.
func fillError(err error, t *custody.Table) error {
	where := "the database"
	if t != nil {
		where = t.FullName()
	}
	e := custody.E(custody.CodeUnavailable, "cannot read "+where, "check that the database runs and that the system's url in custody.yaml is right")
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "42P01", "42703", "3F000": // undefined table, column, schema
			e = custody.E(custody.CodeInvalid, where+" does not have the declared columns", "compare custody.yaml with the database; custody discover shows what is there")
		case "42501":
			e = custody.E(custody.CodeInvalid, "the database does not let us read "+where, "grant SELECT on it to the system's own login")
		}
	}
	e.Err = err
	return e
}
