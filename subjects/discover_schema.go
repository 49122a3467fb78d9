package subjects

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// maxTables bounds how large a schema Discover reads.
const maxTables = 5_000

// schema is the snapshot that Discover works on.
type schema struct {
	conn     *pgx.Conn
	database string
	tables   []*relation // by schema and name
	byID     map[uint32]*relation
	foreign  []foreignKey
}

// relation is a table, partitioned table, foreign table or materialised view.
type relation struct {
	oid          uint32
	schema, name string
	rows         float64 // the planner's estimate, negative if unknown
	remote       bool    // a foreign table
	denied       bool
	columns      []*column
	byNumber     map[int16]*column

	key    *column // carries the subject's key; set by reach
	reason reason
	via    string // the table through which subjects are reached, if none carries the key
	aim    string // a column of a table with the key that points here
}

func (t *relation) fullName() string { return t.schema + "." + t.name }

func (t *relation) sql() string { return pgx.Identifier{t.schema, t.name}.Sanitize() }

// column is one column with what the sample and its name say.
type column struct {
	number  int16
	name    string
	typ     string // base type, as pg_type names it: text, int8, date …
	length  int    // of varchar(n), 0 if unbounded
	notNull bool
	unique  bool // by itself
	primary bool
	foreign bool // part of a foreign key
	denied  bool // this login may not read it
	words   []string
	seen    evidence

	verdict
}

// foreignKey is one pair of columns of a foreign key.
type foreignKey struct {
	from, to *relation
	column   *column // of from
	target   *column // of to
}

// read takes the snapshot. Partitions are left to their parents.
func (s *schema) read(ctx context.Context) error {
	if err := s.conn.QueryRow(ctx, "SELECT current_database()").Scan(&s.database); err != nil {
		return fillError(err, nil)
	}
	s.byID = map[uint32]*relation{}
	for _, step := range []func(context.Context) error{s.readTables, s.readColumns, s.readUnique, s.readForeign} {
		if err := step(ctx); err != nil {
			return fillError(err, nil)
		}
	}
	return nil
}

func (s *schema) readTables(ctx context.Context) error {
	rows, err := s.conn.Query(ctx, `SELECT c.oid, n.nspname, c.relname, c.reltuples::float8, c.relkind = 'f',
			has_schema_privilege(n.oid, 'USAGE') AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'f', 'm') AND NOT c.relispartition AND c.relpersistence <> 't'
			AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
		ORDER BY 2, 3 LIMIT $1`, maxTables)
	if err != nil {
		return err
	}
	var t relation
	var may bool
	_, err = pgx.ForEachRow(rows, []any{&t.oid, &t.schema, &t.name, &t.rows, &t.remote, &may}, func() error {
		c := t
		c.denied, c.byNumber = !may, map[int16]*column{}
		s.tables, s.byID[c.oid] = append(s.tables, &c), &c
		return nil
	})
	return err
}

func (s *schema) readColumns(ctx context.Context) error {
	rows, err := s.conn.Query(ctx, `WITH RECURSIVE base AS (
			SELECT oid, oid AS root, typtypmod FROM pg_type WHERE typtype <> 'd'
			UNION ALL SELECT t.oid, b.root, greatest(t.typtypmod, b.typtypmod) FROM pg_type t JOIN base b ON t.typbasetype = b.oid WHERE t.typtype = 'd')
		SELECT a.attrelid, a.attnum, a.attname, r.typname, greatest(a.atttypmod, b.typtypmod), a.attnotnull, NOT has_column_privilege(a.attrelid, a.attnum, 'SELECT')
		FROM pg_attribute a JOIN base b ON b.oid = a.atttypid JOIN pg_type r ON r.oid = b.root
		WHERE a.attrelid = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2`, s.oids())
	if err != nil {
		return err
	}
	var c column
	var table uint32
	var typmod int
	_, err = pgx.ForEachRow(rows, []any{&table, &c.number, &c.name, &c.typ, &typmod, &c.notNull, &c.denied}, func() error {
		n, t := c, s.byID[table]
		n.words = words(n.name)
		if (n.typ == "varchar" || n.typ == "bpchar") && typmod > 4 {
			n.length = typmod - 4
		}
		t.columns, t.byNumber[n.number] = append(t.columns, &n), &n
		return nil
	})
	return err
}

func (s *schema) oids() []uint32 {
	list := make([]uint32, len(s.tables))
	for i, t := range s.tables {
		list[i] = t.oid
	}
	return list
}

// readUnique marks columns that are unique by themselves.
func (s *schema) readUnique(ctx context.Context) error {
	rows, err := s.conn.Query(ctx, `SELECT indrelid, indkey[0], indisprimary FROM pg_index
		WHERE indrelid = ANY($1) AND indisunique AND indisvalid AND indnkeyatts = 1 AND indkey[0] > 0 AND indpred IS NULL`, s.oids())
	if err != nil {
		return err
	}
	var table uint32
	var number int16
	var primary bool
	_, err = pgx.ForEachRow(rows, []any{&table, &number, &primary}, func() error {
		if c := s.byID[table].byNumber[number]; c != nil {
			c.unique, c.primary = true, c.primary || primary
		}
		return nil
	})
	return err
}

func (s *schema) readForeign(ctx context.Context) error {
	rows, err := s.conn.Query(ctx, `SELECT conrelid, confrelid, f.a, f.b FROM pg_constraint, unnest(conkey, confkey) AS f (a, b)
		WHERE contype = 'f' AND conrelid = ANY($1) AND confrelid = ANY($1) ORDER BY conrelid, f.a`, s.oids())
	if err != nil {
		return err
	}
	var from, to uint32
	var a, b int16
	_, err = pgx.ForEachRow(rows, []any{&from, &to, &a, &b}, func() error {
		k := foreignKey{from: s.byID[from], to: s.byID[to]}
		k.column, k.target = k.from.byNumber[a], k.to.byNumber[b]
		if k.column == nil || k.target == nil {
			return fmt.Errorf("a foreign key names a column that is not there")
		}
		k.column.foreign = true
		s.foreign = append(s.foreign, k)
		return nil
	})
	return err
}

// words parts a name at underscores, spaces, figures and changes of case, and puts
// its words in lower case: customerID, CUSTOMER_ID and "Customer Id" are one.
func words(name string) []string {
	var b strings.Builder
	var before rune
	list := []rune(name)
	for i, r := range list {
		upper, lower := r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z'
		nextLower := i+1 < len(list) && list[i+1] >= 'a' && list[i+1] <= 'z'
		wasLower := before >= 'a' && before <= 'z'
		wasUpper := before >= 'A' && before <= 'Z'
		if upper && (wasLower || wasUpper && nextLower) {
			b.WriteByte(' ')
		}
		if upper || lower || r > 127 {
			b.WriteRune(r)
		} else {
			b.WriteByte(' ')
		}
		before = r
	}
	return strings.Fields(strings.ToLower(b.String()))
}
