package detect

import (
	"math/rand/v2"
	"testing"
	"time"

	"custody"
)

// TestJobsExplainFromADayBeforeToADayAfter, whichever of the times is known, in their own
// column only, however they are written and listed.
func TestJobsExplainFromADayBeforeToADayAfter(t *testing.T) {
	r := NewRelation("estimator", "handler")
	from, until := monday.AddDate(0, 0, 10), monday.AddDate(0, 0, 20)
	r.Add(1, 0, " Mary ; joe|", from, until)
	r.Add(2, 0, "mary", from, time.Time{})
	r.Add(3, 0, "mary", time.Time{}, until)
	r.Add(4, 1, "mary", time.Time{}, time.Time{})
	r.AddWhole(4, 0, "mary;joe", time.Time{}, time.Time{})
	r.Add(4, 0, " ; ", time.Time{}, time.Time{})
	if n := r.Freeze(); n != 0 || len(r.cells) != 6 {
		t.Fatalf("%d values, %d dropped", len(r.cells), n)
	}
	mary, joe := r.Known("MARY "), r.Known("joe")
	day, minute := 24*time.Hour, time.Minute
	for name, x := range map[string]struct {
		s      custody.SubjectID
		column int
		value  uint32
		at     time.Time
		want   bool
	}{
		"a day before":            {1, 0, mary, from.Add(-day), true},
		"more than a day before":  {1, 0, mary, from.Add(-day - minute), false},
		"a day after":             {1, 0, mary, until.Add(day), true},
		"more than a day after":   {1, 0, mary, until.Add(day + minute), false},
		"the other of the list":   {1, 0, joe, from, true},
		"in another column":       {1, 1, mary, from, false},
		"open at the end":         {2, 0, mary, until.AddDate(5, 0, 0), true},
		"open, before it began":   {2, 0, mary, from.Add(-2 * day), false},
		"open at the beginning":   {3, 0, mary, from.AddDate(-5, 0, 0), true},
		"open, after it ended":    {3, 0, mary, until.Add(2 * day), false},
		"at any time":             {4, 1, mary, from, true},
		"a list taken as a whole": {4, 0, r.Known("Mary;Joe"), from, true},
		"not a part of the whole": {4, 0, joe, from, false},
		"a customer beyond all":   {5, 0, mary, from, false},
		"far beyond":              {5000, 0, mary, from, false},
		"of no customer":          {0, 0, mary, from, false},
		"no value":                {4, 0, r.Known(""), from, false},
		"a value of nobody":       {1, 0, r.Known("nobody"), from, false},
	} {
		if got := r.Has(x.s, x.column, x.value, x.at); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if r.First(4, 1) != mary || r.First(2, 1) != 0 || r.First(5, 0) != 0 {
		t.Error("the first value of a column")
	}
}

// TestHoldersByHand: whatever is looked at, colleagues explain a look if a remembered
// holder of the customer is another login of the same group, or there is none.
func TestHoldersByHand(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 3))
	h := NewHolders()
	seen := map[custody.SubjectID][]sighting{}
	explained, alone := 0, 0
	for range 30_000 {
		p := uint32(1 + rng.IntN(12))
		x := sighting{p, p % 4} // group 0 is of those without one
		s := custody.SubjectID(rng.IntN(1500))
		want := len(seen[s]) == 0
		for _, y := range seen[s] {
			want = want || y.group == x.group && x.group != 0 && y.person != x.person
		}
		if got := h.Explain(x.person, x.group, s); got != want {
			t.Fatalf("login %d of group %d at a customer whom %v saw: %v", x.person, x.group, seen[s], got)
		}
		if want {
			explained++
		} else {
			alone++
		}
		if len(seen[s]) > 0 && h.Home(s) != seen[s][0].group {
			t.Fatal("home is not the first holder's group")
		}
		h.Note(x.person, x.group, s)
		seen[s] = noted(seen[s], x)
	}
	if explained < 1000 || alone < 1000 {
		t.Errorf("%d explained, %d not", explained, alone)
	}
}

// sighting is a login that looked, and its group.
type sighting struct{ person, group uint32 }

// noted keeps the first holders, two of a group at most and each once.
func noted(list []sighting, x sighting) []sighting {
	same := 0
	for _, y := range list {
		if y.group == x.group {
			if same++; y.person == x.person || same == 2 {
				return list
			}
		}
	}
	if len(list) == holderGroups {
		return list
	}
	return append(list, x)
}
