package lineage

import (
	pg "github.com/pganalyze/pg_query_go/v6"
)

// exprs reads a list of expressions.
func (r *run) exprs(l *level, list []*pg.Node) deps {
	var d deps
	for _, n := range list {
		d = d.union(r.expr(l, n))
	}
	return d
}

// expr says what the value of an expression depends on.
func (r *run) expr(l *level, n *pg.Node) deps {
	if n == nil || n.Node == nil {
		return nil
	}
	if r.depth++; r.depth > maxNesting*8 {
		r.refuse(refuseComplex())
		r.depth--
		return nil
	}
	defer func() { r.depth-- }()
	switch x := n.Node.(type) {
	case *pg.Node_ColumnRef:
		return r.columnRef(l, x.ColumnRef).deps
	case *pg.Node_AConst, *pg.Node_SetToDefault, *pg.Node_SqlvalueFunction, *pg.Node_AStar, *pg.Node_String_, *pg.Node_CurrentOfExpr:
		return nil
	case *pg.Node_ParamRef:
		if r.params == nil {
			r.params = map[int32]int{}
		}
		r.params[x.ParamRef.Number]++
		return nil
	case *pg.Node_AExpr:
		return r.aExpr(l, x.AExpr)
	case *pg.Node_BoolExpr:
		return r.exprs(l, x.BoolExpr.Args)
	case *pg.Node_NullTest:
		return r.expr(l, x.NullTest.Arg)
	case *pg.Node_BooleanTest:
		return r.expr(l, x.BooleanTest.Arg)
	case *pg.Node_FuncCall:
		return r.funcCall(l, x.FuncCall)
	case *pg.Node_TypeCast:
		r.checkType(x.TypeCast.TypeName)
		return r.expr(l, x.TypeCast.Arg)
	case *pg.Node_CollateClause:
		return r.expr(l, x.CollateClause.Arg)
	case *pg.Node_CaseExpr:
		c := x.CaseExpr
		return r.expr(l, c.Arg).union(r.exprs(l, c.Args)).union(r.expr(l, c.Defresult))
	case *pg.Node_CaseWhen:
		return r.expr(l, x.CaseWhen.Expr).union(r.expr(l, x.CaseWhen.Result))
	case *pg.Node_CoalesceExpr:
		return r.exprs(l, x.CoalesceExpr.Args)
	case *pg.Node_MinMaxExpr:
		return r.exprs(l, x.MinMaxExpr.Args)
	case *pg.Node_RowExpr:
		return r.exprs(l, x.RowExpr.Args)
	case *pg.Node_AArrayExpr:
		return r.exprs(l, x.AArrayExpr.Elements)
	case *pg.Node_SubLink:
		return r.subLink(l, x.SubLink)
	case *pg.Node_AIndirection:
		return r.indirection(l, x.AIndirection)
	case *pg.Node_AIndices:
		return r.expr(l, x.AIndices.Lidx).union(r.expr(l, x.AIndices.Uidx))
	case *pg.Node_NamedArgExpr:
		return r.expr(l, x.NamedArgExpr.Arg)
	case *pg.Node_List:
		return r.exprs(l, x.List.Items)
	case *pg.Node_SortBy:
		return r.expr(l, x.SortBy.Node).union(r.operator(x.SortBy.UseOp))
	case *pg.Node_ResTarget:
		return r.expr(l, x.ResTarget.Val)
	case *pg.Node_XmlExpr:
		return r.exprs(l, x.XmlExpr.Args).union(r.exprs(l, x.XmlExpr.NamedArgs))
	case *pg.Node_XmlSerialize:
		return r.expr(l, x.XmlSerialize.Expr)
	case *pg.Node_GroupingFunc:
		return r.exprs(l, x.GroupingFunc.Args)
	case *pg.Node_MultiAssignRef:
		return r.expr(l, x.MultiAssignRef.Source)
	}
	return r.reflect(l, n)
}

// aExpr reads an operator with its sides.
func (r *run) aExpr(l *level, e *pg.A_Expr) deps {
	return r.expr(l, e.Lexpr).union(r.expr(l, e.Rexpr)).union(r.operator(e.Name))
}

// indirection reads (expr).field, (expr).* and expr[i]. A field of a whole row is
// narrowed to the column.
func (r *run) indirection(l *level, x *pg.A_Indirection) deps {
	d := r.exprs(l, x.Indirection)
	if ref := x.Arg.GetColumnRef(); ref != nil && len(x.Indirection) > 0 {
		f := r.columnRef(l, ref)
		field := x.Indirection[0].GetString_().GetSval()
		if f.item != nil && field != "" {
			if c, _, ok := f.item.column(field); ok && c != nil {
				return d.union(c.deps)
			}
			r.checkFunction([]string{field}, true)
		}
		return d.union(f.deps)
	}
	for _, n := range x.Indirection {
		if s := n.GetString_(); s != nil {
			r.checkFunction([]string{s.Sval}, true)
		}
	}
	return d.union(r.expr(l, x.Arg))
}

// reflect reads the children of a node that has no case of its own. Everything
// inside counts; a query inside is not understood.
func (r *run) reflect(l *level, n *pg.Node) deps {
	var d deps
	r.inspect(l, n.ProtoReflect(), &d)
	return d
}

// children reads nodes that are no expressions themselves, such as the columns of
// XMLTABLE.
func (r *run) children(l *level, list []*pg.Node) deps {
	var d deps
	for _, n := range list {
		d = d.union(r.reflect(l, n))
	}
	return d
}
