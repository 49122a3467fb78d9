package http1

import (
	"sync"
	"time"
)

// watching is the reader beside a request that runs long: it finds out that the client
// has gone away, so that nobody works for nothing. It reads only while the request has
// no body, or none any more; what it reads is the beginning of the next request.
type watching struct {
	watchMu sync.Mutex
	reads   chan struct{} // closed when the reader has stopped; nil if there is none
}

// look is called from time to time. A connection on which nothing has begun or ended
// since leaves its loop, so that its deadlines hold; a request that ran already is
// watched.
func (c *conn) look() {
	turn := c.turns.Load()
	if turn != c.seen {
		c.seen = turn
		return
	}
	if t := c.task.Load(); t != nil {
		t.Call()
		return
	}
	if turn&1 == 1 {
		c.watch(turn)
	}
}

func (c *conn) watch(turn uint64) {
	c.watchMu.Lock()
	defer c.watchMu.Unlock()
	if c.reads != nil || c.turns.Load() != turn || !c.quiet.Load() {
		return
	}
	c.reads = make(chan struct{})
	c.readBy.Store(0)
	_ = c.nc.SetReadDeadline(time.Time{})
	go c.stare(c.reads)
}

func (c *conn) stare(done chan struct{}) {
	defer close(done)
	if c.in.Buffered() > 0 { // the next request is there: somebody waits
		return
	}
	if err := c.in.fill(inSize); err != nil && !c.over() {
		c.life.End(errGone)
	}
}

// over says whether the request has ended, so that its reader was only called back.
func (c *conn) over() bool { return c.turns.Load()&1 == 0 }

// unwatch ends the watching, and says whether the client is still there.
func (c *conn) unwatch() bool {
	c.watchMu.Lock()
	defer c.watchMu.Unlock()
	if c.reads == nil {
		return true
	}
	c.readBy.Store(1)
	_ = c.nc.SetReadDeadline(longAgo)
	<-c.reads
	c.reads = nil
	return c.life.Err() == nil
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)
