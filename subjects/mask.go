package subjects

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"custody"
)

// hidden stands for what is masked, whatever its length.
const hidden = "•••"

// Mask appends a masked form of a value. It shows at most:
//
//	phone          07••• •••123     two digits of the national form and the last three
//	               +35••• •••567    of other countries the first two
//	email          a•••@•••.example first letter and top-level domain
//	name           A••• S•••        first letters of the first and the last word
//	address        S•••             first letter; of a postcode the area: HX•••
//	date of birth  1984-••-••       the year
//	vehicle        AB•• •••         of a mark of six or more: its first two characters;
//	               WVW•••           of a VIN: its maker
//	bank           •••224           last three digits of an account, last two of a sort code
//	policy         •••001           last three characters
//	accident, free text: nothing
//
// Values of fewer than four characters, and those that are not what their category
// says, show nothing. The length of the result says nothing of the length of the
// value, and the result never holds the value. It is UTF-8, whatever the value was.
// A nil value is NULL and stays nil: nothing is appended.
func Mask(dst []byte, category custody.Category, value []byte) []byte {
	if value == nil {
		return dst
	}
	start := len(dst)
	if len(value) <= MaxMasked && len(value) >= 4 && (ascii(value) || utf8.RuneCount(value) >= 4 && utf8.Valid(value)) {
		dst = maskCategory(dst, category, value)
	}
	// A value that looks like a mask already must not come out as it went in.
	if len(dst) == start || bytes.Contains(dst[start:], value) {
		dst = append(dst[:start], hidden...)
	}
	return dst
}

// ascii says whether every byte is a character by itself.
func ascii(value []byte) bool {
	var all byte
	for _, c := range value {
		all |= c
	}
	return all < utf8.RuneSelf
}

// MaxMasked is the longest value, in bytes, of which anything is shown.
const MaxMasked = 4096

// maskCategory appends what the category shows, or nothing.
func maskCategory(dst []byte, category custody.Category, value []byte) []byte {
	switch category {
	case custody.Name:
		return maskName(dst, value)
	case custody.Phone:
		return maskPhone(dst, value)
	case custody.Email:
		return maskEmail(dst, value)
	case custody.Address:
		return maskAddress(dst, value)
	case custody.DateOfBirth:
		if year, ok := yearOf(value); ok {
			dst = append(append(dst, year...), "-••-••"...)
		}
		return dst
	case custody.Vehicle:
		return maskVehicle(dst, value)
	case custody.Policy:
		return maskPolicy(dst, value)
	case custody.Bank:
		return maskBank(dst, value)
	}
	return dst
}

func maskPhone(dst, value []byte) []byte {
	var room [MaxCanonical]byte
	d, ok := CanonicalPhone(room[:0], value)
	if !ok {
		return dst
	}
	if has(d, "44") {
		dst = append(dst, '0', d[2])
	} else {
		dst = append(dst, '+', d[0], d[1])
	}
	dst = append(dst, "••• •••"...)
	return append(dst, d[len(d)-3:]...)
}

func maskEmail(dst, value []byte) []byte {
	var room [MaxCanonical]byte
	e, ok := CanonicalEmail(room[:0], value)
	if !ok {
		return dst
	}
	if _, size := utf8.DecodeRune(e); e[size] != '@' { // a single letter is all of it
		dst = append(dst, e[:size]...)
	}
	dst = append(dst, "•••@•••"...)
	top := e[bytes.LastIndexByte(e, '.'):]
	if len(top) > 12 { // hardly a real one
		top = []byte(".•••")
	}
	return append(dst, top...)
}

// maskName shows first letters of words that have more than two characters.
func maskName(dst, value []byte) []byte {
	words := bytes.Fields(value)
	if len(words) == 0 {
		return dst
	}
	dst = maskWord(dst, words[0])
	if len(words) > 1 {
		dst = maskWord(append(dst, ' '), words[len(words)-1])
	}
	return dst
}

func maskWord(dst, word []byte) []byte {
	r, size := utf8.DecodeRune(word)
	if unicode.IsLetter(r) && utf8.RuneCount(word) > 2 {
		dst = append(dst, word[:size]...)
	}
	return append(dst, hidden...)
}

func maskAddress(dst, value []byte) []byte {
	var room [MaxCanonical]byte
	if p, ok := CanonicalPostcode(room[:0], value); ok {
		for len(p) > 0 && isLetter(p[0]) {
			dst, p = append(dst, p[0]), p[1:]
		}
		return append(dst, hidden...)
	}
	i := bytes.IndexFunc(value, unicode.IsLetter)
	if i < 0 || utf8.RuneCount(value[i:]) < 4 {
		return dst
	}
	_, size := utf8.DecodeRune(value[i:])
	return append(append(dst, value[i:i+size]...), hidden...)
}

// yearOf finds the year of a date in any common order: four digits by themselves
// that can be a year of birth.
func yearOf(value []byte) ([]byte, bool) {
	for i := 0; i < len(value); {
		j := i
		for j < len(value) && isDigit(value[j]) {
			j++
		}
		if j-i == 4 && (value[i] == '1' && value[i+1] >= '8' || value[i] == '2' && value[i+1] == '0') {
			return value[i:j], true
		}
		i = j + 1
	}
	return nil, false
}

func maskVehicle(dst, value []byte) []byte {
	var room [MaxCanonical]byte
	if v, ok := CanonicalVIN(room[:0], value); ok {
		return append(append(dst, v[:3]...), hidden...)
	}
	if m, ok := CanonicalRegistration(room[:0], value); ok && len(m) >= 6 {
		return append(append(dst, m[:2]...), "•• •••"...)
	}
	return dst
}

func maskPolicy(dst, value []byte) []byte {
	var room [MaxCanonical]byte
	if p, ok := canonicalPolicy(room[:0], value); ok && len(p) >= 6 {
		dst = append(append(dst, hidden...), p[len(p)-3:]...)
	}
	return dst
}

func maskBank(dst, value []byte) []byte {
	var room [MaxCanonical]byte
	if a, ok := canonicalBank(room[:0], value); ok {
		return append(append(dst, hidden...), a[len(a)-3:]...)
	}
	if s, ok := bare(room[:0], value, "", 6); ok && len(s) == 6 && !bytes.ContainsFunc(s, unicode.IsLetter) {
		return append(append(dst, hidden...), s[4:]...)
	}
	return dst
}
