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
	ReviewDays    int
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
	// Of a portal behind a gate: when it was last tested against the portal standard, its
	// grade and how much is wrong with it still.
	Checked  time.Time
	Grade    string
	Findings int
}

// ProcessorReview is a review of a processor with its evidence.
type ProcessorReview struct {
	Held                        time.Time
	By, Outcome, Evidence, Note string
}

// Transfer is data that was handed to a processor otherwise than through a gate.
type Transfer struct {
	ID                         int64
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
	// PutProcessor adds an organisation, which is made if it is not there yet, or changes
	// its contract.
	PutProcessor(ctx context.Context, organisation string, p *Processor, by custody.PersonID) error
	// ScopeProcessor sets what a processor may have of a system.
	ScopeProcessor(ctx context.Context, org custody.OrganisationID, system custody.SystemID, set custody.CategorySet, by custody.PersonID) error
	KeepPaper(ctx context.Context, org custody.OrganisationID, p *Paper, by custody.PersonID) error
	KeepTransfer(ctx context.Context, org custody.OrganisationID, system custody.SystemID, t *Transfer, by custody.PersonID) error
	ReturnTransfer(ctx context.Context, id int64, evidence string, by custody.PersonID) error
	AddRule(ctx context.Context, r *Rule, by custody.PersonID) error
	AddCourse(ctx context.Context, c *Course) error
	KeepTraining(ctx context.Context, t *Training, by custody.PersonID) error
	KeepClause(ctx context.Context, c *Clause, by custody.PersonID) error
	// ReviewProcessor keeps a review that was held.
	ReviewProcessor(ctx context.Context, org custody.OrganisationID, by custody.PersonID, outcome, evidence, note string) error
}

type processorsData struct {
	Processors []Processor
	Now        time.Time
	MayReview  bool
	MayAdd     bool
	Systems    []option
	Kinds      []string // of papers
	Categories []string
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
	return &processorsData{list, v.c.o.Now(), v.may(areaProcessorsDo), v.reach(areaProcessorsDo).everywhere(), v.systemOptions(""), paperKinds,
		custody.Categories(custody.AllCategories()...).Strings()}, err
}

// processor finds the processor of the path within reach.
func (v *visit) processor() (*Processor, error) {
	id, err := number[custody.OrganisationID](v, "processor")
	if err != nil {
		return nil, err
	}
	d, err := v.processors()
	if err != nil {
		return nil, err
	}
	for i := range d.Processors {
		if d.Processors[i].Organisation == id {
			return &d.Processors[i], nil
		}
	}
	return nil, errNothing
}

// putProcessor keeps a contract. The register is the controller's: only who reaches all
// employers adds to it.
func (v *visit) putProcessor(organisation string, p *Processor) error {
	if !v.reach(areaProcessorsDo).everywhere() {
		return v.refused(errRole)
	}
	if p.ContractStart.IsZero() {
		p.ContractStart = v.c.o.Now()
	}
	return v.refused(v.c.o.Register.PutProcessor(v.r.Context(), organisation, p, v.sess.Person))
}

// reviewProcessor keeps what a review of a processor found.
func reviewProcessor(v *visit) error {
	id, err := number[custody.OrganisationID](v, "processor")
	if err == nil {
		err = v.judgeProcessor(id, v.text("outcome"), v.text("evidence"), v.text("note"))
	}
	return v.registered(err)
}

// judgeProcessor keeps a review of a processor within reach. Nobody reviews their own
// employer.
func (v *visit) judgeProcessor(id custody.OrganisationID, outcome, evidence, note string) error {
	if !v.reach(areaProcessorsDo).organisation(id) {
		return v.refused(errRole)
	}
	if v.sess.Organisation == id {
		return v.refused(custody.E(custody.CodeForbidden, "nobody reviews their own employer", "somebody of the controller does it"))
	}
	return v.refused(v.c.o.Register.ReviewProcessor(v.r.Context(), id, v.sess.Person, outcome, evidence, note))
}

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

// Says is a transfer in a sentence.
func (t Transfer) Says() string {
	return fmt.Sprintf("%s of %s from %s, by %s", t.Categories.String(), plural(int(t.Subjects), "customer", "customers"), t.System, t.Means)
}
