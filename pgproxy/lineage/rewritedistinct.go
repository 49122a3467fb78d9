package lineage

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// groupDistinct turns SELECT DISTINCT into GROUP BY of all its columns, so that the
// keys of equal rows can be gathered. visible is how many columns the client has.
func (r *run) groupDistinct(l *level, visible int, wild bool) {
	h := r.hide
	first := h.tokenAt(l.list[0].GetResTarget().GetLocation())
	stop := h.clause(l.end, "group having window order limit offset fetch for union intersect except")
	several := slices.ContainsFunc(l.list, func(n *pg.Node) bool { return r.multiplies(n) })
	if l.grouped || len(l.windows) > 0 || several || wild || !h.is(first-1, "distinct") ||
		h.is(stop, "group") || h.is(stop, "having") || h.is(stop, "window") {
		h.fail = true
		return
	}
	h.edits = append(h.edits, Edit{first - 1, first, "ALL     "}, Edit{stop, stop, " GROUP BY " + ordinals(visible)})
}

// ordinals writes 1, 2, … n.
func ordinals(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = strconv.Itoa(i + 1)
	}
	return strings.Join(list, ", ")
}

// wrapping turns a UNION, which drops equal rows, into UNION ALL and a query around
// it that groups equal rows and gathers their keys.
type wrapping struct {
	end         int // stands for the token after its select list, see hiding.known
	start, stop int // the tokens of the set operation, from and up to
	alias       string
	columns     []string // of the client
	inner, outs []string // of the keys, below and above
}

func (w *wrapping) head(more string) string {
	var b strings.Builder
	b.WriteString(" SELECT ")
	for i, c := range w.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(w.column(i) + " AS " + ident(c))
	}
	for i, c := range w.outs {
		b.WriteString(", pg_catalog.array_agg(" + ident(w.alias) + "." + ident(w.inner[i]) + ")::pg_catalog.text AS " + c)
	}
	return b.String() + more + " FROM ("
}

func (w *wrapping) column(i int) string { return hiddenPrefix + "c" + strconv.Itoa(i+1) }

func (w *wrapping) tail() string {
	list := make([]string, len(w.columns))
	for i := range list {
		list[i] = w.column(i)
	}
	return ") AS " + w.alias + " (" + strings.Join(list, ", ") + ") GROUP BY " + ordinals(len(list))
}

// wrapUnion plans the query around a UNION and gives res the keys that it gathers.
// flat: a UNION further out drops equal rows anyway, so UNION ALL will do.
func (r *run) wrapUnion(s *pg.SelectStmt, res *relationResult, flat bool) {
	h := r.hide
	if flat {
		if !h.seen[s] {
			h.seen[s] = true
			r.unionAll(s, &wrapping{})
		}
		return
	}
	w := h.kept[s]
	if w == nil {
		w = &wrapping{end: -1 - len(h.kept), alias: hiddenPrefix + "u" + strconv.Itoa(len(h.kept)+1)}
		h.kept[s] = w
	}
	visible := len(res.columns) - res.hidden
	w.columns, w.inner = nil, nil
	for i, c := range res.columns {
		switch {
		case i >= visible:
			w.inner = append(w.inner, c.name)
			c.depth++
			h.fail = h.fail || c.depth > maxDepthOfKeys
		case c.unsure:
			h.fail = true
		default:
			w.columns = append(w.columns, c.name)
		}
	}
	for len(w.outs) < len(w.inner) {
		w.outs = append(w.outs, h.newName())
		h.grown = true
	}
	for i, c := range res.columns[visible:] {
		c.name = w.outs[i]
	}
	res.arms = []*level{{end: w.end}}
	if h.seen[s] { // a WITH query that is mentioned twice
		return
	}
	h.seen[s] = true
	h.wraps = append(h.wraps, w)
	r.unionAll(s, w)
}

// unionAll finds the text of a UNION and writes ALL into it.
func (r *run) unionAll(s *pg.SelectStmt, w *wrapping) {
	h := r.hide
	start, middle, ok1 := h.side(s.Larg, true)
	_, stop, ok2 := h.side(s.Rarg, false)
	if !ok1 || !ok2 || !h.is(middle, "union") {
		h.fail = true
		return
	}
	w.start, w.stop = start, stop
	to := middle + 1
	if h.is(to, "distinct") {
		to++
	}
	h.edits = append(h.edits, Edit{middle + 1, to, " ALL"})
}

// side finds the tokens of one side of a set operation, its brackets included, from
// and up to.
func (h *hiding) side(s *pg.SelectStmt, left bool) (start, stop int, ok bool) {
	if s == nil || s.WithClause != nil {
		return 0, 0, false
	}
	if s.Op != pg.SetOperation_SETOP_NONE {
		var ok1, ok2 bool
		start, _, ok1 = h.side(s.Larg, true)
		_, stop, ok2 = h.side(s.Rarg, false)
		ok = ok1 && ok2
	} else {
		start, stop, ok = h.leaf(s, left)
	}
	if !ok {
		return 0, 0, false
	}
	for left && h.word(stop) == ")" || !left && h.word(start-1) == "(" {
		if h.word(stop) != ")" || h.word(start-1) != "(" {
			return 0, 0, false
		}
		start, stop = start-1, stop+1
	}
	return start, stop, true
}

// leaf finds the tokens of a plain SELECT within a set operation, without brackets.
func (h *hiding) leaf(s *pg.SelectStmt, left bool) (start, stop int, ok bool) {
	if len(s.TargetList) == 0 || len(s.ValuesLists) > 0 {
		return 0, 0, false
	}
	at := h.tokenAt(s.TargetList[0].GetResTarget().GetLocation())
	if at < 1 {
		return 0, 0, false
	}
	for start = at - 1; start > 0 && !h.is(start, "select"); start-- {
	}
	stops := "union intersect except"
	if !left && h.word(start-1) != "(" { // what follows is the set operation's own
		stops += " order limit offset fetch for"
	}
	return start, h.clause(at, stops), h.is(start, "select")
}
