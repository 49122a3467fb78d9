package lineage

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// walk calls fn for every message of a parse tree.
func walk(m protoreflect.Message, fn func(m any)) {
	if !m.IsValid() {
		return
	}
	fn(m.Interface())
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				walk(v.List().Get(i).Message(), fn)
			}
		case f.Message() != nil && !f.IsMap():
			walk(v.Message(), fn)
		}
		return true
	})
}

// inspect reads the messages below a node that has no case of its own, down to the
// nodes that do.
func (r *run) inspect(l *level, m protoreflect.Message, d *deps) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				r.inspectOne(l, v.List().Get(i).Message(), d)
			}
		case f.Message() != nil && !f.IsMap():
			r.inspectOne(l, v.Message(), d)
		}
		return true
	})
}

func (r *run) inspectOne(l *level, m protoreflect.Message, d *deps) {
	switch x := m.Interface().(type) {
	case *pg.Node:
		if known(x) {
			*d = d.union(r.expr(l, x))
			return
		}
	case *pg.TypeName:
		r.checkType(x)
		return
	case *pg.FuncCall:
		*d = d.union(r.funcCall(l, x))
		return
	case *pg.RangeVar:
		r.relationOf(x)
		r.refuseNear(refuseConstruct("this construct"))
		return
	case *pg.SelectStmt:
		r.refuseNear(refuseConstruct("a query inside this construct"))
	}
	r.inspect(l, m, d)
}

// known says whether expr has a case of its own for a node, so that inspect and
// expr do not call each other for ever.
func known(n *pg.Node) bool {
	switch n.GetNode().(type) {
	case *pg.Node_ColumnRef, *pg.Node_AConst, *pg.Node_ParamRef, *pg.Node_AExpr, *pg.Node_BoolExpr,
		*pg.Node_NullTest, *pg.Node_BooleanTest, *pg.Node_FuncCall, *pg.Node_TypeCast,
		*pg.Node_CollateClause, *pg.Node_CaseExpr, *pg.Node_CoalesceExpr, *pg.Node_MinMaxExpr,
		*pg.Node_RowExpr, *pg.Node_AArrayExpr, *pg.Node_SubLink, *pg.Node_AIndirection,
		*pg.Node_XmlExpr, *pg.Node_XmlSerialize, *pg.Node_GroupingFunc, *pg.Node_NamedArgExpr,
		*pg.Node_List, *pg.Node_SortBy, *pg.Node_ResTarget, *pg.Node_SqlvalueFunction, *pg.Node_CaseWhen:
		return true
	}
	return false
}
