package store_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// TestEverySchemaSoFarIsBroughtUpToDate makes a database as each version left it, with
// people and sessions in it, and opens it with this one.
func TestEverySchemaSoFarIsBroughtUpToDate(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	slices.Sort(files)
	for n := 1; n <= len(files); n++ {
		t.Run(filepath.Base(files[n-1]), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "custody.db")
			old(t, path, files[:n])
			s := reopen(t, path)
			people, err := s.ListPeople()
			must(t, err)
			engagements, err := s.ListEngagements()
			must(t, err)
			if len(people) != 2 || people[1].Login != "bob@northfield.example" || len(engagements) != 2 || engagements[0].Roles[0] != "estimator" {
				t.Errorf("people %+v, engagements %+v", people, engagements)
			}
			must(t, s.Check())
			// What ended before the upgrade was dealt with then.
			cuts, err := s.SettleDue(time.Now())
			must(t, err)
			if n < 9 && len(cuts) != 0 {
				t.Errorf("the upgrade made leavers leave again: %+v", cuts)
			}
			must(t, s.Leave(people[0].ID, time.Now()))
			put(t, s, trial())
		})
	}
}

// old makes a database with the first migrations and some rows in it.
func old(t *testing.T, path string, files []string) {
	t.Helper()
	must(t, os.WriteFile(path, nil, 0o600))
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for i, f := range files {
		text, err := fs.ReadFile(os.DirFS("."), f)
		must(t, err)
		if i == 1 { // as soon as there are tables, so that later files find rows
			_, err := db.Exec(`INSERT INTO organisations (name, added) VALUES ('Northfield', 1);
				INSERT INTO people (login, full_name, added) VALUES ('alice@northfield.example', 'Alice Smith', 1), ('bob@northfield.example', 'Bob Jones', 1);
				INSERT INTO roles (name) VALUES ('estimator');
				INSERT INTO engagements (person, organisation, start, end) VALUES (1, 1, 1, NULL), (2, 1, 1, 1000);
				INSERT INTO engagement_roles (engagement, role) VALUES (1, 1), (2, 1);
				INSERT INTO systems (name) VALUES ('bodyshop');
				INSERT INTO credentials (kind, person, organisation, system, stored_key, server_key, issued, expires) VALUES ('token', 1, 1, 1, randomblob(32), randomblob(32), 1, 9999999999999);
				INSERT INTO sessions (person, organisation, system, credential, roles, address, app_name, started) VALUES (1, 1, 1, 1, 'estimator', '192.0.2.1', 'psql', 1)`)
			must(t, err)
		}
		_, err = db.Exec(string(text))
		must(t, err)
		_, err = db.Exec(fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", i+1, 0x43555354))
		must(t, err)
	}
	if len(files) == 1 {
		_, err := db.Exec(`INSERT INTO organisations (name, added) VALUES ('Northfield', 1);
			INSERT INTO people (login, full_name, added) VALUES ('alice@northfield.example', 'Alice Smith', 1), ('bob@northfield.example', 'Bob Jones', 1);
			INSERT INTO roles (name) VALUES ('estimator');
			INSERT INTO engagements (person, organisation, start, end) VALUES (1, 1, 1, NULL), (2, 1, 1, 1000);
			INSERT INTO engagement_roles (engagement, role) VALUES (1, 1), (2, 1)`)
		must(t, err)
	}
}

// TestSnapshotIsOfOneMoment: nobody writes between the state and what is looked at
// meanwhile, and what is written afterwards is not in the copy.
func TestSnapshotIsOfOneMoment(t *testing.T) {
	s, path := open(t)
	other := reopen(t, path)
	put(t, s, trial())
	wrote := make(chan error, 1)
	began := make(chan struct{})
	to := filepath.Join(t.TempDir(), "copy.db")
	must(t, s.Snapshot(t.Context(), to, func() error {
		go func() {
			close(began)
			_, err := other.EnsureOrganisation("Late", time.Now())
			wrote <- err
		}()
		<-began
		select {
		case err := <-wrote:
			t.Errorf("somebody wrote meanwhile: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		return nil
	}))
	must(t, <-wrote)
	copied := reopen(t, to)
	must(t, copied.Check())
	if n, err := copied.NoticeState(); err != nil || n.Unrouted != 1 {
		t.Errorf("the copy has %+v, %v", n, err)
	}
	list, err := copied.ListOrganisations()
	must(t, err)
	if len(list) != 0 {
		t.Errorf("the copy has what came later: %+v", list)
	}
}
