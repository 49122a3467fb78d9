package body

import (
	"custody"
	"custody/subjects"
)

// maxLayers is how deep escapes in escapes are read: entities in a URL in JSON.
const maxLayers = 4

// scan looks through the text in f.views[layer] for identifiers: as it is, and, where it has escapes of
// its own, as those are read.
func (f *Filter) scan(v *value, flags uint8, layer int) {
	view := &f.views[layer]
	if flags == flagsUnknown {
		flags = flagsOf(view.text)
	}
	if flags&hasHigh != 0 && layer+1 < maxLayers && f.fold(v, layer) {
		return
	}
	s := &f.scanner
	*s = scanner{f: f, view: view, v: v, text: view.text}
	if f.knowing {
		s.recall(flags)
	} else if flags&(hasDigit|hasAt) != 0 {
		s.run()
	}
	if layer+1 < maxLayers {
		f.unescape(v, flags, layer)
	}
}

// scanner reads the ASCII of a text.
type scanner struct {
	f    *Filter
	view *view
	v    *value
	text []byte
	done int // what is before is found already
}

func (s *scanner) run() {
	text := s.text
	base, marks := s.view.base, &s.f.marks
	marked := s.view.segs == nil && marks.holds(base, base+len(text))
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case charClass[c] == charDigit:
			i = s.number(i)
		case c == '@':
			i = s.email(i)
		case marked:
			i = marks.dull(base+i+1, base+len(text)) - base
		default:
			i = skipDull(text, i+1)
		}
	}
}

// hit notes everybody whom text[a:b] names as a value of a category.
func (s *scanner) hit(c custody.Category, a, b int) bool {
	f := s.f
	if f.knowing {
		if !s.knownForm(c, a, b) {
			return false
		}
		s.done = b
		return true
	}
	f.ids = f.o.Values.Find(f.ids[:0], f.o.System, c, s.text[a:b])
	if len(f.ids) == 0 {
		return false
	}
	f.sightAll(s.recordOf(a), s.v.scope, c)
	if f.treat[c] != custody.Clear {
		f.replace(s.view, a, b, s.v.form, c, f.treat[c])
	}
	s.done = b
	return true
}

// recordOf gives the record that text[a] belongs to.
func (s *scanner) recordOf(a int) int32 {
	return s.f.recordAt(s.view.at(a))
}

// email looks at the address around an @.
func (s *scanner) email(at int) int {
	text := s.text
	start, end := at, at+1
	for start > s.done && emailChar[text[start-1]]&1 != 0 && at-start < 64+16 {
		start--
	}
	for end < len(text) && emailChar[text[end]]&2 != 0 && end-at < 256 {
		end++
	}
	for end > at && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	if end <= at+1 || start == at || !s.f.kinds.Has(custody.Email) {
		return at + 1
	}
	for from := start; from < at; {
		if text[from] != '.' && s.hit(custody.Email, from, end) {
			return end
		}
		from++
		for from < at && emailChar[text[from-1]]&4 == 0 && !(from-1 == start && text[from-1] == '.') {
			from++
		}
	}
	return at + 1
}

// number looks at what begins with the digit at i, and at the word around it.
func (s *scanner) number(i int) int {
	text := s.text
	end := i + 1
	for end < len(text) && charClass[text[end]] == charDigit {
		end++
	}
	if s.f.kinds.Has(custody.Phone) {
		if stop := s.phone(i, end); stop > 0 {
			return stop
		}
	}
	if s.f.weak.pairs&^subjects.SurnamePostcode != 0 {
		s.places(i, end)
	}
	if end-i <= 8 || s.f.reach > 7 || i > s.done && charClass[text[i-1]] == charLetter {
		if stop := s.words(i, end); stop > 0 {
			return stop
		}
	}
	return end
}

// phone tries the numbers of 9 to 18 digits that begin with the group text[i:end].
func (s *scanner) phone(i, end int) int {
	text := s.text
	start := i
	if start > s.done && text[start-1] == '+' {
		start--
	}
	for digits := end - i; digits <= 18; {
		if digits >= 9 && s.hit(custody.Phone, start, end) {
			return end
		}
		next := end
		for next < len(text) && next-end < 4 && charClass[text[next]] == charGap {
			next++
		}
		if next == len(text) || charClass[text[next]] != charDigit {
			return 0
		}
		for end = next; end < len(text) && charClass[text[end]] == charDigit; end++ {
			digits++
		}
	}
	return 0
}

// word is a stretch of letters and digits.
type word struct{ start, end, letters int }

// maxWords is how many words are looked at on each side of one.
const maxWords = 6

// words tries the registrations, policy numbers and the like that the word around
// text[i:end] is a part of.
func (s *scanner) words(i, end int) int {
	var room [2*maxWords + 1]word
	start, stop := s.bounds(i, end)
	if stop-start > maxWord {
		return stop
	}
	reach := s.f.reach
	if stop-start > reach && stop-start != 17 {
		return 0 // of no length that is looked up
	}
	list, at := s.around(room[:0], start, stop)
	for from := at; from >= 0; from-- {
		length, letters := 0, 0
		for _, w := range list[from:at] {
			length, letters = length+w.end-w.start, letters+w.letters
		}
		for to := at; to < len(list); to++ {
			length, letters = length+list[to].end-list[to].start, letters+list[to].letters
			if length > maxWord {
				break
			}
			if s.try(list[from].start, list[to].end, length, letters) {
				return list[to].end
			}
		}
	}
	return 0
}

// maxWord is the longest run of letters and digits that can be an identifier: an
// IBAN.
const maxWord = 34

// bounds finds the run of letters and digits around text[i:end]. Of one that is too
// long it finds the end only.
func (s *scanner) bounds(i, end int) (start, stop int) {
	text := s.text
	start, stop = i, end
	for start > s.done && charClass[text[start-1]]-1 < 2 && i-start <= maxWord {
		start--
	}
	for stop < len(text) && charClass[text[stop]]-1 < 2 {
		stop++
	}
	return start, stop
}

// around lists the words from some before the one in text[start:end] to some after
// it, as long as they are short enough together, and says which it is.
func (s *scanner) around(list []word, start, end int) ([]word, int) {
	text := s.text
	var left [maxWords]word
	n, room := 0, s.f.reach-(end-start)
	for from := start; n < maxWords && room > 0; n++ {
		stop := from
		for stop > s.done && from-stop < 3 && charClass[text[stop-1]] == charGap {
			stop--
		}
		begin := stop
		for begin > s.done && charClass[text[begin-1]]-1 < 2 && stop-begin <= room {
			begin--
		}
		if begin == stop || stop-begin > room {
			break
		}
		room -= stop - begin
		left[n] = word{begin, stop, s.letters(begin, stop)}
		from = begin
	}
	for k := n - 1; k >= 0; k-- {
		list = append(list, left[k])
	}
	list = append(list, word{start, end, s.letters(start, end)})
	room = s.f.reach - (end - start)
	for k := 0; k < maxWords && room > 0; k++ {
		begin := end
		for begin < len(text) && begin-end < 3 && charClass[text[begin]] == charGap {
			begin++
		}
		stop := begin
		for stop < len(text) && charClass[text[stop]]-1 < 2 && stop-begin <= room {
			stop++
		}
		if stop == begin || stop-begin > room {
			break
		}
		room -= stop - begin
		list = append(list, word{begin, stop, s.letters(begin, stop)})
		end = stop
	}
	return list, n
}

// letters counts the letters of a word.
func (s *scanner) letters(start, end int) (n int) {
	for _, c := range s.text[start:end] {
		n += int(charClass[c] >> 1) // a letter is 2, a digit 1
	}
	return n
}

// try looks text[a:b], of so many letters and digits, up in the categories that it
// could be of.
func (s *scanner) try(a, b, length, letters int) bool {
	kinds, mixed := s.f.kinds, letters > 0 && letters < length
	if mixed && (length >= 5 && length <= 7 || length == 17) && kinds.Has(custody.Vehicle) && s.hit(custody.Vehicle, a, b) {
		return true
	}
	if mixed && length >= 5 && length <= 7 && s.f.weak.pairs&subjects.SurnamePostcode != 0 {
		s.postcode(a, b)
	}
	if mixed && length >= 5 && length <= 7 && s.f.knowing && kinds.Has(custody.Address) && s.hit(custody.Address, a, b) {
		return true
	}
	if length >= 5 && length <= 32 && length-letters >= 3 && letters <= 10 && kinds.Has(custody.Policy) && s.hit(custody.Policy, a, b) {
		return true
	}
	return (letters == 0 && (length == 13 || length == 14 || length == 7 || length == 8) || length >= 15) && kinds.Has(custody.Bank) && s.hit(custody.Bank, a, b)
}
