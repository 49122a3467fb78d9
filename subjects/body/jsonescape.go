package body

import (
	"unicode/utf16"
	"unicode/utf8"
)

// backslashAt reads an escape of JSON or of a script. A half of a surrogate pair
// alone stands for itself in three bytes, so that nothing is lost.
func backslashAt(room, text []byte) ([]byte, int) {
	if len(text) < 2 || text[0] != '\\' {
		return room, 0
	}
	switch text[1] {
	case 'b':
		return append(room, '\b'), 2
	case 'f':
		return append(room, '\f'), 2
	case 'n':
		return append(room, '\n'), 2
	case 'r':
		return append(room, '\r'), 2
	case 't':
		return append(room, '\t'), 2
	case 'x':
		if len(text) >= 4 && hexValue(text[2]) < 16 && hexValue(text[3]) < 16 {
			return utf8.AppendRune(room, rune(hexValue(text[2]))<<4|rune(hexValue(text[3]))), 4
		}
	case 'u':
		r, ok := unicodeAt(text)
		if !ok {
			break
		}
		if utf16.IsSurrogate(r) {
			if low, ok := unicodeAt(text[6:]); ok {
				if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
					return utf8.AppendRune(room, both), 12
				}
			}
			return append(room, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F), 6
		}
		return utf8.AppendRune(room, r), 6
	}
	return append(room, text[1]), 2
}

func unicodeAt(text []byte) (r rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range text[2:6] {
		h := hexValue(c)
		if h > 15 {
			return 0, false
		}
		r = r<<4 | rune(h)
	}
	return r, true
}
