package lineage

import (
	"slices"
	"sort"
	"strings"

	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// Changes are recorded for each subject, so every change must say whose rows it
// changes. A statement of its own is made to say it by RETURNING the key, in hidden
// columns; one in WITH must fix the key, or hand every row on to an answer that shows
// it; COPY FROM must read the key.

// atTop says whether the statement itself is being read, once.
func (r *run) atTop() bool {
	top := r.top
	r.top = false
	return top
}

// cascaded gives the categories of the declared rows that go with a row of the relation.
func (rel *relation) cascaded(seen []*relation) custody.CategorySet {
	var cats custody.CategorySet
	for _, child := range rel.cascades {
		if child == rel || slices.Contains(seen, child) {
			continue
		}
		if child.table != nil {
			cats |= allCategories(child.table)
		}
		cats |= child.cascaded(append(seen, rel))
	}
	return cats
}

// cats gives all that is changed.
func cats(writes []Write) custody.CategorySet {
	var set custody.CategorySet
	for i := range writes {
		set |= writes[i].Categories
	}
	return set
}

// traced sees to it that a statement's changes say whose they are, and refuses it
// otherwise.
func (a *Analyser) traced(sql string, raw *pg.RawStmt, s *Statement, whole *[]span) {
	if !a.cat.declared || s.Refusal != nil || cats(s.Writes) == 0 || s.Verb == CopyFrom {
		return
	}
	in := s
	switch s.Verb {
	case Select, Insert, Update, Delete:
	case Prepare:
		in = s.Inner
	case Explain:
		if s.runs {
			s.Refusal = refuseUntold(s.Writes[0].Table, "leave out ANALYZE, which carries the change out; or send the change without EXPLAIN")
		}
		return
	default:
		s.Refusal = refuseUntold(s.Writes[0].Table, "send the change as a statement of its own")
		return
	}
	for i := range in.Writes {
		if w := &in.Writes[i]; w.Categories != 0 {
			if s.Refusal = a.trace(sql, raw, s, in, w, whole); s.Refusal != nil {
				return
			}
		}
	}
}

// trace finds a column that says whose rows one change concerns.
func (a *Analyser) trace(sql string, raw *pg.RawStmt, s, in *Statement, w *Write, whole *[]span) *custody.Error {
	switch {
	case w.top:
		return a.returnKeys(sql, raw, s, in, w, whole)
	case in.through && len(w.keys) > 0:
		w.Key = w.keys[0]
		w.KeyType = in.Outputs[w.Key].TypeOID
	case w.Pin == nil:
		return refuseUntold(w.Table, "send the change as a statement of its own, not in WITH; or fix the customer by "+w.Table.Key+" = …")
	}
	if !w.Delete && len(w.names()) > 0 {
		return refuseUntold(w.Table, "send a change of what customers are found by as a statement of its own, not in WITH")
	}
	return nil
}

// names lists the identifiers that the change may alter.
func (w *Write) names() []string {
	var list []string
	for _, id := range w.Table.Identifiers {
		if w.Categories.Has(w.Table.Columns[id]) {
			list = append(list, id)
		}
	}
	return list
}

// returnKeys adds the key, and what names the subject from now on, to RETURNING.
func (a *Analyser) returnKeys(sql string, raw *pg.RawStmt, s, in *Statement, w *Write, whole *[]span) *custody.Error {
	if *whole == nil {
		*whole = tokensOf(sql)
	}
	_, to := partSpan(sql, raw)
	end := sort.Search(len(*whole), func(i int) bool { return (*whole)[i].start >= to })
	key := w.rel.attribute(w.Table.Key)
	if end == 0 || key == nil || len(in.Outputs) > maxOutputs {
		return refuseUntold(w.Table, "write it without unusual quotes, and with fewer columns in RETURNING")
	}
	list := []*attribute{key}
	w.Key, w.KeyType = len(in.Outputs), oidText
	if key.readable(true) {
		w.KeyType = key.typ
	}
	if !w.Delete {
		for _, id := range w.names() {
			if c := w.rel.attribute(id); c != nil {
				w.Names = append(w.Names, NameColumn{len(in.Outputs) + len(list), w.Table.Columns[id]})
				list = append(list, c)
			}
		}
	}
	in.Mute = len(in.Outputs) == 0
	in.Outputs = slices.Clone(in.Outputs)
	words := make([]string, len(list))
	for i, c := range list {
		words[i] = ident(w.alias) + "." + ident(c.name)
		o := Output{Source: -1, TableOID: w.rel.oid, Attr: c.num, TypeOID: c.typ, Key: i == 0}
		if !c.readable(i == 0) {
			words[i] += "::pg_catalog.text"
			o.TableOID, o.Attr, o.TypeOID = 0, 0, oidText
		}
		in.Outputs = append(in.Outputs, o)
		in.Hidden = append(in.Hidden, HiddenColumn{Source: -1})
	}
	text := ", " + strings.Join(words, ", ")
	if in.Mute {
		text = " RETURNING" + text[1:]
	}
	s.Edits = append(slices.Clone(s.Edits), Edit{end, end, text})
	s.Outputs, s.Hidden, s.Mute, s.Writes = in.Outputs, in.Hidden, in.Mute, in.Writes
	var ok bool
	if s.Send, ok = Splice(sql, s.Edits); !ok {
		return refuseUntold(w.Table, "write it without unusual quotes")
	}
	return nil
}

// readable says whether the gate reads the column's values in any format. Others it asks
// for as text.
func (a *attribute) readable(key bool) bool {
	switch a.typ {
	case oidText, oidVarchar, oidBpchar:
		return true
	case oidInt2, oidInt4, oidInt8, oidUUID:
		return key
	}
	return false
}

// attribute finds a column of a relation by name.
func (r *relation) attribute(name string) *attribute {
	for i := range r.columns {
		if r.columns[i].name == name {
			return &r.columns[i]
		}
	}
	return nil
}

// passesOn says whether a SELECT shows every row of the one change in its WITH, as it is.
func passesOn(n *pg.SelectStmt) bool {
	lists := [][]*pg.Node{n.DistinctClause, n.GroupClause, n.WindowClause, n.ValuesLists, n.LockingClause}
	if slices.ContainsFunc(lists, func(l []*pg.Node) bool { return len(l) > 0 }) || len(n.FromClause) != 1 ||
		!changesIn(n.WithClause, n.FromClause[0].GetRangeVar()) || n.IntoClause != nil || n.WhereClause != nil || n.HavingClause != nil ||
		n.LimitOffset != nil || n.LimitCount != nil || n.Op != pg.SetOperation_SETOP_NONE {
		return false
	}
	for _, t := range n.TargetList {
		v := t.GetResTarget().GetVal()
		if c := v.GetTypeCast(); c != nil { // a hidden key is cast to text
			v = c.Arg
		}
		if v.GetColumnRef() == nil {
			return false
		}
	}
	return true
}

// changesIn says whether a name is that of a change in WITH.
func changesIn(with *pg.WithClause, v *pg.RangeVar) bool {
	return v != nil && v.Schemaname == "" && slices.ContainsFunc(with.GetCtes(), func(n *pg.Node) bool {
		c := n.GetCommonTableExpr()
		return c.GetCtename() == v.Relname && c.GetCtequery() != nil && c.GetCtequery().GetSelectStmt() == nil
	})
}

// copyFromOptions are those under which the gate reads what is copied in.
var copyFromOptions = words("format freeze delimiter null header quote escape force_not_null force_null encoding")

// readsKeys finds the key among the columns that COPY FROM reads.
func (s *Statement) readsKeys(c *pg.CopyStmt) {
	w := &s.Writes[0]
	w.Key = slices.Index(s.Copy.Columns, w.Table.Key)
	key := w.rel.attribute(w.Table.Key)
	if w.Key < 0 || key == nil {
		s.refuseUnless(refuseUntold(w.Table, "add "+w.Table.Key+" to the columns of COPY"))
		return
	}
	w.KeyType = key.base
	for _, id := range w.names() {
		if i := slices.Index(s.Copy.Columns, id); i >= 0 {
			w.Names = append(w.Names, NameColumn{i, w.Table.Columns[id]})
		}
	}
	for _, n := range c.Options {
		if name := strings.ToLower(n.GetDefElem().GetDefname()); !copyFromOptions[name] {
			s.refuseUnless(refuseCopyForm("the option "+quote(name), "use the text, csv or binary format with its usual options"))
		}
	}
	if s.Copy.Encoding != "" && !settable("client_encoding", s.Copy.Encoding) {
		s.refuseUnless(refuseCopyForm("this ENCODING", "use UTF8"))
	}
	if f := family(key.base); f != oidInt8 && f != oidText && f != oidUUID { // others have several spellings
		s.refuseUnless(refuseCopyForm("a key of this type", "use INSERT"))
	}
}

// refuseUnless keeps an earlier refusal.
func (s *Statement) refuseUnless(e *custody.Error) {
	if s.Refusal == nil {
		s.Refusal = e
	}
}
