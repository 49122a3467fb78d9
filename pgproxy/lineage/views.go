package lineage

import (
	"strconv"
)

func valuesName(i int) string { return "column" + strconv.Itoa(i+1) }

// viewItem looks into a view over personal data. Its definition was printed with an
// empty search path, so every name in it is qualified.
func (r *run) viewItem(l *level, it *item, rel *relation) {
	if rel.view == nil {
		r.refuse(refuseView(rel.fullName()))
		it.wild = true
		return
	}
	r.view++
	res := r.selectStmt(nil, nil, rel.view)
	r.view--
	r.derive(l, it, res)
	if len(it.columns) != len(rel.columns) || it.wild {
		r.refuse(refuseView(rel.fullName()))
		return
	}
	for i, a := range rel.columns {
		c := it.columns[i]
		c.name, c.unsure = a.name, false
		c.tableOID, c.attr, c.typ, c.base, c.nondet = rel.oid, a.num, a.typ, a.base, c.nondet || a.nondet
	}
}
