package portal

import (
	"context"
	"log/slog"
	"net"
	"sync"

	"custody/internal/loop"
)

// boundedListener holds clients in the system's queue while there is no room.
type boundedListener struct {
	net.Listener
	slots chan struct{}
	done  chan struct{}
	once  sync.Once
}

func bounded(l net.Listener, most int) net.Listener {
	return &boundedListener{Listener: l, slots: make(chan struct{}, most), done: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &boundedConn{Socket: loop.NewSocket(c), l: l}, nil
}

// Close implements net.Listener.
func (l *boundedListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// boundedConn holds a slot until it is closed.
type boundedConn struct {
	*loop.Socket
	l    *boundedListener
	once sync.Once
}

// Close gives the slot back, once.
func (c *boundedConn) Close() error {
	err := c.Socket.Close()
	c.once.Do(func() { <-c.l.slots })
	return err
}

// Inner is the socket, for the loop that may serve it.
func (c *boundedConn) Inner() *loop.Socket { return c.Socket }

// hall is the listener of the connections that are handed over to net/http.
type hall struct {
	coming chan net.Conn
	done   chan struct{}
	once   sync.Once
}

func newHall() *hall { return &hall{coming: make(chan net.Conn), done: make(chan struct{})} }

// Addr implements net.Listener. Nobody connects to it.
func (h *hall) Addr() net.Addr { return &net.TCPAddr{} }

func (h *hall) enter(c net.Conn) {
	select {
	case h.coming <- c:
	case <-h.done:
		c.Close()
	}
}

// Accept implements net.Listener.
func (h *hall) Accept() (net.Conn, error) {
	select {
	case c := <-h.coming:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *hall) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// quietly takes net/http's own complaints: they quote what clients send, so only the
// fact is logged (P7).
type quietly struct{ slog.Handler }

// Handle implements slog.Handler.
func (q quietly) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, slog.LevelDebug, "a client's connection ended in an error", r.PC)
	return q.Handler.Handle(ctx, out)
}

// WithAttrs implements slog.Handler.
func (q quietly) WithAttrs(a []slog.Attr) slog.Handler { return quietly{q.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (q quietly) WithGroup(name string) slog.Handler { return quietly{q.Handler.WithGroup(name)} }
