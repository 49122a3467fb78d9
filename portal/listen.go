package portal

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
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
	return &boundedConn{Conn: c, l: l}, nil
}

// Close implements net.Listener.
func (l *boundedListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

type boundedConn struct {
	net.Conn
	l    *boundedListener
	once sync.Once
}

// Close gives the slot back, once.
func (c *boundedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.l.slots })
	return err
}

// WritePieces writes pieces one after the other, by one system call where that can be.
func (c *boundedConn) WritePieces(b *net.Buffers) (int64, error) { return b.WriteTo(c.Conn) }

// CloseWrite ends what is sent; the other direction stays open.
func (c *boundedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SetLinger says what closing does with what has not been sent.
func (c *boundedConn) SetLinger(seconds int) error {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		return t.SetLinger(seconds)
	}
	return errors.ErrUnsupported
}

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
