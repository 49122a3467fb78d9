package loop

import (
	"errors"
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

	handed handed // by a deputy

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
			if h := s.handed; h.set {
				s.handed = handed{}
				return h.n, h.err
			}
			continue
		}
		if n, again, err := s.TryRead(b); !again {
			return n, err
		}
	}
	if err := s.Flush(); err != nil {
		return 0, err
	}
	return s.conn.Read(b)
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
