package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/doctor"
	"custody/doctor/portalcheck"
	"custody/identity"
	"custody/store"
)

func (a *app) processorCommand() *cobra.Command {
	return group("processor", "Register of contractors and partners: contract, scope, reviews, transfers",
		`  custody processor add "Temps Ltd" --contract "DPA 7" --instructions "annex 2" --start 2026-01-01 --by bob@northfield.example`,
		a.processorAdd(), a.processorScope(), a.processorPaper(), a.processorReview(), a.processorTransfer(), a.processorReturn(),
		a.processorEnd(), a.processorList(), a.processorShow())
}

// processorDo opens the working directory and finds the organisation and who acts.
func (a *app) processorDo(name, by string, do func(w *workspace, org *identity.Organisation, actor custody.PersonID) error) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	org, err := w.organisation(name)
	if err != nil {
		return err
	}
	p, err := w.engaged(by)
	if err != nil {
		return err
	}
	return do(w, org, p.ID)
}

func (a *app) processorAdd() *cobra.Command {
	p := store.Processor{ReviewDays: 365}
	var by string
	var start, end, due moment
	var partner bool
	cmd := &cobra.Command{
		Use: "add ORGANISATION", Short: "Put an organisation into the register, or change its contract",
		Long: `Put an organisation into the register of processors. From then on its people and
applications sign in only while the contract and the review are in date, and see only
what custody processor scope lets, whatever their grants say. A partner, who is a
controller of its own, is bound by contract and review, not by a scope.`,
		Example: `  custody processor add "Temps Ltd" --contract "DPA 7" --instructions "annex 2" --start 2026-01-01 --end 2027-12-31 --review-days 365 --by bob@northfield.example`,
		Args:    takes("organisation"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.processorDo(args[0], by, func(w *workspace, org *identity.Organisation, actor custody.PersonID) (err error) {
				p.Organisation, p.Kind = org.ID, store.KindProcessor
				if partner {
					p.Kind = store.KindPartner
				}
				for _, m := range []struct {
					flag moment
					to   *time.Time
				}{{start, &p.ContractStart}, {end, &p.ContractEnd}, {due, &p.ReviewDue}} {
					if *m.to, err = m.flag.at(a); err != nil {
						return err
					}
				}
				if err := w.store.PutProcessor(cmd.Context(), actor, &p, a.now()); err != nil {
					return err
				}
				return w.sayProcessor(cmd, org.ID)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&partner, "partner", false, "a partner, not a processor")
	flags.StringVar(&p.Contact, "contact", "", "whom to ask there")
	flags.StringVar(&p.Contract, "contract", "", "where the contract is kept")
	flags.StringVar(&p.Instructions, "instructions", "", "where the documented instructions are kept")
	flags.Var(&start, "start", "when the contract begins")
	flags.Var(&end, "end", "when it ends (default open)")
	flags.IntVar(&p.ReviewDays, "review-days", p.ReviewDays, "how often it is reviewed, in `days`")
	flags.Var(&due, "review-due", "when the first review is due (default after that many days)")
	byFlag(cmd, &by)
	require(cmd, "contract", "instructions", "start")
	return cmd
}

func (a *app) processorScope() *cobra.Command {
	var system, by string
	var set categories
	cmd := &cobra.Command{
		Use: "scope ORGANISATION", Short: "Say which categories of a system a processor may have; none takes the system away",
		Example: `  custody processor scope "Temps Ltd" --system bodyshop --categories name,vehicle --by bob@northfield.example`,
		Args:    takes("organisation"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.processorDo(args[0], by, func(w *workspace, org *identity.Organisation, actor custody.PersonID) error {
				id, err := w.system(system)
				if err != nil {
					return err
				}
				if err := w.store.SetScope(cmd.Context(), actor, org.ID, id, set.CategorySet, a.now()); err != nil {
					return err
				}
				return w.sayProcessor(cmd, org.ID)
			})
		},
	}
	cmd.Flags().StringVar(&system, "system", "", "in this `system`")
	cmd.Flags().Var(&set, "categories", "what they may have")
	byFlag(cmd, &by)
	require(cmd, "system")
	return cmd
}

func (a *app) processorPaper() *cobra.Command {
	var p store.Paper
	var by string
	var since, till moment
	cmd := &cobra.Command{
		Use: "paper ORGANISATION", Short: "Keep a sub-processor, a certificate or a portal of theirs",
		Example: `  custody processor paper "Temps Ltd" --kind certificate --name "ISO 27001" --till 2027-05-31 --evidence "folder 9" --by bob@northfield.example
  custody processor paper "Temps Ltd" --kind portal --name bodyshop --by bob@northfield.example`,
		Args: takes("organisation"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.processorDo(args[0], by, func(w *workspace, org *identity.Organisation, actor custody.PersonID) (err error) {
				if p.Kind != store.PaperSub && p.Kind != store.PaperCertificate && p.Kind != store.PaperPortal {
					return usage(cmd, "--kind is sub-processor, certificate or portal")
				}
				if p.Since, err = since.at(a); err != nil {
					return err
				}
				if p.Since.IsZero() {
					p.Since = a.now()
				}
				if p.Till, err = till.at(a); err != nil {
					return err
				}
				if err := w.store.AddPaper(cmd.Context(), actor, org.ID, &p, a.now()); err != nil {
					return err
				}
				return w.sayProcessor(cmd, org.ID)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&p.Kind, "kind", "", "sub-processor, certificate or portal")
	flags.StringVar(&p.Name, "name", "", "its name; of a portal the system here, or its address")
	flags.StringVar(&p.About, "about", "", "country and purpose, or who issued it")
	flags.StringVar(&p.Evidence, "evidence", "", "where it is kept")
	flags.Var(&since, "since", "when it begins (default now)")
	flags.Var(&till, "till", "when it runs out")
	byFlag(cmd, &by)
	require(cmd, "kind", "name")
	return cmd
}

func (a *app) processorReview() *cobra.Command {
	var r store.ProcessorReview
	var by string
	var held, next moment
	cmd := &cobra.Command{
		Use: "review ORGANISATION", Short: "Keep a review that was held: one that failed ends their sign-ins",
		Example: `  custody processor review "Temps Ltd" --held 2026-05-31 --outcome passed --evidence "report 12" --by bob@northfield.example`,
		Args:    takes("organisation"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.processorDo(args[0], by, func(w *workspace, org *identity.Organisation, actor custody.PersonID) (err error) {
				if r.Held, err = held.at(a); err != nil {
					return err
				}
				if r.Held.IsZero() {
					r.Held = a.now()
				}
				if r.NextDue, err = next.at(a); err != nil {
					return err
				}
				r.By = actor
				if err := w.store.AddProcessorReview(cmd.Context(), org.ID, &r, a.now()); err != nil {
					return err
				}
				return w.sayProcessor(cmd, org.ID)
			})
		},
	}
	flags := cmd.Flags()
	flags.Var(&held, "held", "when (default now)")
	flags.StringVar(&r.Outcome, "outcome", "", "passed, conditions or failed")
	flags.StringVar(&r.Evidence, "evidence", "", "where the report is kept")
	flags.StringVar(&r.Note, "note", "", "a few `words`, such as the conditions")
	flags.Var(&next, "next", "when the next one is due, if sooner than usual")
	byFlag(cmd, &by)
	require(cmd, "outcome", "evidence")
	return cmd
}

func (a *app) processorTransfer() *cobra.Command {
	var x store.Transfer
	var system, by string
	var set categories
	var due moment
	cmd := &cobra.Command{
		Use: "transfer ORGANISATION", Short: "Keep that data is handed over otherwise than through a gate",
		Example: `  custody processor transfer "Temps Ltd" --system bodyshop --categories name,vehicle --subjects 300 --means sftp --purpose "recall letters" --return-due 2026-12-31 --by bob@northfield.example`,
		Args:    takes("organisation"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.processorDo(args[0], by, func(w *workspace, org *identity.Organisation, actor custody.PersonID) (err error) {
				x.Organisation, x.By, x.Made, x.Categories = org.ID, actor, a.now(), set.CategorySet
				if x.System, err = w.system(system); err != nil {
					return err
				}
				if x.ReturnDue, err = due.at(a); err != nil {
					return err
				}
				if err := w.store.AddTransfer(cmd.Context(), &x, a.now()); err != nil {
					return err
				}
				return a.done(map[string]any{"id": x.ID, "organisation": org.Name, "subjects": x.Subjects}, "Transfer %d to %s is on record.", x.ID, printable(org.Name))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&system, "system", "", "out of this `system`")
	flags.Var(&set, "categories", "what it holds")
	flags.Uint32Var(&x.Subjects, "subjects", 0, "of how many customers")
	flags.StringVar(&x.Means, "means", "", "how it is handed over")
	flags.StringVar(&x.Purpose, "purpose", "", "for what")
	flags.Var(&due, "return-due", "when it must be given back or deleted")
	flags.StringVar(&x.Evidence, "evidence", "", "where the receipt is kept")
	byFlag(cmd, &by)
	require(cmd, "system", "categories", "means", "purpose")
	return cmd
}

func (a *app) processorReturn() *cobra.Command {
	var by, evidence string
	cmd := &cobra.Command{
		Use: "return TRANSFER", Short: "Keep that what was handed over was given back or deleted",
		Example: `  custody processor return 3 --evidence "deletion certificate 8" --by bob@northfield.example`,
		Args:    takes("transfer"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideRequest(cmd, args[0], by, func(w *workspace, id int64, actor custody.PersonID) error {
				if err := w.store.ReturnTransfer(cmd.Context(), id, actor, evidence, a.now()); err != nil {
					return err
				}
				return a.done(map[string]int64{"returned": id}, "Transfer %d is closed.", id)
			})
		},
	}
	cmd.Flags().StringVar(&evidence, "evidence", "", "where the confirmation is kept")
	byFlag(cmd, &by)
	require(cmd, "evidence")
	return cmd
}

func (a *app) processorEnd() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "end ORGANISATION", Short: "End the work with them: their sessions are cut within a second",
		Example: `  custody processor end "Temps Ltd" --by bob@northfield.example`,
		Args:    takes("organisation"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.processorDo(args[0], by, func(w *workspace, org *identity.Organisation, actor custody.PersonID) error {
				if err := w.store.EndProcessor(cmd.Context(), actor, org.ID, a.now()); err != nil {
					return err
				}
				return w.sayProcessor(cmd, org.ID)
			})
		},
	}
	byFlag(cmd, &by)
	return cmd
}

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
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
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
		},
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
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			org, err := w.organisation(args[0])
			if err != nil {
				return err
			}
			return w.showProcessor(cmd, org.ID)
		},
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
