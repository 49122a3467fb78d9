package site

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/jackc/pgx/v5"

	"custody"
	"custody/detect"
	"custody/identity"
	"custody/ledger"
	"custody/store"
)

// Miner looks for reasons in a guarded database: paths from a customer to a person that
// explain looks in the ledger. It proposes, and changes nothing.
type Miner struct {
	Store    *store.Store
	Identity *identity.Service
	Index    *ledger.Index
	Conn     *pgx.Conn
	System   custody.SystemID
	Subjects *custody.Table // of the customers
	// Declared are the reasons in force, with which what is found is compared.
	Declared []custody.Template

	pairs  []detect.Pair
	when   []time.Time                  // of the pairs
	ids    map[string]custody.SubjectID // of the sample's customers, by key
	people map[uint32]*custody.Session
}

// Reasons is what a Miner found.
type Reasons struct {
	Coverage  detect.Coverage
	Templates []custody.Template // in the order of Coverage.Templates
	Paths     int                // that were tried
	// Declared says what the reasons in force explain; nil where none is declared.
	Declared *DeclaredReasons
}

// Bounds of what is read.
const (
	minePairs   = 100_000   // first looks, drawn from all
	minePaths   = 200       // columns that are compared
	mineRows    = 2_000_000 // of one path
	mineTimeout = 2 * time.Minute
)

// minePath is a way from the customer to a value.
type minePath struct {
	name  string // table.column of the value
	table string // schema.table
	key   string // its column with the customer's key
	link  string // a column that leads to another table; empty if the value is in the same
	to    string // the other table
	toKey string
	value string
}

// Mine reads the ledger and the database.
func (m *Miner) Mine(ctx context.Context) (*Reasons, error) {
	if err := m.sample(); err != nil {
		return nil, err
	}
	if len(m.pairs) == 0 {
		return nil, custody.E(custody.CodeNotFound, "the ledger has no look at this system yet", "reasons are found by what people looked at: try again when there are some hundred looks")
	}
	ctx, stop := context.WithTimeout(ctx, mineTimeout)
	defer stop()
	paths, err := m.paths(ctx)
	if err != nil {
		return nil, err
	}
	out := &Reasons{Paths: len(paths)}
	names := make([]string, len(paths))
	for i := range paths {
		names[i] = paths[i].name
	}
	relation := detect.NewRelation(names...)
	for i := range paths {
		if err := m.read(ctx, relation, i, &paths[i]); err != nil {
			return nil, err
		}
	}
	relation.Freeze()
	var mined []detect.Template
	mined, out.Coverage = detect.Mine(relation, m.pairs, mineFacts, m.words(relation))
	if len(m.Declared) > 0 {
		if out.Declared, err = m.declared(ctx, relation, mined); err != nil {
			return nil, err
		}
	}
	for i := range out.Coverage.Templates {
		t := &out.Coverage.Templates[i]
		out.Templates = append(out.Templates, paths[slices.Index(names, t.Column)].template(t))
	}
	return out, nil
}

var mineFacts = []string{"login", "user", "name", "branch", "organisation"}

// sample draws first looks evenly from the ledger.
func (m *Miner) sample() error {
	rng := rand.New(rand.NewPCG(1, 1))
	seen, n := map[custody.PersonID]*roaring.Bitmap{}, 0
	for _, e := range m.Index.Events(1) {
		if e.System != m.System || e.Person == 0 || e.Kind != custody.EventDisclosure || len(e.Subjects) > 50 {
			continue // a long list explains nothing
		}
		if seen[e.Person] == nil {
			seen[e.Person] = roaring.New()
		}
		for _, s := range e.Subjects {
			if !seen[e.Person].CheckedAdd(uint32(s)) {
				continue
			}
			p := detect.Pair{Person: uint32(e.Person), Subject: s}
			if n++; len(m.pairs) < minePairs {
				m.pairs, m.when = append(m.pairs, p), append(m.when, e.Time)
			} else if at := rng.IntN(n); at < minePairs {
				m.pairs[at], m.when[at] = p, e.Time
			}
		}
	}
	wanted := roaring.New()
	for _, p := range m.pairs {
		wanted.Add(uint32(p.Subject))
	}
	m.ids = map[string]custody.SubjectID{}
	for s, err := range m.Store.Subjects(m.System) {
		if err != nil {
			return err
		}
		if wanted.Contains(uint32(s.Number)) && s.Key != "" {
			m.ids[s.Key] = s.Number
		}
	}
	return m.engaged()
}

// engaged reads who works where.
func (m *Miner) engaged() error {
	all, err := m.Identity.People()
	if err != nil {
		return err
	}
	m.people = map[uint32]*custody.Session{}
	for i := range all {
		p := &all[i]
		s := &custody.Session{Login: p.Login, FullName: p.FullName}
		for _, e := range p.Engagements {
			s.Branch, s.OrgName = e.Branch, e.OrgName
		}
		m.people[uint32(p.ID)] = s
	}
	return nil
}

// words gives people's facts as words of a relation.
func (m *Miner) words(r *detect.Relation) func(uint32) detect.Person {
	list := map[uint32]detect.Person{}
	for id, s := range m.people {
		p := detect.Person{}
		for _, f := range mineFacts {
			if w := r.Known(s.PersonFact(f)); w != 0 {
				p[f] = []uint32{w}
			}
		}
		list[id] = p
	}
	return func(person uint32) detect.Person { return list[person] }
}

// keysQuery finds the columns that hold a customer's key: those that reference the table
// of the customers, those that are called like one of these or like customer_id, and the
// key of that table itself. $1 is schema, $2 table, $3 key.
const keysQuery = `WITH subject AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2),
	refs AS (SELECT k.conrelid AS rel, a.attname AS col FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
		WHERE k.contype = 'f' AND k.confrelid = (SELECT oid FROM subject) AND array_length(k.conkey, 1) = 1),
	named AS (SELECT a.attrelid AS rel, a.attname AS col FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'm', 'v') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
		AND (a.attname IN (SELECT col FROM refs) OR a.attname = regexp_replace($2, 's$', '') || '_' || $3)),
	keyed AS (SELECT rel, col FROM refs UNION SELECT rel, col FROM named UNION SELECT oid, $3 FROM subject)
	SELECT DISTINCT n.nspname, c.relname, k.col, a.attname, coalesce(fn.nspname, ''), coalesce(fc.relname, ''), coalesce(fa.attname, ''), coalesce(fv.attname, '')
	FROM keyed k JOIN pg_class c ON c.oid = k.rel JOIN pg_namespace n ON n.oid = c.relnamespace
	JOIN pg_attribute a ON a.attrelid = k.rel AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> k.col
	LEFT JOIN pg_constraint f ON f.contype = 'f' AND f.conrelid = k.rel AND f.conkey = ARRAY[a.attnum] AND f.confrelid <> (SELECT oid FROM subject)
	LEFT JOIN pg_class fc ON fc.oid = f.confrelid LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
	LEFT JOIN pg_attribute fa ON fa.attrelid = f.confrelid AND fa.attnum = f.confkey[1]
	LEFT JOIN pg_attribute fv ON fv.attrelid = f.confrelid AND fv.attnum > 0 AND NOT fv.attisdropped AND fv.atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
	WHERE has_table_privilege(c.oid, 'SELECT') AND (f.oid IS NULL OR has_table_privilege(fc.oid, 'SELECT'))
	AND (fv.attname IS NOT NULL OR a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype))
	ORDER BY 1, 2, 3, 4, 5, 6, 7, 8 LIMIT $4`

// paths lists the ways from a customer to a value that the gate's role may read.
func (m *Miner) paths(ctx context.Context) ([]minePath, error) {
	rows, err := m.Conn.Query(ctx, keysQuery, m.Subjects.Schema, m.Subjects.Name, m.Subjects.Key, minePaths)
	if err != nil {
		return nil, unreadable(err)
	}
	defer rows.Close()
	var list []minePath
	for rows.Next() {
		var schema, table, key, column, toSchema, to, toKey, value string
		if err := rows.Scan(&schema, &table, &key, &column, &toSchema, &to, &toKey, &value); err != nil {
			return nil, err
		}
		p := minePath{table: full(schema, table), key: key, value: column}
		if to != "" && value != "" {
			p.link, p.to, p.toKey, p.value = column, full(toSchema, to), toKey, value
		}
		p.name = strings.Join([]string{p.table, p.key, p.link, p.to, p.value}, ".")
		list = append(list, p)
	}
	return list, unreadable(rows.Err())
}

func unreadable(err error) error {
	if err == nil {
		return nil
	}
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the guarded database could not be read", Hint: "can the gate's role read the tables of jobs and assignments? custody setup postgres shows its rights", Err: err}
}

// full writes a table as templates do: public is left out.
func full(schema, table string) string {
	if schema == "public" {
		return table
	}
	return schema + "." + table
}

// read fills one column of the relation.
func (m *Miner) read(ctx context.Context, r *detect.Relation, column int, p *minePath) error {
	name := func(table, column string) string {
		return pgx.Identifier(append(strings.Split(table, "."), column)).Sanitize()
	}
	table := func(t string) string { return pgx.Identifier(strings.Split(t, ".")).Sanitize() }
	from, value := table(p.table), name(p.table, p.value)
	if p.to != "" {
		from += " JOIN " + table(p.to) + " ON " + name(p.table, p.link) + " = " + name(p.to, p.toKey)
		value = name(p.to, p.value)
	}
	key := name(p.table, p.key)
	rows, err := m.Conn.Query(ctx, fmt.Sprintf("SELECT %s::text, %s::text FROM %s WHERE %s IS NOT NULL AND %s <> '' LIMIT %d", key, value, from, key, value, mineRows))
	if err != nil {
		return unreadable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		if s, ok := m.ids[key]; ok && len(value) <= 256 {
			r.AddWhole(s, column, value, time.Time{}, time.Time{})
		}
	}
	return unreadable(rows.Err())
}

// template writes a path as custody.yaml has it.
func (p *minePath) template(t *detect.Mined) custody.Template {
	column := func(table, name string) custody.Column { return custody.Column{Table: table, Name: name} }
	path := []custody.Join{{Left: column(p.table, p.key), Right: column(custody.TableSubject, "key")}}
	last := p.table
	if p.to != "" {
		path = append(path, custody.Join{Left: column(p.table, p.link), Right: column(p.to, p.toKey)})
		last = p.to
	}
	path = append(path, custody.Join{Left: column(last, p.value), Right: column(custody.TablePerson, t.With)})
	name := strings.NewReplacer(".", "-", "_", "-").Replace(strings.ToLower(p.table + "-" + p.value + "-" + t.With))
	return custody.Template{Name: name, Says: fmt.Sprintf("%s.%s of the customer is the person's %s", p.table, cmp.Or(p.link, p.value), t.With), Path: path}
}
