package store_test

import (
	"strings"
	"testing"
	"time"

	"custody"
	"custody/store"
)

// TestGrantsByHandAreOnTheLog: who gave and who ended a grant, when and why, whatever
// the route; what fails leaves no trace of having been done.
func TestGrantsByHandAreOnTheLog(t *testing.T) {
	f := newFirm(t)
	g := seeNames
	g.Person, g.Start = "alice@northfield.example", t0
	must(t, f.GiveGrant(ctx, &g, f.people["bob"], "the new desk", t0))
	must(t, f.StopGrantAt(ctx, g.ID, f.people["bob"], strings.Repeat("moved ", 80), t0.Add(48*time.Hour), t0.Add(time.Hour)))
	must(t, f.StopGrant(ctx, g.ID, 0, "at once", t0.Add(2*time.Hour)))
	wantCode(t, f.StopGrant(ctx, g.ID, 0, "again", t0.Add(3*time.Hour)), custody.CodeNotFound)
	wantCode(t, f.GiveGrant(ctx, &g, 0, " ", t0), custody.CodeInvalid)
	log, err := f.RightsLog(ctx, store.RightsFilter{Person: f.people["alice"]})
	must(t, err)
	if len(log) != 3 {
		t.Fatalf("log %+v", log)
	}
	given, planned, ended := log[2], log[1], log[0]
	if given.Act != store.ActGranted || given.Changes != store.Gives || given.ActorLogin != "bob@northfield.example" || given.Note != "the new desk" || given.Grant != g.ID {
		t.Errorf("given: %+v", given)
	}
	if planned.Act != store.ActGrantEnded || !strings.HasPrefix(planned.Note, "ends at "+t0.Add(48*time.Hour).UTC().Format(time.RFC3339)) || len(planned.Note) > 500 {
		t.Errorf("planned: %+v", planned)
	}
	if ended.Changes != store.Takes || ended.Actor != 0 || ended.Note != "at once" || !ended.Time.Equal(t0.Add(2*time.Hour)) {
		t.Errorf("ended: %+v", ended)
	}
}
