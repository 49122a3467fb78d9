package main

import (
	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
	"custody/store"
)

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
