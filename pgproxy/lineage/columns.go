package lineage

import pg "github.com/pganalyze/pg_query_go/v6"

// columnRef reads a reference to a column or to a whole row.
func (r *run) columnRef(l *level, ref *pg.ColumnRef) found {
	if isStar(ref) {
		return r.wholeRef(l, ref)
	}
	path := strs(ref.Fields)
	name := path[len(path)-1]
	if len(path) == 1 {
		f := r.resolve(l, name)
		if !f.ok {
			r.unknownColumn(name)
		}
		return f
	}
	it := r.itemOf(l, path[:len(path)-1])
	if it == nil {
		return r.fieldOf(l, path)
	}
	if c, unsure, ok := it.column(name); ok {
		if c == nil {
			return found{deps: unsure, ok: true}
		}
		return found{col: c, deps: c.deps, ok: true}
	}
	// alias.name can also call the function name(alias).
	r.checkFunction([]string{name}, true)
	r.wholeRowOf(it.columns)
	return found{deps: it.all(), ok: true}
}

// fieldOf reads a.b where a is no item that we see: refused near personal data.
func (r *run) fieldOf(l *level, path []string) found {
	r.unknownColumn(path[len(path)-1])
	return found{ok: true}
}

// wholeRef reads item.* inside an expression.
func (r *run) wholeRef(l *level, ref *pg.ColumnRef) found {
	if len(ref.Fields) == 1 {
		var d deps
		for _, e := range l.entries {
			d = d.union(e.deps)
			r.wholeRowOf(e.columns)
			for _, c := range e.columns {
				d = d.union(c.deps)
			}
		}
		return found{deps: d, ok: true}
	}
	it := r.itemOf(l, strs(ref.Fields[:len(ref.Fields)-1]))
	if it == nil {
		r.unknownColumn("*")
		return found{ok: true}
	}
	r.wholeRowOf(it.columns)
	return found{deps: it.all(), ok: true}
}

// itemOf finds the item named by [schema.]alias, innermost level first.
func (r *run) itemOf(l *level, path []string) *item {
	if len(path) == 0 || len(path) > 3 {
		return nil
	}
	schema := ""
	if len(path) > 1 {
		schema = path[len(path)-2]
	}
	for at := l; at != nil; at = at.parent {
		if it := at.itemNamed(schema, path[len(path)-1]); it != nil {
			return it
		}
	}
	return nil
}

// unknownColumn notes a name that the snapshot does not explain.
func (r *run) unknownColumn(name string) {
	r.unknown = true
	r.refuseNear(refuseColumn(name))
}

// outputName gives the name the server gives an output column; unsure if we do not
// imitate it.
func outputName(t *pg.ResTarget) (name string, unsure bool) {
	if t.Name != "" {
		return t.Name, false
	}
	name, ok := figureName(t.Val)
	return name, !ok
}

// figureName follows FigureColname of the server.
func figureName(n *pg.Node) (string, bool) {
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		return lastField(x.ColumnRef.Fields)
	case *pg.Node_AIndirection:
		if name, ok := lastField(x.AIndirection.Indirection); ok && name != "" {
			return name, true
		}
		return figureName(x.AIndirection.Arg)
	case *pg.Node_FuncCall:
		return lastField(x.FuncCall.Funcname)
	case *pg.Node_TypeCast:
		if name, ok := figureName(x.TypeCast.Arg); !ok || name != "?column?" && name != "" && !weakName(x.TypeCast.Arg) {
			return name, ok
		}
		return lastField(x.TypeCast.TypeName.GetNames())
	case *pg.Node_CollateClause:
		return figureName(x.CollateClause.Arg)
	case *pg.Node_CaseExpr:
		if name, ok := figureName(x.CaseExpr.Defresult); ok && x.CaseExpr.Defresult != nil && name != "?column?" && !weakName(x.CaseExpr.Defresult) {
			return name, true
		}
		return "case", true
	case *pg.Node_AArrayExpr:
		return "array", true
	case *pg.Node_RowExpr:
		return "row", true
	case *pg.Node_CoalesceExpr:
		return "coalesce", true
	case *pg.Node_SubLink:
		return sublinkName(x.SubLink)
	case *pg.Node_MinMaxExpr:
		if x.MinMaxExpr.Op == pg.MinMaxOp_IS_LEAST {
			return "least", true
		}
		return "greatest", true
	case *pg.Node_AExpr:
		if x.AExpr.Kind == pg.A_Expr_Kind_AEXPR_NULLIF {
			return "nullif", true
		}
		return "?column?", true
	case *pg.Node_AConst, *pg.Node_ParamRef, *pg.Node_BoolExpr, *pg.Node_NullTest, *pg.Node_BooleanTest:
		return "?column?", true
	}
	return "", false
}

// weakName: names that a cast or CASE replaces by its own.
func weakName(n *pg.Node) bool {
	switch n.GetNode().(type) {
	case *pg.Node_TypeCast, *pg.Node_CaseExpr:
		name, _ := figureName(n)
		if c := n.GetTypeCast(); c != nil {
			last, _ := lastField(c.TypeName.GetNames())
			return name == last
		}
		return name == "case"
	}
	return false
}

func sublinkName(s *pg.SubLink) (string, bool) {
	switch s.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		return "exists", true
	case pg.SubLinkType_ARRAY_SUBLINK:
		return "array", true
	case pg.SubLinkType_EXPR_SUBLINK:
		sel := s.Subselect.GetSelectStmt()
		for sel.GetLarg() != nil {
			sel = sel.Larg
		}
		if list := sel.GetTargetList(); len(list) > 0 {
			t := list[0].GetResTarget()
			if t.GetName() != "" {
				return t.Name, true
			}
			return figureName(t.GetVal())
		}
		if len(sel.GetValuesLists()) > 0 {
			return "column1", true
		}
		return "", false
	}
	return "?column?", true
}

func lastField(list []*pg.Node) (string, bool) {
	if len(list) == 0 {
		return "", false
	}
	for i := len(list) - 1; i >= 0; i-- {
		if s := list[i].GetString_(); s != nil {
			return s.Sval, true
		}
	}
	return "", false
}
