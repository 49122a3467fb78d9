package identity_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/policy"
	"custody/store"
)

// changer makes changes of rights at random.
type changer struct {
	*kit
	rnd    *rand.Rand
	logins []string
	made   []int64 // credentials
	grants []custody.GrantID
}

func (c *changer) who() string { return c.logins[c.rnd.IntN(len(c.logins))] }

// step makes one change; one that does not fit changes nothing.
func (c *changer) step(t *testing.T, n int) string {
	now, login := c.clock.now(), c.who()
	p, err := c.Find(login)
	must(t, err)
	what := c.rnd.IntN(12)
	switch what {
	case 0:
		login = fmt.Sprintf("p%d@northfield.example", n)
		_, err := c.AddPerson(identity.NewPerson{Login: login, FullName: "Person", Organisation: "Northfield", Roles: []string{"estimator"}})
		must(t, err)
		c.logins = append(c.logins, login)
	case 1:
		err = c.Leave(login)
	case 2, 3:
		kind := []identity.ChangeKind{identity.Return, identity.Move, identity.Roles, identity.Rename, identity.Leave}[c.rnd.IntN(5)]
		out := []identity.Outcome{{Change: identity.Change{Kind: kind, Login: login, FullName: fmt.Sprintf("Person %d", n), Organisation: []string{"Northfield", "Southfield"}[c.rnd.IntN(2)],
			Roles: []string{"estimator", "manager"}[:1+c.rnd.IntN(2)], At: now.Add(time.Duration(c.rnd.IntN(3)) * time.Hour)}}}
		err = c.store.Employ(out, now, false)
	case 4, 5:
		var k *identity.Credential
		if _, k, err = c.IssueToken(identity.CredentialRequest{Login: login, System: "bodyshop"}); err == nil {
			c.made = append(c.made, k.ID)
		}
	case 6:
		if len(c.made) > 0 {
			_ = c.store.RevokeCredential(c.made[c.rnd.IntN(len(c.made))], now)
		}
	case 7:
		g := policy.Grant{Person: login, System: "bodyshop", See: 1, Start: now, End: now.Add(time.Duration(1+n) * time.Minute)}
		must(t, c.store.AddGrant(&g))
		c.grants = append(c.grants, g.ID)
	case 8:
		if len(c.grants) > 0 {
			_ = c.store.EndGrant(c.grants[c.rnd.IntN(len(c.grants))], now)
		}
	case 9:
		must(t, c.store.RecordTraining(context.Background(), &store.TrainingRecord{Course: "course", Person: p.ID, Taken: now, KeptBy: keeper(p.ID), Evidence: "x"}, now))
	case 10:
		_, err = c.store.EnsureSystem(fmt.Sprintf("system%d", n))
		must(t, err)
	case 11:
		_, err = c.store.Lock(p.ID, identity.CutCompromised, now)
	}
	return fmt.Sprintf("step %d of kind %d, %v", n, what, err)
}

// keeper is somebody else than a person.
func keeper(p custody.PersonID) custody.PersonID {
	if p == 1 {
		return 2
	}
	return 1
}

// TestChangesAreAllThereIs: whatever changes, and however much of it at a time, a gateway
// that reads what a change was about has the rights of one that reads everything.
func TestChangesAreAllThereIs(t *testing.T) {
	for seed := range uint64(2) {
		c := &changer{kit: newKit(t), rnd: rand.New(rand.NewPCG(seed, 3)), logins: []string{"alice@northfield.example", "bob@northfield.example"}}
		must(t, c.store.AddCourse(context.Background(), &store.Course{Name: "course", Title: "Course", Days: 1}, c.clock.now()))
		must(t, c.Reload())
		seen, err := c.store.Touched(0)
		must(t, err)
		facts, err := c.store.Facts(c.clock.now(), "1")
		must(t, err)
		partial := 0
		for n := range 30 {
			done := c.step(t, n)
			if c.rnd.IntN(3) == 0 {
				continue
			}
			touched, err := c.store.Touched(seen.Generation)
			must(t, err)
			if !touched.All && len(touched.People) > 0 {
				partial++
			}
			must(t, c.Reload())
			if d := c.Differs(c.service(t), c.clock.now()); d != "" {
				t.Fatalf("seed %d, %s: %s", seed, done, d)
			}
			all, err := c.store.Facts(c.clock.now(), "1")
			must(t, err)
			facts.Holdings = c.held(t, facts.Holdings, all.Holdings, touched)
			if !reflect.DeepEqual(inDate(facts.Holdings, c.clock.now()), inDate(all.Holdings, c.clock.now())) {
				t.Fatalf("seed %d, %s: holdings %v, not %v", seed, done, facts.Holdings, all.Holdings)
			}
			seen = touched
		}
		if partial == 0 {
			t.Errorf("seed %d: everything was read each time", seed)
		}
	}
}

// held is what people hold, read again for those who were touched.
func (c *changer) held(t *testing.T, before, all map[custody.PersonID][]policy.Holding, touched store.Touched) map[custody.PersonID][]policy.Holding {
	if touched.All {
		return all
	}
	found, err := c.store.HoldingsOf(touched.People, c.clock.now(), "1")
	must(t, err)
	next := maps.Clone(before)
	for _, p := range touched.People {
		delete(next, p)
	}
	maps.Copy(next, found)
	return next
}

// inDate leaves what is held now.
func inDate(held map[custody.PersonID][]policy.Holding, now time.Time) map[custody.PersonID][]policy.Holding {
	some := map[custody.PersonID][]policy.Holding{}
	for p, list := range held {
		for _, h := range list {
			if h.Current(now) {
				some[p] = append(some[p], h)
			}
		}
	}
	return some
}

// TestRestraintsEndBeside: a restraint that has run out is gone with the next change, also
// where that is about somebody else and only what it is about is read.
func TestRestraintsEndBeside(t *testing.T) {
	k := newKit(t)
	alice, err := k.Find("alice@northfield.example")
	must(t, err)
	now := k.clock.now()
	a := store.Alert{Key: "a", Person: alice.ID, Rules: []string{"facts"}, Says: "Looked at 39 customers.", Raised: now, Made: now, Body: []byte("{}")}
	_, err = k.store.PutAlert(&a)
	must(t, err)
	must(t, k.store.AddRestraint(&store.Restraint{Alert: a.ID, Person: alice.ID, Fresh: true, Start: now, End: now.Add(time.Hour)}))
	must(t, k.Reload())
	seen, err := k.store.Touched(0)
	must(t, err)
	k.clock.pass(2 * time.Hour)
	k.person(t, "carol")
	touched, err := k.store.Touched(seen.Generation)
	must(t, err)
	if touched.All {
		t.Fatal("everything is read: this shows nothing")
	}
	must(t, k.Reload())
	if d := k.Differs(k.service(t), k.clock.now()); d != "" {
		t.Error(d)
	}
}

// TestRestraintsEndByThemselves: the end of a restraint is a moment at which rights are
// read, though nothing else changes: what signed a person in before opens again then.
func TestRestraintsEndByThemselves(t *testing.T) {
	k := newKit(t)
	alice, err := k.Find("alice@northfield.example")
	must(t, err)
	token := k.token(t, "alice")
	k.clock.pass(time.Minute)
	now := k.clock.now()
	end := now.Add(time.Hour).Truncate(time.Millisecond)
	a := store.Alert{Key: "a", Person: alice.ID, Rules: []string{"facts"}, Says: "Looked at 39 customers.", Raised: now, Made: now, Body: []byte("{}")}
	_, err = k.store.PutAlert(&a)
	must(t, err)
	must(t, k.store.AddRestraint(&store.Restraint{Alert: a.ID, Person: alice.ID, Fresh: true, Start: now, End: end}))
	must(t, k.Reload())
	if _, err := k.signIn(t, "alice@northfield.example", token, "192.0.2.1"); err == nil {
		t.Fatal("the old token opens under the restraint")
	}
	if next := k.NextChange(); !next.Equal(end) {
		t.Fatalf("the next change is at %v, not at the end of the restraint", next)
	}
	k.clock.pass(end.Sub(now))
	must(t, k.Reload()) // as the gate does at the next change
	_, err = k.signIn(t, "alice@northfield.example", token, "192.0.2.1")
	must(t, err)
}
