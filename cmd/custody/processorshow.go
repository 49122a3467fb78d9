package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/doctor"
	"custody/doctor/portalcheck"
	"custody/store"
)

type processorRow struct {
	Organisation  string              `json:"organisation"`
	Kind          string              `json:"kind"`
	InDate        bool                `json:"in_date"`
	Contract      string              `json:"contract"`
	ContractStart stamp               `json:"contract_start"`
	ContractEnd   stamp               `json:"contract_end,omitzero"`
	Instructions  string              `json:"instructions"`
	Contact       string              `json:"contact,omitempty"`
	ReviewDue     stamp               `json:"review_due"`
	Ended         stamp               `json:"ended,omitzero"`
	People        int                 `json:"people"`
	Scope         map[string][]string `json:"scope"`
}

func (a *app) processorRow(p *store.Processor) processorRow {
	r := processorRow{p.Name, p.Kind, p.InDate(a.now()), p.Contract, stamp{p.ContractStart}, stamp{p.ContractEnd}, p.Instructions, p.Contact,
		stamp{p.ReviewDue}, stamp{p.Ended}, p.People, map[string][]string{}}
	for _, s := range p.Scopes {
		r.Scope[s.SystemName] = s.Categories.Strings()
	}
	return r
}

// state says whether their people may sign in, and until when.
func (r processorRow) state() string {
	if r.InDate {
		return "in date"
	}
	return "not in date: nobody signs in"
}

func (w *workspace) sayProcessor(cmd *cobra.Command, org custody.OrganisationID) error {
	p, err := w.store.Processor(cmd.Context(), org, w.now())
	if err != nil {
		return err
	}
	r := w.processorRow(p)
	return w.done(r, "%s (%s) is %s. Review due %s; %s.", printable(r.Organisation), r.Kind, r.state(), w.minute(r.ReviewDue.Time), plural(r.People, "login"))
}

func (a *app) processorList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the register",
		Example: "  custody processor list\n  custody processor list --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			found, err := w.store.Processors(cmd.Context(), 0, a.now())
			if err != nil {
				return err
			}
			rows := []processorRow{}
			for i := range found {
				rows = append(rows, a.processorRow(&found[i]))
			}
			return list(a, rows, "The register is empty: custody processor add puts an organisation into it.",
				column[processorRow]{"ORGANISATION", func(r processorRow) string { return r.Organisation }, true},
				column[processorRow]{"KIND", func(r processorRow) string { return r.Kind }, false},
				column[processorRow]{"CONTRACT", func(r processorRow) string { return r.Contract }, true},
				column[processorRow]{"UNTIL", func(r processorRow) string { return orOpen(a.minute(r.ContractEnd.Time)) }, false},
				column[processorRow]{"REVIEW DUE", func(r processorRow) string { return a.minute(r.ReviewDue.Time) }, false},
				column[processorRow]{"PEOPLE", func(r processorRow) string { return strconv.Itoa(r.People) }, false},
				column[processorRow]{"STATE", processorRow.state, true},
			)
		}),
	}
}

type paperRow struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	About    string `json:"about,omitempty"`
	Evidence string `json:"evidence,omitempty"`
	Since    stamp  `json:"since"`
	Till     stamp  `json:"till,omitzero"`
	// Grade is the latest result of the portal standard, for a portal behind this gate.
	Grade string `json:"grade,omitempty"`
}

type processorReviewRow struct {
	Held     stamp  `json:"held"`
	By       string `json:"by"`
	Outcome  string `json:"outcome"`
	Evidence string `json:"evidence"`
	Note     string `json:"note,omitempty"`
	NextDue  stamp  `json:"next_due"`
}

type transferRow struct {
	ID         int64    `json:"id"`
	System     string   `json:"system"`
	Made       stamp    `json:"made"`
	By         string   `json:"by"`
	Categories []string `json:"categories"`
	Subjects   uint32   `json:"subjects"`
	Means      string   `json:"means"`
	Purpose    string   `json:"purpose"`
	ReturnDue  stamp    `json:"return_due,omitzero"`
	Returned   stamp    `json:"returned,omitzero"`
}

func (a *app) processorShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ORGANISATION", Short: "Show one: scope, papers, reviews, transfers",
		Example: `  custody processor show "Temps Ltd"`,
		Args:    takes("organisation"),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
			org, err := w.organisation(args[0])
			if err != nil {
				return err
			}
			return w.showProcessor(cmd, org.ID)
		}),
	}
}

func (w *workspace) showProcessor(cmd *cobra.Command, org custody.OrganisationID) error {
	p, err := w.store.Processor(cmd.Context(), org, w.now())
	if err != nil {
		return err
	}
	reviews, err := w.store.ProcessorReviews(cmd.Context(), org)
	if err != nil {
		return err
	}
	transfers, err := w.store.Transfers(cmd.Context(), org)
	if err != nil {
		return err
	}
	out := struct {
		processorRow
		Papers    []paperRow           `json:"papers"`
		Reviews   []processorReviewRow `json:"reviews"`
		Transfers []transferRow        `json:"transfers"`
	}{processorRow: w.processorRow(p), Papers: []paperRow{}, Reviews: []processorReviewRow{}, Transfers: []transferRow{}}
	for i := range p.Papers {
		x := &p.Papers[i]
		grade, err := w.portalGrade(x)
		if err != nil {
			return err
		}
		out.Papers = append(out.Papers, paperRow{x.Kind, x.Name, x.About, x.Evidence, stamp{x.Since}, stamp{x.Till}, grade})
	}
	for _, x := range reviews {
		out.Reviews = append(out.Reviews, processorReviewRow{stamp{x.Held}, x.ByLogin, x.Outcome, x.Evidence, x.Note, stamp{x.NextDue}})
	}
	for _, x := range transfers {
		out.Transfers = append(out.Transfers, transferRow{x.ID, x.SystemName, stamp{x.Made}, x.ByLogin, x.Categories.Strings(), x.Subjects, x.Means, x.Purpose,
			stamp{x.ReturnDue}, stamp{x.Returned}})
	}
	if w.json {
		return w.object(out)
	}
	w.say("%s (%s): %s\nContract %s, from %s until %s. Instructions: %s.\nReview due %s. %s here now.", printable(p.Name), p.Kind, out.state(), printable(p.Contract),
		w.minute(p.ContractStart), orOpen(w.minute(p.ContractEnd)), printable(p.Instructions), w.minute(p.ReviewDue), plural(p.People, "login"))
	for _, s := range p.Scopes {
		w.say("May have of %s: %s.", s.SystemName, s.Categories)
	}
	w.say("\nSub-processors, certificates, portals")
	if err := list(w.app, out.Papers, "None.",
		column[paperRow]{"KIND", func(r paperRow) string { return r.Kind }, false},
		column[paperRow]{"NAME", func(r paperRow) string { return r.Name }, true},
		column[paperRow]{"ABOUT", func(r paperRow) string { return strings.TrimSpace(r.About + " " + r.Grade) }, true},
		column[paperRow]{"TILL", func(r paperRow) string { return orOpen(w.minute(r.Till.Time)) }, false},
		column[paperRow]{"EVIDENCE", func(r paperRow) string { return r.Evidence }, true}); err != nil {
		return err
	}
	w.say("\nReviews")
	if err := list(w.app, out.Reviews, "None.",
		column[processorReviewRow]{"HELD", func(r processorReviewRow) string { return w.minute(r.Held.Time) }, false},
		column[processorReviewRow]{"BY", func(r processorReviewRow) string { return r.By }, false},
		column[processorReviewRow]{"OUTCOME", func(r processorReviewRow) string { return r.Outcome }, false},
		column[processorReviewRow]{"EVIDENCE", func(r processorReviewRow) string { return r.Evidence }, true},
		column[processorReviewRow]{"NEXT", func(r processorReviewRow) string { return w.minute(r.NextDue.Time) }, false}); err != nil {
		return err
	}
	w.say("\nTransfers")
	return list(w.app, out.Transfers, "None.",
		column[transferRow]{"ID", func(r transferRow) string { return number(r.ID) }, false},
		column[transferRow]{"MADE", func(r transferRow) string { return w.minute(r.Made.Time) }, false},
		column[transferRow]{"WHAT", func(r transferRow) string {
			return strings.Join(r.Categories, ", ") + " of " + plural(int(r.Subjects), "customer") + " in " + r.System
		}, true},
		column[transferRow]{"PURPOSE", func(r transferRow) string { return r.Purpose }, true},
		column[transferRow]{"RETURN", func(r transferRow) string {
			if !r.Returned.IsZero() {
				return "done " + w.minute(r.Returned.Time)
			}
			return orOpen(w.minute(r.ReturnDue.Time))
		}, false})
}

// portalGrade gives the latest result of the portal standard for a portal behind this
// gate: its grade and when; empty for any other.
func (w *workspace) portalGrade(p *store.Paper) (string, error) {
	id, here := w.systems[p.Name]
	if p.Kind != store.PaperPortal || !here {
		return "", nil
	}
	last, err := w.store.LastPortalExamination(id)
	if err != nil || last.IsZero() {
		return "never tested", err
	}
	found, err := w.store.Findings(id)
	if err != nil {
		return "", err
	}
	var r doctor.Report
	for _, f := range found {
		if strings.HasPrefix(f.Check, store.PortalChecks) {
			r.Findings = append(r.Findings, doctor.Finding{Check: f.Check, Object: f.Object, Severity: doctor.Severity(f.Severity)})
		}
	}
	return "grade " + portalcheck.Grade(&r) + " on " + w.minute(last), nil
}
