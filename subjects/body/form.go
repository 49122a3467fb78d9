package body

import (
	"unicode"
	"unicode/utf8"
)

// form is how a mask must be written where it goes.
type form uint8

const (
	formText   form = iota // as it is: text between tags, in quotes, in a cell
	formNumber             // a number, true or false in JSON: becomes null
	formBare               // an attribute without quotes
	formURL                // percent-encoded
	formQP                 // quoted-printable
	formEmpty              // nothing may stand there
)

// write appends a mask. Whatever could end a string, a cell or a tag becomes a dot:
// masks are made of letters, digits, dots and a few signs, so little is lost.
func (f form) write(dst, mask []byte) []byte {
	switch f {
	case formNumber:
		return append(dst, "null"...)
	case formEmpty:
		return dst
	}
	if f == formText && plainMask(mask) {
		return append(dst, mask...)
	}
	for len(mask) > 0 {
		r, size := utf8.DecodeRune(mask)
		mask = mask[size:]
		if !harmless(r) {
			r = '•'
		}
		dst = f.rune(dst, r)
	}
	return dst
}

// plainMask says whether a mask is of letters, digits, dots and the signs that nothing
// minds, as nearly all are.
func plainMask(mask []byte) bool {
	for i := 0; i < len(mask); i++ {
		switch c := mask[i]; {
		case plainSigns[c]:
		case c == 0xE2 && i+2 < len(mask) && mask[i+1] == 0x80 && mask[i+2] == 0xA2: // •
			i += 2
		default:
			return false
		}
	}
	return true
}

var plainSigns = func() (t [256]bool) {
	for c := range rune(utf8.RuneSelf) {
		t[c] = harmless(c)
	}
	return t
}()

func (f form) rune(dst []byte, r rune) []byte {
	switch {
	case f == formBare && r == ' ':
		return append(dst, "&#32;"...)
	case (f == formURL || f == formQP) && (r >= utf8.RuneSelf || r == ' ' || r == '+'):
		var room [utf8.UTFMax]byte
		sign := byte('%')
		if f == formQP {
			sign = '='
		}
		for _, c := range room[:utf8.EncodeRune(room[:], r)] {
			dst = append(dst, sign, "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		}
		return dst
	}
	return utf8.AppendRune(dst, r)
}

func harmless(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == ' ' || r == '@' || r == '.' || r == '+' || r == '-' || r == '*'
	case r == '•':
		return true
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
