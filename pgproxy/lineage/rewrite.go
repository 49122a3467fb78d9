package lineage

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// A statement that shows personal data without the customer's key is not refused if
// the key can be added: as columns after the last one, which the gate takes off the
// answer again. It is done in three readings, and the second is not trusted:
//
//  1. the client's text says which occurrences lack a key;
//  2. the same text is read again while columns are added wherever such a key would
//     be lost, from the innermost query outwards, until nothing more is added;
//  3. the text with the additions is read from the beginning as any other. It is used
//     only if that reading finds everything attributed and the rest as it was.
//
// hiddenPrefix begins the names of added columns. A statement that mentions it is
// not rewritten.
const hiddenPrefix = "custody_k"

// maxHidden bounds the added columns of one statement. With them an answer must stay
// below the 1,664 columns that PostgreSQL allows.
const (
	maxHidden  = 64
	maxOutputs = 1600
)

// maxDepthOfKeys bounds arrays in arrays: each level doubles the quoting.
const maxDepthOfKeys = 4

// maxRounds is how often a text is read while additions grow: each round carries
// keys through at least one more query.
const maxRounds = 12

// hiding is the second reading.
type hiding struct {
	text   string // of the statement alone
	base   int    // where it begins in the string, bytes
	tokens []span
	needed map[int]bool // occurrences that lack a key
	mixed  map[int]bool // those whose key in the select list will not do
	// known are the columns added so far, by the token that follows the select list.
	known map[int][]addition
	edits []Edit // of this round, beside those of known
	pads  map[int]padding
	seen  map[any]bool
	wraps []*wrapping // of this round, inner ones first
	kept  map[*pg.SelectStmt]*wrapping
	count int
	grown bool
	fail  bool // it cannot be done
}

// addition is a column added to a select list: what is taken of which column of FROM.
type addition struct {
	name   string // of the new column
	alias  string // of the item, empty for a bare column
	column string
	how    gather
	depth  int      // of the array that it gives, 0 for a key
	by     []string // gatherWindow: what the window is partitioned by, as written
}

type gather uint8

const (
	gatherPass   gather = iota // the column as it is, as text
	gatherOne                  // an array of one
	gatherAll                  // an array of the group's
	gatherWindow               // an array of the window\'s partition
)

// sql writes the addition as it stands in a select list.
func (a *addition) sql() string {
	ref := ident(a.column)
	if a.alias != "" {
		ref = ident(a.alias) + "." + ref
	}
	switch a.how {
	case gatherWindow:
		return a.windowSQL(ref)
	case gatherOne:
		ref = "ARRAY[" + ref + "]"
	case gatherAll:
		ref = "pg_catalog.array_agg(" + ref + ")"
	}
	return ", " + ref + "::pg_catalog.text AS " + a.name
}

func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// rewritten gives the statement with hidden keys, or false if it needs none or none
// can be added. s is its first reading.
func (a *Analyser) rewritten(sql string, raw *pg.RawStmt, s *Statement, whole *[]span) (Statement, bool) {
	in := s.query()
	if in == nil || s.Explains() || !in.lacking() || len(in.Outputs) > maxOutputs {
		return Statement{}, false
	}
	from, to := partSpan(sql, raw)
	h := &hiding{text: sql[from:to], base: from, needed: map[int]bool{}, mixed: map[int]bool{}, known: map[int][]addition{}, kept: map[*pg.SelectStmt]*wrapping{}}
	lower := strings.ToLower(h.text)
	if h.tokens = tokensOf(h.text); h.tokens == nil || strings.Contains(lower, hiddenPrefix) || strings.Contains(lower, "u&") {
		return Statement{}, false
	}
	for i := range in.Sources {
		src := &in.Sources[i]
		h.needed[src.occ], h.mixed[src.occ] = src.lacks() || src.mixed, src.mixed
	}
	edits, ok := a.addHidden(sql, innerNode(raw.Stmt), h)
	if !ok {
		return Statement{}, false
	}
	return a.confirmed(s, h, edits, sql, whole)
}

// Explains says whether the statement is only explained.
func (s *Statement) Explains() bool { return s.Verb == Explain }

// query gives the statement whose answer is shown now or later, nil if there is none.
func (s *Statement) query() *Statement {
	switch s.Verb {
	case Select, Insert, Update, Delete:
		return s
	case Prepare, Declare, CopyTo:
		if in := s.Inner; in != nil {
			return in.query()
		}
	}
	return nil
}

// innerNode finds the parsed statement that query means.
func innerNode(n *pg.Node) *pg.Node {
	switch x := n.GetNode().(type) {
	case *pg.Node_PrepareStmt:
		return x.PrepareStmt.Query
	case *pg.Node_DeclareCursorStmt:
		return x.DeclareCursorStmt.Query
	case *pg.Node_CopyStmt:
		return x.CopyStmt.Query
	}
	return n
}

// lacking says whether keys are all that is missing.
func (s *Statement) lacking() bool {
	if s.Outputs == nil || s.Refusal != nil && !s.unattributed {
		return false
	}
	return slices.ContainsFunc(s.Sources, func(src Source) bool { return src.lacks() || src.mixed })
}

func (s *Source) lacks() bool { return len(s.Keys)+len(s.Sets) == 0 && s.Pin == nil }

// addHidden is the second reading.
func (a *Analyser) addHidden(sql string, n *pg.Node, h *hiding) ([]Edit, bool) {
	for range maxRounds {
		h.grown, h.fail, h.edits = false, false, nil
		h.seen, h.pads, h.wraps = map[any]bool{}, map[int]padding{}, nil
		r := newRun(a.cat, sql)
		r.hide = h
		r.dispatch(&Statement{}, n)
		if h.fail || h.count > maxHidden || h.count == 0 {
			return nil, false
		}
		if !h.grown {
			return h.all(), true
		}
	}
	return nil, false
}

// all lists the edits of the statement's own text, in order. Where several are made
// in one place, what is added to a select list comes before what ends its query.
func (h *hiding) all() []Edit {
	texts := h.added()
	var edits []Edit
	for _, w := range slices.Backward(h.wraps) {
		edits = append(edits, Edit{w.start, w.start, w.head(texts[w.end])})
	}
	for end, text := range texts {
		if end > 0 {
			edits = append(edits, Edit{end, end, text})
		}
	}
	edits = append(edits, h.edits...)
	for _, w := range h.wraps {
		edits = append(edits, Edit{w.stop, w.stop, w.tail()})
	}
	slices.SortStableFunc(edits, func(a, b Edit) int { return a.From - b.From })
	return edits
}

// added gives what is added to each select list, by the token that follows it.
func (h *hiding) added() map[int]string {
	texts := map[int]string{}
	for end, p := range h.pads {
		texts[end] = p.before
	}
	for end, list := range h.known {
		for i := range list {
			texts[end] += list[i].sql()
		}
	}
	for end, p := range h.pads {
		texts[end] += p.after
	}
	return texts
}

// confirmed is the third reading.
func (a *Analyser) confirmed(s *Statement, h *hiding, edits []Edit, sql string, whole *[]span) (Statement, bool) {
	text, ok := Splice(h.text, edits)
	if !ok {
		return Statement{}, false
	}
	tree, err := parse(text)
	if err != nil || len(tree.Stmts) != 1 {
		return Statement{}, false
	}
	t := a.read(text, tree.Stmts[0], true, insertedBy(h.text, edits)...)
	if !t.query().matches(s.query(), t.Refusal == nil) {
		return Statement{}, false
	}
	if *whole == nil {
		*whole = tokensOf(sql)
	}
	before := sort.Search(len(*whole), func(i int) bool { return (*whole)[i].start >= h.base })
	for i := range edits {
		edits[i].From += before
		edits[i].To += before
	}
	t.Edits = edits
	t.Send, ok = Splice(sql, edits)
	for x, y := &t, s; x != nil && y != nil; x, y = x.Inner, y.Inner {
		x.Text, x.Shape = y.Text, y.Shape
	}
	t.Hidden = t.query().Hidden
	return t, ok
}

// matches says whether the third reading found all that the first one did, and a key
// for everything: the statement with hidden columns against the client's.
func (s *Statement) matches(client *Statement, passes bool) bool {
	if !passes || s == nil || s.Refusal != nil || s.Verb != client.Verb || len(s.Sources) != len(client.Sources) || s.Whole != client.Whole {
		return false
	}
	visible := len(client.Outputs)
	if len(s.Outputs) <= visible || len(s.Outputs)-visible > maxHidden {
		return false
	}
	for i := range s.Sources {
		x, y := &s.Sources[i], &client.Sources[i]
		if x.lacks() || x.mixed || x.Table != y.Table || x.Alias != y.Alias || x.Read != y.Read || y.Used&^x.Used != 0 || x.Outer != y.Outer {
			return false
		}
	}
	for i := range client.Outputs {
		x, y := s.Outputs[i], client.Outputs[i]
		if x.Key = y.Key; x != y {
			return false
		}
	}
	for i := range s.Outputs[visible:] {
		o := &s.Outputs[visible+i]
		if !strings.HasPrefix(o.Name, hiddenPrefix) {
			return false
		}
		s.Hidden = append(s.Hidden, s.hiddenColumn(visible+i))
	}
	return true
}

// hiddenColumn describes output i, which the gate added.
func (s *Statement) hiddenColumn(i int) HiddenColumn {
	for at := range s.Sources {
		for _, set := range s.Sources[at].Sets {
			if set.Column == i {
				return HiddenColumn{Depth: set.Depth, Source: at}
			}
		}
		if slices.Contains(s.Sources[at].Keys, i) {
			return HiddenColumn{Source: at}
		}
	}
	return HiddenColumn{Source: -1}
}

// newName names an added column.
func (h *hiding) newName() string {
	h.count++
	return hiddenPrefix + strconv.Itoa(h.count)
}
