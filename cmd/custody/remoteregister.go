package main

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/console"
)

// remoteRegisterCommands are those about processors, training and clauses.
func (a *app) remoteRegisterCommands() map[string]func(*cobra.Command, []string) error {
	return map[string]func(*cobra.Command, []string) error{
		"custody processor add": a.remoteAddProcessor, "custody processor list": a.remoteProcessors, "custody processor show": a.remoteProcessor, "custody processor review": a.remoteReviewProcessor,
		"custody training list": a.remoteTraining, "custody training record": a.remoteKeepTraining, "custody clause list": a.remoteClauses, "custody clause record": a.remoteKeepClause,
		"custody rule list": a.remoteRules, "custody rule add": a.remoteAddRule, "custody training add": a.remoteAddCourse, "custody training revoke": a.remoteRevokeTraining,
		"custody processor scope": a.remoteScopeProcessor, "custody processor paper": a.remoteKeepPaper, "custody processor transfer": a.remoteTransfer, "custody processor return": a.remoteReturn,
	}
}

func (a *app) remoteProcessors(*cobra.Command, []string) error {
	return remoteList(a, "processors", nil, "The register is empty.",
		column[console.ProcessorItem]{"NAME", func(p console.ProcessorItem) string { return p.Name }, true},
		column[console.ProcessorItem]{"KIND", func(p console.ProcessorItem) string { return p.Kind }, false},
		column[console.ProcessorItem]{"CONTRACT UNTIL", func(p console.ProcessorItem) string { return orOpen(a.minute(p.ContractEnd)) }, false},
		column[console.ProcessorItem]{"REVIEW DUE", func(p console.ProcessorItem) string { return a.minute(p.ReviewDue) }, false},
		column[console.ProcessorItem]{"PEOPLE", func(p console.ProcessorItem) string { return number(p.People) }, false})
}

// processorNamed finds one by the name of its organisation.
func (a *app) processorNamed(name string) (*console.ProcessorItem, error) {
	rows, err := remoteItems[console.ProcessorItem](a, "processors", nil)
	for i := range rows {
		if strings.EqualFold(rows[i].Name, name) {
			return &rows[i], nil
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, custody.E(custody.CodeNotFound, "this organisation is not in the register", "custody processor list shows it")
}

func (a *app) remoteProcessor(_ *cobra.Command, args []string) error {
	p, err := a.processorNamed(args[0])
	if err != nil {
		return err
	}
	var s console.ProcessorState
	if err := a.call(http.MethodGet, "processors/"+number(p.ID), nil, &s); err != nil {
		return err
	}
	if a.json {
		return a.object(s)
	}
	a.say("%s, %s\nContract: %s\nInstructions: %s\nReview due %s", printable(s.Name), s.Kind, printable(s.Contract), printable(s.Instructions), a.minute(s.ReviewDue))
	for _, x := range s.Papers {
		a.say("%s: %s %s", x.Kind, printable(x.Name), x.Grade)
	}
	for _, r := range s.Reviews {
		a.say("Review %s by %s: %s", a.minute(r.Held), r.By, r.Outcome)
	}
	return nil
}

func (a *app) remoteAddProcessor(cmd *cobra.Command, args []string) error {
	if text(cmd, "review-due") != "" {
		return custody.E(custody.CodeUnsupported, "--review-due says nothing through --server", "the first review is due after --review-days")
	}
	n := console.NewProcessor{Organisation: args[0], Kind: "processor", Contact: text(cmd, "contact"), Contract: text(cmd, "contract"), Instructions: text(cmd, "instructions")}
	if text(cmd, "partner") == "true" {
		n.Kind = "partner"
	}
	n.ReviewDays, _ = strconv.Atoi(text(cmd, "review-days"))
	var err error
	if n.ContractStart, err = a.when(cmd, "start"); err == nil {
		n.ContractEnd, err = a.when(cmd, "end")
	}
	if err == nil {
		err = a.call(http.MethodPost, "processors", n, nil)
	}
	if err != nil {
		return err
	}
	return a.done(n, "%s is in the register.", printable(n.Organisation))
}

func (a *app) remoteReviewProcessor(cmd *cobra.Command, args []string) error {
	if text(cmd, "held") != "" || text(cmd, "next") != "" {
		return custody.E(custody.CodeUnsupported, "--held and --next say nothing through --server", "a review is kept as held now, and the next is due as usual")
	}
	p, err := a.processorNamed(args[0])
	if err != nil {
		return err
	}
	h := console.Held{Outcome: text(cmd, "outcome"), Evidence: text(cmd, "evidence"), Note: text(cmd, "note")}
	if err := a.call(http.MethodPost, "processors/"+number(p.ID)+"/reviews", h, nil); err != nil {
		return err
	}
	return a.done(h, "The review of %s is recorded: %s.", printable(p.Name), h.Outcome)
}

func (a *app) remoteTraining(cmd *cobra.Command, _ []string) error {
	if text(cmd, "courses") == "true" {
		return remoteList(a, "courses", nil, "There are no courses.",
			column[console.CourseItem]{"COURSE", func(c console.CourseItem) string { return c.Name }, false},
			column[console.CourseItem]{"TITLE", func(c console.CourseItem) string { return c.Title }, true},
			column[console.CourseItem]{"IN DATE", func(c console.CourseItem) string { return number(c.InDate) }, false})
	}
	rows, err := remoteItems[console.TrainingItem](a, "training", url.Values{})
	if err != nil {
		return err
	}
	if person := strings.ToLower(text(cmd, "person")); person != "" {
		rows = slices.DeleteFunc(rows, func(t console.TrainingItem) bool { return t.Login != person })
	}
	return list(a, rows, "Nobody has taken a course.",
		column[console.TrainingItem]{"ID", func(t console.TrainingItem) string { return number(t.ID) }, false},
		column[console.TrainingItem]{"NAME", func(t console.TrainingItem) string { return t.Name }, true},
		column[console.TrainingItem]{"COURSE", func(t console.TrainingItem) string { return t.Course }, false},
		column[console.TrainingItem]{"UNTIL", func(t console.TrainingItem) string { return a.minute(t.Until) }, false},
		column[console.TrainingItem]{"STATE", func(t console.TrainingItem) string { return map[bool]string{true: "revoked"}[t.Revoked] }, false})
}

func (a *app) remoteKeepTraining(cmd *cobra.Command, args []string) error {
	n := console.NewTraining{Login: text(cmd, "person"), Course: args[0], Evidence: text(cmd, "evidence")}
	var err error
	if n.Taken, err = a.when(cmd, "taken"); err != nil {
		return err
	}
	if err := a.call(http.MethodPost, "training", n, nil); err != nil {
		return err
	}
	return a.done(n, "It is on record that %s took %s.", n.Login, n.Course)
}

func (a *app) remoteClauses(cmd *cobra.Command, _ []string) error {
	q := url.Values{}
	if text(cmd, "missing") == "true" {
		q.Set("missing", "yes")
	}
	return remoteList(a, "clauses", q, "Nobody works here.",
		column[console.ClauseItem]{"NAME", func(c console.ClauseItem) string { return c.Name }, true},
		column[console.ClauseItem]{"ORGANISATION", func(c console.ClauseItem) string { return c.Organisation }, true},
		column[console.ClauseItem]{"SIGNED", func(c console.ClauseItem) string { return a.minute(c.Signed) }, false})
}

func (a *app) remoteKeepClause(cmd *cobra.Command, _ []string) error {
	n := console.NewClause{Login: text(cmd, "person"), Organisation: text(cmd, "organisation"), Document: text(cmd, "document")}
	if n.Organisation == "" {
		return usage(cmd, "--organisation is missing: through --server say of which employer")
	}
	var err error
	if n.Signed, err = a.when(cmd, "signed"); err != nil {
		return err
	}
	if err := a.call(http.MethodPost, "clauses", n, nil); err != nil {
		return err
	}
	return a.done(n, "The clause of %s is on record.", n.Login)
}

func (a *app) remoteRules(*cobra.Command, []string) error {
	return remoteList(a, "rules", nil, "There are no rules.",
		column[console.RuleItem]{"ID", func(r console.RuleItem) string { return number(r.ID) }, false},
		column[console.RuleItem]{"RULE", func(r console.RuleItem) string { return r.Name }, false},
		column[console.RuleItem]{"VERSION", func(r console.RuleItem) string { return r.Version }, false},
		column[console.RuleItem]{"TITLE", func(r console.RuleItem) string { return r.Title }, true},
		column[console.RuleItem]{"IN FORCE", func(r console.RuleItem) string { return map[bool]string{true: "yes"}[r.InForce] }, false})
}
