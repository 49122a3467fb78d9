package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"custody/internal/loop"
)

// Server serves a handler over HTTP/1.1. A request that asks for another protocol, and
// a connection that speaks HTTP/2, are handed to Other with all that was read of them.
type Server struct {
	Handler http.Handler
	TLS     *tls.Config    // nil: plain
	Other   func(net.Conn) // takes over a connection; nil: closes it
	// HeadTime is how long a head may take from its first byte, and the handshake of
	// TLS; IdleTime how long a connection is kept without a request, and how long a body
	// may take whose reader sets no deadline; WriteTime how long an answer may take whose
	// writer sets none.
	HeadTime, IdleTime, WriteTime time.Duration
	Log                           *slog.Logger // of faults of the handler; nothing that a client sent
	// BusyAfter is how many requests, one soon after the other, make a connection go on
	// in a loop, if its handler has given it a partner. [16]
	BusyAfter int

	mu     sync.Mutex
	conns  map[*conn]struct{}
	lists  map[net.Listener]struct{}
	closed bool
	ticks  chan struct{} // closed by Close
	loops  []*loop.Loop
	turn   int
	once   sync.Once
}

// Serve accepts connections until the listener is closed, which is no error. HTTP/2 is
// offered if the settings of TLS name it.
func (s *Server) Serve(l net.Listener) error {
	if !s.open(l) {
		l.Close()
		return nil
	}
	pause := time.Duration(0)
	for {
		nc, err := l.Accept()
		var t net.Error
		switch {
		case err == nil:
			pause = 0
			s.start(nc)
		case errors.Is(err, net.ErrClosed):
			return nil
		case errors.As(err, &t) && t.Timeout(), temporary(err): // no descriptors left: some will be given back
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			if !s.pause(pause) {
				return nil
			}
		default:
			return err
		}
	}
}

func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// pause waits, unless the server is closed meanwhile.
func (s *Server) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ticks:
		return false
	}
}

func (s *Server) open(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.conns == nil {
		s.conns, s.lists, s.ticks = map[*conn]struct{}{}, map[net.Listener]struct{}{}, make(chan struct{})
		go s.look()
	}
	s.lists[l] = struct{}{}
	return true
}

func (s *Server) start(nc net.Conn) {
	c := &conn{s: s}
	if inner, ok := nc.(interface{ Inner() *loop.Socket }); ok {
		c.sock, c.raw = inner.Inner(), nc
	} else {
		c.sock = loop.NewSocket(nc)
		c.raw = c.sock
	}
	c.nc = c.raw
	if a := nc.RemoteAddr(); a != nil {
		c.remote = a.String()
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		nc.Close()
		return
	}
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	go c.serve()
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// Close closes listeners and connections, whatever they are doing, but those that were
// handed over. It does not wait for handlers.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if s.ticks != nil {
		close(s.ticks)
	}
	for l := range s.lists {
		l.Close()
	}
	for _, l := range s.loops {
		l.Close()
	}
	for c := range s.conns {
		c.sock.Break()
		c.life.End(context.Canceled)
	}
}

// watchAfter is how long a request runs before its connection is watched for the
// client's going away. Most are answered sooner.
const watchAfter = 250 * time.Millisecond

// look begins to watch the connections of requests that run long, and calls out of
// their loops those that are not busy any more.
func (s *Server) look() {
	t := time.NewTicker(watchAfter)
	defer t.Stop()
	var list []*conn
	for {
		select {
		case <-s.ticks:
			return
		case <-t.C:
		}
		s.mu.Lock()
		list = list[:0]
		for c := range s.conns {
			if c.turns.Load()&1 == 1 || c.task.Load() != nil {
				list = append(list, c)
			}
		}
		s.mu.Unlock()
		for _, c := range list {
			c.look()
		}
	}
}
