package main

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/config"
	"custody/console"
	"custody/site"
	"custody/store"
)

func (a *app) consoleCommand() *cobra.Command {
	return group("console", "The web console, and who may do what in it",
		"  custody console role give --person lead@northfield.example --role lead\n  custody console role list", a.consoleRoleCommand(), a.consoleTokenCommand())
}

func (a *app) consoleRoleCommand() *cobra.Command {
	var person, role, organisation string
	var end moment
	give := &cobra.Command{
		Use: "give", Short: "Give somebody a role in the console",
		Long: `Give a person a role in the console. Everybody who is engaged can sign in there and
sees what is recorded of themselves; more takes a role:

  administrator  people, sessions, systems and rights, but no customers
  lead           data protection: everything
  auditor        everything, changing nothing

Managers see the people of their branch; custody manager makes them. A role reaches the
people of all employers, or those of one with --organisation.`,
		Example: "  custody console role give --person lead@northfield.example --role lead\n  custody console role give --person auditor@quayside.example --role auditor --organisation Northfield --end 2026-12-31",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			return w.giveConsoleRole(person, role, organisation, &end)
		}),
	}
	give.Flags().StringVar(&person, "person", "", "`login` of the person")
	give.Flags().StringVar(&role, "role", "", "administrator, lead or auditor")
	give.Flags().StringVar(&organisation, "organisation", "", "for the people of this `employer` only")
	give.Flags().Var(&end, "end", "when it ends (default open)")
	require(give, "person", "role")
	var all bool
	listing := &cobra.Command{
		Use: "list", Short: "List who has which role in the console",
		Example: "  custody console role list",
		Args:    takes(),
		RunE:    a.opened(func(w *workspace, _ *cobra.Command, _ []string) error { return w.listConsoleRoles(all) }),
	}
	listing.Flags().BoolVar(&all, "all", false, "ended ones too")
	ending := &cobra.Command{
		Use: "end NUMBER", Short: "Take a role in the console away, now",
		Example: "  custody console role end 3",
		Args:    takes("number"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.endConsoleRole(cmd, args[0]) },
	}
	return group("role", "Who may do what in the console",
		"  custody console role give --person lead@northfield.example --role lead", give, listing, ending)
}

func (a *app) consoleTokenCommand() *cobra.Command {
	var person, organisation, name string
	var scopes []string
	var days int
	cmd := &cobra.Command{
		Use: "token", Short: "Make a personal token for programs",
		Long: `Make a token with which a program, or this command line with --server, asks the console
under a person's name: within their roles, and for the scopes that are named. It is
shown once. Scopes:

` + strings.Join(wrapText(strings.Join(console.Scopes(), ", "), 88), "\n"),
		Example: "  custody console token --person auditor@quayside.example --name \"nightly report\" --scope looks,ledger --days 30",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			p, err := w.person(person)
			if err != nil {
				return err
			}
			if _, err := w.store.EnsureSystem(console.SystemName); err != nil {
				return err
			}
			if err := w.identity.Reload(); err != nil {
				return err
			}
			token, err := site.MakeAPIToken(w.identity, w.store, p.Login, organisation, name, scopes, time.Duration(days)*24*time.Hour)
			if err != nil {
				return err
			}
			return a.done(map[string]string{"login": p.Login, "token": token}, "%s", token)
		}),
	}
	cmd.Flags().StringVar(&person, "person", "", "`login` of the person")
	cmd.Flags().StringVar(&organisation, "organisation", "", "`employer`, if the person has several")
	cmd.Flags().StringVar(&name, "name", "", "what uses it, in a few `words`")
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, "what it may be used for; repeatable")
	cmd.Flags().IntVar(&days, "days", 30, "how many days it lasts")
	require(cmd, "person", "name", "scope")
	return cmd
}

func (w *workspace) giveConsoleRole(login, role, organisation string, end *moment) error {
	given := []string{string(console.Administrator), string(console.Lead), string(console.Auditor)}
	if !slices.Contains(given, role) {
		return custody.E(custody.CodeInvalid, "there is no console role "+strconv.Quote(role), "it is "+strings.Join(given, ", "))
	}
	person, err := w.person(login)
	if err != nil {
		return err
	}
	r := store.ConsoleRole{Person: person.ID, Login: person.Login, Role: role, OrgName: organisation, Start: w.now()}
	if r.End, err = end.at(w.app); err != nil {
		return err
	}
	if r.Organisation, err = w.employerNamed(organisation); err != nil {
		return err
	}
	if err := w.store.AddConsoleRole(&r); err != nil {
		return err
	}
	return w.done(consoleRoleOf(&r), "%s is %s in the console, %s.", r.Login, console.Role(role).Title(), reaches(&r))
}

// employerNamed finds an employer's number; none for an empty name.
func (w *workspace) employerNamed(name string) (custody.OrganisationID, error) {
	if name == "" {
		return 0, nil
	}
	all, err := w.identity.Organisations()
	if err != nil {
		return 0, err
	}
	for _, o := range all {
		if strings.EqualFold(o.Name, name) {
			return o.ID, nil
		}
	}
	return 0, custody.E(custody.CodeNotFound, "there is no organisation "+strconv.Quote(name), "custody organisation list shows them")
}

func reaches(r *store.ConsoleRole) string {
	if r.OrgName == "" {
		return "for all employers"
	}
	return "for " + r.OrgName
}

type consoleRoleRow struct {
	ID           int64  `json:"id"`
	Login        string `json:"login"`
	Role         string `json:"role"`
	Organisation string `json:"organisation,omitempty"`
	Start        stamp  `json:"start"`
	End          stamp  `json:"end,omitzero"`
}

func consoleRoleOf(r *store.ConsoleRole) consoleRoleRow {
	return consoleRoleRow{r.ID, r.Login, r.Role, r.OrgName, stamp{r.Start}, stamp{r.End}}
}

func (w *workspace) listConsoleRoles(all bool) error {
	given, err := w.store.ConsoleRoles()
	if err != nil {
		return err
	}
	rows := []consoleRoleRow{}
	for i := range given {
		if r := &given[i]; all || r.End.IsZero() || w.now().Before(r.End) {
			rows = append(rows, consoleRoleOf(r))
		}
	}
	return list(w.app, rows, "Nobody has a role in the console. custody console role give makes the first lead.",
		column[consoleRoleRow]{"ID", func(r consoleRoleRow) string { return strconv.FormatInt(r.ID, 10) }, false},
		column[consoleRoleRow]{"PERSON", func(r consoleRoleRow) string { return r.Login }, false},
		column[consoleRoleRow]{"ROLE", func(r consoleRoleRow) string { return r.Role }, false},
		column[consoleRoleRow]{"REACHES", func(r consoleRoleRow) string {
			if r.Organisation == "" {
				return "all"
			}
			return r.Organisation
		}, false},
		column[consoleRoleRow]{"UNTIL", func(r consoleRoleRow) string {
			if r.End.IsZero() {
				return "open"
			}
			return w.local(r.End.Time)
		}, false})
}

func (a *app) endConsoleRole(cmd *cobra.Command, text string) error {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return usage(cmd, "NUMBER is a role's number")
	}
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.store.EndConsoleRole(id, a.now()); err != nil {
		return err
	}
	return a.done(map[string]int64{"ended": id}, "Role %d has ended.", id)
}

// listenConsole opens the console's listener and says how the site serves it. On its
// default address a console that finds the port taken is left out, loudly: guarding goes
// first.
func (w *workspace) listenConsole(o *site.Options) (net.Listener, error) {
	c := &w.config.Console
	if c.Listen == "" {
		return nil, nil
	}
	l, err := listenOn(c.Listen)
	if custody.CodeOf(err) == custody.CodeConflict && c.Listen == config.ConsoleListen {
		o.Log.Warn("the console is not served: another program has its port", "listen", c.Listen, "hint", "set console.listen in custody.yaml")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	port := 0
	if at, ok := l.Addr().(*net.TCPAddr); ok {
		port = at.Port
	}
	o.Console = &site.Console{Title: c.Title, Public: c.PublicURL(port), TLS: c.TLS == config.On}
	if o.Console.Verifier, err = w.verifier(verifierFile); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}
