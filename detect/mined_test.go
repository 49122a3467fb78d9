package detect

import (
	"fmt"
	"math"
	"testing"
	"time"

	"custody"
)

// mined is what is found among looks of people with attributes, where each column of a
// customer explains a share of the looks at them.
func mined(columns map[string]func(person, i int) string) ([]Template, Coverage) {
	var names []string
	for _, n := range []string{"handler", "area", "rare", "again"} {
		if columns[n] != nil {
			names = append(names, n)
		}
	}
	r := NewRelation(names...)
	var pairs []Pair
	for i := range 4000 {
		person := i % 40
		s := custody.SubjectID(i + 1)
		for column, n := range names {
			r.Add(s, column, columns[n](person, i), time.Time{}, time.Time{})
		}
		pairs = append(pairs, Pair{Person: uint32(person), Subject: s})
	}
	word := make([]Person, 40)
	for p := range word {
		word[p] = Person{"login": {r.Word(fmt.Sprint("p", p))}}
	}
	r.Freeze()
	return Mine(r, pairs, []string{"login"}, func(p uint32) Person { return word[p] })
}

// TestWhatIsMined: paths that explain looks far more often than chance, enough of them, and
// each something that those before do not.
func TestWhatIsMined(t *testing.T) {
	own := func(share int) func(person, i int) string {
		return func(person, i int) string {
			if i/40%100 < share {
				return fmt.Sprint("p", person)
			}
			return "x"
		}
	}
	everybody := ""
	for p := range 40 {
		everybody += fmt.Sprint("p", p, ";")
	}
	half := func(person, i int) string { // names half of all people, whoever looked
		list := ""
		for p := range 40 {
			if (p+i/40)%2 == 0 {
				list += fmt.Sprint("p", p, ";")
			}
		}
		return list
	}
	for name, x := range map[string]struct {
		columns map[string]func(int, int) string
		want    string
	}{
		"who handles them": {map[string]func(int, int) string{"handler": own(80)}, "[handler=login]"},
		"two ways":         {map[string]func(int, int) string{"handler": own(50), "area": func(p, i int) string { return own(100)(p, i+2000) }}, "[area=login]"},
		"everybody":        {map[string]func(int, int) string{"area": func(int, int) string { return everybody }}, "[]"},
		"half of all":      {map[string]func(int, int) string{"area": half}, "[]"},
		"hardly ever": {map[string]func(int, int) string{"rare": func(p, i int) string {
			if i < 20 {
				return fmt.Sprint("p", p)
			}
			return "x"
		}}, "[]"},
		"the same once more":           {map[string]func(int, int) string{"handler": own(80), "again": own(80)}, "[handler=login]"},
		"a name of somebody by chance": {map[string]func(int, int) string{"area": func(_, i int) string { return fmt.Sprint("p", (i*7+i/40)%40) }}, "[]"},
	} {
		templates, c := mined(x.columns)
		var got []string
		for _, m := range templates {
			got = append(got, m.Name)
		}
		if fmt.Sprint(got) != x.want {
			t.Errorf("%s: %v, want %s: %+v", name, got, x.want, c)
		}
		if len(got) == 1 && (c.First < 0.7 || c.False > 0.1 || math.Abs(c.Templates[0].Adds-c.First) > 1e-9 || c.Sample != 4000) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// TestBeyondWhatIsKnown: a template gets the looks that nothing known explains.
func TestBeyondWhatIsKnown(t *testing.T) {
	r := NewRelation("handler")
	var pairs []Pair
	for i := range 10 {
		r.Add(custody.SubjectID(i), 0, "mary", time.Time{}, time.Time{})
		pairs = append(pairs, Pair{1, custody.SubjectID(i)})
	}
	mary := r.Word("mary")
	r.Freeze()
	got := Beyond(r, []Template{{Column: "handler", With: "login"}}, pairs, func(uint32) Person { return Person{"login": {mary}} }, func(i int) bool { return i < 7 })
	if math.Abs(got[0]-0.3) > 1e-9 {
		t.Errorf("%v", got)
	}
}

// TestWhomEverybodySeesTellsNothing: colleagues are who share customers that few see;
// customers whom all see join nobody.
func TestWhomEverybodySeesTellsNothing(t *testing.T) {
	var pairs []Pair
	for p := range uint32(60) {
		for s := range 3 {
			pairs = append(pairs, Pair{p, custody.SubjectID(s)}) // everybody
		}
		for s := range 200 {
			pairs = append(pairs, Pair{p, custody.SubjectID(1000 + int(p)*1000 + s)}) // nobody else
		}
	}
	for p, g := range Groups(pairs, 60) {
		if g != 0 {
			t.Fatalf("login %d is in group %d", p, g)
		}
	}
	for p := range uint32(6) {
		for s := range 100 {
			pairs = append(pairs, Pair{p, custody.SubjectID(900_000 + int(p/3)*1000 + s)})
		}
	}
	groups := Groups(pairs, 60)
	if fmt.Sprint(groups[:6]) != "[1 1 1 2 2 2]" || groups[7] != 0 {
		t.Errorf("%v", groups)
	}
}
