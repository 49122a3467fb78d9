package site

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

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
			one.Other = r.Categories.String() + " of " + strconv.FormatUint(uint64(r.Subjects), 10) + " customers"
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

// Emergency implements portal.Requests.
func (q requests) Emergency(sess *custody.Session) (string, bool) {
	b := q.s.breakGlassOf(sess.System)
	if b == nil || !slices.ContainsFunc(b.Roles, func(r string) bool { return slices.Contains(sess.Roles, r) }) {
		return "", false
	}
	return fmt.Sprintf("You can have %s of %d more customers at once, for %s.", strings.Join(b.See.Strings(), ", "), b.Subjects, spell(b.For)), true
}

// BreakGlass implements portal.Requests.
func (q requests) BreakGlass(ctx context.Context, sess *custody.Session, reason string) error {
	b := q.s.breakGlassOf(sess.System)
	if b == nil {
		return custody.E(custody.CodeForbidden, "there is no emergency access here", "ask for more instead")
	}
	return b.use(ctx, q.s.o.Store, sess, reason, q.s.o.Now())
}

func (s *Site) breakGlassOf(system custody.SystemID) *BreakGlass {
	for i := range s.o.Systems {
		if b := &s.o.Systems[i].BreakGlass; s.o.Systems[i].ID == system && len(b.Roles) > 0 {
			return b
		}
	}
	return nil
}

// spell writes a duration of whole minutes for people.
func spell(d time.Duration) string {
	hours, minutes := int(d.Hours()), int(d.Minutes())%60
	switch {
	case hours == 0:
		return strconv.Itoa(minutes) + " minutes"
	case hours == 1 && minutes == 0:
		return "one hour"
	case minutes == 0:
		return strconv.Itoa(hours) + " hours"
	}
	return strconv.Itoa(hours) + " hours and " + strconv.Itoa(minutes) + " minutes"
}
