package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
)

func (a *app) personCommand() *cobra.Command {
	return group("person", "People who may sign in, and who they work for",
		`  custody person add alice@northfield.example --name "Alice Smith" --organisation Northfield --role estimator`,
		a.personAdd(), a.personEngage(), a.personEnrol(), a.personReset(), a.personLink(), a.personList(), a.personShow(), a.personLeave(), a.personMove(), a.personRoles(), a.personCompromised(), a.personCuts(), a.personImport())
}

// engagement holds the flags that describe one.
type engagementFlags struct {
	organisation string
	branch       string
	roles        []string
	start, end   moment
}

func (e *engagementFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&e.organisation, "organisation", "", "`employer`, added if it is new")
	cmd.Flags().StringVar(&e.branch, "branch", "", "`branch` of the employer where they work")
	cmd.Flags().StringSliceVar(&e.roles, "role", nil, "`role` there; repeatable")
	cmd.Flags().Var(&e.start, "start", "when the engagement begins (default now)")
	cmd.Flags().Var(&e.end, "end", "when it ends (default open)")
	require(cmd, "organisation")
}

func (e *engagementFlags) times(a *app) (start, end time.Time, err error) {
	if start, err = e.start.at(a); err != nil {
		return start, end, err
	}
	end, err = e.end.at(a)
	return start, end, err
}

func (a *app) personAdd() *cobra.Command {
	var name string
	var e engagementFlags
	cmd := &cobra.Command{
		Use: "add LOGIN", Short: "Add a person and their first engagement",
		Long: `Add a person and their first engagement. LOGIN is an email address of their own:
it belongs to this person for ever, and nobody else can ever have it.`,
		Example: `  custody person add alice@northfield.example --name "Alice Smith" --organisation Northfield --role estimator
  custody person add bob@temps.example --name "Bob Jones" --organisation Temps --role reception --end 2026-12-31`,
		Args: takes("login"),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error { return w.addPerson(args[0], name, &e) }),
	}
	cmd.Flags().StringVar(&name, "name", "", "full `name`")
	e.flags(cmd)
	require(cmd, "name")
	return cmd
}

func (w *workspace) addPerson(login, name string, e *engagementFlags) error {
	start, end, err := e.times(w.app)
	if err != nil {
		return err
	}
	p, err := w.identity.AddPerson(identity.NewPerson{
		Login: login, FullName: name, Organisation: e.organisation, Branch: e.branch, Roles: e.roles, Start: start, End: end,
	})
	if err != nil {
		return err
	}
	info, err := w.person(p.Login)
	if err != nil {
		return err
	}
	return w.done(w.personRow(info), "%s (%s) is person %d, at %s.", p.FullName, p.Login, p.ID, printable(e.organisation))
}

func (a *app) personEngage() *cobra.Command {
	var e engagementFlags
	cmd := &cobra.Command{
		Use: "engage LOGIN", Short: "Give a person a further engagement, such as a return",
		Example: "  custody person engage alice@northfield.example --organisation Northfield --role estimator",
		Args:    takes("login"),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			start, end, err := e.times(a)
			if err != nil {
				return err
			}
			if _, err := w.identity.EngageAt(args[0], e.organisation, e.branch, e.roles, start, end); err != nil {
				return err
			}
			info, err := w.person(args[0])
			if err != nil {
				return err
			}
			return a.done(a.personRow(info), "%s is engaged at %s.", info.Login, printable(e.organisation))
		}),
	}
	e.flags(cmd)
	return cmd
}

// person finds somebody by login.
func (w *workspace) person(login string) (*identity.PersonInfo, error) {
	people, err := w.identity.People()
	if err != nil {
		return nil, err
	}
	for i := range people {
		if people[i].Login == identity.NormalLogin(login) {
			return &people[i], nil
		}
	}
	return nil, custody.E(custody.CodeNotFound, "there is no person with this login", "custody person list shows them")
}

type personRow struct {
	ID          custody.PersonID `json:"id"`
	Login       string           `json:"login"`
	Name        string           `json:"name"`
	Current     bool             `json:"current"`
	Added       stamp            `json:"added"`
	Engagements []engagementRow  `json:"engagements"`
}

type engagementRow struct {
	Organisation string   `json:"organisation"`
	Branch       string   `json:"branch,omitempty"`
	Roles        []string `json:"roles,omitempty"`
	Start        stamp    `json:"start"`
	End          stamp    `json:"end,omitzero"`
}

func (a *app) personRow(p *identity.PersonInfo) personRow {
	row := personRow{p.ID, p.Login, p.FullName, p.Current, stamp{p.Added}, []engagementRow{}}
	for _, e := range p.Engagements {
		row.Engagements = append(row.Engagements, engagementRow{e.OrgName, e.Branch, e.Roles, stamp{e.Start}, stamp{e.End}})
	}
	return row
}

func (a *app) personList() *cobra.Command {
	var current bool
	cmd := &cobra.Command{
		Use: "list", Short: "List everybody who may sign in or ever could",
		Example: "  custody person list\n  custody person list --current --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			people, err := w.identity.People()
			if err != nil {
				return err
			}
			rows := []personRow{}
			for i := range people {
				if people[i].Current || !current {
					rows = append(rows, a.personRow(&people[i]))
				}
			}
			return list(a, rows, "There are no people yet: custody person add adds one.", a.personColumns()...)
		}),
	}
	cmd.Flags().BoolVar(&current, "current", false, "only those who are engaged now")
	return cmd
}

func (a *app) personColumns() []column[personRow] {
	return []column[personRow]{
		{"LOGIN", func(p personRow) string { return p.Login }, false},
		{"NAME", func(p personRow) string { return p.Name }, true},
		{"ORGANISATION", func(p personRow) string { return p.join(func(e engagementRow) string { return e.Organisation }) }, true},
		{"ROLES", func(p personRow) string {
			return p.join(func(e engagementRow) string { return strings.Join(e.Roles, ", ") })
		}, true},
		{"UNTIL", func(p personRow) string { return a.until(p) }, true},
	}
}

// join joins what is said of the current engagements, or of all when none is current.
func (p personRow) join(f func(engagementRow) string) string {
	var parts []string
	for _, e := range p.Engagements {
		if text := f(e); text != "" && (len(parts) == 0 || parts[len(parts)-1] != text) {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

func (a *app) until(p personRow) string {
	var last time.Time
	for _, e := range p.Engagements {
		if e.End.IsZero() {
			return "open"
		}
		if e.End.After(last) {
			last = e.End.Time
		}
	}
	return a.minute(last)
}

func (a *app) personShow() *cobra.Command {
	return &cobra.Command{
		Use: "show LOGIN", Short: "Show one person: engagements, credentials, grants, live sessions",
		Example: "  custody person show alice@northfield.example",
		Args:    takes("login"),
		RunE:    a.opened(func(w *workspace, _ *cobra.Command, args []string) error { return w.showPerson(args[0]) }),
	}
}

func (w *workspace) showPerson(login string) error {
	p, err := w.person(login)
	if err != nil {
		return err
	}
	detail := struct {
		personRow
		Grants      []grantRow      `json:"grants"`
		Credentials []credentialRow `json:"credentials"`
		Sessions    []sessionRow    `json:"sessions"`
		SignIn      signInRow       `json:"sign_in"`
	}{personRow: w.personRow(p)}
	if detail.Grants, err = w.grantsOf(detail.personRow); err != nil {
		return err
	}
	if detail.Credentials, err = w.credentialsOf(p.Login, false); err != nil {
		return err
	}
	if detail.Sessions, err = w.sessionsOf(p.ID); err != nil {
		return err
	}
	if detail.SignIn, err = w.signInOf(p.ID); err != nil {
		return err
	}
	if w.json {
		return w.object(detail)
	}
	w.say("%s (%s), person %d, added %s", printable(p.FullName), p.Login, p.ID, w.minute(p.Added))
	w.say("\nEngagements")
	if err := list(w.app, detail.Engagements, "None.", w.engagementColumns()...); err != nil {
		return err
	}
	w.say("\nGrants in force")
	if err := list(w.app, detail.Grants, "None: nothing may be seen.", w.grantColumns()...); err != nil {
		return err
	}
	w.say("\nCredentials in force")
	if err := list(w.app, detail.Credentials, "None: they cannot sign in.", w.credentialColumns()...); err != nil {
		return err
	}
	w.say("\nSign-in with a browser")
	w.showSignIn(&detail.SignIn)
	w.say("\nLive sessions")
	return list(w.app, detail.Sessions, "None.", w.sessionColumns()...)
}

func (a *app) engagementColumns() []column[engagementRow] {
	return []column[engagementRow]{
		{"ORGANISATION", func(e engagementRow) string { return e.Organisation }, true},
		{"BRANCH", func(e engagementRow) string { return e.Branch }, true},
		{"ROLES", func(e engagementRow) string { return strings.Join(e.Roles, ", ") }, true},
		{"FROM", func(e engagementRow) string { return a.minute(e.Start.Time) }, false},
		{"UNTIL", func(e engagementRow) string { return orOpen(a.minute(e.End.Time)) }, false},
	}
}

func orOpen(s string) string {
	if s == "" {
		return "open"
	}
	return s
}

func number[N ~int | ~int64 | ~uint32 | ~uint64](n N) string {
	return strconv.FormatUint(uint64(n), 10)
}
