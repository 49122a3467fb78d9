package body

import (
	"bytes"
	"html"
	"unicode/utf8"
)

// maxEntity is the longest entity that is read; HTML's longest name has 31 letters,
// numbers may have zeros before them.
const maxEntity = 40

// entityAt reads an entity of HTML at the beginning of text, with its semicolon or
// without, as browsers do.
func entityAt(room, text []byte) ([]byte, int) {
	if len(text) < 3 || text[0] != '&' {
		return room, 0
	}
	if text[1] == '#' {
		return numericAt(room, text)
	}
	n := 1
	for n < len(text) && n < maxEntity && charClass[text[n]]-1 < 2 {
		n++
	}
	if n < 3 {
		return room, 0
	}
	if n < len(text) && text[n] == ';' {
		n++
	}
	if out, ok := commonEntities[string(text[:n])]; ok {
		return append(room, out...), n
	}
	out := html.UnescapeString(string(text[:n]))
	if out == string(text[:n]) {
		return room, 0
	}
	// Names without a semicolon may be followed by letters that are not theirs.
	rest := 0
	for rest < n && rest < len(out) && out[len(out)-1-rest] == text[n-1-rest] {
		rest++
	}
	return append(room, out[:len(out)-rest]...), n - rest
}

var commonEntities = map[string]string{
	"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": `"`, "&apos;": "'", "&nbsp;": "\u00a0", "&commat;": "@", "&period;": ".", "&plus;": "+",
}

// numericAt reads &#64; and &#x40;.
func numericAt(room, text []byte) ([]byte, int) {
	n, base := 2, rune(10)
	if len(text) > 2 && (text[2] == 'x' || text[2] == 'X') {
		n, base = 3, 16
	}
	r, digits := rune(0), 0
	for ; n < len(text) && n < maxEntity; n++ {
		h := rune(hexValue(text[n]))
		if h >= base {
			break
		}
		if r < utf8.MaxRune {
			r = r*base + h
		}
		digits++
	}
	if digits == 0 {
		return room, 0
	}
	if n < len(text) && text[n] == ';' {
		n++
	}
	if r >= 0x80 && r <= 0x9F {
		r = windows1252[r-0x80]
	}
	if r == 0 || r > utf8.MaxRune || r >= 0xD800 && r < 0xE000 {
		r = utf8.RuneError
	}
	return utf8.AppendRune(room, r), n
}

// appendEntities appends a text with its entities read.
func appendEntities(b *viewBuilder, text []byte, base int) {
	var room [8]byte
	for len(text) > 0 {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			i = len(text)
		}
		b.same(text[:i], base)
		text, base = text[i:], base+i
		if len(text) == 0 {
			return
		}
		out, size := entityAt(room[:0], text)
		if size == 0 {
			b.same(text[:1], base)
			size = 1
		} else {
			b.escape(out, base, size)
		}
		text, base = text[size:], base+size
	}
}
