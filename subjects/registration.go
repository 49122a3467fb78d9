package subjects

// Forms of UK registration marks: A is a letter, 9 a digit. From the current one
// (2001) back to marks without a date, and Northern Ireland's, which has its own.
var markForms = []string{
	"AA99AAA",                    // current
	"A999AAA", "A99AAA", "A9AAA", // prefix, 1983 to 2001
	"AAA999A", "AAA99A", "AAA9A", // suffix, 1963 to 1983
	"AAA9999", "AA9999", "A9999", // Northern Ireland; dateless
	"AAA999", "AAA99", "AAA9", // dateless
	"AA999", "AA99", "AA9", //
	"A999", "A99", "A9", //
	"9999AAA", "999AAA", "99AAA", "9AAA", // dateless, reversed
	"9999AA", "999AA", "99AA", "9AA", //
	"9999A", "999A", "99A", "9A", //
}

// CanonicalRegistration appends a UK vehicle mark as capitals and digits without
// space. In the current form O for 0 and I for 1, and the other way round, are put
// right. The shortest forms are two characters long: only take a value for a mark
// where one is expected.
func CanonicalRegistration(dst, value []byte) ([]byte, bool) {
	start := len(dst)
	dst, ok := bare(dst, value, "", 7)
	if !ok {
		return dst[:start], false
	}
	if !ukMark(dst[start:]) {
		return dst[:start], false
	}
	return dst, true
}

// ukMark says whether bare capitals and digits are a UK mark, and puts O and I right.
func ukMark(got []byte) bool {
	if shape := shapeOf(got); shape == currentShape || markShapes[shape] && !zeroFirst(got) {
		return true
	}
	return repair(got, markForms[0])
}

// canonicalVehicle takes what can be in a column of marks: a VIN, a UK mark or one of
// another country.
func canonicalVehicle(dst, value []byte) ([]byte, bool) { return canonicalMark(dst, value, true) }

// canonicalMark takes a VIN or a UK mark, and others if they may be: see CanonicalVIN,
// CanonicalRegistration and CanonicalMark.
func canonicalMark(dst, value []byte, others bool) ([]byte, bool) {
	start := len(dst)
	dst, ok := bare(dst, value, "", 17)
	got := dst[start:]
	switch n := len(got); {
	case !ok:
	case n == 17:
		if isVIN(got) {
			return dst, true
		}
	case n <= 7:
		if ukMark(got) {
			return dst, true
		}
		if others && n >= 4 {
			return CanonicalMark(dst[:start], value) // O and I may have been changed in vain
		}
	case n <= 10:
		if letters := countLetters(got); others && letters > 0 && letters < n {
			return dst, true
		}
	}
	return dst[:start], false
}

// shapeOf tells marks of one form from those of others: a bit for each character, set
// if it is a figure, behind a bit that says how many there are.
func shapeOf(s []byte) uint8 {
	shape := uint8(1)
	for _, c := range s {
		shape <<= 1
		if isDigit(c) {
			shape |= 1
		}
	}
	return shape
}

var currentShape = shapeOf([]byte(markForms[0]))

var markShapes = func() (t [256]bool) {
	for _, form := range markForms {
		t[shapeOf([]byte(form))] = true
	}
	return t
}()

// CanonicalMark appends a vehicle mark of any country as capitals and digits without
// space: 4 to 10 of them, with at least one letter and one digit. Half of all words
// with a number in them would pass, so only take a value for one where a mark is
// certain: in a column that is declared to hold them.
func CanonicalMark(dst, value []byte) ([]byte, bool) {
	start := len(dst)
	dst, ok := bare(dst, value, "", 10)
	got := dst[start:]
	if n := countLetters(got); !ok || len(got) < 4 || n == 0 || n == len(got) {
		return dst[:start], false
	}
	return dst, true
}

func fits(s []byte, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i, c := range s {
		if form[i] == '9' != isDigit(c) {
			return false
		}
	}
	return true
}

// zeroFirst says whether the figures begin with 0, as only the current form's may.
func zeroFirst(s []byte) bool {
	for _, c := range s {
		if isDigit(c) {
			return c == '0'
		}
	}
	return false
}

// repair changes O and 0, I and 1 where the form wants the other, and says whether
// the result fits.
func repair(s []byte, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i, c := range s {
		switch {
		case form[i] == '9' && c == 'O':
			s[i] = '0'
		case form[i] == '9' && c == 'I':
			s[i] = '1'
		case form[i] == 'A' && c == '0':
			s[i] = 'O'
		case form[i] == 'A' && c == '1':
			s[i] = 'I'
		}
	}
	return fits(s, form)
}

// CanonicalVIN appends a vehicle identification number (ISO 3779): 17 capitals and
// digits without I, O and Q, at least one of each and four digits or more.
func CanonicalVIN(dst, value []byte) ([]byte, bool) {
	start := len(dst)
	dst, ok := bare(dst, value, "", 17)
	if !ok || len(dst)-start != 17 {
		return dst[:start], false
	}
	if !isVIN(dst[start:]) {
		return dst[:start], false
	}
	return dst, true
}

func isVIN(bare []byte) bool {
	digits := 0
	for _, c := range bare {
		if c == 'I' || c == 'O' || c == 'Q' {
			return false
		}
		if isDigit(c) {
			digits++
		}
	}
	return digits >= 4 && digits < 17
}
