package pgproxy

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"custody/internal/rawsocket"
)

// socket is a connection that can go on in a loop. While it is cold it is an
// ordinary net.Conn, which the runtime's poller waits for. While it is hot (see
// loop) it is a bare descriptor of which the runtime knows nothing.
//
// Who serves the connection owns hot, ready and gone, and alone makes a socket hot or
// cold; deadlines may be set by anybody.
type socket struct {
	hot   *task // in whose loop it is; nil while cold
	ready bool  // a read may find something
	gone  bool  // the other side has closed: ready for ever
	given int   // bytes that the loop has put where the waiting Read wants them
	taken bool  // the waiting Read is to end with errTaken

	mu          sync.Mutex // guards what follows
	conn        net.Conn   // while hot the closed one, for its addresses
	fd          int        // while hot
	kick        func()     // while hot: wakes the loop
	read, write time.Time  // deadlines, for when it is cold again
	expired     atomic.Bool
}

func newSocket(c net.Conn) *socket { return &socket{conn: c} }

// Read reads what is there, or waits.
func (s *socket) Read(b []byte) (int, error) {
	for s.hot != nil {
		if s.expired.Load() {
			return 0, os.ErrDeadlineExceeded
		}
		if !s.ready {
			s.hot.await(s)
			if s.taken {
				s.taken = false
				return 0, errTaken
			}
			if n := s.given; n > 0 {
				s.given = 0
				return n, nil
			}
			continue
		}
		n, again, err := rawsocket.Receive(s.fd, b)
		if again {
			s.ready = false
			continue
		}
		if err == nil && n == 0 && len(b) > 0 {
			return 0, io.EOF
		}
		s.ready = s.gone || n == len(b) // a short read has emptied it; what comes later is told by an event
		return n, err
	}
	return s.conn.Read(b)
}

// Write writes all of b. A peer that does not take it at once makes the connection
// cold: it may take long.
func (s *socket) Write(b []byte) (int, error) {
	done := 0
	for s.hot != nil && done < len(b) {
		n, again, err := rawsocket.Send(s.fd, b[done:])
		done += n
		if err != nil {
			return done, err
		}
		if again {
			s.hot.leave()
		}
	}
	if done == len(b) && done > 0 {
		return done, nil
	}
	n, err := s.conn.Write(b[done:])
	return done + n, err
}

// Close closes it. Nobody but the owner may close a hot one.
func (s *socket) Close() error {
	if s.hot != nil {
		s.hot.leave()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.Close()
}

func (s *socket) LocalAddr() net.Addr  { return s.conn.LocalAddr() }
func (s *socket) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

func (s *socket) SetDeadline(t time.Time) error {
	_ = s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

// SetReadDeadline wakes a hot socket's reader if the time has come; later ones count
// from when it is cold. None but those are set on a hot one.
func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = t
	if s.kick == nil {
		return s.conn.SetReadDeadline(t)
	}
	s.expired.Store(passed(t))
	if passed(t) {
		s.kick()
	}
	return nil
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write = t
	if s.kick == nil {
		return s.conn.SetWriteDeadline(t)
	}
	return nil
}

func passed(t time.Time) bool { return !t.IsZero() && !t.After(time.Now()) }

// heat takes the socket out of the runtime's poller.
func (s *socket) heat(t *task, kick func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fd, err := rawsocket.Take(s.conn)
	if err != nil {
		return err
	}
	_ = s.conn.Close() // the descriptor is another one of the same connection
	s.fd, s.kick, s.hot, s.ready = fd, kick, t, true
	s.expired.Store(passed(s.read))
	return nil
}

// cool gives it back. If that fails, it stays closed, and its next use says so.
func (s *socket) cool() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, err := rawsocket.GiveBack(s.fd); err == nil {
		s.conn = c
		_ = c.SetReadDeadline(s.read)
		_ = c.SetWriteDeadline(s.write)
	}
	s.fd, s.kick, s.hot, s.gone = 0, nil, nil, false
}
