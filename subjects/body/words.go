package body

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"custody"
	"custody/subjects"
)

// recall looks through a text for what is known of the subjects of the answer: words,
// dates, and forms such as postcodes.
func (s *scanner) recall(flags uint8) {
	if s.f.known.forms != 0 && flags&(hasDigit|hasAt) != 0 {
		s.run()
	}
	a := &s.f.known
	for at := 0; at < len(s.text); {
		start, end, plain := plainWord(s.text, at)
		if plain {
			if at = end; !a.mayBeginPlain(s.text, start, end) && (!a.dates || flags&hasDigit == 0 || !mayBeginDate(s.text[start:])) {
				continue
			}
		}
		if !plain {
			start, end = subjects.NextWord(s.text, at)
		}
		if start == end {
			return
		}
		at = end
		if a.dates && flags&hasDigit != 0 {
			if stop := s.date(start); stop > 0 {
				at = stop
				continue
			}
		}
		a.words = subjects.AppendWord(a.words[:0], s.text[start:end])
		if a.mayBegin(a.words) {
			at = max(at, s.phrase(start, end))
		}
	}
}

// plainWord finds the next word as subjects.NextWord does, if it is of ASCII letters and
// digits alone and what is around it is ASCII too.
func plainWord(text []byte, from int) (start, end int, plain bool) {
	for from < len(text) && charClass[text[from]]-1 > 1 {
		if text[from] >= utf8.RuneSelf {
			return 0, 0, false
		}
		from++
	}
	for end = from; end < len(text) && charClass[text[end]]-1 < 2; end++ {
	}
	return from, end, from < end && (end == len(text) || text[end] < utf8.RuneSelf && text[end] != '\'')
}

// mayBeginDate says whether a text begins with a digit, or with letters as the names of
// months do.
func mayBeginDate(text []byte) bool {
	switch c := text[0] | 0x20; {
	case text[0] <= '9':
		return true
	case len(text) < 3:
		return false
	default:
		return c == 'j' || c == 'f' || c == 'm' || c == 'a' || c == 's' || c == 'o' || c == 'n' || c == 'd'
	}
}

// date looks at the date that begins at start.
func (s *scanner) date(start int) int {
	if start > 0 && charClass[s.text[start-1]] == charDigit {
		return 0
	}
	year, month, day, size := subjects.Date(s.text[start:])
	if size == 0 {
		return 0
	}
	if s.knownHit(s.f.known.index.DateTerm(s.f.o.System, year, month, day), start, start+size) {
		return start + size
	}
	return 0
}

// phrase tries the terms that begin with text[start:end], the longest last: it is
// what counts.
func (s *scanner) phrase(start, end int) int {
	a := &s.f.known
	best, stop := uint64(0), 0
	for n := 1; ; n++ {
		key := a.index.Term(s.f.o.System, a.words)
		if _, ok := a.by.get(key); ok && (n > 1 || s.likeName(key, start, end)) {
			best, stop = key, end
		}
		if n == subjects.MaxPhrase {
			break
		}
		from, to := subjects.NextWord(s.text, end)
		if from == to || from-end > maxGap {
			break
		}
		a.words = subjects.AppendWord(append(a.words, ' '), s.text[from:to])
		end = to
	}
	if stop == 0 {
		return 0
	}
	return s.knownPhrase(best, start, stop)
}

// maxGap is how many bytes may stand between the words of a term.
const maxGap = 4

// likeName says whether a word alone may stand for a name: it begins with a capital,
// or with a letter that has none, or is all there is.
func (s *scanner) likeName(key uint64, start, end int) bool {
	a := &s.f.known
	for i, _ := a.by.get(key); i >= 0; i = a.facts[i].next {
		if a.facts[i].print&subjects.PrintName == 0 {
			return true
		}
	}
	r, _ := utf8.DecodeRune(s.text[start:end])
	return !unicode.IsLower(r) || len(bytes.TrimSpace(s.text)) == end-start
}

// knownPhrase notes the facts of a key; of the beginning of a sentence the rest
// belongs to it.
func (s *scanner) knownPhrase(key uint64, start, stop int) int {
	a := &s.f.known
	for i, _ := a.by.get(key); i >= 0; i = a.facts[i].next {
		if a.facts[i].print&subjects.PrintStart != 0 {
			if n := bytes.IndexFunc(s.text[stop:], subjects.IsStop); n >= 0 {
				stop += n
			} else {
				stop = len(s.text)
			}
			break
		}
	}
	s.knownHit(key, start, stop)
	return stop
}

// knownHit notes everybody of whom something with this key is known, and masks it as
// the strictest of them asks.
func (s *scanner) knownHit(key uint64, start, stop int) bool {
	f, a := s.f, &s.f.known
	first, ok := a.by.get(key)
	if !ok {
		return false
	}
	strictest := s.openest(first, a.facts[first].subject)
	for i := first; i >= 0; i = a.facts[i].next {
		c := a.facts[i].print.Category()
		f.sightIn(s.recordOf(start), a.facts[i].subject, f.shown(c), f.masked(c), true) // who are in the answer anyway
		if c = s.openest(first, a.facts[i].subject); f.treat[c] < f.treat[strictest] {
			strictest = c
		}
	}
	if f.treat[strictest] != custody.Clear {
		f.replace(s.view, start, stop, s.v.form, strictest, f.treat[strictest])
	}
	return true
}

// openest gives, of the categories in which one subject has a value, the one that may
// leave most openly: who may see the customer's name may see it where it is also the
// name on the bank account.
func (s *scanner) openest(first int32, id custody.SubjectID) custody.Category {
	f, a := s.f, &s.f.known
	best, found := custody.Category(0), false
	for i := first; i >= 0; i = a.facts[i].next {
		if c := a.facts[i].print.Category(); a.facts[i].subject == id && (!found || f.treat[c] > f.treat[best]) {
			best, found = c, true
		}
	}
	return best
}

// knownForm looks a value's canonical form up.
func (s *scanner) knownForm(c custody.Category, a, b int) bool {
	var room [subjects.MaxCanonical]byte
	form, ok := subjects.Canonical(room[:0], c, s.text[a:b])
	return ok && s.knownHit(s.f.known.index.Form(s.f.o.System, c, form), a, b)
}
