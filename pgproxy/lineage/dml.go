package lineage

import (
	"slices"

	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// targetTable adds the table that a statement changes as the first item of its level.
func (r *run) targetTable(l *level, v *pg.RangeVar) (*relation, *item, int) {
	rel := r.relationOf(v)
	alias := v.Relname
	if v.Alias != nil {
		alias = v.Alias.Aliasname
	}
	it := r.newItem(alias)
	occ := -1
	switch {
	case rel == nil:
		it.wild = true
	case rel.sensitive && rel.table == nil:
		r.refuse(refuseConstruct("changing the view " + rel.fullName()))
		it.wild = true
	default:
		it.schema, it.name = rel.schema, rel.name
		before := len(r.occs)
		r.tableItem(l, it, rel, alias)
		if len(r.occs) > before {
			occ = before
			r.occs[occ].restricted = true
		}
		if rel.rules && r.cat.declared {
			r.unsafe(refuseOpaque("a table with rules"))
		}
	}
	l.entries = append(l.entries, r.single(it))
	return rel, it, occ
}

// returning reads RETURNING as a select list.
func (r *run) returning(l *level, list []*pg.Node) *relationResult {
	res := &relationResult{wildFrom: -1, keys: map[int][]int{}}
	l.end = r.listEnd(list)
	r.targets(l, list, res)
	r.finishLevel(l, res, false)
	return res
}

// update reads UPDATE … SET … FROM … WHERE … RETURNING.
func (r *run) update(parent *level, ctes *cteScope, u *pg.UpdateStmt) *relationResult {
	top := r.atTop()
	l := &level{parent: parent, ctes: r.with(parent, ctes, u.WithClause)}
	rel, it, occ := r.targetTable(l, u.Relation)
	r.from(l, u.FromClause)
	if u.WhereClause != nil {
		r.decides(l, r.condition(l, u.WhereClause, nil))
	}
	cats := r.assign(l, rel, it, occ, u.TargetList)
	r.marks(l, it, cats)
	res := r.returning(l, u.ReturningList)
	if occ >= 0 {
		r.write(occ, Write{Categories: cats, rel: rel, top: top})
	}
	return res
}

// write notes a change, with the pin if there is one.
func (r *run) write(occ int, w Write) {
	w.Table, w.occ, w.alias, w.Key = w.rel.table, occ, r.occs[occ].alias, -1
	for _, n := range r.occs[occ].carriers {
		if p := r.nodes[n].pin; p != nil && r.certain(p) {
			w.Pin = p
			break
		}
	}
	r.writes = append(r.writes, w)
}

// assign reads SET col = expr, … and gives the categories that are written.
func (r *run) assign(l *level, rel *relation, it *item, occ int, list []*pg.Node) custody.CategorySet {
	var cats custody.CategorySet
	for _, n := range list {
		t := n.GetResTarget()
		if t == nil {
			r.refuseNear(refuseConstruct("this SET"))
			continue
		}
		d := r.expr(l, t.Val).union(r.exprs(l, t.Indirection))
		to := custody.CategorySet(0)
		if rel != nil {
			to = rel.category(t.Name)
			if rel.table != nil && t.Name == rel.table.Key {
				r.refuse(refuseKeyChange(rel.table))
			}
		}
		cats |= to
		if r.risky(l, t.Val, d) {
			r.use(d, true)
		}
		r.flow(l, d, to, occ, it.alias, t.Name)
	}
	return cats
}

// flow refuses personal data that is stored where it would count as something else
// or as somebody else's. What stays with its own row and category is no disclosure.
func (r *run) flow(l *level, d deps, to custody.CategorySet, target int, table, column string) {
	for _, x := range d {
		if x.cats&^to != 0 || target < 0 || !r.sameSubject(l, x.occ, target) {
			r.use(deps{x}, true)
			r.refuse(refuseLaunder(table, column))
			return
		}
	}
}

// marks refuses changes whose rows are picked by personal data of more than one
// customer: which rows were changed could be read later by anyone.
func (r *run) marks(l *level, it *item, to custody.CategorySet) {
	for _, x := range l.presence {
		if x.cats&^to == 0 {
			continue
		}
		pinned := slices.ContainsFunc(r.closure(l, r.occs[x.occ]), func(n node) bool { return r.nodes[n].pin != nil })
		if !pinned {
			r.refuse(refuseMarks(it.alias))
			return
		}
	}
}

// sameSubject says whether an occurrence is tied to the key of the changed row.
func (r *run) sameSubject(l *level, occ, target int) bool {
	if occ == target {
		return true
	}
	all := r.closure(l, r.occs[occ])
	for _, n := range r.occs[target].carriers {
		if slices.Contains(all, n) {
			return true
		}
	}
	return false
}

// delete reads DELETE FROM … USING … WHERE … RETURNING.
func (r *run) delete(parent *level, ctes *cteScope, d *pg.DeleteStmt) *relationResult {
	top := r.atTop()
	l := &level{parent: parent, ctes: r.with(parent, ctes, d.WithClause)}
	rel, it, occ := r.targetTable(l, d.Relation)
	r.from(l, d.UsingClause)
	if d.WhereClause != nil {
		r.decides(l, r.condition(l, d.WhereClause, nil))
	}
	if occ < 0 {
		r.marks(l, it, 0)
		if rel != nil && r.cat.declared && rel.cascaded(nil) != 0 {
			r.refuse(refuseCascade(rel))
		}
	}
	res := r.returning(l, d.ReturningList)
	if occ >= 0 {
		r.write(occ, Write{Categories: allCategories(rel.table) | rel.cascaded(nil), Delete: true, rel: rel, top: top})
	}
	return res
}

func allCategories(t *custody.Table) custody.CategorySet {
	var s custody.CategorySet
	for _, c := range t.Columns {
		s |= custody.Categories(c)
	}
	return s
}

// merge: its branches can store anything anywhere, so next to personal data the
// plain statements are asked for.
func (r *run) merge(m *pg.MergeStmt) {
	l := &level{ctes: r.with(nil, nil, m.WithClause)}
	rel, _, occ := r.targetTable(l, m.Relation)
	l.entries = append(l.entries, r.fromItem(l, m.SourceRelation))
	r.expr(l, m.JoinCondition)
	for _, n := range m.MergeWhenClauses {
		r.reflect(l, n)
	}
	for _, n := range m.ReturningList {
		r.reflect(l, n)
	}
	r.refuseNear(custody.E(custody.CodeUnsupported, "MERGE is not let through next to personal data",
		"use INSERT … ON CONFLICT, UPDATE or DELETE"))
	if occ >= 0 {
		r.write(occ, Write{Categories: allCategories(rel.table), rel: rel})
	}
}
