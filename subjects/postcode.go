package subjects

// CanonicalPostcode appends a UK postcode as capitals and digits without space. The
// value must be the postcode alone. O for 0 and I for 1 in the digit of the second
// half are put right.
func CanonicalPostcode(dst, value []byte) ([]byte, bool) {
	start := len(dst)
	dst, ok := bare(dst, value, "", 7)
	got := dst[start:]
	if !ok || len(got) < 5 {
		return dst[:start], false
	}
	inward := got[len(got)-3:]
	switch inward[0] {
	case 'O':
		inward[0] = '0'
	case 'I':
		inward[0] = '1'
	}
	if !validInward(inward) || !validOutward(got[:len(got)-3]) {
		return dst[:start], false
	}
	return dst, true
}

// validInward wants a digit and two letters that are never C, I, K, M, O or V.
func validInward(s []byte) bool {
	return isDigit(s[0]) && inwardLetter(s[1]) && inwardLetter(s[2])
}

func inwardLetter(c byte) bool {
	switch c {
	case 'C', 'I', 'K', 'M', 'O', 'V':
		return false
	}
	return isLetter(c)
}

// validOutward takes A9, A99, AA9, AA99, A9A, AA9A and GIR, as Royal Mail gives them;
// no area begins with Q, V or X.
func validOutward(s []byte) bool {
	if string(s) == "GIR" {
		return true
	}
	if s[0] == 'Q' || s[0] == 'V' || s[0] == 'X' {
		return false
	}
	for _, form := range []string{"A9", "A99", "AA9", "AA99", "A9A", "AA9A"} {
		if fits(s, form) {
			return true
		}
	}
	return false
}
