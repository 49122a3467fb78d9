package body

import (
	"slices"

	"custody"
)

// sight is that a record shows something of a subject.
type sight struct {
	record  int32
	subject custody.SubjectID
	shown   custody.CategorySet
	masked  custody.CategorySet
	beside  bool // nothing but what others are named by, too, or what is known of who is elsewhere in the answer
}

// sightAll notes those whom one identifier names. Where a key says whose it is, the
// others only share it.
func (f *Filter) sightAll(record, scope int32, c custody.Category) {
	key, shared := custody.SubjectID(0), false
	if len(f.ids) > 1 {
		key = f.subject(scope)
		shared = key != 0 && slices.Contains(f.ids, key)
	}
	for _, id := range f.ids {
		f.sightIn(record, id, f.shown(c), f.masked(c), shared && id != key)
	}
}

func (f *Filter) shown(c custody.Category) custody.CategorySet {
	if f.treat[c] == custody.Clear {
		return 1 << c
	}
	return 0
}

func (f *Filter) masked(c custody.Category) custody.CategorySet {
	if f.treat[c] == custody.Clear {
		return 0
	}
	return 1 << c
}

// sight notes that the record that is looked at shows something of a subject.
func (f *Filter) sight(id custody.SubjectID, shown, masked custody.CategorySet) {
	f.sightIn(f.record, id, shown, masked, false)
}

// sightIn is sight for one of several records that a value goes over.
func (f *Filter) sightIn(record int32, id custody.SubjectID, shown, masked custody.CategorySet, beside bool) {
	if i := f.sightOf(record, id); i >= 0 {
		f.sights[i].shown |= shown
		f.sights[i].masked |= masked
		f.sights[i].beside = f.sights[i].beside && beside
		return
	}
	f.sights = append(f.sights, sight{record, id, shown, masked, beside})
}

// fewSights is how many sights of a record are looked through one by one.
const fewSights = 8

// sightOf finds the sight of a subject in a record, from the one that is looked at on;
// -1 if there is none yet. Where a record names many, a table knows all but the last.
func (f *Filter) sightOf(record int32, id custody.SubjectID) int {
	low := max(f.from, len(f.sights)-fewSights)
	for i := len(f.sights) - 1; i >= low; i-- {
		if s := &f.sights[i]; s.subject == id && s.record == record {
			return i
		}
	}
	if low == f.from {
		return -1
	}
	for f.placed = max(f.placed, f.from); f.placed < low; f.placed++ {
		f.places.put(placeOf(f.sights[f.placed].record, f.sights[f.placed].subject), int32(f.placed))
	}
	if i, ok := f.places.get(placeOf(record, id)); ok && int(i) >= f.from {
		return int(i)
	}
	return -1
}

func placeOf(record int32, id custody.SubjectID) uint64 {
	n := (uint64(record)<<32 | uint64(id)) * 0x9e3779b97f4a7c15 // a bijection, so keys stay apart
	return n ^ n>>31
}

// inOrder puts the sights in the order of their records.
func (f *Filter) inOrder() { slices.SortStableFunc(f.sights, byRecord) }

func byRecord(a, b sight) int { return int(a.record - b.record) }

// remember keeps the subjects of the window for values that follow alone.
func (f *Filter) remember() {
	if len(f.sights) == 0 {
		return
	}
	f.last = f.last[:0]
	for _, s := range f.sights {
		if len(f.last) < maxAdopting && !slices.Contains(f.last, s.subject) {
			f.last = append(f.last, s.subject)
		}
	}
}

// maxAdopting is how many subjects of an earlier window a lone value is given to.
const maxAdopting = 64

// report tells of the subjects, record by record, and gives where the last permitted
// record ends.
func (f *Filter) report() (end int, err error) {
	defer func() { f.beside = false }()
	for _, s := range f.sights {
		f.beside = s.beside
		if err := f.o.Seen(s.subject, s.shown, s.masked); err != nil {
			if s.record == 0 {
				return 0, err
			}
			return int(f.records[s.record-1].end), err
		}
	}
	return f.complete(), nil
}
