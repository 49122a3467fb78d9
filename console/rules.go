package console

import (
	"slices"
	"time"

	"custody"
)

type rulesData struct {
	Rules    []Rule
	Courses  []courseRow
	Missing  []Clause // clauses that are not on record, within reach
	Signed   int
	MissingN int
	MayKeep  bool
	MayAdd   bool
	Orgs     []string
}

// courseRow is a course with how many have it in date and for how many it runs out.
type courseRow struct {
	Course
	InDate, Soon int
}

// shownMissing is how many people without a clause the page lists.
const shownMissing = 50

func rulesPage(v *visit) error {
	d, err := v.rules()
	if err != nil {
		return err
	}
	return v.show("rules", "Rules and training", d)
}

func (v *visit) rules() (*rulesData, error) {
	d := &rulesData{MayKeep: v.may(areaRulesDo), MayAdd: v.reach(areaRulesDo).everywhere()}
	for id, name := range v.people.organisations() {
		if v.reach(areaRulesDo).organisation(id) {
			d.Orgs = append(d.Orgs, name)
		}
	}
	slices.Sort(d.Orgs)
	var err error
	if d.Rules, err = v.c.o.Register.Rules(v.r.Context(), 0); err != nil {
		return nil, err
	}
	if d.Courses, err = v.courses(); err != nil {
		return nil, err
	}
	clauses, err := v.clauses()
	for _, c := range clauses {
		if !c.Signed.IsZero() {
			d.Signed++
		} else if d.MissingN++; len(d.Missing) < shownMissing {
			d.Missing = append(d.Missing, c)
		}
	}
	return d, err
}

// courses counts who within reach has which course in date.
func (v *visit) courses() (rows []courseRow, err error) {
	courses, err := v.c.o.Register.Courses(v.r.Context())
	if err != nil {
		return nil, err
	}
	records, err := v.training()
	now := v.c.o.Now()
	for _, c := range courses {
		row := courseRow{Course: c}
		for _, t := range latest(records, c.Name) {
			if !now.Before(t.Until) {
				continue
			}
			row.InDate++
			if t.Until.Before(now.AddDate(0, 1, 0)) {
				row.Soon++
			}
		}
		rows = append(rows, row)
	}
	return rows, err
}

// training lists the records of people within reach.
func (v *visit) training() ([]Training, error) {
	all, err := v.c.o.Register.Training(v.r.Context(), 0)
	r := v.reach(areaRules)
	return slices.DeleteFunc(all, func(t Training) bool {
		p := v.people.byID[t.Person]
		return p == nil || !r.person(p)
	}), err
}

// clauses lists the register of clauses within reach.
func (v *visit) clauses() ([]Clause, error) {
	all, err := v.c.o.Register.Clauses(v.r.Context())
	r := v.reach(areaRules)
	return slices.DeleteFunc(all, func(c Clause) bool { return !r.organisation(c.Organisation) }), err
}

// staffed finds somebody by login within reach of an area.
func (v *visit) staffed(login string, a area) (*Person, error) {
	if p := v.people.byLogin(login); p != nil && v.reach(a).person(p) {
		return p, nil
	}
	return nil, custody.E(custody.CodeNotFound, "no person within your reach has this login", "write it in full, as on the page People")
}

// keepTraining keeps that somebody took a course. The store lets nobody keep their own.
func (v *visit) keepTraining(login, course string, taken time.Time, evidence string) error {
	p, err := v.staffed(login, areaRulesDo)
	if err != nil {
		return err
	}
	if taken.IsZero() {
		taken = v.c.o.Now()
	}
	return v.refused(v.c.o.Register.KeepTraining(v.r.Context(), &Training{Person: p.ID, Course: course, Taken: taken, Evidence: evidence}, v.sess.Person))
}

// revokeTraining takes back a record of somebody else within reach.
func (v *visit) revokeTraining(id int64) error {
	all, err := v.c.o.Register.Training(v.r.Context(), 0)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(t Training) bool { return t.ID == id && !t.Revoked })
	if at < 0 {
		return errNothing
	}
	p := v.people.byID[all[at].Person]
	switch {
	case p == nil || !v.reach(areaRulesDo).person(p):
		return errNothing
	case p.ID == v.sess.Person:
		return v.refused(custody.E(custody.CodeForbidden, "nobody takes back training of their own", "somebody else does it"))
	}
	return v.refused(v.c.o.Register.RevokeTraining(v.r.Context(), id, v.sess.Person))
}

// keepClause keeps that somebody's contract has the clause.
func (v *visit) keepClause(login, organisation string, signed time.Time, document string) error {
	p, err := v.staffed(login, areaRulesDo)
	if err != nil {
		return err
	}
	if signed.IsZero() {
		signed = v.c.o.Now()
	}
	for _, e := range p.Engagements {
		if e.OrgName == organisation && v.reach(areaRulesDo).organisation(e.Organisation) {
			return v.refused(v.c.o.Register.KeepClause(v.r.Context(), &Clause{Person: p.ID, Organisation: e.Organisation, Signed: signed, Document: document}, v.sess.Person))
		}
	}
	return custody.E(custody.CodeNotFound, "this employer within your reach does not engage them", "write its name as on their page")
}

func keepTrainingPage(v *visit) error {
	taken, err := v.day("taken")
	if err == nil {
		err = v.keepTraining(v.text("login"), v.text("course"), taken, v.text("evidence"))
	}
	return v.ruled(err)
}

func keepClausePage(v *visit) error {
	signed, err := v.day("signed")
	if err == nil {
		err = v.keepClause(v.text("login"), v.text("organisation"), signed, v.text("document"))
	}
	return v.ruled(err)
}

// ruled goes on to the page of rules, or shows it once more with what was wrong.
func (v *visit) ruled(err error) error {
	if err == nil {
		return v.seeOther("/rules", "recorded")
	}
	d, e := v.rules()
	if e != nil {
		return e
	}
	return v.again("rules", "Rules and training", d, err)
}

// latest gives each person's record of a course that lasts longest.
func latest(records []Training, course string) map[custody.PersonID]Training {
	all := map[custody.PersonID]Training{}
	for _, t := range records {
		if t.Course == course && !t.Revoked && t.Until.After(all[t.Person].Until) {
			all[t.Person] = t
		}
	}
	return all
}

// myRules lists the rules in force, with what the visitor accepted.
func (v *visit) myRules() ([]Rule, error) {
	all, err := v.c.o.Register.Rules(v.r.Context(), v.sess.Person)
	return slices.DeleteFunc(all, func(r Rule) bool { return !r.InForce }), err
}

// accept accepts the rule of the path for the visitor, in this session. Only what is in
// force can be accepted.
func (v *visit) accept() error {
	id, err := number[int64](v, "rule")
	if err != nil {
		return err
	}
	rules, err := v.myRules()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == id }) {
		return custody.E(custody.CodeNotFound, "there is no such rule in force", "open the page again: a newer version may be there")
	}
	return v.c.o.Register.Accept(v.r.Context(), id, v.sess)
}

func acceptRule(v *visit) error {
	if err := v.accept(); err != nil {
		return err
	}
	return v.seeOther("/me", "recorded")
}
