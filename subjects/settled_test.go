package subjects

import (
	"math/rand/v2"
	"slices"
	"testing"

	"custody"
)

// TestIndexFollowsChanges holds the index against a plain list of who has which phone
// now, over random changes, readings and Fills: a settled subject is named by what they
// have and by nothing else; what is announced names them as well until it is settled.
func TestIndexFollowsChanges(t *testing.T) {
	const people, phones = 12, 20
	r := rand.New(rand.NewPCG(3, 1))
	x := newIndex(t, 0)
	has := map[custody.SubjectID][]int{} // as the database has it
	settle := func(s custody.SubjectID) {
		era := x.Era(1)
		var names []Name
		for _, v := range has[s] {
			names = append(names, Name{custody.Phone, phoneOf(v)})
		}
		x.Settle(1, s, names, era)
	}
	fill := func() *renewal {
		f := x.renew(1, 50, x.begin(1))
		for s, list := range has {
			for _, v := range list {
				f.add(s, custody.Phone, phoneOf(v))
			}
		}
		return f
	}
	fill().end(true)
	announced := map[custody.SubjectID][]Announced{}
	coming := map[custody.SubjectID][]int{}
	var running *renewal
	for step := range 3000 {
		s := custody.SubjectID(1 + r.IntN(people))
		switch r.IntN(6) {
		case 0: // a Fill begins, or ends
			if running == nil {
				running = fill()
			} else {
				running.end(r.IntN(4) > 0)
				running = nil
			}
		case 1: // a change is under way
			v := r.IntN(phones)
			announced[s] = append(announced[s], x.Announce(1, s, custody.Phone, phoneOf(v)))
			coming[s] = append(coming[s], v)
		default: // one is committed, or rolled back, and settled
			if n := len(coming[s]); n > 0 && r.IntN(3) > 0 {
				has[s] = append(slices.Clone(coming[s]), r.IntN(phones))
			} else {
				has[s] = nil
			}
			settle(s)
			x.Withdraw(announced[s])
			delete(announced, s)
			delete(coming, s)
		}
		for v := range phones {
			got := x.Find(nil, 1, custody.Phone, phoneOf(v))
			slices.Sort(got)
			var want []custody.SubjectID
			for s := custody.SubjectID(1); s <= people; s++ {
				if slices.Contains(has[s], v) || slices.Contains(coming[s], v) {
					want = append(want, s)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("step %d: phone %d names %v, want %v", step, v, got, want)
			}
		}
	}
	for s := range custody.SubjectID(people + 1) {
		x.Forget(s)
	}
	if n := x.of(1).recent.size.Load(); n != 0 || len(x.of(1).recent.names)+len(x.of(1).recent.coming) != 0 {
		t.Errorf("%d entries are left of people who were forgotten", n)
	}
}

func TestIndexAmendsWhatIsSettled(t *testing.T) {
	x := newIndex(t, 0)
	x.Add(1, 1, custody.Phone, phoneOf(1))
	x.Settle(1, 1, nil, x.Era(1))
	if got := find(x, custody.Phone, string(phoneOf(1))); len(got) != 0 {
		t.Errorf("a phone that was given up names %v", got)
	}
	x.Add(1, 1, custody.Phone, phoneOf(2))
	if got := find(x, custody.Phone, string(phoneOf(2))); len(got) != 1 {
		t.Errorf("a phone that was added since names %v", got)
	}
	x.Remove(1, 1, custody.Phone, phoneOf(2))
	if got := find(x, custody.Phone, string(phoneOf(2))); len(got) != 0 {
		t.Errorf("a phone that was removed since names %v", got)
	}
	if a := x.Announce(1, 1, custody.Phone, []byte("none")); a.Print != 0 {
		t.Error("what is no phone was announced")
	}
}
