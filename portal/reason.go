package portal

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"

	"custody"
	"custody/portal/page"
)

// Reasons keeps which reason a person stated for which customer on which day, so that
// it is asked for once.
type Reasons interface {
	Stated(person custody.PersonID, system custody.SystemID, day string) (map[custody.SubjectID]Stated, error)
	State(person custody.PersonID, system custody.SystemID, day string, reason custody.ReasonID, list []custody.SubjectID) error
}

// Explainer finds reasons for looks in the application's own data. Customers whom it
// does not explain are left out of what it gives.
type Explainer interface {
	Explain(ctx context.Context, sess *custody.Session, list []custody.SubjectID) map[custody.SubjectID]string
}

// Stated is a reason that was stated.
type Stated struct {
	Reason custody.ReasonID
	Text   string
}

const (
	maxReason = 500
	// maxAsked is how many questions of one session wait for their answer; the oldest
	// gives way.
	maxAsked = 32
	askedFor = 15 * time.Minute
)

// reasons are those that a session's person stated today.
type reasons struct {
	mu   sync.Mutex
	day  string
	by   map[custody.SubjectID]Stated
	file map[uint64]Stated // by the request's fingerprint, for files and streams
}

// pendings are the questions that wait, by their token.
type pendings struct {
	mu   sync.Mutex
	list map[string]*pending
}

type pending struct {
	g        *guest
	subjects []custody.SubjectID
	shape    uint64 // of a file or a stream, whose people are not known before
	back     string
	till     time.Time
}

// asking is the error of a look that waits for a reason.
type asking struct {
	token  string
	people int
}

// Error implements error.
func (a *asking) Error() string { return errReason.Message }

// Unwrap lets custody.CodeOf find the code.
func (a *asking) Unwrap() error { return errReason }

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
	r.day, r.by, r.file = day, by, map[uint64]Stated{}
	return r, nil
}

// recordByReason records each subject under the reason that was stated for it. When
// one is missing nothing is recorded or released, and the person is asked.
func (v *visit) recordByReason() error {
	r, err := v.g.today()
	if err != nil {
		return err
	}
	runs, missing := v.sortByReason(r)
	if len(missing) > 0 && v.p.o.Explainer != nil {
		if err := v.explain(missing); err != nil {
			return err
		}
		runs, missing = v.sortByReason(r)
	}
	if len(missing) > 0 {
		return v.asked(missing, 0)
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
	found := v.p.o.Explainer.Explain(&v.ctx, v.g.sess, missing)
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
// seen without one have none.
func (v *visit) sortByReason(r *reasons) (runs []reasonRun, missing []custody.SubjectID) {
	free := v.view.s.Rights()
	clear, masked := free.With(custody.Clear), free.With(custody.Masked)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range v.view.seen {
		var why Stated
		if s.shown&^clear != 0 || v.maskable(s.masked)&^(clear|masked) != 0 {
			var ok bool
			if why, ok = r.by[s.subject]; !ok {
				why, ok = v.explained[s.subject]
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

// reasonFor takes up the reason stated for a file or a stream; its people are not
// known before it begins, so one reason is asked for all of it.
func (v *visit) reasonFor() error {
	r, err := v.g.today()
	if err != nil {
		return err
	}
	r.mu.Lock()
	why, ok := r.file[v.shape]
	r.mu.Unlock()
	if !ok {
		return v.asked(nil, v.shape)
	}
	v.view.s.Restate(why.Reason, why.Text)
	return nil
}

// asked makes the question.
func (v *visit) asked(missing []custody.SubjectID, shape uint64) error {
	back := "/"
	if v.r.Method == http.MethodGet {
		back = v.r.URL.RequestURI()
	} else if from := v.r.Referer(); from != "" {
		back = v.p.samePath(from)
	}
	q := &pending{g: v.g, subjects: slices.Clone(missing), shape: shape, back: back, till: time.Now().Add(askedFor)}
	token := v.p.asked.add(q)
	v.refused(custody.CodeReason)
	return &asking{token, len(missing)}
}

// add keeps a question, and forgets those that nobody answered.
func (p *pendings) add(q *pending) (token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	oldest, of, now := "", 0, time.Now()
	for t, had := range p.list {
		if now.After(had.till) {
			delete(p.list, t)
		} else if had.g == q.g {
			if of++; oldest == "" || had.till.Before(p.list[oldest].till) {
				oldest = t
			}
		}
	}
	if of >= maxAsked {
		delete(p.list, oldest)
	}
	token = rand.Text()
	p.list[token] = q
	return token
}

// take gives a question of the guest, once.
func (p *pendings) take(token string, g *guest) *pending {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.list[token]
	if q == nil || q.g != g || time.Now().After(q.till) {
		return nil
	}
	delete(p.list, token)
	return q
}

// stateReason takes the answer, makes it durable and leads back to the page.
func (p *Portal) stateReason(w http.ResponseWriter, r *http.Request) {
	sess, err := p.o.Door.Session(r)
	if err != nil {
		p.o.Door.Challenge(w, r)
		return
	}
	g, err := p.guest(w, sess)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	q := p.asked.take(r.PostFormValue("token"), g)
	if q == nil {
		p.refuse(w, r, custody.E(custody.CodeNotFound, "this question is no longer open", "open the page again"))
		return
	}
	if err := g.state(q, r.PostFormValue("reason")); err != nil {
		p.asked.mu.Lock()
		p.asked.list[r.PostFormValue("token")] = q // may be answered again
		p.asked.mu.Unlock()
		p.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "private, no-store")
	if page.Program(r) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r, q.back, http.StatusSeeOther)
}

// state makes a reason durable for the question's customers.
func (g *guest) state(q *pending, text string) error {
	view := g.live.Beside()
	if err := view.SetReason(text); err != nil {
		return err
	}
	day, err := g.today()
	if err != nil {
		return err
	}
	id, text := view.Reason()
	if g.p.o.Reasons != nil && len(q.subjects) > 0 {
		if err := g.p.o.Reasons.State(g.sess.Person, g.sess.System, day.day, id, q.subjects); err != nil {
			return err
		}
	}
	day.mu.Lock()
	defer day.mu.Unlock()
	for _, s := range q.subjects {
		day.by[s] = Stated{id, text}
	}
	if q.shape != 0 {
		day.file[q.shape] = Stated{id, text}
	}
	return nil
}
