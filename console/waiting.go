package console

import (
	"sync"
	"time"

	"custody"
)

// waitings remembers for a moment what waits for each visitor, so that counting it costs
// a page nothing.
type waitings struct {
	mu sync.Mutex
	by map[custody.SessionID]waiting
}

// waiting is how much waits for somebody, by the address of its page.
type waiting struct {
	at    time.Time
	count map[string]int
}

// waitingFor is how long a count is shown before it is made again; a form that somebody
// sends makes theirs again at once.
const waitingFor = 5 * time.Second

// waiting counts what waits for the visitor. A count that fails is none: its page says why.
func (v *visit) waiting() map[string]int {
	now, w := v.c.o.Now(), &v.c.waitings
	w.mu.Lock()
	was, ok := w.by[v.sess.ID]
	w.mu.Unlock()
	if age := now.Sub(was.at); ok && age >= 0 && age < waitingFor {
		return was.count
	}
	made := waiting{now, v.countWaiting()}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil || len(w.by) > 10_000 {
		w.by = map[custody.SessionID]waiting{}
	}
	w.by[v.sess.ID] = made
	return made.count
}

// forget lets the next page count anew.
func (w *waitings) forget(s custody.SessionID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.by, s)
}

func (v *visit) countWaiting() map[string]int {
	count, ctx := map[string]int{}, v.r.Context()
	if list, err := v.c.o.Requests.Decidable(ctx, v.sess.Person); err == nil {
		count["/requests"] = len(list)
	}
	if v.may(areaAlerts) {
		if list, err := v.c.o.Alerts.Open(); err == nil {
			for _, about := range list {
				if v.reachesAlert(about) {
					count["/alerts"]++
				}
			}
		}
	}
	if v.may(areaReviews) {
		if d, err := v.reviews(); err == nil {
			count["/reviews"] = len(d.Yours) + len(d.Waiting)
		}
	}
	if v.reach(areaComplaints).everywhere() {
		if n, err := v.c.o.Complaints.Unanswered(); err == nil {
			count["/complaints"] = n
		}
	}
	return count
}
