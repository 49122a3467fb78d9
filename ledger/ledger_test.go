package ledger

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"custody"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
)

const testOrigin = "custody.example/test"

// keys makes a signing key and its verifier.
func keys(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// fastDir makes a folder in memory where there is one: for tests of what is
// written and not of how durably.
func fastDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "ledger")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// newLedger makes a ledger and gives its folder.
func newLedger(t testing.TB, o Options) string {
	t.Helper()
	return createIn(t, t.TempDir(), o)
}

func createIn(t testing.TB, parent string, o Options) string {
	t.Helper()
	dir := filepath.Join(parent, "ledger")
	o.Origin = testOrigin
	if err := Create(dir, o); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t testing.TB, dir string, o Options) *Ledger {
	t.Helper()
	l, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func disclosure(person custody.PersonID, statement uint64, subjects ...custody.SubjectID) *custody.Event {
	return &custody.Event{
		Kind: custody.EventDisclosure, Route: custody.RouteQuery,
		Person: person, Organisation: 1, System: 1, Session: custody.SessionID(100 + person), Grant: 3,
		Clear: custody.Categories(custody.Name, custody.Vehicle), Masked: custody.Categories(custody.Phone),
		Statement: statement, Subjects: subjects,
	}
}

func appendAll(t testing.TB, l *Ledger, events ...*custody.Event) {
	t.Helper()
	if err := l.Append(events...); err != nil {
		t.Fatal(err)
	}
}

// allEvents reads every event back.
func allEvents(x *Index) []*custody.Event {
	var list []*custody.Event
	for _, e := range x.Events(1) {
		list = append(list, e)
	}
	return list
}

func TestAppendIsThereAfterReopening(t *testing.T) {
	dir := newLedger(t, Options{})
	signer, verifier := keys(t)
	l := open(t, dir, Options{Signer: signer})
	want := []*custody.Event{
		disclosure(1, 7, 3, 9, 4711),
		{Kind: custody.EventSessionStart, Person: 2, Session: 12},
		{Kind: custody.EventRefusal, Code: custody.CodeLimit, Person: 2, System: 1},
		{Kind: custody.EventNaming, Naming: &custody.Naming{First: 1, Count: 5000, Root: [32]byte{1, 2}}},
		{Kind: custody.EventChange, Application: 5, System: 1, Subjects: []custody.SubjectID{9}},
	}
	appendAll(t, l, want[0])
	appendAll(t, l, want[1:]...)
	if diff := cmp.Diff(want, allEvents(l.Index())); diff != "" {
		t.Errorf("live index (-want +got):\n%s", diff)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time from the tree file that the first one wrote
		l = open(t, dir, Options{Signer: signer})
		if diff := cmp.Diff(want, allEvents(l.Index())); diff != "" {
			t.Errorf("after reopening (-want +got):\n%s", diff)
		}
		signed, err := l.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		c, err := openCheckpoint([]byte(signed), verifier)
		if err != nil || c.Size != 2 {
			t.Errorf("checkpoint %+v, %v; want size 2", c, err)
		}
		l.Close()
	}
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if diff := cmp.Diff(want, allEvents(r.Index())); diff != "" {
		t.Errorf("reader (-want +got):\n%s", diff)
	}
	var who []custody.PersonID
	for d := range r.Index().WhoSaw(1, 9, time.Time{}, time.Time{}) {
		who = append(who, d.Person)
	}
	if !slices.Equal(who, []custody.PersonID{0, 1}) {
		t.Errorf("who saw subject 9: %v", who)
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	dir := newLedger(t, Options{})
	l := open(t, dir, Options{})
	if _, err := Open(dir, Options{}); custody.CodeOf(err) != custody.CodeConflict || custody.HintOf(err) == "" {
		t.Fatalf("second writer: %v, hint %q", err, custody.HintOf(err))
	}
	l.Close()
	open(t, dir, Options{})
}

func TestRotation(t *testing.T) {
	dir := newLedger(t, Options{SegmentSize: 4096})
	l := open(t, dir, Options{SegmentSize: 4096})
	var want []*custody.Event
	for i := range 300 {
		e := disclosure(custody.PersonID(i%7+1), uint64(i+1), custody.SubjectID(i+1), custody.SubjectID(2*i+5))
		if i == 150 {
			e.Subjects = nil
			for s := range 20000 { // larger than a segment
				e.Subjects = append(e.Subjects, custody.SubjectID(3*s+1))
			}
		}
		want = append(want, e)
		appendAll(t, l, e)
	}
	l.Close()
	l = open(t, dir, Options{SegmentSize: 4096})
	if n := l.segment.number; n < 10 {
		t.Errorf("%d segments, want more", n)
	}
	if diff := cmp.Diff(want, allEvents(l.Index())); diff != "" {
		t.Errorf("after reopening (-want +got):\n%s", diff)
	}
	appendAll(t, l, disclosure(1, 1, 1))
}
