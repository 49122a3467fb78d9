package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody"
	"custody/identity"
	"custody/store"
)

// TestWhatRunsOutCutsWhatRuns: training that lapses, a rule with a new version, a
// contractor's contract and a locked login each stop a statement in the middle of its
// answer; nobody runs a command at the moment.
func TestWhatRunsOutCutsWhatRuns(t *testing.T) {
	s := bodyshop(t)
	s.Person("bob")
	person := func(login string) custody.PersonID {
		t.Helper()
		p, err := s.Identity.Find(login + "@northfield.example")
		if err != nil || p == nil {
			t.Fatalf("%s: %v", login, err)
		}
		return p.ID
	}
	keeper := person("bob")
	tokens := map[string]string{}
	for _, login := range []string{"alice", "carol", "erin"} {
		tokens[login] = s.Person(login)
	}
	grant := func(login string, needs ...string) {
		g := see(contacts)
		g.Export, g.Person, g.Needs = true, login+"@northfield.example", needs
		s.Grant(g)
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(s.Store.AddCourse(ctx, &store.Course{Name: "gdpr", Title: "Data protection", Days: 1}, time.Now()))
	lapses := time.Now().Add(5 * time.Second)
	ok(s.Store.RecordTraining(ctx, &store.TrainingRecord{Person: person("alice"), Course: "gdpr", Taken: lapses.AddDate(0, 0, -1), Evidence: "cert 1", KeptBy: keeper}, time.Now()))
	rule := store.Rule{Name: "clean-desk", Version: "1", Title: "Clean desk", Text: "Lock the screen."}
	ok(s.Store.AddRule(ctx, keeper, &rule, time.Now()))
	ok(s.Store.AcceptRule(ctx, rule.ID, person("carol"), 0, "folder 1", time.Now()))
	grant("alice", "training:gdpr")
	grant("carol", "rule:clean-desk")
	grant("erin")
	_, err := s.Identity.AddPerson(identity.NewPerson{Login: "tom@temps.example", FullName: "Tom Field", Organisation: "Temps"})
	ok(err)
	temps, err := s.Identity.EnsureOrganisation("Temps")
	ok(err)
	contract := store.Processor{Organisation: temps, Kind: store.KindProcessor, Contract: "DPA 7", Instructions: "annex 2", ReviewDays: 300, ContractStart: time.Now(), ContractEnd: lapses}
	ok(s.Store.PutProcessor(ctx, keeper, &contract, time.Now()))
	id, err := s.Store.EnsureSystem(s.Database)
	ok(err)
	ok(s.Store.SetScope(ctx, keeper, temps, id, contacts, time.Now()))
	g := see(contacts)
	g.Export, g.Person = true, "tom@temps.example"
	s.Grant(g)
	tokens["tom@temps.example"] = s.Token("tom@temps.example")
	s.Reload()

	running := func(login string) <-chan error {
		t.Helper()
		conn := s.As(login, tokens[login])
		rows, err := conn.Query(ctx, "SELECT c.id, c.name FROM customers c, generate_series(1, 100000)")
		ok(err)
		if !rows.Next() {
			t.Fatalf("%s sees nothing: %v", login, rows.Err())
		}
		ended := make(chan error, 1)
		go func() { ended <- drain(rows) }()
		return ended
	}
	within := func(what string, moment time.Time, ended <-chan error) {
		t.Helper()
		select {
		case err := <-ended:
			if err == nil || time.Now().Before(moment) {
				t.Errorf("%s: the statement ended with %v, %v before the moment", what, err, time.Until(moment))
			}
			t.Logf("%s: cut %v after the moment: %v", what, time.Since(moment), err)
		case <-time.After(max(0, time.Until(moment)) + 5*time.Second): // how fast it is on an idle machine is bench's to say
			t.Fatalf("%s: the statement runs on", what)
		}
	}
	trained, ruled, locked, hired := running("alice"), running("carol"), running("erin"), running("tom@temps.example")
	_, err = s.Identity.Compromised("erin@northfield.example")
	ok(err)
	within("a locked login", time.Now(), locked)
	ok(s.Store.AddRule(ctx, keeper, &store.Rule{Name: "clean-desk", Version: "2", Title: "Clean desk", Text: "Lock the screen and the door."}, time.Now()))
	within("a new version", time.Now(), ruled)
	within("training", lapses, trained)
	within("a contract", lapses, hired)
	var refused *pgconn.PgError
	_, err = s.As("alice", tokens["alice"]).Exec(ctx, "SELECT id, name FROM customers WHERE id = 17")
	if !errors.As(err, &refused) || refused.Code != "42501" || !strings.Contains(refused.Hint, "training:gdpr") {
		t.Errorf("after the training is over: %v, %q", err, refused)
	}
}

func drain(rows pgx.Rows) error {
	for rows.Next() {
	}
	return rows.Err()
}
