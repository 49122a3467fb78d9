package inquiry_test

import (
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/trace"
	"custody/trace/found"
	"custody/trace/inquiry"
)

var morning = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const (
	bodyshop = custody.SystemID(3)
	phone    = custody.CategorySet(1 << custody.Phone)
)

// ledgerOf makes events of 20 people at 2,000 customers, and complaints of 12 whom
// person 7 saw.
func ledgerOf(seed uint64) (events []*custody.Event, called []custody.SubjectID) {
	rng := rand.New(rand.NewPCG(seed, 9))
	for s := custody.SubjectID(1); s <= 2000; s++ {
		at := morning.Add(time.Duration(s) * 30 * time.Minute)
		for range 3 {
			who := custody.PersonID(1 + rng.IntN(20))
			events = append(events, &custody.Event{Kind: custody.EventDisclosure, Time: at.Add(time.Duration(rng.IntN(48)) * time.Hour), System: bodyshop, Person: who, Session: custody.SessionID(who), Clear: phone, Subjects: []custody.SubjectID{s}})
			if who == 7 && len(called) < 12 && rng.IntN(4) == 0 {
				called = append(called, s)
			}
		}
	}
	return events, called
}

func all(events []*custody.Event) iter.Seq2[uint64, *custody.Event] {
	return func(yield func(uint64, *custody.Event) bool) {
		for i, e := range events {
			if !yield(uint64(i+1), e) {
				return
			}
		}
	}
}

func viewer(e *custody.Event) inquiry.Viewer {
	if e.Person == 0 {
		return inquiry.Viewer{Application: "reports"}
	}
	v := inquiry.Viewer{Login: string(rune('a'+e.Person)) + "@northfield.example", Device: "10.0.0." + string(rune('0'+e.Session%10)), Branch: "Ashbridge", Partner: "Northfield"}
	if e.Person > 10 {
		v.Branch = "Brook"
	}
	return v
}

// TestEvents: on a ledger's events the login is named, pseudo-sources stand beside, and
// every complaint that says nothing has its reason.
func TestEvents(t *testing.T) {
	events, called := ledgerOf(1)
	hidden := *events[0]
	hidden.Clear, hidden.Masked, hidden.Subjects = 0, phone, []custody.SubjectID{5, 6, 7}
	other := *events[0]
	other.System = 9
	refused := *events[0]
	refused.Kind = custody.EventRefusal
	program := *events[0]
	program.Person = 0
	events = append(events, &hidden, &other, &refused, &program)
	q := inquiry.New(time.UTC, nil)
	if err := q.Events("ledger", bodyshop, false, all(events), viewer); err != nil {
		t.Fatal(err)
	}
	for _, s := range called {
		q.Add("C", s, morning.Add(time.Duration(s)*30*time.Minute).AddDate(0, 0, 9), trace.KnewAccident, "")
	}
	q.Add("C-NOBODY", 0, morning, 1, "")
	q.Add("C-EARLY", called[0], morning.AddDate(-1, 0, 0), 1, "")
	q.Add("C-AGAIN", called[0], morning.AddDate(0, 3, 0), 1, "")
	q.Add("C-WHEN", called[1], time.Time{}, 1, "the time of the unwanted call is not known")
	a, err := q.Run(trace.Options{Redraws: 199})
	if err != nil {
		t.Fatal(err)
	}
	if a.Named == nil || a.Named.Kind != inquiry.Login || !strings.HasPrefix(a.Named.Name, string(rune('a'+7))) {
		t.Errorf("named %v: %s %v", a.Named, a.Conclusion, a.Against)
	}
	if a.Masked != 3 || a.Looks != 6001 || a.Subjects != 2000 || a.Used != len(called) {
		t.Errorf("masked %d, looks %d, customers %d, used %d", a.Masked, a.Looks, a.Subjects, a.Used)
	}
	kinds := map[inquiry.Kind]bool{}
	for _, c := range a.Ranked {
		kinds[c.Kind] = true
	}
	if !kinds[inquiry.Branch] || !kinds[inquiry.Partner] {
		t.Errorf("kinds %v", kinds)
	}
	want := map[string]string{"C-NOBODY": "no customer", "C-EARLY": "before the customer's record began", "C-AGAIN": "counted already", "C-WHEN": "not known"}
	for _, l := range a.Left {
		if why, ok := want[l.Ref]; !ok || !strings.Contains(l.Reason, why) {
			t.Errorf("%s: %s", l.Ref, l.Reason)
		}
		delete(want, l.Ref)
	}
	if len(want) > 0 {
		t.Errorf("nothing is said of %v", want)
	}
}

// TestDeclaredSources: a partner's whole list explains what no login does.
func TestDeclaredSources(t *testing.T) {
	log, _ := files(9, 0, 0)
	var list, complaints strings.Builder
	list.WriteString("customer,since\n")
	complaints.WriteString("Customer no;Date of call\n")
	start := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	for c := 3; c < 3000; c += 30 {
		born := start.Add(time.Duration(c) * 90 * time.Minute)
		list.WriteString(itoa(5000+c) + "," + born.Format(time.DateTime) + "\n")
		if c%4 == 1 {
			complaints.WriteString(itoa(5000+c) + ";" + born.AddDate(0, 0, 12).Format("02/01/2006 15:04") + "\n")
		}
	}
	q := inquiry.New(time.UTC, nil)
	if err := q.Log("access.csv", strings.NewReader(log), nil); err != nil {
		t.Fatal(err)
	}
	if err := q.Source(inquiry.Name{Kind: inquiry.Partner, Name: "Acorn"}, "acorn.csv", strings.NewReader(list.String()), nil); err != nil {
		t.Fatal(err)
	}
	if err := q.Complaints("complaints.csv", strings.NewReader(complaints.String()), nil); err != nil {
		t.Fatal(err)
	}
	a, err := q.Run(trace.Options{Redraws: 99})
	if err != nil {
		t.Fatal(err)
	}
	if a.Ranked[0].Kind != inquiry.Partner || a.Ranked[0].Posterior < 0.99 || !strings.Contains(a.Conclusion, "as a whole") && a.Named != nil {
		t.Errorf("%+v: %s", a.Ranked[0], a.Conclusion)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// TestFoundFile: who had seen all of it is listed, and marks of a copy decide.
func TestFoundFile(t *testing.T) {
	events, _ := ledgerOf(2)
	run := func(f *found.File) *inquiry.Answer {
		t.Helper()
		q := inquiry.New(time.UTC, nil)
		if err := q.Events("ledger", bodyshop, false, all(events), viewer); err != nil {
			t.Fatal(err)
		}
		a, err := q.Found("leak.csv", f, morning.AddDate(1, 0, 0), trace.Options{Redraws: 99})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	var mine []custody.SubjectID
	for _, e := range events {
		if e.Person == 7 && len(mine) < 200 {
			mine = append(mine, e.Subjects[0])
		}
	}
	a := run(&found.File{Rows: 200, Matched: 200, Subjects: mine})
	if a.Named == nil || a.Named.Kind != inquiry.Login || len(a.Found.Holders) == 0 || a.Found.NotBefore.IsZero() {
		t.Errorf("%s, holders %v, not before %v", a.Conclusion, a.Found.Holders, a.Found.NotBefore)
	}
	a = run(&found.File{Rows: 200, Matched: 200, Subjects: mine, Copies: []found.Hit{{Copy: "bureau", Canaries: 2, Of: 3}, {Copy: "printer", Of: 3}}})
	if a.Named == nil || a.Named.Kind != inquiry.Copy || !strings.Contains(a.Conclusion, "the copy bureau") {
		t.Errorf("%v: %s", a.Named, a.Conclusion)
	}
	a = run(&found.File{Rows: 200, Matched: 200, Subjects: mine, Copies: []found.Hit{{Copy: "bureau", Canaries: 2, Of: 3}, {Copy: "printer", Pseudonyms: 1}}})
	if a.Found.Copy != "" {
		t.Errorf("marks of two copies name %s", a.Found.Copy)
	}
	q := inquiry.New(time.UTC, nil)
	if err := q.Events("ledger", bodyshop, false, all(events), viewer); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Found("leak.csv", &found.File{Rows: 5}, morning, trace.Options{}); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("a file of nobody: %v", err)
	}
}
