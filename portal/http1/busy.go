package http1

import (
	"time"

	"custody/internal/loop"
)

// A connection whose requests come one soon after the other goes on in a loop, where
// it costs no switch of threads (internal/loop).

// Partner is what a handler waits for beside the client.
type Partner interface {
	// Enter gives the socket that the loop is to wait for; nil: not now.
	Enter() *loop.Socket
	// Left says that the loop waits for it no more.
	Left()
}

// busyAfter is the default of Server.BusyAfter; soon is how soon.
const (
	busyAfter = 16
	soon      = 50 * time.Millisecond
)

// Busy is the writer of an answer whose connection may be in a loop. What would hold up
// others there must leave it first.
type Busy interface {
	// Task is the connection's in the loop; nil outside.
	Task() *loop.Task
	// WriteWithin gives the next part of the answer so long, from now.
	WriteWithin(d time.Duration)
	// Leave goes on outside, for this request and some more.
	Leave()
	// Partner gives what SetPartner was told; nil: nothing.
	Partner() Partner
	SetPartner(p Partner)
	// Same says that the head of the request is that of the one before on this
	// connection, to the last byte, and that it has been in its loop since.
	Same() bool
	// Kept gives what Keep was told of the request before; nil: nothing, or not Same.
	Kept() any
	// Keep keeps something for the next request, if that is the same. The handler must
	// have left the request as it was. Outside the loop it does nothing.
	Keep(k any)
	// Repeat answers as the request before was answered, to the byte but for the date,
	// and says whether that is known: only of one that left in one piece, in the loop.
	// The handler has written nothing, and writes nothing after it.
	Repeat() (done bool, err error)
}

// Task implements Busy.
func (w *response) Task() *loop.Task { return w.c.task.Load() }

// WriteWithin implements Busy.
func (w *response) WriteWithin(d time.Duration) { w.c.writeUntil(d) }

// Leave implements Busy.
func (w *response) Leave() { w.c.leave() }

// Partner implements Busy.
func (w *response) Partner() Partner { return w.c.partner }

// SetPartner implements Busy.
func (w *response) SetPartner(p Partner) { w.c.partner = p }

// Same implements Busy.
func (w *response) Same() bool { return w.c.same && w.c.task.Load() != nil }

// Kept implements Busy.
func (w *response) Kept() any {
	if !w.Same() {
		return nil
	}
	return w.c.asked.kept
}

// Keep implements Busy.
func (w *response) Keep(k any) {
	if w.c.task.Load() != nil {
		w.c.asked.kept = k
	}
}

// sentAnswer is the answer before, as it is in the connection's own buffer still.
type sentAnswer struct {
	bytes  int // 0: it is not known
	date   int // where the field begins
	status int
}

// Repeat implements Busy.
func (w *response) Repeat() (done bool, err error) {
	c, n := w.c, w.before.bytes
	if n == 0 || w.status != 0 || w.close || !w.Same() || n > cap(c.out) {
		return false, nil
	}
	c.out = c.out[:n]
	appendDate(c.out[:w.before.date], c.sock.Now())
	w.status, w.state, w.left = w.before.status, plain, 0
	c.told = w.before
	return true, w.send(nil)
}

// leave leaves the loop, if the connection is in one, and stays outside for as many
// requests again as it takes to get there.
func (c *conn) leave() {
	c.busy = -c.s.busyAfter()
	if t := c.task.Load(); t != nil {
		t.Leave()
	}
}

// count notes a request.
func (c *conn) count() {
	now := c.sock.Now()
	if c.busy++; c.busy > 0 && now.Sub(c.last) > soon {
		c.busy = 0
	}
	c.last = now
}

// heats lets the connection go on in a loop, if it is busy. The caller's goroutine has
// ended its work then.
func (c *conn) heats() bool {
	if c.busy < c.s.busyAfter() || c.partner == nil || c.task.Load() != nil {
		return false
	}
	l := c.s.loop()
	if l == nil {
		c.busy = -1 << 30
		return false
	}
	beside := c.partner.Enter()
	if beside == nil {
		c.busy = 0
		return false
	}
	err := l.Adopt(func(t *loop.Task) {
		t.OnLeave = func() {
			c.task.Store(nil)
			c.own, c.told = nil, sentAnswer{} // it may have to be written still
			c.busy = min(c.busy, 0)
			c.partner.Left()
		}
		c.asked = new(asked)
		c.task.Store(t)
		c.requests()
	}, c.sock, beside)
	if err != nil {
		c.partner.Left()
		c.busy = -1 << 10
	}
	return err == nil
}

func (s *Server) busyAfter() int {
	if s.BusyAfter == 0 {
		return busyAfter
	}
	return s.BusyAfter
}

// loop gives one of the loops, which are half as many as processors; nil where there
// are none.
func (s *Server) loop() *loop.Loop {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.once.Do(func() {
		s.loops = loop.Several(loop.Looking)
	})
	if len(s.loops) == 0 {
		return nil
	}
	s.turn++
	return s.loops[s.turn%len(s.loops)]
}
