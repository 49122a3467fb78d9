package lineage

import (
	"context"
	"fmt"
	"slices"

	"custody"

	"github.com/jackc/pgx/v5"
)

// LoadCatalogue takes a snapshot of the schema in one read-only transaction and
// marks what the system declares. It fails with a hint if a declared table or
// column does not exist.
func LoadCatalogue(ctx context.Context, conn *pgx.Conn, sys *custody.System) (*Catalogue, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, unreadable(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	b := &builder{ctx: ctx, tx: tx, cat: &Catalogue{sys: sys, declared: len(sys.Tables) > 0,
		relations: map[string][]*relation{}, functions: map[string][]function{},
		operators: map[string]operator{}, types: map[string]typeInfo{}, schemas: map[string]bool{}},
		byOID: map[uint32]*relation{}, unsafe: map[uint32]bool{}, base: map[uint32]uint32{}}
	for _, step := range []func() error{b.start, b.domains, b.loadRelations, b.columns, b.generated, b.inherits, b.foreign, b.loadFunctions,
		b.aggregates, b.loadOperators, b.loadTypes, b.declare, b.views} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b.cat, nil
}

func unreadable(err error) error {
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the schema of the guarded database cannot be read",
		Hint: "check that the upstream role may connect and read pg_catalog", Err: err}
}

// builder holds what is needed only while loading.
type builder struct {
	ctx    context.Context
	tx     pgx.Tx
	cat    *Catalogue
	byOID  map[uint32]*relation
	kids   [][2]uint32 // child, parent
	unsafe map[uint32]bool
	base   map[uint32]uint32
	defs   []viewDef
}

type viewDef struct {
	rel  *relation
	text string
}

// query runs one query and calls fn for each row.
func (b *builder) query(sql string, fn func(rows pgx.Rows) error, args ...any) error {
	rows, err := b.tx.Query(b.ctx, sql, args...)
	if err != nil {
		return unreadable(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return unreadable(err)
		}
	}
	if rows.Err() != nil {
		return unreadable(rows.Err())
	}
	return nil
}

// start notes the generation and search path, then empties the search path so that
// definitions are printed with every name qualified.
func (b *builder) start() error {
	err := b.tx.QueryRow(b.ctx, "SELECT current_setting('search_path'), ("+FingerprintSQL+")").
		Scan(&b.cat.SearchPath, &b.cat.Generation)
	if err == nil {
		_, err = b.tx.Exec(b.ctx, "SET LOCAL search_path = ''")
	}
	if err != nil {
		return unreadable(err)
	}
	return nil
}

func (b *builder) domains() error {
	return b.query(`SELECT oid, typbasetype FROM pg_type WHERE typtype = 'd'`, func(rows pgx.Rows) error {
		var oid, base uint32
		err := rows.Scan(&oid, &base)
		b.base[oid] = base
		return err
	})
}

func (b *builder) baseOf(oid uint32) uint32 {
	for range 20 {
		next, ok := b.base[oid]
		if !ok {
			return oid
		}
		oid = next
	}
	return 0
}

func (b *builder) loadRelations() error {
	return b.query(`SELECT c.oid, n.nspname, c.relname, c.relkind::text, n.nspname IN ('pg_catalog', 'information_schema') AND c.oid < 16384,
		CASE WHEN c.relkind IN ('v', 'm') AND c.oid >= 16384 THEN pg_get_viewdef(c.oid) END,
		c.relhasrules AND EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_type <> '1' AND w.oid >= 16384)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
		ORDER BY c.oid`, func(rows pgx.Rows) error {
		r := &relation{}
		var kind string
		var def *string
		if err := rows.Scan(&r.oid, &r.schema, &r.name, &kind, &r.system, &def, &r.rules); err != nil {
			return err
		}
		r.kind = kind[0]
		r.sensitive = r.system && guardedSystem[r.name] && b.cat.declared
		b.cat.relations[r.name] = append(b.cat.relations[r.name], r)
		b.byOID[r.oid] = r
		if def != nil {
			b.defs = append(b.defs, viewDef{r, *def})
		}
		return nil
	})
}

func (b *builder) columns() error {
	return b.query(`SELECT a.attrelid, a.attname, a.attnum, a.atttypid, a.attgenerated <> '', coalesce(NOT l.collisdeterministic, false)
		FROM pg_attribute a LEFT JOIN pg_collation l ON l.oid = a.attcollation
		WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`, func(rows pgx.Rows) error {
		var rel uint32
		var a attribute
		if err := rows.Scan(&rel, &a.name, &a.num, &a.typ, &a.generated, &a.nondet); err != nil {
			return err
		}
		a.base = b.baseOf(a.typ)
		if r := b.byOID[rel]; r != nil {
			r.columns = append(r.columns, a)
		}
		return nil
	})
}

// generated notes which columns each generated column is made of: it holds their
// categories, whatever is declared.
func (b *builder) generated() error {
	return b.query(`SELECT a.attrelid, a.attname, f.attname FROM pg_attribute a
		JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
		JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid > 0 AND d.refobjsubid <> a.attnum
			AND (d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid OR d.classid = 'pg_class'::regclass AND d.objid = a.attrelid AND d.objsubid = a.attnum)
		JOIN pg_attribute f ON f.attrelid = a.attrelid AND f.attnum = d.refobjsubid
		WHERE a.attgenerated <> ''`, func(rows pgx.Rows) error {
		var rel uint32
		var name, from string
		if err := rows.Scan(&rel, &name, &from); err != nil {
			return err
		}
		if r := b.byOID[rel]; r != nil {
			if r.derived == nil {
				r.derived = map[string][]string{}
			}
			r.derived[name] = append(r.derived[name], from)
		}
		return nil
	})
}

func (b *builder) inherits() error {
	return b.query(`SELECT inhrelid, inhparent FROM pg_inherits`, func(rows pgx.Rows) error {
		var pair [2]uint32
		err := rows.Scan(&pair[0], &pair[1])
		b.kids = append(b.kids, pair)
		return err
	})
}

// foreign notes which rows go with others.
func (b *builder) foreign() error {
	return b.query(`SELECT confrelid, conrelid FROM pg_constraint WHERE contype = 'f' AND confdeltype = 'c'`, func(rows pgx.Rows) error {
		var parent, child uint32
		if err := rows.Scan(&parent, &child); err != nil {
			return err
		}
		if p, c := b.byOID[parent], b.byOID[child]; p != nil && c != nil {
			p.cascades = append(p.cascades, c)
		}
		return nil
	})
}

// declare marks the declared tables, their partitions and their parents: reading a
// parent reads its children's rows.
func (b *builder) declare() error {
	sys := b.cat.sys
	for i := range sys.Tables {
		t := &sys.Tables[i]
		found := b.cat.lookup(schemaOf(t), t.Name)
		if len(found) == 0 {
			return custody.E(custody.CodeNotFound, "the declared table "+schemaOf(t)+"."+t.Name+" does not exist in the database of system "+sys.Name,
				"correct its schema and name in custody.yaml, or run custody discover")
		}
		rel := found[0]
		if err := rel.hasColumns(t); err != nil {
			return err
		}
		rel.table, rel.sensitive, rel.declared = t, true, true
		b.cat.schemas[rel.schema] = true
	}
	for grown := true; grown; {
		grown = false
		for _, k := range b.kids {
			grown = mark(b.byOID[k[0]], b.byOID[k[1]]) || mark(b.byOID[k[1]], b.byOID[k[0]]) || grown
		}
	}
	return nil
}

func mark(to, from *relation) bool {
	if to == nil || from == nil || from.table == nil || to.table != nil {
		return false
	}
	to.table, to.sensitive, to.declared = from.table, true, true
	return true
}

func schemaOf(t *custody.Table) string {
	if t.Schema == "" {
		return "public"
	}
	return t.Schema
}

// hasColumns checks a declaration against the table.
func (r *relation) hasColumns(t *custody.Table) error {
	names := append([]string{t.Key}, t.Identifiers...)
	for n := range t.Columns {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if !slices.ContainsFunc(r.columns, func(a attribute) bool { return a.name == n }) {
			return custody.E(custody.CodeNotFound, fmt.Sprintf("the declared table %s has no column %q", r.fullName(), n),
				"correct the column in custody.yaml, or run custody discover")
		}
	}
	return nil
}
