package accesslog

import (
	"strings"
	"unicode"
)

// values says what the values of a column are like.
type values struct {
	n, different   int
	mails, letters int // values with an @, and with a letter
	digits         int // values with a figure
	dots           int // values that are figures parted by dots or colons: addresses of machines
	longest        int
}

func (k columnsOf) values(at int) (v values) {
	seen := map[string]bool{}
	for _, row := range k.sample {
		if at >= len(row) {
			continue
		}
		x := strings.TrimSpace(row[at])
		if x == "" {
			continue
		}
		v.n++
		seen[x] = true
		v.longest = max(v.longest, len(x))
		if strings.Contains(x, "@") {
			v.mails++
		}
		if strings.IndexFunc(x, unicode.IsLetter) >= 0 {
			v.letters++
		}
		if strings.ContainsAny(x, "0123456789") {
			v.digits++
		}
		if strings.Count(x, ".") >= 3 || strings.Count(x, ":") >= 3 {
			v.dots++
		}
	}
	v.different = len(seen)
	return v
}

// byValues finds a field where no line names the columns: the time by its form; the login
// as mail addresses, or as the words that come again and again, of most different ones;
// the customer as the most different of what holds figures.
func (k columnsOf) byValues(f Field, taken map[int]bool) (at int, ok bool) {
	best := 0
	for i := range k.header {
		if taken[i] {
			continue
		}
		v := k.values(i)
		score := 0
		switch {
		case v.n == 0:
		case f == Time || f == Called:
			if timesByThemselves(k.sample, i) {
				return i, true
			}
		case looksLikeTime(k.sample, i) || v.longest > 100:
		case f == Login && v.mails*5 >= v.n*4:
			return i, true
		case f == Login && v.letters == v.n && v.different*2 <= v.n && v.different > 1 && v.dots == 0:
			score = v.different
		case f == Subject && v.digits == v.n && v.mails == 0 && v.dots == 0 && numbersLines(k.sample, i):
			score = 1 // as a list of customers may do, and an event's number more often
		case f == Subject && v.digits == v.n && v.mails == 0 && v.dots == 0:
			score = v.different + 1
		}
		if score > best {
			best, at, ok = score, i, true
		}
	}
	return at, ok
}
