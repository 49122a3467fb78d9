package store_test

import (
	"testing"
	"time"

	"custody"
	"custody/store"
)

// TestConfirm: a step-up waits for its person's word; a later one waits anew; "no" is
// kept, cannot be taken back, and goes on waiting until a review lifts it.
func TestConfirm(t *testing.T) {
	s, p := alerting(t)
	now := time.UnixMilli(1_700_000_000_000).UTC()
	asked := func(key string, person custody.PersonID, at time.Time) int64 {
		id := putAlert(t, s, key, "facts", person, 1)
		must(t, s.AddRestraint(&store.Restraint{Alert: id, Person: person, Fresh: true, Start: at, End: at.AddDate(1, 0, 0)}))
		return id
	}
	waits := func(at time.Time, who ...custody.PersonID) {
		t.Helper()
		r, err := s.Rights(at)
		must(t, err)
		if len(r.Unconfirmed) != len(who) {
			t.Errorf("waiting: %v, want %v", r.Unconfirmed, who)
		}
		for _, p := range who {
			if _, ok := r.Unconfirmed[p]; !ok {
				t.Errorf("%d does not wait: %v", p, r.Unconfirmed)
			}
		}
	}
	if err := s.Confirm(p[0], true, now); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("nothing waits: %v", err)
	}
	asked("a", p[0], now)
	refused := asked("b", p[1], now)
	waits(now, p[0], p[1])
	must(t, s.Confirm(p[0], true, now.Add(time.Minute)))
	must(t, s.Confirm(p[1], false, now.Add(time.Minute)))
	waits(now.Add(2*time.Minute), p[1])
	if err := s.Confirm(p[1], true, now.Add(3*time.Minute)); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("who said no says yes: %v", err)
	}
	asked("c", p[0], now.Add(time.Hour))
	waits(now.Add(time.Hour), p[0], p[1])
	must(t, s.ReviewAlert(refused, p[2], store.AlertExplained, "a screen that was left open", now.Add(2*time.Hour)))
	waits(now.Add(3*time.Hour), p[0])
	if done, err := s.AlertActions(refused); err != nil || len(done) != 1 || done[0] != "the person said: it was not me" {
		t.Errorf("beside the alert: %q %v", done, err)
	}
}
