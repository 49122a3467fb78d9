package portalcheck_test

import (
	"slices"
	"testing"

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
