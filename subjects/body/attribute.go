package body

import (
	"slices"

	"custody"
)

// orphan is a value of a category in a record of which no subject is known.
type orphan struct {
	value  int32
	record int32
}

// attribute gives the configured values of a record to their subjects: to that of
// their scope, else to all whom the record names. Those of a record that names nobody
// wait for the window.
func (f *Filter) attribute(from, to int32) {
	var shown, masked custody.CategorySet
	for i := from; i < to; i++ {
		v := &f.values[i]
		c, ruled := v.rule.category()
		if !ruled || f.blank(v) {
			continue
		}
		switch id := f.subject(v.scope); {
		case id != 0:
			f.sight(id, f.shown(c), f.masked(c))
		case len(f.sights) > f.from:
			shown, masked = shown|f.shown(c), masked|f.masked(c)
		default:
			f.orphans = append(f.orphans, orphan{i, f.record})
			continue
		}
		f.cover(v, c, f.treat[c])
	}
	if shown|masked == 0 {
		return
	}
	for j := f.from; j < len(f.sights); j++ {
		f.sights[j].shown |= shown
		f.sights[j].masked |= masked
	}
}

// blank says whether a value holds nothing: null, or spaces.
func (f *Filter) blank(v *value) bool {
	view := f.view(v)
	for _, c := range view.text {
		if c > ' ' {
			return v.form == formNumber && string(view.text) == "null"
		}
	}
	return true
}

// adopt gives the values of records that name nobody to all subjects of the window,
// or of the one before. If there is none the values are hidden: what cannot be tied
// to a subject is not shown (P4).
func (f *Filter) adopt() {
	if len(f.orphans) == 0 {
		return
	}
	who := f.last
	if len(f.sights) > 0 {
		who = nil
		for _, s := range f.sights {
			who = append(who, s.subject)
		}
		slices.Sort(who)
		who = slices.Compact(who)
	}
	for i := 0; i < len(f.orphans); {
		record := f.orphans[i].record
		var shown, masked custody.CategorySet
		for ; i < len(f.orphans) && f.orphans[i].record == record; i++ {
			v := &f.values[f.orphans[i].value]
			c, _ := v.rule.category()
			if len(who) == 0 {
				f.hidden++
				f.hid |= 1 << c
				f.cover(v, c, custody.Refused)
				continue
			}
			shown, masked = shown|f.shown(c), masked|f.masked(c)
			f.cover(v, c, f.treat[c])
		}
		for _, id := range who {
			f.sights = append(f.sights, sight{record, id, shown, masked, false})
		}
	}
	f.inOrder()
}

// Hid gives the categories of values that were hidden because the answer named no subject
// whose they could be.
func (f *Filter) Hid() custody.CategorySet { return f.hid }
