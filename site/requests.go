package site

import (
	"context"
	"strconv"

	"custody"
	"custody/portal"
	"custody/store"
)

// requests fits the store's requests to portals.
type requests struct{ s *Site }

// File implements portal.Requests.
func (q requests) File(ctx context.Context, sess *custody.Session, w portal.Wish) error {
	r := store.Request{Kind: store.AskMore, Person: sess.Person, Organisation: sess.Organisation, System: sess.System, Subjects: w.Subjects,
		Until: w.Until, Reason: w.Reason}
	if w.Export {
		r.Kind, r.Categories = store.AskExport, w.Categories
	}
	return q.s.o.Store.FileRequest(ctx, &r, q.s.o.Now())
}

// Mine implements portal.Requests.
func (q requests) Mine(ctx context.Context, sess *custody.Session) ([]portal.Request, error) {
	return q.list(ctx, store.RequestFilter{Person: sess.Person, Limit: 20})
}

// Waiting implements portal.Requests.
func (q requests) Waiting(ctx context.Context, sess *custody.Session) ([]portal.Request, error) {
	return q.list(ctx, store.RequestFilter{DecidableBy: sess.Person, At: q.s.o.Now(), Limit: 50})
}

func (q requests) list(ctx context.Context, f store.RequestFilter) ([]portal.Request, error) {
	found, err := q.s.o.Store.Requests(ctx, f)
	var all []portal.Request
	for i := range found {
		r := &found[i]
		one := portal.Request{ID: r.ID, Name: r.FullName, System: r.SystemName, State: r.State, Note: r.Note, Wish: portal.Wish{Export: r.Kind == store.AskExport,
			Subjects: r.Subjects, Categories: r.Categories, Until: r.Until, Reason: r.Reason}}
		if r.Kind == store.AskSee {
			one.Other = r.Categories.String() + " of " + strconv.FormatUint(uint64(r.Subjects), 10) + " customers a day"
		}
		all = append(all, one)
	}
	return all, err
}

// Approve implements portal.Requests.
func (q requests) Approve(ctx context.Context, sess *custody.Session, id int64, subjects uint32, note string) error {
	_, err := q.s.o.Store.ApproveRequest(ctx, id, sess.Person, store.Approval{Subjects: subjects, Note: note}, q.s.o.Now())
	return err
}

// Decline implements portal.Requests.
func (q requests) Decline(ctx context.Context, sess *custody.Session, id int64, note string) error {
	return q.s.o.Store.DeclineRequest(ctx, id, sess.Person, note, q.s.o.Now())
}
