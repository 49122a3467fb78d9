package upstream

import (
	"context"
	"net"
	"net/http"
	"time"

	"custody/internal/loop"
	"custody/portal/http1"
)

// conn is a connection to the application.
type conn struct {
	net.Conn
	raw    *loop.Socket // without TLS
	in     *http1.Stream
	out    []byte
	shut   func()
	lane   *Lane // whose it is; nil: it goes back to the others after each answer
	reused bool
	since  time.Time
	// The deadlines in force of reads and writes; zero: another one, or none.
	readBy, writeBy time.Time
}

// readUntil sets the deadline of reads, unless one is in force that is a little sooner:
// setting it costs.
func (c *conn) readUntil(patience time.Duration) {
	if by, ok := later(c.readBy, c.raw.Now(), patience); ok {
		c.readBy = by
		_ = c.SetReadDeadline(by)
	}
}

// writeUntil is the same for writes.
func (c *conn) writeUntil(patience time.Duration) {
	if by, ok := later(c.writeBy, c.raw.Now(), patience); ok {
		c.writeBy = by
		_ = c.SetWriteDeadline(by)
	}
}

// later says whether a deadline is to be set anew, and to when.
func later(have, now time.Time, patience time.Duration) (time.Time, bool) {
	left := have.Sub(now)
	return now.Add(patience), left > patience || left < patience-patience/8
}

// hook is what context.AfterFunc gives, without its cost where the context has its own.
type hook struct {
	life *http1.Life
	slot int
	stop func() bool
}

func hookOn(ctx context.Context, f func()) hook {
	if l, ok := ctx.(*http1.Life); ok {
		return hook{life: l, slot: l.On(f)}
	}
	return hook{stop: context.AfterFunc(ctx, f)}
}

// off takes it back, and says whether it was in time.
func (h *hook) off() bool {
	if h.life != nil {
		return h.life.Off(h.slot)
	}
	return h.stop()
}

// head reads the head of the answer, past those that only say "go on".
func (c *conn) head(r *Request, patience time.Duration) (resp *http.Response, turn uint64, err error) {
	if r.Body == nil { // else the sender says when the waiting begins
		c.readUntil(patience)
	}
	if l := c.lane; l != nil && l.inLoop {
		room := l.room // the lane's no longer, if the loop is left meanwhile
		resp, err = room.ReadAnswer(c.in, r.Method)
		return resp, room.Turn(), err
	}
	resp, err = http1.ReadAnswer(c.in, r.Method)
	return resp, 0, err
}
