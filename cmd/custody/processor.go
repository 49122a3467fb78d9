package main

import (
	"time"

	"github.com/spf13/cobra"

	"custody"
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
