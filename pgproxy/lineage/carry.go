package lineage

import "slices"

// finishLevel works out which output columns carry the key of each occurrence, and
// leaves with the occurrence only what is still visible above.
//
// A bare column in the select list of a grouped query is the same for the whole
// group (PostgreSQL demands it), so it carries the key of every row in the group.
// Grouping sets break that: they show NULL for columns that were not grouped.
func (r *run) finishLevel(l *level, res *relationResult, sets bool) {
	res.occs = append(res.occs, l.occs...)
	res.presence = res.presence.union(l.presence)
	r.addKnown(l, res)
	r.checkWindows(l, res)
	r.addKeys(l, res)
	if l.effect != "" && len(l.occs) > 0 {
		r.effect = l.effect
	}
	for _, o := range l.occs {
		occ := r.occs[o]
		all := r.closure(l, occ)
		var keep []node
		var outs []int
		for _, n := range all {
			info := &r.nodes[n]
			if info.pin != nil || info.level != l {
				keep = append(keep, n)
			}
			if sets && info.level == l {
				continue
			}
			outs = append(outs, outputsOf(res, n)...)
		}
		gathered := dedupe(append(r.setsOf(l, res, occ, all), l.covered[o]...))
		if len(keep)+len(outs)+len(gathered) == 0 {
			occ.lose(sets, len(all) > 0)
		}
		occ.carriers, occ.sets = keep, nil
		res.keys[o] = dedupe(outs)
		res.gather(o, gathered)
	}
}

// gather notes which columns hold the keys of all rows of an occurrence.
func (res *relationResult) gather(o int, columns []int) {
	if len(columns) == 0 {
		return
	}
	if res.sets == nil {
		res.sets = map[int][]int{}
	}
	res.sets[o] = columns
}

// lose notes where a key went missing. Grouping sets and outer joins show NULL in
// place of identifiers too, so nothing names the subject any more.
func (occ *occurrence) lose(sets, had bool) {
	switch {
	case sets:
		occ.lostIn = lostSets
	case len(occ.avoid) > 0:
		occ.lostIn = lostOuter
	case had && occ.lostIn == lostNot:
		occ.lostIn = lostSelect
	}
}

// outputsOf finds the output columns that are a node, as far as positions are known.
func outputsOf(res *relationResult, n node) []int {
	var outs []int
	for i, c := range res.columns {
		if res.wildFrom >= 0 && i >= res.wildFrom {
			break
		}
		if c.node == n {
			outs = append(outs, i)
		}
	}
	return outs
}

func dedupe(list []int) []int {
	out := list[:0]
	for _, x := range list {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// closure follows the level's equalities backwards from an occurrence's carriers:
// whatever equals a carrier, whenever the carrier's row is there, carries too.
func (r *run) closure(l *level, occ *occurrence) []node {
	all := append([]node(nil), occ.carriers...)
	for grown := true; grown; {
		grown = false
		for _, e := range l.edges {
			if slices.Contains(all, e.to) && !slices.Contains(all, e.from) {
				all = append(all, e.from)
				grown = true
			}
		}
	}
	return slices.DeleteFunc(all, func(n node) bool { return slices.Contains(occ.avoid, r.nodes[n].item) && r.nodes[n].pin == nil })
}
