package site

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custody/detect"
	"custody/identity"
	"custody/notice"
	"custody/store"
)

// acting is a detector that can do nothing but act, and the number of an alert's person.
func acting(t *testing.T, actions ...string) (*detector, *store.Alert) {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "custody.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	now := time.Now()
	org, err := st.EnsureOrganisation("Northfield", now)
	if err != nil {
		t.Fatal(err)
	}
	p := identity.Person{Login: "mary@northfield.example", FullName: "A Person", Added: now}
	if err := st.AddPerson(&p, &identity.Engagement{Organisation: org, Roles: []string{"x"}, Start: now}); err != nil {
		t.Fatal(err)
	}
	d := &detector{o: Detection{Actions: map[detect.Rule][]string{detect.Burst: actions}, LowerTo: 20, Restrain: time.Hour},
		s: &Site{o: Options{Store: st, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}, Notices: notice.NewOutbox(st, nil)}}
	k := &store.Alert{Key: "a", Person: p.ID, Rules: []string{"burst-and-spread"}, Says: "x", Strength: 9, Raised: now, Made: now, Body: []byte("{}")}
	if _, err := st.PutAlert(k); err != nil {
		t.Fatal(err)
	}
	return d, k
}

func burstSaying(says string) *detect.Alert {
	return &detect.Alert{Says: says, Time: time.Now(), Findings: []detect.Finding{{Rule: detect.Burst}}}
}

// TestEachActionIsDoneOnce: however often an alert grows, each thing that policy says is
// done once, with its own effect.
func TestEachActionIsDoneOnce(t *testing.T) {
	d, k := acting(t, ActionNotify, ActionLowerLimit, ActionAskReason, ActionStepUp)
	for range 3 {
		d.act(k, burstSaying("Looked at 39 customers."))
	}
	now := d.s.o.Now()
	list, err := d.s.o.Store.Restraints(now)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprint(r.PerHour, r.Reason, r.Fresh, r.End.After(now.Add(2*time.Hour)), r.Person == k.Person, r.Alert == k.ID))
	}
	if want := "20 false false false true true,0 true false false true true,0 false true true true true"; strings.Join(got, ",") != want {
		t.Errorf("restraints %q, want %s", got, want)
	}
	notices, err := d.s.o.Store.OutboxNotices(10)
	if err != nil || len(notices) != 1 || notices[0].Severity != notice.High || !strings.Contains(notices[0].Subject, "Looked at 39 customers.") || strings.Contains(fmt.Sprintf("%+v", notices[0]), "mary") {
		t.Errorf("notices %+v, %v", notices, err)
	}
	done, err := d.s.o.Store.AlertActions(k.ID)
	if err != nil || len(done) != 4 {
		t.Errorf("noted as done: %v, %v", done, err)
	}
}

// TestWhatFailedIsNotNotedAsDone: what could not be done is done when the alert grows, not
// taken for done; the rest does not wait for it.
func TestWhatFailedIsNotNotedAsDone(t *testing.T) {
	d, k := acting(t, ActionNotify, ActionAskReason)
	d.act(k, burstSaying("a line\x00that no notice may hold"))
	done, err := d.s.o.Store.AlertActions(k.ID)
	if err != nil || len(done) != 1 || done[0] != ActionAskReason {
		t.Errorf("noted as done: %v, %v", done, err)
	}
	d.act(k, burstSaying("Looked at 39 customers."))
	if list, err := d.s.o.Store.OutboxNotices(10); err != nil || len(list) != 1 {
		t.Errorf("%d notices, %v", len(list), err)
	}
	if list, err := d.s.o.Store.Restraints(d.s.o.Now()); err != nil || len(list) != 1 {
		t.Errorf("%d restraints, %v", len(list), err)
	}
}

// TestAlertsOfNobodyAreTold and restrain nobody; of a weak one the notice is less urgent,
// and a long one is cut to what a notice holds.
func TestAlertsOfNobodyAreTold(t *testing.T) {
	d, k := acting(t, ActionNotify, ActionLowerLimit, ActionAskReason, ActionStepUp, ActionCut)
	k.Person, k.Strength = 0, 7.9
	d.act(k, burstSaying("x"+strings.Repeat("é", 300)))
	if list, err := d.s.o.Store.Restraints(d.s.o.Now()); err != nil || len(list) != 0 {
		t.Errorf("restraints %v, %v", list, err)
	}
	if list, err := d.s.o.Store.OutboxNotices(10); err != nil || len(list) != 1 || list[0].Severity != notice.Medium || len(list[0].Subject) > notice.MaxSubject || len(list[0].Subject) < notice.MaxSubject-2 {
		t.Errorf("notices %+v, %v", list, err)
	}
	d.o.Actions = nil
	k.ID++
	d.act(k, &detect.Alert{Says: "x", Time: time.Now(), Findings: []detect.Finding{{Rule: detect.Slow}}})
	if list, _ := d.s.o.Store.OutboxNotices(10); len(list) > 2 {
		t.Errorf("notices %+v", list)
	}
}

// TestDecisionsNeverOutliveARestraint: whatever was decided is asked again when the
// restraint ends, and one that is asked each time stays so.
func TestDecisionsNeverOutliveARestraint(t *testing.T) {
	now := time.Now()
	if got := earliest(now.Add(time.Hour), now); !got.Equal(now) {
		t.Error("the later of two")
	}
	if got := earliest(now, now.Add(time.Hour)); !got.Equal(now) {
		t.Error("the later of two")
	}
	if got := earliest(time.Time{}, now); !got.IsZero() {
		t.Error("a decision that is asked each time is kept")
	}
}
