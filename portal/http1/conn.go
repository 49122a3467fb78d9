package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"custody/internal/loop"
)

// conn is a client's connection. One goroutine reads requests and runs the handler,
// one request after the other, so answers are in order.
type conn struct {
	s      *Server
	raw    net.Conn // without TLS
	sock   *loop.Socket
	kept   bool // by who took it over
	nc     net.Conn
	in     *Stream
	out    []byte // what is written next; from the pool, while a request runs
	remote string
	base   *http.Request // with the connection's context
	life   Life
	asked  *asked     // in a loop the same for all its requests
	same   bool       // the head is that of the request before, in the same loop
	told   sentAnswer // the answer before
	own    *[]byte    // in a loop: the buffer for answers

	// Of the loop: the task while it is in one, what the handler waits for beside the
	// client, how many requests came one soon after the other, and when the last one did.
	task    atomic.Pointer[loop.Task]
	partner Partner
	busy    int
	last    time.Time

	head http.Header // of the answer under way

	// Deadlines in force, Unix nanoseconds; 0: none.
	readBy, writeBy atomic.Int64

	// turns counts beginnings and ends of requests: odd while one runs. seen is what
	// watch saw last.
	turns atomic.Uint64
	seen  uint64
	quiet atomic.Bool // nobody reads: the request that runs has no body, or none any more
	watching
}

// inSize is the buffer of a connection: of a request, in most cases all of it, bytes.
const inSize = 4 << 10

var outs = sync.Pool{New: func() any { b := make([]byte, 0, 8<<10); return &b }}

// maxOut is the longest that a buffer may have become and still be kept.
const maxOut = 64 << 10

// errGone is the cause of a request's end when its client went away.
var errGone = fmt.Errorf("the client went away: %w", context.Canceled)

func (c *conn) serve() {
	if c.s.TLS != nil && !c.secure() {
		c.end()
		return
	}
	if t, ok := c.nc.(*tls.Conn); ok && t.ConnectionState().NegotiatedProtocol == "h2" {
		c.kept = c.other(c.nc)
		c.end()
		return
	}
	c.in = NewStream(c.nc, inSize)
	c.base = (&http.Request{ProtoMajor: 1, RemoteAddr: c.remote, Header: make(http.Header, 16)}).WithContext(&c.life)
	c.requests()
}

// requests serves the connection to its end, or until it goes on in a loop.
func (c *conn) requests() {
	for c.request() {
		if c.heats() {
			return
		}
	}
	c.end()
}

func (c *conn) end() {
	c.life.End(errGone)
	c.s.forget(c)
	if !c.kept {
		c.raw.Close()
	}
	if c.partner != nil {
		c.partner.Left()
	}
}

// request serves one request, and says whether another one may follow.
func (c *conn) request() bool {
	c.readUntil(c.s.IdleTime, c.s.IdleTime/8)
	head, err := c.in.head(MaxHead, c.asked.known(), c.headBegins)
	if err != nil {
		c.refuse(err)
		return false
	}
	r, err := c.read(head)
	if err != nil {
		c.refuse(err)
		return false
	}
	if r.Header["Upgrade"] != nil {
		c.leave()
		c.kept = c.other(&begun{Conn: c.nc, first: append([]byte(c.asked.text), c.in.Rest()...)})
		return false
	}
	return c.answer(r)
}

// read makes a request of a head.
func (c *conn) read(head []byte) (*http.Request, error) {
	if c.task.Load() == nil {
		c.asked = new(asked)
	}
	a := c.asked
	if c.same = string(head) == a.text; c.same && a.kept != nil {
		return a.again(), nil
	}
	clear(c.base.Header)
	a.text, a.kept = string(head), nil
	r, err := parseRequest(a.text, c.base, a)
	a.first = a.r
	return r, err
}

// secure shakes hands.
func (c *conn) secure() bool {
	t := tls.Server(c.raw, c.s.TLS)
	ctx, stop := context.WithTimeout(context.Background(), c.s.HeadTime)
	defer stop()
	c.nc = t
	return t.HandshakeContext(ctx) == nil
}

// other hands the connection over.
func (c *conn) other(nc net.Conn) bool {
	if c.s.Other == nil {
		return false
	}
	_ = c.nc.SetDeadline(time.Time{})
	c.s.forget(c)
	c.s.Other(nc)
	return true
}

// headBegins gives a head that is not there as a whole its time.
func (c *conn) headBegins() { c.readUntil(c.s.HeadTime, 0) }

// readUntil sets the deadline of reads, unless one is in force that is at most slack
// sooner: setting it costs.
func (c *conn) readUntil(d, slack time.Duration) {
	now := c.sock.Now()
	want := now.Add(d).UnixNano()
	if have := c.readBy.Load(); have == 0 || have > want || want-have > int64(slack) {
		c.readBy.Store(want)
		_ = c.nc.SetReadDeadline(now.Add(d))
	}
}

// writeUntil sets the deadline of writes, which a handler may change.
func (c *conn) writeUntil(d time.Duration) {
	now := c.sock.Now()
	want := now.Add(d)
	if have := c.writeBy.Load(); have > want.UnixNano() || want.UnixNano()-have > int64(d/4) {
		c.writeBy.Store(want.UnixNano())
		_ = c.nc.SetWriteDeadline(want)
	}
}

// answer runs the handler and says whether another request may follow.
func (c *conn) answer(r *http.Request) bool {
	w := &response{c: c, r: r, close: r.Close, before: c.told}
	c.told = sentAnswer{}
	if r.ContentLength == 0 {
		r.Body = http.NoBody
	} else {
		w.body = &requestBody{Body: Body{s: c.in, kind: r.ContentLength, left: max(0, r.ContentLength)}, w: w, expects: r.Header["Expect"] != nil}
		r.Body = w.body
	}
	pooled := c.room()
	c.out = (*pooled)[:0]
	c.count()
	c.writeUntil(c.s.WriteTime)
	c.quiet.Store(w.body == nil)
	c.turns.Add(1)
	ok := c.run(w, r)
	c.turns.Add(1)
	w.over.Store(true)
	ok = c.unwatch() && ok
	ok = ok && w.finish()
	c.putBack(pooled)
	clear(c.head)
	if !ok {
		w.abort()
		return false
	}
	if w.close {
		if !w.bodyOver() || c.in.Buffered() > 0 {
			c.linger()
		}
		c.closeNicely()
		return false
	}
	return true
}

// room gives a buffer for an answer; in a loop always the same, because it is written at
// the end of the round.
func (c *conn) room() *[]byte {
	if c.task.Load() == nil {
		return outs.Get().(*[]byte)
	}
	if c.own == nil {
		c.own = outs.Get().(*[]byte)
	}
	_ = c.sock.Flush() // of the answer before, if the client did not wait for it; its next read tells
	return c.own
}

func (c *conn) putBack(b *[]byte) {
	switch {
	case b == c.own && cap(c.out) > maxOut:
		c.own, c.told = nil, sentAnswer{}
	case b == c.own:
		*b = c.out
	case c.sock.Pending(): // it has left the loop, and is written before the next read
	case cap(c.out) <= maxOut:
		*b = c.out[:0]
		outs.Put(b) // no longer ours
	}
	c.out = nil
}

// run says whether the handler came to its end.
func (c *conn) run(w *response, r *http.Request) (ok bool) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler && c.s.Log != nil {
			c.s.Log.Error("a fault of a handler", "kind", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
		}
	}()
	c.s.Handler.ServeHTTP(w, r)
	return true
}

// closeNicely says good-bye, where TLS has a word for it.
func (c *conn) closeNicely() {
	if c.nc != c.raw {
		_ = c.nc.SetWriteDeadline(time.Now().Add(time.Second))
		_ = c.nc.Close()
	}
}

// refuse answers what cannot be read, if anything was there, and hangs up.
func (c *conn) refuse(err error) {
	var e *Error
	var t net.Error
	switch {
	case errors.As(err, &e):
	case errors.As(err, &t) && t.Timeout() && c.in.Buffered() > 0:
		e = &Error{http.StatusRequestTimeout, "the head did not arrive in time"}
	default:
		return
	}
	text := strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)
	c.out = append(c.out[:0], "HTTP/1.1 "+text+"\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: "+
		strconv.Itoa(len(text))+"\r\n\r\n"+text...)
	_ = c.nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.nc.Write(c.out); err == nil {
		c.linger()
		c.closeNicely()
	}
}

// What a connection that is being closed is still read for, so that the client gets to
// see the answer: closing at once may throw it away.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

func (c *conn) linger() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	room := make([]byte, 4<<10)
	for left := lingerBytes; left > 0; {
		n, err := c.nc.Read(room)
		if err != nil {
			return
		}
		left -= n
	}
}

// begun is a connection of which some was read.
type begun struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) > 0 {
		n := copy(p, b.first)
		b.first = b.first[n:]
		return n, nil
	}
	return b.Conn.Read(p)
}
