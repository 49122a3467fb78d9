package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"custody"
	"custody/ledger"
	"custody/store"
)

func (a *app) ledgerCommand() *cobra.Command {
	return group("ledger", "Who saw whom, and proofs of it",
		"  custody ledger who-saw --system bodyshop --subject 4711\n  custody ledger verify",
		a.whoSawCommand(), a.whoChangedCommand(), a.sawCommand(), a.complaintsCommand(), a.verifyCommand(), a.extractCommand(), a.checkpointCommand(), a.checkpointsCommand(), a.ledgerImportCommand(), a.ledgerExportCommand())
}

func (a *app) checkpointCommand() *cobra.Command {
	return &cobra.Command{
		Use: "checkpoint", Short: "Print the newest signed checkpoint",
		Long: `Print the newest signed checkpoint (C2SP tlog-checkpoint). Whoever keeps it somewhere
else can prove later that nothing recorded before it was changed or taken away.`,
		Example: "  custody ledger checkpoint | mail -s checkpoint auditor@partner.example",
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			text, err := a.readFile(filepath.Join(ledgerDir, "checkpoint"))
			if err != nil {
				return custody.E(custody.CodeNotFound, "nothing in this ledger is signed yet", "start custody serve: it signs at every checkpoint_every of custody.yaml")
			}
			if a.json {
				return a.object(map[string]string{"checkpoint": string(text)})
			}
			_, err = a.out.Write(text)
			return err
		},
	}
}

// names turns the numbers of events into what people know, and remembers them.
type names struct {
	store        *store.Store
	people       map[custody.PersonID][2]string // login, full name
	orgs         map[custody.OrganisationID]string
	applications map[custody.ApplicationID]string
	systems      map[custody.SystemID]string
	sessions     map[custody.SessionID]*store.SessionRecord
	reasons      map[custody.ReasonID]string
}

// history opens the ledger for questions, with the names of its numbers. The caller
// closes the reader.
func (w *workspace) history() (*ledger.Reader, *names, error) {
	n, err := w.names()
	if err != nil {
		return nil, nil, err
	}
	reader, err := w.reader()
	return reader, n, err
}

func (w *workspace) names() (*names, error) {
	n := &names{
		store: w.store, people: map[custody.PersonID][2]string{}, orgs: map[custody.OrganisationID]string{},
		applications: map[custody.ApplicationID]string{}, systems: map[custody.SystemID]string{},
		sessions: map[custody.SessionID]*store.SessionRecord{}, reasons: map[custody.ReasonID]string{},
	}
	people, err := w.identity.People()
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		n.people[p.ID] = [2]string{p.Login, p.FullName}
	}
	organisations, err := w.identity.Organisations()
	if err != nil {
		return nil, err
	}
	for _, o := range organisations {
		n.orgs[o.ID] = o.Name
	}
	applications, err := w.identity.Applications()
	if err != nil {
		return nil, err
	}
	for _, p := range applications {
		n.applications[p.ID] = p.Name
	}
	for name, id := range w.systems {
		n.systems[id] = name
	}
	return n, nil
}

// session finds a session; what is not kept has an empty record.
func (n *names) session(id custody.SessionID) *store.SessionRecord {
	if s, ok := n.sessions[id]; ok {
		return s
	}
	s, err := n.store.Session(id)
	if err != nil {
		s = &store.SessionRecord{}
	}
	n.sessions[id] = s
	return s
}

// reason gives a stated reason's text.
func (n *names) reason(id custody.ReasonID) string {
	if id == 0 {
		return ""
	}
	text, ok := n.reasons[id]
	if !ok {
		var erased bool
		var err error
		if text, erased, err = n.store.Reason(id); err != nil || erased {
			text = "(erased)"
		}
		n.reasons[id] = text
	}
	return text
}

// eventRow is one event for people and programs.
type eventRow struct {
	Event        uint64            `json:"event,omitempty"`
	Time         stamp             `json:"time"`
	Kind         string            `json:"kind"`
	Person       string            `json:"person,omitempty"`
	Name         string            `json:"name,omitempty"`
	Application  string            `json:"application,omitempty"`
	Organisation string            `json:"organisation,omitempty"`
	System       string            `json:"system"`
	Categories   []string          `json:"categories"`
	Masked       []string          `json:"masked"`
	Session      custody.SessionID `json:"session"`
	Address      string            `json:"address,omitempty"`
	Program      string            `json:"program,omitempty"`
	Reason       string            `json:"reason,omitempty"`
	Route        string            `json:"route"`
	Grant        custody.GrantID   `json:"grant,omitempty"`
	Answer       int               `json:"subjects_in_answer"`
	Subjects     []string          `json:"subjects,omitempty"`
}

func (n *names) row(number uint64, e *custody.Event, answer int) eventRow {
	session := n.session(e.Session)
	return eventRow{
		Event: number, Time: stamp{e.Time}, Kind: e.Kind.String(), Person: n.people[e.Person][0], Name: n.people[e.Person][1],
		Application: n.applications[e.Application], Organisation: n.orgs[e.Organisation], System: n.systems[e.System],
		Categories: e.Clear.Strings(), Masked: e.Masked.Strings(), Session: e.Session, Address: session.Address,
		Program: session.AppName, Reason: n.reason(e.Reason), Route: e.Route.String(), Grant: e.Grant, Answer: answer,
	}
}

// who is the person, the application, or both.
func (r eventRow) who() string {
	switch {
	case r.Person == "":
		return r.Application + " (application)"
	case r.Application != "":
		return r.Person + " through " + r.Application
	}
	return r.Person
}

// saw lists the categories, the masked ones marked.
func (r eventRow) saw() string {
	text := ""
	for _, c := range r.Categories {
		text += ", " + c
	}
	for _, c := range r.Masked {
		text += ", " + c + "*"
	}
	if text == "" {
		return "-"
	}
	return text[2:]
}
