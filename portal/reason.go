package portal

import (
	"context"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"time"

	"custody"
)

// Reasons keeps which reason a person stated for which customer on which day, so that
// it is asked for once.
type Reasons interface {
	Stated(person custody.PersonID, system custody.SystemID, day string) (map[custody.SubjectID]Stated, error)
	State(person custody.PersonID, system custody.SystemID, day string, reason custody.ReasonID, list []custody.SubjectID) error
}

// Explainer finds reasons for looks in the application's own data, for maxExplain
// customers at most. Those whom it does not explain are left out of what it gives.
type Explainer interface {
	Explain(ctx context.Context, sess *custody.Session, list []custody.SubjectID) map[custody.SubjectID]string
}

// Stated is a reason that was stated.
type Stated struct {
	Reason custody.ReasonID
	Text   string
}

const (
	maxReason  = 500
	maxExplain = 1000
	// maxAsked is how many questions of one session wait for their answer; the oldest
	// gives way.
	maxAsked = 32
	askedFor = 15 * time.Minute
	// maxHeld is for how many customers of a session reasons are held.
	maxHeld = 200_000
)

// reasons are those that a session's person stated today.
type reasons struct {
	mu   sync.Mutex
	day  string
	by   map[custody.SubjectID]Stated
	file map[uint64]Stated // by the request, for files and streams
	ask  map[uint64]bool   // of which files and streams the reason is asked for first
}

var errReason = custody.E(custody.CodeReason, "a reason must be stated first", "")

// today gives the reasons of the day, read when the day began.
func (g *guest) today() (*reasons, error) {
	day := g.p.o.Now().In(g.p.o.Zone).Format(time.DateOnly)
	r := &g.reasons
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.day == day {
		return r, nil
	}
	by := map[custody.SubjectID]Stated{}
	if g.p.o.Reasons != nil {
		var err error
		if by, err = g.p.o.Reasons.Stated(g.sess.Person, g.sess.System, day); err != nil {
			return nil, err
		}
	}
	r.day, r.by, r.file, r.ask = day, by, map[uint64]Stated{}, map[uint64]bool{}
	return r, nil
}

// recordByReason records each subject under the reason that was stated for it. When
// one is missing nothing is recorded or released, and the person is asked.
func (v *visit) recordByReason() error {
	r, err := v.g.today()
	if err != nil {
		return err
	}
	v.view.s.Restate(0, "") // that of the part before
	runs, missing := v.sortByReason(v.view.seen, r, nil)
	if len(missing) > 0 && v.p.o.Explainer != nil {
		if err := v.explain(missing); err != nil {
			return err
		}
		runs, missing = v.sortByReason(v.view.seen, r, nil)
	}
	if why, ok := v.ofAll(r); ok && len(missing) > 0 {
		named := missing
		if runs, missing = v.sortByReason(v.view.seen, r, &why); len(missing) == 0 {
			defer r.hold(named, why)
		}
	}
	if len(missing) > 0 && v.whole {
		return v.asked(missing, 0)
	}
	if len(missing) > 0 {
		return v.askForAll(r)
	}
	for _, run := range runs {
		v.view.s.Restate(run.why.Reason, run.why.Text)
		v.view.rules = v.view.rules[:0]
		if err := v.recordAll(run.list); err != nil {
			return err
		}
	}
	return nil
}

// explain looks for reasons in the data and makes those that it finds durable. They are
// for the answer at hand: at the next one they are looked for again, for a job may be
// gone by then.
func (v *visit) explain(missing []custody.SubjectID) error {
	found := map[custody.SubjectID]string{}
	for some := range slices.Chunk(missing, maxExplain) {
		maps.Copy(found, v.p.o.Explainer.Explain(&v.ctx, v.g.sess, some))
	}
	if len(found) == 0 {
		return nil
	}
	v.explained = make(map[custody.SubjectID]Stated, len(found))
	view, last := v.g.live.Beside(), Stated{}
	for _, s := range missing {
		text, ok := found[s]
		if !ok {
			continue
		}
		if text != last.Text {
			if err := view.SetReason(text); err != nil {
				return err
			}
			last.Reason, last.Text = view.Reason()
		}
		v.explained[s] = last
	}
	return nil
}

type reasonRun struct {
	why  Stated
	list []sighting
}

// sortByReason parts the subjects by the reason of their look; those that may be
// seen without one have none. Otherwise is the reason for whom there is none.
func (v *visit) sortByReason(list []sighting, r *reasons, otherwise *Stated) (runs []reasonRun, missing []custody.SubjectID) {
	free := v.view.s.Rights()
	clear, masked := free.With(custody.Clear)|v.lent, free.With(custody.Masked)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range list {
		var why Stated
		if s.shown|s.masked == 0 { // named by the key alone
			why = r.by[s.subject]
		}
		if s.shown&^clear != 0 || v.maskable(s.masked)&^(clear|masked) != 0 {
			var ok bool
			if why, ok = r.by[s.subject]; !ok {
				why, ok = v.explained[s.subject]
			}
			if !ok && otherwise != nil {
				why, ok = *otherwise, true
			}
			if !ok {
				missing = append(missing, s.subject)
				continue
			}
		}
		i := slices.IndexFunc(runs, func(x reasonRun) bool { return x.why == why })
		if i < 0 {
			runs, i = append(runs, reasonRun{why: why}), len(runs)
		}
		runs[i].list = append(runs[i].list, s)
	}
	return runs, missing
}

// maskable leaves those categories that show a mask of the value, not of nothing.
func (v *visit) maskable(set custody.CategorySet) (some custody.CategorySet) {
	for _, c := range set.List() {
		if v.treat(c) == custody.Masked {
			some |= custody.Categories(c)
		}
	}
	return some
}

// byCustomer says that each customer's look needs a reason of its own: one that the
// data gives, one that was stated today for them, or one for all of a file.
func (v *visit) byCustomer() bool { return v.reason && !v.stated }

// foreseen is the decision that holds once the reason is known.
func (v *visit) foreseen(a custody.Action) custody.Decision {
	if !v.byCustomer() {
		return custody.Decision{}
	}
	return v.view.s.Foresee(a, foreseen)
}

// mayWithReason asks policy again before a part leaves that may name nobody.
func (v *visit) mayWithReason() error {
	if d := v.foreseen(custody.See); d.With(custody.Clear)|d.With(custody.Masked) == 0 {
		return custody.E(custody.CodeRevoked, "your rights changed while the answer was made", "ask for it again")
	}
	return nil
}

// askForAll ends a file or a stream in which somebody has no reason. Who they are the
// person has not seen, so one reason is asked for all of it: now, if nothing of it has
// left, or before anything of it leaves the next time.
func (v *visit) askForAll(r *reasons) error {
	r.mu.Lock()
	r.ask[v.list()] = true
	r.mu.Unlock()
	return v.asked(nil, v.list())
}

// askFirst asks for the reason of a file or a stream of the kind that broke off for
// want of one.
func (v *visit) askFirst() error {
	r, err := v.g.today()
	if err != nil {
		return err
	}
	r.mu.Lock()
	_, ok := r.file[v.list()]
	ask := r.ask[v.list()] && !ok
	r.mu.Unlock()
	if ask {
		return v.asked(nil, v.list())
	}
	return nil
}

// hold lets a reason that was stated for a list be that of each customer in it, for
// the rest of the day.
func (r *reasons) hold(named []custody.SubjectID, why Stated) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range named {
		if len(r.by) < maxHeld {
			r.by[s] = why
		}
	}
}

// list is which file or stream a request asks for: the reason for one list is not that
// for another.
func (v *visit) list() uint64 {
	return maphash.String(v.p.blanks.seed, v.r.Method+" "+v.r.URL.RequestURI()) | 1
}

// ofAll gives the reason that was stated for all of a file or stream. What is shown as
// a whole names its people to who asks, so there each has their own.
func (v *visit) ofAll(r *reasons) (why Stated, ok bool) {
	if v.whole {
		return why, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	why, ok = r.file[v.list()]
	return why, ok
}

// reasonOfAll takes up the reason that was stated for all of a file, or asks for it.
func (v *visit) reasonOfAll() error {
	r, err := v.g.today()
	if err != nil {
		return err
	}
	r.mu.Lock()
	why, ok := r.file[v.list()]
	r.mu.Unlock()
	if !ok {
		return v.asked(nil, v.list())
	}
	v.view.s.Restate(why.Reason, why.Text)
	v.stated = true
	return nil
}
