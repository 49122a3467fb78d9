package lineage

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// setOperation reads UNION, INTERSECT and EXCEPT: column by column, each arm must
// carry its own key.
func (r *run) setOperation(l *level, s *pg.SelectStmt) *relationResult {
	if (len(s.SortClause) > 0 || s.LimitCount != nil) && s.Larg == nil {
		return &relationResult{wildFrom: 0, keys: map[int][]int{}}
	}
	left, right := r.arms(l, s)
	res := &relationResult{wildFrom: -1, keys: map[int][]int{}, presence: left.presence.union(right.presence)}
	res.occs = both(left.occs, right.occs)
	res.hidden, res.arms = left.hidden, both(left.arms, right.arms)
	if left.wildFrom >= 0 || right.wildFrom >= 0 {
		// Positions no longer match: everything may be anywhere.
		res.open(left.all().union(right.all()))
		r.loseArms(res.occs)
		return res
	}
	for i, c := range left.columns {
		d := *c
		d.node, d.gathers = noNode, 0
		if i < len(right.columns) {
			o := right.columns[i]
			d.deps = d.deps.union(o.deps)
			d.bare = c.bare && o.bare && c.deps.categories() == o.deps.categories()
			d.identifier = c.identifier && o.identifier
			d.tableOID, d.attr, d.keyOf = 0, 0, -1
			if c.base != o.base {
				d.base, d.typ = 0, 0
			}
			d.nondet = c.nondet || o.nondet
			d.risky = c.risky || o.risky
			d.depth = max(c.depth, o.depth)
		}
		d.node = r.newNode(l, 0)
		res.columns = append(res.columns, &d)
	}
	r.armKeys(res, left, right)
	r.armKeys(res, right, left)
	if s.Op != pg.SetOperation_SETOP_UNION || !s.All {
		r.decides(l, res.all()) // rows are compared with each other
	}
	r.setOrder(l, s, res)
	if r.hide != nil && res.hidden > 0 && !s.All {
		r.wrapUnion(s, res, l.flat && len(s.SortClause) == 0 && s.LimitCount == nil && s.LimitOffset == nil)
	}
	return res
}

// armKeys keeps the key positions of one arm. Where the other one has something else
// than a key, a row does not say from which of them it is.
func (r *run) armKeys(res, arm, other *relationResult) {
	for _, o := range arm.occs {
		if keys := arm.keys[o]; len(keys) > 0 && !slices.ContainsFunc(keys, other.isKey) {
			r.occs[o].mixed = true
		}
		res.keys[o] = slices.Clone(arm.keys[o])
		res.gather(o, slices.Clone(arm.sets[o]))
		if len(arm.keys[o])+len(arm.sets[o])+len(r.occs[o].carriers) == 0 && (r.occs[o].lostIn == lostNot || r.occs[o].lostIn == lostSelect) {
			r.occs[o].lostIn = lostUnion
		}
	}
}

func (res *relationResult) isKey(i int) bool {
	for _, keys := range res.keys {
		if slices.Contains(keys, i) {
			return true
		}
	}
	return false
}

func (r *run) loseArms(occs []int) {
	for _, o := range occs {
		r.occs[o].lostIn = lostUnion
	}
}

// setOrder reads ORDER BY and LIMIT of a set operation.
func (r *run) setOrder(l *level, s *pg.SelectStmt, res *relationResult) {
	l.occs = res.occs
	for _, n := range s.SortClause {
		r.decides(l, r.sortKey(l, n, res))
	}
	r.limits(l, s)
	res.presence = res.presence.union(l.presence)
	for _, o := range l.occs {
		if !slices.Contains(res.occs, o) {
			res.occs = append(res.occs, o)
		}
	}
}

// values reads VALUES (…), (…).
func (r *run) values(l *level, s *pg.SelectStmt) *relationResult {
	res := &relationResult{wildFrom: -1, keys: map[int][]int{}}
	for _, row := range s.ValuesLists {
		for i, n := range row.GetList().GetItems() {
			if i == len(res.columns) {
				res.columns = append(res.columns, &column{name: valuesName(i), node: noNode, keyOf: -1})
			}
			d := r.expr(l, n)
			res.columns[i].deps = res.columns[i].deps.union(d)
			res.columns[i].risky = res.columns[i].risky || r.risky(l, n, d)
		}
	}
	r.limits(l, s)
	for _, n := range s.SortClause {
		r.decides(l, r.sortKey(l, n, res))
	}
	r.finishLevel(l, res, false)
	return res
}
