package portal

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/notice"
	"custody/site"
)

// TestReasonsAreFoundInTheDatabase: the table by which people get their work is proposed,
// with what it explains; columns that say nothing are not, and nothing is put in force.
func TestReasonsAreFoundInTheDatabase(t *testing.T) {
	s := working(t, site.Detection{})
	<-s.DetectionReady()
	conn, err := pgx.ConnectConfig(ctx, s.Options.Systems[0].Upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	m := &site.Miner{Store: s.Store, Identity: s.Identity, Index: s.Ledger.Index(), Conn: conn, System: s.Options.Systems[0].ID}
	for i := range s.Options.Systems[0].Tables {
		if table := &s.Options.Systems[0].Tables[i]; table.Subject {
			m.Subjects = table
		}
	}
	found, err := m.Mine(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Templates) == 0 || found.Paths < 5 {
		t.Fatalf("%+v", found)
	}
	var path []string
	for _, j := range found.Templates[0].Path {
		path = append(path, j.Left.String()+" = "+j.Right.String())
	}
	if got := strings.Join(path, ", "); got != "assignments.customer_id = subject, assignments.login = person.login" {
		t.Errorf("the first path is %s", got)
	}
	first := found.Coverage.Templates[0]
	if first.Support < 0.99 || first.False > 0.3 || found.Coverage.Sample < 300 {
		t.Errorf("it explains %.2f of %d first looks and %.2f of random pairs", first.Support, found.Coverage.Sample, first.False)
	}
	for i := range found.Templates {
		if err := found.Templates[i].Check(); err != nil {
			t.Errorf("custody.yaml would not take %s: %v", found.Templates[i].Name, err)
		}
	}
	if n := len(s.Options.Systems[0].Explanations); n != 1 || s.Options.Systems[0].Explanations[0].Name != "assigned" {
		t.Error("what was found was put in force")
	}
	empty := &site.Miner{Store: s.Store, Identity: s.Identity, Index: s.Ledger.Index(), Conn: conn, System: 99, Subjects: m.Subjects}
	if _, err := empty.Mine(ctx); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("without looks: %v", err)
	}
}

// TestReasonsMoveAway: when people get their work by another table than the declared one,
// whoever keeps custody.yaml is told, with figures; the declared reasons stay in force.
func TestReasonsMoveAway(t *testing.T) {
	s := working(t, site.Detection{})
	<-s.DetectionReady()
	sys := &s.Options.Systems[0]
	told := func() (list []string) {
		t.Helper()
		if err := s.TellDrift(ctx, sys); err != nil {
			t.Fatal(err)
		}
		all, err := s.Store.OutboxNotices(1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if m.Kind == notice.ReasonsDrifted {
				list = append(list, m.Text)
			}
		}
		return list
	}
	if list := told(); len(list) != 0 {
		t.Fatalf("nothing has moved, and it is told: %q", list)
	}
	custodytest.Postgres(t).Exec(t, s.Database, "CREATE TABLE rota AS SELECT * FROM assignments", "GRANT SELECT ON rota TO PUBLIC", "DELETE FROM assignments WHERE customer_id % 2 = 0")
	list := told()
	if len(list) != 1 || !strings.Contains(list[0], "Found and not declared: rota.login of the customer is the person's login. It explains ") ||
		!strings.Contains(list[0], "Nothing was changed") || strings.Contains(list[0], "@") {
		t.Fatalf("what is told: %q", list)
	}
	if again := told(); len(again) != 1 {
		t.Errorf("told %d times on one day", len(again))
	}
	if n := len(sys.Explanations); n != 1 || sys.Explanations[0].Name != "assigned" {
		t.Error("what was found was put in force")
	}
}
