//go:build linux

package loop

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// echo is a deputy that sends back what begins with '.', keeps what begins with '?' until
// it is interrupted, and hands over everything else.
type echo struct {
	s    *Socket
	room []byte // where the task reads
	kept int
	told chan struct{} // that something is kept
}

var errKept = errors.New("something is kept")

func (e *echo) Ready(s *Socket) (resume bool) {
	n, again, err := s.TryRead(e.room)
	switch {
	case again:
		return false
	case err != nil:
		return true
	case e.room[0] == '?':
		e.kept = n
		close(e.told)
		return false
	case e.room[0] != '.':
		s.Hand(n, nil)
		return true
	}
	done, err := s.TryWrite(e.room[:n])
	return done < n || err != nil
}

func (e *echo) Interrupt() {
	if e.kept > 0 {
		e.s.Hand(0, errKept)
	}
}

// TestDeputy: the task is resumed for what its deputy hands over, and with it; for an end
// and for a deadline; what the deputy has under way then is handed over before.
func TestDeputy(t *testing.T) {
	l := open(t)
	client, s := pair(t)
	type read struct {
		text string
		err  error
	}
	reads, keeps := make(chan read, 10), make(chan struct{})
	if err := l.Adopt(func(task *Task) {
		e := &echo{s: s, room: make([]byte, 16), told: keeps}
		task.Deputy = e
		for {
			n, err := s.Read(e.room)
			reads <- read{string(e.room[:n]), err}
			switch {
			case err == errKept:
				_, _ = s.Write(e.room[:e.kept])
				e.kept = 0
			case errors.Is(err, os.ErrDeadlineExceeded):
				_ = s.SetReadDeadline(time.Time{})
				_, _ = s.Write([]byte("late"))
			case err != nil:
				s.Close()
				return
			default:
				_, _ = s.Write([]byte("task"))
			}
		}
	}, s); err != nil {
		t.Fatal(err)
	}
	room := make([]byte, 16)
	expect := func(want string) {
		t.Helper()
		got := room[:len(want)]
		if _, err := io.ReadFull(client, got); err != nil || string(got) != want {
			t.Fatalf("%q, %v instead of %q", got, err, want)
		}
	}
	hear := func(want read) {
		t.Helper()
		if r := <-reads; r.text != want.text || !errors.Is(r.err, want.err) {
			t.Fatalf("the task read %q, %v instead of %q, %v", r.text, r.err, want.text, want.err)
		}
	}
	say := func(text string) {
		t.Helper()
		if _, err := client.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}

	say("a")
	expect("task") // read by itself or handed over
	hear(read{"a", nil})
	say(".b")
	expect(".b")
	say("c")
	expect("task")
	hear(read{"c", nil}) // and nothing of what the deputy did
	_ = s.SetReadDeadline(time.Unix(1, 0))
	expect("late")
	hear(read{"", os.ErrDeadlineExceeded})
	say("?d")
	<-keeps
	_ = s.SetReadDeadline(time.Unix(1, 0))
	expect("?d")
	hear(read{"", errKept})
	expect("late")
	hear(read{"", os.ErrDeadlineExceeded})
	client.Close()
	hear(read{"", io.EOF})
}
