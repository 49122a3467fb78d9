package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/store"
)

// alerting is a store with three people, and the number of the first.
func alerting(t *testing.T) (*store.Store, [3]custody.PersonID) {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "custody.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	now := time.Now()
	org, err := s.EnsureOrganisation("Northfield", now)
	if err != nil {
		t.Fatal(err)
	}
	var ids [3]custody.PersonID
	for i := range ids {
		p := identity.Person{Login: fmt.Sprintf("p%d@northfield.example", i), FullName: "A Person", Added: now}
		if err := s.AddPerson(&p, &identity.Engagement{Organisation: org, Roles: []string{"x"}, Start: now}); err != nil {
			t.Fatal(err)
		}
		ids[i] = p.ID
	}
	return s, ids
}

func putAlert(t *testing.T, s *store.Store, key, rule string, person custody.PersonID, strength float64) int64 {
	t.Helper()
	a := store.Alert{Key: key, Person: person, Rules: []string{rule, "export"}, Says: "Looked at 39 customers.", Strength: strength, Raised: time.Now(), Made: time.Now(), Body: []byte("{}")}
	if _, err := s.PutAlert(&a); err != nil {
		t.Fatal(err)
	}
	return a.ID
}

// TestAlertsAreKeptOnce: a replay raises nothing anew, growth is kept, and the order is
// that of evidence, what was over the budget last.
func TestAlertsAreKeptOnce(t *testing.T) {
	s, p := alerting(t)
	weak, strong := putAlert(t, s, "a", "facts", p[0], 1), putAlert(t, s, "b", "export", p[0], 9)
	over := store.Alert{Key: "c", Person: p[0], Rules: []string{"facts"}, Says: "x", Strength: 99, Held: true, Raised: time.Now(), Made: time.Now(), Body: []byte("{}")}
	if fresh, err := s.PutAlert(&over); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	grown := store.Alert{Key: "a", Rules: []string{"facts"}, Says: "Looked at 50 customers.", Strength: 2, Revision: 3, Body: []byte("{}")}
	if fresh, err := s.PutAlert(&grown); err != nil || fresh || grown.ID != weak {
		t.Errorf("%v %v %+v", fresh, err, grown)
	}
	older := grown
	older.Revision, older.Says = 1, "an older form"
	if _, err := s.PutAlert(&older); err != nil {
		t.Fatal(err)
	}
	list, err := s.Alerts(false)
	if err != nil || len(list) != 3 || list[0].ID != strong || list[1].ID != weak || list[2].ID != over.ID {
		t.Fatalf("%+v %v", list, err)
	}
	if list[1].Says != "Looked at 50 customers." {
		t.Errorf("it says %q", list[1].Says)
	}
}

// TestUnsealingTakesTwo different people, neither of whom it is about.
func TestUnsealingTakesTwo(t *testing.T) {
	s, p := alerting(t)
	id := putAlert(t, s, "a", "facts", p[0], 1)
	now := time.Now()
	if _, err := s.UnsealAlert(id, p[0], "me", now); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("of oneself: %v", err)
	}
	if _, err := s.UnsealAlert(id, p[1], " ", now); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("without a reason: %v", err)
	}
	if open, err := s.UnsealAlert(id, p[1], "why", now); err != nil || open {
		t.Errorf("one was enough: %v %v", open, err)
	}
	if _, err := s.UnsealAlert(id, p[1], "again", now); custody.CodeOf(err) != custody.CodeConflict {
		t.Errorf("the same person twice: %v", err)
	}
	if a, err := s.Alert(id); err != nil || !a.Sealed() {
		t.Errorf("%+v %v", a, err)
	}
	if open, err := s.UnsealAlert(id, p[2], "why too", now); err != nil || !open {
		t.Errorf("two were not enough: %v %v", open, err)
	}
	if a, err := s.Alert(id); err != nil || a.Sealed() {
		t.Errorf("%+v %v", a, err)
	}
	if _, err := s.UnsealAlert(999, p[2], "why", now); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("no such alert: %v", err)
	}
}

// TestReviews: decisions stay with their reasons, lift restraints when it was nothing,
// and nobody decides about themselves.
func TestReviews(t *testing.T) {
	s, p := alerting(t)
	id := putAlert(t, s, "a", "facts", p[0], 1)
	now := time.Now()
	if err := s.ReviewAlert(id, p[0], store.AlertMistaken, "no", now); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("of oneself: %v", err)
	}
	if err := s.AddRestraint(&store.Restraint{Alert: id, Person: p[0], PerHour: 20, Start: now, End: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{store.AlertLooking, store.AlertConfirmed} {
		if err := s.ReviewAlert(id, p[1], state, "because", now); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Restraints(now); err != nil || len(list) != 1 {
			t.Errorf("%s lifted the restraint: %v %v", state, list, err)
		}
	}
	if err := s.ReviewAlert(id, p[2], store.AlertExplained, "after all", now); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Restraints(now); err != nil || len(list) != 0 {
		t.Errorf("the restraint stayed: %v %v", list, err)
	}
	reviews, err := s.AlertReviews(id)
	if err != nil || len(reviews) != 3 || reviews[2].State != store.AlertExplained || reviews[2].Reason != "after all" || reviews[2].Login != "p2@northfield.example" {
		t.Errorf("%+v %v", reviews, err)
	}
	if open, err := s.Alerts(false); err != nil || len(open) != 0 {
		t.Errorf("%+v %v", open, err)
	}
}

// TestFeedbackMovesBudgets: a detector of whose alerts nothing was ever confirmed gets a
// smaller share, with the reason on record; one that is right gets a larger one.
func TestFeedbackMovesBudgets(t *testing.T) {
	s, p := alerting(t)
	for i := range 24 {
		id := putAlert(t, s, fmt.Sprint("n", i), "burst-and-spread", p[0], 1)
		if err := s.ReviewAlert(id, p[1], store.AlertMistaken, "a campaign", time.Now()); err != nil {
			t.Fatal(err)
		}
		id = putAlert(t, s, fmt.Sprint("y", i), "slow-exfiltration", p[0], 1)
		if err := s.ReviewAlert(id, p[1], store.AlertConfirmed, "no reason", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	moves, err := s.AlertBudgets()
	if err != nil || len(moves) == 0 {
		t.Fatal(moves, err)
	}
	last := map[string]store.AlertBudget{}
	for _, m := range moves {
		last[m.Rule] = m
	}
	if b := last["burst-and-spread"]; b.Share >= 0.8 || !strings.HasPrefix(b.Reason, "0 of the last") {
		t.Errorf("%+v", b)
	}
	if b := last["slow-exfiltration"]; b.Share <= 1.2 {
		t.Errorf("%+v", b)
	}
}

// TestWhatDetectorsDidIsOnce: an action is done once, and how far they came only grows.
func TestWhatDetectorsDidIsOnce(t *testing.T) {
	s, p := alerting(t)
	id := putAlert(t, s, "a", "facts", p[0], 1)
	for i, want := range []bool{true, false} {
		if fresh, err := s.AlertActed(id, "cut", time.Now()); err != nil || fresh != want {
			t.Errorf("time %d: %v %v", i, fresh, err)
		}
	}
	for _, n := range []uint64{5, 3} {
		if err := s.SetDetected(n, time.UnixMilli(int64(n))); err != nil {
			t.Fatal(err)
		}
	}
	if n, at, err := s.Detected(); err != nil || n != 5 || at.UnixMilli() != 5 {
		t.Errorf("%d %v", n, err)
	}
	if err := s.ReviewAlert(id, p[1], "sure", "x", time.Now()); err == nil {
		t.Error("a state that does not exist was taken")
	}
}
