package body

import (
	"math/bits"

	"custody"
)

// alone says that a configured value can hold one identifier at most, that of its own
// category, or none: a phone of so many digits, an address of nobody else, words
// without figures. Whose it is is told by the key beside it, so nothing in it need be
// looked up. What is not plainly so is looked through: somebody else's phone may stand
// in it.
func alone(c custody.Category, text []byte, t tally) bool {
	if t.flags()&oddFlags != 0 {
		return false
	}
	switch {
	case t.flags()&(hasDigit|hasAt) == 0:
		return true
	case c == custody.Phone:
		return len(text) <= 64 && t&tallyNoPhone == 0 && t.digits() <= 15
	case c == custody.Email:
		return len(text) <= 64 && t&tallyNoEmail == 0 && t.ats() == 1 && t.digits() < 9
	case c == custody.Vehicle:
		return t.ats() == 0 && len(text) <= 8 && only(text, ofMark)
	case c == custody.Policy || c == custody.Bank:
		return t.ats() == 0 && len(text) <= 34 && only(text, ofNumber)
	}
	return false
}

// aloneIn says of some marked bytes that they are alone, for those categories and texts
// for which that takes no more than their marks. False says nothing.
func aloneIn(c custody.Category, lo, hi *marked, s uint, keep uint64) bool {
	r := 63 - s
	digit := (lo.digit>>s | hi.digit<<1<<r) & keep
	at := (lo.at>>s | hi.at<<1<<r) & keep
	if (lo.odd>>s|hi.odd<<1<<r)&keep != 0 {
		return false
	}
	switch {
	case digit|at == 0:
		return true
	case c == custody.Phone:
		return keep&^(lo.ofPhone>>s|hi.ofPhone<<1<<r) == 0 && bits.OnesCount64(digit) <= 15
	case c == custody.Email:
		return keep&^(lo.ofEmail>>s|hi.ofEmail<<1<<r) == 0 && at&(at-1) == 0 && at != 0 && bits.OnesCount64(digit) < 9
	}
	return false
}

// Where a byte may stand in a value that is one identifier.
const (
	ofPhone uint8 = 1 << iota
	ofEmail
	ofMark
	ofNumber
)

func only(text []byte, of uint8) bool {
	all := of
	for _, c := range text {
		all &= aloneBytes[c]
	}
	return all != 0
}

var aloneBytes = func() (t [256]uint8) {
	for c := range t {
		switch charClass[c] {
		case charDigit:
			t[c] = ofPhone | ofEmail | ofMark | ofNumber
		case charLetter:
			t[c] = ofEmail | ofMark | ofNumber
		}
	}
	t[' '] = ofPhone | ofMark
	for _, c := range "+()-." {
		t[c] |= ofPhone
	}
	for _, c := range "@._+-" {
		t[c] |= ofEmail
	}
	for _, c := range "-/" {
		t[c] |= ofNumber
	}
	return t
}()
