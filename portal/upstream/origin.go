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

func unreachable(err error) error {
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the application cannot be reached",
		Hint: "try again in a moment; if it stays so, tell the administrator of the application", Err: err}
}

// errSlow is the error of an application that takes too long.
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
