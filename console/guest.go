package console

import (
	"context"
	"sync"
	"time"
	"unicode/utf8"

	"custody"
)

// guest is a session in the console: entered at the gate with its first request, left
// when the door ends it, when it is cut, or when the console closes.
type guest struct {
	c     *Console
	sess  *custody.Session
	ready sync.Once
	at    Guest
	err   error
	ctx   context.Context // ends with the session: streams listen
	stop  context.CancelFunc

	mu      sync.Mutex
	left    bool
	reasons map[custody.SubjectID]string // why this person looks at a customer, as stated here
	found   map[custody.SubjectID]time.Time
}

// maxReasons is how many stated reasons a session remembers.
const maxReasons = 10_000

var errClosing = custody.E(custody.CodeUnavailable, "the console is stopping", "try again in a moment")

// guest finds the guest of a session; the first request of it enters at the gate, which
// makes the sign-in durable before anything is shown.
func (c *Console) guest(sess *custody.Session) (*guest, error) {
	c.mu.Lock()
	g := c.guests[sess.ID]
	if g == nil {
		if c.closed {
			c.mu.Unlock()
			return nil, errClosing
		}
		g = &guest{c: c, sess: sess, reasons: map[custody.SubjectID]string{}, found: map[custody.SubjectID]time.Time{}}
		g.ctx, g.stop = context.WithCancel(context.Background())
		c.guests[sess.ID] = g
	}
	c.mu.Unlock()
	g.ready.Do(func() { g.at, g.err = c.o.Gate.Enter(sess, func(custody.Code) { go g.end() }) })
	if g.err != nil {
		g.end()
	}
	return g, g.err
}

// end leaves the gate, once, and stops the streams.
func (g *guest) end() {
	g.stop()
	g.ready.Do(func() { g.err = errClosing }) // waits for one who is just entering
	g.c.mu.Lock()
	if g.c.guests[g.sess.ID] == g {
		delete(g.c.guests, g.sess.ID)
	}
	g.c.mu.Unlock()
	g.mu.Lock()
	leave := !g.left && g.at != nil
	g.left = true
	g.mu.Unlock()
	if leave {
		g.at.Leave()
	}
}

// maxReason is the longest reason, in runes.
const maxReason = 200

// state keeps why the person looks at customers.
func (g *guest) state(reason string, subjects ...custody.SubjectID) error {
	if n := utf8.RuneCountInString(reason); n == 0 || n > maxReason || !utf8.ValidString(reason) {
		return custody.E(custody.CodeReason, "say why you look this customer up", "a few words: their request, a complaint, a review; they are recorded with the look")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.reasons)+len(subjects) > maxReasons {
		clear(g.reasons)
	}
	for _, s := range subjects {
		g.reasons[s] = reason
	}
	return nil
}

// reason gives why the person looks at a customer; empty if they have not said.
func (g *guest) reason(s custody.SubjectID) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reasons[s]
}

// oneLook is how long finding a customer and opening their page count as one look.
const oneLook = 10 * time.Second

// recorded notes that a customer was found, and that this is in the ledger.
func (g *guest) recorded(s custody.SubjectID, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.found) > maxReasons {
		clear(g.found)
	}
	g.found[s] = at
}

// justRecorded says whether a look at a customer is the one that found them, once.
func (g *guest) justRecorded(s custody.SubjectID, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at, ok := g.found[s]
	delete(g.found, s)
	return ok && now.Sub(at) < oneLook
}
