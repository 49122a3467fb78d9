package lab_test

import (
	"reflect"
	"testing"

	"custody/lab"
)

// small is a group that runs in a moment.
func small(t testing.TB) lab.Params {
	t.Helper()
	p, err := lab.ParseParams([]byte("days: 40\nstaff: 40\nbranches: 5\ncentral: 4\njobs_per_day: 12\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func play(t testing.TB, p lab.Params, name string, seed uint64) ([]lab.Look, *lab.Run) {
	t.Helper()
	var all []lab.Look
	run, err := lab.Play(p, name, seed, func(day []lab.Look) error {
		all = append(all, day...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, run
}

// TestSameSeedSameGroup: a run can be repeated to the second, and another seed is
// another group.
func TestSameSeedSameGroup(t *testing.T) {
	for _, name := range lab.Scenarios() {
		a, ra := play(t, small(t), name, 7)
		b, rb := play(t, small(t), name, 7)
		if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(ra, rb) {
			t.Errorf("%s: the same seed gave another run", name)
		}
		c, _ := play(t, small(t), name, 8)
		if reflect.DeepEqual(a, c) {
			t.Errorf("%s: another seed gave the same run", name)
		}
	}
}

// TestLooksAreInOrder, of the right people, and bad ones are as the truth says.
func TestLooksAreInOrder(t *testing.T) {
	for _, name := range lab.Scenarios() {
		looks, run := play(t, small(t), name, 3)
		bad := 0
		for i, l := range looks {
			if i > 0 && l.At.Before(looks[i-1].At.AddDate(0, 0, -1)) {
				t.Fatalf("%s: look %d is before the one before it", name, i)
			}
			if l.Login < 0 || l.Login >= len(run.Staff) || l.Subject < 0 {
				t.Fatalf("%s: look %d: %+v", name, i, l)
			}
			if l.Bad {
				bad++
			}
		}
		if len(looks) < 5_000 {
			t.Errorf("%s: only %d looks", name, len(looks))
		}
		if bad > run.Truth.Looks {
			t.Errorf("%s: %d bad looks, the truth says %d", name, bad, run.Truth.Looks)
		}
		for _, c := range run.Complaints {
			if c.Called.Before(run.Params.Start) {
				t.Errorf("%s: a call at %v", name, c.Called)
			}
		}
	}
}

func TestParametersThatDoNotFit(t *testing.T) {
	for _, text := range []string{"days: 0", "staff: 3", "jobs_per_day: -1", "days: many", "calls_last: 0"} {
		if _, err := lab.ParseParams([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
	if _, err := lab.Play(small(t), "nosuch", 1, nil); err == nil {
		t.Error("a scenario that does not exist was played")
	}
}

// BenchmarkYear is a year of 1,000 people.
func BenchmarkYear(b *testing.B) {
	p := lab.Defaults()
	p.Days = 365
	for b.Loop() {
		n := 0
		if _, err := lab.Play(p, "borrowed-login", 1, func(day []lab.Look) error { n += len(day); return nil }); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n)/1e6, "Mlooks")
	}
}
