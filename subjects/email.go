package subjects

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CanonicalEmail appends an email address, whole and in lower case. It takes off
// what stands around it: spaces, quotes, <brackets> with a name before them,
// "mailto:" and what follows a question mark, a full stop at the end. It does not
// guess that two mailboxes are one: dots and +tags stay.
func CanonicalEmail(dst, value []byte) ([]byte, bool) {
	if len(value) > MaxValue {
		return dst, false
	}
	if out, ok := plainEmail(dst, value); ok {
		return out, true
	}
	start := len(dst)
	value = addressPart(value)
	for len(value) > 0 {
		if c := value[0]; c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst, value = append(dst, c), value[1:]
			continue
		}
		r, size := utf8.DecodeRune(value)
		if r == utf8.RuneError && size == 1 {
			return dst[:start], false
		}
		value = value[size:]
		if r >= 0xFF01 && r <= 0xFF5E {
			r -= 0xFEE0
		}
		if isInvisible(r) {
			continue
		}
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
		if len(dst)-start > 254 {
			return dst[:start], false
		}
	}
	if len(dst)-start > 254 || !validEmail(dst[start:]) {
		return dst[:start], false
	}
	return dst, true
}

// plainEmail does the usual case in one pass: nothing around the address, letters,
// digits and . _ + - before the @, letters, digits and . - after it. What it does not
// take may be an address all the same; what it takes, the long way takes alike.
func plainEmail(dst, value []byte) ([]byte, bool) {
	start, at, label := len(dst), 0, 0 // label is where the part since the last . or @ begins
	for i, c := range value {
		low := emailBytes[c]
		switch {
		case low >= '0' && c != '@': // a letter, a digit or _
			if low == '_' && at > 0 {
				return dst[:start], false
			}
		case low == 0 || i == label: // an empty part, or one that begins with - or +
			return dst[:start], false
		case c == '@':
			if at > 0 || value[i-1] == '.' || i > 64 {
				return dst[:start], false
			}
			at, label = i, i+1
		case c == '.':
			if at > 0 && (value[i-1] == '-' || i-label > 63) {
				return dst[:start], false
			}
			label = i + 1
		case c == '+' && at > 0:
			return dst[:start], false
		}
		dst = append(dst, low)
	}
	n := len(value)
	if at == 0 || label <= at+1 || label == n || n-label > 63 || n > 254 || value[n-1] == '-' || isDigit(value[n-1]) {
		return dst[:start], false
	}
	return dst, true
}

// emailBytes gives the lower case of the bytes that plainEmail takes, 0 for others.
var emailBytes = func() (t [256]byte) {
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789._+-@" {
		t[c] = byte(c)
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c] = byte(c) + 'a' - 'A'
	}
	return t
}()

var labels = []string{"mailto:", "email:", "e-mail:"}

// addressPart finds the address in "Alice <alice@post.example>" and the like.
func addressPart(value []byte) []byte {
	if open := bytes.LastIndexByte(value, '<'); open >= 0 {
		if end := bytes.IndexByte(value[open:], '>'); end > 0 {
			value = value[open+1 : open+end]
		}
	}
	value = trimAround(value)
	for _, label := range labels {
		if len(value) > len(label) && bytes.EqualFold(value[:len(label)], []byte(label)) {
			value = trimAround(value[len(label):])
		}
	}
	if at := bytes.IndexByte(value, '@'); at >= 0 {
		if q := bytes.IndexByte(value[at:], '?'); q >= 0 {
			value = value[:at+q]
		}
	}
	return bytes.TrimRight(value, ".")
}

func trimAround(value []byte) []byte {
	if n := len(value); n > 0 && plainEnd(value[0]) && plainEnd(value[n-1]) {
		return value
	}
	return bytes.TrimFunc(value, func(r rune) bool {
		return unicode.IsSpace(r) || isInvisible(r) || r < ' ' ||
			r == '"' || r == '\'' || r == ',' || r == ';' || r == '<' || r == '>' || r == '(' || r == ')' || r == '[' || r == ']' ||
			r == 0x2018 || r == 0x2019 || r == 0x201C || r == 0x201D
	})
}

// plainEnd says whether a byte is a letter or digit, with which most values begin
// and end.
func plainEnd(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// isInvisible says whether a rune is not seen: soft hyphen, zero-width and direction
// marks, byte order mark.
func isInvisible(r rune) bool {
	return r == 0xAD || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x2069 || r == 0xFEFF
}

// validEmail wants one @, a local part of 1 to 64 bytes and a domain with a dot.
func validEmail(b []byte) bool {
	at := bytes.IndexByte(b, '@')
	if at < 1 || at > 64 || bytes.IndexByte(b[at+1:], '@') >= 0 {
		return false
	}
	for _, c := range b[:at] {
		if c <= ' ' || c == 0x7F || strings.IndexByte(`"(),:;<>[\]`, c) >= 0 {
			return false
		}
	}
	if b[0] == '.' || b[at-1] == '.' || bytes.ContainsFunc(b, unicode.IsSpace) {
		return false
	}
	return validDomain(b[at+1:])
}

func validDomain(d []byte) bool {
	labels, length := 0, 0
	for i := 0; i <= len(d); i++ {
		if i == len(d) || d[i] == '.' {
			if length == 0 || length > 63 || d[i-1] == '-' {
				return false
			}
			labels, length = labels+1, 0
			continue
		}
		c := d[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf || c == '-' && length > 0) {
			return false
		}
		length++
	}
	return labels >= 2 && !(d[len(d)-1] >= '0' && d[len(d)-1] <= '9')
}
