//go:build linux

package loop

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// TestLeave: a task that is called goes on outside, with its bytes and its deadlines; one
// that is broken from outside stops reading.
func TestLeave(t *testing.T) {
	l := open(t)
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

// TestSlow: a task whose other side does not take what is written goes on outside, where
// its sockets are ordinary ones.
func TestSlow(t *testing.T) {
	l := open(t)
	client, s := pair(t)
	done := make(chan error, 1)
	if err := l.Adopt(func(task *Task) {
		_, err := s.Write(make([]byte, 32<<20)) // more than the socket takes
		if task.In() || s.Hot() {
			err = errors.New("still in the loop")
		}
		_ = s.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _, e := s.Read(make([]byte, 1)); !errors.Is(e, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("read without a deadline: %v", e)
		}
		done <- err
	}, s); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, client, 32<<20); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestDeadline: a deadline that has passed wakes a task that waits, now or later; taken
// back, it does not.
func TestDeadline(t *testing.T) {
	l := open(t)
	client, s := pair(t)
	ended := make(chan error, 1)
	if err := l.Adopt(func(*Task) {
		defer s.Close()
		var room [8]byte
		for woken := false; ; {
			n, err := s.Read(room[:])
			if errors.Is(err, os.ErrDeadlineExceeded) && !woken {
				woken = true
				_ = s.SetReadDeadline(time.Time{})
				_, _ = s.Write([]byte("woken"))
				continue
			}
			if err != nil {
				ended <- err
				return
			}
			_, _ = s.Write(room[:n])
		}
	}, s); err != nil {
		t.Fatal(err)
	}
	var room [8]byte
	_ = s.SetReadDeadline(time.Unix(1, 0))
	if n, err := client.Read(room[:]); err != nil || string(room[:n]) != "woken" {
		t.Errorf("%q, %v", room[:n], err)
	}
	_, _ = client.Write([]byte("again"))
	if n, err := client.Read(room[:]); err != nil || string(room[:n]) != "again" {
		t.Errorf("after it was taken back: %q, %v", room[:n], err)
	}
	_ = s.SetReadDeadline(time.Unix(1, 0))
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}
