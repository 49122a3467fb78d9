package lineage

import (
	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// insert reads INSERT INTO … VALUES or SELECT, ON CONFLICT and RETURNING.
func (r *run) insert(parent *level, ctes *cteScope, s *pg.InsertStmt) *relationResult {
	top := r.atTop()
	l := &level{parent: parent, ctes: r.with(parent, ctes, s.WithClause)}
	var src *relationResult
	if s.SelectStmt.GetSelectStmt() != nil {
		r.fixed++
		src = r.selectStmt(parent, l.ctes, s.SelectStmt.GetSelectStmt())
		r.fixed--
	}
	rel, it, occ := r.targetTable(l, s.Relation)
	names := insertColumns(rel, s.Cols)
	cats := r.stored(rel, it, names, src, occ)
	cats |= r.conflict(l, rel, it, occ, s.OnConflictClause, names, src)
	res := r.returning(l, s.ReturningList)
	if occ >= 0 {
		r.write(occ, Write{Categories: cats, Insert: true, rel: rel, top: top})
	}
	return res
}

// insertColumns gives the columns in the order of the values.
func insertColumns(rel *relation, cols []*pg.Node) []string {
	var names []string
	for _, n := range cols {
		names = append(names, n.GetResTarget().GetName())
	}
	if len(names) == 0 && rel != nil {
		for _, a := range rel.columns {
			names = append(names, a.name)
		}
	}
	return names
}

// stored checks what is stored where and gives the categories that are written.
// What decides which rows are stored is kept as well, by their being there.
func (r *run) stored(rel *relation, it *item, names []string, src *relationResult, occ int) custody.CategorySet {
	var cats custody.CategorySet
	for _, n := range names {
		if rel != nil {
			cats |= rel.category(n)
		}
	}
	if src == nil {
		return cats
	}
	key := keyPosition(rel, names)
	for i, c := range src.columns {
		if c.risky {
			r.use(c.deps, true)
		}
		for _, x := range c.deps {
			to := custody.CategorySet(0)
			name := "?"
			if i < len(names) {
				name = names[i]
				if rel != nil {
					to = rel.category(name)
				}
			}
			if x.cats&^to != 0 || occ < 0 || !carries(src, x.occ, key) {
				r.use(deps{x}, true)
				r.refuse(refuseLaunder(it.alias, name))
			}
		}
	}
	if len(src.wildDeps)+len(src.presence) > 0 {
		r.refuse(refuseCopying("INSERT … SELECT"))
	}
	return cats
}

func keyPosition(rel *relation, names []string) int {
	if rel == nil || rel.table == nil {
		return -1
	}
	for i, n := range names {
		if n == rel.table.Key {
			return i
		}
	}
	return -1
}

func carries(src *relationResult, occ, position int) bool {
	for _, k := range src.keys[occ] {
		if k == position {
			return true
		}
	}
	return false
}

// conflict reads ON CONFLICT and gives the categories that it writes. excluded is
// the row that was to be inserted.
func (r *run) conflict(l *level, rel *relation, it *item, occ int, c *pg.OnConflictClause, names []string, src *relationResult) custody.CategorySet {
	if c == nil {
		return 0
	}
	if c.Infer != nil {
		for _, n := range c.Infer.IndexElems {
			r.expr(l, n.GetIndexElem().GetExpr())
		}
		r.expr(l, c.Infer.WhereClause)
	}
	ex := r.newItem("excluded")
	if rel == nil {
		ex.wild = true
	} else {
		for _, a := range rel.columns {
			col := &column{name: a.name, node: noNode, keyOf: -1}
			for i, n := range names {
				if src != nil && n == a.name && i < len(src.columns) {
					col.deps = src.columns[i].deps
				}
			}
			ex.columns = append(ex.columns, col)
		}
	}
	l.entries = append(l.entries, &entry{items: []*item{ex}})
	if c.WhereClause != nil {
		r.decides(l, r.condition(l, c.WhereClause, nil))
	}
	cats := r.assign(l, rel, it, occ, c.TargetList)
	l.entries = l.entries[:1]
	return cats
}
