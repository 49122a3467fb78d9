package lineage

import (
	"strings"

	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// copyStmt reads COPY.
func (r *run) copyStmt(s *Statement, c *pg.CopyStmt) {
	s.Verb = CopyTo
	if c.IsFrom {
		s.Verb = CopyFrom
	}
	s.Copy = copyOptions(c)
	if c.IsProgram || c.Filename != "" {
		r.refuse(refuseFile())
	}
	defer func() {
		if !c.IsFrom && len(s.Sources) > 0 && s.Refusal == nil {
			s.Refusal = s.Copy.misleads()
		}
	}()
	switch {
	case c.Query != nil:
		r.copyQuery(s, c.Query)
	case c.IsFrom:
		r.copyFrom(s, c)
	default:
		r.answer(s, r.copyTable(c))
	}
}

// copyQuery reads COPY (query) TO.
func (r *run) copyQuery(s *Statement, n *pg.Node) {
	inner := Statement{Text: s.Text}
	r.dispatch(&inner, n)
	s.Inner = &inner
	s.adopt(&inner)
	s.unattributed = inner.unattributed
	if s.Outputs == nil && len(s.Sources) > 0 && s.Refusal == nil {
		s.Refusal = refuseWildKey()
	}
}

// adopt takes over what an inner statement discloses.
func (s *Statement) adopt(in *Statement) {
	s.Sources, s.Outputs, s.Whole, s.Writes = in.Sources, in.Outputs, in.Whole, in.Writes
	s.Touches = s.Touches || in.Touches
	s.Opaque = s.Opaque || in.Opaque
	s.Unknown = s.Unknown || in.Unknown
	s.LiteralsMatter = s.LiteralsMatter || in.LiteralsMatter
	if s.Refusal == nil {
		s.Refusal = in.Refusal
	}
}

// copyTable reads COPY table [(columns)] TO as SELECT columns FROM ONLY table.
func (r *run) copyTable(c *pg.CopyStmt) *relationResult {
	l := &level{}
	it := r.rangeVar(l, c.Relation)
	l.entries = append(l.entries, r.single(it))
	res := &relationResult{wildFrom: -1, keys: map[int][]int{}}
	names := strs(c.Attlist)
	if len(names) == 0 {
		res.expand(it.columns, it.wild, it.wildDeps)
	}
	for _, n := range names {
		col, d, ok := it.column(n)
		if !ok {
			r.unknownColumn(n)
		}
		if col == nil {
			col = &column{name: n, node: noNode, deps: d, keyOf: -1}
		}
		copied := *col
		res.columns = append(res.columns, &copied)
	}
	r.expr(l, c.WhereClause)
	r.finishLevel(l, res, false)
	return res
}

// copyFrom reads COPY table FROM STDIN.
func (r *run) copyFrom(s *Statement, c *pg.CopyStmt) {
	l := &level{}
	rel, _, occ := r.targetTable(l, c.Relation)
	if c.WhereClause != nil {
		r.decides(l, r.condition(l, c.WhereClause, nil))
	}
	if occ >= 0 {
		var cats custody.CategorySet
		for _, n := range copyColumns(rel, c.Attlist) {
			cats |= rel.category(n)
		}
		r.write(occ, Write{Categories: cats, Insert: true, rel: rel, top: true})
	}
	r.answer(s, nil)
	if rel != nil {
		s.Copy.Columns = copyColumns(rel, c.Attlist)
	}
	if occ >= 0 && cats(s.Writes) != 0 {
		s.readsKeys(c)
	}
}

func copyColumns(rel *relation, list []*pg.Node) []string {
	if len(list) > 0 || rel == nil {
		return strs(list)
	}
	var names []string
	for _, a := range rel.columns {
		if !a.generated {
			names = append(names, a.name)
		}
	}
	return names
}

// copyOptions reads the options with the server's defaults.
func copyOptions(c *pg.CopyStmt) *Copy {
	o := &Copy{Format: "text", From: c.IsFrom, Program: c.IsProgram, File: c.Filename, Columns: strs(c.Attlist)}
	set := map[string]bool{}
	for _, n := range c.Options {
		d := n.GetDefElem()
		name, value := strings.ToLower(d.GetDefname()), defText(d.GetArg())
		set[name] = true
		switch name {
		case "format":
			o.Format = strings.ToLower(value)
		case "header":
			v := strings.ToLower(value)
			o.Header = v != "false" && v != "off" && v != "0" && v != "no"
		case "delimiter":
			o.Delimiter = value
		case "quote":
			o.Quote = value
		case "escape":
			o.Escape = value
		case "null":
			o.Null = value
		case "encoding":
			o.Encoding = value
		}
	}
	o.defaults(set)
	return o
}

// misleads refuses forms in which a key could pass for something else: written as
// NULL is, or in an encoding whose characters hold ASCII bytes.
func (o *Copy) misleads() *custody.Error {
	if o.Format == "text" && o.Null != `\N` && o.Null != "" {
		return refuseCopyForm("this NULL string", `leave out NULL, or use FORMAT csv`)
	}
	if o.Encoding != "" && !settable("client_encoding", o.Encoding) {
		return refuseCopyForm("this ENCODING", "use UTF8")
	}
	return nil
}

func (o *Copy) defaults(set map[string]bool) {
	csv := o.Format == "csv"
	if !set["delimiter"] {
		o.Delimiter = "\t"
		if csv {
			o.Delimiter = ","
		}
	}
	if !set["null"] && !csv {
		o.Null = `\N`
	}
	if csv && !set["quote"] {
		o.Quote = `"`
	}
	if csv && !set["escape"] {
		o.Escape = o.Quote
	}
}

// defText gives an option's argument as text.
func defText(n *pg.Node) string {
	switch x := n.GetNode().(type) {
	case *pg.Node_String_:
		return x.String_.Sval
	case *pg.Node_Boolean:
		if x.Boolean.Boolval {
			return "true"
		}
		return "false"
	case *pg.Node_Integer:
		if x.Integer.Ival == 0 {
			return "0"
		}
		return "1"
	case *pg.Node_TypeName:
		name, _ := lastField(x.TypeName.Names)
		return name
	}
	return ""
}
