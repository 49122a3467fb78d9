package lineage

import (
	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// column is one column of an item of FROM or of a select list.
type column struct {
	name string
	// unsure: the name was made up by the server in a way we do not imitate.
	unsure bool
	// node is the column node if the value is a bare column, else noNode.
	node node
	deps deps
	// bare: the value is a column of a table as stored, so it can be masked in place.
	bare       bool
	identifier bool
	keyOf      int // occurrence whose key column this is by origin, or -1
	tableOID   uint32
	attr       int16
	typ        uint32
	base       uint32 // type for comparing, zero if unknown
	nondet     bool
	risky      bool    // computing it tells of it, even if nobody reads it: see total.go
	hidden     bool    // the gate adds it, in the second reading
	gathers    node    // 1 + the node whose values it gathers into an array, 0: it does not
	depth      int     // of the array of keys that it holds
	over       *window // the window over which it gathers
}

// item is one entry of FROM with its own alias.
type item struct {
	id    int
	alias string
	// schema and name are set for relations without alias, for schema.table.column.
	schema, name string
	columns      []*column
	// wild: there are further columns that are not known; they depend on wildDeps.
	wild     bool
	wildDeps deps
	// base tables have system columns (ctid, xmin …).
	base bool
	// functions and scalars: a bare mention of the alias means the value itself.
	table *custody.Table
	occs  []int // occurrences of declared tables inside
}

// entry is one element of the FROM list: the items visible by name, and the columns
// visible without a name, in the order of *.
type entry struct {
	items   []*item
	columns []*column
	wild    bool
	deps    deps
	ids     []int // all items inside, those hidden by a join's alias too
	occs    []int // occurrences of declared tables inside
}

// edge says: whenever the row of to is there, from has the same value.
type edge struct{ from, to node }

// level is one SELECT, or the like, with its own FROM.
type level struct {
	parent   *level
	entries  []*entry
	edges    []edge
	occs     []int
	presence deps
	ctes     *cteScope
	windows  []window
	named    map[string]*windowSpec
	outputs  []*column     // set while ORDER BY and GROUP BY are read
	effect   string        // a function called here that leaves a trace
	end      int           // the token after its select list, 0 if nothing may be added
	covered  map[int][]int // occurrences that show through windows → columns that gather their keys
	grouped  bool          // it has GROUP BY, HAVING or an aggregate
	sets     bool          // it has grouping sets
	distinct bool          // it has DISTINCT
	list     []*pg.Node    // its select list
	arm      bool          // it is a query of a set operation
	flat     bool          // equal rows are dropped further out anyway
}

// relationResult is what a subselect gives to the level above.
type relationResult struct {
	columns  []*column
	wildFrom int // index from which positions are unknown, or -1
	wildDeps deps
	occs     []int
	keys     map[int][]int // occurrence → output columns that carry its key
	sets     map[int][]int // occurrence → output columns that gather its keys
	hidden   int           // how many of the columns the gate adds, at the end
	arms     []*level      // the queries of a set operation, or the one that it is
	presence deps
}

// systemColumns are there in every table and hold no personal data.
var systemColumns = map[string]bool{
	"ctid": true, "xmin": true, "xmax": true, "cmin": true, "cmax": true, "tableoid": true,
}

// found is the answer of a name lookup.
type found struct {
	col  *column // the one column that is meant, if it is certain
	item *item   // the item whose whole row is meant
	deps deps    // everything that may be meant
	ok   bool
}

// resolve finds a column by its bare name, innermost level first, as the server
// does. Where a level has columns that we do not know, everything that may be meant
// is taken together.
func (r *run) resolve(l *level, name string) found {
	var f found
	for at := l; at != nil; at = at.parent {
		here, matches, wild := at.match(name)
		f.deps = f.deps.union(here.deps)
		f.ok = f.ok || matches > 0 || wild
		if matches == 0 {
			continue
		}
		if matches == 1 && len(f.deps) == len(here.deps) {
			f.col = here.col
		}
		return f
	}
	if f.ok {
		return f
	}
	return r.wholeRow(l, name)
}

// match looks a bare name up in one level.
func (l *level) match(name string) (f found, matches int, wild bool) {
	for _, e := range l.entries {
		for _, c := range e.columns {
			if c.name == name && !c.unsure {
				matches++
				f.col = c
				f.deps = f.deps.union(c.deps)
			} else if c.unsure {
				wild = true
				f.deps = f.deps.union(c.deps)
			}
		}
		if e.wild {
			wild = true
			f.deps = f.deps.union(e.deps)
		}
		if matches == 0 && systemColumns[name] {
			for _, it := range e.items {
				if it.base {
					matches++
					f.col = &column{name: name, node: noNode, keyOf: -1}
				}
			}
		}
	}
	return f, matches, wild
}

// wholeRow reads a bare name as the row of an item.
func (r *run) wholeRow(l *level, name string) found {
	for at := l; at != nil; at = at.parent {
		if it := at.itemNamed("", name); it != nil {
			r.wholeRowOf(it.columns)
			return found{item: it, deps: it.all(), ok: true}
		}
	}
	return found{}
}

// itemNamed finds an item by alias, or by schema and name.
func (l *level) itemNamed(schema, name string) *item {
	for _, e := range l.entries {
		for _, it := range e.items {
			if schema == "" && it.alias == name || schema != "" && it.schema == schema && it.name == name {
				return it
			}
		}
	}
	return nil
}

// all is what the whole row depends on.
func (it *item) all() deps {
	d := it.wildDeps
	for _, c := range it.columns {
		d = d.union(c.deps)
	}
	return d
}

// column finds a column of an item; unsure says that an unknown one may be meant.
func (it *item) column(name string) (c *column, unsure deps, ok bool) {
	n := 0
	for _, x := range it.columns {
		if x.unsure {
			unsure = unsure.union(x.deps)
			ok = true
		} else if x.name == name {
			c = x
			n++
			unsure = unsure.union(x.deps)
		}
	}
	if n == 1 {
		return c, nil, true
	}
	if n == 0 && it.base && systemColumns[name] {
		return &column{name: name, node: noNode, keyOf: -1}, nil, true
	}
	if it.wild {
		return nil, unsure.union(it.wildDeps), true
	}
	return nil, unsure, ok || n > 1
}
