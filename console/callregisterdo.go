package console

import "time"

func registerDoCalls() []call {
	return []call{
		{"POST", "processors/{processor}/scope", "scopeProcessor", "Set what a processor may have of a system; no categories take it away", areaProcessorsDo, scopeRegisterDo, 0, nil, NewScope{}, Done{}, callScopeProcessor},
		{"POST", "processors/{processor}/papers", "keepPaper", "Keep a sub-processor, a certificate or a portal of a processor", areaProcessorsDo, scopeRegisterDo, 0, nil, NewPaper{}, Done{}, callKeepPaper},
		{"POST", "processors/{processor}/transfers", "keepTransfer", "Keep that data was handed to a processor otherwise than through a gate", areaProcessorsDo, scopeRegisterDo, 0, nil, NewTransfer{}, Kept{}, callKeepTransfer},
		{"POST", "processors/{processor}/transfers/{transfer}/return", "returnTransfer", "Keep that what was handed over was given back or deleted, with the evidence", areaProcessorsDo, scopeRegisterDo, 0, nil, Evidence{}, Done{}, callReturnTransfer},
		{"POST", "rules", "addRule", "Add a version of a rule that people accept", areaRulesDo, scopeRegisterDo, 0, nil, NewRule{}, Done{}, callAddRule},
		{"POST", "training/{training}/revoke", "revokeTraining", "Take a training record back: rights that need it end now; nobody takes back their own", areaRulesDo, scopeRegisterDo, 0, nil, nil, Done{}, callRevokeTraining},
		{"POST", "courses", "addCourse", "Add a course, or change its title and how long it holds", areaRulesDo, scopeRegisterDo, 0, nil, NewCourse{}, Done{}, callAddCourse},
	}
}

// NewScope is what a processor may have of a system.
type NewScope struct {
	System     string   `json:"system"`
	Categories []string `json:"categories"`
}

func callScopeProcessor(v *visit, in any) (any, error) {
	n := in.(NewScope)
	return Done{"kept"}, v.scopeProcessor(n.System, n.Categories)
}

// NewPaper is a sub-processor, a certificate or a portal to be kept.
type NewPaper struct {
	Kind     string    `json:"kind"` // sub-processor, certificate or portal
	Name     string    `json:"name"`
	About    string    `json:"about,omitempty"`
	Evidence string    `json:"evidence,omitempty"`
	Since    time.Time `json:"since,omitzero"` // now if it is left out
	Till     time.Time `json:"till,omitzero"`  // when it runs out; open if it is left out
}

func callKeepPaper(v *visit, in any) (any, error) {
	n := in.(NewPaper)
	return Done{"kept"}, v.keepPaper(&Paper{Kind: n.Kind, Name: n.Name, About: n.About, Evidence: n.Evidence, Since: n.Since, Till: n.Till})
}

// NewTransfer is data that is handed to a processor.
type NewTransfer struct {
	System     string    `json:"system"`
	Categories []string  `json:"categories"`
	Subjects   uint32    `json:"subjects"`
	Means      string    `json:"means"`
	Purpose    string    `json:"purpose"`
	ReturnDue  time.Time `json:"return_due,omitzero"`
	Evidence   string    `json:"evidence,omitempty"` // where the receipt is kept
}

// Kept is something that was kept, with its number.
type Kept struct {
	Done
	ID int64 `json:"id"`
}

func callKeepTransfer(v *visit, in any) (any, error) {
	n := in.(NewTransfer)
	t := Transfer{System: n.System, Subjects: n.Subjects, Means: n.Means, Purpose: n.Purpose, ReturnDue: n.ReturnDue, Evidence: n.Evidence}
	err := v.keepTransfer(&t, n.Categories)
	return Kept{Done{"kept"}, t.ID}, err
}

// Evidence says where something is shown.
type Evidence struct {
	Evidence string `json:"evidence"`
}

func callReturnTransfer(v *visit, in any) (any, error) {
	return Done{"kept"}, v.returnTransfer(in.(Evidence).Evidence)
}

// NewRule is a version of a rule.
type NewRule struct {
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Title   string    `json:"title"`
	Text    string    `json:"text" text:"whole"`
	Begins  time.Time `json:"begins,omitzero"` // now if it is left out
}

func callAddRule(v *visit, in any) (any, error) {
	n := in.(NewRule)
	return Done{"kept"}, v.addRule(&Rule{Name: n.Name, Version: n.Version, Title: n.Title, Text: n.Text, Begins: n.Begins})
}

// NewCourse is training that people repeat.
type NewCourse struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Days  int    `json:"days"` // how long it holds
}

func callAddCourse(v *visit, in any) (any, error) {
	n := in.(NewCourse)
	return Done{"kept"}, v.addCourse(&Course{Name: n.Name, Title: n.Title, Days: n.Days})
}

func callRevokeTraining(v *visit, _ any) (any, error) {
	id, err := number[int64](v, "training")
	if err != nil {
		return nil, err
	}
	return Done{"revoked"}, v.revokeTraining(id)
}
