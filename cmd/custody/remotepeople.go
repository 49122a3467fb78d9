package main

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/console"
)

// remotePeopleCommands are those about people and their sessions.
func (a *app) remotePeopleCommands() map[string]func(*cobra.Command, []string) error {
	return map[string]func(*cobra.Command, []string) error{
		"custody person list": a.remotePeople, "custody person show": a.remotePerson, "custody person add": a.remoteJoin, "custody person engage": a.remoteEngage,
		"custody person leave": a.remoteLeave, "custody person compromised": a.remoteCompromised, "custody person cuts": a.remoteCuts,
		"custody session list": a.remoteSessions, "custody session cut": a.remoteCut, "custody system list": a.remoteSystems,
		"custody portal list": a.remoteSystems, "custody portal down": a.remoteSwitch("down"), "custody portal up": a.remoteSwitch("up"),
	}
}

// employed joins the employers of a person now.
func employed(p console.PersonItem, show func(console.EngagementItem) string) string {
	var parts []string
	for _, e := range p.Engagements {
		if now := time.Now(); !now.Before(e.Start) && (e.End.IsZero() || now.Before(e.End)) {
			parts = append(parts, show(e))
		}
	}
	return strings.Join(parts, ", ")
}

func (a *app) remotePeople(cmd *cobra.Command, _ []string) error {
	rows, err := remoteItems[console.PersonItem](a, "people", nil)
	if err != nil {
		return err
	}
	if text(cmd, "current") == "true" {
		kept := rows[:0]
		for _, r := range rows {
			if r.Current {
				kept = append(kept, r)
			}
		}
		rows = kept
	}
	return list(a, rows, "Nobody within your reach.",
		column[console.PersonItem]{"LOGIN", func(p console.PersonItem) string { return p.Login }, false},
		column[console.PersonItem]{"NAME", func(p console.PersonItem) string { return p.Name }, true},
		column[console.PersonItem]{"EMPLOYER", func(p console.PersonItem) string {
			return employed(p, func(e console.EngagementItem) string { return e.Organisation })
		}, true},
		column[console.PersonItem]{"ROLES", func(p console.PersonItem) string {
			return employed(p, func(e console.EngagementItem) string { return strings.Join(e.Roles, ", ") })
		}, true})
}

// remotePerson shows one person with rights and sessions.
func (a *app) remotePerson(_ *cobra.Command, args []string) error {
	at := "people/" + url.PathEscape(strings.ToLower(args[0]))
	var p console.PersonItem
	if err := a.call(http.MethodGet, at, nil, &p); err != nil {
		return err
	}
	rights, err := remoteItems[console.GrantItem](a, at+"/rights", nil)
	if err != nil {
		return err
	}
	sessions, err := remoteItems[console.SessionItem](a, at+"/sessions", nil)
	if err != nil {
		return err
	}
	if a.json {
		return a.object(map[string]any{"person": p, "rights": rights, "sessions": sessions})
	}
	a.say("%s, %s", printable(p.Name), p.Login)
	for _, e := range p.Engagements {
		a.say("%s: %s, %s to %s", printable(e.Organisation), rolesOrNone(e.Roles), a.minute(e.Start), orOpen(a.minute(e.End)))
	}
	a.say("%s in force, %s", plural(len(rights), "right"), plural(len(sessions), "session"))
	return nil
}

func (a *app) joiner(cmd *cobra.Command) (j console.Joiner, err error) {
	j = console.Joiner{Organisation: text(cmd, "organisation"), Branch: text(cmd, "branch"), Roles: append([]string{}, flagWords(cmd, "role")...)}
	if j.Start, err = a.when(cmd, "start"); err == nil {
		j.End, err = a.when(cmd, "end")
	}
	return j, err
}

func (a *app) remoteJoin(cmd *cobra.Command, args []string) error {
	j, err := a.joiner(cmd)
	if err != nil {
		return err
	}
	j.Login, j.Name = args[0], text(cmd, "name")
	var p console.PersonItem
	if err := a.call(http.MethodPost, "people", j, &p); err != nil {
		return err
	}
	return a.done(p, "%s may sign in from the beginning of their engagement on.", p.Login)
}

func (a *app) remoteEngage(cmd *cobra.Command, args []string) error {
	j, err := a.joiner(cmd)
	if err != nil {
		return err
	}
	var p console.PersonItem
	if err := a.call(http.MethodPost, "people/"+url.PathEscape(strings.ToLower(args[0]))+"/engagements", j, &p); err != nil {
		return err
	}
	return a.done(p, "%s works for %s.", p.Login, printable(j.Organisation))
}

func (a *app) remoteLeave(cmd *cobra.Command, args []string) error {
	at, err := a.leaveMoment(moment(text(cmd, "at")), moment(text(cmd, "last-day")))
	if err != nil {
		return err
	}
	login := strings.ToLower(args[0])
	var cut console.CutItem
	leaving := console.Leaving{Confirm: console.Confirm{Login: login}, At: at.UTC(), Organisation: text(cmd, "organisation")}
	if at.IsZero() {
		leaving.At = time.Time{}
	}
	if err := a.call(http.MethodPost, "people/"+url.PathEscape(login)+"/leave", leaving, &cut); err != nil {
		return err
	}
	if cut.Kind == "planned" {
		return a.done(cut, "%s leaves at %s. The running gate cuts everything at that moment.", login, a.minute(cut.At))
	}
	return a.done(cut, "%s has left: everything ends within a second.\nEnded: %s.", login, cut.Ended)
}

func (a *app) remoteCompromised(_ *cobra.Command, args []string) error {
	login := strings.ToLower(args[0])
	var cut console.CutItem
	if err := a.call(http.MethodPost, "people/"+url.PathEscape(login)+"/compromised", console.Confirm{Login: login}, &cut); err != nil {
		return err
	}
	return a.done(cut, "%s is locked.\nEnded: %s.", login, cut.Ended)
}

func (a *app) remoteCuts(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage(cmd, "through --server name the person: custody person cuts LOGIN")
	}
	return remoteList(a, "people/"+url.PathEscape(strings.ToLower(args[0]))+"/cuts", nil, "Nothing has ended with this person.",
		column[console.CutItem]{"WHEN", func(r console.CutItem) string { return a.minute(r.At) }, false},
		column[console.CutItem]{"WHAT", func(r console.CutItem) string { return r.Kind }, false},
		column[console.CutItem]{"ORGANISATION", func(r console.CutItem) string { return r.Organisation }, true},
		column[console.CutItem]{"ENDED", func(r console.CutItem) string { return r.Ended }, true})
}

func (a *app) remoteSessions(*cobra.Command, []string) error {
	return remoteList(a, "sessions", nil, "Nobody is signed in.",
		column[console.SessionItem]{"SESSION", func(s console.SessionItem) string { return number(s.Session) }, false},
		column[console.SessionItem]{"LOGIN", func(s console.SessionItem) string { return s.Login }, false},
		column[console.SessionItem]{"SYSTEM", func(s console.SessionItem) string { return s.System }, false},
		column[console.SessionItem]{"FROM", func(s console.SessionItem) string { return s.Address }, false},
		column[console.SessionItem]{"SINCE", func(s console.SessionItem) string { return a.minute(s.Started) }, false})
}

func (a *app) remoteCut(cmd *cobra.Command, args []string) error {
	id, err := strconv.ParseUint(args[0], 10, 63)
	if err != nil {
		return usage(cmd, "NUMBER is a session's, as custody session list shows it")
	}
	if err := a.call(http.MethodPost, "sessions/"+args[0]+"/end", nil, nil); err != nil {
		return err
	}
	return a.done(map[string]any{"ended": id}, "Session %d ends within a second.", id)
}

func (a *app) remoteSystems(*cobra.Command, []string) error {
	return remoteList(a, "systems", nil, "No system is guarded.",
		column[console.SystemItem]{"SYSTEM", func(s console.SystemItem) string { return s.Name }, false},
		column[console.SystemItem]{"HOLDS", func(s console.SystemItem) string { return strings.Join(s.Holds, ", ") }, true},
		column[console.SystemItem]{"PORTAL", func(s console.SystemItem) string { return s.Portal }, false},
		column[console.SystemItem]{"STATE", func(s console.SystemItem) string { return map[bool]string{true: "offline", false: "open"}[s.Down] }, false},
		column[console.SystemItem]{"FINDINGS", func(s console.SystemItem) string { return number(s.Findings) }, false})
}

// remoteSwitch takes a portal, or all, down or up as the token's person; --by says
// nothing there.
func (a *app) remoteSwitch(state string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		system, path := text(cmd, "system"), "portals/"+state
		if (text(cmd, "all") == "true") == (system != "") {
			return usage(cmd, "say which one: --system or --all")
		}
		if system != "" {
			path = "systems/" + url.PathEscape(system) + "/" + state
		}
		var body any
		if state == "down" {
			body = console.Why{Reason: text(cmd, "reason")}
		}
		if err := a.call(http.MethodPost, path, body, nil); err != nil {
			return err
		}
		return a.done(map[string]string{"system": system, "state": state}, "Done: %s. Every gate that runs hears it within a second.", state)
	}
}

// remoteErase forgets customers there, one by one.
func (a *app) remoteErase(cmd *cobra.Command, _ []string) error {
	reason := text(cmd, "reason")
	if reason == "" {
		return usage(cmd, "--reason is missing: finding the customer is a look, recorded under the token's person")
	}
	keys := flagWords(cmd, "subject")
	if text(cmd, "yes") != "true" {
		return custody.E(custody.CodeInvalid, "through --server nobody is asked", "repeat it with --yes: the link from the ledger's number to the customer goes for good")
	}
	for _, key := range keys {
		if err := a.call(http.MethodPost, "customers/erase", console.Who{System: text(cmd, "system"), Key: key, Reason: reason}, nil); err != nil {
			return err
		}
	}
	return a.done(map[string]any{"erased": len(keys)}, "%s forgotten.", plural(len(keys), "customer"))
}

func (a *app) remoteCheckpoint(*cobra.Command, []string) error {
	var s console.LedgerState
	if err := a.call(http.MethodGet, "ledger", nil, &s); err != nil {
		return err
	}
	if a.json {
		return a.object(s)
	}
	a.say("%s", strings.TrimSuffix(s.Checkpoint, "\n"))
	return nil
}

// remoteVerify has the whole ledger checked there and waits for what is found.
func (a *app) remoteVerify(cmd *cobra.Command, _ []string) error {
	var s console.CheckState
	if err := a.call(http.MethodPost, "ledger/check", nil, &s); err != nil {
		return err
	}
	for s.State == "running" {
		select {
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		case <-time.After(250 * time.Millisecond):
		}
		if err := a.call(http.MethodGet, "ledger/check", nil, &s); err != nil {
			return err
		}
	}
	if s.State != "whole" {
		if a.json {
			_ = a.object(s)
		}
		return custody.E(custody.CodeInternal, "the record is not what was written: "+s.Trouble, "keep the disk as it is and compare with a checkpoint that was given away")
	}
	return a.done(s, "The record is whole: %d frames, %d events, %d disclosures; %d signed checkpoints agree.", s.Frames, s.Events, s.Disclosures, s.Checkpoints)
}
