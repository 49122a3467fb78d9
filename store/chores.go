package store

import (
	"context"
	"database/sql"
	"fmt"
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
	for _, remind := range []func(context.Context, time.Time) error{s.remindReviews, s.remindBreakGlass, s.remindTraining, s.remindRules, s.remindProcessors} {
		if err := remind(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// remindEvery is how often reminders are looked for: they are about days.
const remindEvery = time.Minute

// reminderBefore is when, before the deadline of a review, its managers are reminded.
var reminderBefore = []time.Duration{7 * 24 * time.Hour, 24 * time.Hour}

// remindReviews notes one reminder for each manager with rights to decide about: a week
// and a day before the deadline, and one for the leads where nobody may decide. Of two
// that are due at once only the last is sent.
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
	alone, err := s.ReviewItems(ctx, ReviewFilter{Campaign: c.ID, Unmanaged: true, At: at})
	if err != nil {
		return err
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
		if len(alone) == 0 {
			return nil
		}
		return logRight(t, RightsEntry{Time: at, Act: ActReminder, Object: c.ID, Note: fmt.Sprintf("review %s: %d rights that nobody may decide about", c.Title, len(alone))})
	})
}

// remindBreakGlass notes once a day which emergency access still waits for its review.
func (s *Store) remindBreakGlass(ctx context.Context, at time.Time) error {
	open, err := s.BreakGlassUses(ctx, BreakGlassFilter{Open: true})
	if err != nil {
		return err
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		for i := range open {
			b := &open[i]
			var last int64
			if err := t.QueryRow("SELECT coalesce(max(at), ?) FROM rights_log WHERE person = ? AND act = ? AND object = ?", b.Began.UnixMilli(), b.Person, ActGlassDue, b.ID).Scan(&last); err != nil {
				return err
			}
			if at.UnixMilli() < last+(24*time.Hour).Milliseconds() {
				continue
			}
			if err := logRight(t, b.entry(ActGlassDue, ChangesNothing, 0, at, b.Reason)); err != nil {
				return err
			}
		}
		return nil
	})
}
