package lineage

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// A column of a subselect that nobody reads is often computed all the same. If
// computing it can fail, multiply rows or move a sequence, then an answer that does
// not show it still tells of its value. So personal data in such an expression
// counts as used, wherever the column goes; only expressions that always give
// exactly one value and leave no trace are free.

// totalFunctions of pg_catalog give one value for any text, number or date.
var totalFunctions = words(`upper lower initcap btrim ltrim rtrim length char_length character_length
octet_length concat concat_ws md5 reverse left right replace translate starts_with strpos position`)

var totalOperators = words(`|| = <> < > <= >= ~~ !~~ ~~* !~~*`)

// totalTypes are those whose comparison and concatenation cannot fail.
var totalTypes = map[uint32]bool{16: true, oidInt2: true, oidInt4: true, oidInt8: true, oidText: true, oidVarchar: true,
	oidBpchar: true, oidDate: true, oidNumeric: true, oidUUID: true, 1114: true, 1184: true}

// risky says whether computing an expression may tell something of personal data
// even if its value is dropped. In a view, which nobody here wrote, only rows that
// it multiplies count.
func (r *run) risky(l *level, n *pg.Node, d deps) bool {
	if len(d) == 0 {
		return false
	}
	if r.view > 0 {
		return r.multiplies(n)
	}
	return !r.total(l, n)
}

// multiplies says whether an expression calls a function that may give a set.
func (r *run) multiplies(n *pg.Node) bool {
	hit := false
	walk(n.ProtoReflect(), func(m any) {
		f, ok := m.(*pg.FuncCall)
		if !ok || len(f.Funcname) == 0 {
			return
		}
		name, _ := lastField(f.Funcname)
		candidates := r.cat.functions[name]
		hit = hit || len(candidates) == 0 && !r.isType(name) || slices.ContainsFunc(candidates, func(c function) bool { return c.set })
	})
	return hit
}

func (r *run) isType(name string) bool { _, ok := r.cat.types[name]; return ok }

// total says whether an expression gives one value and leaves no trace, for any data.
func (r *run) total(l *level, n *pg.Node) bool {
	switch x := n.GetNode().(type) {
	case nil, *pg.Node_AConst, *pg.Node_ParamRef, *pg.Node_SetToDefault, *pg.Node_SqlvalueFunction:
		return true
	case *pg.Node_ColumnRef:
		return r.totalColumn(l, x.ColumnRef)
	case *pg.Node_AExpr:
		return r.totalOperator(l, x.AExpr)
	case *pg.Node_BoolExpr:
		return r.allTotal(l, x.BoolExpr.Args)
	case *pg.Node_NullTest:
		return r.total(l, x.NullTest.Arg)
	case *pg.Node_BooleanTest:
		return r.total(l, x.BooleanTest.Arg)
	case *pg.Node_CaseExpr:
		return r.total(l, x.CaseExpr.Arg) && r.allTotal(l, x.CaseExpr.Args) && r.total(l, x.CaseExpr.Defresult)
	case *pg.Node_CaseWhen:
		return r.total(l, x.CaseWhen.Expr) && r.total(l, x.CaseWhen.Result)
	case *pg.Node_CoalesceExpr:
		return r.allTotal(l, x.CoalesceExpr.Args)
	case *pg.Node_MinMaxExpr:
		return r.allTotal(l, x.MinMaxExpr.Args)
	case *pg.Node_List:
		return r.allTotal(l, x.List.Items)
	case *pg.Node_TypeCast:
		names := strs(x.TypeCast.TypeName.GetNames())
		last := names[len(names)-1]
		plain := (last == "text" || last == "varchar") && !r.cat.types[last].user && len(x.TypeCast.TypeName.Typmods)+len(x.TypeCast.TypeName.ArrayBounds) == 0
		return x.TypeCast.Arg.GetAConst() != nil || plain && r.total(l, x.TypeCast.Arg)
	case *pg.Node_FuncCall:
		return r.totalCall(l, x.FuncCall)
	}
	return false
}

func (r *run) allTotal(l *level, list []*pg.Node) bool {
	return !slices.ContainsFunc(list, func(n *pg.Node) bool { return !r.total(l, n) })
}

// totalColumn: a stored value. One computed below could have been made to grow
// without bound.
func (r *run) totalColumn(l *level, ref *pg.ColumnRef) bool {
	if isStar(ref) {
		return false
	}
	f := r.columnRef(l, ref)
	return f.col != nil && (f.col.bare && totalTypes[f.col.base] || len(f.deps) == 0)
}

func (r *run) totalOperator(l *level, e *pg.A_Expr) bool {
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT, pg.A_Expr_Kind_AEXPR_NULLIF,
		pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE, pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN:
	default:
		return false
	}
	op, _ := lastField(e.Name)
	if o, own := r.cat.operators[op]; own && (o.unsafe || o.builtin) {
		return false
	}
	between := e.Kind == pg.A_Expr_Kind_AEXPR_BETWEEN || e.Kind == pg.A_Expr_Kind_AEXPR_NOT_BETWEEN
	if !between && !totalOperators[op] {
		return false
	}
	if len(op) > 1 && (op[0] == '~' || op[1] == '~') && e.Rexpr.GetAConst() == nil { // a pattern from data may be a wrong one
		return false
	}
	return r.total(l, e.Lexpr) && r.total(l, e.Rexpr)
}

func (r *run) totalCall(l *level, f *pg.FuncCall) bool {
	name, _ := lastField(f.Funcname)
	if !totalFunctions[name] || f.Over != nil || f.AggFilter != nil || len(f.AggOrder) > 0 || f.FuncVariadic {
		return false
	}
	for _, c := range r.cat.functions[name] {
		if c.schema != "pg_catalog" && c.unsafe {
			return false
		}
	}
	return r.allTotal(l, f.Args)
}
