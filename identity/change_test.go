package identity_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/policy"
	"custody/store"
)

const aliceLogin = "alice@northfield.example"

func (k *kit) cut(t testing.TB, c *identity.Cut, err error) *identity.Cut {
	t.Helper()
	must(t, err)
	if c == nil {
		t.Fatal("nothing was cut")
	}
	return c
}

// TestLeavingShowsWhatWasCut counts everything that hangs on an engagement.
func TestLeavingShowsWhatWasCut(t *testing.T) {
	k := newKit(t)
	k.live(t, "alice")
	k.live(t, "alice")
	_, _, err := k.Enrol(aliceLogin, 0)
	must(t, err)
	must(t, k.Link(aliceLogin, "https://login.northfield.example", "a-1"))
	must(t, k.store.AddGrant(&policy.Grant{Person: aliceLogin, System: "bodyshop", See: custody.Categories(custody.Name), Start: k.clock.now()}))
	k.clock.pass(time.Minute)
	c, err := k.LeaveAt(aliceLogin, "", time.Time{})
	c = k.cut(t, c, err)
	if c.Kind != identity.CutLeft || c.Organisation != "Northfield" || c.Sessions != 2 || c.Tokens < 1 || c.Enrolments != 1 || c.Accounts != 1 || c.Grants != 1 {
		t.Errorf("cut %+v", c)
	}
	if again, err := k.LeaveAt(aliceLogin, "", time.Time{}); err != nil || again != nil {
		t.Errorf("leaving twice cut %+v, %v", again, err)
	}
	cuts, err := k.Cuts(c.Person)
	must(t, err)
	if len(cuts) != 1 || cuts[0].Sessions != 2 {
		t.Errorf("on record: %+v", cuts)
	}
	notices, err := k.store.Unrouted(10)
	must(t, err)
	if len(notices) != 1 || notices[0].Kind != "person.left" || notices[0].To[0].Organisation == 0 {
		t.Errorf("notices %+v", notices)
	}
}

// TestPlannedLeaverIsCutAtTheStrokeOfMidnight: the end of the last day in London, around
// the days on which the clocks go forward and back, whose lengths are 23 and 25 hours.
func TestPlannedLeaverIsCutAtTheStrokeOfMidnight(t *testing.T) {
	for _, change := range []struct {
		month time.Month
		hours float64
	}{{time.March, 23}, {time.October, 25}} {
		for _, after := range []int{0, 1} { // the midnight before the change, and the one after it
			t.Run(fmt.Sprintf("%v+%d", change.month, after), func(t *testing.T) {
				k := newKit(t)
				zone := london(t)
				sunday := time.Date(k.clock.now().Year()+1, change.month, 31, 0, 0, 0, 0, zone)
				sunday = sunday.AddDate(0, 0, -int(sunday.Weekday()))
				if day := sunday.AddDate(0, 0, 1).Sub(sunday).Hours(); day != change.hours {
					t.Fatalf("%v has %v hours: it is not the day of the change", sunday, day)
				}
				cutAt(t, k, sunday.AddDate(0, 0, after))
			})
		}
	}
}

// cutAt has somebody leave at a moment, and looks a nanosecond before and at it.
func cutAt(t *testing.T, k *kit, midnight time.Time) {
	t.Helper()
	k.clock.pass(midnight.Add(-time.Hour).Sub(k.clock.now()))
	alice := k.live(t, "alice")
	if c, err := k.LeaveAt(aliceLogin, "", midnight); err != nil || c != nil {
		t.Fatalf("planned: %+v, %v", c, err)
	}
	must(t, k.Valid(alice))
	if next := k.NextChange(); !next.Equal(midnight) {
		t.Fatalf("the next change is at %v, not at %v", next, midnight)
	}
	k.clock.pass(time.Hour - time.Nanosecond)
	must(t, k.Valid(alice))
	cuts, err := k.SettleDue()
	must(t, err)
	if len(cuts) != 0 {
		t.Fatalf("cut before midnight: %+v", cuts)
	}
	k.clock.pass(time.Nanosecond)
	wantCode(t, k.Valid(alice), custody.CodeRevoked)
	cuts, err = k.SettleDue()
	must(t, err)
	if len(cuts) != 1 || cuts[0].Sessions != 1 || !cuts[0].At.Equal(midnight) {
		t.Fatalf("cut at midnight: %+v", cuts)
	}
	if cuts, err = k.SettleDue(); err != nil || len(cuts) != 0 {
		t.Errorf("cut twice: %+v, %v", cuts, err)
	}
}

// TestMoveEndsTheOldRights: one employer at a time, and nothing of the old one opens
// the login at the new one.
func TestMoveEndsTheOldRights(t *testing.T) {
	k := newKit(t)
	old := k.live(t, "alice")
	must(t, k.Link(aliceLogin, "https://login.northfield.example", "a-1"))
	_, err := k.Engage(aliceLogin, "Southfield", nil, k.clock.now().AddDate(0, 1, 0), time.Time{})
	wantCode(t, err, custody.CodeConflict) // the old engagement is open
	k.clock.pass(time.Minute)
	c, err := k.MoveTo(aliceLogin, "Southfield", "York", []string{"estimator"}, time.Time{}, time.Time{})
	c = k.cut(t, c, err)
	if c.Kind != identity.CutMoved || c.Organisation != "Northfield" || c.Sessions != 1 || c.Accounts != 1 {
		t.Errorf("cut %+v", c)
	}
	wantCode(t, k.Valid(old), custody.CodeRevoked)
	must(t, k.Valid(k.live(t, "alice")))

	// The old employer's provider still vouches for the old address.
	_, err = k.LinkSubject(c.Person, "https://login.northfield.example", "a-1")
	wantCode(t, err, custody.CodeConflict)
	must(t, k.Link(aliceLogin, "https://login.southfield.example", "s-9")) // the administrator says so
	_, err = k.MoveTo(aliceLogin, "Southfield", "", nil, time.Time{}, time.Time{})
	wantCode(t, err, custody.CodeConflict)
}

func TestPlannedMoveHappensAtItsMoment(t *testing.T) {
	k := newKit(t)
	at := k.clock.now().Add(48 * time.Hour)
	old := k.live(t, "alice")
	if c, err := k.MoveTo(aliceLogin, "Southfield", "", []string{"auditor"}, at, time.Time{}); err != nil || c != nil {
		t.Fatalf("planned: %+v, %v", c, err)
	}
	must(t, k.Valid(old))
	k.clock.pass(48 * time.Hour)
	wantCode(t, k.Valid(old), custody.CodeRevoked)
	cuts, err := k.SettleDue()
	must(t, err)
	if len(cuts) != 1 || cuts[0].Kind != identity.CutMoved {
		t.Fatalf("cuts %+v", cuts)
	}
	if s := k.live(t, "alice"); s.OrgName != "Southfield" {
		t.Errorf("a session for %s", s.OrgName)
	}
}

// TestRolesChangeWithoutALeave: a session lives on while its roles are held.
func TestRolesChangeWithoutALeave(t *testing.T) {
	k := newKit(t)
	alice := k.live(t, "alice")
	k.clock.pass(time.Minute)
	must(t, k.SetRoles(aliceLogin, "Northfield", "", []string{"manager", "estimator"}, time.Time{}))
	must(t, k.Valid(alice))
	k.clock.pass(time.Minute)
	must(t, k.SetRoles(aliceLogin, "Northfield", "", []string{"manager"}, time.Time{}))
	wantCode(t, k.Valid(alice), custody.CodeRevoked)
	must(t, k.Valid(k.live(t, "alice")))
	if cuts, err := k.Cuts(0); err != nil || len(cuts) != 0 {
		t.Errorf("a change of roles cut %+v, %v", cuts, err)
	}
	people, err := k.People()
	must(t, err)
	if n := len(people[0].Engagements); n != 3 {
		t.Errorf("the record keeps %d engagements, want 3", n)
	}
}

// TestNothingIsHalfDone: one bad change, and none is made; a dry run makes none either.
func TestNothingIsHalfDone(t *testing.T) {
	k := newKit(t)
	join := func(login string) identity.Change {
		return identity.Change{Kind: identity.Join, Login: login, FullName: "New Person", Organisation: "Westfield"}
	}
	for name, list := range map[string][]identity.Change{
		"taken":    {join("carol@westfield.example"), join(aliceLogin)},
		"broken":   {join("carol@westfield.example"), join("reception@westfield.example")},
		"dry":      {join("carol@westfield.example")},
		"moved to": {join("carol@westfield.example"), {Kind: identity.Return, Login: aliceLogin, Organisation: "Westfield"}},
	} {
		out, err := k.Employ(list, name == "dry")
		must(t, err)
		if bad := out[len(out)-1].Err; (bad == nil) != (name == "dry") {
			t.Errorf("%s: %v", name, bad)
		}
		people, err := k.People()
		must(t, err)
		if len(people) != 2 {
			t.Fatalf("%s: %d people", name, len(people))
		}
		for _, o := range must2(t, k) {
			if o.Name == "Westfield" {
				t.Errorf("%s: the organisation was made", name)
			}
		}
	}
}

func must2(t *testing.T, k *kit) []identity.Organisation {
	t.Helper()
	list, err := k.Organisations()
	must(t, err)
	return list
}

// TestCompromisedLoginIsLockedUntilEnrolledAnew.
func TestCompromisedLoginIsLockedUntilEnrolledAnew(t *testing.T) {
	k := newKit(t)
	alice := k.live(t, "alice")
	must(t, k.Link(aliceLogin, "https://login.northfield.example", "a-1"))
	c, err := k.Compromised(aliceLogin)
	c = k.cut(t, c, err)
	if c.Sessions != 1 || c.Tokens < 1 || c.Accounts != 1 || c.Kind != identity.CutCompromised {
		t.Errorf("cut %+v", c)
	}
	wantCode(t, k.Valid(alice), custody.CodeRevoked)
	_, err = k.LinkSubject(c.Person, "https://login.northfield.example", "a-1")
	wantCode(t, err, custody.CodeConflict)
	code, _, err := k.Enrol(aliceLogin, 0)
	must(t, err)
	e, _, err := k.Enrolment(code)
	must(t, err)
	must(t, k.AddPasskey(&identity.Passkey{Person: c.Person, RP: "localhost", Credential: []byte("k"), Record: []byte("{}"), Name: "laptop"}, e.ID))
	_, err = k.LinkSubject(c.Person, "https://login.northfield.example", "a-1")
	must(t, err)
}

// TestDormantLoginsExpire: who has not signed in, but not who just did, was just given
// a way to, or has not begun.
func TestDormantLoginsExpire(t *testing.T) {
	k := newKit(t)
	must(t, k.Link(aliceLogin, "https://login.northfield.example", "a-1"))
	must(t, k.Link("bob@northfield.example", "https://login.northfield.example", "b-1"))
	k.clock.pass(40 * 24 * time.Hour)
	k.live(t, "bob")
	_, err := k.AddPerson(identity.NewPerson{Login: "carol@northfield.example", FullName: "Carol", Organisation: "Northfield", Start: k.clock.now().AddDate(0, 0, 60)})
	must(t, err)
	k.clock.pass(20 * 24 * time.Hour)
	cuts, err := k.ExpireDormant(45 * 24 * time.Hour)
	must(t, err)
	if len(cuts) != 1 || cuts[0].Login != aliceLogin || cuts[0].Accounts != 1 || cuts[0].Kind != identity.CutDormant {
		t.Fatalf("cuts %+v", cuts)
	}
	if cuts, err = k.ExpireDormant(45 * 24 * time.Hour); err != nil || len(cuts) != 0 {
		t.Errorf("expired twice: %+v, %v", cuts, err)
	}
}

// TestDutiesEndWithTheEngagement: who managed people or had a role in the console has
// neither after leaving or moving, nor on coming back; what would have begun later goes too.
func TestDutiesEndWithTheEngagement(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(k *kit) (*identity.Cut, error)
	}{
		{"left", func(k *kit) (*identity.Cut, error) { return k.LeaveAt(aliceLogin, "", time.Time{}) }},
		{"moved", func(k *kit) (*identity.Cut, error) {
			return k.MoveTo(aliceLogin, "Southfield", "", nil, time.Time{}, time.Time{})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			alice, bob := k.find(t, aliceLogin), k.find(t, "bob@northfield.example")
			now := k.clock.now()
			org := must2(t, k)[0].ID
			must(t, k.store.AddManager(t.Context(), 0, &store.Manager{Person: alice, Organisation: org, Branch: "York"}, now))
			must(t, k.store.AddManager(t.Context(), 0, &store.Manager{Person: bob, Organisation: org}, now))
			must(t, k.store.AddConsoleRole(&store.ConsoleRole{Person: alice, Role: "lead", Start: now}))
			must(t, k.store.AddConsoleRole(&store.ConsoleRole{Person: bob, Role: "lead", Start: now}))
			must(t, k.store.AddGrant(&policy.Grant{Person: aliceLogin, System: "bodyshop", See: custody.Categories(custody.Name), Start: now.AddDate(0, 1, 0)}))
			k.clock.pass(time.Minute)
			cut, err := c.end(k)
			cut = k.cut(t, cut, err)
			if cut.Duties != 2 || c.name == "left" && cut.Grants != 1 {
				t.Errorf("cut %+v", cut)
			}
			if c.name == "left" {
				k.clock.pass(time.Hour)
				_, err := k.Engage(aliceLogin, "Northfield", nil, k.clock.now(), time.Time{})
				must(t, err)
			}
			for who, want := range map[custody.PersonID]int{alice: 0, bob: 2} {
				holds, err := k.store.ConsoleHolds(who, k.clock.now())
				must(t, err)
				if len(holds) != want {
					t.Errorf("person %d holds %+v, want %d", who, holds, want)
				}
			}
			managers, err := k.store.Managers(t.Context(), false)
			must(t, err)
			if slices.ContainsFunc(managers, func(m store.Manager) bool { return m.Person == alice }) {
				t.Error("still manages York")
			}
			cuts, err := k.Cuts(alice)
			must(t, err)
			if len(cuts) != 1 || cuts[0].Duties != 2 {
				t.Errorf("on record: %+v", cuts)
			}
		})
	}
}

// find gives the number of a person.
func (k *kit) find(t *testing.T, login string) custody.PersonID {
	t.Helper()
	people, err := k.People()
	must(t, err)
	for _, p := range people {
		if p.Login == login {
			return p.ID
		}
	}
	t.Fatalf("nobody is %s", login)
	return 0
}
