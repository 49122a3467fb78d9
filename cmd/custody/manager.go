package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
	"custody/store"
)

func (a *app) managerCommand() *cobra.Command {
	return group("manager", "Who approves requests and reviews rights, for an organisation or a branch",
		"  custody manager add bob@northfield.example --organisation Northfield --branch 12",
		a.managerAdd(), a.managerList(), a.managerEnd())
}

func (a *app) managerAdd() *cobra.Command {
	var organisation, branch, by string
	cmd := &cobra.Command{
		Use: "add LOGIN", Short: "Make somebody a manager of an organisation's people, or of a branch's",
		Long: `Make somebody a manager: they decide about requests, emergency access and access
reviews of the people of an organisation, or of one branch of it. Nobody decides about
their own rights, so an organisation needs two managers at least.`,
		Example: "  custody manager add bob@northfield.example --organisation Northfield\n  custody manager add dora@northfield.example --organisation Northfield --branch 12",
		Args:    takes("login"),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
			p, err := w.engaged(args[0])
			if err != nil {
				return err
			}
			org, err := w.organisation(organisation)
			if err != nil {
				return err
			}
			actor, err := w.actor(by)
			if err != nil {
				return err
			}
			m := store.Manager{Person: p.ID, Login: p.Login, Organisation: org.ID, OrgName: org.Name, Branch: branch}
			if err := w.store.AddManager(cmd.Context(), actor, &m, a.now()); err != nil {
				return err
			}
			return a.done(managerRowOf(&m), "%s decides about %s from now on.", m.Login, placeWords(m.OrgName, m.Branch))
		}),
	}
	cmd.Flags().StringVar(&organisation, "organisation", "", "the people of this `employer`")
	cmd.Flags().StringVar(&branch, "branch", "", "of this `branch` only")
	cmd.Flags().StringVar(&by, "by", "", "`login` of who appoints them, for the record")
	require(cmd, "organisation")
	return cmd
}

// placeWords names an organisation's people, or a branch's.
func placeWords(organisation, branch string) string {
	text := "the people of " + printable(organisation)
	if branch != "" {
		text += ", branch " + printable(branch)
	}
	return text
}

type managerRow struct {
	ID           int64  `json:"id"`
	Login        string `json:"login"`
	Organisation string `json:"organisation"`
	Branch       string `json:"branch,omitempty"`
	Since        stamp  `json:"since"`
	Ended        stamp  `json:"ended,omitzero"`
}

func managerRowOf(m *store.Manager) managerRow {
	return managerRow{m.ID, m.Login, m.OrgName, m.Branch, stamp{m.Given}, stamp{m.Ended}}
}

func (a *app) managerList() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List who decides about whose rights",
		Example: "  custody manager list\n  custody manager list --all --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			found, err := w.store.Managers(cmd.Context(), all)
			if err != nil {
				return err
			}
			rows := []managerRow{}
			for i := range found {
				rows = append(rows, managerRowOf(&found[i]))
			}
			return list(a, rows, "There are no managers: nobody can approve a request.",
				column[managerRow]{"ID", func(r managerRow) string { return number(r.ID) }, false},
				column[managerRow]{"LOGIN", func(r managerRow) string { return r.Login }, false},
				column[managerRow]{"ORGANISATION", func(r managerRow) string { return r.Organisation }, true},
				column[managerRow]{"BRANCH", func(r managerRow) string { return orAll(r.Branch) }, true},
				column[managerRow]{"SINCE", func(r managerRow) string { return a.minute(r.Since.Time) }, false},
			)
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "ended ones too")
	return cmd
}

func orAll(branch string) string {
	if branch == "" {
		return "all"
	}
	return branch
}

func (a *app) managerEnd() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "end ID", Short: "End it: they decide about nobody there any more",
		Example: "  custody manager end 2",
		Args:    takes("id"),
		RunE: a.numbered("custody manager list", func(w *workspace, cmd *cobra.Command, id int64) error {
			actor, err := w.actor(by)
			if err != nil {
				return err
			}
			if err := w.store.EndManager(cmd.Context(), actor, id, a.now()); err != nil {
				return err
			}
			return a.done(map[string]int64{"ended": id}, "It has ended.")
		}),
	}
	cmd.Flags().StringVar(&by, "by", "", "`login` of who ends it, for the record")
	return cmd
}

// numberArg reads the number of something that a list command shows.
func numberArg(cmd *cobra.Command, text, shows string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usage(cmd, "ID is a number, as "+shows+" shows it")
	}
	return id, nil
}

// engaged finds somebody who works here now.
func (w *workspace) engaged(login string) (*identity.PersonInfo, error) {
	p, err := w.person(login)
	if err == nil && !p.Current {
		err = custody.E(custody.CodeForbidden, "this person has no current engagement", "name somebody who works here now")
	}
	return p, err
}

// actor finds who does something; nobody named is the administrator of the machine.
func (w *workspace) actor(login string) (custody.PersonID, error) {
	if login == "" {
		return 0, nil
	}
	p, err := w.engaged(login)
	if err != nil {
		return 0, err
	}
	return p.ID, nil
}

// organisation finds an employer by name.
func (w *workspace) organisation(name string) (*identity.Organisation, error) {
	all, err := w.identity.Organisations()
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
	}
	return nil, custody.E(custody.CodeNotFound, "no organisation has this name", "custody organisation list shows all")
}

// employer finds for whom somebody works now: the named organisation, or the only one.
func (w *workspace) employer(p *identity.PersonInfo, name string) (id custody.OrganisationID, err error) {
	for _, e := range p.Engagements {
		if !e.Current(w.now()) || name != "" && e.OrgName != name || e.Organisation == id {
			continue
		}
		if id != 0 {
			return 0, custody.E(custody.CodeConflict, "several organisations engage this person now", "say for which one, with --organisation")
		}
		id = e.Organisation
	}
	if id == 0 {
		return 0, custody.E(custody.CodeNotFound, "this person does not work there now", "custody person show LOGIN shows the engagements")
	}
	return id, nil
}

// rightsCommands are those about rights that people ask for, review and depend on.
func (a *app) rightsCommands() []*cobra.Command {
	return []*cobra.Command{a.managerCommand(), a.requestCommand(), a.breakGlassCommand(), a.reviewCommand(),
		a.trainingCommand(), a.ruleCommand(), a.clauseCommand(), a.processorCommand(), a.whyCommand(), a.whoCanCommand()}
}
