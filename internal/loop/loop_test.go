//go:build linux

package loop

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"custody/internal/sockettest"
)

// pair gives the two ends of a connection.
func pair(t *testing.T) (client *net.TCPConn, server *Socket) {
	t.Helper()
	client, far := sockettest.Pair(t)
	return client, NewSocket(far)
}

// open gives a loop that must have ended when the test has.
func open(t *testing.T) *Loop {
	t.Helper()
	l := New(Looking)
	if l == nil {
		t.Fatal("no loop")
	}
	t.Cleanup(l.Close)
	return l
}

// relay passes on what arrives at one socket to the other one and the answer back, in a
// loop. What begins with < is not answered.
func relay(a, b *Socket) error {
	room := make([]byte, 4<<10)
	for {
		n, err := a.Read(room)
		if err != nil {
			return err
		}
		if _, err := b.Write(room[:n]); err != nil {
			return err
		}
		if room[0] == '<' {
			continue
		}
		if n, err = b.Read(room); err != nil {
			return err
		}
		if _, err := a.Write(room[:n]); err != nil {
			return err
		}
	}
}

// TestRelay: messages pass between many pairs of sockets, as through a gate; when one
// client does not read, its task leaves and the others go on.
func TestRelay(t *testing.T) {
	l := open(t)
	stalled, s1 := pair(t)
	_, s2 := pair(t) // nobody reads its other end
	gone := make(chan struct{})
	if err := l.Adopt(func(task *Task) {
		task.OnLeave = func() { close(gone) }
		_ = relay(s1, s2)
	}, s1, s2); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			if _, err := stalled.Write(bytes.Repeat([]byte("<"), 4000)); err != nil {
				return
			}
		}
	}()
	var all sync.WaitGroup
	for range 20 {
		client, near := pair(t)
		app, far := pair(t)
		all.Add(1)
		if err := l.Adopt(func(*Task) {
			defer all.Done()
			if err := relay(near, far); err != io.EOF {
				t.Errorf("the client closed: %v", err)
			}
			near.Close()
			far.Close()
		}, near, far); err != nil {
			t.Fatal(err)
		}
		go io.Copy(app, app)
		go converse(t, client)
	}
	all.Wait()
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		t.Error("a client that does not read is waited for in the loop")
	}
}

// converse sends messages, expects each back, and closes.
func converse(t *testing.T, client net.Conn) {
	defer client.Close()
	room := make([]byte, 64)
	for i := range 300 {
		text := fmt.Sprint("message ", i)
		if _, err := client.Write([]byte(text)); err != nil {
			t.Error(err)
			return
		}
		if n, err := client.Read(room); err != nil || string(room[:n]) != text {
			t.Errorf("%q, %v instead of %q", room[:n], err, text)
			return
		}
	}
}

// TestHangUp: a client that ends what it sends is answered still, whatever came with the
// end; connections that open and close at once leave nothing behind.
func TestHangUp(t *testing.T) {
	l := open(t)
	for range 200 {
		client, s := pair(t)
		if err := l.Adopt(func(*Task) {
			all, err := io.ReadAll(s)
			if err != nil {
				t.Error(err)
			}
			_, _ = s.Write(all)
			s.Close()
		}, s); err != nil {
			t.Fatal(err)
		}
		text := bytes.Repeat([]byte("last words "), 100)
		if _, err := client.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%d bytes of %d, %v", len(got), len(text), err)
		}
	}
}
