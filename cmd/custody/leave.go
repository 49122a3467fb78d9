package main

import (
	"slices"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
)

// cutRow is what the end of a right took away.
type cutRow struct {
	Login        string `json:"login"`
	Name         string `json:"name"`
	Organisation string `json:"organisation,omitempty"`
	Kind         string `json:"kind"`
	At           stamp  `json:"at"`
	Done         stamp  `json:"done"`
	Sessions     int    `json:"sessions"`
	Tokens       int    `json:"tokens"`
	Certificates int    `json:"certificates"`
	Browsers     int    `json:"browsers"`
	Passkeys     int    `json:"passkeys"`
	Passwords    int    `json:"passwords"`
	Accounts     int    `json:"accounts"`
	Enrolments   int    `json:"enrolment_codes"`
	Grants       int    `json:"personal_grants"`
	Duties       int    `json:"manager_and_console_roles"`
	// Waiting is how many sessions no gate had ended yet when the command did.
	Waiting int `json:"sessions_not_ended_yet,omitempty"`
	text    string
}

func newCutRow(c *identity.Cut) cutRow {
	return cutRow{Login: c.Login, Name: c.FullName, Organisation: c.Organisation, Kind: c.Kind, At: stamp{c.At}, Done: stamp{c.Done}, Sessions: c.Sessions,
		Tokens: c.Tokens, Certificates: c.Certificates, Browsers: c.Browsers, Passkeys: c.Passkeys, Passwords: c.Passwords, Accounts: c.Accounts,
		Enrolments: c.Enrolments, Grants: c.Grants, Duties: c.Duties, text: c.String()}
}

// endWait is how long a command waits to see that gates have ended the sessions.
const endWait = 2 * time.Second

// awaitEnd waits until a person has no live session left and gives how many are. Where
// no gate runs, none ends: they have no right any more when one starts.
func (w *workspace) awaitEnd(person custody.PersonID) (left int, took time.Duration, err error) {
	began := time.Now()
	for {
		live, err := w.store.LiveSessions()
		if err != nil {
			return 0, 0, err
		}
		left = 0
		for i := range live {
			if live[i].Person == person {
				left++
			}
		}
		if took = time.Since(began); left == 0 || took > endWait {
			return left, took, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// showCut tells what a command took away.
func (w *workspace) showCut(c *identity.Cut, sentence string) error {
	row := newCutRow(c)
	left, took, err := 0, time.Duration(0), error(nil)
	if c.Sessions > 0 {
		if left, took, err = w.awaitEnd(c.Person); err != nil {
			return err
		}
	}
	row.Waiting = left
	if w.json {
		return w.object(row)
	}
	w.say("%s", sentence)
	w.say("Ended: %s.", row.text)
	switch {
	case c.Sessions > 0 && left == 0:
		w.say("The gate had ended every session after %d ms.", took.Milliseconds())
	case left > 0:
		w.say("%s no gate has ended yet. If none runs, nothing passes; if one runs, look at its log.", plural(left, "session"))
	}
	return nil
}

func (a *app) personLeave() *cobra.Command {
	var organisation string
	var at, lastDay moment
	cmd := &cobra.Command{
		Use: "leave LOGIN", Short: "End all rights of a person: now, late or as planned",
		Long: `End all engagements of a person, and take away what hangs on them: live sessions,
tokens, certificates, browsers, passkeys, password, linked accounts, unused codes and
personal grants. Running gates cut the sessions within a second, in the middle of a
statement too. Who comes back starts anew.

With --at or --last-day in the future the running gate does it at that moment. With one
in the past the rights end now, and what was looked at in between is counted.`,
		Example: `  custody person leave alice@northfield.example
  custody person leave alice@northfield.example --last-day 2026-12-31
  custody person leave bob@temps.example --organisation Temps --at "2026-12-24 12:00"`,
		Args: takes("login"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if at != "" && lastDay != "" {
				return usage(cmd, "--at and --last-day say the same thing twice")
			}
			return a.leave(args[0], organisation, at, lastDay)
		},
	}
	cmd.Flags().StringVar(&organisation, "organisation", "", "only this `employer` (default all)")
	cmd.Flags().Var(&at, "at", "when it ends (default now)")
	cmd.Flags().Var(&lastDay, "last-day", "the last `day` of work: it ends at the midnight after it")
	return cmd
}

// leaveMoment is when somebody leaves; the zero time is now.
func (a *app) leaveMoment(at, lastDay moment) (time.Time, error) {
	if lastDay == "" {
		return at.at(a)
	}
	if _, err := time.Parse(time.DateOnly, string(lastDay)); err != nil {
		return time.Time{}, custody.E(custody.CodeInvalid, "--last-day is not a day", "write it as 2026-12-31")
	}
	day, err := lastDay.at(a)
	if err != nil {
		return day, err
	}
	return day.AddDate(0, 0, 1), nil // days at which the clock changes have 23 or 25 hours
}

func (a *app) leave(login, organisation string, at, lastDay moment) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	when, err := a.leaveMoment(at, lastDay)
	if err != nil {
		return err
	}
	p, err := w.person(login)
	if err != nil {
		return err
	}
	cut, err := w.identity.LeaveAt(login, organisation, when)
	if err != nil {
		return err
	}
	if when.After(a.now()) {
		return a.done(map[string]any{"login": p.Login, "organisation": organisation, "planned": stamp{when}},
			"%s leaves at %s. The running gate cuts everything at that moment.", p.Login, a.minute(when))
	}
	if cut == nil {
		cut = &identity.Cut{Person: p.ID, Login: p.Login, FullName: p.FullName, Organisation: organisation, Kind: identity.CutLeft, At: a.now(), Done: a.now()}
	}
	if err := w.showCut(cut, p.Login+" has left: every session, token and certificate has ended."); err != nil {
		return err
	}
	return w.lateLooks(p.ID, p.Login, when)
}

// lateLooks tells what somebody looked at after the moment at which they had left.
func (w *workspace) lateLooks(person custody.PersonID, login string, since time.Time) error {
	if since.IsZero() || w.now().Sub(since) < time.Minute {
		return nil
	}
	r, err := w.reader()
	if err != nil {
		return err
	}
	defer r.Close()
	events, customers := 0, map[custody.SubjectID]bool{}
	for e := range r.Index().SawBy(person, since, time.Time{}) {
		events++
		for _, s := range e.Subjects {
			customers[s] = true
		}
	}
	if w.json {
		return w.object(map[string]any{"login": login, "since": stamp{since}, "looks_after_leaving": events, "customers": len(customers)})
	}
	if events == 0 {
		w.say("Nothing was looked at since %s.", w.minute(since))
		return nil
	}
	w.say("Since %s, after leaving: %s at %s. See custody ledger saw --person %s", w.minute(since), plural(events, "look"), plural(len(customers), "customer"), login)
	return nil
}

func (a *app) personMove() *cobra.Command {
	var e engagementFlags
	cmd := &cobra.Command{
		Use: "move LOGIN", Short: "Move a person to another employer: the old rights end",
		Long: `End a person's work for other employers and begin it for this one. What hung on the
old engagement ends at that moment, as when somebody leaves; the login stays theirs.
They enrol anew, because their passkeys and accounts were the old employer's.`,
		Example: `  custody person move alice@northfield.example --organisation Southfield --role estimator
  custody person move alice@northfield.example --organisation Southfield --role estimator --start 2027-01-01`,
		Args: takes("login"),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			start, end, err := e.times(a)
			if err != nil {
				return err
			}
			cut, err := w.identity.MoveTo(args[0], e.organisation, e.branch, e.roles, start, end)
			if err != nil {
				return err
			}
			login := identity.NormalLogin(args[0])
			if start.After(a.now()) {
				return a.done(map[string]any{"login": login, "organisation": e.organisation, "planned": stamp{start}},
					"%s moves to %s at %s. The running gate ends the old rights at that moment.", login, printable(e.organisation), a.minute(start))
			}
			if cut == nil {
				return a.done(map[string]any{"login": login, "organisation": e.organisation}, "%s works for %s now; there was no other engagement.", login, printable(e.organisation))
			}
			return w.showCut(cut, login+" works for "+printable(e.organisation)+" now. custody person enrol lets them sign in there.")
		}),
	}
	e.flags(cmd)
	return cmd
}

func (a *app) personRoles() *cobra.Command {
	var organisation, branch string
	var roles []string
	var at moment
	cmd := &cobra.Command{
		Use: "roles LOGIN", Short: "Give a person these roles at an employer and no others",
		Long: `Give a person these roles at an employer, and no others; without --role, none. Live
sessions that hold a role which ends are cut within a second. The record keeps who had
which role when.`,
		Example: `  custody person roles alice@northfield.example --organisation Northfield --role estimator --role manager
  custody person roles alice@northfield.example --organisation Northfield --role estimator --branch York --at 2027-01-01`,
		Args: takes("login"),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			when, err := at.at(a)
			if err != nil {
				return err
			}
			if err := w.identity.SetRoles(args[0], organisation, branch, roles, when); err != nil {
				return err
			}
			info, err := w.person(args[0])
			if err != nil {
				return err
			}
			slices.Sort(roles)
			return a.done(a.personRow(info), "%s has these roles at %s: %s.", info.Login, printable(organisation), rolesOrNone(roles))
		}),
	}
	cmd.Flags().StringVar(&organisation, "organisation", "", "`employer`")
	cmd.Flags().StringVar(&branch, "branch", "", "another `branch` too")
	cmd.Flags().StringSliceVar(&roles, "role", nil, "`role` there; repeatable")
	cmd.Flags().Var(&at, "at", "from when on (default now)")
	require(cmd, "organisation")
	return cmd
}

func (a *app) personCompromised() *cobra.Command {
	cmd := &cobra.Command{
		Use: "compromised LOGIN", Short: "Lock a login that somebody else may know, at once",
		Long: `Take away everything with which somebody else could sign in as this person: sessions,
tokens, certificates, browsers, passkeys, password, linked accounts and unused codes.
The person stays engaged and enrols anew; until then no provider opens the login either.
Those who are named for notices hear of it.`,
		Example: "  custody person compromised alice@northfield.example",
		Args:    takes("login"),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			cut, err := w.identity.Compromised(args[0])
			if err != nil {
				return err
			}
			return w.showCut(cut, cut.Login+" is locked. custody person enrol gives them a code to start anew; look at what was seen with custody ledger saw.")
		}),
	}
	return cmd
}

func (a *app) personCuts() *cobra.Command {
	return &cobra.Command{
		Use: "cuts [LOGIN]", Short: "Show what ended with whom: leavers, movers, locked and expired logins",
		Example: "  custody person cuts\n  custody person cuts alice@northfield.example --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			var person custody.PersonID
			if len(args) == 1 {
				p, err := w.person(args[0])
				if err != nil {
					return err
				}
				person = p.ID
			}
			cuts, err := w.identity.Cuts(person)
			if err != nil {
				return err
			}
			rows := make([]cutRow, len(cuts))
			for i := range cuts {
				rows[i] = newCutRow(&cuts[i])
			}
			return list(a, rows, "Nobody has left, moved or been locked out.",
				column[cutRow]{"WHEN", func(r cutRow) string { return a.minute(r.At.Time) }, false},
				column[cutRow]{"LOGIN", func(r cutRow) string { return r.Login }, false},
				column[cutRow]{"WHAT", func(r cutRow) string { return r.Kind }, false},
				column[cutRow]{"ORGANISATION", func(r cutRow) string { return r.Organisation }, true},
				column[cutRow]{"ENDED", func(r cutRow) string { return r.text }, true})
		}),
	}
}

func rolesOrNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	text := list[0]
	for _, s := range list[1:] {
		text += ", " + s
	}
	return text
}
