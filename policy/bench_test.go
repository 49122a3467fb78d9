package policy_test

import (
	"fmt"
	"testing"

	"custody"
	"custody/policy"
)

// BenchmarkDecide answers for all ten categories; a branch of a large group has
// hundreds of grants that are not the asker's.
func BenchmarkDecide(b *testing.B) {
	typical := []policy.Grant{with(estimators(1, "name,vehicle,phone"), func(g *policy.Grant) { g.Mask, g.Limits = set("bank"), custody.Limits{PerDay: 200} })}
	all := []policy.Grant{estimators(1, "name,phone,email,address,date-of-birth,vehicle,accident,policy,bank,free-text")}
	crowd := append([]policy.Grant{}, typical...)
	for i := range 500 {
		crowd = append(crowd, policy.Grant{ID: custody.GrantID(i + 2), Person: fmt.Sprintf("p%d@northfield.example", i), System: "bodyshop", See: set("name")})
	}
	hours := `forbid(principal, action, resource) when { context.hour < 8 || context.hour >= 18 };`
	for _, c := range []struct {
		name   string
		grants []policy.Grant
		extra  string
	}{{"none", nil, ""}, {"typical", typical, ""}, {"all-ten", all, ""}, {"all-ten-and-forbid", all, hours}, {"500-grants", crowd, hours}} {
		b.Run(c.name, func(b *testing.B) {
			p := compile(b, c.extra, c.grants...)
			q := custody.Question{Session: alice(), Time: monday, Reason: "claim 123"}
			b.ReportAllocs()
			for b.Loop() {
				p.Decide(q)
			}
		})
	}
}

// BenchmarkNew compiles 5,000 grants: what a change of one costs a large group
// (P3 allows 1 s for all).
func BenchmarkNew(b *testing.B) {
	var grants []policy.Grant
	for i := range 5000 {
		grants = append(grants, policy.Grant{ID: custody.GrantID(i + 1), Person: fmt.Sprintf("p%d@northfield.example", i), System: "bodyshop",
			See: set("name,phone,vehicle"), Mask: set("bank"), Start: monday, End: monday.AddDate(1, 0, 0)})
	}
	for b.Loop() {
		compile(b, "", grants...)
	}
}
