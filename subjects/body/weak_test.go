package body

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"custody"
	"custody/subjects"
)

// village is a system of customers who are known by name, address and date of birth.
func village(t testing.TB, set subjects.Corroboration, rows ...string) *world {
	t.Helper()
	w := newWorld(t, 0)
	w.index.Remember(system)
	w.index.Corroborate(system, set)
	err := subjects.FillExport(strings.NewReader("id|name|phone|address|postcode|born\n"+strings.Join(rows, "\n")+"\n"), system, subjects.Export{Key: "id", Identifiers: []string{"phone"}, Sign: '|',
		Columns: map[string]custody.Category{"name": custody.Name, "phone": custody.Phone, "address": custody.Address, "postcode": custody.Address, "born": custody.DateOfBirth}}, w.directory, w.index)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var allPairs, _ = subjects.ParseCorroboration(subjects.CorroborationWords())

var villagers = []string{
	"1|Ruth Anne Bell|07700 900001|59 Station Road, Calder Mills|HX6 5DJ|1984-03-07",
	"2|Dr Owen O'Neill|07700 900002|Flat 2, 7 Mill Lane|LS1 4AB|1950-12-31",
	"3|Northfield Motors Ltd|07700 900003|1 Trading Estate|HX6 5DK|",
	"4|Zofia Nowak|07700 900004|12 Corn Street, Otley LS21 3AA|LS21 3AA|2001-02-28",
}

// TestWeak: a name and a place or date near it name somebody; neither does alone, and
// what is known of whom they name is masked.
func TestWeak(t *testing.T) {
	w := village(t, allPairs, villagers...)
	hide := treatments{custody.Name: custody.Refused, custody.Address: custody.Refused, custody.DateOfBirth: custody.Refused}
	long := strings.Repeat("and so on and so forth ", 20)
	for _, c := range []struct {
		kind Kind
		text string
		who  []custody.SubjectID
		gone string
	}{
		{Text, "Dear Mrs Bell,\nyour car is ready. We have HX6 5DJ as your postcode.\n", []custody.SubjectID{1}, "HX6"},
		{Text, "postcode hx65dj belongs to BELL", []custody.SubjectID{1}, "BELL"},
		{Text, "Invoice to R. Bell\n59 Station Road\nCalder Mills\n", []custody.SubjectID{1}, "Station"},
		{Text, "Ruth Bell, born 7 March 1984, asked", []custody.SubjectID{1}, "1984"},
		{Text, "born 07/03/1984: Bell, Ruth", []custody.SubjectID{1}, "Ruth"},
		{Text, "O’Neill lives at 7 Mill Lane", []custody.SubjectID{2}, "Mill"},
		{JSON, `{"rows":[{"surname":"Nowak","pc":"LS21 3AA"},{"surname":"Smith","pc":"LS21 3AA"},{"surname":"Nowak","pc":"HX6 5DJ"}]}`, []custody.SubjectID{4}, `"Nowak","pc":"LS21`},
		{CSV, "who,where\nZofia Nowak,\"12 Corn Street, Otley\"\nSomebody Else,13 Corn Street\n", []custody.SubjectID{4}, "12 Corn"},
		{HTML, "<dl><dt>Zofia <b>Nowak</b></dt><dd>28.2.2001</dd></dl>", []custody.SubjectID{4}, "2001"},
		{Text, "Bell rings", nil, ""}, {Text, "parcel for HX6 5DJ", nil, ""}, {Text, "59 Station Road", nil, ""}, {Text, "born 7 March 1984", nil, ""},
		{Text, "Smith of HX6 5DJ and Jones of LS1 4AB", nil, ""}, // places are somebody's, names are not
		{Text, "a bell at HX6 5DJ", nil, ""},                     // not written like a name
		{Text, "Bell, 7 March 1984", nil, ""},                    // a surname is not enough for a date
		{Text, "Motors Ltd, HX6 5DK", nil, ""},                   // no surname
		{Text, "Mrs Bell\n" + long + "\nHX6 5DJ", nil, ""},       // too far
	} {
		got, found := w.everywhere(t, c.kind, Options{Plan: nothing}, hide, c.text)
		if len(found) != len(c.who) {
			t.Errorf("%q names %v, not %v", c.text, found, c.who)
			continue
		}
		for _, id := range c.who {
			if found[id].masked&custody.Categories(custody.Name, custody.Address, custody.DateOfBirth) == 0 || strings.Contains(got, c.gone) {
				t.Errorf("%q names %v and comes out as %q", c.text, found, got)
			}
		}
		if len(c.who) == 0 && got != c.text {
			t.Errorf("%q names nobody and comes out as %q", c.text, got)
		}
	}
}

// TestWeakIsConfigured: only the pairs that are configured name somebody, and what is
// learned or erased since the last Fill counts.
func TestWeakIsConfigured(t *testing.T) {
	const post, birth, line = "Mr Nowak, LS21 3AA", "Zofia Nowak *28.2.2001", "Nowak, 12 Corn Street"
	names := func(w *world, text string) bool {
		_, found, err := w.filterParts(Text, Options{}, nil, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return len(found) > 0
	}
	for _, word := range subjects.CorroborationWords() {
		set, err := subjects.ParseCorroboration([]string{word})
		if err != nil {
			t.Fatal(err)
		}
		w := village(t, set, villagers...)
		if names(w, post) != (set == subjects.SurnamePostcode) || names(w, birth) != (set == subjects.NameBirth) || names(w, line) != (set == subjects.SurnameAddress) {
			t.Errorf("with %s: %v %v %v", word, names(w, post), names(w, birth), names(w, line))
		}
	}
	w := village(t, 0, villagers...)
	if names(w, post) || names(w, birth) || names(w, line) {
		t.Error("weak identifiers count though none is configured")
	}
	w = village(t, allPairs, villagers...)
	w.index.Learn(system, 4, []subjects.Name{{Category: custody.Name, Value: []byte("Zofia Marsh")}, {Category: custody.Address, Value: []byte("HX7 8AA")}}, 9)
	if !names(w, "Mrs Marsh, HX7 8AA") {
		t.Error("what was learned does not count")
	}
	w.index.Forget(4)
	if names(w, "Mrs Marsh, HX7 8AA") || names(w, post) {
		t.Error("what was erased counts")
	}
	if _, err := subjects.ParseCorroboration([]string{"shoe size"}); custody.CodeOf(err) != custody.CodeInvalid {
		t.Error(err)
	}
}

// TestWeakByChance writes letters about people who are no customers, but have the
// surnames, postcodes, streets and dates of customers, and counts those who are taken
// for one.
func TestWeakByChance(t *testing.T) {
	const customers, letters = 20_000, 4_000
	r := rand.New(rand.NewPCG(11, 12))
	surname := func() string { return lastNames[r.IntN(16)] + []string{"", "son", "ton", "ham"}[r.IntN(4)] }
	postcode := func() string {
		return fmt.Sprintf("%s%d %d%c%c", []string{"LS", "HX", "BD", "YO"}[r.IntN(4)], 1+r.IntN(29), r.IntN(10), "ABDEFGHJ"[r.IntN(8)], "LNPQRSTU"[r.IntN(8)])
	}
	line := func() string {
		return fmt.Sprintf("%d %s %s", 1+r.IntN(150), townNames[r.IntN(11)], []string{"Road", "Lane", "Street"}[r.IntN(3)])
	}
	born := func() string { return fmt.Sprintf("%d-%02d-%02d", 1940+r.IntN(65), 1+r.IntN(12), 1+r.IntN(28)) }
	var rows []string
	has := map[string]bool{}
	for k := 1; k <= customers; k++ {
		first, last, post, at, day := firstNames[r.IntN(16)], surname(), postcode(), line(), born()
		has[last+post], has[last+at], has[first+last+day] = true, true, true
		rows = append(rows, fmt.Sprintf("%d|%s %s||%s|%s|%s", k, first, last, at, post, day))
	}
	w := village(t, allPairs, rows...)
	var text bytes.Buffer
	chance := 0
	for range letters {
		first, last, post, at, day := firstNames[r.IntN(16)], surname(), postcode(), line(), born()
		if has[last+post] || has[last+at] || has[first+last+day] {
			chance++ // these could be a customer, for all that anybody can tell
			continue
		}
		text.Reset()
		fmt.Fprintf(&text, "Dear Ms %s,\nthank you for your order of %d brackets. They go to %s, %s on Monday.\nYour date of birth, %s, is on file for %s %s.\n", last, r.IntN(90), at, post, day, first, last)
		if _, found, err := w.filterParts(Text, Options{}, nil, text.Bytes()); err != nil || len(found) > 0 {
			t.Fatalf("%v: %q is taken for %v", err, text.Bytes(), found)
		}
	}
	t.Logf("%d letters to strangers, %d of them with a pair that a customer has; none of the others is taken for a customer", letters, chance)
}
