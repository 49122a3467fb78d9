package custody_test

import (
	"testing"
	"time"

	"custody"
)

func path(t *testing.T, joins ...string) (list []custody.Join) {
	t.Helper()
	for _, text := range joins {
		j, err := custody.ParseJoin(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, j)
	}
	return list
}

// TestTemplates: a path must lead from the customer to the person through tables.
func TestTemplates(t *testing.T) {
	good := [][]string{
		{"jobs.customer_id = subject", "jobs.branch = person.branch"},
		{"app.jobs.customer_id = subject", "branches.id = app.jobs.branch_id", "branches.name = person.branch"},
		{"person.login = staff.email", "jobs.staff_id = staff.id", "subject = jobs.customer_id", "person.organisation = staff.firm"},
	}
	for _, joins := range good {
		tpl := custody.Template{Name: "job", Path: path(t, joins...)}
		if err := tpl.Check(); err != nil {
			t.Errorf("%v: %v", joins, err)
		}
	}
	bad := [][]string{
		{},
		{"jobs.customer_id = subject"},  // nobody
		{"jobs.branch = person.branch"}, // no customer
		{"subject = person.login"},      // no table
		{"jobs.customer_id = subject", "staff.email = person.login"},      // not joined
		{"jobs.a = subject", "jobs.b = subject", "jobs.c = person.login"}, // twice
	}
	for _, joins := range bad {
		tpl := custody.Template{Name: "job", Path: path(t, joins...)}
		if custody.CodeOf(tpl.Check()) != custody.CodeInvalid {
			t.Errorf("%v is taken", joins)
		}
	}
	for _, text := range []string{"", "a=b", "jobs.a", "jobs.a = subject = x.y", "jobs.a;drop = subject", "jobs.a = person.shoe", `jobs."a" = subject`, "a.b.c.d = subject"} {
		if _, err := custody.ParseJoin(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	since := custody.Template{Name: "job", Path: path(t, good[0]...), Since: custody.Column{Table: "other", Name: "at"}, Within: time.Hour}
	if since.Check() == nil {
		t.Error("a time in a table off the path is taken")
	}
}

// TestPersonFacts: each fact that a path may name is known of a session.
func TestPersonFacts(t *testing.T) {
	s := custody.Session{Login: "alice@northfield.example", FullName: "Alice Smith", Branch: "12", OrgName: "Northfield"}
	for _, name := range custody.PersonFacts {
		if s.PersonFact(name) == "" {
			t.Errorf("%s is not known", name)
		}
	}
	if s.PersonFact("user") != "alice" || s.PersonFact("shoe") != "" {
		t.Error("a fact is another's")
	}
}

// FuzzParseJoin: no text makes it fail otherwise than with an error, and what it takes
// it takes again as it writes it.
func FuzzParseJoin(f *testing.F) {
	for _, s := range []string{"jobs.customer_id = subject", "person.branch=a.b.c", "=", "a.b = ", "\x00.\x00 = subject"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		j, err := custody.ParseJoin(text)
		if err != nil {
			return
		}
		again, err := custody.ParseJoin(j.Left.String() + " = " + j.Right.String())
		if err != nil || again != j {
			t.Errorf("%q: %v %v", text, again, err)
		}
	})
}

// TestTemplateSQL: the question names columns only, and its values are parameters.
func TestTemplateSQL(t *testing.T) {
	tpl := custody.Template{Name: "job", Path: path(t, "jobs.customer_id = subject", "app.branches.id = jobs.branch_id", "person.branch = app.branches.name"),
		Since: custody.Column{Table: "jobs", Name: "updated_at"}, Within: time.Hour}
	want := `SELECT DISTINCT "public"."jobs"."customer_id"::text FROM "public"."jobs", "app"."branches"` +
		` WHERE "public"."jobs"."customer_id" = ANY($1) AND "app"."branches"."id" = "public"."jobs"."branch_id"` +
		` AND "app"."branches"."name" = $2 AND "public"."jobs"."updated_at" >= $3`
	if got := tpl.SQL(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if facts := tpl.Facts(); len(facts) != 1 || facts[0] != "branch" {
		t.Errorf("it asks for %v", facts)
	}
}
