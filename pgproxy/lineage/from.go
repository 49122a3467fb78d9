package lineage

import (
	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// from reads the FROM list of a level.
func (r *run) from(l *level, list []*pg.Node) {
	for _, n := range list {
		l.entries = append(l.entries, r.fromItem(l, n))
	}
}

// fromItem reads one element of FROM. Items to its left are visible to LATERAL.
func (r *run) fromItem(l *level, n *pg.Node) *entry {
	switch x := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		return r.single(r.rangeVar(l, x.RangeVar))
	case *pg.Node_RangeSubselect:
		return r.rangeSubselect(l, x.RangeSubselect)
	case *pg.Node_JoinExpr:
		return r.join(l, x.JoinExpr)
	case *pg.Node_RangeFunction:
		return r.rangeFunction(l, x.RangeFunction)
	case *pg.Node_RangeTableSample:
		e := r.fromItem(l, x.RangeTableSample.Relation)
		d := r.exprs(l, x.RangeTableSample.Args).union(r.expr(l, x.RangeTableSample.Repeatable))
		r.checkFunction(strs(x.RangeTableSample.Method), false)
		r.decides(l, d)
		return e
	case *pg.Node_RangeTableFunc:
		t := x.RangeTableFunc
		d := r.expr(l, t.Docexpr).union(r.expr(l, t.Rowexpr)).union(r.exprs(l, t.Namespaces)).union(r.children(l, t.Columns))
		r.decides(l, d)
		var names []string
		for _, c := range t.Columns {
			names = append(names, c.GetRangeTableFuncCol().GetColname())
		}
		e := r.opaqueItem(t.Alias, d, names)
		e.wild, e.items[0].wild = false, false
		return e
	case *pg.Node_JsonTable:
		d := r.reflect(l, n)
		r.decides(l, d)
		return r.opaqueItem(x.JsonTable.Alias, d, nil)
	}
	r.refuseNear(refuseConstruct("this form of FROM"))
	return r.opaqueItem(nil, r.reflect(l, n), nil)
}

// single makes the entry of one item.
func (r *run) single(it *item) *entry {
	return &entry{items: []*item{it}, columns: it.columns, wild: it.wild, deps: it.wildDeps,
		ids: []int{it.id}, occs: it.occs}
}

// newItem numbers an item.
func (r *run) newItem(alias string) *item {
	r.items++
	return &item{id: r.items, alias: alias}
}

// opaqueItem is an item whose columns are unknown beyond those that it names; all
// depend on d.
func (r *run) opaqueItem(a *pg.Alias, d deps, names []string) *entry {
	it := r.newItem(a.GetAliasname())
	if cols := a.GetColnames(); len(cols) > 0 {
		names = mergeNames(names, strs(cols))
	}
	for _, n := range names {
		it.columns = append(it.columns, &column{name: n, node: noNode, deps: d, keyOf: -1})
	}
	it.wild = true
	it.wildDeps = d
	return r.single(it)
}

// mergeNames renames the first columns by an alias list.
func mergeNames(names, alias []string) []string {
	out := append([]string(nil), alias...)
	if len(names) > len(alias) {
		out = append(out, names[len(alias):]...)
	}
	return out
}

// rangeVar reads a name in FROM: a CTE, a view, a declared table or another relation.
func (r *run) rangeVar(l *level, v *pg.RangeVar) *item {
	alias := v.Relname
	if v.Alias != nil {
		alias = v.Alias.Aliasname
	}
	if v.Schemaname == "" {
		if c := l.cte(v.Relname); c != nil {
			return r.cteItem(l, c, alias, v.Alias)
		}
	}
	rel := r.relationOf(v)
	it := r.newItem(alias)
	if v.Alias == nil {
		it.schema, it.name = v.Schemaname, v.Relname
		if rel != nil {
			it.schema = rel.schema
		}
	}
	switch {
	case rel == nil:
		it.wild = true
	case rel.system && rel.sensitive:
		r.systemItem(l, it, rel)
	case rel.sensitive && rel.table == nil:
		r.viewItem(l, it, rel)
	default:
		r.tableItem(l, it, rel, alias)
	}
	r.rename(it, v.Alias)
	return it
}

// relationOf finds what a name means. Nil: unknown to the snapshot.
func (r *run) relationOf(v *pg.RangeVar) *relation {
	all := r.cat.lookup(v.Schemaname, v.Relname)
	if v.Schemaname == "pg_temp" {
		all = nil
	}
	if len(all) == 0 {
		r.unknown = true
		return nil
	}
	pick := all[0]
	sensitive := 0
	for _, rel := range all {
		if rel.sensitive {
			sensitive++
			pick = rel
		}
	}
	if sensitive == 0 && len(all) > 1 {
		return r.mergeFree(all)
	}
	if sensitive > 0 {
		r.touches = r.touches || pick.declared
		if len(all) > 1 && (sensitive > 1 || !sameColumns(all)) {
			r.refuse(refuseAmbiguous(v.Relname, pick.schema))
		}
	}
	return pick
}

// mergeFree stands for one of several relations without personal data.
func (r *run) mergeFree(all []*relation) *relation {
	if sameColumns(all) {
		return all[0]
	}
	return nil
}

func sameColumns(all []*relation) bool {
	for _, rel := range all[1:] {
		if len(rel.columns) != len(all[0].columns) {
			return false
		}
		for i, c := range rel.columns {
			if c.name != all[0].columns[i].name {
				return false
			}
		}
	}
	return true
}

// tableItem fills an item from a table.
func (r *run) tableItem(l *level, it *item, rel *relation, alias string) {
	occ := -1
	it.table = rel.table
	it.base = rel.kind != 'v'
	if rel.table != nil {
		occ = len(r.occs)
		r.occs = append(r.occs, &occurrence{table: rel.table, alias: alias})
		l.occs = append(l.occs, occ)
		it.occs = append(it.occs, occ)
	}
	for i := range rel.columns {
		a := &rel.columns[i]
		c := &column{name: a.name, node: r.newNode(l, it.id), bare: true, keyOf: -1,
			tableOID: rel.oid, attr: a.num, typ: a.typ, base: a.base, nondet: a.nondet}
		if occ >= 0 {
			c.deps = c.deps.add(occ, rel.category(a.name))
			c.identifier = rel.identifier(a.name)
			if a.name == rel.table.Key {
				c.keyOf = occ
				r.occs[occ].carriers = append(r.occs[occ].carriers, c.node)
			}
		}
		it.columns = append(it.columns, c)
	}
}

// rename applies an alias's column list.
func (r *run) rename(it *item, a *pg.Alias) {
	names := strs(a.GetColnames())
	if len(names) > 0 {
		r.wholeRowOf(it.columns[:min(len(names), len(it.columns))]) // would name what was added
	}
	for i, c := range it.columns {
		if i < len(names) {
			renamed := *c
			renamed.name, renamed.unsure = names[i], false
			it.columns[i] = &renamed
		}
	}
	for i := len(it.columns); i < len(names); i++ {
		it.columns = append(it.columns, &column{name: names[i], node: noNode, deps: it.wildDeps, keyOf: -1})
	}
}

// rangeSubselect reads a subselect in FROM.
func (r *run) rangeSubselect(l *level, s *pg.RangeSubselect) *entry {
	parent := l.parent
	if s.Lateral {
		parent = l
	}
	sel := s.Subquery.GetSelectStmt()
	if sel == nil {
		r.refuseNear(refuseConstruct("this subselect"))
		return r.opaqueItem(s.Alias, r.reflect(l, s.Subquery), nil)
	}
	res := r.selectStmt(parent, l.ctes, sel)
	it := r.newItem(s.Alias.GetAliasname())
	r.derive(l, it, res)
	r.rename(it, s.Alias)
	return r.single(it)
}

// derive makes an item of a subselect's answer: fresh nodes, and the occurrences
// inside are carried by them.
func (r *run) derive(l *level, it *item, res *relationResult) {
	for i, c := range res.columns {
		d := *c
		if d.risky {
			r.decides(l, d.deps)
			d.risky = false
		}
		d.gathers = 0
		d.node = r.newNode(l, it.id)
		if c.node != noNode && r.nodes[c.node].level != nil && r.above(l, r.nodes[c.node].level) {
			// A column of an outer level passed through: it stays equal to it.
			l.edges = append(l.edges, edge{c.node, d.node})
		}
		if res.wildFrom >= 0 && i >= res.wildFrom {
			d.base = 0
		}
		it.columns = append(it.columns, &d)
	}
	it.wild = res.wildFrom >= 0
	it.wildDeps = res.wildDeps
	for _, o := range res.occs {
		for _, i := range res.keys[o] {
			r.occs[o].carriers = append(r.occs[o].carriers, it.columns[i].node)
		}
		for _, i := range res.sets[o] {
			r.occs[o].sets = append(r.occs[o].sets, it.columns[i].node)
		}
	}
	l.occs = append(l.occs, res.occs...)
	it.occs = append(it.occs, res.occs...)
	l.presence = l.presence.union(res.presence)
}

// above says whether outer is l or one of its parents.
func (r *run) above(l, outer *level) bool {
	for at := l; at != nil; at = at.parent {
		if at == outer {
			return true
		}
	}
	return false
}

// rangeFunction reads a function in FROM.
func (r *run) rangeFunction(l *level, f *pg.RangeFunction) *entry {
	var d deps
	var names []string
	known := len(f.Coldeflist) > 0 || len(f.Functions) == 1
	for _, n := range f.Functions {
		pair := n.GetList().GetItems()
		if len(pair) == 0 {
			continue
		}
		d = d.union(r.expr(l, pair[0]))
		cols, ok := r.functionColumns(pair[0], f.Alias)
		known = known && (ok || len(f.Coldeflist) > 0)
		names = append(names, cols...)
	}
	if len(f.Coldeflist) > 0 {
		names = nil
		for _, n := range f.Coldeflist {
			names = append(names, n.GetColumnDef().GetColname())
		}
	}
	r.decides(l, d) // how many rows a function gives depends on what it is given
	if f.Ordinality && known {
		names = append(names, "ordinality")
	}
	e := r.opaqueItem(f.Alias, d, names)
	if known {
		e.wild, e.items[0].wild = false, false
	}
	return e
}

// keyColumn names the key as people should add it.
func keyColumn(t *custody.Table, alias string) string {
	if alias == "" {
		alias = t.Name
	}
	return alias + "." + t.Key
}
