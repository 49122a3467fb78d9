package subjects

import (
	"bytes"
	"unicode/utf8"

	"custody"
)

// A Print is what is kept of one thing known of a subject: 16 bits that its first
// word gives, 40 bits of a keyed function of all of it, its category and how it is to
// be read. Without the index's key it is useless.
type Print uint64

// How a print is to be read.
const (
	// PrintName is a word that is only taken where it is written like a name.
	PrintName Print = 1 << 4
	// PrintStart is the beginning of a sentence: what follows it belongs to it.
	PrintStart Print = 1 << 5
	// PrintPart is a surname, or the postcode of an address: see Corroboration.
	PrintPart Print = 1 << 6
	// PrintFull is first and last word of a name, or a line of an address that begins
	// with a number.
	PrintFull Print = 1 << 7
)

// Category gives what the value is of.
func (p Print) Category() custody.Category { return custody.Category(p & 15) }

// Key is what must be equal.
func (p Print) Key() uint64 { return uint64(p >> 8) }

// Domains of the keyed function, beside the categories of canonical forms.
const (
	domainWords = 100
	domainDate  = 101
	domainFirst = 102
)

// MaxTerms bounds what is kept of one value; MaxLearned is how many of its bytes are
// read.
const (
	MaxTerms   = 32
	MaxLearned = 4096
)

// FirstWord gives the 16 bits that all terms with the same first word share. The word
// must be as AppendWord writes it; only its first eight bytes and its length count.
func (x *Index) FirstWord(word []byte) uint16 {
	var n uint64
	for i, c := range word {
		if i == 8 {
			break
		}
		n |= uint64(c) << (8 * i)
	}
	return x.FirstLetters(n, len(word))
}

// FirstLetters is FirstWord for a word whose first eight bytes are given as a number,
// the first lowest.
func (x *Index) FirstLetters(head uint64, length int) uint16 {
	n := (head ^ x.k0) * 0x9e3779b97f4a7c15
	n ^= uint64(length) * 0xd6e8feb86659fd93
	n = (n ^ n>>29) * (x.k1 | 1)
	return uint16(n >> 48)
}

// Term gives the key of words that are parted by single spaces.
func (x *Index) Term(system custody.SystemID, words []byte) uint64 {
	first, _, _ := bytes.Cut(words, []byte(" "))
	return x.key(system, domainWords, first, words)
}

// Form gives the key of a value's canonical form.
func (x *Index) Form(system custody.SystemID, category custody.Category, form []byte) uint64 {
	return x.key(system, uint64(category), form, form)
}

// DateTerm gives the key of a date.
func (x *Index) DateTerm(system custody.SystemID, year, month, day int) uint64 {
	var room [8]byte
	form := appendDate(room[:0], year, month, day)
	return x.key(system, domainDate, form, form)
}

func (x *Index) key(system custody.SystemID, domain uint64, first, all []byte) uint64 {
	h := siphash(x.k1, x.k0, uint64(system)|domain<<32, all)
	return uint64(x.FirstWord(first))<<40 | h>>24
}

// Terms appends what is kept of a value of a category.
func (x *Index) Terms(dst []Print, system custody.SystemID, category custody.Category, value []byte) []Print {
	value = value[:min(len(value), MaxLearned)]
	t := termer{x: x, system: system, category: category, dst: dst, limit: len(dst) + MaxTerms}
	var room [MaxCanonical]byte
	if form, ok := Canonical(room[:0], category, value); ok {
		flags := Print(0)
		if category == custody.Address {
			flags = PrintPart
		}
		t.put(x.Form(system, category, form), flags)
		return t.dst
	}
	switch category {
	case custody.Name:
		t.name(value)
	case custody.DateOfBirth:
		if y, m, d, size := Date(bytes.TrimSpace(value)); size > 0 {
			t.put(x.DateTerm(system, y, m, d), 0)
		}
	case custody.Address:
		t.address(value)
	case custody.Accident, custody.FreeText:
		t.sentences(value)
	default: // what is not in the form of its category: a make, a bank's name
		t.phrase(value, 2)
	}
	return t.dst
}

type termer struct {
	x        *Index
	system   custody.SystemID
	category custody.Category
	dst      []Print
	limit    int
}

func (t *termer) put(key uint64, flags Print) {
	if len(t.dst) < t.limit {
		t.dst = append(t.dst, Print(key<<8)|flags|Print(t.category))
	}
}

func (t *termer) words(list ...[]byte) { t.marked(0, list...) }

func (t *termer) marked(flags Print, list ...[]byte) {
	t.put(t.x.Term(t.system, bytes.Join(list, []byte(" "))), flags)
}

// split gives the words of a text as AppendWord writes them.
func split(text []byte) (list [][]byte) {
	for at := 0; at < len(text) && len(list) < 64; {
		start, end := NextWord(text, at)
		if start == end {
			break
		}
		if w := AppendWord(nil, text[start:end]); len(w) > 0 {
			list = append(list, w)
		}
		at = end
	}
	return list
}

var titles = map[string]bool{"mr": true, "mrs": true, "ms": true, "miss": true, "mx": true, "dr": true, "prof": true, "professor": true, "rev": true, "sir": true, "dame": true, "lady": true, "lord": true, "master": true}

// notNames are parts of names of companies, which are not names by themselves.
var notNames = map[string]bool{"ltd": true, "limited": true, "plc": true, "llp": true, "co": true, "company": true, "the": true, "and": true, "of": true, "motors": true, "garage": true,
	"services": true, "group": true, "cars": true, "transport": true, "logistics": true, "taxis": true, "hire": true, "fleet": true}

// name keeps a name in full, in the order of a register, with the first name's
// letter, and its first and last words alone.
func (t *termer) name(value []byte) {
	last, first, comma := bytes.Cut(value, []byte(","))
	if comma {
		value = append(append(bytes.Clone(first), ' '), last...)
	}
	list := split(value)
	for len(list) > 1 && titles[string(list[0])] {
		list = list[1:]
	}
	n := len(list)
	if n == 0 {
		return
	}
	t.alone(list[n-1], PrintPart)
	if n == 1 {
		return
	}
	t.alone(list[0], 0)
	_, size := utf8.DecodeRune(list[0])
	letter := list[0][:size]
	if n > 2 {
		t.words(list[:min(n, 8)]...)
	}
	t.marked(PrintFull, list[0], list[n-1])
	t.marked(PrintFull, list[n-1], list[0])
	if n > 2 {
		t.words(append([][]byte{list[n-1]}, list[:n-1]...)...)
	}
	t.words(letter, list[n-1])
	t.words(list[n-1], letter)
}

// alone keeps a single word of a name, if it is long enough to mean somebody.
func (t *termer) alone(word []byte, flags Print) {
	if utf8.RuneCount(word) >= 3 && !notNames[string(word)] {
		t.put(t.x.Term(t.system, word), PrintName|flags)
	}
}

// address keeps the lines of an address and its postcode.
func (t *termer) address(value []byte) {
	var room [MaxCanonical]byte
	for _, line := range bytes.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' || r == '|' }) {
		fields := bytes.Fields(line)
		for n := min(2, len(fields)); n > 0; n-- { // a postcode at the end of the line
			if form, ok := CanonicalPostcode(room[:0], bytes.Join(fields[len(fields)-n:], []byte(" "))); ok {
				t.put(t.x.Form(t.system, t.category, form), PrintPart)
				line = bytes.Join(fields[:len(fields)-n], []byte(" "))
				break
			}
		}
		if list := split(line); len(list) >= 2 && len(list) <= MaxPhrase {
			flags := Print(0)
			if isDigit(list[0][0]) {
				flags = PrintFull
			}
			t.marked(flags, list...)
		}
	}
}

// phrase keeps some words as a whole, if there are enough of them.
func (t *termer) phrase(text []byte, least int) {
	if list := split(text); len(list) >= least && len(list) <= MaxPhrase {
		t.words(list...)
	}
}

// MaxPhrase is how many words one term may have; MinSentence is how many words of a
// sentence are kept.
const (
	MaxPhrase   = 6
	MinSentence = 3
)

// sentences keeps the first words of each sentence of a text.
func (t *termer) sentences(value []byte) {
	for _, s := range bytes.FieldsFunc(value, IsStop) {
		if list := split(s); len(list) >= MinSentence {
			t.put(t.x.Term(t.system, bytes.Join(list[:MinSentence], []byte(" "))), PrintStart)
		} else if len(list) == 2 {
			t.words(list...)
		}
	}
}

// IsStop says whether a rune ends a sentence.
func IsStop(r rune) bool {
	return r == '.' || r == ';' || r == '!' || r == '?' || r == '\n' || r == '\r'
}
