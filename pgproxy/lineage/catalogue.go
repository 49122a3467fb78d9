package lineage

import (
	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// Catalogue is an immutable snapshot of the guarded database's schema.
type Catalogue struct {
	sys *custody.System
	// Generation is the fingerprint of the schema at the time of loading.
	Generation string
	SearchPath string
	relations  map[string][]*relation // by bare name, all schemas
	functions  map[string][]function  // by bare name, all schemas
	operators  map[string]operator    // user-defined operators, by name
	types      map[string]typeInfo    // user-defined types and pg_catalog names
	schemas    map[string]bool        // schemas that hold declared tables
	declared   bool
	guard      guard // see guard.go
}

// relation is a table, view or anything else that can stand in FROM.
type relation struct {
	oid     uint32
	schema  string
	name    string
	kind    byte // as pg_class.relkind
	columns []attribute
	// derived are generated columns, by the columns that they are made of.
	derived map[string][]string
	// kept are categories of columns that had another name when they were declared.
	kept map[string]custody.CategorySet
	// table is the declaration, for declared tables and their partitions and parents.
	table *custody.Table
	// view is the parsed definition of views and materialised views.
	view *pg.SelectStmt
	// sensitive: declared, a guarded system relation, or a view over such or over an
	// unsafe function.
	sensitive bool
	declared  bool // sensitive because of a declared table
	system    bool
	// cascades are the relations whose rows go when a row of this one is deleted.
	cascades []*relation
	rules    bool // rules other than a view's own rewrite what is written
}

type attribute struct {
	name      string
	num       int16
	typ       uint32 // the type, as RowDescription gives it
	base      uint32 // domains resolved
	generated bool   // by an expression over other columns: COPY leaves it out
	nondet    bool   // a nondeterministic collation: equal is not identical
}

type function struct {
	schema    string
	unsafe    bool
	aggregate bool
	set       bool // gives a set of rows
	// columns of the result in FROM; nil with scalar false: unknown.
	columns []string
	scalar  bool
}

type operator struct {
	unsafe  bool
	builtin bool // takes built-in types only, so it may shadow one of PostgreSQL's own
}

type typeInfo struct {
	unsafe bool
	user   bool // not one of PostgreSQL's own
}

// System gives the declaration that the snapshot was marked with.
func (c *Catalogue) System() *custody.System { return c.sys }

// Declared says whether any table is declared at all.
func (c *Catalogue) Declared() bool { return c.declared }

// lookup finds the relations that a name may mean.
func (c *Catalogue) lookup(schema, name string) []*relation {
	all := c.relations[name]
	if schema == "" {
		return all
	}
	for i, r := range all {
		if r.schema == schema {
			return all[i : i+1 : i+1]
		}
	}
	return nil
}

func (r *relation) fullName() string { return r.schema + "." + r.name }

// category gives the categories of a column of a declared table.
func (r *relation) category(name string) custody.CategorySet {
	if r.table == nil {
		return 0
	}
	set := r.kept[name]
	if c, ok := r.table.Columns[name]; ok {
		set = custody.Categories(c)
	}
	for _, from := range r.derived[name] { // one generated column is never made of another
		if c, ok := r.table.Columns[from]; ok {
			set |= custody.Categories(c)
		}
	}
	return set
}

func (r *relation) identifier(name string) bool {
	if r.table == nil {
		return false
	}
	for _, id := range r.table.Identifiers {
		if id == name {
			return true
		}
	}
	return false
}

// Keep carries over what an earlier snapshot knew of columns that were renamed since:
// what they hold is personal data still, under whatever name, until the gate starts
// anew with a declaration that says otherwise.
func (c *Catalogue) Keep(old *Catalogue) {
	for _, list := range old.relations {
		for _, was := range list {
			if is := c.byOID(was); was.table != nil && is != nil {
				is.keep(was)
			}
		}
	}
}

func (r *relation) keep(was *relation) {
	for _, a := range was.columns {
		cats := was.category(a.name)
		for _, b := range r.columns {
			if b.num != a.num || cats&^r.category(b.name) == 0 {
				continue
			}
			if r.kept == nil {
				r.kept = map[string]custody.CategorySet{}
			}
			r.kept[b.name] |= cats
		}
	}
}

// byOID finds the relation that another snapshot has, under whatever name.
func (c *Catalogue) byOID(was *relation) *relation {
	for _, r := range c.relations[was.name] {
		if r.oid == was.oid {
			return r
		}
	}
	for _, list := range c.relations {
		for _, r := range list {
			if r.oid == was.oid {
				return r
			}
		}
	}
	return nil
}
