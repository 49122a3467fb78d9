package store_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custody"
	"custody/identity"
	"custody/policy"
	"custody/store"
)

var t0 = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func open(t *testing.T) (*store.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "custody.db")
	return reopen(t, path), path
}

func reopen(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(path)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v (%s; %v)", err, custody.HintOf(err), errCause(err))
	}
}

func errCause(err error) error {
	if e, ok := err.(*custody.Error); ok {
		return e.Err
	}
	return nil
}

func wantCode(t *testing.T, err error, want custody.Code) {
	t.Helper()
	if got := custody.CodeOf(err); got != want {
		t.Fatalf("got code %v (%v), want %v", got, err, want)
	}
	if custody.HintOf(err) == "" {
		t.Errorf("the error %q has no hint", err)
	}
}

// alice adds a person with an engagement.
func alice(t *testing.T, s *store.Store) (*identity.Person, *identity.Engagement) {
	t.Helper()
	org, err := s.EnsureOrganisation("Northfield", t0)
	must(t, err)
	p := &identity.Person{Login: "alice@northfield.example", FullName: "Alice Smith", Added: t0}
	e := &identity.Engagement{Organisation: org, Roles: []string{"estimator", "viewer"}, Start: t0}
	must(t, s.AddPerson(p, e))
	return p, e
}

func TestEverythingSurvivesReopening(t *testing.T) {
	s, path := open(t)
	p, e := alice(t, s)
	system, err := s.EnsureSystem("bodyshop")
	must(t, err)
	grant := policy.Grant{Role: "estimator", System: "bodyshop", See: custody.Categories(custody.Name, custody.Phone),
		Mask: custody.Categories(custody.Bank), Export: true, Limits: custody.Limits{PerHour: 60, PerDay: 200}, Start: t0, End: t0.Add(time.Hour)}
	must(t, s.AddGrant(&grant))
	must(t, s.Close())

	s = reopen(t, path)
	people, err := s.ListPeople()
	must(t, err)
	if diff := cmp.Diff([]identity.Person{*p}, people); diff != "" {
		t.Error(diff)
	}
	engagements, err := s.ListEngagements()
	must(t, err)
	if diff := cmp.Diff([]identity.Engagement{*e}, engagements); diff != "" {
		t.Error(diff)
	}
	grants, err := s.Grants()
	must(t, err)
	if diff := cmp.Diff([]policy.Grant{grant}, grants); diff != "" {
		t.Error(diff)
	}
	again, err := s.EnsureSystem("bodyshop")
	must(t, err)
	if again != system || system != 1 {
		t.Errorf("system numbers %d and %d, want 1 and 1", system, again)
	}
}

func TestFileIsItsOwnersAlone(t *testing.T) {
	s, path := open(t)
	alice(t, s)
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(name), info.Mode().Perm())
		}
	}
}

func TestPragmas(t *testing.T) {
	s, _ := open(t)
	if err := s.CheckPragmas(); err != nil {
		t.Error(err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	s, path := open(t)
	must(t, s.Close())
	db := raw(t, path)
	_, err := db.Exec("PRAGMA user_version = 999")
	must(t, err)
	_, err = store.Open(path)
	wantCode(t, err, custody.CodeUnsupported)
	if !strings.Contains(err.Error(), "999") {
		t.Errorf("%q does not name the schema", err)
	}
}

func TestForeignDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.db")
	db := raw(t, path)
	_, err := db.Exec("CREATE TABLE somebody_elses (x)")
	must(t, err)
	_, err = store.Open(path)
	wantCode(t, err, custody.CodeInvalid)
	var n int
	must(t, db.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&n))
	if n != 1 {
		t.Errorf("the other program's database now has %d entries in its schema", n)
	}
}

func TestGarbageIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "custody.db")
	must(t, os.WriteFile(path, []byte(strings.Repeat("not a database ", 500)), 0o600))
	_, err := store.Open(path)
	if err == nil {
		t.Fatal("garbage was opened")
	}
	if custody.HintOf(err) == "" {
		t.Errorf("the error %q has no hint", err)
	}
}

func TestManyOpenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "custody.db")
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			s, err := store.Open(path)
			if err == nil {
				_, err = s.EnsureSystem("bodyshop")
				s.Close()
			}
			errs[i] = err
		})
	}
	wg.Wait()
	for _, err := range errs {
		must(t, err)
	}
}

func TestLoginBelongsToOnePersonForEver(t *testing.T) {
	s, path := open(t)
	p, e := alice(t, s)
	must(t, s.Leave(p.ID, t0.Add(time.Hour)))
	err := s.AddPerson(&identity.Person{Login: p.Login, FullName: "Alice Jones", Added: t0},
		&identity.Engagement{Organisation: e.Organisation, Start: t0})
	wantCode(t, err, custody.CodeConflict)
	for _, q := range []string{"UPDATE people SET login = 'x@northfield.example'", "DELETE FROM people"} {
		if _, err := raw(t, path).Exec(q); err == nil {
			t.Errorf("%s was done", q)
		}
	}
}

func TestRefusedPersonLeavesNothing(t *testing.T) {
	s, _ := open(t)
	err := s.AddPerson(&identity.Person{Login: "bob@northfield.example", FullName: "Bob", Added: t0},
		&identity.Engagement{Organisation: 99, Start: t0})
	if err == nil {
		t.Fatal("an engagement with an unknown organisation was kept")
	}
	people, err := s.ListPeople()
	must(t, err)
	if len(people) != 0 {
		t.Errorf("half a person was kept: %v", people)
	}
}

func TestLeaveEndsEverything(t *testing.T) {
	s, _ := open(t)
	p, e := alice(t, s)
	future := &identity.Engagement{Person: p.ID, Organisation: e.Organisation, Start: t0.Add(48 * time.Hour)}
	must(t, s.AddEngagement(future))
	system, err := s.EnsureSystem("bodyshop")
	must(t, err)
	c := &identity.Credential{Kind: identity.KindToken, Person: p.ID, Organisation: e.Organisation, System: system,
		StoredKey: make([]byte, 32), ServerKey: make([]byte, 32), Issued: t0, Expires: t0.Add(8 * time.Hour)}
	must(t, s.AddCredential(c))

	left := t0.Add(time.Hour)
	must(t, s.Leave(p.ID, left))
	r, err := s.Rights(left)
	must(t, err)
	if len(r.Credentials) != 0 {
		t.Errorf("credentials are left: %v", r.Credentials)
	}
	for _, e := range r.Engagements {
		if e.Current(left) || e.Current(t0.Add(72*time.Hour)) {
			t.Errorf("engagement %d still holds", e.ID)
		}
	}
}

// raw opens the file as any other program would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func TestWatchHears(t *testing.T) {
	s, path := open(t)
	other := reopen(t, path) // as another process would
	looks := make(chan bool, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, time.Millisecond, func(changed bool, err error) {
			if err != nil {
				t.Errorf("watch: %v", err)
			}
			looks <- changed
		})
	}()
	if !<-looks {
		t.Error("the first look must say changed: nothing was known before")
	}
	change := func(name string, do func()) {
		do()
		deadline := time.After(10 * time.Second)
		for {
			select {
			case changed := <-looks:
				if changed {
					return
				}
			case <-deadline:
				t.Fatalf("a change by %s was never heard", name)
			}
		}
	}
	change("this process", func() { _, err := s.EnsureOrganisation("Northfield", t0); must(t, err) })
	change("another store", func() { _, err := other.EnsureOrganisation("Southfield", t0); must(t, err) })
	change("another process", func() { inAnotherProcess(t, "organisation", path) })
	cancel()
	<-done
}
