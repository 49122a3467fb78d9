package body

import "encoding/binary"

// What is in a text, so that most of it need not be looked at again.
const (
	hasDigit uint8 = 1 << iota
	hasAt
	hasHigh      // a byte above ASCII
	hasPercent   // %
	hasEquals    // =
	hasAmpersand // &
	hasBackslash
	hasUpper // A to Z
)

// flagsUnknown says that a value's characters have not been looked at: all flags,
// which is always safe.
const flagsUnknown uint8 = 0xFF

var charFlags = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = hasDigit
		case c >= 'A' && c <= 'Z':
			t[c] = hasUpper
		case c >= 0x80:
			t[c] = hasHigh
		}
	}
	t['@'], t['%'], t['='], t['&'], t['\\'] = hasAt, hasPercent, hasEquals, hasAmpersand, hasBackslash
	return t
}()

func flagsOf(text []byte) (flags uint8) {
	for len(text) >= 8 {
		flags |= charFlags[text[0]] | charFlags[text[1]] | charFlags[text[2]] | charFlags[text[3]] |
			charFlags[text[4]] | charFlags[text[5]] | charFlags[text[6]] | charFlags[text[7]]
		text = text[8:]
	}
	for _, c := range text {
		flags |= charFlags[c]
	}
	return flags
}

// skipDull gives the first place from i on that is less than eight bytes before a
// digit or an @, looking at eight bytes at a time.
func skipDull(text []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		low := x &^ highs
		digits := (low + ones*(0x80-'0')) &^ (low + ones*(0x80-'9'-1)) &^ x & highs
		at := x ^ ones*'@'
		at = (at - ones) &^ at & highs
		if digits|at != 0 {
			return i
		}
	}
	return i
}

// Classes of a byte to the readers of identifiers.
const (
	charOther uint8 = iota
	charDigit
	charLetter
	charGap // may stand between the parts of a number or a mark
)

var charClass = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = charDigit
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			t[c] = charLetter
		case c <= ' ':
			t[c] = charGap
		}
	}
	for _, c := range "-.()[]'\"_/,\u007f" {
		t[c] = charGap
	}
	return t
}()

// emailChar says where in an address a byte may stand: bit 0 before the @, bit 1
// after it, bit 2 before it although something else is more likely.
var emailChar = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
			t[c] = 3
		}
	}
	t['.'], t['-'] = 3, 3
	t['_'], t['+'] = 1, 1
	for _, c := range "/=&?#|!$*{}^`~%'" {
		t[c] = 5
	}
	return t
}()
