package console

import (
	"time"

	"custody"
)

func registerCalls() []call {
	return []call{
		{"GET", "processors", "processors", "The register of contractors and partners", areaProcessors, scopeRegister, list, nil, nil, ProcessorItem{}, callProcessors},
		{"POST", "processors", "putProcessor", "Put an organisation into the register, or change its contract", areaProcessorsDo, scopeRegisterDo, 0, nil, NewProcessor{}, Done{}, callPutProcessor},
		{"GET", "processors/{processor}", "processor", "One of the register, with scope, papers, portals, reviews and transfers", areaProcessors, scopeRegister, 0, nil, nil, ProcessorState{}, callProcessor},
		{"POST", "processors/{processor}/reviews", "reviewProcessor", "Keep a review of a processor that was held, with its evidence", areaProcessorsDo, scopeRegisterDo, 0, nil, Held{}, Done{}, callReviewProcessor},
		{"GET", "rules", "rules", "The rules that people accept, all versions", areaRules, scopeRegister, list, nil, nil, RuleItem{}, callRules},
		{"GET", "courses", "courses", "The courses, and how many people within reach have them in date", areaRules, scopeRegister, list, nil, nil, CourseItem{}, callCourses},
		{"GET", "training", "training", "Who within reach took what, and until when it holds", areaRules, scopeRegister, list, nil, nil, TrainingItem{}, callTraining},
		{"POST", "training", "keepTraining", "Keep that somebody took a course; nobody keeps it for themselves", areaRulesDo, scopeRegisterDo, 0, nil, NewTraining{}, Done{}, callKeepTraining},
		{"GET", "clauses", "clauses", "Everybody within reach with the confidentiality clause of their contract, or without", areaRules, scopeRegister, list, []param{{"missing", "yes: only those without", "string"}}, nil, ClauseItem{}, callClauses},
		{"POST", "clauses", "keepClause", "Keep that somebody's contract has the clause; nobody keeps their own", areaRulesDo, scopeRegisterDo, 0, nil, NewClause{}, Done{}, callKeepClause},
	}
}

// ProcessorItem is a contractor or partner.
type ProcessorItem struct {
	ID          uint32    `json:"id"`
	Name        string    `json:"name"`
	Kind        string    `json:"kind"`
	Contract    string    `json:"contract"`
	ContractEnd time.Time `json:"contract_end,omitzero"`
	ReviewDue   time.Time `json:"review_due"`
	InDate      bool      `json:"in_date"` // its people may sign in
	People      int       `json:"people"`
	Ended       time.Time `json:"ended,omitzero"`
}

func processorItem(p *Processor) ProcessorItem {
	return ProcessorItem{uint32(p.Organisation), p.Name, p.Kind, p.Contract, p.ContractEnd, p.ReviewDue, p.InDate, p.People, p.Ended}
}

func callProcessors(v *visit, _ any) (any, error) {
	d, err := v.processors()
	if err != nil {
		return nil, err
	}
	items := make([]ProcessorItem, len(d.Processors))
	for i := range d.Processors {
		items[i] = processorItem(&d.Processors[i])
	}
	return part(v, items)
}

// ProcessorState is a contractor or partner as a whole.
type ProcessorState struct {
	ProcessorItem
	Contact       string         `json:"contact"`
	ContractStart time.Time      `json:"contract_start"`
	Instructions  string         `json:"instructions" text:"long"`
	Scopes        []ScopeItem    `json:"scopes"`
	Papers        []PaperItem    `json:"papers"`
	Reviews       []HeldItem     `json:"reviews"`
	Transfers     []TransferItem `json:"transfers"`
}

// ScopeItem is what a processor may have of a system.
type ScopeItem struct {
	System     string   `json:"system"`
	Categories []string `json:"categories"`
}

// PaperItem is a sub-processor, a certificate or a portal of a processor.
type PaperItem struct {
	Kind     string    `json:"kind"`
	Name     string    `json:"name"`
	About    string    `json:"about,omitempty"`
	Evidence string    `json:"evidence,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Till     time.Time `json:"till,omitzero"`
	Checked  time.Time `json:"checked,omitzero"` // a portal: tested against the portal standard
	Grade    string    `json:"grade,omitempty"`
	Findings int       `json:"findings,omitempty"`
}

// HeldItem is a review of a processor.
type HeldItem struct {
	Held     time.Time `json:"held"`
	By       string    `json:"by"`
	Outcome  string    `json:"outcome"` // passed, conditions or failed
	Evidence string    `json:"evidence"`
	Note     string    `json:"note,omitempty"`
}

// TransferItem is data that was handed to a processor otherwise than through a gate.
type TransferItem struct {
	ID         int64     `json:"id"`
	System     string    `json:"system"`
	Made       time.Time `json:"made"`
	By         string    `json:"by"`
	Categories []string  `json:"categories"`
	Subjects   uint32    `json:"subjects"`
	Means      string    `json:"means"`
	Purpose    string    `json:"purpose"`
	ReturnDue  time.Time `json:"return_due,omitzero"`
	Returned   time.Time `json:"returned,omitzero"`
}

func callProcessor(v *visit, _ any) (any, error) {
	p, err := v.processor()
	if err != nil {
		return nil, err
	}
	s := ProcessorState{processorItem(p), p.Contact, p.ContractStart, p.Instructions, []ScopeItem{}, []PaperItem{}, []HeldItem{}, []TransferItem{}}
	for _, c := range p.Scopes {
		s.Scopes = append(s.Scopes, ScopeItem{c.System, words0(c.Categories)})
	}
	for _, c := range p.Papers {
		s.Papers = append(s.Papers, PaperItem(c))
	}
	for _, r := range p.Reviews {
		s.Reviews = append(s.Reviews, HeldItem(r))
	}
	for _, t := range p.Transfers {
		s.Transfers = append(s.Transfers, TransferItem{t.ID, t.System, t.Made, t.By, words0(t.Categories), t.Subjects, t.Means, t.Purpose, t.ReturnDue, t.Returned})
	}
	return s, nil
}

// Held is a review of a processor to be kept.
type Held struct {
	Outcome  string `json:"outcome"` // passed, conditions or failed
	Evidence string `json:"evidence"`
	Note     string `json:"note,omitempty"`
}

func callReviewProcessor(v *visit, in any) (any, error) {
	id, err := number[custody.OrganisationID](v, "processor")
	if err != nil {
		return nil, err
	}
	h := in.(Held)
	return Done{"recorded"}, v.judgeProcessor(id, h.Outcome, h.Evidence, h.Note)
}

// NewProcessor is a contract with a processor.
type NewProcessor struct {
	Organisation  string    `json:"organisation"`
	Kind          string    `json:"kind"` // processor or partner
	Contact       string    `json:"contact,omitempty"`
	Contract      string    `json:"contract"`
	ContractStart time.Time `json:"contract_start,omitzero"` // now if it is left out
	ContractEnd   time.Time `json:"contract_end,omitzero"`
	Instructions  string    `json:"instructions" text:"long"`
	ReviewDays    int       `json:"review_days"`
}

func callPutProcessor(v *visit, in any) (any, error) {
	n := in.(NewProcessor)
	return Done{"kept"}, v.putProcessor(n.Organisation, &Processor{Kind: n.Kind, Contact: n.Contact, Contract: n.Contract, ContractStart: n.ContractStart,
		ContractEnd: n.ContractEnd, Instructions: n.Instructions, ReviewDays: n.ReviewDays})
}

// RuleItem is one version of a rule.
type RuleItem struct {
	ID       int64     `json:"id"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Title    string    `json:"title"`
	Text     string    `json:"text"`
	Begins   time.Time `json:"begins"`
	InForce  bool      `json:"in_force"`
	Accepted time.Time `json:"accepted,omitzero"` // by you, where the list is yours
}

func ruleItems(all []Rule) []RuleItem {
	items := make([]RuleItem, len(all))
	for i, r := range all {
		items[i] = RuleItem(r)
	}
	return items
}

func callRules(v *visit, _ any) (any, error) {
	all, err := v.c.o.Register.Rules(v.r.Context(), 0)
	if err != nil {
		return nil, err
	}
	return part(v, ruleItems(all))
}

func callMyRules(v *visit, _ any) (any, error) {
	all, err := v.myRules()
	if err != nil {
		return nil, err
	}
	return part(v, ruleItems(all))
}

func callAcceptRule(v *visit, _ any) (any, error) { return Done{"accepted"}, v.accept() }

// CourseItem is training that people repeat.
type CourseItem struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Days   int    `json:"days"` // how long it holds
	InDate int    `json:"in_date"`
	Soon   int    `json:"runs_out_within_a_month"`
}

func callCourses(v *visit, _ any) (any, error) {
	rows, err := v.courses()
	if err != nil {
		return nil, err
	}
	items := make([]CourseItem, len(rows))
	for i, c := range rows {
		items[i] = CourseItem{c.Name, c.Title, c.Days, c.InDate, c.Soon}
	}
	return part(v, items)
}

// TrainingItem is that somebody took a course.
type TrainingItem struct {
	ID       int64     `json:"id"`
	Login    string    `json:"login"`
	Name     string    `json:"name"`
	Course   string    `json:"course"`
	Taken    time.Time `json:"taken"`
	Until    time.Time `json:"until"`
	Evidence string    `json:"evidence,omitempty"`
	Revoked  bool      `json:"revoked"`
}

func trainingItems(all []Training) []TrainingItem {
	items := make([]TrainingItem, len(all))
	for i, t := range all {
		items[i] = TrainingItem{t.ID, t.Login, t.Name, t.Course, t.Taken, t.Until, t.Evidence, t.Revoked}
	}
	return items
}

func callTraining(v *visit, _ any) (any, error) {
	all, err := v.training()
	if err != nil {
		return nil, err
	}
	return part(v, trainingItems(all))
}

func callMyTraining(v *visit, _ any) (any, error) {
	all, err := v.c.o.Register.Training(v.r.Context(), v.sess.Person)
	if err != nil {
		return nil, err
	}
	return part(v, trainingItems(all))
}

// NewTraining is that somebody took a course, to be kept.
type NewTraining struct {
	Login    string    `json:"login"`
	Course   string    `json:"course"`
	Taken    time.Time `json:"taken,omitzero"` // now if it is left out
	Evidence string    `json:"evidence"`
}

func callKeepTraining(v *visit, in any) (any, error) {
	n := in.(NewTraining)
	return Done{"kept"}, v.keepTraining(n.Login, n.Course, n.Taken, n.Evidence)
}

// ClauseItem is somebody's confidentiality clause.
type ClauseItem struct {
	Name         string    `json:"name"`
	Organisation string    `json:"organisation"`
	Signed       time.Time `json:"signed,omitzero"` // missing: nothing is on record
	Document     string    `json:"document,omitempty"`
}

func callClauses(v *visit, _ any) (any, error) {
	all, err := v.clauses()
	if err != nil {
		return nil, err
	}
	missing, items := v.r.URL.Query().Get("missing") == "yes", []ClauseItem{}
	for _, c := range all {
		if !missing || c.Signed.IsZero() {
			items = append(items, ClauseItem{c.Name, c.OrgName, c.Signed, c.Document})
		}
	}
	return part(v, items)
}

// NewClause is that somebody's contract has the clause, to be kept.
type NewClause struct {
	Login        string    `json:"login"`
	Organisation string    `json:"organisation"`
	Signed       time.Time `json:"signed,omitzero"` // now if it is left out
	Document     string    `json:"document"`
}

func callKeepClause(v *visit, in any) (any, error) {
	n := in.(NewClause)
	return Done{"kept"}, v.keepClause(n.Login, n.Organisation, n.Signed, n.Document)
}
