package console

import (
	"context"
	"fmt"
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
	Evidence                   string // where the receipt is kept
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
	ID           int64
	Person       custody.PersonID
	Login        string
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
	// KeepTransfer sets the number of the transfer.
	KeepTransfer(ctx context.Context, org custody.OrganisationID, system custody.SystemID, t *Transfer, by custody.PersonID) error
	ReturnTransfer(ctx context.Context, id int64, evidence string, by custody.PersonID) error
	AddRule(ctx context.Context, r *Rule, by custody.PersonID) error
	AddCourse(ctx context.Context, c *Course) error
	KeepTraining(ctx context.Context, t *Training, by custody.PersonID) error
	KeepClause(ctx context.Context, c *Clause, by custody.PersonID) error
	// RevokeTraining takes a record back: rights that need it end now.
	RevokeTraining(ctx context.Context, id int64, by custody.PersonID) error
	// ReviewProcessor keeps a review that was held.
	ReviewProcessor(ctx context.Context, org custody.OrganisationID, by custody.PersonID, outcome, evidence, note string) error
}

// Says is a transfer in a sentence.
func (t Transfer) Says() string {
	return fmt.Sprintf("%s of %s from %s, by %s", t.Categories.String(), plural(int(t.Subjects), "customer", "customers"), t.System, t.Means)
}
