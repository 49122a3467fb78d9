package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
)

func (a *app) organisationCommand() *cobra.Command {
	add := &cobra.Command{
		Use: "add NAME", Short: "Add an employer",
		Example: `  custody organisation add Northfield`,
		Args:    takes("name"),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			id, err := w.identity.EnsureOrganisation(args[0])
			if err != nil {
				return err
			}
			return a.done(organisationRow{id, args[0]}, "%s is organisation %d.", args[0], id)
		}),
	}
	listing := &cobra.Command{
		Use: "list", Short: "List the employers",
		Example: "  custody organisation list",
		Args:    takes(),
		RunE:    a.opened(func(w *workspace, _ *cobra.Command, _ []string) error { return w.listOrganisations() }),
	}
	return group("organisation", "Employers: a person's rights exist only through one",
		"  custody organisation add Northfield\n  custody organisation list", add, listing)
}

type organisationRow struct {
	ID   custody.OrganisationID `json:"id"`
	Name string                 `json:"name"`
}

func (w *workspace) listOrganisations() error {
	all, err := w.identity.Organisations()
	if err != nil {
		return err
	}
	return list(w.app, organisationRows(all), "There are no organisations yet.",
		column[organisationRow]{"ID", func(r organisationRow) string { return strconv.Itoa(int(r.ID)) }, false},
		column[organisationRow]{"NAME", func(r organisationRow) string { return r.Name }, false})
}

func organisationRows(all []identity.Organisation) []organisationRow {
	rows := make([]organisationRow, len(all))
	for i, o := range all {
		rows[i] = organisationRow{o.ID, o.Name}
	}
	return rows
}
