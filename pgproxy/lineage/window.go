package lineage

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// window is one use of a window function: the value of a row depends on the other
// rows of its partition.
type window struct {
	partition []node
	other     bool // it is partitioned by more than plain columns
	deps      deps // what the function, its order and its partition look at
}

// windowSpec is a WINDOW clause entry.
type windowSpec struct{ def *pg.WindowDef }

// windowClause reads WINDOW name AS (…).
func (r *run) windowClause(l *level, list []*pg.Node) {
	for _, n := range list {
		def := n.GetWindowDef()
		if def == nil {
			continue
		}
		if l.named == nil {
			l.named = map[string]*windowSpec{}
		}
		l.named[def.Name] = &windowSpec{def}
	}
}

// over reads OVER (…) and notes the window; what it looks at is used in clear.
func (r *run) over(l *level, def *pg.WindowDef, args deps) deps {
	w := window{deps: args}
	seen := 0
	for def != nil && seen < 20 {
		seen++
		for _, n := range def.PartitionClause {
			c, d := r.plain(l, n)
			w.deps = w.deps.union(d)
			if c != nil {
				w.partition = append(w.partition, c.node)
			} else {
				w.other = true
			}
		}
		w.deps = w.deps.union(r.exprs(l, def.OrderClause)).
			union(r.expr(l, def.StartOffset)).union(r.expr(l, def.EndOffset))
		name := def.Refname
		if name == "" && len(def.PartitionClause)+len(def.OrderClause) == 0 {
			name = def.Name
		}
		def = nil
		if spec := l.named[name]; spec != nil && name != "" {
			def = spec.def
		}
	}
	l.windows = append(l.windows, w)
	return w.deps
}

// checkWindows takes the carriers from occurrences whose personal data shows
// through a window to rows of others: its own columns only carry the key if the
// window is partitioned by it. Columns that gather the keys of all the partition's
// rows, for each such window, take their place.
func (r *run) checkWindows(l *level, res *relationResult) {
	type found struct {
		carriers []node
		shows    bool
	}
	all := make([]found, len(l.occs))
	for i, o := range l.occs {
		all[i].carriers = r.occs[o].carriers
		covered := true
		var columns []int
		for _, w := range l.windows {
			if !r.through(l, o, w) {
				continue
			}
			all[i].shows = true
			by := r.covering(l, res, o, w)
			covered = covered && len(by) > 0
			columns = append(columns, by...)
		}
		if !all[i].shows {
			continue
		}
		all[i].carriers = r.outside(l, r.occs[o])
		if covered {
			l.cover(o, dedupe(columns))
		}
	}
	for i, o := range l.occs {
		r.occs[o].carriers = all[i].carriers
		if all[i].shows {
			r.occs[o].sets, r.occs[o].lostIn = nil, lostWindow
		}
	}
}

// cover notes which columns gather the keys of an occurrence over all its windows.
func (l *level) cover(o int, columns []int) {
	if l.covered == nil {
		l.covered = map[int][]int{}
	}
	l.covered[o] = columns
}

func (r *run) partitioned(l *level, occ *occurrence, w window) bool {
	for _, n := range r.closure(l, occ) {
		info := &r.nodes[n]
		if info.pin != nil || info.level != l {
			return true
		}
		for _, p := range w.partition {
			if p == n {
				return true
			}
		}
	}
	return false
}

// outside keeps the carriers that do not belong to this level.
func (r *run) outside(l *level, occ *occurrence) []node {
	var keep []node
	for _, n := range r.closure(l, occ) {
		if r.nodes[n].pin != nil || r.nodes[n].level != l {
			keep = append(keep, n)
		}
	}
	return keep
}

// windowBy is a window partitioned by columns as they were written for an addition.
func (r *run) windowBy(l *level, by []string) *window {
	w := &window{}
	for _, known := range l.windows {
		if list, ok := l.spellAll(known); ok && slices.Equal(list, by) {
			w.partition = known.partition
			return w
		}
	}
	r.hide.fail = true
	return w
}
