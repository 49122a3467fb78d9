package portalcheck_test

import (
	"slices"
	"testing"

	"custody/custodytest"
	"custody/doctor/portalcheck"
)

// bodyshop starts the sample application, which is weak on purpose.
func bodyshop(t *testing.T) (url, database string) {
	t.Helper()
	pg := custodytest.Postgres(t)
	database = custodytest.Bodyshop(t, pg, 2000)
	url, _ = custodytest.BodyshopApp(t, pg, database)
	return url, database
}

// TestBodyshop: what is weak on purpose is found, and nothing else.
func TestBodyshop(t *testing.T) {
	at, _ := bodyshop(t)
	o := options(t, at)
	o.Account = &portalcheck.Account{User: "northfield.ashbridge", Password: "Northfield1"}
	o.Other = &portalcheck.Account{User: "severnside.westing", Password: "Severnside1"}
	o.Consent, o.Change = true, "/account"
	r := examine(t, o)
	compare(t, r,
		"critical export: /export/customers.csv",
		"critical export: /export/customers.xlsx",
		"serious cookies: session secure",
		"serious passwords: short",
		"serious passwords: common",
		"warning passwords: name",
		"serious throttle: tries",
	)
	if g := portalcheck.Grade(&r.Report); g != "F" {
		t.Errorf("grade %s", g)
	}
	if got := skips(r); !slices.Equal(got, []string{"tls", "redirect", "hsts"}) {
		t.Errorf("not checked: %v", got)
	}
	again := examine(t, portalcheck.Options{URL: o.URL, Account: o.Account, Every: 1, Canonical: o.Canonical})
	if slices.Contains(skips(again), "export") {
		t.Error("the test account has another password afterwards")
	}
}
