package lineage

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// selectStmt reads a SELECT, VALUES or set operation below a level.
func (r *run) selectStmt(parent *level, ctes *cteScope, s *pg.SelectStmt) *relationResult {
	if s == nil || !r.enter() {
		return &relationResult{wildFrom: 0, keys: map[int][]int{}}
	}
	defer r.leave()
	if s.IntoClause != nil {
		r.refuseNear(refuseInto())
	}
	l := &level{parent: parent, ctes: r.with(parent, ctes, s.WithClause), arm: r.arm, flat: r.flat}
	r.arm, r.flat = false, false
	switch {
	case s.Op != pg.SetOperation_SETOP_NONE:
		return r.setOperation(l, s)
	case len(s.ValuesLists) > 0:
		return r.values(l, s)
	}
	l.end, l.list = r.listEnd(s.TargetList), s.TargetList
	l.sets, l.distinct = hasGroupingSets(s.GroupClause), isDistinct(s.DistinctClause)
	l.grouped = len(s.GroupClause) > 0 || s.HavingClause != nil
	r.from(l, s.FromClause)
	if len(s.FromClause) > 1 {
		r.restrict(l.occs)
	}
	if s.WhereClause != nil {
		before := len(l.occs)
		r.decides(l, r.condition(l, s.WhereClause, nil))
		if mentionsColumn(s.WhereClause) {
			r.restrict(l.occs[:before])
		}
	}
	res := &relationResult{wildFrom: -1, keys: map[int][]int{}}
	r.windowClause(l, s.WindowClause)
	r.targets(l, s.TargetList, res)
	r.grouping(l, s, res)
	r.ordering(l, s, res)
	r.limits(l, s)
	r.finishLevel(l, res, l.sets)
	res.arms = []*level{l}
	return res
}

// limits reads LIMIT and OFFSET.
func (r *run) limits(l *level, s *pg.SelectStmt) {
	r.decides(l, r.expr(l, s.LimitCount).union(r.expr(l, s.LimitOffset)))
	if s.LimitCount != nil && !s.LimitCount.GetAConst().GetIsnull() {
		r.restrict(l.occs)
	}
}

// targets reads a select list.
func (r *run) targets(l *level, list []*pg.Node, res *relationResult) {
	for _, n := range list {
		t := n.GetResTarget()
		if t == nil {
			r.refuseNear(refuseConstruct("this select list"))
			continue
		}
		r.target(l, t, res)
	}
	l.outputs = res.columns
}

// target reads one entry of a select list.
func (r *run) target(l *level, t *pg.ResTarget, res *relationResult) {
	if r.hiddenTarget(l, t, res) {
		return
	}
	if ref := t.Val.GetColumnRef(); ref != nil {
		if isStar(ref) {
			r.star(l, ref, res)
			return
		}
		f := r.columnRef(l, ref)
		name, unsure := outputName(t)
		if f.col != nil {
			c := *f.col
			c.name, c.unsure = name, unsure
			if len(f.deps) != len(c.deps) || f.deps.categories() != c.deps.categories() {
				c.bare = false
			}
			c.deps = f.deps
			res.columns = append(res.columns, &c)
			return
		}
		res.columns = append(res.columns, &column{name: name, unsure: unsure, node: noNode, deps: f.deps, keyOf: -1})
		return
	}
	if x := t.Val.GetAIndirection(); x != nil && endsInStar(x.Indirection) {
		r.fieldStar(l, x, res)
		return
	}
	name, unsure := outputName(t)
	d := r.expr(l, t.Val)
	c := &column{name: name, unsure: unsure, node: noNode, deps: d, keyOf: -1, risky: r.risky(l, t.Val, d)}
	if n := r.sameValue(l, t.Val); n != nil {
		c.node, c.base, c.typ, c.nondet = n.node, oidText, oidText, n.nondet
	}
	res.columns = append(res.columns, c)
}

// fieldStar expands (item).*; of other composite values the columns are not known.
func (r *run) fieldStar(l *level, x *pg.A_Indirection, res *relationResult) {
	if ref := x.Arg.GetColumnRef(); ref != nil && len(x.Indirection) == 1 && !isStar(ref) {
		if f := r.columnRef(l, ref); f.item != nil {
			r.wholeRowOf(f.item.columns)
			res.expand(f.item.columns, f.item.wild, f.item.wildDeps)
			return
		}
	}
	res.open(r.expr(l, x.Arg).union(r.exprs(l, x.Indirection)))
}

// sameValue recognises key::text and the like: the text of a key is still the key.
func (r *run) sameValue(l *level, n *pg.Node) *column {
	cast := n.GetTypeCast()
	if cast == nil || cast.Arg.GetColumnRef() == nil {
		return nil
	}
	name := strs(cast.TypeName.GetNames())
	last := name[len(name)-1]
	plainType := last == "text" || last == "varchar"
	if len(name) == 2 && name[0] != "pg_catalog" || !plainType || len(cast.TypeName.Typmods)+len(cast.TypeName.ArrayBounds) > 0 {
		return nil
	}
	if r.cat.types[last].user {
		return nil
	}
	f := r.columnRef(l, cast.Arg.GetColumnRef())
	if f.col == nil || f.col.node == noNode {
		return nil
	}
	switch family(f.col.base) {
	case oidInt8, oidText, oidUUID:
		return f.col
	}
	return nil
}

// open says that from here on the positions of columns are unknown.
func (res *relationResult) open(d deps) {
	if res.wildFrom < 0 {
		res.wildFrom = len(res.columns)
	}
	res.wildDeps = res.wildDeps.union(d)
}

func isStar(ref *pg.ColumnRef) bool {
	return len(ref.Fields) > 0 && ref.Fields[len(ref.Fields)-1].GetAStar() != nil
}

func endsInStar(list []*pg.Node) bool {
	return len(list) > 0 && list[len(list)-1].GetAStar() != nil
}

// star expands * and item.*.
func (r *run) star(l *level, ref *pg.ColumnRef, res *relationResult) {
	if len(ref.Fields) == 1 {
		r.plainStar(l, ref, l.entries)
		for _, e := range l.entries {
			res.expand(e.columns, e.wild, e.deps)
		}
		return
	}
	it := r.itemOf(l, strs(ref.Fields[:len(ref.Fields)-1]))
	if it == nil {
		r.unknownColumn("*")
		res.open(nil)
		return
	}
	r.plainStar(l, ref, []*entry{r.single(it)})
	res.expand(it.columns, it.wild, it.wildDeps)
}

func (res *relationResult) expand(columns []*column, wild bool, d deps) {
	for _, c := range columns {
		if c.hidden {
			continue
		}
		copied := *c
		res.columns = append(res.columns, &copied)
	}
	if wild {
		res.open(d)
	}
}

// ordering reads ORDER BY and DISTINCT ON.
func (r *run) ordering(l *level, s *pg.SelectStmt, res *relationResult) {
	for _, n := range s.SortClause {
		r.decides(l, r.sortKey(l, n, res))
	}
	for _, n := range s.DistinctClause {
		if n.GetNode() != nil {
			r.decides(l, r.outputRef(l, n, res))
		} else {
			r.distinct(l, res)
		}
	}
}

// distinct reads SELECT DISTINCT: how many rows there are depends on every column,
// used or not. Bare columns may still be masked: rows with the same key tell nothing
// of each other.
func (r *run) distinct(l *level, res *relationResult) {
	for _, c := range res.columns {
		r.use(c.deps, !c.bare)
	}
	r.use(res.wildDeps, true)
	d := res.all()
	for _, x := range d {
		r.occs[x.occ].presence |= x.cats
	}
	l.presence = l.presence.union(d)
}

func (r *run) sortKey(l *level, n *pg.Node, res *relationResult) deps {
	by := n.GetSortBy()
	if by == nil {
		return r.expr(l, n)
	}
	return r.outputRef(l, by.Node, res).union(r.operator(by.UseOp))
}

// outputRef reads an expression of ORDER BY, GROUP BY or DISTINCT ON, where a bare
// name or a number may mean an output column.
func (r *run) outputRef(l *level, n *pg.Node, res *relationResult) deps {
	if k := n.GetAConst(); k != nil {
		i := int(k.GetIval().GetIval())
		if res.wildFrom >= 0 && i > res.wildFrom {
			return res.all()
		}
		if i >= 1 && i <= len(res.columns) {
			return res.columns[i-1].deps
		}
		return nil
	}
	ref := n.GetColumnRef()
	if ref == nil || len(ref.Fields) != 1 || ref.Fields[0].GetString_() == nil {
		return r.expr(l, n)
	}
	var d deps
	hit := false
	for _, c := range res.columns {
		if c.name == ref.Fields[0].GetString_().GetSval() || c.unsure {
			hit = true
			d = d.union(c.deps)
		}
	}
	if hit {
		f := r.resolve(l, ref.Fields[0].GetString_().GetSval())
		if f.item == nil {
			d = d.union(f.deps)
		}
		return d
	}
	return r.expr(l, n)
}

func (res *relationResult) all() deps {
	d := res.wildDeps
	for _, c := range res.columns {
		d = d.union(c.deps)
	}
	return d
}

// grouping reads GROUP BY and HAVING.
func (r *run) grouping(l *level, s *pg.SelectStmt, res *relationResult) {
	for _, n := range s.GroupClause {
		r.decides(l, r.groupItem(l, n, res))
	}
	if s.HavingClause != nil {
		r.decides(l, r.expr(l, s.HavingClause))
	}
}

func (r *run) groupItem(l *level, n *pg.Node, res *relationResult) deps {
	g := n.GetGroupingSet()
	if g == nil {
		return r.outputRef(l, n, res)
	}
	var d deps
	for _, x := range g.Content {
		if row := x.GetRowExpr(); row != nil {
			for _, y := range row.Args {
				d = d.union(r.outputRef(l, y, res))
			}
			continue
		}
		d = d.union(r.groupItem(l, x, res))
	}
	return d
}

// isDistinct recognises DISTINCT without ON.
func isDistinct(list []*pg.Node) bool { return len(list) == 1 && list[0].GetNode() == nil }

func hasGroupingSets(list []*pg.Node) bool {
	return slices.ContainsFunc(list, func(n *pg.Node) bool { return n.GetGroupingSet() != nil })
}

// mentionsColumn says whether a condition looks at any column: WHERE true is none.
func mentionsColumn(n *pg.Node) bool {
	hit := false
	walk(n.ProtoReflect(), func(m any) {
		if _, ok := m.(*pg.ColumnRef); ok {
			hit = true
		}
	})
	return hit
}
