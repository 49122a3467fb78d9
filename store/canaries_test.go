package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/store"
)

// TestCanaries: a planted customer is watched from its planting until it is withdrawn,
// once, and stays on record.
func TestCanaries(t *testing.T) {
	s, people := alerting(t)
	system, err := s.EnsureSystem("bodyshop")
	must(t, err)
	ids, err := s.Assign(system, []string{"17", "18"})
	must(t, err)
	planted := time.UnixMilli(1_700_000_000_000).UTC()
	before, err := s.Generation()
	must(t, err)
	must(t, s.AddCanary(&store.Canary{System: system, Key: "18", Note: "board 3", Planted: planted, PlantedBy: people[0]}))
	if after, err := s.Generation(); err != nil || after == before {
		t.Errorf("no gate hears of a canary: %d %d %v", before, after, err)
	}
	for key, want := range map[string]custody.Code{"18": custody.CodeConflict, "99": custody.CodeNotFound} {
		if err := s.AddCanary(&store.Canary{System: system, Key: key, Planted: planted}); custody.CodeOf(err) != want {
			t.Errorf("%s: %v", key, err)
		}
	}
	judged := store.Alert{Key: "k", Person: people[1], System: system, Rules: []string{"facts"}, Says: "x", Raised: planted, Made: planted, Body: []byte("{}")}
	_, err = s.PutAlert(&judged)
	must(t, err)
	if err := s.WithdrawCanary(system, "18", people[1], planted); custody.CodeOf(err) != custody.CodeForbidden || strings.Contains(err.Error()+custody.HintOf(err), "alert") {
		t.Errorf("somebody whose look is judged withdraws a canary: %v", err)
	}
	must(t, s.WithdrawCanary(system, "18", people[2], planted.Add(time.Hour)))
	if err := s.WithdrawCanary(system, "18", 0, planted); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("withdrawn twice: %v", err)
	}
	all, err := s.Canaries()
	must(t, err)
	if len(all) != 1 || all[0].Subject != ids[1] || all[0].Key != "18" || all[0].Name != "bodyshop" || all[0].Note != "board 3" ||
		all[0].PlantedByLogin != "p0@northfield.example" || all[0].WithdrawnByLogin != "p2@northfield.example" {
		t.Fatalf("%+v", all)
	}
	for after, want := range map[time.Duration]bool{-time.Millisecond: false, 0: true, 59 * time.Minute: true, time.Hour: false} {
		if all[0].Watched(planted.Add(after)) != want {
			t.Errorf("watched %v after it was planted: %v", after, !want)
		}
	}
	log, err := s.UnrecordedRights()
	must(t, err)
	if len(log) != 2 || log[0].Act != store.ActPlanted || log[0].Actor != people[0] || log[1].Act != store.ActUnplanted || log[1].Actor != people[2] || log[0].Object != all[0].ID {
		t.Errorf("what goes into the ledger: %+v", log)
	}
	if text := fmt.Sprintf("%+v", log); strings.Contains(text, "18 ") || strings.Contains(text, "board") {
		t.Errorf("the log says which customer is planted: %s", text)
	}
}

// TestCanaryLists: a list is planted whole or not at all, with for whom each is; and
// forgetting a planted customer is a withdrawal, which whoever is judged cannot do.
func TestCanaryLists(t *testing.T) {
	s, people := alerting(t)
	system, err := s.EnsureSystem("bodyshop")
	must(t, err)
	ids, err := s.Assign(system, []string{"17", "18", "19"})
	must(t, err)
	planted := time.UnixMilli(1_700_000_000_000).UTC()
	plant := func(keys ...string) error {
		var list []*store.Canary
		for _, key := range keys {
			list = append(list, &store.Canary{System: system, Key: key, Meant: "login a", Planted: planted, PlantedBy: people[0]})
		}
		return s.AddCanaries(list)
	}
	if err := plant("17", "99"); custody.CodeOf(err) != custody.CodeNotFound || !strings.Contains(err.Error(), "customer 2 of the list") || strings.Contains(err.Error(), "99") {
		t.Errorf("a list with somebody unknown: %v", err)
	}
	if all, err := s.Canaries(); err != nil || len(all) != 0 {
		t.Errorf("a list was planted in part: %v %v", all, err)
	}
	must(t, plant("17", "18"))
	by, err := s.Planted()
	must(t, err)
	if c := by.At(ids[0], planted); c == nil || c.Meant != "login a" || by.At(ids[0], planted.Add(-1)) != nil || by.At(ids[2], planted) != nil {
		t.Errorf("%+v", by)
	}
	judged := store.Alert{Key: "k", Person: people[1], System: system, Rules: []string{"facts"}, Says: "x", Raised: planted, Made: planted, Body: []byte("{}")}
	_, err = s.PutAlert(&judged)
	must(t, err)
	if err := s.EraseBy(t.Context(), system, people[1], planted, "17"); custody.CodeOf(err) != custody.CodeForbidden || strings.Contains(err.Error()+custody.HintOf(err), "plant") {
		t.Errorf("somebody who is judged forgets a planted customer: %v", err)
	}
	must(t, s.EraseBy(t.Context(), system, people[1], planted, "19"))
	must(t, s.EraseBy(t.Context(), system, people[2], planted.Add(time.Hour), "17"))
	all, err := s.Canaries()
	must(t, err)
	if len(all) != 2 || !all[0].Withdrawn.Equal(planted.Add(time.Hour)) || all[0].WithdrawnBy != people[2] || all[0].Key != "" || !all[1].Withdrawn.IsZero() {
		t.Errorf("%+v", all)
	}
	log, err := s.UnrecordedRights()
	must(t, err)
	if last := log[len(log)-1]; last.Act != store.ActUnplanted || last.Actor != people[2] {
		t.Errorf("forgetting it is not on record as a withdrawal: %+v", last)
	}
}
