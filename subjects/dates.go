package subjects

// Date reads a date at the beginning of text and says how long it is: 1984-03-07,
// 07/03/1984, 7.3.1984, 7 March 1984, 7th Mar 1984, March 7, 1984, 19840307. Where
// day and month can both be meant the day comes first, as in the UK. It is no date if
// it goes on with another digit.
func Date(text []byte) (year, month, day, size int) {
	var n [3]int
	var digits [3]int
	i, parts, named := 0, 0, -1
	for parts < 3 {
		if m, length := monthName(text[i:]); length > 0 && named < 0 {
			n[parts], named = m, parts
			i += length
		} else {
			begin := i
			for i < len(text) && isDigit(text[i]) && i-begin < 8 {
				n[parts] = n[parts]*10 + int(text[i]-'0')
				i++
			}
			if digits[parts] = i - begin; i == begin {
				return 0, 0, 0, 0
			}
			if parts == 0 && digits[0] == 8 { // 19840307
				n = [3]int{n[0] / 10000, n[0] / 100 % 100, n[0] % 100}
				digits[0], parts = 4, 3
				break
			}
			i += ordinal(text[i:])
		}
		if parts++; parts < 3 {
			gap := dateGap(text[i:])
			if gap == 0 {
				return 0, 0, 0, 0
			}
			i += gap
		}
	}
	if i < len(text) && isDigit(text[i]) {
		return 0, 0, 0, 0
	}
	switch {
	case digits[0] == 4 && named != 0:
		year, month, day = n[0], n[1], n[2]
	case digits[2] == 4 && named == 0:
		year, month, day = n[2], n[0], n[1]
	case digits[2] == 4:
		year, month, day = n[2], n[1], n[0]
		if month > 12 && day <= 12 && named < 0 {
			month, day = day, month
		}
	default:
		return 0, 0, 0, 0
	}
	if year < 1800 || year > 2199 || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, 0, 0, 0
	}
	return year, month, day, i
}

// dateGap measures what stands between the parts of a date.
func dateGap(text []byte) int {
	i := 0
	for i < len(text) && i < 3 && (text[i] == ' ' || text[i] == '-' || text[i] == '/' || text[i] == '.' || text[i] == ',') {
		i++
	}
	return i
}

// ordinal measures the st, nd, rd or th after a day.
func ordinal(text []byte) int {
	if len(text) >= 2 {
		switch string([]byte{text[0] | 0x20, text[1] | 0x20}) {
		case "st", "nd", "rd", "th":
			return 2
		}
	}
	return 0
}

var months = [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// monthName reads the name of a month, or its first three letters.
func monthName(text []byte) (month, size int) {
	if len(text) < 3 {
		return 0, 0
	}
	if month = monthOf(text[0], text[1], text[2]); month == 0 {
		return 0, 0
	}
	n := 3
	for n < len(text) && n < 10 && (text[n]|0x20) >= 'a' && (text[n]|0x20) <= 'z' {
		n++
	}
	name := months[month-1]
	if n <= len(name) && (n == 3 || n == len(name) || n == 4 && month == 9) && equalLower(text[:n], name[:n]) {
		return month, n
	}
	return 0, 0
}

// monthOf finds the month whose name begins with three letters, 0 if none does.
func monthOf(a, b, c byte) int {
	switch uint32(a|0x20)<<16 | uint32(b|0x20)<<8 | uint32(c|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

func equalLower(text []byte, low string) bool {
	for i := range low {
		if text[i]|0x20 != low[i] {
			return false
		}
	}
	return true
}

// appendDate appends a date as eight digits.
func appendDate(dst []byte, year, month, day int) []byte {
	for _, part := range [...]struct{ n, base int }{{year, 1000}, {month, 10}, {day, 10}} {
		for b := part.base; b > 0; b /= 10 {
			dst = append(dst, '0'+byte(part.n/b%10))
		}
	}
	return dst
}
