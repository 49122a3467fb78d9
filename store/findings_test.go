package store_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"custody/store"
)

// TestFindings: what is new or worse is told once; what a check that was done does not
// find is closed, and what could not be checked stays as it was.
func TestFindings(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "custody.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	system, err := s.EnsureSystem("bodyshop")
	if err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_800_000_000_000).UTC()
	grant := store.Finding{Check: "grants", Object: "reports", Severity: 3, Message: "m", Mark: 1<<63 + 5}
	rule := store.Finding{Check: "hba", Object: "host all", Severity: 2, Message: "m"}
	note := store.Finding{Check: "superusers", Object: "postgres", Severity: 1, Message: "m"}
	worseRule := rule
	worseRule.Severity = 4
	for i, c := range []struct {
		checked, skipped []string
		found            []store.Finding
		worse, closed    int
		open, untold     int
	}{
		{[]string{"grants", "hba", "superusers"}, nil, []store.Finding{grant, rule, note}, 2, 0, 3, 2},
		{[]string{"grants", "hba", "superusers"}, nil, []store.Finding{grant, rule, note}, 0, 0, 3, 0},
		{[]string{"grants"}, []string{"hba", "superusers"}, nil, 0, 1, 2, 0},
		{[]string{"hba"}, nil, []store.Finding{worseRule}, 1, 0, 2, 1},
		{[]string{"hba"}, nil, []store.Finding{rule}, 0, 0, 2, 0},
		{[]string{"grants", "hba"}, nil, []store.Finding{grant, rule}, 1, 0, 3, 1},
	} {
		now = now.Add(time.Hour)
		worse, closed, err := s.RecordExamination(context.Background(), &store.Examination{System: system, Time: now, Checked: c.checked, Skipped: c.skipped, Found: c.found})
		if err != nil {
			t.Fatal(err)
		}
		if len(worse) != c.worse || closed != c.closed {
			t.Errorf("%d: %d worse, %d closed", i, len(worse), closed)
		}
		all, err := s.Findings(system)
		if err != nil {
			t.Fatal(err)
		}
		open := 0
		for _, f := range all {
			if f.Closed.IsZero() {
				open++
			}
			if f.Check == "grants" && f.Mark != grant.Mark {
				t.Errorf("%d: mark %d", i, f.Mark)
			}
		}
		untold, err := s.UntoldFindings()
		if err != nil {
			t.Fatal(err)
		}
		if open != c.open || len(untold) != c.untold {
			t.Errorf("%d: %d open, %d untold", i, open, len(untold))
		}
		for _, f := range untold {
			if err := s.FindingTold(f.ID, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	if last, err := s.LastPortalExamination(system); err != nil || !last.IsZero() {
		t.Errorf("the portal was examined at %v %v", last, err)
	}
	later := now.Add(time.Hour)
	portal := &store.Examination{System: system, Time: later, Checked: []string{store.PortalChecks + "tls"}, Found: []store.Finding{{Check: store.PortalChecks + "tls", Object: "old", Severity: 3, Message: "m"}}}
	if worse, closed, err := s.RecordExamination(t.Context(), portal); err != nil || len(worse) != 1 || closed != 0 {
		t.Errorf("a portal's examination: %v %d %v", worse, closed, err)
	}
	if last, err := s.LastPortalExamination(system); err != nil || !last.Equal(later) {
		t.Errorf("the portal was examined at %v %v", last, err)
	}
	if last, err := s.LastExamination(system); err != nil || !last.Equal(now) {
		t.Errorf("examined last at %v, %v", last, err)
	}
	if all, _ := s.Findings(system); len(all) != 7 {
		t.Errorf("the history has %d lines", len(all))
	}
}
