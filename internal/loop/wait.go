package loop

import "time"

// Wait is how a loop waits where the next thing nearly always comes at once.
type Wait bool

const (
	// Sleeping leaves the processor to whoever is waited for. It is for a loop that shares
	// the processors with many programs that work for it, as a database's.
	Sleeping Wait = false
	// Looking looks for it for a while first: to sleep and to be woken costs both sides more
	// than that, and an idle processor needs time to wake up.
	Looking Wait = true
)

// waiting is how long a loop has waited lately, where it is one that looks.
type waiting struct {
	looks bool          // and there is a second processor, for whoever is waited for
	gap   time.Duration // between rounds, on average
}

// The average gap between rounds up to which a loop looks before it sleeps, and for how long.
const (
	dense    = 60 * time.Microsecond
	patience = 30 * time.Microsecond
)

// await waits for something to do.
func (l *Loop) await() (n int) {
	w := &l.waiting
	if !w.looks {
		n = l.poller.wait(false)
		l.now = time.Now()
		return n
	}
	start := time.Now()
	if l.now = start; w.gap < dense {
		n = l.look(start)
	}
	if n == 0 {
		n = l.poller.wait(false)
		l.now = time.Now()
	}
	w.gap += (min(l.now.Sub(start), 10*dense) - w.gap) / 8
	return n
}

// look looks for something to do until patience has ended.
func (l *Loop) look(start time.Time) (n int) {
	for n = l.poller.wait(true); n == 0 && l.now.Sub(start) < patience; l.now = time.Now() {
		n = l.poller.wait(true)
	}
	return n
}
