package policy_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/policy"
)

// A Monday, 10:30:20 in London and UTC.
var monday = time.Date(2026, 3, 2, 10, 30, 20, 0, time.UTC)

func set(names string) (s custody.CategorySet) {
	for name := range strings.SplitSeq(names, ",") {
		if c, ok := custody.ParseCategory(name); ok {
			s |= custody.Categories(c)
		}
	}
	return s
}

func alice() *custody.Session {
	return &custody.Session{ID: 7, Person: 1, Organisation: 1, System: 1, SystemName: "bodyshop",
		Login: "alice@northfield.example", FullName: "Alice Smith", OrgName: "Northfield", Roles: []string{"estimator"}}
}

func portal() *custody.Session {
	return &custody.Session{ID: 8, Application: 1, ApplicationName: "portal", Organisation: 1, System: 1,
		SystemName: "bodyshop", Login: "portal", FullName: "portal", OrgName: "Northfield"}
}

func estimators(id custody.GrantID, see string) policy.Grant {
	return policy.Grant{ID: id, Role: "estimator", System: "bodyshop", See: set(see), Start: monday.Add(-time.Hour)}
}

func with(g policy.Grant, change func(*policy.Grant)) policy.Grant {
	change(&g)
	return g
}

func compile(t testing.TB, extra string, grants ...policy.Grant) *policy.Policy {
	t.Helper()
	p, err := policy.New(grants, []byte(extra))
	if err != nil {
		t.Fatalf("%v (%s)", err, custody.HintOf(err))
	}
	return p
}

func TestDecide(t *testing.T) {
	basic := estimators(1, "name,vehicle,phone")
	for _, c := range []struct {
		name   string
		grants []policy.Grant
		extra  string
		ask    func(*custody.Question)
		clear  string
		masked string
		grant  custody.GrantID
		limits custody.Limits
		reason bool
	}{
		{name: "no grant, nothing"},
		{name: "a role's grant", grants: []policy.Grant{basic}, clear: "name,phone,vehicle", grant: 1},
		{name: "of another role", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Role = "painter" })}},
		{name: "a person's grant", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Role, g.Person = "", "alice@northfield.example" })},
			clear: "name,phone,vehicle", grant: 1},
		{name: "another person's grant", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Role, g.Person = "", "bob@northfield.example" })}},
		{name: "the organisation's grant", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Role, g.Organisation = "", "Northfield" })},
			clear: "name,phone,vehicle", grant: 1},
		{name: "an organisation's grant is for its people, not its programs", ask: func(q *custody.Question) { q.Session = portal() },
			grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Role, g.Organisation = "", "Northfield" })}},
		{name: "an application's grant", ask: func(q *custody.Question) { q.Session = portal() },
			grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Role, g.Application = "", "portal" })}, clear: "name,phone,vehicle", grant: 1},
		{name: "a person behind an application has the person's grants only", ask: func(q *custody.Question) { q.Session.Application, q.Session.ApplicationName = 1, "portal" },
			grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Role, g.Application = "", "portal" }), with(estimators(2, "email"), func(*policy.Grant) {})},
			clear:  "email", grant: 2},
		{name: "another system", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.System = "claims" })}},
		{name: "not started", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Start = monday.Add(time.Nanosecond) })}},
		{name: "ended just now", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.End = monday })}},
		{name: "ends in a moment", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.End = monday.Add(time.Nanosecond) })}, clear: "name,phone,vehicle", grant: 1},
		{name: "masked", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Mask = set("phone,bank") })}, clear: "name,phone,vehicle", masked: "bank", grant: 1},
		{name: "clear beats masked", clear: "phone", grant: 2,
			grants: []policy.Grant{with(estimators(1, ""), func(g *policy.Grant) { g.Mask = set("phone") }), estimators(2, "phone")}},
		{name: "seeing is not exporting", grants: []policy.Grant{basic}, ask: func(q *custody.Question) { q.Action = custody.Export }},
		{name: "export", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Export, g.Mask = true, set("bank") })}, ask: func(q *custody.Question) { q.Action = custody.Export },
			clear: "name,phone,vehicle", masked: "bank", grant: 1},
		{name: "change", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Change = set("email") })}, ask: func(q *custody.Question) { q.Action = custody.Change }, clear: "email", grant: 1},
		{name: "reason missing", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.ReasonRequired = true })}, reason: true},
		{name: "reason stated", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.ReasonRequired = true })}, ask: func(q *custody.Question) { q.Reason = "claim 123" }, clear: "name,phone,vehicle", grant: 1},
		{name: "part needs a reason", grants: []policy.Grant{basic, with(estimators(2, "bank"), func(g *policy.Grant) { g.ReasonRequired = true })},
			clear: "name,phone,vehicle", grant: 1, reason: true},
		{name: "a reason would not help what is forbidden", extra: `forbid(principal, action, resource);`,
			grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.ReasonRequired = true })}},
		{name: "limits of one grant", grants: []policy.Grant{with(basic, func(g *policy.Grant) { g.Limits = custody.Limits{PerHour: 60, PerDay: 200} })},
			clear: "name,phone,vehicle", grant: 1, limits: custody.Limits{PerHour: 60, PerDay: 200}},
		{name: "the largest limit of several", grants: []policy.Grant{
			with(basic, func(g *policy.Grant) { g.Limits = custody.Limits{PerHour: 60, PerDay: 200, PerExport: 5} }),
			with(estimators(2, "phone"), func(g *policy.Grant) { g.Limits = custody.Limits{PerHour: 100, PerDay: 100} })},
			clear: "name,phone,vehicle", grant: 1, limits: custody.Limits{PerHour: 100, PerDay: 200}},
		{name: "a grant that does not apply lends no limit", grants: []policy.Grant{
			with(basic, func(g *policy.Grant) { g.Limits = custody.Limits{PerDay: 200} }),
			with(estimators(2, "bank"), func(g *policy.Grant) { g.ReasonRequired = true })},
			clear: "name,phone,vehicle", grant: 1, limits: custody.Limits{PerDay: 200}, reason: true},
		{name: "the grant that opens most is named", grants: []policy.Grant{estimators(1, "phone"), estimators(2, "name,vehicle,phone")}, clear: "name,phone,vehicle", grant: 2},
		{name: "the first of equals is named", grants: []policy.Grant{estimators(4, "phone"), estimators(5, "phone")}, clear: "phone", grant: 4},
		{name: "forbid wins", grants: []policy.Grant{basic}, extra: `forbid(principal, action, resource == Category::"phone");`, clear: "name,vehicle", grant: 1},
		{name: "forbid outside hours, inside them", grants: []policy.Grant{basic}, clear: "name,phone,vehicle", grant: 1,
			extra: `forbid(principal, action, resource) when { context.hour < 8 || context.hour >= 18 || context.weekday > 5 };`},
		{name: "forbid outside hours, at night", grants: []policy.Grant{basic}, ask: func(q *custody.Question) { q.Time = monday.Add(9 * time.Hour) },
			extra: `forbid(principal, action, resource) when { context.hour < 8 || context.hour >= 18 || context.weekday > 5 };`},
		{name: "hours are London's, in summer too", grants: []policy.Grant{basic}, clear: "name,phone,vehicle", grant: 1,
			ask:   func(q *custody.Question) { q.Time = time.Date(2026, 7, 6, 7, 30, 0, 0, time.UTC) },
			extra: `forbid(principal, action, resource) unless { context.hour == 8 };`},
		{name: "Sunday is 7", grants: []policy.Grant{basic}, ask: func(q *custody.Question) { q.Time = monday.AddDate(0, 0, 6) },
			extra: `forbid(principal, action, resource) when { context.weekday == 7 };`},
		{name: "counts", grants: []policy.Grant{basic}, ask: func(q *custody.Question) { q.Day = 100 },
			extra: `forbid(principal, action, resource) when { context.subjectsToday >= 100 };`},
		{name: "a hand-written permit has limits of its own", extra: `@treatment("masked") permit(principal in Role::"estimator", action == Action::"see", resource == Category::"bank");`,
			masked: "bank", limits: policy.ExtraLimits},
		{name: "a hand-written permit's annotated limits", extra: `@treatment("clear") @per_hour("5") @per_day("none") permit(principal, action, resource in System::"bodyshop") when { resource == Category::"name" };`,
			clear: "name", limits: custody.Limits{PerHour: 5, PerExport: policy.ExtraLimits.PerExport}},
		{name: "only through the portal, directly", grants: []policy.Grant{basic}, extra: `forbid(principal is Person, action, resource) unless { context has application };`},
		{name: "only through the portal, through it", grants: []policy.Grant{basic}, extra: `forbid(principal is Person, action, resource) unless { context has application && context.application == Application::"portal" };`,
			ask: func(q *custody.Question) { q.Session.Application, q.Session.ApplicationName = 1, "portal" }, clear: "name,phone,vehicle", grant: 1},
		{name: "a condition on the reason's words", grants: []policy.Grant{basic}, ask: func(q *custody.Question) { q.Reason = "curious" },
			extra: `forbid(principal, action, resource) unless { context has reason && context.reason like "claim *" };`},
		{name: "a forbid that fails forbids", grants: []policy.Grant{basic},
			extra: `forbid(principal, action, resource) when { context.time * 9223372036854775807 > 0 };`},
		{name: "a permit that fails permits nothing",
			extra: `@treatment("clear") permit(principal, action, resource) when { context.time * 9223372036854775807 > 0 };`},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := custody.Question{Session: alice(), Action: custody.See, Time: monday}
			if c.ask != nil {
				c.ask(&q)
			}
			d := compile(t, c.extra, c.grants...).Decide(q)
			if got := d.With(custody.Clear); got != set(c.clear) {
				t.Errorf("clear: %v, want %v", got, set(c.clear))
			}
			if got := d.With(custody.Masked); got != set(c.masked) {
				t.Errorf("masked: %v, want %v", got, set(c.masked))
			}
			if d.Grant != c.grant || d.Limits != c.limits || d.ReasonRequired != c.reason {
				t.Errorf("grant %d, limits %v, reason %v; want %d, %v, %v", d.Grant, d.Limits, d.ReasonRequired, c.grant, c.limits, c.reason)
			}
			if d.Why == "" || strings.Contains(d.Why, "@") {
				t.Errorf("why: %q", d.Why)
			}
		})
	}
}

func TestValidUntil(t *testing.T) {
	basic := estimators(1, "name")
	for _, c := range []struct {
		name   string
		grants []policy.Grant
		extra  string
		want   time.Time
	}{
		{"the next minute", []policy.Grant{basic}, "", monday.Add(40 * time.Second)},
		{"nothing permitted yet", nil, "", monday.Add(40 * time.Second)},
		{"the end of the grant", []policy.Grant{with(basic, func(g *policy.Grant) { g.End = monday.Add(time.Second) })}, "", monday.Add(time.Second)},
		{"the start of another grant", []policy.Grant{basic, with(basic, func(g *policy.Grant) { g.ID, g.Start = 2, monday.Add(2*time.Second) })}, "", monday.Add(2 * time.Second)},
		{"somebody else's grant does not matter", []policy.Grant{basic, with(basic, func(g *policy.Grant) { g.Role, g.End = "painter", monday.Add(time.Second) })}, "", monday.Add(40 * time.Second)},
		{"another system's grant does not matter", []policy.Grant{basic, with(basic, func(g *policy.Grant) { g.System, g.End = "claims", monday.Add(time.Second) })}, "", monday.Add(40 * time.Second)},
		{"a moment that has come, where it still counts", []policy.Grant{basic}, `forbid(principal, action, resource) when { context.time <= ` + unix(monday) + ` };`, monday.Add(time.Second)},
		{"a moment in a policy", []policy.Grant{basic}, `forbid(principal, action, resource) when { context.time > ` + unix(monday.Add(3*time.Second)) + ` };`, monday.Add(3 * time.Second)},
		{"a policy that counts", []policy.Grant{basic}, `forbid(principal, action, resource) when { context.subjectsToday > 5 };`, time.Time{}},
		{"a policy that counts, spelt otherwise", []policy.Grant{basic}, `forbid(principal, action, resource) when { context["subjectsThis\u{48}our"] > 5 };`, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := compile(t, c.extra, c.grants...).Decide(custody.Question{Session: alice(), Time: monday})
			if !d.ValidUntil.Equal(c.want) {
				t.Errorf("valid until %v, want %v", d.ValidUntil, c.want)
			}
		})
	}
}

func unix(t time.Time) string {
	return strconv.FormatInt(t.Unix(), 10)
}
