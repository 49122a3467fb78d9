package site

import (
	"context"

	"custody"
	"custody/console"
	"custody/store"
)

// consoleRequests fits requests to the console. The store holds to the separation of
// duties.
type consoleRequests struct{ s *Site }

// Requests implements console.Requests.
func (c consoleRequests) Requests(ctx context.Context, person custody.PersonID) ([]console.Request, error) {
	return consoleRequestsOf(c.s.o.Store.Requests(ctx, store.RequestFilter{Person: person}))
}

// Decidable implements console.Requests.
func (c consoleRequests) Decidable(ctx context.Context, by custody.PersonID) ([]console.Request, error) {
	return consoleRequestsOf(c.s.o.Store.Requests(ctx, store.RequestFilter{DecidableBy: by, At: c.s.o.Now()}))
}

func consoleRequestsOf(all []store.Request, err error) ([]console.Request, error) {
	list := make([]console.Request, len(all))
	for i := range all {
		r := &all[i]
		list[i] = console.Request{ID: r.ID, Kind: r.Kind, Person: r.Person, Name: r.FullName, Employer: r.Organisation, OrgName: r.OrgName, Branch: r.Branch,
			System: r.System, SystemName: r.SystemName, Subjects: r.Subjects, Categories: r.Categories, Until: r.Until, Reason: r.Reason, Filed: r.Filed,
			State: r.State, Decided: r.Decided, DecidedBy: r.DecidedLogin, Note: r.Note, Grant: r.Grant}
	}
	return list, err
}

// File implements console.Requests.
func (c consoleRequests) File(ctx context.Context, q *console.Request) error {
	r := store.Request{Kind: q.Kind, Person: q.Person, Organisation: q.Employer, System: q.System, Subjects: q.Subjects, Categories: q.Categories,
		Until: q.Until, Reason: q.Reason}
	err := c.s.o.Store.FileRequest(ctx, &r, c.s.o.Now())
	q.ID = r.ID
	return err
}

// Approve implements console.Requests.
func (c consoleRequests) Approve(ctx context.Context, id int64, by custody.PersonID, subjects uint32, note string) error {
	_, err := c.s.o.Store.ApproveRequest(ctx, id, by, store.Approval{Subjects: subjects, Note: note}, c.s.o.Now())
	return err
}

// Decline implements console.Requests.
func (c consoleRequests) Decline(ctx context.Context, id int64, by custody.PersonID, note string) error {
	return c.s.o.Store.DeclineRequest(ctx, id, by, note, c.s.o.Now())
}

// Withdraw implements console.Requests.
func (c consoleRequests) Withdraw(ctx context.Context, id int64, by custody.PersonID) error {
	return c.s.o.Store.WithdrawRequest(ctx, id, by, c.s.o.Now())
}
