package body

import (
	"encoding/binary"

	"custody"
	"custody/subjects"
)

// Known is implemented by indexes that also hold what is known of a subject beyond
// what names it: name, address, date of birth. subjects.Index has it. What is known
// of the subjects that an answer names is recognised in it and masked too.
type Known interface {
	// Known appends what is known of a subject.
	Known(dst []subjects.Print, system custody.SystemID, subject custody.SubjectID) []subjects.Print
	// FirstWord gives what all terms that begin with a word share.
	FirstWord(word []byte) uint16
	// FirstLetters is FirstWord for a word whose first eight bytes are given.
	FirstLetters(head uint64, length int) uint16
	Term(system custody.SystemID, words []byte) uint64
	Form(system custody.SystemID, category custody.Category, form []byte) uint64
	DateTerm(system custody.SystemID, year, month, day int) uint64
}

// maxKnown is how many subjects' values are looked for at once; after that many the
// earliest of the answer are looked for no more.
const maxKnown = 4096

// acquaintance holds the values of the subjects that the answer has named.
type acquaintance struct {
	index    Known
	subjects metTable            // that the answer has named
	awaited  []custody.SubjectID // of these, those whose values have not been asked for yet
	by       factTable           // the first fact of a key
	facts    []knownFact
	first    [1 << 10]uint64 // a bit for each FirstWord
	forms    custody.CategorySet
	dates    bool
	room     []subjects.Print
	words    []byte
}

type knownFact struct {
	print   subjects.Print
	subject custody.SubjectID
	next    int32 // of the same key, -1 if none
}

func (a *acquaintance) reset(v Values) {
	a.index, _ = v.(Known)
	a.forget()
}

func (a *acquaintance) forget() {
	if len(a.facts) > 0 {
		a.first = [1 << 10]uint64{}
	}
	a.subjects.clear()
	a.by.clear()
	a.facts, a.awaited, a.forms, a.dates = a.facts[:0], a.awaited[:0], 0, false
}

// meet adds what is known of the subjects that have been named.
func (a *acquaintance) meet(system custody.SystemID) {
	for _, id := range a.awaited {
		a.room = a.index.Known(a.room[:0], system, id)
		for _, p := range a.room {
			a.learn(p, id)
		}
	}
	a.awaited = a.awaited[:0]
}

func (a *acquaintance) learn(p subjects.Print, id custody.SubjectID) {
	next := a.by.put(p.Key(), int32(len(a.facts)))
	a.facts = append(a.facts, knownFact{p, id, next})
	word := p.Key() >> 40
	a.first[word>>6] |= 1 << (word & 63)
	switch c := p.Category(); c {
	case custody.DateOfBirth:
		a.dates = true
	default:
		a.forms |= 1 << c
	}
}

// mayBegin says whether a term begins with a word.
func (a *acquaintance) mayBegin(word []byte) bool {
	n := a.index.FirstWord(word)
	return a.first[n>>6]>>(n&63)&1 == 1
}

// mayBeginPlain is mayBegin for a word of ASCII letters and digits as it stands in a
// text, in capitals or not.
func (a *acquaintance) mayBeginPlain(text []byte, start, end int) bool {
	var head uint64
	if start+8 <= len(text) {
		head = binary.LittleEndian.Uint64(text[start:])
	} else {
		for i := len(text) - 1; i >= start; i-- {
			head = head<<8 | uint64(text[i])
		}
	}
	if end-start < 8 {
		head &= 1<<(8*uint(end-start)) - 1
		head |= 0x2020202020202020 & (1<<(8*uint(end-start)) - 1)
	} else {
		head |= 0x2020202020202020
	}
	n := a.index.FirstLetters(head, end-start)
	return a.first[n>>6]>>(n&63)&1 == 1
}

// recognise looks for what is known of the subjects of the window, and of those
// before, in values that no rule explains.
func (f *Filter) recognise() {
	a := &f.known
	if a.index == nil || len(f.sights) == 0 && a.subjects.used == 0 {
		return
	}
	if a.subjects.used > maxKnown {
		a.forget()
	}
	for i := range f.sights {
		if id := f.sights[i].subject; a.subjects.add(id) {
			a.awaited = append(a.awaited, id)
		}
	}
	if !f.hasText() { // what is known of them can wait until there is something to look for it in
		return
	}
	a.meet(f.o.System)
	if len(a.facts) == 0 {
		return
	}
	f.knowing = true
	kinds, reach := f.kinds, f.reach
	f.kinds, f.reach = a.forms, reachOf(a.forms)
	next, before := int32(0), len(f.sights)
	for r := range f.records {
		f.record, f.from = int32(r), len(f.sights)
		for i := next; i < f.records[r].values; i++ {
			f.lookAgain(&f.values[i])
		}
		next = f.records[r].values
	}
	f.knowing, f.kinds, f.reach = false, kinds, reach
	if len(f.sights) > before {
		f.merge()
	}
}

// hasText says whether there is a value that is to be looked at again.
func (f *Filter) hasText() bool {
	for i := range f.values[:f.records[len(f.records)-1].values] {
		if f.again(&f.values[i]) {
			return true
		}
	}
	return false
}

// again says whether a value is to be looked at for what is known of somebody. One that
// is masked whole need not be; one whose category is configured only if it is text.
func (f *Filter) again(v *value) bool {
	c, ruled := v.rule.category()
	return v.rule != ruleKey && (!ruled || f.treat[c] == custody.Clear && (c == custody.FreeText || c == custody.Accident))
}

// lookAgain looks at a value for what is known of somebody.
func (f *Filter) lookAgain(v *value) {
	if f.again(v) {
		f.views[0] = f.view(v)
		f.scan(v, v.flags, 0)
	}
}

// merge puts the sights of one subject in one record together.
func (f *Filter) merge() {
	f.inOrder()
	kept := f.sights[:0]
	begin := 0
sights:
	for _, s := range f.sights {
		if len(kept) > begin && kept[begin].record != s.record {
			begin = len(kept)
		}
		for i := begin; i < len(kept) && len(kept)-begin < 64; i++ {
			if kept[i].subject == s.subject {
				kept[i].shown |= s.shown
				kept[i].masked |= s.masked
				continue sights
			}
		}
		kept = append(kept, s)
	}
	f.sights = kept
}
