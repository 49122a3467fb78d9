package upstream

import (
	"custody/internal/loop"
	"custody/portal/http1"
)

// Lane is the way to the application of one client's connection. While that is in a
// loop, the lane has a connection of its own, for which the loop waits as well;
// otherwise requests take any. It is used by the goroutine of the client's connection.
type Lane struct {
	o      *Origin
	c      *conn // nil: none
	inLoop bool
	used   bool        // an exchange is under way
	room   *http1.Room // of the answers in the loop
}

// Lane makes a lane, without a connection.
func (o *Origin) Lane() *Lane { return &Lane{o: o} }

// Enter takes a connection for a loop, if one is at hand; nil: none is.
func (l *Lane) Enter() *loop.Socket {
	if l.c = l.o.take(); l.c == nil {
		return nil
	}
	l.c.lane, l.inLoop, l.room = l, true, new(http1.Room)
	return l.c.raw
}

// Left says that the loop waits for it no more.
func (l *Lane) Left() {
	l.inLoop, l.room = false, nil // what was read into it may be in use still
	if !l.used {
		l.leave()
	}
}

// leave gives the connection to the others.
func (l *Lane) leave() {
	if c := l.c; c != nil {
		l.c, c.lane = nil, nil
		l.o.give(c)
	}
}

// Ready says whether a request could be sent without waiting for anything but the
// application.
func (l *Lane) Ready() bool { return l.c != nil }

// take gives the lane's connection if it has one that is open. A nil lane has none.
func (l *Lane) take() *conn {
	if l == nil || l.c == nil {
		return nil
	}
	if l.c.raw.Now().Sub(l.c.since) >= keep || !l.c.raw.Quiet() {
		c := l.c
		l.c, c.lane = nil, nil
		c.Close()
		return nil
	}
	l.used, l.c.reused = true, true
	return l.c
}

// back takes a connection back after an answer, and says whether the lane looks after
// it.
func (l *Lane) back(c *conn, keep bool) bool {
	l.used = false
	if keep && l.inLoop {
		c.since = c.raw.Now()
		return true
	}
	l.c, c.lane = nil, nil
	return false
}

// drop closes a connection that failed.
func (c *conn) drop() {
	if l := c.lane; l != nil {
		l.used, l.c, c.lane = false, nil, nil
	}
	c.Close()
}
