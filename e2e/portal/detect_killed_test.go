package portal

import (
	sqlite "database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"custody/detect"
	"custody/site"
	"custody/store"
)

// TestKilledWhileNoticing: the serving process is killed in the middle of misuse, twice,
// without a word. The alerts after it are those of detectors that saw everything in one
// piece: none is lost, and none is there twice.
func TestKilledWhileNoticing(t *testing.T) {
	s := working(t, site.Detection{})
	for _, login := range []string{"p3", "p5"} {
		g := see(contacts)
		g.Person = login + "@northfield.example"
		s.Grant(g)
	}
	token, other := s.Token("p3"), s.Token("p5")
	// A few looks, fewer than an alert needs, and many, whose alert is not waited for.
	for round, from := range []int{1, 7} {
		child := s.Child()
		conn, also := s.As("p3", token), s.As("p5", other)
		for id := from; id <= from+5; id++ {
			opens(t, conn, id*8+1)
			if round > 0 {
				opens(t, also, id*8+2)
			}
		}
		child.Kill()
	}
	s.Start()
	<-s.DetectionReady()
	live := alertsOf(t, s.Store)
	if len(live) == 0 {
		t.Fatal("nothing was noticed")
	}
	s.Stop()
	fresh := unnoticed(t, s.Store)
	s.Options.Store = fresh
	s.Start()
	<-s.DetectionReady()
	whole := alertsOf(t, fresh)
	if !slices.EqualFunc(live, whole, func(a, b detect.Alert) bool {
		return a.Key == b.Key && a.Revision == b.Revision && a.InAll == b.InAll && a.Says == b.Says
	}) {
		t.Errorf("after two kills:\n%s\nin one piece:\n%s", said(live), said(whole))
	}
}

func opens(t *testing.T, conn *pgx.Conn, id int) {
	t.Helper()
	if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = $1", id); err != nil {
		t.Fatal(err)
	}
}

func alertsOf(t *testing.T, s *store.Store) (list []detect.Alert) {
	t.Helper()
	kept, err := s.Alerts(true)
	if err != nil {
		t.Fatal(err)
	}
	for i := range kept {
		var a detect.Alert
		if err := json.Unmarshal(kept[i].Body, &a); err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b detect.Alert) int { return strings.Compare(a.Key, b.Key) })
	return list
}

func said(list []detect.Alert) string {
	var b strings.Builder
	for _, a := range list {
		fmt.Fprintf(&b, "%s, revision %d, %d entries: %s\n", a.Key, a.Revision, a.InAll, a.Says)
	}
	return b.String()
}

// unnoticed copies a store as if no detector had ever run.
func unnoticed(t *testing.T, s *store.Store) *store.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "custody.db")
	if err := s.Snapshot(ctx, path, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DROP TRIGGER alerts_stay; DELETE FROM alert_actions; DELETE FROM alerts; UPDATE detection SET seen = 0, complained = 0"); err != nil {
		t.Fatal(err)
	}
	fresh, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fresh.Close() })
	return fresh
}
