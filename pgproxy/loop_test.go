//go:build linux

package pgproxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// pair gives two ends of a TCP connection, the first as a socket.
func pair(t *testing.T) (*socket, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	other, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close(); c.Close() })
	return newSocket(c), other
}

// running gives a loop that must have ended when the test has.
func running(t *testing.T) *loop {
	t.Helper()
	l := newLoop()
	if l == nil {
		t.Fatal("no loop")
	}
	t.Cleanup(l.close)
	return l
}

// TestLoopRelays passes messages between many pairs of sockets, as a gate does.
func TestLoopRelays(t *testing.T) {
	l := running(t)
	var wg sync.WaitGroup
	for range 20 {
		near, client := pair(t)
		far, server := pair(t)
		wg.Add(1)
		err := l.adopt(near, far, func(task *task) {
			defer wg.Done()
			defer func() { near.Close(); far.Close() }()
			var b [64]byte
			for {
				n, err := near.Read(b[:])
				if err == io.EOF {
					return
				}
				if _, err := far.Write(b[:n]); err != nil {
					t.Error(err)
				}
				n, err = far.Read(b[:])
				if err != nil {
					t.Error(err)
				}
				near.Write(b[:n])
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		go io.Copy(server, server)
		go func() {
			defer client.Close()
			var b [64]byte
			for i := range 300 {
				text := fmt.Sprint("message ", i)
				if _, err := client.Write([]byte(text)); err != nil {
					t.Error(err)
				}
				if n, err := client.Read(b[:]); err != nil || string(b[:n]) != text {
					t.Errorf("%q, %v instead of %q", b[:n], err, text)
					return
				}
			}
		}()
	}
	wg.Wait()
}

// TestLoopLeaving: what a connection waits for outside the loop holds up nobody, and
// its sockets are ordinary ones there.
func TestLoopLeaving(t *testing.T) {
	l := running(t)
	near, client := pair(t)
	far, _ := pair(t)
	done := make(chan error, 1)
	if err := l.adopt(near, far, func(task *task) {
		big := make([]byte, 32<<20) // more than the socket takes: the client does not read yet
		_, err := near.Write(big)
		if near.hot != nil {
			err = errors.New("still in the loop")
		}
		_ = near.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _, e := near.Read(make([]byte, 1)); !errors.Is(e, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("read without a deadline: %v", e)
		}
		done <- err
	}); err != nil {
		t.Fatal(err)
	}
	near2, client2 := pair(t)
	far2, _ := pair(t)
	if err := l.adopt(near2, far2, func(task *task) {
		var b [1]byte
		near2.Read(b[:])
		near2.Write(b[:])
		near2.Close()
		far2.Close()
	}); err != nil {
		t.Fatal(err)
	}
	client2.Write([]byte("x"))
	if _, err := client2.Read(make([]byte, 1)); err != nil {
		t.Errorf("the other connection: %v", err)
	}
	if _, err := io.CopyN(io.Discard, client, 32<<20); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLoopDeadline: a deadline that has passed wakes a connection that waits, now or
// later; taken back, it does not.
func TestLoopDeadline(t *testing.T) {
	l := running(t)
	near, client := pair(t)
	far, _ := pair(t)
	var rounds atomic.Int32
	ended := make(chan error, 1)
	if err := l.adopt(near, far, func(task *task) {
		defer func() { near.Close(); far.Close() }()
		var b [8]byte
		for {
			n, err := near.Read(b[:])
			if errors.Is(err, os.ErrDeadlineExceeded) && rounds.Add(1) == 1 {
				_ = near.SetReadDeadline(time.Time{})
				near.Write([]byte("woken"))
				continue
			}
			if err != nil {
				ended <- err
				return
			}
			near.Write(b[:n])
		}
	}); err != nil {
		t.Fatal(err)
	}
	var b [8]byte
	_ = near.SetReadDeadline(time.Unix(1, 0))
	if n, err := client.Read(b[:]); err != nil || string(b[:n]) != "woken" {
		t.Errorf("%q, %v", b[:n], err)
	}
	client.Write([]byte("again"))
	if n, err := client.Read(b[:]); err != nil || string(b[:n]) != "again" {
		t.Errorf("after it was taken back: %q, %v", b[:n], err)
	}
	_ = near.SetReadDeadline(time.Unix(1, 0))
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

// TestLoopHolds: a connection that waits for a record goes on when it is durable and
// not before, with those who joined in the same round, whether the loop or its clerk
// writes it.
func TestLoopHolds(t *testing.T) {
	for _, slow := range []bool{false, true} {
		l := running(t)
		if slow {
			l.sync = 1000 * slowSync
		}
		var durable atomic.Bool
		var writes atomic.Int32
		may := make(chan struct{})
		record := func() error {
			if !durable.Load() {
				<-may
				writes.Add(1)
				durable.Store(true)
			}
			return nil
		}
		var wg sync.WaitGroup
		for range 4 {
			near, client := pair(t)
			far, _ := pair(t)
			wg.Add(1)
			if err := l.adopt(near, far, func(task *task) {
				defer wg.Done()
				near.Read(make([]byte, 1))
				if err := task.hold(task.join(record), record); err != nil || !durable.Load() {
					t.Errorf("went on before its record was durable: %v", err)
				}
				near.Close()
				far.Close()
			}); err != nil {
				t.Fatal(err)
			}
			client.Write([]byte("x"))
		}
		close(may)
		wg.Wait()
		if writes.Load() != 1 {
			t.Errorf("slow %v: %d writes", slow, writes.Load())
		}
	}
}
