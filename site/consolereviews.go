package site

import (
	"context"
	"time"

	"custody"
	"custody/console"
	"custody/store"
)

// consoleReviews fits reviews to the console. The store holds to the separation of
// duties.
type consoleReviews struct{ s *Site }

// Campaigns implements console.Reviews.
func (c consoleReviews) Campaigns(ctx context.Context) ([]console.Campaign, error) {
	all, err := c.s.o.Store.Campaigns(ctx, true)
	list := make([]console.Campaign, len(all))
	for i, k := range all {
		list[i] = console.Campaign{ID: k.ID, Title: k.Title, Started: k.Started, Deadline: k.Deadline, StartedBy: k.StartedLogin, Closed: k.Closed,
			Items: k.Items, Confirmed: k.Confirmed, Removed: k.Removed, Lapsed: k.Lapsed}
	}
	return list, err
}

// Items implements console.Reviews.
func (c consoleReviews) Items(ctx context.Context, campaign int64, by custody.PersonID, after int64) ([]console.ReviewItem, error) {
	all, err := c.s.o.Store.ReviewItems(ctx, store.ReviewFilter{Campaign: campaign, DecidableBy: by, At: c.s.o.Now(), After: after})
	list := make([]console.ReviewItem, len(all))
	for i, r := range all {
		list[i] = console.ReviewItem{ID: r.ID, Campaign: r.Campaign, Person: r.Person, Name: r.FullName, Organisation: r.Organisation, OrgName: r.OrgName,
			Branch: r.Branch, Words: r.Words, Decision: r.Decision, Decided: r.Decided, DecidedBy: r.DecidedLogin}
		if list[i].Name == "" {
			list[i].Name = r.Login
		}
	}
	return list, err
}

// Start implements console.Reviews.
func (c consoleReviews) Start(ctx context.Context, by custody.PersonID, title string, org custody.OrganisationID, deadline time.Time) (int64, error) {
	k, err := c.s.o.Store.StartReview(ctx, by, title, org, deadline, c.s.o.Now())
	if err != nil {
		return 0, err
	}
	return k.ID, nil
}

// Close implements console.Reviews.
func (c consoleReviews) Close(ctx context.Context, campaign int64, by custody.PersonID, remove bool) error {
	return c.s.o.Store.CloseReview(ctx, campaign, by, remove, c.s.o.Now())
}

// Decide implements console.Reviews.
func (c consoleReviews) Decide(ctx context.Context, item int64, by custody.PersonID, confirm bool, note string) error {
	return c.s.o.Store.DecideReviewItem(ctx, item, by, confirm, note, c.s.o.Now())
}

// Emergencies implements console.Reviews.
func (c consoleReviews) Emergencies(ctx context.Context, by custody.PersonID) ([]console.Emergency, error) {
	all, err := c.s.o.Store.BreakGlassUses(ctx, store.BreakGlassFilter{ReviewableBy: by, At: c.s.o.Now()})
	list := make([]console.Emergency, len(all))
	for i, b := range all {
		list[i] = console.Emergency{ID: b.ID, Person: b.Person, Name: b.FullName, Organisation: b.Organisation, OrgName: b.OrgName, Branch: b.Branch,
			SystemName: b.SystemName, Categories: b.Categories, Subjects: b.Subjects, Reason: b.Reason, Began: b.Began, Ends: b.Ends,
			Reviewed: b.Reviewed, ReviewedBy: b.ReviewedLogin, Outcome: b.Outcome, Note: b.Note}
	}
	return list, err
}

// ReviewEmergency implements console.Reviews.
func (c consoleReviews) ReviewEmergency(ctx context.Context, id int64, by custody.PersonID, justified bool, note string) error {
	outcome := "unjustified"
	if justified {
		outcome = "justified"
	}
	return c.s.o.Store.ReviewBreakGlass(ctx, id, by, outcome, note, c.s.o.Now())
}
