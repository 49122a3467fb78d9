package body

import (
	"unicode/utf16"
	"unicode/utf8"
)

// encoding is how characters are written in a body.
type encoding uint8

const (
	encodingUnknown encoding = iota // a byte order mark may still say
	utf8Encoding
	utf16LE
	utf16BE
	latin1
)

var encodings = map[string]encoding{
	"": encodingUnknown, "utf-8": utf8Encoding, "utf8": utf8Encoding, "us-ascii": utf8Encoding, "ascii": utf8Encoding,
	"utf-16": encodingUnknown, "utf-16le": utf16LE, "utf-16be": utf16BE,
	"iso-8859-1": latin1, "latin1": latin1, "iso8859-1": latin1, "iso_8859-1": latin1, "windows-1252": latin1, "cp1252": latin1, "iso-8859-15": latin1,
}

// transcoder turns a body into UTF-8 and back, so that what was not changed comes
// out as it went in: halves of surrogate pairs, bytes that mean nothing and an odd
// byte at the end included.
type transcoder struct {
	is   encoding
	rest []byte // the beginning of a character
	tail []byte // the body ends in half a character, which follows the last
}

func (t *transcoder) reset(charset string) bool {
	e, ok := encodings[charset]
	*t = transcoder{is: e, rest: t.rest[:0]}
	return ok
}

// decode appends src in UTF-8.
func (t *transcoder) decode(dst, src []byte, end bool) []byte {
	if t.is == encodingUnknown && len(t.rest) == 0 && len(src) >= 4 {
		t.is = guess(src)
	}
	if t.is == encodingUnknown {
		t.rest = append(t.rest, src...)
		if len(t.rest) < 4 && !end {
			return dst
		}
		t.is = guess(t.rest)
		src, t.rest = t.rest, nil
	}
	switch t.is {
	case utf16LE, utf16BE:
		return t.wide(dst, src, end)
	case latin1:
		for _, c := range src {
			dst = utf8.AppendRune(dst, from1252(c))
		}
		return dst
	}
	return append(dst, src...)
}

// guess reads the byte order mark, or sees that every other byte is NUL.
func guess(b []byte) encoding {
	switch {
	case len(b) >= 2 && b[0] == 0xFF && b[1] == 0xFE:
		return utf16LE
	case len(b) >= 2 && b[0] == 0xFE && b[1] == 0xFF:
		return utf16BE
	}
	if e := looksUTF16(b); e != 0 {
		return e
	}
	return utf8Encoding
}

// looksUTF16 says whether text begins with ASCII characters of two bytes each; zero
// if it does not.
func looksUTF16(b []byte) encoding {
	if len(b) < 4 {
		return 0
	}
	switch {
	case b[0] != 0 && b[1] == 0 && b[2] != 0 && b[3] == 0:
		return utf16LE
	case b[0] == 0 && b[1] != 0 && b[2] == 0 && b[3] != 0:
		return utf16BE
	}
	return 0
}

// wide decodes UTF-16. A half pair alone becomes three bytes as if it were a
// character, and back.
func (t *transcoder) wide(dst, src []byte, end bool) []byte {
	if len(t.rest) > 0 {
		src = append(t.rest, src...)
		t.rest = nil
	}
	i := 0
	for ; i+1 < len(src); i += 2 {
		u := t.unit(src[i:])
		if !utf16.IsSurrogate(u) {
			dst = utf8.AppendRune(dst, u)
			continue
		}
		if u < 0xDC00 && i+3 >= len(src) && !end {
			break
		}
		if u < 0xDC00 && i+3 < len(src) {
			if r := utf16.DecodeRune(u, t.unit(src[i+2:])); r != utf8.RuneError {
				dst = utf8.AppendRune(dst, r)
				i += 2
				continue
			}
		}
		dst = append(dst, 0xE0|byte(u>>12), 0x80|byte(u>>6)&0x3F, 0x80|byte(u)&0x3F)
	}
	if i < len(src) && !end {
		t.rest = append([]byte(nil), src[i:]...)
	} else if i < len(src) {
		t.tail = append(t.tail, src[i])
	}
	return dst
}

func (t *transcoder) unit(b []byte) rune {
	if t.is == utf16BE {
		return rune(b[0])<<8 | rune(b[1])
	}
	return rune(b[1])<<8 | rune(b[0])
}

// encode appends UTF-8 as the body has it.
func (t *transcoder) encode(dst, text []byte) []byte {
	switch t.is {
	case utf16LE, utf16BE:
		return t.narrow(dst, text)
	case latin1:
		for len(text) > 0 {
			r, size := utf8.DecodeRune(text)
			dst, text = append(dst, to1252(r)), text[size:]
		}
		return dst
	}
	return append(dst, text...)
}

func (t *transcoder) narrow(dst, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 && len(text) >= 3 && text[0] == 0xED {
			r, size = rune(text[0]&0x0F)<<12|rune(text[1]&0x3F)<<6|rune(text[2]&0x3F), 3
		}
		text = text[size:]
		if r >= 0x10000 {
			high, low := utf16.EncodeRune(r)
			dst = t.put(t.put(dst, high), low)
		} else {
			dst = t.put(dst, r)
		}
	}
	return dst
}

func (t *transcoder) put(dst []byte, r rune) []byte {
	if t.is == utf16BE {
		return append(dst, byte(r>>8), byte(r))
	}
	return append(dst, byte(r), byte(r>>8))
}

// windows1252 gives the characters of the bytes 80 to 9F. Bytes that mean nothing
// stand for the control character of their number, as browsers have it.
var windows1252 = [32]rune{
	0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
	0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
}

func from1252(c byte) rune {
	if c >= 0x80 && c < 0xA0 {
		return windows1252[c-0x80]
	}
	return rune(c)
}

func to1252(r rune) byte {
	if r < 0x80 || r >= 0xA0 && r <= 0xFF {
		return byte(r)
	}
	for i, w := range windows1252 {
		if w == r {
			return byte(i + 0x80)
		}
	}
	return '?'
}
