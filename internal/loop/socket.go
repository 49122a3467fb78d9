package loop

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"custody/internal/rawsocket"
)

// Socket is a connection that can go on in a loop. While it is cold it is an
// ordinary net.Conn, which the runtime's poller waits for. While it is hot (see
// Loop) it is a bare descriptor of which the runtime knows nothing.
//
// Who serves the connection owns hot, ready and gone, and alone makes a socket hot or
// cold; deadlines may be set by anybody.
type Socket struct {
	hot   *Task  // in whose loop it is; nil while cold
	ready bool   // a read may find something
	gone  bool   // the other side has closed: ready for ever
	later []byte // what the end of the round is to write
	fault error  // of that
	stuck bool   // the other side does not take it at once

	mu          sync.Mutex // guards what follows
	conn        net.Conn   // while hot the closed one, for its addresses
	fd          int        // while hot
	kick        func()     // while hot: wakes the loop
	read, write time.Time  // deadlines, for when it is cold again
	expired     atomic.Bool
	broken      bool

	peeker rawPeeker // for Quiet, while cold
}

// NewSocket makes a cold one, which takes the connection over.
func NewSocket(c net.Conn) *Socket { return &Socket{conn: c} }

// Read reads what is there, or waits.
func (s *Socket) Read(b []byte) (int, error) {
	for s.hot != nil {
		if s.expired.Load() {
			return 0, os.ErrDeadlineExceeded
		}
		if s.fault != nil {
			return 0, s.fault
		}
		if s.stuck {
			s.hot.Leave()
			break
		}
		if !s.ready || len(s.later) > 0 {
			s.hot.await(s)
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
	if err := s.Flush(); err != nil {
		return 0, err
	}
	return s.conn.Read(b)
}

// WriteLater is Write at the end of the loop's round, so that whoever is to read what
// several connections write need not be woken for each. The caller must read next, which
// tells of an error, and leave b as it is until that has given something.
func (s *Socket) WriteLater(b []byte) (int, error) {
	if s.hot == nil || len(s.later) > 0 || s.fault != nil {
		return s.Write(b)
	}
	s.later = b
	s.hot.loop.late = append(s.hot.loop.late, s)
	return len(b), nil
}

// Pending says whether something is left to be written.
func (s *Socket) Pending() bool { return len(s.later) > 0 }

// Flush writes what was left for later, now.
func (s *Socket) Flush() error {
	if len(s.later) > 0 && s.hot != nil && s.flush() {
		return nil
	}
	p := s.later
	if len(p) == 0 || s.fault != nil {
		return s.fault
	}
	s.later, s.stuck = nil, false
	_, err := s.Write(p)
	return err
}

// flush writes what was left for later, and says whether that is done.
func (s *Socket) flush() bool {
	if len(s.later) == 0 {
		return s.fault == nil && !s.stuck
	}
	return s.wrote(rawsocket.Send(s.fd, s.later))
}

// wrote notes what became of what was left for later.
func (s *Socket) wrote(n int, again bool, err error) (done bool) {
	s.later, s.fault, s.stuck = s.later[n:], err, again || err == nil && n < len(s.later)
	return err == nil && !s.stuck
}

// Write writes all of b. A peer that does not take it at once makes the connection
// cold: it may take long.
func (s *Socket) Write(b []byte) (int, error) {
	if len(s.later) > 0 {
		if err := s.Flush(); err != nil {
			return 0, err
		}
	}
	done := 0
	for s.hot != nil && done < len(b) {
		n, again, err := rawsocket.Send(s.fd, b[done:])
		done += n
		if err != nil {
			return done, err
		}
		if again {
			s.hot.Leave()
		}
	}
	if done == len(b) && done > 0 {
		return done, nil
	}
	n, err := s.conn.Write(b[done:])
	return done + n, err
}

// Now is the time as its owner may take it for deadlines: in a loop that of the round,
// which costs nothing.
func (s *Socket) Now() time.Time {
	if s.hot != nil {
		return s.hot.loop.now
	}
	return time.Now()
}

// Hot says whether it is in a loop.
func (s *Socket) Hot() bool { return s.hot != nil }

// Quiet says whether it is open and has nothing to read; in a loop, as far as the last
// round knows. Only the owner asks.
func (s *Socket) Quiet() bool {
	if s.hot != nil {
		return !s.ready || silent(s.fd)
	}
	return s.look()
}

// Break makes whoever reads or waits stop with an error, and the socket useless. It is
// Close for those who do not own it.
func (s *Socket) Break() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kick == nil {
		_ = s.conn.Close()
		return
	}
	s.broken = true
	s.expired.Store(true)
	s.kick()
}

// WritePieces writes pieces one after the other, by one system call where it is cold.
func (s *Socket) WritePieces(b *net.Buffers) (int64, error) {
	if s.hot == nil {
		return b.WriteTo(s.conn)
	}
	var all int64
	for _, p := range *b {
		n, err := s.Write(p)
		if all += int64(n); err != nil {
			return all, err
		}
	}
	return all, nil
}

// CloseWrite ends what is sent; the other direction stays open. The socket leaves its
// loop before.
func (s *Socket) CloseWrite() error {
	if s.hot != nil {
		s.hot.Leave()
	}
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SetLinger says what closing does with what has not been sent. The socket leaves its
// loop before.
func (s *Socket) SetLinger(seconds int) error {
	if s.hot != nil {
		s.hot.Leave()
	}
	if t, ok := s.conn.(interface{ SetLinger(int) error }); ok {
		return t.SetLinger(seconds)
	}
	return errors.ErrUnsupported
}

// Close closes it. Nobody but the owner may close a hot one.
func (s *Socket) Close() error {
	if s.hot != nil {
		s.hot.Leave()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.Close()
}

func (s *Socket) LocalAddr() net.Addr  { return s.conn.LocalAddr() }
func (s *Socket) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

func (s *Socket) SetDeadline(t time.Time) error {
	_ = s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

// SetReadDeadline wakes a hot socket's reader if the time has come; later ones count
// from when it is cold. None but those are set on a hot one.
func (s *Socket) SetReadDeadline(t time.Time) error {
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

func (s *Socket) SetWriteDeadline(t time.Time) error {
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
func (s *Socket) heat(t *Task, kick func()) error {
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
func (s *Socket) cool() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, err := rawsocket.GiveBack(s.fd); err == nil {
		s.conn = c
		_ = c.SetReadDeadline(s.read)
		_ = c.SetWriteDeadline(s.write)
	}
	if s.broken {
		_ = s.conn.Close()
	}
	s.fd, s.kick, s.hot, s.gone, s.stuck = 0, nil, nil, false, false
}
