package loop

import (
	"io"
	"os"

	"custody/internal/rawsocket"
)

// Deputy does the plainest of a task's work while the task waits for its first socket, so
// that it need not be resumed for what needs nothing of it. It runs in the loop's
// goroutine, uses the task's sockets without ever waiting (TryRead, TryWrite, Expired),
// and hands back what it does not do itself: Hand says what the Read gives in which the
// task waits, and then the task is resumed.
type Deputy interface {
	// Ready is called when a socket may have something to read. It says whether the task
	// is to be resumed.
	Ready(s *Socket) (resume bool)
	// Interrupt is called before the task is resumed for another reason.
	Interrupt()
}

// tell resumes the task that waits for a socket which is ready, if its deputy does not do
// what there is to do.
func (l *Loop) tell(s *Socket) {
	t := s.hot
	if t.Deputy != nil && t.wants == t.sockets[0] {
		if t.Deputy.Ready(s) {
			l.step(t)
		}
		return
	}
	if t.wants == s {
		l.step(t)
	}
}

// rouse resumes a task that waits for a socket for another reason than that it is ready.
func (l *Loop) rouse(t *Task) {
	if t.Deputy != nil {
		t.Deputy.Interrupt()
	}
	l.step(t)
}

// handed is what the Read in which a task waits is to give.
type handed struct {
	n   int
	err error
	set bool
}

// Hand makes the Read in which the task waits return n bytes, which its deputy has put
// where that wants them, or err.
func (s *Socket) Hand(n int, err error) { s.handed = handed{n, err, true} }

// Ready says whether a read may find something. Only the owner asks, in a loop.
func (s *Socket) Ready() bool { return s.ready }

// Expired says whether the deadline for reading has passed. Only the owner asks, in a loop.
func (s *Socket) Expired() bool { return s.expired.Load() }

// TryRead reads what is there; again says that there is nothing. It is for a socket in a
// loop that has nothing left to be written.
func (s *Socket) TryRead(b []byte) (n int, again bool, err error) {
	if s.expired.Load() {
		return 0, false, os.ErrDeadlineExceeded
	}
	n, again, err = rawsocket.Receive(s.fd, b)
	switch {
	case again:
		s.ready = false
	case err == nil && n == 0 && len(b) > 0:
		err = io.EOF
	default:
		s.ready = s.gone || n == len(b) // a short read has emptied it; what comes later is told by an event
	}
	return n, again, err
}

// TryWrite writes what the other side takes at once; n < len(b) without an error says
// that it is to be waited for. It is for a socket in a loop that has nothing left to be
// written.
func (s *Socket) TryWrite(b []byte) (n int, err error) {
	n, _, err = rawsocket.Send(s.fd, b)
	return n, err
}
