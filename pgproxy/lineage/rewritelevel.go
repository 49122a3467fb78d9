package lineage

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// addKnown adds what earlier rounds found to be added to the select list of a level.
func (r *run) addKnown(l *level, res *relationResult) {
	h := r.hide
	if h == nil || l.end == 0 || h.fail {
		return
	}
	for i := range h.known[l.end] {
		r.addColumn(l, res, &h.known[l.end][i])
	}
	r.windowKeys(l, res)
}

// addKeys adds to the select list of a level the keys that would be lost here. It
// does nothing but in the second reading.
func (r *run) addKeys(l *level, res *relationResult) {
	h := r.hide
	if h == nil || l.end == 0 || h.fail {
		return
	}
	for _, o := range l.occs {
		if !h.needed[o] || r.carriedOn(l, res, o) {
			continue
		}
		a, ok := r.additionFor(l, o)
		if !ok || res.wildFrom >= 0 {
			continue // lost: the third reading says so
		}
		a.name = h.newName()
		h.known[l.end] = append(h.known[l.end], a)
		h.grown = true
		r.addColumn(l, res, &a)
	}
	if len(h.known[l.end]) > 0 && l.distinct && !h.seen[l.end] {
		h.seen[l.end] = true
		r.groupDistinct(l, len(res.columns)-res.hidden, res.wildFrom >= 0)
	}
}

// carriedOn says whether the key of an occurrence goes on from a level, in its
// select list or by an outer level's column.
func (r *run) carriedOn(l *level, res *relationResult, o int) bool {
	occ := r.occs[o]
	all := r.closure(l, occ)
	if !l.sets && !r.hide.mixed[o] {
		for _, n := range all {
			if r.nodes[n].pin != nil || r.nodes[n].level != l || len(outputsOf(res, n)) > 0 {
				return true
			}
		}
	}
	return len(l.covered[o])+len(r.setsOf(l, res, occ, all)) > 0
}

// setsOf finds the output columns that hold the keys of all rows of an occurrence
// that have part in the output's row.
func (r *run) setsOf(l *level, res *relationResult, occ *occurrence, all []node) []int {
	var outs []int
	sets := slices.DeleteFunc(slices.Clone(occ.sets), func(n node) bool { return slices.Contains(occ.avoid, r.nodes[n].item) })
	for i, c := range res.columns {
		if res.wildFrom >= 0 && i >= res.wildFrom {
			break
		}
		from := c.gathers
		if c.over != nil {
			continue // of more rows than this one, see checkWindows
		}
		switch {
		case from > 0 && (slices.Contains(all, from-1) && r.nodes[from-1].level == l || slices.Contains(sets, from-1)):
			outs = append(outs, i)
		case c.node != noNode && slices.Contains(sets, c.node) && !l.sets:
			outs = append(outs, i)
		}
	}
	return outs
}

// additionFor says what to add so that the key of an occurrence goes on.
func (r *run) additionFor(l *level, o int) (addition, bool) {
	occ := r.occs[o]
	all := r.closure(l, occ)
	for _, n := range append(all, occ.sets...) {
		info := &r.nodes[n]
		if info.pin != nil || info.level != l || slices.Contains(occ.avoid, info.item) {
			continue
		}
		alias, c, ok := l.spell(n)
		if !ok || family(c.base) != oidInt8 && family(c.base) != oidText && family(c.base) != oidUUID {
			continue
		}
		a := addition{alias: alias, column: c.name, depth: c.depth}
		switch {
		case l.grouped || l.distinct:
			a.how, a.depth = gatherAll, c.depth+1
			if a.depth > maxDepthOfKeys {
				continue
			}
		case l.arm && c.depth == 0:
			a.how, a.depth = gatherOne, 1
		}
		return a, true
	}
	return addition{}, false
}

// spell finds how the select list can name the column that is a node.
func (l *level) spell(n node) (alias string, c *column, ok bool) {
	for _, e := range l.entries {
		for _, it := range e.items {
			for _, x := range it.columns {
				if x.node == n && l.unique(it) && it.has(x.name) == 1 && !x.unsure {
					return it.alias, x, true
				}
			}
		}
	}
	for _, e := range l.entries {
		for _, x := range e.columns {
			if _, matches, wild := l.match(x.name); x.node == n && matches == 1 && !wild && !x.unsure {
				return "", x, true
			}
		}
	}
	return "", nil, false
}

// unique says whether an alias means one item only.
func (l *level) unique(it *item) bool {
	n := 0
	for _, e := range l.entries {
		for _, x := range e.items {
			if x.alias == it.alias {
				n++
			}
		}
	}
	return n == 1 && it.alias != ""
}

func (it *item) has(name string) (n int) {
	for _, c := range it.columns {
		if c.name == name || c.unsure {
			n++
		}
	}
	return n
}

// addColumn reads an addition as the third reading will.
func (r *run) addColumn(l *level, res *relationResult, a *addition) {
	c := l.named2(a.alias, a.column)
	if c == nil {
		r.hide.fail = true
		return
	}
	d := &column{name: a.name, node: noNode, keyOf: -1, hidden: true, depth: a.depth, typ: oidText, base: oidText, nondet: c.nondet}
	if a.how == gatherPass {
		d.node, d.depth = c.node, c.depth
	} else {
		d.gathers = c.node + 1
	}
	if a.how == gatherWindow {
		d.over = r.windowBy(l, a.by)
	}
	res.columns = append(res.columns, d)
	res.hidden++
}

// named2 finds the column that an addition means.
func (l *level) named2(alias, name string) *column {
	if alias == "" {
		f, _, _ := l.match(name)
		return f.col
	}
	it := l.itemNamed("", alias)
	if it == nil {
		return nil
	}
	c, _, _ := it.column(name)
	return c
}

// hiddenTarget reads an added column in the third reading.
func (r *run) hiddenTarget(l *level, t *pg.ResTarget, res *relationResult) bool {
	if !r.confirm || !strings.HasPrefix(t.Name, hiddenPrefix) {
		return false
	}
	d := &column{name: t.Name, node: noNode, keyOf: -1, typ: oidText, base: oidText}
	res.columns = append(res.columns, d)
	cast := t.Val.GetTypeCast()
	if r.hiddenWindow(l, t.Val, d) || cast == nil || !isText(cast) {
		return true
	}
	how, ref := gathered(cast.Arg)
	if ref == nil {
		return true
	}
	f := r.columnRef(l, ref)
	if f.col == nil || f.col.node == noNode || family(f.col.base) == 0 {
		return true
	}
	d.nondet = f.col.nondet
	switch how {
	case gatherPass:
		d.node, d.depth = f.col.node, f.col.depth
	case gatherAll:
		d.gathers, d.depth = f.col.node+1, f.col.depth+1
	case gatherOne:
		if f.col.depth == 0 {
			d.gathers, d.depth = f.col.node+1, 1
		}
	}
	return true
}

// gathered takes an added expression apart.
func gathered(n *pg.Node) (gather, *pg.ColumnRef) {
	if a := n.GetAArrayExpr(); a != nil && len(a.Elements) == 1 {
		return gatherOne, a.Elements[0].GetColumnRef()
	}
	if f := n.GetFuncCall(); f != nil {
		if isArrayAgg(f) && f.Over == nil {
			return gatherAll, f.Args[0].GetColumnRef()
		}
		return gatherPass, nil
	}
	return gatherPass, n.GetColumnRef()
}

// aggregate notes which level an aggregate belongs to: the innermost one that its
// arguments name a column of, or else that in which it stands.
func (r *run) aggregate(l *level, f *pg.FuncCall) {
	if f.Over != nil || len(f.Funcname) == 0 {
		return
	}
	name, _ := lastField(f.Funcname)
	if !slices.ContainsFunc(r.cat.functions[name], func(c function) bool { return c.aggregate }) {
		return
	}
	at := l
	depth := -1
	for _, arg := range f.Args {
		walk(arg.ProtoReflect(), func(m any) {
			ref, ok := m.(*pg.ColumnRef)
			if !ok {
				return
			}
			if x, n := l.levelOf(ref); x != nil && (depth < 0 || n < depth) {
				at, depth = x, n
			}
		})
	}
	at.grouped = true
}

// levelOf finds the level that a column belongs to, and how far out it is.
func (l *level) levelOf(ref *pg.ColumnRef) (*level, int) {
	path := ref.Fields
	n := 0
	for at := l; at != nil; at, n = at.parent, n+1 {
		if len(path) > 1 {
			if at.itemNamed("", path[len(path)-2].GetString_().GetSval()) != nil {
				return at, n
			}
			continue
		}
		if _, matches, wild := at.match(path[0].GetString_().GetSval()); matches > 0 || wild {
			return at, n
		}
	}
	return nil, 0
}
