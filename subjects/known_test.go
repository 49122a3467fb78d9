package subjects

import (
	"slices"
	"testing"

	"custody"
)

// TestTerms says which spellings of a value find its prints, and which do not.
func TestTerms(t *testing.T) {
	x := newIndex(t, 0)
	for _, c := range []struct {
		category custody.Category
		value    string
		words    []string
		not      []string
	}{
		{custody.Name, "Mrs Ruth Ann O'Bell", []string{"ruth ann obell", "ruth obell", "obell ruth ann", "r obell", "obell r", "obell", "ruth"}, []string{"ann", "mrs ruth", "ruth ann"}},
		{custody.Name, "BELL, Ruth", []string{"ruth bell", "bell ruth", "bell"}, nil},
		{custody.Name, "Al Xu", []string{"al xu", "a xu"}, []string{"al", "xu"}},
		{custody.Name, "Calder Motors Ltd", []string{"calder motors ltd", "calder"}, []string{"ltd", "motors"}},
		{custody.Address, "59 Station Road, Calder Mills, HX6 5DJ", []string{"59 station road", "calder mills"}, []string{"hx6 5dj", "station"}},
		{custody.FreeText, "Hit a wall near the mill. Will ring back on Monday", []string{"hit a wall", "will ring back"}, []string{"near the mill"}},
	} {
		prints := x.Terms(nil, 1, c.category, []byte(c.value))
		has := func(words string) bool {
			key := x.Term(1, []byte(words))
			return slices.ContainsFunc(prints, func(p Print) bool { return p.Key() == key && p.Category() == c.category })
		}
		for _, w := range c.words {
			if !has(w) {
				t.Errorf("%q does not find %q", w, c.value)
			}
		}
		for _, w := range c.not {
			if has(w) {
				t.Errorf("%q finds %q", w, c.value)
			}
		}
	}
	prints := x.Terms(nil, 1, custody.Address, []byte("59 Station Road, Calder Mills HX6 5DJ"))
	if key := x.Form(1, custody.Address, []byte("HX65DJ")); !slices.ContainsFunc(prints, func(p Print) bool { return p.Key() == key }) {
		t.Error("the postcode at the end of a line is not kept")
	}
}

func TestDate(t *testing.T) {
	for text, want := range map[string][4]int{
		"1984-03-07": {1984, 3, 7, 10}, "07/03/1984": {1984, 3, 7, 10}, "7.3.1984 and": {1984, 3, 7, 8}, "7 March 1984": {1984, 3, 7, 12}, "7th Mar 1984": {1984, 3, 7, 12},
		"March 7, 1984": {1984, 3, 7, 13}, "19840307": {1984, 3, 7, 8}, "1984/3/7": {1984, 3, 7, 8}, "03/25/1984": {1984, 3, 25, 10}, "31st december 1999": {1999, 12, 31, 18},
		"1984-03-07T00:00:00Z": {1984, 3, 7, 10}, "1984": {}, "07700 900123": {}, "1984-13-41": {}, "12345678": {}, "7 Marching 1984": {}, "": {}, "March": {}, "1/2/3": {},
	} {
		y, m, d, n := Date([]byte(text))
		if got := [4]int{y, m, d, n}; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestKnown holds what a Fill collects, what is learned since, and what is forgotten.
func TestKnown(t *testing.T) {
	x := newIndex(t, 0)
	knows := func(s custody.SubjectID, words string) bool {
		return slices.ContainsFunc(x.Known(nil, 1, s), func(p Print) bool { return p.Key() == x.Term(1, []byte(words)) })
	}
	r := x.renew(1, 10, x.begin(1))
	r.learn(7, custody.Name, []byte("Ruth Bell"))
	r.learn(900, custody.Name, []byte("Al Dunn"))
	if knows(7, "ruth bell") {
		t.Error("known before the Fill has ended")
	}
	r.end(true)
	if !knows(7, "ruth bell") || !knows(900, "al dunn") || knows(8, "ruth bell") || knows(901, "al dunn") || knows(6, "ruth bell") {
		t.Error("the Fill's values are not with their subjects")
	}
	x.Learn(1, 7, []Name{{custody.Name, []byte("Ruth Moss")}}, x.Era(1))
	if knows(7, "ruth bell") || !knows(7, "ruth moss") {
		t.Error("a new name does not take the old one's place")
	}
	later := x.renew(1, 10, x.begin(1))
	later.learn(7, custody.Name, []byte("Ruth Moss-Bell"))
	later.learn(900, custody.Name, []byte("Al Dunn"))
	later.end(true)
	if !knows(7, "ruth moss bell") || knows(7, "ruth moss") {
		t.Error("what was learned outlives a later Fill")
	}
	x.Learn(1, 900, []Name{{custody.Name, []byte("Al Dunne")}}, x.Era(1))
	x.Forget(7)
	x.Forget(900)
	if len(x.Known(nil, 1, 7)) > 0 || len(x.Known(nil, 1, 900)) > 0 {
		t.Error("a forgotten subject is known")
	}
}

func FuzzTerms(f *testing.F) {
	for _, s := range []string{"Mrs Ruth O’Bell", "59 Station Road, HX6 5DJ", "7 March 1984", "e\u0301 \xff\u200bX", "'''", "\u202a"} {
		f.Add(byte(0), []byte(s))
	}
	x := newIndex(f, 0)
	f.Fuzz(func(t *testing.T, c byte, value []byte) {
		if n := len(x.Terms(nil, 1, custody.Category(c%10), value)); n > MaxTerms {
			t.Fatalf("%d terms", n)
		}
		for at := 0; at < len(value); {
			start, end := NextWord(value, at)
			if start < at || end < start || end > len(value) || start == end && end != len(value) {
				t.Fatalf("word %d to %d after %d of %q", start, end, at, value)
			}
			if start == end {
				break
			}
			at = end
		}
		Date(value)
	})
}
