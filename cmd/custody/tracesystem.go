package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"custody"
	"custody/ledger"
	"custody/trace/inquiry"
	"custody/trace/intake"
)

// traceSystem gives an inquiry the disclosures of a system from the working directory's
// ledger, and the complaints that were taken in, unless lists are given.
func (a *app) traceSystem(ctx context.Context, t *traceRun, q *inquiry.Inquiry) (*evidence, error) {
	w, err := a.open()
	if err != nil {
		return nil, err
	}
	defer w.close()
	id, err := w.system(t.system)
	if err != nil {
		return nil, err
	}
	reader, names, err := w.history()
	if err != nil {
		return nil, err
	}
	v := &viewers{names: names, branches: map[custody.PersonID]string{}}
	if err := v.read(w); err != nil {
		reader.Close()
		return nil, err
	}
	if err := q.Events("ledger of "+t.system, id, t.any, reader.Index().Events(1), v.viewer); err != nil {
		reader.Close()
		return nil, err
	}
	q.Keys(func(key string) (custody.SubjectID, bool) {
		s, err := w.store.SubjectOf(id, key)
		return s, err == nil
	})
	if err := w.tellInquiry(q, t.system); err != nil {
		reader.Close()
		return nil, err
	}
	e := &evidence{index: reader.Index(), viewers: v, system: id}
	if t.found != "" {
		return e, w.readFound(ctx, t, e)
	}
	if len(t.lists) > 0 {
		return e, readAll(t.lists, t.mapLists, q.Complaints)
	}
	return e, w.takenIn(ctx, id, q, e)
}

// tellInquiry gives an inquiry the declared reasons of a system, and its planted customers.
func (w *workspace) tellInquiry(q *inquiry.Inquiry, system string) error {
	for _, declared := range w.config.Declare() {
		if declared.Name == system {
			q.Reasons(declared.Explanations)
		}
	}
	planted, err := w.store.Planted()
	q.Planted(func(s custody.SubjectID) bool { return len(planted[s]) > 0 })
	return err
}

// takenIn gives the inquiry the complaints of the store.
func (w *workspace) takenIn(ctx context.Context, system custody.SystemID, q *inquiry.Inquiry, e *evidence) error {
	desk, err := w.intake()
	if err != nil {
		return err
	}
	if err := w.matchComplaints(ctx, desk, false); err != nil {
		return err
	}
	list, err := desk.Traceables(system, intake.Filter{})
	if err == nil && slices.ContainsFunc(list, func(c intake.Traceable) bool { return c.Why == intake.WhyNobody }) {
		// Customers may have come since then; who was found stays found.
		if err = w.matchComplaints(ctx, desk, true); err == nil {
			list, err = desk.Traceables(system, intake.Filter{})
		}
	}
	if err != nil {
		return err
	}
	planted, err := w.store.Planted()
	if err != nil {
		return err
	}
	for _, c := range list {
		if k := planted.At(c.Subject, c.Called); k != nil && c.Why == "" {
			q.AddPlanted(c.Reference, c.Subject, c.Called, k.Meant)
			e.complaints = append(e.complaints, c)
			continue
		}
		q.Add(c.Reference, c.Subject, c.Called, c.Knew.Ratio(), c.Why)
		if c.Why == "" {
			e.complaints = append(e.complaints, c)
		}
	}
	return nil
}

// viewers turns events into names, each session once.
type viewers struct {
	names    *names
	branches map[custody.PersonID]string
	last     custody.SessionID
	viewer1  inquiry.Viewer
	person1  custody.PersonID
}

// read notes at which branch people work, or worked last.
func (v *viewers) read(w *workspace) error {
	list, err := w.store.ListEngagements()
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b engagement) int { return a.Start.Compare(b.Start) })
	for _, e := range list {
		if e.Branch != "" {
			v.branches[e.Person] = e.Branch
		}
	}
	return nil
}

// viewer says who was behind an event.
func (v *viewers) viewer(e *custody.Event) inquiry.Viewer {
	if e.Session != 0 && e.Session == v.last && e.Person == v.person1 {
		return v.viewer1
	}
	x := inquiry.Viewer{Login: v.names.people[e.Person][0], Application: v.names.applications[e.Application], Branch: v.branches[e.Person], Partner: v.names.orgs[e.Organisation]}
	if e.Person != 0 && x.Login == "" {
		x.Login = fmt.Sprintf("person %d", e.Person)
	}
	if e.Session != 0 {
		x.Device = deviceOf(v.names, e.Session)
	}
	v.last, v.person1, v.viewer1 = e.Session, e.Person, x
	return x
}

// deviceOf names the device of a session: its address and program.
func deviceOf(n *names, id custody.SessionID) string {
	s := n.session(id)
	if s.Address == "" {
		return ""
	}
	return s.Address + " " + cmp.Or(s.AppName, s.Credential)
}

// evidence is what the ledger says about the best login beyond the ranking.
type evidence struct {
	index      *ledger.Index
	viewers    *viewers
	system     custody.SystemID
	complaints []intake.Traceable
	file       *foundRun
}

// about lists from which devices, and by which way of signing in, a login looked at the
// complainants before they were called. Only a passkey or a certificate binds a session
// to somebody, and only to who holds the device.
func (e *evidence) about(login string) (lines []string) {
	type way struct{ device, credential string }
	looks, bound, second, imported, all := map[way]int{}, 0, 0, 0, 0
	for _, c := range e.complaints {
		for d := range e.index.WhoSaw(e.system, c.Subject, time.Time{}, c.Called) {
			if e.viewers.names.people[d.Person][0] != login {
				continue
			}
			all++
			if d.Route == custody.RouteImported { // what the other system noted is all there is
				imported++
				continue
			}
			s := e.viewers.names.session(d.Session)
			looks[way{deviceOf(e.viewers.names, d.Session), s.Credential}]++
			if s.Credential == "certificate" {
				bound++
			}
			if s.Notes != "" {
				second++
			}
		}
	}
	if all == 0 {
		return nil
	}
	for w, n := range looks {
		lines = append(lines, fmt.Sprintf("%d of %d looks at complainants came from %s, signed in by %s", n, all, w.device, w.credential))
	}
	slices.Sort(lines)
	if imported > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d looks at complainants are of an access log that was imported, with that system's promise", imported, all))
	}
	if second > 0 {
		lines = append(lines, fmt.Sprintf("%d of them while its credential was in use at two addresses at once: somebody else may have had it", second))
	}
	if bound < all {
		lines = append(lines, fmt.Sprintf("%d of them with a credential that can be passed on: nothing here binds the login to its person", all-bound))
	} else {
		lines = append(lines, "all of them with a certificate: who held its key is still to be shown")
	}
	return lines
}

// matchComplaints looks for the customers of complaints for which no running gate has.
func (w *workspace) matchComplaints(ctx context.Context, desk *intake.Service, again bool) error {
	open, err := desk.List(intake.Filter{Unmatched: !again})
	if err != nil || len(open) == 0 {
		return err
	}
	index, err := w.identifiers(ctx)
	if err != nil {
		return err
	}
	_, err = desk.Match(ctx, w.systems, index, again)
	return err
}

// intake opens the desk for complaints.
func (w *workspace) intake() (*intake.Service, error) {
	seal, err := w.identity.Sealer("complaints v1")
	if err != nil {
		return nil, err
	}
	return intake.New(intake.Options{Storage: w.store, Seal: seal, Zone: w.config.Zone(), Now: w.now,
		Mark: func(text string) [32]byte { return w.identity.Pseudonym("complaint", text) }}), nil
}
