package inquiry

import (
	"cmp"
	"io"
	"iter"
	"time"

	"custody"
	"custody/accesslog"
	"custody/trace"
)

// Viewer is who was behind an event, in names. Empty ones are left out.
type Viewer struct {
	Login       string // of a person
	Application string // that acted for itself
	Device      string
	Branch      string
	Partner     string // the organisation
}

// contact are the categories through which somebody can be reached. Who was shown none
// of them as it is cannot have passed a number on.
var contact = custody.Categories(custody.Phone, custody.Email, custody.Address)

// Events takes disclosures and changes of a system from a ledger. Subjects keep their
// numbers. Looks that showed no way to reach the customer, because it was masked or not
// in the answer, are counted apart, unless any is true.
func (q *Inquiry) Events(name string, system custody.SystemID, any bool, events iter.Seq2[uint64, *custody.Event], who func(*custody.Event) Viewer) error {
	q.direct = true
	read := Read{File: name}
	for _, e := range events {
		if e.System != system || e.Kind != custody.EventDisclosure && e.Kind != custody.EventChange {
			continue
		}
		shown := e.Clear&contact != 0 || e.Route == custody.RouteImported && e.Clear == 0
		if !shown && !any {
			q.masked += len(e.Subjects)
			continue
		}
		c, ok := q.viewer(who(e))
		if !ok {
			continue
		}
		q.span(e.Time)
		for _, s := range e.Subjects {
			if err := q.looks.Add(c, s, e.Time); err != nil {
				return err
			}
			q.meet(s)
		}
		read.Rows += len(e.Subjects)
	}
	q.logs = append(q.logs, read)
	return nil
}

// viewer numbers who looked, and makes the branch and the organisation pseudo-sources.
func (q *Inquiry) viewer(v Viewer) (trace.Candidate, bool) {
	n := Name{Kind: Login, Name: v.Login}
	switch {
	case q.By == Device && v.Device != "":
		n = Name{Kind: Device, Name: v.Device}
	case v.Login == "":
		n = Name{Kind: Application, Name: v.Application}
	}
	if n.Name == "" {
		return 0, false
	}
	c := q.candidate(n, cmp.Or(v.Branch, v.Partner))
	for _, p := range [...]Name{{Kind: Branch, Name: v.Branch}, {Kind: Partner, Name: v.Partner}} {
		if p.Name != "" {
			q.looks.Part(c, q.candidate(p, p.Name))
		}
	}
	return c, true
}

// meet counts a subject once.
func (q *Inquiry) meet(s custody.SubjectID) {
	for int(s) >= len(q.met) {
		q.met = append(q.met, make([]bool, max(1024, len(q.met)))...)
	}
	if !q.met[s] {
		q.met[s] = true
		q.distinct++
	}
}

// span widens the time that the looks cover.
func (q *Inquiry) span(at time.Time) {
	if q.first.IsZero() || at.Before(q.first) {
		q.first = at
	}
	if at.After(q.last) {
		q.last = at
	}
}

// Add takes a complaint about a numbered customer. why says why it can say nothing; such
// a complaint is listed with the reason.
func (q *Inquiry) Add(ref string, subject custody.SubjectID, called time.Time, ratio float64, why string) {
	if subject == 0 && why == "" {
		why = "no customer of the system fits"
	}
	q.complaints = append(q.complaints, complaint{
		Complaint: trace.Complaint{Subject: subject, Called: called, Knew: ratio}, ref: ref, line: len(q.complaints) + 1, why: why})
	if len(q.lists) == 0 || q.lists[len(q.lists)-1].File != intakeList {
		q.lists = append(q.lists, Read{File: intakeList})
	}
	q.lists[len(q.lists)-1].Rows++
}

// intakeList stands for the complaints that were taken in.
const intakeList = "complaints taken in"

// Keys says how customers' keys become numbers, for lists beside a ledger's events.
func (q *Inquiry) Keys(lookup func(key string) (custody.SubjectID, bool)) { q.lookup = lookup }

// Source reads a list of customers who were known to a pseudo-source, and since when: a
// partner, a processor's copy, a system upstream. It is CSV or JSON lines with the
// customer and a time.
func (q *Inquiry) Source(n Name, file string, r io.Reader, said map[accesslog.Field]string) error {
	c := q.candidate(n, "")
	report, err := accesslog.Read(r, accesslog.Options{
		Wanted: []accesslog.Field{accesslog.Subject, accesslog.Time}, Needed: []accesslog.Field{accesslog.Subject, accesslog.Time},
		Said: said, Zone: q.Zone, MonthFirst: q.MonthFirst, Bad: q.badIn(file),
	}, func(r *accesslog.Row) error {
		s, ok := q.numbered(r.Get(accesslog.Subject))
		if !ok {
			return nil
		}
		return q.looks.Add(c, s, r.At[accesslog.Time])
	})
	if err != nil {
		return in(file, err)
	}
	q.sources = append(q.sources, read(file, report))
	return nil
}

// numbered gives the number of a key: the ledger's, or one of the inquiry's own.
func (q *Inquiry) numbered(key string) (custody.SubjectID, bool) {
	if q.direct {
		if q.lookup == nil {
			return 0, false
		}
		return q.lookup(key)
	}
	return q.subject(key), true
}
