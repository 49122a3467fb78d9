package lineage

import "custody"

// dep says that a value depends on categories of one occurrence of a declared table.
type dep struct {
	occ  int
	cats custody.CategorySet
}

// deps is what a value, or the existence of a row, depends on. Lists are short.
type deps []dep

func (d deps) add(occ int, cats custody.CategorySet) deps {
	if cats == 0 {
		return d
	}
	for i := range d {
		if d[i].occ == occ {
			if d[i].cats|cats == d[i].cats {
				return d
			}
			c := append(deps(nil), d...)
			c[i].cats |= cats
			return c
		}
	}
	return append(d[:len(d):len(d)], dep{occ, cats})
}

func (d deps) union(e deps) deps {
	if len(d) == 0 {
		return e
	}
	for _, x := range e {
		d = d.add(x.occ, x.cats)
	}
	return d
}

func (d deps) categories() custody.CategorySet {
	var s custody.CategorySet
	for _, x := range d {
		s |= x.cats
	}
	return s
}

func (d deps) has(occ int) bool {
	for _, x := range d {
		if x.occ == occ {
			return true
		}
	}
	return false
}
