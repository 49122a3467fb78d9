package lineage

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// maxPartition is up to how many rows of a partition each row is given the keys of
// all: their size grows with the square. Rows of a larger one have an empty text
// instead, at which the gate refuses.
const maxPartition = "2000"

// windowKeys adds, for the occurrences that show through windows to other rows, the
// keys of each window's whole partition. Only in the second reading.
func (r *run) windowKeys(l *level, res *relationResult) {
	h := r.hide
	if h == nil || l.end == 0 || l.grouped || l.distinct || res.wildFrom >= 0 {
		return
	}
	for _, w := range l.windows {
		for _, o := range l.occs {
			if !h.needed[o] || !r.through(l, o, w) || r.coveredBy(l, res, o, w) {
				continue
			}
			by, ok := l.spellAll(w)
			a, found := r.additionFor(l, o)
			if !ok || !found || a.depth > 0 {
				continue
			}
			a.name, a.how, a.depth, a.by = h.newName(), gatherWindow, 1, by
			h.known[l.end] = append(h.known[l.end], a)
			h.grown = true
			r.addColumn(l, res, &a)
		}
	}
}

// through says whether personal data of an occurrence shows through a window to rows
// of others.
func (r *run) through(l *level, o int, w window) bool {
	occ := r.occs[o]
	return (w.deps.has(o) || occ.presence != 0) && !r.partitioned(l, occ, w)
}

// spellAll writes the columns by which a window is partitioned.
func (l *level) spellAll(w window) ([]string, bool) {
	if w.other {
		return nil, false
	}
	var list []string
	for _, n := range w.partition {
		alias, c, ok := l.spell(n)
		if !ok {
			return nil, false
		}
		ref := ident(c.name)
		if alias != "" {
			ref = ident(alias) + "." + ref
		}
		list = append(list, ref)
	}
	return list, true
}

// coveredBy says whether some column gathers the keys of an occurrence over all rows
// of a window's partition.
func (r *run) coveredBy(l *level, res *relationResult, o int, w window) bool {
	return len(r.covering(l, res, o, w)) > 0
}

func (r *run) covering(l *level, res *relationResult, o int, w window) []int {
	all := r.closure(l, r.occs[o])
	var outs []int
	for i, c := range res.columns {
		if c.over == nil || c.gathers == 0 || !slices.Contains(all, c.gathers-1) || r.nodes[c.gathers-1].level != l || w.other {
			continue
		}
		wide := !slices.ContainsFunc(c.over.partition, func(n node) bool { return !slices.Contains(w.partition, n) })
		if wide && (res.wildFrom < 0 || i < res.wildFrom) {
			outs = append(outs, i)
		}
	}
	return outs
}

// windowSQL writes an addition over a window.
func (a *addition) windowSQL(ref string) string {
	over := " OVER ("
	if len(a.by) > 0 {
		over += "PARTITION BY " + strings.Join(a.by, ", ")
	}
	over += ")"
	return ", CASE WHEN pg_catalog.count(*)" + over + " <= " + maxPartition + " THEN (pg_catalog.array_agg(" + ref + ")" + over +
		")::pg_catalog.text ELSE '' END AS " + a.name
}

// hiddenWindow reads such an addition in the third reading.
func (r *run) hiddenWindow(l *level, n *pg.Node, d *column) bool {
	x := n.GetCaseExpr()
	if x == nil || len(x.Args) != 1 || x.Arg != nil || x.Defresult.GetAConst().GetSval() == nil || x.Defresult.GetAConst().GetSval().Sval != "" {
		return false
	}
	cast := x.Args[0].GetCaseWhen().GetResult().GetTypeCast()
	f := cast.GetArg().GetFuncCall()
	if cast == nil || !isText(cast) || f == nil || !isArrayAgg(f) || f.Over == nil || f.Over.Name+f.Over.Refname != "" || len(f.Over.OrderClause) > 0 {
		return false
	}
	c := r.columnRef(l, f.Args[0].GetColumnRef()).col
	if c == nil || c.node == noNode || family(c.base) == 0 || c.depth > 0 {
		return false
	}
	w := &window{}
	for _, by := range f.Over.PartitionClause {
		p, _ := r.plain(l, by)
		if p == nil {
			return false
		}
		w.partition = append(w.partition, p.node)
	}
	d.gathers, d.depth, d.over, d.nondet = c.node+1, 1, w, c.nondet
	return true
}

func isText(cast *pg.TypeCast) bool {
	return slices.Equal(strs(cast.TypeName.GetNames()), []string{"pg_catalog", "text"})
}

// isArrayAgg recognises pg_catalog.array_agg(column) and nothing more of it than a
// window.
func isArrayAgg(f *pg.FuncCall) bool {
	return len(f.Args) == 1 && slices.Equal(strs(f.Funcname), []string{"pg_catalog", "array_agg"}) && f.Args[0].GetColumnRef() != nil &&
		f.AggFilter == nil && len(f.AggOrder) == 0 && !f.AggDistinct && !f.FuncVariadic && !f.AggWithinGroup
}
