package lineage

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// arms reads the two sides of a set operation. In the second reading both get the
// columns that were added to the other, as NULL: a row of one side has nobody of the
// other's tables.
func (r *run) arms(l *level, s *pg.SelectStmt) (left, right *relationResult) {
	flat := s.Op == pg.SetOperation_SETOP_UNION && (!s.All || l.flat)
	r.arm, r.flat = true, flat
	left = r.selectStmt(l.parent, l.ctes, s.Larg)
	r.arm, r.flat = true, flat
	right = r.selectStmt(l.parent, l.ctes, s.Rarg)
	r.arm, r.flat = false, false
	if r.hide == nil || left.hidden+right.hidden == 0 {
		return left, right
	}
	if s.Op != pg.SetOperation_SETOP_UNION || left.wildFrom >= 0 || right.wildFrom >= 0 {
		r.hide.fail = true // rows would be compared by what was added too
		return left.without(), right.without()
	}
	return r.even(s, left, right)
}

// even gives both sides the same added columns, the left one's first.
func (r *run) even(s *pg.SelectStmt, left, right *relationResult) (*relationResult, *relationResult) {
	visible := len(left.columns) - left.hidden
	if len(right.columns)-right.hidden != visible {
		r.hide.fail = true
		return left.without(), right.without()
	}
	mine, others := left.columns[visible:], right.columns[visible:]
	r.pad(s, left, others, false)
	r.pad(s, right, mine, true)
	a, b := *left, *right
	a.columns = append(left.columns[:len(left.columns):len(left.columns)], nulls(others)...)
	b.columns = append(append(right.columns[:visible:visible], nulls(mine)...), others...)
	b.keys, b.sets = shifted(right.keys, visible, len(mine)), shifted(right.sets, visible, len(mine))
	a.hidden, b.hidden = left.hidden+right.hidden, left.hidden+right.hidden
	return &a, &b
}

func shifted(m map[int][]int, from, by int) map[int][]int {
	out := make(map[int][]int, len(m))
	for o, list := range m {
		for _, i := range list {
			if i >= from {
				i += by
			}
			out[o] = append(out[o], i)
		}
	}
	return out
}

func nulls(columns []*column) []*column {
	var out []*column
	for _, c := range columns {
		out = append(out, &column{name: c.name, node: noNode, keyOf: -1, hidden: true, depth: c.depth, typ: oidText, base: oidText})
	}
	return out
}

// pad writes NULL for another side's columns into every query of a side, before
// those added there or after them.
func (r *run) pad(s *pg.SelectStmt, side *relationResult, columns []*column, before bool) {
	h := r.hide
	if len(columns) == 0 {
		return
	}
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(", NULL::pg_catalog.text AS " + c.name)
	}
	for _, l := range side.arms {
		if l.end == 0 || l.grouped && l.distinct {
			h.fail = true
			return
		}
		key := padOf{s, l.end}
		if h.seen[key] { // a WITH query that is mentioned twice
			continue
		}
		h.seen[key] = true
		p := h.pads[l.end]
		if before {
			p.before = b.String() + p.before
		} else {
			p.after += b.String()
		}
		h.pads[l.end] = p
	}
}

// padOf names what one set operation adds to one of its queries.
type padOf struct {
	s   *pg.SelectStmt
	end int
}

// padding is what goes before and after the columns added to a select list.
type padding struct{ before, after string }

// without gives a side as it was before anything was added.
func (res *relationResult) without() *relationResult {
	visible := len(res.columns) - res.hidden
	a := *res
	a.columns, a.hidden = res.columns[:visible:visible], 0
	a.keys, a.sets = below(res.keys, visible), below(res.sets, visible)
	return &a
}

func below(m map[int][]int, limit int) map[int][]int {
	out := make(map[int][]int, len(m))
	for o, list := range m {
		for _, i := range list {
			if i < limit {
				out[o] = append(out[o], i)
			}
		}
	}
	return out
}
