package lineage

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// join reads a JOIN. Equalities of an outer join's ON hold only where the row of
// the side that may be missing is there.
func (r *run) join(l *level, j *pg.JoinExpr) *entry {
	if !r.enter() {
		return &entry{wild: true}
	}
	defer r.leave()
	before := l.entries
	left := r.fromItem(l, j.Larg)
	l.entries = append(before[:len(before):len(before)], left)
	right := r.fromItem(l, j.Rarg)
	e := &entry{items: both(left.items, right.items), ids: both(left.ids, right.ids),
		occs: both(left.occs, right.occs), wild: left.wild || right.wild, deps: left.deps.union(right.deps)}
	l.entries = []*entry{left, right}
	r.joinColumns(l, j, left, right, e)
	inner := len(l.occs)
	var on deps
	if j.Quals != nil {
		on = r.condition(l, j.Quals, r.joinFilter(j.Jointype, left, right))
		r.decides(l, on)
	}
	r.nullExtend(l, j.Jointype, left, right, on, l.occs[inner:])
	l.entries = before
	if j.Alias != nil {
		return r.aliasJoin(j.Alias, e)
	}
	return e
}

func both[T any](a, b []T) []T { return append(a[:len(a):len(a)], b...) }

// joinFilter says which equalities may be believed after this join.
func (r *run) joinFilter(t pg.JoinType, left, right *entry) func(to node) bool {
	switch t {
	case pg.JoinType_JOIN_LEFT:
		return func(to node) bool { return r.within(to, right) }
	case pg.JoinType_JOIN_RIGHT:
		return func(to node) bool { return r.within(to, left) }
	case pg.JoinType_JOIN_FULL:
		return func(node) bool { return false }
	}
	// Not the columns of outer levels: an outer join further out may drop this one's
	// rows and keep theirs.
	return func(to node) bool { return r.within(to, left) || r.within(to, right) }
}

func (r *run) within(n node, e *entry) bool { return slices.Contains(e.ids, r.nodes[n].item) }

// joinColumns gives the columns of * and of bare names: the columns of USING and
// NATURAL come first and once.
func (r *run) joinColumns(l *level, j *pg.JoinExpr, left, right, e *entry) {
	names := strs(j.UsingClause)
	if j.IsNatural {
		if left.wild || right.wild {
			r.refuseNear(refuseConstruct("NATURAL JOIN with something whose columns are not known"))
		}
		names = sharedNames(left, right)
		if hasHidden([]*entry{left}) && hasHidden([]*entry{right}) {
			r.hide.fail = true // one WITH query twice: what was added has one name
		}
	}
	merged := make(map[string]bool, len(names))
	for _, n := range names {
		merged[n] = true
		e.columns = append(e.columns, r.mergeColumn(l, j.Jointype, n, left, right, e))
	}
	for _, side := range []*entry{left, right} {
		for _, c := range side.columns {
			if !merged[c.name] || c.unsure {
				e.columns = append(e.columns, c)
			}
		}
	}
	if a := j.JoinUsingAlias; a != nil {
		it := r.newItem(a.Aliasname)
		it.columns = append(it.columns, e.columns[:len(names)]...)
		e.items = append(e.items, it)
	}
}

func sharedNames(left, right *entry) []string {
	var names []string
	for _, c := range left.columns {
		for _, d := range right.columns {
			if c.name == d.name {
				names = append(names, c.name)
				break
			}
		}
	}
	return names
}

// mergeColumn joins one column of USING.
func (r *run) mergeColumn(l *level, t pg.JoinType, name string, left, right, e *entry) *column {
	a, b := left.named(name), right.named(name)
	if a == nil || b == nil {
		r.unknownColumn(name)
		return &column{name: name, node: noNode, deps: left.deps.union(right.deps), keyOf: -1}
	}
	d := a.deps.union(b.deps)
	r.decides(l, d)
	r.equate(l, a, b, r.joinFilter(t, left, right))
	pick := a
	if t == pg.JoinType_JOIN_RIGHT {
		pick = b
	}
	c := *pick
	c.deps = d
	if t == pg.JoinType_JOIN_FULL {
		r.items++
		e.ids = append(e.ids, r.items)
		c = column{name: name, node: r.newNode(l, r.items), deps: d, keyOf: -1, typ: a.typ, base: a.base, nondet: a.nondet}
		if a.base != b.base {
			c.base, c.typ = 0, 0
		}
		if comparable(a, b) && r.trustsEquals() {
			l.edges = append(l.edges, edge{c.node, a.node}, edge{c.node, b.node})
		}
	}
	return &c
}

func (e *entry) named(name string) *column {
	var hit *column
	for _, c := range e.columns {
		if c.name == name && !c.unsure {
			if hit != nil {
				return nil
			}
			hit = c
		}
	}
	return hit
}

// nullExtend notes what may be missing after an outer join. Where personal data
// decides whether a row is missing, the columns of that row, then NULL, do not tell
// of whom: another column must carry the key. inside are the occurrences in ON.
func (r *run) nullExtend(l *level, t pg.JoinType, left, right *entry, on deps, inside []int) {
	var sides []*entry
	switch t {
	case pg.JoinType_JOIN_LEFT:
		sides = []*entry{right}
		r.restrict(right.occs)
	case pg.JoinType_JOIN_RIGHT:
		sides = []*entry{left}
		r.restrict(left.occs)
	case pg.JoinType_JOIN_FULL:
		sides = []*entry{left, right}
	default:
		r.restrict(left.occs, right.occs)
		return
	}
	for _, side := range sides {
		for _, o := range l.occs {
			occ := r.occs[o]
			mine := slices.Contains(side.occs, o)
			occ.outer = occ.outer || mine
			if mine && occ.presence != 0 || on.has(o) || slices.Contains(inside, o) {
				occ.avoid = append(occ.avoid, side.ids...)
			}
		}
	}
}

// restrict: an inner join keeps some rows only, so it is not a whole read.
func (r *run) restrict(lists ...[]int) {
	for _, list := range lists {
		for _, o := range list {
			r.occs[o].restricted = true
		}
	}
}

// aliasJoin gives a join a name of its own; what it joins is then hidden.
func (r *run) aliasJoin(a *pg.Alias, e *entry) *entry {
	it := r.newItem(a.Aliasname)
	it.columns = append(it.columns, e.columns...)
	it.wild, it.wildDeps, it.occs = e.wild, e.deps, e.occs
	r.rename(it, a)
	out := r.single(it)
	out.ids = append(out.ids, e.ids...)
	return out
}
