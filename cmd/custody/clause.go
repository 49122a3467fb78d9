package main

import (
	"github.com/spf13/cobra"

	"custody/store"
)

func (a *app) clauseCommand() *cobra.Command {
	return group("clause", "Register of confidentiality clauses in contracts of employment",
		"  custody clause record --person alice@northfield.example --signed 2026-01-05 --document \"HR file 31\" --by bob@northfield.example",
		a.clauseRecord(), a.clauseList())
}

func (a *app) clauseRecord() *cobra.Command {
	var person, organisation, document, by string
	var signed moment
	cmd := &cobra.Command{
		Use: "record", Short: "Keep that somebody's contract has the clause; nobody keeps their own",
		Example: "  custody clause record --person alice@northfield.example --signed 2026-01-05 --document \"HR file 31\" --by bob@northfield.example",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			p, err := w.engaged(person)
			if err != nil {
				return err
			}
			keeper, err := w.engaged(by)
			if err != nil {
				return err
			}
			c := store.Clause{Person: p.ID, Login: p.Login, Document: document}
			if c.Organisation, err = w.employer(p, organisation); err != nil {
				return err
			}
			if c.Signed, err = signed.at(a); err != nil {
				return err
			}
			if err := w.store.RecordClause(cmd.Context(), keeper.ID, &c, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"person": c.Login, "signed": stamp{c.Signed}, "document": c.Document}, "The clause of %s is on record.", c.Login)
		}),
	}
	cmd.Flags().StringVar(&person, "person", "", "`login` of who signed")
	cmd.Flags().StringVar(&organisation, "organisation", "", "`employer`, if the person has several")
	cmd.Flags().Var(&signed, "signed", "when")
	cmd.Flags().StringVar(&document, "document", "", "where the contract is kept")
	byFlag(cmd, &by)
	require(cmd, "person", "signed", "document")
	return cmd
}

type clauseRow struct {
	Person       string `json:"person"`
	Name         string `json:"name"`
	Organisation string `json:"organisation"`
	Signed       stamp  `json:"signed,omitzero"`
	Document     string `json:"document,omitempty"`
}

func (a *app) clauseList() *cobra.Command {
	var missing bool
	cmd := &cobra.Command{
		Use: "list", Short: "List everybody who works here, with the clause or without",
		Example: "  custody clause list\n  custody clause list --missing --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			found, err := w.store.Clauses(cmd.Context(), a.now())
			if err != nil {
				return err
			}
			rows := []clauseRow{}
			for _, c := range found {
				if !missing || c.Signed.IsZero() {
					rows = append(rows, clauseRow{c.Login, c.FullName, c.OrgName, stamp{c.Signed}, c.Document})
				}
			}
			return list(a, rows, "Nobody.",
				column[clauseRow]{"PERSON", func(r clauseRow) string { return r.Person }, false},
				column[clauseRow]{"NAME", func(r clauseRow) string { return r.Name }, true},
				column[clauseRow]{"ORGANISATION", func(r clauseRow) string { return r.Organisation }, true},
				column[clauseRow]{"SIGNED", func(r clauseRow) string {
					if r.Signed.IsZero() {
						return "missing"
					}
					return a.minute(r.Signed.Time)
				}, false},
				column[clauseRow]{"DOCUMENT", func(r clauseRow) string { return r.Document }, true},
			)
		}),
	}
	cmd.Flags().BoolVar(&missing, "missing", false, "only those without")
	return cmd
}
