package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
)

// RightsChores does what time alone makes due: requests lapse, reviews end, reminders
// are noted for whoever sends notices. It may run in several processes.
func (s *Store) RightsChores(ctx context.Context, at time.Time) error {
	if _, err := s.LapseRequests(ctx, at); err != nil {
		return err
	}
	if _, err := s.CloseDueReviews(ctx, at); err != nil {
		return err
	}
	if last := s.reminded.Load(); at.UnixMilli() < last+remindEvery.Milliseconds() && at.UnixMilli() >= last {
		return nil
	}
	s.reminded.Store(at.UnixMilli())
	if err := s.remindReviews(ctx, at); err != nil {
		return err
	}
	if err := s.remindTraining(ctx, at); err != nil {
		return err
	}
	return s.remindProcessors(ctx, at)
}

// remindEvery is how often reminders are looked for: they are about days.
const remindEvery = time.Minute

// reminderBefore is when, before the deadline of a review, its managers are reminded.
var reminderBefore = []time.Duration{7 * 24 * time.Hour, 24 * time.Hour}

// remindReviews notes one reminder for each manager with rights to decide about: a week
// and a day before the deadline. Of two that are due at once only the last is sent.
func (s *Store) remindReviews(ctx context.Context, at time.Time) error {
	running, err := s.Campaigns(ctx, false)
	if err != nil {
		return err
	}
	for i := range running {
		c := &running[i]
		due := 0
		for k, before := range reminderBefore {
			if !at.Before(c.Deadline.Add(-before)) && c.Started.Before(c.Deadline.Add(-before)) {
				due = k + 1
			}
		}
		if due == 0 || c.Open() == 0 {
			continue
		}
		if err := s.remindManagers(ctx, c, due, at); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) remindManagers(ctx context.Context, c *Campaign, due int, at time.Time) error {
	managers, err := s.Managers(ctx, false)
	if err != nil {
		return err
	}
	open := map[custody.PersonID]bool{}
	for _, m := range managers {
		if _, asked := open[m.Person]; asked {
			continue
		}
		items, err := s.ReviewItems(ctx, ReviewFilter{Campaign: c.ID, DecidableBy: m.Person, At: at, Limit: 1})
		if err != nil {
			return err
		}
		open[m.Person] = len(items) > 0
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE campaigns SET reminded = ?1 WHERE id = ?2 AND reminded < ?1", due, c.ID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err // another process, or an earlier look
		}
		for person, has := range open {
			if !has {
				continue
			}
			if err := logRight(t, RightsEntry{Time: at, Act: ActReminder, Person: person, Object: c.ID, Note: "review " + c.Title}); err != nil {
				return err
			}
		}
		return nil
	})
}
