package subjects

import (
	"strings"
	"unicode/utf8"

	"custody"
)

// MaxValue is the longest value, in bytes, that is looked at as an identifier. The
// longest that can be one is an email of 254 bytes; the rest is room for a display
// name or escapes around it.
const MaxValue = 512

// MaxCanonical is the longest canonical form: room for one in the caller's buffer
// means that none of the functions here allocates.
const MaxCanonical = 256

// Canonical appends the one spelling that all spellings of an identifier share: a
// phone's E.164 digits, an email in lower case, a registration, a VIN or a policy
// number as bare capitals and digits, an account number as digits, a postcode without
// its space. It says false, and appends nothing, for values that are not one and for
// categories that cannot name a person by themselves.
func Canonical(dst []byte, category custody.Category, value []byte) ([]byte, bool) {
	switch category {
	case custody.Phone:
		return CanonicalPhone(dst, value)
	case custody.Email:
		return CanonicalEmail(dst, value)
	case custody.Vehicle:
		return canonicalMark(dst, value, false)
	case custody.Address:
		return CanonicalPostcode(dst, value)
	case custody.Policy:
		return canonicalPolicy(dst, value)
	case custody.Bank:
		return canonicalBank(dst, value)
	}
	return dst, false
}

// What a character is to the readers of this package. Letters are capitals, whatever
// they were.
const (
	skip  = 0 // spaces, dashes, dots, brackets, quotes and invisible characters
	other = 1 // anything that no identifier has
)

// next reads one character of a value as an ASCII capital, digit or sign (+ @ / ,
// # and so on keep themselves), or as skip or other. It never reads past the end.
func next(value []byte) (c byte, size int) {
	c = value[0]
	if c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	r, size := utf8.DecodeRune(value)
	switch {
	case r >= 0xFF01 && r <= 0xFF5E: // full-width forms
		return asciiClass[r-0xFEE0], size
	case r >= 0x0660 && r <= 0x0669: // Arabic-Indic digits
		return byte(r-0x0660) + '0', size
	case r >= 0x06F0 && r <= 0x06F9:
		return byte(r-0x06F0) + '0', size
	case isGap(r):
		return skip, size
	}
	return other, size
}

// isGap says whether a rune stands between the characters of an identifier or is not
// seen at all: other spaces, dashes, dots, quotes, zero-width and direction marks.
func isGap(r rune) bool {
	switch {
	case r >= 0x2000 && r <= 0x2015, r >= 0x2018 && r <= 0x201F, r >= 0x2028 && r <= 0x202F, r >= 0x2060 && r <= 0x2069:
		return true
	}
	switch r {
	case 0xA0, 0xAD, 0xB7, 0x85, 0x2022, 0x2024, 0x2027, 0x205F, 0x2212, 0x3000, 0xFEFF, 0xFE58, 0xFE63, 0x180E, 0x30FB, 0xAB, 0xBB:
		return true
	}
	return false
}

var asciiClass = func() (t [128]byte) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z':
			t[c] = byte(c) - 'a' + 'A'
		case c <= ' ' || c == 0x7F:
			t[c] = skip
		default:
			t[c] = byte(c)
		}
	}
	for _, c := range "-.()[]'\"_" {
		t[c] = skip
	}
	return t
}()

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// bare appends a value's letters and digits without what stands between them, which
// may also be one of the given signs. It says false if there is anything else, or
// more than limit of them.
func bare(dst, value []byte, signs string, limit int) ([]byte, bool) {
	start := len(dst)
	if len(value) > MaxValue {
		return dst, false
	}
	for len(value) > 0 {
		var c byte
		size := 1
		if value[0] < utf8.RuneSelf {
			c = asciiClass[value[0]]
		} else {
			c, size = next(value)
		}
		value = value[size:]
		if isLetter(c) || isDigit(c) {
			if len(dst)-start == limit {
				return dst[:start], false
			}
			dst = append(dst, c)
		} else if c != skip && (signs == "" || strings.IndexByte(signs, c) < 0) {
			return dst[:start], false
		}
	}
	return dst, len(dst) > start
}

// countLetters counts the letters of a bare value; the rest are digits.
func countLetters(s []byte) (n int) {
	for _, c := range s {
		if isLetter(c) {
			n++
		}
	}
	return n
}

// canonicalPolicy takes policy and claim numbers: 5 to 32 capitals and digits with
// at least 3 digits and at most 10 letters, signs such as / and # left out.
func canonicalPolicy(dst, value []byte) ([]byte, bool) {
	start := len(dst)
	dst, ok := bare(dst, value, `/#:\`, 32)
	got := dst[start:]
	letters := countLetters(got)
	if !ok || len(got) < 5 || len(got)-letters < 3 || letters > 10 {
		return dst[:start], false
	}
	return dst, true
}

// canonicalBank takes account numbers of 7 or 8 digits, with or without a sort code
// of 6 digits before them, and IBANs. A sort code alone names a branch, not a person.
func canonicalBank(dst, value []byte) ([]byte, bool) {
	start := len(dst)
	dst, ok := bare(dst, value, "/,", 34)
	got := dst[start:]
	switch {
	case !ok:
	case countLetters(got) == 0 && (len(got) == 7 || len(got) == 8 || len(got) == 13 || len(got) == 14):
		return dst, true
	case len(got) >= 15 && isLetter(got[0]) && isLetter(got[1]) && isDigit(got[2]) && isDigit(got[3]):
		return dst, true
	}
	return dst[:start], false
}
