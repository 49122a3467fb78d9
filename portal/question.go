package portal

import (
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"

	"custody"
	"custody/portal/page"
)

// pendings are the questions that wait, by their token.
type pendings struct {
	mu   sync.Mutex
	list map[string]*pending
}

type pending struct {
	g        *guest
	subjects []custody.SubjectID
	list     uint64 // the request of a file or a stream, whose people are not known before
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

// asked makes the question.
func (v *visit) asked(missing []custody.SubjectID, list uint64) error {
	back := "/"
	if v.r.Method == http.MethodGet {
		back = v.r.URL.RequestURI()
	} else if from := v.r.Referer(); from != "" {
		back = v.p.samePath(from)
	}
	q := &pending{g: v.g, subjects: slices.Clone(missing), list: list, back: back, till: time.Now().Add(askedFor)}
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
	if q.list != 0 {
		day.file[q.list] = Stated{id, text}
	}
	return nil
}
