package lineage

import (
	"slices"
	"strings"

	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// read analyses one parsed statement of a string. confirm: the gate has added hidden
// columns to it.
func (a *Analyser) read(sql string, raw *pg.RawStmt, confirm bool, inserted ...span) Statement {
	text := part(sql, raw)
	r := newRun(a.cat, sql)
	r.confirm, r.inserted = confirm, inserted
	s := Statement{Text: text, Shape: r.shape(text)}
	r.dispatch(&s, raw.Stmt)
	return s
}

// shape notes where the literals of the string are and hashes the statement's own
// normalised text.
func (r *run) shape(text string) uint64 {
	c := scratches.Get().(*scratch)
	defer scratches.Put(c)
	var ok bool
	c.text, c.lits, ok = normalise(c.text[:0], c.lits[:0], r.text)
	if ok {
		for _, l := range c.lits {
			if !r.added(l.start) {
				r.literals = append(r.literals, l.start)
			}
		}
		return hash(c.text)
	}
	if c.text, c.lits, ok = normalise(c.text[:0], c.lits[:0], text); ok {
		return hash(c.text)
	}
	return 0
}

// added says whether a literal stands in what the gate added: the client's are
// counted without them.
func (r *run) added(at int) bool {
	return slices.ContainsFunc(r.inserted, func(s span) bool { return at >= s.start && at < s.end })
}

// part cuts a statement's own text out of the string.
func part(sql string, raw *pg.RawStmt) string {
	from, to := partSpan(sql, raw)
	return strings.TrimSpace(sql[from:to])
}

// partSpan says where a statement's own text is in the string.
func partSpan(sql string, raw *pg.RawStmt) (from, to int) {
	from, to = int(raw.StmtLocation), len(sql)
	if raw.StmtLen > 0 {
		to = from + int(raw.StmtLen)
	}
	if from < 0 || to > len(sql) || from > to {
		return 0, len(sql)
	}
	return from, to
}

// dispatch fills a statement by its kind.
func (r *run) dispatch(s *Statement, n *pg.Node) {
	switch x := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		s.Verb = Select
		if x.SelectStmt.IntoClause != nil {
			s.Verb = DDL
			r.createAs(x.SelectStmt.IntoClause)
		}
		r.answer(s, r.selectStmt(nil, nil, x.SelectStmt))
		s.Point, s.through = s.point(x.SelectStmt), passesOn(x.SelectStmt)
	case *pg.Node_InsertStmt:
		s.Verb, r.top = Insert, true
		r.answer(s, r.insert(nil, nil, x.InsertStmt))
	case *pg.Node_UpdateStmt:
		s.Verb, r.top = Update, true
		r.answer(s, r.update(nil, nil, x.UpdateStmt))
	case *pg.Node_DeleteStmt:
		s.Verb, r.top = Delete, true
		r.answer(s, r.delete(nil, nil, x.DeleteStmt))
	case *pg.Node_MergeStmt:
		s.Verb = Merge
		r.merge(x.MergeStmt)
		r.answer(s, nil)
	case *pg.Node_CopyStmt:
		r.copyStmt(s, x.CopyStmt)
	default:
		r.utility(s, n)
	}
}

// answer turns what was found into the statement's fields.
func (r *run) answer(s *Statement, res *relationResult) {
	r.unmentioned()
	r.showOutputs(res)
	s.Writes = r.writes
	for i := range s.Writes {
		if res != nil {
			s.Writes[i].keys = res.keys[s.Writes[i].occ]
		}
	}
	index := make(map[int]int)
	for o, occ := range r.occs {
		if occ.read == 0 || occ.ignored {
			continue
		}
		if occ.closed != "" {
			r.refuse(refuseSystem(occ.closed))
			continue
		}
		index[o] = len(s.Sources)
		s.Sources = append(s.Sources, r.source(o, occ, res))
		if res != nil && !occ.restricted && s.Verb != Insert && s.Verb != Update && s.Verb != Delete {
			s.Whole = true
		}
	}
	if r.effect != "" && len(s.Sources) > 0 {
		r.refuse(refuseEffect(r.effect))
	}
	s.Outputs = outputs(res, s.Sources, index)
	s.Touches = s.Touches || r.touches
	s.Unknown = s.Unknown || r.unknown
	s.Opaque = s.Opaque || r.opaque
	s.LiteralsMatter = s.LiteralsMatter || r.literal
	r.judge(s, res != nil && len(res.columns) > 0)
}

// judge decides the refusal. Without declared tables everything passes. rows says
// that there is an answer whose columns must be known.
func (r *run) judge(s *Statement, rows bool) {
	if !r.cat.declared || s.Refusal != nil {
		return
	}
	switch {
	case r.hard != nil:
		s.Refusal = r.hard
	case r.soft != nil && r.touches:
		s.Refusal = r.soft
	case len(s.Sources) > 0 && s.Outputs == nil && rows:
		s.Refusal = refuseWildKey()
	default:
		for i := range s.Sources {
			if src := &s.Sources[i]; src.lacks() && !src.ByIdentifier {
				s.Refusal, s.unattributed = r.unattributed(src), true
				return
			}
		}
	}
}

func (r *run) unattributed(src *Source) *custody.Error {
	for _, o := range r.occs {
		if o.table == src.Table && o.alias == src.Alias && o.read == src.Read && o.lostIn != lostNot {
			return refuseUnattributed(o)
		}
	}
	return refuseUnattributed(&occurrence{table: src.Table, alias: src.Alias, read: src.Read})
}

// showOutputs marks what the answer shows: bare columns are read, others used.
func (r *run) showOutputs(res *relationResult) {
	if res == nil {
		return
	}
	for _, c := range res.columns {
		r.use(c.deps, !c.bare)
	}
	r.use(res.wildDeps, true)
}

// source describes one occurrence for the gate.
func (r *run) source(o int, occ *occurrence, res *relationResult) Source {
	s := Source{occ: o, Table: occ.table, Alias: occ.alias, Read: occ.read, Used: occ.used, Decides: occ.presence, Outer: occ.outer}
	if res != nil {
		s.Keys = ownKeyFirst(res, o)
		for i, c := range res.columns {
			if c.identifier && c.bare && c.deps.has(o) && (res.wildFrom < 0 || i < res.wildFrom) {
				s.Identifiers = append(s.Identifiers, i)
			}
		}
	}
	for _, n := range occ.carriers {
		if p := r.nodes[n].pin; p != nil && r.certain(p) {
			s.Pin = p
			break
		}
	}
	s.mixed = occ.mixed && s.Pin == nil
	if res != nil && (len(s.Keys) == 0 || s.mixed) && s.Pin == nil {
		for _, i := range res.sets[o] {
			s.Sets = append(s.Sets, KeySet{i, res.columns[i].depth})
		}
		if len(s.Sets) > 0 {
			s.Keys, s.mixed = nil, false
		}
	}
	// The key was only left out of the select list, and not lost in a union or a
	// window; nothing is used in conditions or groups: then all that the row shows of
	// the occurrence is one row's, and the identifier's subject is that row's.
	s.ByIdentifier = s.lacks() && len(s.Identifiers) > 0 && s.Used == 0 &&
		(occ.lostIn == lostNot || occ.lostIn == lostSelect)
	return s
}

// ownKeyFirst lists the key columns, the occurrence's own key first: in an outer
// join it alone tells that there is no row.
func ownKeyFirst(res *relationResult, o int) []int {
	var own, others []int
	for _, i := range res.keys[o] {
		if res.columns[i].keyOf == o {
			own = append(own, i)
		} else {
			others = append(others, i)
		}
	}
	return append(own, others...)
}

// outputs describes the answer's columns.
func outputs(res *relationResult, sources []Source, index map[int]int) []Output {
	if res == nil || res.wildFrom >= 0 || len(res.columns) == 0 {
		return nil
	}
	key := make([]bool, len(res.columns))
	for i := range sources {
		for _, k := range sources[i].Keys {
			key[k] = true
		}
		for _, set := range sources[i].Sets {
			key[set.Column] = true
		}
	}
	list := make([]Output, len(res.columns))
	for i, c := range res.columns {
		o := Output{Name: c.name, Categories: c.deps.categories() &^ closedBit, Plain: c.bare, Source: -1,
			TableOID: c.tableOID, Attr: c.attr, TypeOID: c.typ, Key: key[i]}
		if c.unsure {
			o.Name = ""
		}
		if len(c.deps) > 0 {
			if at, ok := index[c.deps[0].occ]; ok {
				o.Source = at
			}
		}
		list[i] = o
	}
	return list
}
