package lineage

import pg "github.com/pganalyze/pg_query_go/v6"

// window is one use of a window function: the value of a row depends on the other
// rows of its partition.
type window struct {
	partition []node
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
// window is partitioned by it.
func (r *run) checkWindows(l *level) {
	for _, w := range l.windows {
		for _, o := range l.occs {
			occ := r.occs[o]
			if !w.deps.has(o) && occ.presence == 0 {
				continue
			}
			if r.partitioned(l, occ, w) {
				continue
			}
			occ.carriers, occ.sets = r.outside(l, occ), nil
			occ.lostIn = lostWindow
		}
	}
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
