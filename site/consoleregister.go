package site

import (
	"context"
	"strings"

	"custody"
	"custody/console"
	"custody/doctor"
	"custody/doctor/portalcheck"
	"custody/store"
)

// consoleRegister fits processors, rules, training and clauses to the console.
type consoleRegister struct{ s *Site }

// Processors implements console.Register.
func (c consoleRegister) Processors(ctx context.Context) ([]console.Processor, error) {
	all, err := c.s.o.Store.Processors(ctx, 0, c.s.o.Now())
	if err != nil {
		return nil, err
	}
	list := make([]console.Processor, len(all))
	for i := range all {
		if list[i], err = c.processor(ctx, &all[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (c consoleRegister) processor(ctx context.Context, p *store.Processor) (console.Processor, error) {
	out := console.Processor{Organisation: p.Organisation, Name: p.Name, Kind: p.Kind, Contact: p.Contact, Contract: p.Contract,
		ContractStart: p.ContractStart, ContractEnd: p.ContractEnd, Instructions: p.Instructions, ReviewDays: p.ReviewDays, ReviewDue: p.ReviewDue, Ended: p.Ended,
		InDate: p.InDate(c.s.o.Now()), People: p.People}
	for _, s := range p.Scopes {
		out.Scopes = append(out.Scopes, console.ProcessorScope{System: s.SystemName, Categories: s.Categories})
	}
	for _, x := range p.Papers {
		paper := console.Paper{Kind: x.Kind, Name: x.Name, About: x.About, Evidence: x.Evidence, Since: x.Since, Till: x.Till}
		if x.Kind == store.PaperPortal {
			if err := c.standard(&paper); err != nil {
				return out, err
			}
		}
		out.Papers = append(out.Papers, paper)
	}
	reviews, err := c.s.o.Store.ProcessorReviews(ctx, p.Organisation)
	if err != nil {
		return out, err
	}
	for _, r := range reviews {
		out.Reviews = append(out.Reviews, console.ProcessorReview{Held: r.Held, By: r.ByLogin, Outcome: r.Outcome, Evidence: r.Evidence, Note: r.Note})
	}
	transfers, err := c.s.o.Store.Transfers(ctx, p.Organisation)
	for _, t := range transfers {
		out.Transfers = append(out.Transfers, console.Transfer{ID: t.ID, System: t.SystemName, Means: t.Means, Purpose: t.Purpose, By: t.ByLogin, Made: t.Made,
			ReturnDue: t.ReturnDue, Returned: t.Returned, Categories: t.Categories, Subjects: t.Subjects})
	}
	return out, err
}

// standard fills in how a portal behind a gate stood against the portal standard when it
// was last tested; one elsewhere is tested by hand, and its evidence is beside it.
func (c consoleRegister) standard(p *console.Paper) (err error) {
	for i := range c.s.o.Systems {
		sys := &c.s.o.Systems[i]
		if sys.Name != p.Name && (sys.Portal == nil || sys.Portal.Public.String() != strings.TrimSuffix(p.Name, "/")) {
			continue
		}
		if p.Checked, err = c.s.o.Store.LastPortalExamination(sys.ID); err != nil || p.Checked.IsZero() {
			return err
		}
		found, err := c.s.o.Store.Findings(sys.ID)
		if err != nil {
			return err
		}
		var r doctor.Report
		for _, f := range found {
			if f.Closed.IsZero() && strings.HasPrefix(f.Check, store.PortalChecks) {
				r.Findings = append(r.Findings, doctor.Finding{Severity: doctor.Severity(f.Severity)})
			}
		}
		p.Grade, p.Findings = portalcheck.Grade(&r), len(r.Findings)
	}
	return nil
}

// PutProcessor implements console.Register. What cannot be kept makes no organisation.
func (c consoleRegister) PutProcessor(ctx context.Context, organisation string, p *console.Processor, by custody.PersonID) error {
	put := &store.Processor{Kind: p.Kind, Contact: p.Contact, Contract: p.Contract, ContractStart: p.ContractStart, ContractEnd: p.ContractEnd,
		Instructions: p.Instructions, ReviewDays: p.ReviewDays}
	err := put.Check()
	if err == nil {
		put.Organisation, err = c.s.Identity.EnsureOrganisation(organisation)
	}
	if err != nil {
		return err
	}
	return c.s.o.Store.PutProcessor(ctx, by, put, c.s.o.Now())
}

// ScopeProcessor implements console.Register.
func (c consoleRegister) ScopeProcessor(ctx context.Context, org custody.OrganisationID, system custody.SystemID, set custody.CategorySet, by custody.PersonID) error {
	return c.s.o.Store.SetScope(ctx, by, org, system, set, c.s.o.Now())
}

// KeepPaper implements console.Register.
func (c consoleRegister) KeepPaper(ctx context.Context, org custody.OrganisationID, p *console.Paper, by custody.PersonID) error {
	return c.s.o.Store.AddPaper(ctx, by, org, &store.Paper{Kind: p.Kind, Name: p.Name, About: p.About, Evidence: p.Evidence, Since: p.Since, Till: p.Till}, c.s.o.Now())
}

// KeepTransfer implements console.Register.
func (c consoleRegister) KeepTransfer(ctx context.Context, org custody.OrganisationID, system custody.SystemID, t *console.Transfer, by custody.PersonID) error {
	kept := store.Transfer{Organisation: org, System: system, Made: t.Made, By: by, Categories: t.Categories, Subjects: t.Subjects,
		Means: t.Means, Purpose: t.Purpose, ReturnDue: t.ReturnDue, Evidence: t.Evidence}
	err := c.s.o.Store.AddTransfer(ctx, &kept, c.s.o.Now())
	t.ID = kept.ID
	return err
}

// ReturnTransfer implements console.Register.
func (c consoleRegister) ReturnTransfer(ctx context.Context, id int64, evidence string, by custody.PersonID) error {
	return c.s.o.Store.ReturnTransfer(ctx, id, by, evidence, c.s.o.Now())
}

// AddRule implements console.Register.
func (c consoleRegister) AddRule(ctx context.Context, r *console.Rule, by custody.PersonID) error {
	return c.s.o.Store.AddRule(ctx, by, &store.Rule{Name: r.Name, Version: r.Version, Title: r.Title, Text: r.Text, Begins: r.Begins}, c.s.o.Now())
}

// AddCourse implements console.Register.
func (c consoleRegister) AddCourse(ctx context.Context, k *console.Course) error {
	return c.s.o.Store.AddCourse(ctx, &store.Course{Name: k.Name, Title: k.Title, Days: k.Days}, c.s.o.Now())
}

// KeepTraining implements console.Register.
func (c consoleRegister) KeepTraining(ctx context.Context, t *console.Training, by custody.PersonID) error {
	return c.s.o.Store.RecordTraining(ctx, &store.TrainingRecord{Person: t.Person, Course: t.Course, Taken: t.Taken, Evidence: t.Evidence, KeptBy: by}, c.s.o.Now())
}

// KeepClause implements console.Register.
func (c consoleRegister) KeepClause(ctx context.Context, k *console.Clause, by custody.PersonID) error {
	return c.s.o.Store.RecordClause(ctx, by, &store.Clause{Person: k.Person, Organisation: k.Organisation, Signed: k.Signed, Document: k.Document}, c.s.o.Now())
}

// Rules implements console.Register.
func (c consoleRegister) Rules(ctx context.Context, person custody.PersonID) ([]console.Rule, error) {
	all, err := c.s.o.Store.Rules(ctx, c.s.o.Now())
	if err != nil {
		return nil, err
	}
	list := make([]console.Rule, len(all))
	for i, r := range all {
		list[i] = console.Rule{ID: r.ID, Name: r.Name, Version: r.Version, Title: r.Title, Text: r.Text, Begins: r.Begins, InForce: r.InForce}
	}
	if person == 0 {
		return list, nil
	}
	accepted, err := c.s.o.Store.RuleAcceptances(ctx, person)
	for _, a := range accepted {
		for i := range list {
			if list[i].Name == a.Rule && list[i].Version == a.Version {
				list[i].Accepted = a.Accepted
			}
		}
	}
	return list, err
}

// Accept implements console.Register.
func (c consoleRegister) Accept(ctx context.Context, rule int64, sess *custody.Session) error {
	return c.s.o.Store.AcceptRule(ctx, rule, sess.Person, sess.ID, "", c.s.o.Now())
}

// Courses implements console.Register.
func (c consoleRegister) Courses(ctx context.Context) ([]console.Course, error) {
	all, err := c.s.o.Store.Courses(ctx)
	list := make([]console.Course, len(all))
	for i, k := range all {
		list[i] = console.Course{Name: k.Name, Title: k.Title, Days: k.Days}
	}
	return list, err
}

// Training implements console.Register.
func (c consoleRegister) Training(ctx context.Context, person custody.PersonID) ([]console.Training, error) {
	all, err := c.s.o.Store.TrainingOf(ctx, person)
	list := make([]console.Training, len(all))
	for i, t := range all {
		list[i] = console.Training{ID: t.ID, Person: t.Person, Login: t.Login, Name: t.FullName, Course: t.Course, Taken: t.Taken, Until: t.Until, Evidence: t.Evidence, Revoked: !t.Revoked.IsZero()}
	}
	return list, err
}

// Clauses implements console.Register.
func (c consoleRegister) Clauses(ctx context.Context) ([]console.Clause, error) {
	all, err := c.s.o.Store.Clauses(ctx, c.s.o.Now())
	list := make([]console.Clause, len(all))
	for i, k := range all {
		list[i] = console.Clause{Person: k.Person, Name: k.FullName, Organisation: k.Organisation, OrgName: k.OrgName, Signed: k.Signed, Document: k.Document}
	}
	return list, err
}

// RevokeTraining implements console.Register.
func (c consoleRegister) RevokeTraining(ctx context.Context, id int64, by custody.PersonID) error {
	return c.s.o.Store.RevokeTraining(ctx, id, by, c.s.o.Now())
}

// ReviewProcessor implements console.Register.
func (c consoleRegister) ReviewProcessor(ctx context.Context, org custody.OrganisationID, by custody.PersonID, outcome, evidence, note string) error {
	now := c.s.o.Now()
	return c.s.o.Store.AddProcessorReview(ctx, org, &store.ProcessorReview{Held: now, By: by, Outcome: outcome, Evidence: evidence, Note: note}, now)
}
