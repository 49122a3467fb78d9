package portalcheck_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/doctor"
	"custody/doctor/portalcheck"
	"custody/policy"
	"custody/portal/upstream"
	"custody/site"
)

// TestBehindGate: the same application behind the gate has nothing but notes.
func TestBehindGate(t *testing.T) {
	at, database := bodyshop(t)
	p := custodytest.NewPortal(t, custodytest.Postgres(t), database, at, func(o *site.Portal) {
		o.SignIn = custodytest.FormSignIn("northfield.ashbridge:Northfield1")
		o.SignIn.Form = upstream.Form{Path: "/login", UserField: "user", PasswordField: "password"}
	})
	p.Person("alice", policy.Grant{See: custody.Categories(custody.Name, custody.Phone, custody.Email, custody.Vehicle, custody.Address)})
	o := options(t, p.URL)
	o.TLS = p.Roots()
	o.Session = "__Host-custody_" + database + "=" + p.Cookie("alice")
	r := examine(t, o)
	r.Findings = slices.DeleteFunc(r.Findings, func(f doctor.Finding) bool { return f.Object == "expiry" }) // the tests' certificates live for hours
	compare(t, r)
	if g := portalcheck.Grade(&r.Report); g != "A" {
		t.Errorf("grade %s", g)
	}
	if got := skips(r); !slices.Equal(got, []string{"redirect", "cookies", "session", "passwords", "enumeration", "throttle"}) {
		t.Errorf("not checked: %v", got)
	}
}

// TestSchedule: a running gate tests the application by itself, keeps what it finds and
// tells the log, without a customer in it.
func TestSchedule(t *testing.T) {
	at, database := bodyshop(t)
	p := custodytest.NewPortal(t, custodytest.Postgres(t), database, at, func(o *site.Portal) {
		o.SignIn = custodytest.FormSignIn("northfield.ashbridge:Northfield1")
		o.Check = site.PortalCheck{Every: time.Hour, Pause: time.Nanosecond,
			Account: func() (string, string, error) { return "northfield.ashbridge", "Northfield1", nil }}
	})
	deadline := time.Now().Add(time.Minute)
	for !strings.Contains(p.Log.String(), "check=portal-export") {
		if time.Now().After(deadline) {
			t.Fatalf("nothing was told:\n%s", p.Log)
		}
		time.Sleep(10 * time.Millisecond)
	}
	log := p.Log.String()
	if !strings.Contains(log, "FALLS FURTHER SHORT") || strings.Contains(log, "Northfield1") || strings.Contains(log, "07700") {
		t.Errorf("the log:\n%s", log)
	}
}
