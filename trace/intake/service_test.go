package intake_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/store"
	"custody/trace/intake"
)

// desk is a service on a real store, with a clock that is set.
type desk struct {
	*intake.Service
	store *store.Store
	file  string
	at    time.Time
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{file: filepath.Join(t.TempDir(), "custody.db"), at: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)}
	var err error
	if d.store, err = store.Open(d.file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.store.Close() })
	now := func() time.Time { return d.at }
	id, err := identity.New(identity.Options{Storage: d.store, Key: make([]byte, 32), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	seal, err := id.Sealer("complaints v1")
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	d.Service = intake.New(intake.Options{Storage: d.store, Seal: seal, Zone: zone, Now: now,
		Mark: func(text string) [32]byte { return id.Pseudonym("complaint", text) }})
	return d
}

func (d *desk) add(t testing.TB, c intake.Complaint) *intake.Complaint {
	t.Helper()
	if c.Way == "" {
		c.Way = intake.Command
	}
	if _, err := d.Add(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	return &c
}

var ring = intake.Complaint{Called: time.Date(2026, 10, 30, 18, 0, 0, 0, time.UTC), Body: intake.Body{
	Name: "Oliver Turner", Answer: "oliver@post.example", Phone: "07700 900123", Caller: "01632 960444", Knew: "my accident in March", Words: "She asked for my bank."}}

// TestAcknowledgement: a complaint has a reference, a date by which it is to be
// acknowledged, and a letter, and is late after that date alone.
func TestAcknowledgement(t *testing.T) {
	d := newDesk(t)
	c := d.add(t, ring)
	if c.Due.Sub(c.Received) < intake.AcknowledgeWithin || c.Due.Sub(c.Received) > intake.AcknowledgeWithin+24*time.Hour || c.Knew != intake.KnewAccident {
		t.Errorf("received %v, due %v, knew %v", c.Received, c.Due, c.Knew)
	}
	letter := d.Letter(c, intake.Controller{Name: "Northfield Repairs", Contact: "privacy@northfield.example"})
	for _, want := range []string{c.Reference, "Oliver Turner", "2 November 2026", "30 October 2026", "Information Commissioner", "privacy@northfield.example"} {
		if !strings.Contains(letter, want) {
			t.Errorf("the letter lacks %q:\n%s", want, letter)
		}
	}
	if strings.Contains(letter, "bank") || strings.Contains(letter, "07700") {
		t.Error("the letter repeats what was said")
	}
	d.at = c.Due
	if c.Overdue(d.at) || !c.Overdue(d.at.Add(time.Second)) {
		t.Error("late at the wrong moment")
	}
	if _, err := d.Close(t.Context(), c.Reference); custody.CodeOf(err) != custody.CodeConflict {
		t.Errorf("closed before it was acknowledged: %v", err)
	}
	for range 2 {
		done, err := d.Acknowledge(t.Context(), strings.ToLower(strings.ReplaceAll(c.Reference, "-", " ")))
		if err != nil || !done.Acknowledged.Equal(c.Due.Truncate(time.Millisecond)) || done.Overdue(d.at.Add(time.Hour)) {
			t.Fatalf("%+v %v", done, err)
		}
	}
	if done, err := d.Close(t.Context(), c.Reference); err != nil || done.Closed.IsZero() {
		t.Error(err)
	}
}

// TestTheSameAgain is one complaint.
func TestTheSameAgain(t *testing.T) {
	d := newDesk(t)
	first := d.add(t, ring)
	again := ring
	again.Body.Name = "  Oliver Turner\x00 "
	again.Way = intake.Web
	fresh, err := d.Add(t.Context(), &again)
	if err != nil || fresh || again.Reference != first.Reference || again.Way != intake.Command || again.Body != first.Body {
		t.Errorf("fresh %v: %+v %v", fresh, again, err)
	}
	other := ring
	other.Called = other.Called.Add(time.Hour)
	if c := d.add(t, other); c.Reference == first.Reference {
		t.Error("another call is the same complaint")
	}
}

// TestWhatIsNoComplaint is refused with a way on, and nothing of it is repeated.
func TestWhatIsNoComplaint(t *testing.T) {
	d := newDesk(t)
	for _, c := range []intake.Complaint{
		{Body: intake.Body{Name: "Oliver Turner", Words: "help"}},
		{Body: intake.Body{Phone: strings.Repeat("7", intake.MaxLine+1)}},
		{Body: intake.Body{Phone: "07700 900123", Words: strings.Repeat("w", intake.MaxWords+1)}},
		{Called: d.at.AddDate(0, 0, 3), Body: ring.Body},
		{Received: d.at.AddDate(0, 0, 3), Body: ring.Body},
		{Received: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), Body: ring.Body},
		{Body: intake.Body{Phone: " \x00\u202e"}},
	} {
		c.Way = intake.Web
		_, err := d.Add(t.Context(), &c)
		if code := custody.CodeOf(err); code != custody.CodeInvalid && code != custody.CodeTooLarge || custody.HintOf(err) == "" {
			t.Errorf("%+v: %v", c, err)
		}
		if err != nil && strings.Contains(err.Error(), "07700") {
			t.Errorf("the error repeats what was said: %v", err)
		}
	}
	if list, err := d.List(intake.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("%d were kept: %v", len(list), err)
	}
}

// people is an identifier index of a few customers.
type people map[string][]custody.SubjectID

func (p people) Find(dst []custody.SubjectID, _ custody.SystemID, _ custody.Category, value []byte) []custody.SubjectID {
	return append(dst, p[string(value)]...)
}

func (p people) Lookup(_ custody.SystemID, key []byte) (custody.SubjectID, bool) {
	if list := p[string(key)]; len(list) == 1 {
		return list[0], true
	}
	return 0, false
}

// TestWhoseComplaint: the customer on whom most identifiers agree; of several alike
// nobody, and the trace is told why.
func TestWhoseComplaint(t *testing.T) {
	d := newDesk(t)
	system, err := d.store.EnsureSystem("bodyshop")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := d.store.Assign(system, []string{"1", "2", "3"})
	if err != nil {
		t.Fatal(err)
	}
	index := people{"07700 900123": {ids[0], ids[1]}, "BX12 ABC": {ids[1]}, "3": {ids[2]}}
	refs := map[string]string{}
	for name, c := range map[string]intake.Complaint{
		"both": {Called: d.at, Body: intake.Body{Phone: "07700 900123"}}, "one": {Called: d.at, Body: intake.Body{Phone: "07700 900123", Vehicle: "BX12 ABC"}},
		"key": {Called: d.at, Body: intake.Body{Key: "3", System: "bodyshop"}}, "nobody": {Called: d.at, Body: intake.Body{Phone: "07700 900999"}},
		"when": {Body: intake.Body{Key: "3"}}, "elsewhere": {Called: d.at, Body: intake.Body{Key: "3", System: "other"}},
		"program": {Called: d.at, Suspect: true, Body: intake.Body{Key: "2"}},
	} {
		refs[d.add(t, c).Reference] = name
	}
	if n, err := d.Match(t.Context(), map[string]custody.SystemID{"bodyshop": system}, index, false); n != 7 || err != nil {
		t.Fatal(n, err)
	}
	list, err := d.Traceables(system, intake.Filter{})
	if err != nil || len(list) != 7 {
		t.Fatal(list, err)
	}
	want := map[string]custody.SubjectID{"one": ids[1], "key": ids[2]}
	for _, x := range list {
		if name := refs[x.Reference]; x.Subject != want[name] || (x.Why == "") != (want[name] != 0) {
			t.Errorf("%s: %+v", name, x)
		}
	}
	// The customer is erased, and with it what the complaint said.
	if err := d.store.Erase(t.Context(), system, d.at, "2"); err != nil {
		t.Fatal(err)
	}
	all, err := d.List(intake.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		name := refs[c.Reference]
		if gone := name == "one" || name == "both"; gone != !c.Erased.IsZero() || gone != (c.Body == intake.Body{}) {
			t.Errorf("%s after the erasure: %+v", name, c)
		}
	}
}

// TestNothingIsClear: the file holds no word of a complaint, and after its erasure not
// even the sealed ones.
func TestNothingIsClear(t *testing.T) {
	d := newDesk(t)
	c := d.add(t, ring)
	sealed := c.Sealed
	holds := func(text string) bool {
		for _, f := range []string{d.file, d.file + "-wal"} {
			b, err := os.ReadFile(f)
			if err == nil && strings.Contains(string(b), text) {
				return true
			}
		}
		return false
	}
	for _, text := range []string{"Oliver", "900123", "oliver@post", "bank"} {
		if holds(text) {
			t.Errorf("custody.db holds %q", text)
		}
	}
	if !holds(string(sealed)) {
		t.Fatal("the test looks in the wrong place")
	}
	for range 2 {
		if _, err := d.Erase(context.Background(), c.Reference); err != nil {
			t.Fatal(err)
		}
	}
	if holds(string(sealed)) {
		t.Error("custody.db still holds the sealed words of an erased complaint")
	}
	left, err := d.Get(c.Reference)
	if err != nil || left.Erased.IsZero() || left.Body != (intake.Body{}) || !left.Received.Equal(c.Received) {
		t.Errorf("%+v %v", left, err)
	}
}
