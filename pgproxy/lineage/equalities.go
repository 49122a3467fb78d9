package lineage

import (
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// Types whose equality means the same subject. For others (float, citext, box …)
// equal is not identical, so an equality carries no key.
const (
	oidInt8    = 20
	oidInt2    = 21
	oidInt4    = 23
	oidText    = 25
	oidBpchar  = 1042
	oidVarchar = 1043
	oidBytea   = 17
	oidDate    = 1082
	oidNumeric = 1700
	oidUUID    = 2950
	oidOid     = 26
)

// family groups types that compare with each other without losing anything.
func family(oid uint32) uint32 {
	switch oid {
	case oidInt2, oidInt4, oidInt8:
		return oidInt8
	case oidText, oidVarchar:
		return oidText
	case oidBpchar, oidBytea, oidDate, oidNumeric, oidUUID, oidOid:
		return oid
	}
	return 0
}

func comparable(a, b *column) bool {
	f := family(a.base)
	return f != 0 && f == family(b.base) && !a.nondet && !b.nondet
}

// trustsEquals says whether an unqualified = is PostgreSQL's own for built-in types.
func (r *run) trustsEquals() bool {
	op, own := r.cat.operators["="]
	return !own || !op.builtin
}

// equate notes that two columns are equal wherever the filter lets it count.
func (r *run) equate(l *level, a, b *column, counts func(to node) bool) {
	if a.node == noNode || b.node == noNode || !comparable(a, b) || !r.trustsEquals() {
		return
	}
	if counts == nil || counts(b.node) {
		l.edges = append(l.edges, edge{a.node, b.node})
	}
	if counts == nil || counts(a.node) {
		l.edges = append(l.edges, edge{b.node, a.node})
	}
}

// condition reads a condition that every row must meet (WHERE, ON) and notes the
// equalities among its conjuncts.
func (r *run) condition(l *level, n *pg.Node, counts func(to node) bool) deps {
	if b := n.GetBoolExpr(); b != nil && b.Boolop == pg.BoolExprType_AND_EXPR {
		var d deps
		for _, arg := range b.Args {
			d = d.union(r.condition(l, arg, counts))
		}
		return d
	}
	if e := n.GetAExpr(); e != nil && isEquals(e) {
		return r.equality(l, e, counts)
	}
	return r.expr(l, n)
}

// isEquals recognises = and OPERATOR(pg_catalog.=).
func isEquals(e *pg.A_Expr) bool {
	if e.Kind != pg.A_Expr_Kind_AEXPR_OP || e.Lexpr == nil {
		return false
	}
	name := strs(e.Name)
	return len(name) == 1 && name[0] == "=" || len(name) == 2 && name[0] == "pg_catalog" && name[1] == "="
}

// equality reads a = b as a conjunct.
func (r *run) equality(l *level, e *pg.A_Expr, counts func(to node) bool) deps {
	a, da := r.plain(l, e.Lexpr)
	b, db := r.plain(l, e.Rexpr)
	switch {
	case a != nil && b != nil:
		r.equate(l, a, b, counts)
	case a != nil:
		r.pin(l, a, e.Rexpr, counts)
	case b != nil:
		r.pin(l, b, e.Lexpr, counts)
	}
	return da.union(db).union(r.operator(e.Name))
}

// plain reads an expression and, if it is a bare column, gives that column.
func (r *run) plain(l *level, n *pg.Node) (*column, deps) {
	ref := n.GetColumnRef()
	if ref == nil {
		return nil, r.expr(l, n)
	}
	f := r.columnRef(l, ref)
	if f.col != nil && f.col.node == noNode {
		return nil, f.deps
	}
	return f.col, f.deps
}

// pin notes column = constant or column = $n.
func (r *run) pin(l *level, c *column, n *pg.Node, counts func(to node) bool) {
	r.compared(c, n)
	if c.node == noNode || family(c.base) == 0 || c.nondet || !r.trustsEquals() || counts != nil && !counts(c.node) {
		return
	}
	p := r.pinOf(n, c)
	if p == nil {
		return
	}
	l.edges = append(l.edges, edge{r.newPin(p), c.node})
}

// pinOf reads the constant or the parameter. Only spellings that are the key's own
// text are taken: what does not match a key's text would not be found anyway.
func (r *run) pinOf(n *pg.Node, c *column) *Pin {
	cast := false
	if t := n.GetTypeCast(); t != nil && keepsKey(t.TypeName, c.base) {
		n, cast = t.Arg, true
	}
	if p := n.GetParamRef(); p != nil && p.Number > 0 {
		return &Pin{Param: int(p.Number), Literal: -1, TypeOID: c.base, cast: cast}
	}
	k := n.GetAConst()
	if k == nil || k.Isnull || r.view > 0 {
		return nil
	}
	text := ""
	switch v := k.Val.(type) {
	case *pg.A_Const_Ival:
		if family(c.base) != oidInt8 {
			return nil
		}
		text = strconv.Itoa(int(v.Ival.GetIval()))
	case *pg.A_Const_Fval:
		if family(c.base) != oidInt8 {
			return nil
		}
		text = v.Fval.GetFval()
	case *pg.A_Const_Sval:
		text = v.Sval.GetSval()
	default:
		return nil
	}
	text, ok := canonical(text, c.base)
	if !ok {
		r.literal = true // another spelling would be a pin
		return nil
	}
	return &Pin{Const: text, Literal: r.literalAt(int(k.Location)), TypeOID: c.base}
}

// keepsKey says whether a cast to a type leaves a key of the given type as it is.
func keepsKey(t *pg.TypeName, base uint32) bool {
	names := strs(t.GetNames())
	if len(names) == 0 || len(names) == 2 && names[0] != "pg_catalog" || len(names) > 2 ||
		len(t.Typmods)+len(t.ArrayBounds) > 0 {
		return false
	}
	switch names[len(names)-1] {
	case "int2", "int4", "int8":
		return len(names) == 2 && family(base) == oidInt8
	case "text", "varchar":
		return family(base) == oidText
	case "uuid":
		return base == oidUUID
	}
	return false
}

// canonical gives a constant in the text form of its type, or not.
func canonical(text string, oid uint32) (string, bool) {
	switch family(oid) {
	case oidInt8:
		if plainDigits(text) {
			return text, true
		}
		n, err := strconv.ParseInt(text, 10, 64)
		return strconv.FormatInt(n, 10), err == nil
	case oidText, oidUUID:
		return text, true
	}
	return "", false
}

// compared counts the mentions of a parameter as equal to a column of one family.
func (r *run) compared(c *column, n *pg.Node) {
	if t := n.GetTypeCast(); t != nil && keepsKey(t.TypeName, c.base) {
		n = t.Arg
	}
	p := n.GetParamRef()
	f := family(c.base)
	if p == nil || f == 0 {
		return
	}
	if r.equals == nil {
		r.equals = map[int32]equals{}
	}
	e := r.equals[p.Number]
	if e.family == 0 || e.family == f {
		r.equals[p.Number] = equals{f, e.times + 1}
	}
}

// equals says how often a parameter is compared with columns of a family.
type equals struct {
	family uint32
	times  int
}

// certain says whether a pin's parameter has the type that the pin supposes. The
// server takes the type from the first mention, and the bytes of another type could
// be another key: so every mention must be a comparison with columns of one family.
// One that is cast must be the only one.
func (r *run) certain(p *Pin) bool {
	if p.Param == 0 {
		return true
	}
	n := r.params[int32(p.Param)]
	return n == 1 || !p.cast && n == r.equals[int32(p.Param)].times
}

// plainDigits says whether a number is already as the server would write it.
func plainDigits(s string) bool {
	if len(s) == 0 || len(s) > 18 || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// literalAt finds the position of the literal that starts at an offset.
func (r *run) literalAt(offset int) int {
	for i, at := range r.literals {
		if at == offset {
			return i
		}
	}
	return -1
}
