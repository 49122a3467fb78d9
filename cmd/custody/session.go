package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"custody"
	"custody/store"
)

func (a *app) sessionCommand() *cobra.Command {
	listing := &cobra.Command{
		Use: "list", Short: "List the live sessions",
		Example: "  custody session list",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			rows, err := w.sessionsOf(0)
			if err != nil {
				return err
			}
			return list(a, rows, "Nobody is signed in.", a.sessionColumns()...)
		}),
	}
	cut := &cobra.Command{
		Use: "cut NUMBER", Short: "End one live session, now",
		Long:    "End one live session within a second. Its person can sign in again: person leave, grant\nend and token revoke end rights.",
		Example: "  custody session cut 4021",
		Args:    takes("number"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.cutSession(cmd, args[0]) },
	}
	return group("session", "Who is signed in now", "  custody session list\n  custody session cut 4021", listing, cut)
}

func (a *app) cutSession(cmd *cobra.Command, text string) error {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return usage(cmd, "NUMBER is a session's number")
	}
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.identity.Cut(custody.SessionID(id)); err != nil {
		return err
	}
	return a.done(map[string]uint64{"cut": id}, "Session %d ends now.", id)
}

type sessionRow struct {
	ID           custody.SessionID `json:"id"`
	Login        string            `json:"login"`
	Organisation string            `json:"organisation,omitempty"`
	System       string            `json:"system"`
	Address      string            `json:"address"`
	Program      string            `json:"program,omitempty"`
	Credential   string            `json:"credential"`
	Through      custody.SessionID `json:"through,omitempty"`
	Started      stamp             `json:"started"`
	Notes        string            `json:"notes,omitempty"`
}

// sessionsOf lists the live sessions of a person, or of everybody.
func (w *workspace) sessionsOf(person custody.PersonID) ([]sessionRow, error) {
	live, err := w.store.LiveSessions()
	if err != nil {
		return nil, err
	}
	rows := []sessionRow{}
	for i := range live {
		if s := &live[i]; person == 0 || s.Person == person {
			rows = append(rows, makeSessionRow(s))
		}
	}
	return rows, nil
}

func makeSessionRow(s *store.SessionRecord) sessionRow {
	return sessionRow{
		ID: s.ID, Login: s.Login, Organisation: s.OrgName, System: s.SystemName, Address: s.Address,
		Program: s.AppName, Credential: s.Credential, Through: s.Through, Started: stamp{s.Started}, Notes: s.Notes,
	}
}

func (a *app) sessionColumns() []column[sessionRow] {
	return []column[sessionRow]{
		{"SESSION", func(s sessionRow) string { return number(s.ID) }, false},
		{"WHO", func(s sessionRow) string { return s.Login }, false},
		{"SYSTEM", func(s sessionRow) string { return s.System }, false},
		{"ADDRESS", func(s sessionRow) string { return s.Address }, false},
		{"PROGRAM", func(s sessionRow) string { return s.Program }, true},
		{"SINCE", func(s sessionRow) string { return a.local(s.Started.Time) }, false},
		{"NOTES", func(s sessionRow) string { return s.Notes }, true},
	}
}
