//go:build linux

package loop

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// TestLater: what is left for the end of the round arrives, whole and in order: while
// the task waits, when more is written before, when the other side does not take it at
// once, and when the task is called out of the loop meanwhile.
func TestLater(t *testing.T) {
	l := open(t)
	long := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	for what, act := range map[string]struct {
		body func(*Task, *Socket) // after the first byte was read
		want []byte
	}{
		"waiting": {func(_ *Task, s *Socket) { _, _ = s.WriteLater([]byte("a")) }, []byte("a")},
		"more": {func(_ *Task, s *Socket) {
			_, _ = s.WriteLater([]byte("a"))
			_, _ = s.WriteLater([]byte("b"))
			_, _ = s.Write([]byte("c"))
			_, _ = s.WriteLater([]byte("d"))
		}, []byte("abcd")},
		"long":   {func(_ *Task, s *Socket) { _, _ = s.WriteLater(long) }, long},
		"called": {func(task *Task, s *Socket) { _, _ = s.WriteLater([]byte("a")); task.Call() }, []byte("a")},
		"left":   {func(task *Task, s *Socket) { _, _ = s.WriteLater([]byte("a")); task.Leave() }, []byte("a")},
		"flush":  {func(_ *Task, s *Socket) { _, _ = s.WriteLater([]byte("a")); _ = s.Flush() }, []byte("a")},
	} {
		client, s := pair(t)
		ended := make(chan error, 1)
		if err := l.Adopt(func(task *Task) {
			room := make([]byte, 1)
			_, _ = s.Read(room)
			act.body(task, s)
			_, err := s.Read(room)
			ended <- err
			s.Close()
		}, s); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(act.want))
		if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, act.want) {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
		if _, err := client.Write([]byte("y")); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("%s: the next read: %v", what, err)
		}
	}
}

// TestLaterAnswered: a socket that became readable before its write was flushed is read
// all the same.
func TestLaterAnswered(t *testing.T) {
	l := open(t)
	client, s := pair(t)
	got := make(chan byte, 1)
	if err := l.Adopt(func(*Task) {
		room := make([]byte, 1)
		_, _ = s.Read(room)
		_, _ = s.Write(room)
		_, _ = s.Read(room)
		_, _ = s.WriteLater([]byte("a"))
		_, _ = s.Read(room) // the second byte is there already
		got <- room[0]
		s.Close()
	}, s); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"w", "xy"} { // the second when nothing is to be told of the first any more
		if _, err := client.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(client, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case b := <-got:
		if b != 'y' {
			t.Errorf("%q", b)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody read what was there")
	}
}

// TestLaterTogether: what several sockets have at the end of one round arrives at each,
// also when one of them does not take it at once and another one has failed.
func TestLaterTogether(t *testing.T) {
	l := open(t)
	a, one := pair(t)
	b, two := pair(t)
	c, three := pair(t)
	long := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	told := make(chan [2]error, 1)
	if err := l.Adopt(func(*Task) {
		room := make([]byte, 1)
		_, _ = one.Read(room)
		_, _ = one.WriteLater([]byte("a"))
		_, _ = two.WriteLater(long)
		_, _ = three.WriteLater([]byte("c"))
		_, first := one.Read(room)
		_, third := three.Read(room)
		_ = two.Flush()
		told <- [2]error{first, third}
	}, one, two, three); err != nil {
		t.Fatal(err)
	}
	_ = c.SetLinger(0)
	c.Close() // what is written to it fails
	if _, err := a.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1)
	if _, err := io.ReadFull(a, got); err != nil || got[0] != 'a' {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := a.Write([]byte("y")); err != nil {
		t.Fatal(err)
	}
	all := make([]byte, len(long))
	if _, err := io.ReadFull(b, all); err != nil || !bytes.Equal(all, long) {
		t.Errorf("the long one: %v", err)
	}
	if errs := <-told; errs[0] != nil || errs[1] == nil {
		t.Errorf("reading after it: %v; after one that failed: %v", errs[0], errs[1])
	}
}
