package portal

import (
	"slices"

	"custody"
	"custody/gate"
)

// loans are what approvals open of a page for so many customers. A page that shows more
// of them than are left is shown as the ordinary right has it: with those categories
// masked, and nobody counted. Files, streams and sockets are shown as it has them anyhow,
// for nobody knows beforehand how many they will name.
type loans struct {
	lent     custody.CategorySet
	ordinary treatments // without what is lent
	raw      []byte     // the page as it came, to recognise it once more
	inHead   int        // of those seen, whom the headers name
}

// alone leaves approvals aside for the rest of the answer.
func (v *visit) alone() {
	if v.lent != 0 {
		v.rights.Treatments, v.lent, v.raw = v.ordinary, 0, nil
	}
}

// loansOf lists what a page shows that is lent.
func (v *visit) loansOf(list []sighting) (all []gate.Loan) {
	if v.lent == 0 {
		return nil
	}
	for i := range list {
		if set := list[i].shown & v.lent; set != 0 {
			all = append(all, gate.Loan{Subject: list[i].subject, Categories: set})
		}
	}
	return all
}

// lendable recognises a page once more, without what is lent, where approvals do not
// suffice for all whom it shows, or where it shows so many that it is an export.
func (v *visit) lendable() error {
	w := v.view
	if v.lent == 0 || !v.whole || v.ordinary == (treatments{}) { // without anything else the limit's page says more
		return nil
	}
	list := v.loansOf(w.seen)
	if len(list) == 0 {
		return nil
	}
	head := slices.Clone(w.seen[:v.inHead]) // has been written as it is
	w.merge()
	if w.people() <= v.p.o.ExportAbove && w.answer.Lends(list) {
		return nil
	}
	page := v.raw
	v.alone()
	w.seen, w.out = append(w.seen[:0], head...), w.out[:0]
	err := w.filter.Reset(v.kind, v.options(v.charset))
	if err == nil {
		w.out, err = w.filter.Write(w.out, page)
	}
	if err == nil {
		w.out, err = w.filter.Close(w.out)
	}
	return err
}
