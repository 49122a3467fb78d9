package portal

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custody"
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
