package site

import (
	"cmp"
	"context"
	"strings"
	"time"

	"custody"
	"custody/accesslog"
	"custody/console"
	"custody/trace"
	"custody/trace/inquiry"
	"custody/trace/intake"
)

// consoleComplaints fits the desk of complaints, and the trace, to the console.
type consoleComplaints struct{ s *Site }

// Complaints implements console.Complaints.
func (c consoleComplaints) Complaints() ([]console.Complaint, error) {
	all, err := c.s.Intake().List(intake.Filter{})
	list := make([]console.Complaint, len(all))
	for i := range all {
		list[i] = complaintOf(&all[i])
	}
	return list, err
}

// Unanswered implements console.Complaints.
func (c consoleComplaints) Unanswered() (int, error) {
	open, err := c.s.o.Store.Complaints(intake.Filter{Open: true})
	return len(open), err
}

// Complaint implements console.Complaints.
func (c consoleComplaints) Complaint(reference string) (*console.Complaint, error) {
	k, err := c.s.Intake().Get(reference)
	if err != nil {
		return nil, err
	}
	out := complaintOf(k)
	return &out, nil
}

func complaintOf(k *intake.Complaint) console.Complaint {
	b := &k.Body
	return console.Complaint{ID: k.ID, Reference: k.Reference, Way: string(k.Way), Received: k.Received, Due: k.Due, Acknowledged: k.Acknowledged,
		Closed: k.Closed, Called: k.Called, Knew: k.Knew.String(), Suspect: k.Suspect, Erased: k.Erased,
		Said: console.Said{Name: b.Name, Answer: b.Answer, Phone: b.Phone, Email: b.Email, Vehicle: b.Vehicle, Key: b.Key, System: b.System,
			Caller: b.Caller, Claimed: b.Claimed, Knew: b.Knew, Words: b.Words}}
}

// Customers implements console.Complaints.
func (c consoleComplaints) Customers(id int64) (map[custody.SystemID][]custody.SubjectID, error) {
	found, err := c.s.o.Store.ComplaintSubjects(id)
	all := map[custody.SystemID][]custody.SubjectID{}
	for _, f := range found {
		all[f.System] = append(all[f.System], f.Subject)
	}
	return all, err
}

// Add implements console.Complaints.
func (c consoleComplaints) Add(ctx context.Context, said console.Said, called time.Time) (string, bool, error) {
	k := &intake.Complaint{Way: intake.Console, Called: called, Body: intake.Body{Name: said.Name, Answer: said.Answer,
		Phone: said.Phone, Email: said.Email, Vehicle: said.Vehicle, Key: said.Key, System: said.System, Caller: said.Caller, Claimed: said.Claimed,
		Knew: said.Knew, Words: said.Words}}
	fresh, err := c.s.Intake().Add(ctx, k)
	if err == nil {
		c.s.wakeIntake()
	}
	return k.Reference, fresh, err
}

// Acknowledge implements console.Complaints.
func (c consoleComplaints) Acknowledge(ctx context.Context, reference string) error {
	_, err := c.s.Intake().Acknowledge(ctx, reference)
	return err
}

// Letter implements console.Complaints.
func (c consoleComplaints) Letter(reference string) (string, error) {
	k, err := c.s.Intake().Get(reference)
	if err != nil {
		return "", err
	}
	return c.s.Intake().Letter(k, c.s.o.Complaints.Controller), nil
}

// Erase implements console.Complaints.
func (c consoleComplaints) Erase(ctx context.Context, reference string) error {
	_, err := c.s.Intake().Erase(ctx, reference)
	return err
}

// Close implements console.Complaints.
func (c consoleComplaints) Close(ctx context.Context, reference string) error {
	_, err := c.s.Intake().Close(ctx, reference)
	return err
}

// maxBadLines is how many lines that are not understood are told one by one.
const maxBadLines = 1000

// Import implements console.Complaints.
func (c consoleComplaints) Import(ctx context.Context, list string) (*console.ComplaintList, error) {
	l, desk := &console.ComplaintList{}, c.s.Intake()
	report, err := intake.ReadList(strings.NewReader(list), accesslog.Options{Zone: c.s.o.Zone, Bad: func(b accesslog.Bad) {
		if l.BadLines++; l.BadLines <= maxBadLines {
			l.Bad = append(l.Bad, console.BadLine{Line: b.Line, Why: b.Reason})
		}
	}}, func(k *intake.Complaint) error {
		fresh, err := desk.Add(ctx, k)
		switch {
		case err != nil:
		case fresh:
			l.Taken++
		default:
			l.Known++
		}
		return err
	})
	if l.Taken > 0 {
		c.s.wakeIntake()
	}
	if err == nil {
		l.Columns = intake.Columns(report)
	}
	return l, err
}

// Trace implements console.Complaints: all looks of the ledger in a system, and the
// complaints about its customers.
func (c consoleComplaints) Trace(ctx context.Context, system custody.SystemID) (*inquiry.Answer, error) {
	names, err := c.viewers()
	if err != nil {
		return nil, err
	}
	q := inquiry.New(c.s.o.Zone, nil)
	if err := q.Events("ledger of "+c.s.systemName(system), system, false, c.s.Ledger.Index().Events(1), names); err != nil {
		return nil, err
	}
	list, err := c.s.Intake().Traceables(system, intake.Filter{})
	if err != nil {
		return nil, err
	}
	planted, err := c.s.o.Store.Planted()
	if err != nil {
		return nil, err
	}
	for i := range c.s.o.Systems {
		if c.s.o.Systems[i].ID == system {
			q.Reasons(c.s.o.Systems[i].Explanations)
		}
	}
	for _, t := range list {
		if k := planted.At(t.Subject, t.Called); k != nil && t.Why == "" {
			q.AddPlanted(t.Reference, t.Subject, t.Called, k.Meant)
			continue
		}
		q.Add(t.Reference, t.Subject, t.Called, t.Knew.Ratio(), t.Why)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return q.Run(trace.Options{Seed: 1})
}

// viewers says in names who was behind an event: the login, where its person worked
// last, and the device of the session.
func (c consoleComplaints) viewers() (func(*custody.Event) inquiry.Viewer, error) {
	people, err := c.s.Identity.People()
	if err != nil {
		return nil, err
	}
	logins, branches, employers := map[custody.PersonID]string{}, map[custody.PersonID]string{}, map[custody.OrganisationID]string{}
	for i := range people {
		logins[people[i].ID] = people[i].Login
		for _, e := range people[i].Engagements {
			employers[e.Organisation] = e.OrgName
			branches[people[i].ID] = cmp.Or(e.Branch, branches[people[i].ID])
		}
	}
	applications := map[custody.ApplicationID]string{}
	declared, err := c.s.Identity.Applications()
	for _, a := range declared {
		applications[a.ID] = a.Name
	}
	return func(e *custody.Event) inquiry.Viewer {
		return inquiry.Viewer{Login: logins[e.Person], Application: applications[e.Application], Branch: branches[e.Person], Partner: employers[e.Organisation]}
	}, err
}
