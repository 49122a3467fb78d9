package console

import (
	"context"
	"fmt"
	"slices"
	"time"

	"custody"
)

// Processor is a contractor or partner of the register.
type Processor struct {
	Organisation  custody.OrganisationID
	Name          string
	Kind          string
	Contact       string
	Contract      string
	ContractStart time.Time
	ContractEnd   time.Time // zero: open
	Instructions  string
	ReviewDue     time.Time
	Ended         time.Time
	InDate        bool // its people may sign in
	People        int
	Scopes        []ProcessorScope
	Papers        []Paper
	Reviews       []ProcessorReview
	Transfers     []Transfer
}

// ProcessorScope is what a processor may have of a system.
type ProcessorScope struct {
	System     string
	Categories custody.CategorySet
}

// Paper is a sub-processor, a certificate or a portal of a processor.
type Paper struct {
	Kind, Name, About, Evidence string
	Since, Till                 time.Time // a zero Till is open
}

// ProcessorReview is a review of a processor with its evidence.
type ProcessorReview struct {
	Held                        time.Time
	By, Outcome, Evidence, Note string
}

// Transfer is data that was handed to a processor otherwise than through a gate.
type Transfer struct {
	System, Means, Purpose, By string
	Made, ReturnDue, Returned  time.Time
	Categories                 custody.CategorySet
	Subjects                   uint32
}

// Rule is one version of a text that people accept.
type Rule struct {
	ID                   int64
	Name, Version, Title string
	Text                 string
	Begins               time.Time
	InForce              bool
	Accepted             time.Time // by whom the list is for; zero: not yet
}

// Course is training that people repeat.
type Course struct {
	Name, Title string
	Days        int
}

// Training is that somebody took a course.
type Training struct {
	Person       custody.PersonID
	Name, Course string
	Taken, Until time.Time
	Evidence     string
	Revoked      bool
}

// Clause is that a contract of employment has the confidentiality clause; nothing is on
// record while Signed is zero.
type Clause struct {
	Person       custody.PersonID
	Name         string
	Organisation custody.OrganisationID
	OrgName      string
	Signed       time.Time
	Document     string
}

// Register keeps processors, rules, training and clauses.
type Register interface {
	Processors(context.Context) ([]Processor, error)
	// Rules lists the versions, with what a person has accepted of them.
	Rules(ctx context.Context, person custody.PersonID) ([]Rule, error)
	Accept(ctx context.Context, rule int64, sess *custody.Session) error
	Courses(context.Context) ([]Course, error)
	// Training lists records of a person; of everybody for zero.
	Training(ctx context.Context, person custody.PersonID) ([]Training, error)
	Clauses(context.Context) ([]Clause, error)
	// ReviewProcessor keeps a review that was held.
	ReviewProcessor(ctx context.Context, org custody.OrganisationID, by custody.PersonID, outcome, evidence, note string) error
}

type processorsData struct {
	Processors []Processor
	Now        time.Time
	MayReview  bool
}

// Soon says whether a date comes within a month, or has come.
func (d *processorsData) Soon(t time.Time) bool {
	return !t.IsZero() && t.Before(d.Now.AddDate(0, 1, 0))
}

func processorsPage(v *visit) error {
	d, err := v.processors()
	if err != nil {
		return err
	}
	return v.show("processors", "Processors", d)
}

func (v *visit) processors() (*processorsData, error) {
	list, err := v.c.o.Register.Processors(v.r.Context())
	r := v.reach(areaProcessors)
	list = slices.DeleteFunc(list, func(p Processor) bool { return !r.everywhere() && !r.organisation(p.Organisation) })
	return &processorsData{list, v.c.o.Now(), v.leads()}, err
}

// reviewProcessor keeps what a review of a processor found. Nobody reviews their own
// employer.
func reviewProcessor(v *visit) error {
	id, err := number[custody.OrganisationID](v, "processor")
	if err != nil {
		return err
	}
	if !v.leads() || !v.reach(areaProcessors).organisation(id) {
		return v.refused(errRole)
	}
	if v.sess.Organisation == id {
		return v.refused(custody.E(custody.CodeForbidden, "nobody reviews their own employer", "somebody of the controller does it"))
	}
	err = v.c.o.Register.ReviewProcessor(v.r.Context(), id, v.sess.Person, v.text("outcome"), v.text("evidence"), v.text("note"))
	if err == nil {
		return v.seeOther("/processors", "recorded")
	}
	d, e := v.processors()
	if e != nil {
		return e
	}
	return v.again("processors", "Processors", d, err)
}

type rulesData struct {
	Rules    []Rule
	Courses  []courseRow
	Missing  []Clause // clauses that are not on record, within reach
	Signed   int
	MissingN int
}

// courseRow is a course with how many have it in date and for how many it runs out.
type courseRow struct {
	Course
	InDate, Soon int
}

// shownMissing is how many people without a clause the page lists.
const shownMissing = 50

func rulesPage(v *visit) error {
	ctx := v.r.Context()
	d := &rulesData{}
	var err error
	if d.Rules, err = v.c.o.Register.Rules(ctx, 0); err != nil {
		return err
	}
	courses, err := v.c.o.Register.Courses(ctx)
	if err != nil {
		return err
	}
	records, err := v.c.o.Register.Training(ctx, 0)
	if err != nil {
		return err
	}
	now, r := v.c.o.Now(), v.reach(areaRules)
	for _, c := range courses {
		row := courseRow{Course: c}
		for _, t := range latest(records, c.Name) {
			if p := v.people.byID[t.Person]; p == nil || !r.person(p) || !now.Before(t.Until) {
				continue
			}
			row.InDate++
			if t.Until.Before(now.AddDate(0, 1, 0)) {
				row.Soon++
			}
		}
		d.Courses = append(d.Courses, row)
	}
	clauses, err := v.c.o.Register.Clauses(ctx)
	if err != nil {
		return err
	}
	for _, c := range clauses {
		switch {
		case !r.organisation(c.Organisation):
		case !c.Signed.IsZero():
			d.Signed++
		default:
			if d.MissingN++; len(d.Missing) < shownMissing {
				d.Missing = append(d.Missing, c)
			}
		}
	}
	return v.show("rules", "Rules and training", d)
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

// acceptRule accepts a rule for the visitor, in this session.
func acceptRule(v *visit) error {
	id, err := number[int64](v, "rule")
	if err != nil {
		return err
	}
	if err := v.c.o.Register.Accept(v.r.Context(), id, v.sess); err != nil {
		return err
	}
	return v.seeOther("/me", "recorded")
}

// Says is a transfer in a sentence.
func (t Transfer) Says() string {
	return fmt.Sprintf("%s of %s from %s, by %s", t.Categories.String(), plural(int(t.Subjects), "customer", "customers"), t.System, t.Means)
}
