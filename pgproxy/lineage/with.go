package lineage

import pg "github.com/pganalyze/pg_query_go/v6"

// cteScope holds the WITH queries visible at a level, innermost first.
type cteScope struct {
	parent *cteScope
	cte    *cte
}

// cte is one WITH query. It is read again at every mention.
type cte struct {
	name    string
	query   *pg.Node
	columns []string
	scope   *cteScope // what its own body sees
	parent  *level
	// self: the recursive mention inside its own body; its columns hold no personal
	// data, or the whole is refused.
	self      []string
	recursive bool
	reads     int
}

// cte finds a WITH query by name.
func (l *level) cte(name string) *cte {
	for s := l.ctes; s != nil; s = s.parent {
		if s.cte.name == name {
			return s.cte
		}
	}
	return nil
}

// with reads a WITH clause. Its queries are read where they are mentioned; those
// never mentioned are read at the end, because changes run all the same.
func (r *run) with(parent *level, outer *cteScope, w *pg.WithClause) *cteScope {
	scope := outer
	for _, n := range w.GetCtes() {
		e := n.GetCommonTableExpr()
		if e == nil {
			continue
		}
		c := &cte{name: e.Ctename, query: e.Ctequery, columns: strs(e.Aliascolnames), scope: scope, parent: parent}
		c.recursive = w.Recursive && mentions(e.Ctequery, e.Ctename)
		if w.Recursive {
			r.forward(w, e)
		}
		if e.SearchClause != nil || e.CycleClause != nil {
			r.refuseNear(refuseConstruct("SEARCH and CYCLE in WITH"))
		}
		scope = &cteScope{parent: scope, cte: c}
		r.pending = append(r.pending, c)
	}
	return scope
}

// unmentioned reads the WITH queries that nothing mentioned. A SELECT among them
// never runs, so only its functions count.
func (r *run) unmentioned() {
	for i := 0; i < len(r.pending); i++ {
		c := r.pending[i]
		if c.reads > 0 {
			continue
		}
		from := len(r.occs)
		r.cteBody(c)
		if c.query.GetSelectStmt() == nil {
			continue
		}
		for _, o := range r.occs[from:] {
			o.ignored = true
		}
	}
}

// forward refuses WITH RECURSIVE in which a query mentions a later one.
func (r *run) forward(w *pg.WithClause, e *pg.CommonTableExpr) {
	later := false
	for _, n := range w.Ctes {
		o := n.GetCommonTableExpr()
		if later && mentions(e.Ctequery, o.GetCtename()) {
			r.refuseNear(refuseConstruct("WITH RECURSIVE queries that mention a later one"))
		}
		later = later || o == e
	}
}

// mentions says whether a query names a relation anywhere.
func mentions(n *pg.Node, name string) bool {
	hit := false
	walk(n.ProtoReflect(), func(m any) {
		if v, ok := m.(*pg.RangeVar); ok && v.Relname == name && v.Schemaname == "" {
			hit = true
		}
	})
	return hit
}

// cteItem makes an item of a mention of a WITH query.
func (r *run) cteItem(l *level, c *cte, alias string, a *pg.Alias) *item {
	it := r.newItem(alias)
	if c.self != nil {
		for _, n := range c.self {
			it.columns = append(it.columns, &column{name: n, node: noNode, keyOf: -1})
		}
		r.rename(it, a)
		return it
	}
	res := r.cteBody(c)
	r.derive(l, it, res)
	r.rename(it, &pg.Alias{Colnames: nodes(c.columns)})
	r.rename(it, a)
	return it
}

func nodes(names []string) []*pg.Node {
	out := make([]*pg.Node, len(names))
	for i, n := range names {
		out[i] = pg.MakeStrNode(n)
	}
	return out
}

// cteBody reads the query of a WITH.
func (r *run) cteBody(c *cte) *relationResult {
	c.reads++
	fixed := r.fixed
	r.fixed, r.arm, r.flat = 0, false, false
	defer func() { r.fixed = fixed }()
	if !r.enter() {
		return &relationResult{wildFrom: 0, keys: map[int][]int{}}
	}
	defer r.leave()
	switch x := c.query.GetNode().(type) {
	case *pg.Node_SelectStmt:
		if c.recursive {
			return r.recursive(c, x.SelectStmt)
		}
		return r.selectStmt(c.parent, c.scope, x.SelectStmt)
	case *pg.Node_InsertStmt:
		return r.insert(c.parent, c.scope, x.InsertStmt)
	case *pg.Node_UpdateStmt:
		return r.update(c.parent, c.scope, x.UpdateStmt)
	case *pg.Node_DeleteStmt:
		return r.delete(c.parent, c.scope, x.DeleteStmt)
	}
	r.refuseNear(refuseConstruct("this query in WITH"))
	return &relationResult{wildFrom: 0, keys: map[int][]int{}}
}

// recursive reads WITH RECURSIVE: allowed if no personal data takes part, for then
// its answer holds none either.
func (r *run) recursive(c *cte, s *pg.SelectStmt) *relationResult {
	if s.Op == pg.SetOperation_SETOP_NONE || s.Larg == nil {
		r.refuseNear(refuseConstruct("this WITH RECURSIVE"))
		return &relationResult{wildFrom: 0, keys: map[int][]int{}}
	}
	from := len(r.occs)
	scope := r.with(c.parent, c.scope, s.WithClause)
	left := r.selectStmt(c.parent, scope, s.Larg)
	names := make([]string, len(left.columns))
	for i, col := range left.columns {
		names[i] = col.name
		if i < len(c.columns) {
			names[i] = c.columns[i]
		}
	}
	self := &cte{name: c.name, self: names, parent: c.parent}
	right := r.selectStmt(c.parent, &cteScope{parent: scope, cte: self}, s.Rarg)
	free := len(left.all())+len(right.all())+len(left.presence)+len(right.presence) == 0 && left.wildFrom < 0
	for _, o := range r.occs[from:] {
		free = free && o.read == 0
	}
	if !free {
		r.refuseNear(refuseRecursive())
	}
	res := &relationResult{wildFrom: -1, keys: map[int][]int{}}
	for i := range left.columns {
		res.columns = append(res.columns, &column{name: names[i], node: noNode, keyOf: -1,
			typ: left.columns[i].typ})
	}
	return res
}
