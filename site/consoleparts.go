package site

import (
	"bytes"
	"context"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/console"
	"custody/identity"
	"custody/ledger"
	"custody/policy"
	"custody/store"
)

// consolePeople fits identity and store to the console.
type consolePeople struct{ s *Site }

// Generation implements console.People.
func (p consolePeople) Generation() (uint64, error) { return p.s.o.Store.Generation() }

// People implements console.People.
func (p consolePeople) People() ([]console.Person, error) {
	all, err := p.s.Identity.People()
	if err != nil {
		return nil, err
	}
	list := make([]console.Person, len(all))
	for i := range all {
		a := &all[i]
		list[i] = console.Person{ID: a.ID, Login: a.Login, FullName: a.FullName, Added: a.Added, Engagements: engagements(a.Engagements)}
	}
	return list, nil
}

func engagements(all []identity.Engagement) []console.Engagement {
	list := make([]console.Engagement, len(all))
	for i, e := range all {
		list[i] = console.Engagement{ID: e.ID, Organisation: e.Organisation, OrgName: e.OrgName, Branch: e.Branch, Roles: e.Roles, Start: e.Start, End: e.End}
	}
	return list
}

// Holds implements console.People.
func (p consolePeople) Holds(person custody.PersonID) ([]console.Hold, error) {
	all, err := p.s.o.Store.ConsoleHolds(person, p.s.o.Now())
	if err != nil {
		return nil, err
	}
	list := make([]console.Hold, len(all))
	for i, h := range all {
		list[i] = console.Hold{Role: console.Role(h.Role), Organisation: h.Organisation, Branch: h.Branch}
	}
	return list, nil
}

// consoleSessions fits store and identity to the console.
type consoleSessions struct{ s *Site }

// Live implements console.Sessions.
func (c consoleSessions) Live() ([]console.Session, error) {
	return sessions(c.s.o.Store.LiveSessions())
}

// Of implements console.Sessions.
func (c consoleSessions) Of(person custody.PersonID, most int) ([]console.Session, error) {
	return sessions(c.s.o.Store.SessionsOf(person, most))
}

// Session implements console.Sessions.
func (c consoleSessions) Session(id custody.SessionID) (*console.Session, error) {
	r, err := c.s.o.Store.Session(id)
	if err != nil {
		return nil, err
	}
	s := sessionOf(r)
	return &s, nil
}

// Cut implements console.Sessions.
func (c consoleSessions) Cut(id custody.SessionID) error { return c.s.Identity.Cut(id) }

// Valid implements console.Sessions.
func (c consoleSessions) Valid(sess *custody.Session) error { return c.s.Identity.Valid(sess) }

func sessions(all []store.SessionRecord, err error) ([]console.Session, error) {
	list := make([]console.Session, len(all))
	for i := range all {
		list[i] = sessionOf(&all[i])
	}
	return list, err
}

func sessionOf(r *store.SessionRecord) console.Session {
	return console.Session{Session: r.Session, Ended: r.Ended, EndCode: r.EndCode, Notes: r.Notes}
}

// consoleLooks fits the ledger's index to the console.
type consoleLooks struct{ *ledger.Index }

// WhoSaw implements console.Looks.
func (c consoleLooks) WhoSaw(system custody.SystemID, subject custody.SubjectID, from, to time.Time) iter.Seq[console.Look] {
	return looks(c.Index.WhoSaw(system, subject, from, to))
}

// By implements console.Looks.
func (c consoleLooks) By(person custody.PersonID, from, to time.Time) iter.Seq[console.Look] {
	return looks(c.Index.By(person, from, to))
}

// Newest implements console.Looks.
func (c consoleLooks) Newest(before uint64) iter.Seq[console.Look] {
	if before == 0 {
		return looks(c.Index.Newest())
	}
	return func(yield func(console.Look) bool) {
		for n := before - 1; n > 0; n-- {
			e, ok := c.Index.Event(n)
			if ok && !yield(console.Look{Number: n, Event: *e, Answer: len(e.Subjects)}) {
				return
			}
		}
	}
}

func looks(all iter.Seq[ledger.Disclosure]) iter.Seq[console.Look] {
	return func(yield func(console.Look) bool) {
		for d := range all {
			if !yield(console.Look{Number: d.Number, Event: d.Event, Answer: d.Answer}) {
				return
			}
		}
	}
}

// consoleCustomers fits directory, identifier index and store to the console.
type consoleCustomers struct{ s *Site }

// Find implements console.Customers.
func (c consoleCustomers) Find(systems []custody.SystemID, what string) (found []console.Match, err error) {
	known := c.s.memory.now.Load()
	for _, system := range systems {
		first := len(found)
		if id, ok := known.directory.Lookup(system, []byte(what)); ok {
			found = append(found, console.Match{System: system, Subject: id, ByKey: true})
		}
		for _, category := range known.index.Kinds(system).List() {
			for _, id := range known.index.Find(nil, system, category, []byte(what)) {
				at := slices.IndexFunc(found[first:], func(m console.Match) bool { return m.Subject == id })
				if at < 0 {
					at, found = len(found)-first, append(found, console.Match{System: system, Subject: id})
				}
				found[first+at].By |= custody.Categories(category)
			}
		}
	}
	return found, nil
}

// Key implements console.Customers.
func (c consoleCustomers) Key(id custody.SubjectID) (custody.SystemID, string, error) {
	sub, err := c.s.o.Store.Subject(id)
	if err != nil {
		return 0, "", err
	}
	return sub.System, sub.Key, nil
}

// Erase implements console.Customers.
func (c consoleCustomers) Erase(ctx context.Context, id custody.SubjectID, by custody.PersonID) error {
	sub, err := c.s.o.Store.Subject(id)
	if err != nil {
		return err
	}
	return c.s.o.Store.EraseBy(ctx, sub.System, by, c.s.o.Now(), sub.Key)
}

// consoleReasons fits the store to the console.
type consoleReasons struct{ store *store.Store }

// Reason implements console.Reasons.
func (c consoleReasons) Reason(id custody.ReasonID) (string, error) {
	text, _, err := c.store.Reason(id)
	return text, err
}

// consoleLedger fits the ledger to the console.
type consoleLedger struct{ s *Site }

// Health implements console.Ledger.
func (c consoleLedger) Health() error { return c.s.Ledger.Health() }

// Checkpoint implements console.Ledger.
func (c consoleLedger) Checkpoint() (console.Checkpoint, error) {
	signed, err := c.s.Ledger.Checkpoint()
	if err != nil {
		return console.Checkpoint{}, err
	}
	p := console.Checkpoint{Note: signed}
	if at, err := ledger.ReadCheckpoint(signed); err == nil {
		p.Origin, p.Size, p.Root = at.Origin, at.Size, at.Root.String()
	}
	return p, nil
}

// Verify implements console.Ledger.
func (c consoleLedger) Verify() (v console.Verified, err error) {
	if c.s.o.Console.Verifier == nil {
		return v, custody.E(custody.CodeUnavailable, "the key that checks checkpoints is not at hand", "keys/ledger.pub belongs in the working directory")
	}
	r, err := ledger.Verify(c.s.o.LedgerDir, c.s.o.Console.Verifier)
	if err != nil {
		return v, err
	}
	return console.Verified{Frames: r.Frames, Events: r.Events, Disclosures: r.Disclosures, Segments: r.Segments, Bytes: r.Bytes, First: r.First,
		Last: r.Last, Checkpoints: r.Checkpoints, Unsigned: r.Signed == nil || r.Signed.Size < r.Frames, ClockBehind: r.ClockBehind}, nil
}

// Sent implements console.Ledger.
func (c consoleLedger) Sent(most int) ([]console.SentCheckpoint, error) {
	all, err := c.s.o.Store.SentCheckpoints(most)
	list := make([]console.SentCheckpoint, len(all))
	for i, x := range all {
		to := strings.TrimSpace(strings.TrimPrefix(x.Channel, "checkpoint-") + " " + x.Address)
		list[i] = console.SentCheckpoint{Made: x.Made, Frames: x.Frames, To: to, State: x.State, Sent: x.Sent, Why: x.Why}
	}
	return list, err
}

// Extract implements console.Ledger. Of a customer it proves the key; of a person it
// leaves customers as numbers.
func (c consoleLedger) Extract(w io.Writer, subject custody.SubjectID, person custody.PersonID, from, to time.Time) error {
	var names ledger.Names
	if subject != 0 {
		names = NameProofs(c.s.o.Store)
	}
	var first bytes.Buffer // so that a fault at the start is an answer, not a broken download
	out := &lateWriter{w: w, held: &first}
	if err := c.s.Ledger.WriteExtract(out, ledger.Query{Subject: subject, Person: person, From: from, To: to}, names); err != nil {
		return err
	}
	return out.flush()
}

// lateWriter holds the beginning of a download back.
type lateWriter struct {
	w    io.Writer
	held *bytes.Buffer
}

// Write implements io.Writer.
func (l *lateWriter) Write(p []byte) (int, error) {
	if l.held != nil && l.held.Len()+len(p) < 1<<16 {
		return l.held.Write(p)
	}
	if err := l.flush(); err != nil {
		return 0, err
	}
	return l.w.Write(p)
}

func (l *lateWriter) flush() error {
	if l.held == nil {
		return nil
	}
	_, err := l.w.Write(l.held.Bytes())
	l.held = nil
	return err
}

// consoleSystems fits what is guarded to the console.
type consoleSystems struct{ s *Site }

// Names implements console.Systems.
func (c consoleSystems) Names() map[custody.SystemID]string {
	names := make(map[custody.SystemID]string, len(c.s.o.Systems))
	for i := range c.s.o.Systems {
		names[c.s.o.Systems[i].ID] = c.s.o.Systems[i].Name
	}
	return names
}

// Systems implements console.Systems.
func (c consoleSystems) Systems() ([]console.System, error) {
	down, err := c.s.o.Store.Switches(false)
	if err != nil {
		return nil, err
	}
	var list []console.System
	for i := range c.s.o.Systems {
		sys, err := c.system(&c.s.o.Systems[i], down)
		if err != nil {
			return nil, err
		}
		list = append(list, sys)
	}
	slices.SortFunc(list, func(a, b console.System) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// TakeDown implements console.Switch.
func (c consoleSystems) TakeDown(system custody.SystemID, by custody.PersonID, reason string) error {
	return c.s.o.Store.TakeDown(system, by, reason, c.s.o.Now())
}

// BringUp implements console.Switch.
func (c consoleSystems) BringUp(system custody.SystemID, by custody.PersonID) error {
	return c.s.o.Store.BringUp(system, by, c.s.o.Now())
}

func (c consoleSystems) system(s *System, down []store.Switch) (out console.System, err error) {
	out = console.System{ID: s.ID, Name: s.Name, Title: s.Name, Database: s.Upstream != nil, Tables: len(s.Tables)}
	for i := range s.Tables {
		for _, category := range s.Tables[i].Columns {
			out.Held |= custody.Categories(category)
		}
	}
	if s.Portal != nil {
		out.Portal = s.Portal.Public.String()
		if s.Portal.Title != "" {
			out.Title = s.Portal.Title
		}
	}
	for i := range down {
		if w := &down[i]; w.System == 0 || w.System == s.ID {
			out.Down = &console.Down{All: w.System == 0, Since: w.Down, By: w.DownLogin, Reason: w.Reason}
		}
	}
	if out.Examined, err = c.s.o.Store.LastExamination(s.ID); err != nil {
		return out, err
	}
	found, err := c.s.o.Store.Findings(s.ID)
	for _, f := range found {
		if f.Closed.IsZero() {
			out.Findings = append(out.Findings, console.Finding{Severity: f.Severity, Check: f.Check, Object: f.Object, Message: f.Message, Opened: f.Opened})
		}
	}
	slices.SortStableFunc(out.Findings, func(a, b console.Finding) int { return int(b.Severity) - int(a.Severity) })
	return out, err
}

// consoleRights fits grants and policy to the console.
type consoleRights struct{ s *Site }

// Grants implements console.Rights.
func (c consoleRights) Grants() ([]console.Grant, error) {
	all, err := c.s.o.Store.Grants()
	if err != nil {
		return nil, err
	}
	list := make([]console.Grant, len(all))
	for i := range all {
		list[i] = grantOf(&all[i])
	}
	return list, nil
}

func grantOf(g *policy.Grant) console.Grant {
	out := console.Grant{ID: g.ID, Holder: g.Holder(), System: g.System, See: g.See, Mask: g.Mask &^ g.See, Change: g.Change, Export: g.Export,
		Limits: g.Limits, Reason: g.ReasonRequired, Needs: g.Needs, Beyond: g.Beyond, Start: g.Start, End: g.End}
	out.Kind, out.Name, _ = strings.Cut(out.Holder, " ")
	return out
}

// Give implements console.Rights.
func (c consoleRights) Give(ctx context.Context, g *console.Grant, by custody.PersonID, why string) error {
	p := policy.Grant{System: g.System, See: g.See, Mask: g.Mask, Change: g.Change, Export: g.Export, Limits: g.Limits, ReasonRequired: g.Reason,
		Needs: g.Needs, Start: g.Start, End: g.End}
	switch g.Kind {
	case "person":
		p.Person = g.Name
	case "role":
		p.Role = g.Name
	case "organisation":
		p.Organisation = g.Name
	}
	err := c.s.o.Store.GiveGrant(ctx, &p, by, why, c.s.o.Now())
	g.ID = p.ID
	return err
}

// End implements console.Rights.
func (c consoleRights) End(ctx context.Context, id custody.GrantID, by custody.PersonID, why string) error {
	return c.s.o.Store.StopGrant(ctx, id, by, why, c.s.o.Now())
}

// Explain implements console.Rights.
func (c consoleRights) Explain(p *console.Person, e *console.Engagement, system custody.SystemID) (list []console.Explained, err error) {
	sess := &custody.Session{Person: p.ID, Login: p.Login, FullName: p.FullName, Organisation: e.Organisation, OrgName: e.OrgName, Branch: e.Branch,
		Roles: e.Roles, System: system, SystemName: c.s.systemName(system)}
	for _, l := range c.s.Policy().Explain(custody.Question{Session: sess, Time: c.s.o.Now()}).Lines() {
		list = append(list, console.Explained{Action: l.Action, Treatment: l.Treatment, Categories: l.Categories, Because: l.Because})
	}
	return list, nil
}
