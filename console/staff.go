package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"custody"
)

// join adds a person with their first engagement, at an employer within reach.
func (v *visit) join(n *NewPerson) (*Person, error) {
	return v.engaging(n, v.c.o.Staff.Join)
}

// engage gives a known person a further engagement, at an employer within reach.
func (v *visit) engage(n *NewPerson) (*Person, error) {
	return v.engaging(n, v.c.o.Staff.Engage)
}

func (v *visit) engaging(n *NewPerson, do func(NewPerson) error) (*Person, error) {
	if err := v.reachesEmployer(n.Organisation); err != nil {
		return nil, err
	}
	n.Login = strings.ToLower(strings.TrimSpace(n.Login))
	if n.Login == v.sess.Login {
		return nil, v.refused(custody.E(custody.CodeForbidden, "nobody changes their own engagement here", "somebody else with the role does it"))
	}
	if err := do(*n); err != nil {
		return nil, err
	}
	v.c.o.Log.Info("an engagement was added in the console", "by", v.sess.ID)
	var err error
	if v.people, err = v.c.rosters.roster(); err != nil {
		return nil, err
	}
	if p := v.people.byLogin(n.Login); p != nil {
		return p, nil
	}
	return nil, custody.E(custody.CodeInternal, "the person was added but cannot be found", "open the list of people again; if they are missing, tell the administrator")
}

// reachesEmployer: who does not reach everybody adds people to employers within reach
// only, and makes no new ones.
func (v *visit) reachesEmployer(name string) error {
	r := v.reach(areaJoin)
	if r.everywhere() {
		return nil
	}
	for id, known := range v.people.organisations() {
		if known == name && r.organisation(id) {
			return nil
		}
	}
	return v.refused(custody.E(custody.CodeForbidden, "this employer is not within your reach", "somebody whose role reaches it does it"))
}

// touches says whether the visitor may end what a person has, at one employer or at all:
// it must be wholly within reach, and not their own.
func (v *visit) touches(p *Person, organisation string) error {
	if p.ID == v.sess.Person {
		return v.refused(custody.E(custody.CodeForbidden, "nobody ends their own engagement here", "somebody else with the role does it"))
	}
	now, within := v.c.o.Now(), false
	for _, e := range p.Engagements {
		if !e.End.IsZero() && !now.Before(e.End) || organisation != "" && e.OrgName != organisation {
			continue
		}
		if !v.reach(areaLeave).organisation(e.Organisation) {
			return v.refused(custody.E(custody.CodeForbidden, "this person is engaged by somebody else too", "an administrator whose role reaches all employers ends it"))
		}
		within = true
	}
	if !within && organisation != "" {
		return custody.E(custody.CodeNotFound, "this employer does not engage them", "write its name as on their page")
	}
	return nil
}

// end ends a person's engagements, now for the zero time, and gives what was cut. What is
// planned has cut nothing yet.
func (v *visit) end(p *Person, organisation string, at time.Time) (*Cut, error) {
	if err := v.touches(p, organisation); err != nil {
		return nil, err
	}
	cut, err := v.c.o.Staff.Leave(p.Login, organisation, at)
	if err != nil {
		return nil, err
	}
	v.c.o.Log.Info("a person's engagements were ended in the console", "person", p.ID, "by", v.sess.ID)
	if now := v.c.o.Now(); cut == nil {
		cut = &Cut{Person: p.ID, Organisation: organisation, Kind: "left", At: now, Done: now, Ended: "nothing else"}
		if at.After(now) {
			cut.Kind, cut.At, cut.Done, cut.Ended = "planned", at, time.Time{}, "nothing yet"
		}
	}
	return cut, nil
}

// lock takes away everything with which somebody else could sign in as a person.
func (v *visit) lock(p *Person) (*Cut, error) {
	if err := v.touches(p, ""); err != nil {
		return nil, err
	}
	v.c.o.Log.Warn("a login was locked in the console", "person", p.ID, "by", v.sess.ID)
	return v.c.o.Staff.Lock(p.Login)
}

// leavingRow is an engagement that ends at a moment to come.
type leavingRow struct {
	ID              custody.PersonID
	Name, Login, Of string
	At              string // branch
	End             time.Time
}

// leavings lists whose engagement ends at a moment to come, soonest first.
func (v *visit) leavings() (rows []leavingRow) {
	now, r := v.c.o.Now(), v.reach(areaPeople)
	for _, p := range v.people.sorted {
		for _, e := range p.Engagements {
			if e.End.After(now) && r.at(e.Organisation, e.Branch) {
				rows = append(rows, leavingRow{p.ID, p.FullName, p.Login, e.OrgName, e.Branch, e.End})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b leavingRow) int { return a.End.Compare(b.End) })
	return rows
}

// typed holds a form to the login that it is about, so that it is not another by mistake.
func (v *visit) typed(p *Person) error {
	if v.text("login") != p.Login {
		return custody.E(custody.CodeInvalid, "the login that you typed is not this person's", "go back and type it as it stands on their page")
	}
	return nil
}

// leave ends all of a person, now or after their last day.
func leave(v *visit) error {
	p, err := v.person()
	if err != nil {
		return err
	}
	if err := v.typed(p); err != nil {
		return err
	}
	last, err := v.day("last")
	if err != nil {
		return err
	}
	done := "left"
	if !last.IsZero() {
		last, done = last.AddDate(0, 0, 1), "planned" // days at which the clock changes have 23 or 25 hours
	}
	if _, err := v.end(p, "", last); err != nil {
		return err
	}
	return v.seeOther(fmt.Sprintf("/people/%d", p.ID), done)
}

// compromised locks a login that somebody else may know.
func compromised(v *visit) error {
	p, err := v.person()
	if err != nil {
		return err
	}
	if err := v.typed(p); err != nil {
		return err
	}
	if _, err := v.lock(p); err != nil {
		return err
	}
	return v.seeOther(fmt.Sprintf("/people/%d", p.ID), "locked")
}

// addPerson adds somebody from the page of people.
func addPerson(v *visit) error {
	start, err := v.day("start")
	if err == nil {
		var p *Person
		p, err = v.join(&NewPerson{Login: v.text("login"), FullName: v.text("name"), Organisation: v.text("organisation"), Branch: v.text("branch"),
			Roles: strings.FieldsFunc(v.text("roles"), func(r rune) bool { return r == ',' || r == ' ' }), Start: start})
		if err == nil {
			return v.seeOther(fmt.Sprintf("/people/%d", p.ID), "joined")
		}
	}
	return v.again("people", "People", v.peopleFound(), err)
}
