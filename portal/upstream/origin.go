// Package upstream is the gate's way to the application behind it: HTTP/1.1 over kept
// connections, and the sign-in that only the gate holds.
//
// A request is written and its answer read by the goroutine that serves the client,
// which costs a third of what net/http's client does with its goroutines. Parsing is
// package http1's, which is strict. Nothing of a request's framing is the client's: every request is
// framed anew, so what two parsers read differently cannot be smuggled through.
package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"time"

	"custody"
	"custody/internal/loop"
	"custody/portal/http1"
)

// Options bound the way to an application. Zero values mean the defaults in brackets.
type Options struct {
	URL *url.URL    // scheme and host of the application
	TLS *tls.Config // for https; nil trusts the machine's authorities
	// Self is the address by which the application knows itself: what Host, Origin and
	// Referer say. [URL]
	Self *url.URL
	// Patience is how long the application may take to begin an answer, and to go on
	// with one that is not a stream. [60 s]
	Patience time.Duration
	Idle     int // connections kept while nobody uses them [64]
}

// Origin is an application behind the gate. It is safe for concurrent use.
type Origin struct {
	o    Options
	addr string
	dial net.Dialer

	mu   sync.Mutex
	idle []*conn // the last used at the end
	shut bool
}

// inSize is how much of an answer is read at a time, in bytes, where its reader takes no more.
const inSize = 16 << 10

// keep is how long a connection is kept unused: less than servers commonly wait.
const keep = 30 * time.Second

// New makes the way to an application. Nothing is connected yet.
func New(o Options) *Origin {
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Idle == 0 {
		o.Idle = 64
	}
	if o.Self == nil {
		o.Self = o.URL
	}
	port := o.URL.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[o.URL.Scheme]
	}
	if o.URL.Scheme == "https" && o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &Origin{o: o, addr: net.JoinHostPort(o.URL.Hostname(), port), dial: net.Dialer{Timeout: 5 * time.Second}}
}

// URL gives scheme and host of the application.
func (o *Origin) URL() *url.URL { return o.o.URL }

// Self gives the address by which the application knows itself.
func (o *Origin) Self() *url.URL { return o.o.Self }

// TLS gives the settings for https; nil for http.
func (o *Origin) TLS() *tls.Config { return o.o.TLS }

// Close ends the kept connections; those in use end with their answers.
func (o *Origin) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.shut = true
	for _, c := range o.idle {
		c.Close()
	}
	o.idle = nil
}

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

// take gives a kept connection that is still open, or nil.
func (o *Origin) take() *conn {
	for {
		o.mu.Lock()
		n := len(o.idle)
		if n == 0 {
			o.mu.Unlock()
			return nil
		}
		c := o.idle[n-1]
		o.idle[n-1] = nil
		o.idle = o.idle[:n-1]
		o.mu.Unlock()
		if time.Since(c.since) < keep && c.raw.Quiet() {
			c.reused = true
			return c
		}
		c.Close()
	}
}

// give keeps a connection for the next request.
func (o *Origin) give(c *conn) {
	c.since = time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.shut || len(o.idle) >= o.o.Idle {
		c.Close()
		return
	}
	o.idle = append(o.idle, c)
}

func (o *Origin) connect(ctx context.Context) (*conn, error) {
	dialled, err := o.dial.DialContext(ctx, "tcp", o.addr)
	if err != nil {
		return nil, err
	}
	raw := loop.NewSocket(dialled)
	c := &conn{Conn: raw, raw: raw, shut: raw.Break}
	if o.o.URL.Scheme == "https" {
		config := o.o.TLS.Clone()
		if config.ServerName == "" {
			config.ServerName = o.o.URL.Hostname()
		}
		secure := tls.Client(raw, config)
		ctx, stop := context.WithTimeout(ctx, 10*time.Second)
		defer stop()
		if err := secure.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, err
		}
		c.Conn = secure
	}
	c.in = http1.NewStream(c.Conn, inSize)
	return c, nil
}

// Do sends a request and gives the answer once its head is there. The caller closes
// the answer's body; a body read to its end keeps the connection. When ctx ends, the
// connection is closed, whatever it was doing. Errors have CodeUnavailable, or are the
// request body's own.
func (o *Origin) Do(ctx context.Context, r *Request) (*http.Response, error) {
	for {
		c := r.Lane.take()
		if c == nil {
			c = o.take()
		}
		if c == nil {
			var err error
			if c, err = o.connect(ctx); err != nil {
				return nil, unreachable(err)
			}
		}
		resp, err := o.exchange(ctx, c, r)
		if err == nil {
			return resp, nil
		}
		c.drop()
		if !c.reused || r.Body != nil || !r.safe() || ctx.Err() != nil || !stale(err) {
			return nil, err
		}
	}
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

// stale says whether a kept connection turned out to be closed: the application was
// just closing it and has not read the request.
func stale(err error) bool {
	return errors.Is(err, http1.ErrNothing) && !errors.Is(err, ErrTimeout) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// exchange writes the request and reads the head of the answer.
func (o *Origin) exchange(ctx context.Context, c *conn, r *Request) (*http.Response, error) {
	stop := hookOn(ctx, c.shut)
	var sent *sending
	var err error
	if r.Body == nil {
		err = c.send(r, o.o.Patience)
	} else {
		sent, err = c.sendBody(r, o.o.Patience)
	}
	if err != nil {
		stop.off()
		return nil, unreachable(err)
	}
	resp, turn, err := c.head(r, o.o.Patience)
	if err != nil {
		stop.off()
		if sent != nil {
			c.Close()
			if cause := sent.end(); cause != nil {
				return nil, cause
			}
		}
		return nil, silent(err)
	}
	resp.Body = &body{ReadCloser: resp.Body, turn: turn, o: o, c: c, stop: stop, sent: sent, patience: o.o.Patience, none: resp.Body == http.NoBody,
		keep: !resp.Close && resp.ProtoMajor == 1 && resp.StatusCode != http.StatusSwitchingProtocols}
	return resp, nil
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

// body is the rest of an answer.
type body struct {
	io.ReadCloser
	o        *Origin
	c        *conn
	stop     hook
	sent     *sending
	keep     bool
	none     bool // the answer has no body
	ended    bool
	patience time.Duration // 0: a stream, which may be silent
	turn     uint64
	mu       sync.Mutex // of ended, against Stop
}

// Turn is the same number for two answers on the way of one client's connection if their
// heads are the same to the last byte; 0 where that is not looked at.
func Turn(resp *http.Response) uint64 {
	if b, ok := resp.Body.(*body); ok {
		return b.turn
	}
	return 0
}

// Stream says that the answer may be silent for as long as it likes.
func Stream(resp *http.Response) {
	if b, ok := resp.Body.(*body); ok {
		b.patience, b.c.readBy = 0, time.Time{}
		_ = b.c.SetReadDeadline(time.Time{})
	}
}

// Stop makes whoever reads the answer get an error, unless all of it was read: who
// closes it then need not wait. It may be called while another goroutine reads.
func Stop(resp *http.Response) {
	if b, ok := resp.Body.(*body); ok {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.ended {
			b.c.shut()
		}
	}
}

func (b *body) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	if b.patience > 0 {
		b.c.readUntil(b.patience)
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.finish(b.keep)
	} else if err != nil {
		err = broken(err)
	}
	return n, err
}

// Close ends the answer; one that was not read to its end takes the connection along.
func (b *body) Close() error {
	b.finish(b.keep && b.none)
	return nil
}

func (b *body) finish(keep bool) {
	b.mu.Lock()
	ended := b.ended
	b.ended = true
	b.mu.Unlock()
	if ended {
		return
	}
	keep = b.stop.off() && keep
	if b.sent != nil {
		select {
		case err := <-b.sent.done:
			keep = keep && err == nil
		default: // answered before it had read everything
			keep = false
			b.c.Close()
			_ = b.sent.end()
		}
	}
	keep = keep && b.c.in.Buffered() == 0
	if b.c.lane != nil && b.c.lane.back(b.c, keep) {
		return
	}
	if keep {
		b.o.give(b.c)
		return
	}
	b.c.Close()
}

func unreachable(err error) error {
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the application cannot be reached",
		Hint: "try again in a moment; if it stays so, tell the administrator of the application", Err: err}
}

// Slow is the error of an application that takes too long.
var errSlow = custody.E(custody.CodeUnavailable, "the application does not answer in time",
	"try again in a moment; if it stays so, tell the administrator of the application")

func silent(err error) error {
	var t net.Error
	if errors.As(err, &t) && t.Timeout() {
		return &custody.Error{Code: errSlow.Code, Message: errSlow.Message, Hint: errSlow.Hint, Err: ErrTimeout}
	}
	return unreachable(err)
}

// ErrTimeout is wrapped by the errors of an application that takes too long.
var ErrTimeout = errors.New("timeout")

func broken(err error) error {
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the application's answer broke off",
		Hint: "try again; what came before is not complete", Err: err}
}
