package pgproxy

import (
	"custody"
	"custody/pgproxy/lineage"
)

// fixed gives the key that pins change i of a statement.
func (st *step) fixed(e *expect, i int, args []lineage.Arg) string {
	p := st.Writes[i].Pin
	switch {
	case p == nil:
		return ""
	case p.Param == 0:
		if i < len(st.fixes) {
			return st.fixes[i]
		}
	case args != nil:
		if p.Param <= len(args) && args[p.Param-1].Const {
			return canonicalKey(p.TypeOID, args[p.Param-1].Text)
		}
	case e.portal != nil && i < len(e.portal.fixes):
		return e.portal.fixes[i]
	}
	return ""
}

// fixedBy gives the keys of changes that the text fixes.
func fixedBy(st *lineage.Statement, literals []string) []string {
	var list []string
	for i := range st.Writes {
		p := st.Writes[i].Pin
		if p == nil || p.Param != 0 {
			continue
		}
		if list == nil {
			list = make([]string, len(st.Writes))
		}
		list[i] = fixedKey(p, literals)
	}
	return list
}

// fixes gives the keys of changes that parameters fix, where no row tells them.
func (b *bound) fixes(st *step) ([]string, error) {
	var list []string
	for i := range st.Writes {
		w := &st.Writes[i]
		if w.Key >= 0 || w.Pin == nil || w.Pin.Param == 0 || w.Pin.Param > len(b.values) {
			continue
		}
		if list == nil {
			list = make([]string, len(st.Writes))
		}
		v := b.values[w.Pin.Param-1]
		if v == nil {
			continue
		}
		key, ok := keyText(nil, w.Pin.TypeOID, format(b.formats, w.Pin.Param-1), v)
		if !ok {
			return nil, custody.E(custody.CodeUnattributed, "the parameter that fixes the customer does not have the key's own type",
				"cast it to the column's type, or send it as text")
		}
		list[i] = canonicalKey(w.Pin.TypeOID, string(key))
	}
	return list, nil
}
