package subjects

import "bytes"

// CanonicalPhone appends a phone's E.164 digits without the plus sign: 447700900123.
// It reads UK numbers in national form, with or without the first 0 (spreadsheets
// drop it), and any number in international form: +, 00, the (0) that people add,
// labels before it ("Tel:") and extensions after it. Digits must be 9 to 15.
func CanonicalPhone(dst, value []byte) ([]byte, bool) {
	if out, ok := plainPhone(dst, value); ok {
		return out, true
	}
	return longPhone(dst, value)
}

func longPhone(dst, value []byte) ([]byte, bool) {
	var room [20]byte
	digits, plus, ok := phoneDigits(room[:0], value)
	if !ok {
		return dst, false
	}
	country, rest := splitCountry(digits, plus)
	if country == "44" {
		if len(rest) > 0 && rest[0] == '0' { // +44 (0)7700
			rest = rest[1:]
		}
		if !ukNumber(rest) {
			return dst, false
		}
	} else if len(rest) < 9 || len(rest) > 15 || rest[0] == '0' || same(rest) {
		return dst, false
	}
	return append(append(dst, country...), rest...), true
}

// plainPhone does the usual case in one pass: eleven digits that begin with a 0 and
// another digit, and nothing but spaces between them. What it does not take may be a
// number all the same; what it takes, the long way takes alike.
func plainPhone(dst, value []byte) ([]byte, bool) {
	var d [16]byte
	n := 0
	for _, c := range value {
		if isDigit(c) && n < len(d) {
			d[n] = c
			n++
		} else if c != ' ' {
			return dst, false
		}
	}
	if n != 11 || d[0] != '0' || d[1] == '0' || d[1] == '4' || d[1] == '6' || same(d[1:n]) || len(value) > MaxValue {
		return dst, false
	}
	dst = append(dst, '4', '4')
	return append(dst, d[1:n]...), true
}

// phoneDigits collects the digits of a value and says whether a plus came first.
func phoneDigits(dst, value []byte) (digits []byte, plus, ok bool) {
	if len(value) > MaxValue {
		return nil, false, false
	}
	value = trimDecimal(skipLabel(value))
	separated := false // a sign such as / was seen, which may part two numbers
	for len(value) > 0 {
		c, size := next(value)
		rest := value[size:]
		switch {
		case isDigit(c):
			if len(dst) == cap(dst) {
				return nil, false, false
			}
			dst = append(dst, c)
		case value[0] == '(' && len(dst) > 0 && (plus || has(dst, "00")) && bytes.HasPrefix(value, []byte("(0)")):
			rest = value[3:]
		case c == skip, c == ',' || c == '/' || c == '=' && len(dst) == 0:
			separated = separated || c == '/'
		case c == '+' && len(dst) == 0 && !plus:
			plus = true
		case len(dst) >= 9 && extension(value):
			return dst, plus, len(dst) <= 15
		default:
			return nil, false, false
		}
		value = rest
	}
	return dst, plus, len(dst) >= 9 && !(separated && len(dst) > 13)
}

// skipLabel takes off words that stand before numbers ("Tel:", "Mobile no.") and no
// others: a sentence that ends in a number is not a phone.
func skipLabel(value []byte) []byte {
	var word [12]byte
	letters, after := 0, 0
	for i := 0; i < len(value); {
		c, size := next(value[i:])
		switch {
		case isLetter(c):
			if letters == len(word) {
				return value
			}
			word[letters] = c
			letters++
		case c == skip || c == ':':
			if letters > 0 && !isLabel(string(word[:letters])) {
				return value
			}
			letters = 0
		default:
			if letters > 0 && !isLabel(string(word[:letters])) {
				return value
			}
			return value[after:]
		}
		i += size
		after = i
	}
	return value
}

func isLabel(word string) bool {
	switch word {
	case "T", "TEL", "TELE", "TELEPHONE", "P", "PH", "PHONE", "M", "MOB", "MOBILE", "C", "CELL", "H", "HOME", "W", "WORK", "O", "OFFICE", "F", "FAX",
		"NO", "NUM", "NUMBER", "DAY", "DAYTIME", "EVENING", "LANDLINE", "WHATSAPP", "CONTACT", "MAIN", "DIRECT", "CALL":
		return true
	}
	return false
}

// extension says whether what follows a number is "x 12", "ext. 12" or "#12".
func extension(value []byte) bool {
	letters, digits := 0, 0
	for len(value) > 0 {
		c, size := next(value)
		value = value[size:]
		switch {
		case isDigit(c):
			digits++
		case digits > 0 && c != skip:
			return false
		case isLetter(c):
			if letters < 3 && c != "EXT"[letters] && c != 'X' {
				return false
			}
			letters++
		case c != '#' && c != skip && c != ':':
			return false
		}
	}
	return digits >= 1 && digits <= 6 && letters <= 9
}

// trimDecimal takes the ".0" off that some programs put after numbers.
func trimDecimal(value []byte) []byte {
	if n := len(value); n > 9 && value[n-2] == '.' && value[n-1] == '0' && isDigit(value[n-3]) {
		return value[:n-2]
	}
	return value
}

// splitCountry parts the digits into a country code and the rest. Other countries'
// codes are left with the rest: only the UK's national forms are read.
func splitCountry(d []byte, plus bool) (string, []byte) {
	switch {
	case plus && has(d, "44"):
		return "44", d[2:]
	case plus:
		return "", d
	case has(d, "0044"):
		return "44", d[4:]
	case has(d, "01144") && len(d) >= 14: // dialled from North America
		return "44", d[5:]
	case has(d, "00"):
		return "", d[2:]
	case d[0] == '0':
		return "44", d[1:]
	case has(d, "44") && len(d) >= 11:
		return "44", d[2:]
	case len(d) <= 10:
		return "44", d
	}
	return "", d
}

// ukNumber says whether digits without the trunk 0 can be a UK number: ten, or nine
// in a few old exchanges.
func ukNumber(d []byte) bool {
	if len(d) != 10 && !(len(d) == 9 && (d[0] == '1' || d[0] == '8')) || same(d) {
		return false
	}
	switch d[0] {
	case '1', '2', '3', '5', '7', '8', '9':
		return true
	}
	return false
}

// same says whether all digits are alike: what people type when they have none.
func same(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return true
}

func has(d []byte, prefix string) bool {
	return len(d) >= len(prefix) && string(d[:len(prefix)]) == prefix
}
