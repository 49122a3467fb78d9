package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/doctor"
	"custody/site"
	"custody/store"
)

// TestFindingsAreTold: a running gate examines its database when it starts and then on
// its schedule; what is new is in the ledger once, by its mark, and in the log without
// the role's name. What another process found is told too, at once.
func TestFindingsAreTold(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := custodytest.Bodyshop(t, pg, 1000)
	reports := database + "_reports"
	pg.Exec(t, database, "CREATE ROLE "+reports+" LOGIN", "GRANT SELECT ON customers TO "+reports)
	s := custodytest.NewSite(t, pg, database, custodytest.BodyshopSystem(), func(o *site.Options) { o.DoctorEvery = time.Hour })
	grants := doctor.Finding{Check: "grants", Object: `"` + reports + `"`}
	await(t, "the finding in the ledger", func() bool { return findingsTold(s, &grants) == 1 })
	await(t, "the finding in the log", func() bool { return strings.Contains(s.Log.String(), "check=grants severity=serious") })
	if strings.Contains(s.Log.String(), reports) {
		t.Error("the log names the role")
	}
	s.Stop()
	s.Start() // examined within the hour, and told already
	rule := doctor.Finding{Check: "hba", Object: "host all all", Severity: doctor.Critical, Message: "m"}
	system := s.Options.Systems[0].ID
	if _, _, err := s.Store.RecordExamination(context.Background(), site.Examination(system, time.Now(),
		&doctor.Report{Findings: []doctor.Finding{rule}, Outcomes: []doctor.Outcome{{Check: "hba"}}})); err != nil {
		t.Fatal(err)
	}
	await(t, "what another process found", func() bool { return findingsTold(s, &rule) == 1 })
	if n := findingsTold(s, &grants); n != 1 {
		t.Errorf("the first finding was told %d times", n)
	}
}

// findingsTold counts the events about a finding.
func findingsTold(s *custodytest.Site, f *doctor.Finding) int {
	n := 0
	for _, e := range s.Ledger.Index().Events(0) {
		if e.Kind == custody.EventFinding && e.Statement == f.Mark() {
			n++
		}
	}
	return n
}

// TestExaminedAgain: what somebody opens while the gate runs is found by the schedule,
// and told.
func TestExaminedAgain(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := custodytest.Bodyshop(t, pg, 1000)
	s := custodytest.NewSite(t, pg, database, custodytest.BodyshopSystem(), func(o *site.Options) { o.DoctorEvery = 200 * time.Millisecond })
	await(t, "the first examination", func() bool {
		at, err := s.Store.LastExamination(s.Options.Systems[0].ID)
		return err == nil && !at.IsZero()
	})
	late := database + "_late"
	pg.Exec(t, database, "CREATE ROLE "+late+" LOGIN", "GRANT SELECT (phone) ON customers TO "+late)
	finding := doctor.Finding{Check: "grants", Object: `"` + late + `"`}
	await(t, "what was opened meanwhile", func() bool { return findingsTold(s, &finding) == 1 })
	pg.Exec(t, database, "REVOKE SELECT (phone) ON customers FROM "+late)
	await(t, "the finding to be closed", func() bool {
		all, err := s.Store.Findings(s.Options.Systems[0].ID)
		return err == nil && slices.ContainsFunc(all, func(f store.Finding) bool { return f.Object == finding.Object && !f.Closed.IsZero() })
	})
}
