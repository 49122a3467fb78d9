package inquiry_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/trace"
	"custody/trace/inquiry"
)

// twins are two logins that share all their customers, so that no complaint tells them
// apart, with forty planted customers shown to each alone.
func twins() (events []*custody.Event, last time.Time) {
	look := func(who custody.PersonID, s custody.SubjectID, at time.Time) {
		events = append(events, &custody.Event{Kind: custody.EventDisclosure, Time: at, System: bodyshop, Person: who, Session: custody.SessionID(who), Clear: phone, Subjects: []custody.SubjectID{s}})
	}
	at := morning
	for s := custody.SubjectID(1); s <= 600; s++ {
		at = at.Add(time.Hour)
		if s%20 == 0 {
			look(1, s, at)
			look(2, s, at.Add(time.Minute))
			continue
		}
		look(custody.PersonID(3+s%8), s, at)
	}
	for s := custody.SubjectID(1001); s <= 1080; s++ {
		look(1+custody.PersonID(s%2), s, at)
	}
	return events, at
}

func twinTrace(t *testing.T, calls ...string) *inquiry.Answer {
	t.Helper()
	events, last := twins()
	q := inquiry.New(time.UTC, nil)
	path, err := custody.ParseJoin("jobs.assignee = person.login")
	if err != nil {
		t.Fatal(err)
	}
	q.Reasons([]custody.Template{{Name: "own", Path: []custody.Join{path}}})
	if err := q.Events("ledger", bodyshop, false, all(events), viewer); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		s := custody.SubjectID(20 * (12 + 2*i))
		q.Add("C-"+string(rune('A'+i)), s, morning.Add(time.Duration(s)*time.Hour+48*time.Hour), trace.KnewAccident, "")
	}
	for i, meant := range calls {
		if meant == "anybody" {
			q.Add("P-"+string(rune('A'+i)), custody.SubjectID(1002+2*i), last.Add(48*time.Hour), trace.KnewNothing, "")
			continue
		}
		q.AddPlanted("P-"+string(rune('A'+i)), custody.SubjectID(1002+2*i), last.Add(48*time.Hour), meant)
	}
	a, err := q.Run(trace.Options{Seed: 1, Redraws: 99})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func chanceOf(a *inquiry.Answer, login string) float64 {
	for _, c := range a.Ranked {
		if c.Kind == inquiry.Login && c.Name.Name == login {
			return c.Posterior
		}
	}
	return 0
}

// TestPlantedSplit: two logins that no complaint tells apart are told who gets how many
// planted customers and where, and a call to one that was shown to one of them alone
// tells them apart.
func TestPlantedSplit(t *testing.T) {
	const first, second = "b@northfield.example", "c@northfield.example"
	before := twinTrace(t)
	if before.Named != nil || before.Rang != nil {
		t.Fatalf("named %v, rang %v", before.Named, before.Rang)
	}
	if one, two := chanceOf(before, first), chanceOf(before, second); one == 0 || max(one, two) > 2*min(one, two) {
		t.Fatalf("the twins are told apart before anything was planted: %v %v", one, two)
	}
	asked := map[string]inquiry.Planting{}
	for _, p := range before.Plan {
		asked[p.String()] = p
	}
	for _, login := range []string{first, second} {
		p, ok := asked["login "+login]
		if !ok || p.Customers != 459 || p.Where != "give each a row in jobs whose assignee is that of login "+login || p.Only != 40 {
			t.Errorf("%s gets %+v of %v", login, p, before.Plan)
		}
	}
	after := twinTrace(t, "login "+first)
	one, two := chanceOf(after, first), chanceOf(after, second)
	if one < 10*two || one <= chanceOf(before, first) {
		t.Errorf("a call to a planted customer that %s alone was shown moved %v : %v to %v : %v", first, chanceOf(before, first), chanceOf(before, second), one, two)
	}
	if person := twinTrace(t, "anybody"); one/two < 5*chanceOf(person, first)/chanceOf(person, second) {
		t.Errorf("the same call to a person would say nearly as much: %v : %v and %v : %v", one, two, chanceOf(person, first), chanceOf(person, second))
	}
	if len(after.Rang) != 1 || !strings.HasPrefix(after.Conclusion, "A planted customer was called: data has left. Of them: 1 meant for the login "+first+" alone.") {
		t.Errorf("%v: %s", after.Rang, after.Conclusion)
	}
}

// TestPlan: a plan has a line for each customer to plant, and what was filled in comes back.
func TestPlan(t *testing.T) {
	a := &inquiry.Answer{Plan: []inquiry.Planting{{Name: inquiry.Name{Kind: inquiry.Login, Name: `a "b", c`}, Customers: 2, Where: "here; there"},
		{Name: inquiry.Name{Kind: inquiry.Branch, Name: "Saltby"}, Customers: 1}}}
	var b bytes.Buffer
	if err := a.WritePlan(&b); err != nil {
		t.Fatal(err)
	}
	if list, empty, err := inquiry.ReadPlan(bytes.NewReader(b.Bytes())); len(list) != 0 || empty != 3 || err != nil {
		t.Errorf("%v %d %v", list, empty, err)
	}
	filled := "\ufeff" + strings.Replace(b.String(), "\n,", "\n 4711 ,", 1)
	list, empty, err := inquiry.ReadPlan(strings.NewReader(filled))
	if err != nil || empty != 2 || len(list) != 1 || list[0] != (inquiry.ToPlant{Key: "4711", Meant: `login a "b", c`}) {
		t.Errorf("%v %d %v", list, empty, err)
	}
	if list, _, err := inquiry.ReadPlan(strings.NewReader("for;subject\nbranch Saltby;9\n")); err != nil || len(list) != 1 || list[0].Key != "9" {
		t.Errorf("parted by semicolons: %v %v", list, err)
	}
	for _, bad := range []string{"", "key\n1\n", "subject\n\"1\n"} {
		if _, _, err := inquiry.ReadPlan(strings.NewReader(bad)); custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, _, err := inquiry.ReadPlan(strings.NewReader("subject\n" + strings.Repeat("1\n", inquiry.MaxPlan/2))); custody.CodeOf(err) != custody.CodeTooLarge {
		t.Errorf("too long: %v", err)
	}
}

// FuzzPlan: whatever is sent as a plan is read or refused, and each key that is read was
// in it.
func FuzzPlan(f *testing.F) {
	f.Add("subject,for,where\n1,login a,x\n,,\n")
	f.Add("\ufefffor;subject\nbranch b;2\n")
	f.Add("subject\n\"a\nb\",c,d\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, empty, err := inquiry.ReadPlan(strings.NewReader(text))
		if err != nil && (len(list) > 0 || empty > 0) {
			t.Errorf("refused and read: %v", list)
		}
		for _, p := range list {
			if p.Key == "" || p.Key != strings.TrimSpace(p.Key) || !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(text, `""`, `"`), "\r\n", "\n"), p.Key) {
				t.Errorf("%q is not of the text", p.Key)
			}
		}
	})
}
