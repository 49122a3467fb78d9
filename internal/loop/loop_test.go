package loop

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// pair gives the two ends of a connection.
func pair(t *testing.T) (client *net.TCPConn, server *Socket) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn), NewSocket(s)
}

func open(t *testing.T) *Loop {
	t.Helper()
	l := New()
	if l == nil {
		if runtime.GOOS == "linux" {
			t.Fatal("no loop")
		}
		return nil
	}
	t.Cleanup(l.Close)
	return l
}

// TestRelay: what arrives at one socket of a task goes to its other one and back; when a
// client does not read, its task leaves and the others go on.
func TestRelay(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	relay := func(a, b *Socket, left func()) {
		if err := l.Adopt(func(task *Task) {
			task.OnLeave = left
			room := make([]byte, 4<<10)
			for {
				n, err := a.Read(room)
				if err != nil {
					return
				}
				if _, err := b.Write(room[:n]); err != nil {
					return
				}
				if room[0] == '<' {
					continue
				}
				if n, err = b.Read(room); err != nil {
					return
				}
				if _, err := a.Write(room[:n]); err != nil {
					return
				}
			}
		}, a, b); err != nil {
			t.Error(err)
		}
	}
	stalled, s1 := pair(t)
	_, s2 := pair(t) // nobody reads its other end
	gone := make(chan struct{})
	relay(s1, s2, func() { close(gone) })
	go func() {
		for {
			if _, err := stalled.Write(bytes.Repeat([]byte("<"), 4000)); err != nil {
				return
			}
		}
	}()
	client, a := pair(t)
	app, b := pair(t)
	relay(a, b, nil)
	for range 100 {
		if _, err := client.Write([]byte("ask")); err != nil {
			t.Fatal(err)
		}
		room := make([]byte, 6)
		if _, err := io.ReadFull(app, room[:3]); err != nil || string(room[:3]) != "ask" {
			t.Fatal(err)
		}
		if _, err := app.Write([]byte("answer")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(client, room); err != nil || string(room) != "answer" {
			t.Fatal(err)
		}
	}
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		t.Error("a client that does not read is waited for in the loop")
	}
}

// TestLeave: a task that is called goes on outside, with its bytes and its deadlines; one
// that is broken from outside stops reading.
func TestLeave(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	for what, act := range map[string]func(*Task, *Socket){
		"called": func(task *Task, s *Socket) {
			_ = s.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			task.Call()
		},
		"broken": func(_ *Task, s *Socket) { s.Break() },
	} {
		client, s := pair(t)
		tasks, got := make(chan *Task, 1), make(chan error, 1)
		if err := l.Adopt(func(task *Task) {
			room := make([]byte, 10)
			n, _ := s.Read(room)
			tasks <- task
			_, err := s.Read(room[n:])
			if what == "called" && (string(room[:n]) != "hello" || task.In()) {
				err = errors.New("it is in the loop still")
			}
			got <- err
			s.Close()
		}, s); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		act(<-tasks, s)
		var e net.Error
		if err := <-got; !errors.As(err, &e) || !e.Timeout() {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestHold: tasks that record in one round wait for one write, and each gets its own
// outcome.
func TestHold(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	var writes atomic.Int64
	refused := errors.New("refused")
	done := make(chan error, 8)
	for i := range 8 {
		client, s := pair(t)
		if err := l.Adopt(func(task *Task) {
			_, _ = s.Read(make([]byte, 1))
			written := false
			record := func() error {
				if !written {
					written = true
					writes.Add(1)
				}
				if i == 3 {
					return refused
				}
				return nil
			}
			done <- task.Hold(task.Join(record), record)
			s.Close()
		}, s); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for range 8 {
		if err := <-done; err == refused {
			n++
		} else if err != nil {
			t.Error(err)
		}
	}
	if n != 1 || writes.Load() != 8 {
		t.Errorf("%d refused, %d asked for their own outcome", n, writes.Load())
	}
}
