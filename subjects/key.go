package subjects

import "bytes"

// parseInt reads an integer as PostgreSQL prints one: no plus sign, no leading
// zeros, no minus zero. All else ("007", "1.0") is a text key of its own.
func parseInt(s []byte) (int64, bool) {
	digits := s
	negative := len(s) > 0 && s[0] == '-'
	if negative {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && (len(digits) > 1 || negative) {
		return 0, false
	}
	var n uint64
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	switch {
	case negative && n <= 1<<63:
		return -int64(n), true
	case !negative && n < 1<<63:
		return int64(n), true
	}
	return 0, false
}

// textKey is a key that is not an integer: the 16 bytes of a uuid, or other text.
type textKey struct {
	uuid bool
	body []byte
}

// uuidMark begins the stored form of a uuid. Other stored keys begin with two bytes
// of length, 256 more than it is, so that the first of them is never this.
const uuidMark = 0

// size is how many bytes the stored form takes.
func (k textKey) size() int {
	if k.uuid {
		return 17
	}
	return len(k.body) + 2
}

// store writes the stored form to the start of b.
func (k textKey) store(b []byte) {
	if k.uuid {
		b[0] = uuidMark
		copy(b[1:], k.body)
		return
	}
	n := len(k.body) + 256
	b[0], b[1] = byte(n>>8), byte(n)
	copy(b[2:], k.body)
}

// stored reads the key at the start of b.
func stored(b []byte) textKey {
	if b[0] == uuidMark {
		return textKey{true, b[1:17]}
	}
	n := (int(b[0])<<8 | int(b[1])) - 256
	return textKey{false, b[2 : 2+n]}
}

func (k textKey) equal(other textKey) bool {
	return k.uuid == other.uuid && bytes.Equal(k.body, other.body)
}

// parseUUID reads 8-4-4-4-12 hexadecimal digits in lower case, nothing else: other
// spellings would come back from the store as another key.
func parseUUID(s []byte) (u [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	n, bad := 0, byte(0)
	for i, c := range s {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			continue
		}
		v := hexValue[c]
		bad |= v
		u[n/2] = u[n/2]<<4 | v&15
		n++
	}
	return u, bad < 16
}

// hexValue gives the value of a lower-case hexadecimal digit, 16 for other bytes.
var hexValue = func() (t [256]byte) {
	for c := range t {
		t[c] = 16
	}
	for i, c := range "0123456789abcdef" {
		t[c] = byte(i)
	}
	return t
}()
