package body

import (
	"unicode"
	"unicode/utf8"

	"custody"
	"custody/subjects"
)

// Corroborating is implemented by indexes that also know which weak identifiers name
// somebody together: a surname and a postcode near it. subjects.Index has it.
type Corroborating interface {
	// Corroborates gives the pairs that are known, none for a system without.
	Corroborates(system custody.SystemID) subjects.Corroboration
	// Locates says whether a place or date may be somebody's.
	Locates(system custody.SystemID, key uint64) bool
	// Surname says whether a name may begin with a word of such first letters.
	Surname(system custody.SystemID, first uint16) bool
	// Pair appends those whom a name and a place or date are of.
	Pair(dst []custody.SubjectID, system custody.SystemID, pair subjects.Corroboration, name, place uint64) []custody.SubjectID
}

// Bounds of what counts as near: so many bytes, and records before, that a name may
// stand from a place; and how many words around a place are tried.
const (
	near        = 300
	nearRecords = 8
	nearWords   = 48
)

// corroborator finds who is named by weak identifiers alone. Places and dates are noted
// while a record is looked through; most are nobody's, and that costs one bit. Around
// those that are somebody's each word that is written like a name is tried.
type corroborator struct {
	index Corroborating
	pairs subjects.Corroboration
	spots []spot
	words []byte
}

// spot is a place or date that may be somebody's.
type spot struct {
	key    uint64
	at     int32 // in held.raw
	record int32
	pair   subjects.Corroboration
}

func (c *corroborator) reset(v Values, system custody.SystemID) {
	c.pairs, c.spots = 0, c.spots[:0]
	if c.index, _ = v.(Corroborating); c.index != nil {
		if _, known := v.(Known); known {
			c.pairs = c.index.Corroborates(system)
		}
	}
}

// spot notes a place or date at text[a:].
func (s *scanner) spot(pair subjects.Corroboration, key uint64, a int) {
	f := s.f
	if !f.weak.index.Locates(f.o.System, key) {
		return
	}
	at := int32(s.view.at(a))
	record := s.recordOf(a)
	if n := len(f.weak.spots); n > 0 && f.weak.spots[n-1].key == key && f.weak.spots[n-1].record == record {
		return
	}
	f.weak.spots = append(f.weak.spots, spot{key, at, record, pair})
}

// places looks for a date or a line of an address that begins with the digits
// text[i:end]. Whose value it is must not be known.
func (s *scanner) places(i, end int) {
	f, text := s.f, s.text
	if f.knowing || s.v.rule > ruleKey && f.subject(s.v.scope) != 0 || i > 0 && charClass[text[i-1]]-1 < 2 {
		return
	}
	if f.weak.pairs&subjects.NameBirth != 0 && (end-i <= 2 || end-i == 4 || end-i == 8) {
		if year, month, day, size := subjects.Date(text[i:]); size > 0 {
			s.spot(subjects.NameBirth, f.known.index.DateTerm(f.o.System, year, month, day), i)
		}
	}
	if f.weak.pairs&subjects.SurnameAddress != 0 && end-i <= 4 {
		s.line(i, end)
	}
}

// line looks for a line of an address: a number and two to five words, the first with a
// capital.
func (s *scanner) line(i, end int) {
	f, text := s.f, s.text
	if end < len(text) && charClass[text[end]] == charLetter { // 59a
		end++
	}
	if end+1 >= len(text) || text[end] != ' ' || text[end+1] < 'A' || text[end+1] > 'Z' {
		return
	}
	words := subjects.AppendWord(f.weak.words[:0], text[i:end])
	for n := 2; n <= subjects.MaxPhrase; n++ {
		from, to := subjects.NextWord(text, end)
		if from == to || from-end > maxGap {
			break
		}
		words = subjects.AppendWord(append(words, ' '), text[from:to])
		end = to
		s.spot(subjects.SurnameAddress, f.known.index.Term(f.o.System, words), i)
	}
	f.weak.words = words
}

// postcode looks at text[a:b], of as many letters and digits as a postcode has.
func (s *scanner) postcode(a, b int) {
	f := s.f
	if f.knowing || s.v.rule > ruleKey && f.subject(s.v.scope) != 0 {
		return
	}
	var room [subjects.MaxCanonical]byte
	if form, ok := subjects.CanonicalPostcode(room[:0], s.text[a:b]); ok {
		s.spot(subjects.SurnamePostcode, f.known.index.Form(f.o.System, custody.Address, form), a)
	}
}

// corroborate tries the places and dates of the record that is looked at with the names
// near them, in it and before it, and its names with the places before it.
func (f *Filter) corroborate(r int32) {
	spots := f.weak.spots
	for i := len(spots) - 1; i >= 0 && spots[i].record >= r-nearRecords; i-- {
		first := max(0, r-nearRecords)
		if spots[i].record < r { // what is before it has been tried
			first = r
		}
		for q := r; q >= first; q-- {
			f.namesIn(q, &spots[i])
		}
	}
}

// namesIn tries the names of a record that are near a place.
func (f *Filter) namesIn(r int32, p *spot) {
	from := int32(0)
	if r > 0 {
		from = f.records[r-1].values
	}
	left := nearWords
	for i := from; i < f.records[r].values && left > 0; i++ {
		v := &f.values[i]
		if v.rule == ruleKey || v.rule > ruleKey && f.subject(v.scope) != 0 || v.end < p.at-near || v.start > p.at+near {
			continue
		}
		view := f.view(v)
		text := view.text
		if view.segs == nil {
			low, high := max(0, int(p.at-near-v.start)), min(len(text), int(p.at+near-v.start))
			text = text[low:high]
		}
		left = f.namesNear(text, p, left)
	}
}

// namesNear tries the words of a text, and two that follow one another, and says how
// many more may be tried.
func (f *Filter) namesNear(text []byte, p *spot, left int) int {
	k, c, system := f.known.index, f.weak.index, f.o.System
	before := -1 // where the word before is in words
	words := f.weak.words[:0]
	for at := 0; left > 0; {
		start, end := subjects.NextWord(text, at)
		if start == end {
			break
		}
		gap := start - at
		at = end
		if r, _ := utf8.DecodeRune(text[start:end]); !unicode.IsUpper(r) && (start > 0 || end < len(text)) {
			before = -1
			continue
		}
		if gap > maxGap || before < 0 {
			words = words[:0]
			before = -1
		} else {
			words = append(words[:copy(words, words[before:])], ' ')
		}
		from := len(words)
		words = subjects.AppendWord(words, text[start:end])
		left--
		if p.pair != subjects.NameBirth {
			if c.Surname(system, k.FirstWord(words[from:])) {
				f.named(p, k.Term(system, words[from:]))
			}
		} else if from > 0 && c.Surname(system, k.FirstWord(words[:from-1])) {
			f.named(p, k.Term(system, words))
		}
		before = from
	}
	f.weak.words = words
	return left
}

// named notes everybody whom a name and a place are of. What is known of them is looked
// for when all records of the window have been looked through, and masked then.
func (f *Filter) named(p *spot, name uint64) {
	f.ids = f.weak.index.Pair(f.ids[:0], f.o.System, p.pair, name, p.key)
	for _, id := range f.ids {
		f.sight(id, 0, 0)
	}
}
