//go:build linux

package loop

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// TestHold: tasks that record in one round wait for one write, and each gets its own
// outcome.
func TestHold(t *testing.T) {
	l := open(t)
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

// TestHoldDurable: a task that waits for a record goes on when it is durable and not
// before, with those who joined in the same round, whether the loop or its clerk writes it.
func TestHoldDurable(t *testing.T) {
	for _, slow := range []bool{false, true} {
		l := open(t)
		if slow {
			l.records.sync = 1000 * slowSync
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
		var all sync.WaitGroup
		for range 4 {
			client, s := pair(t)
			all.Add(1)
			if err := l.Adopt(func(task *Task) {
				defer all.Done()
				_, _ = s.Read(make([]byte, 1))
				if err := task.Hold(task.Join(record), record); err != nil || !durable.Load() {
					t.Errorf("went on before its record was durable: %v", err)
				}
				s.Close()
			}, s); err != nil {
				t.Fatal(err)
			}
			_, _ = client.Write([]byte("x"))
		}
		close(may)
		all.Wait()
		if writes.Load() != 1 {
			t.Errorf("slow %v: %d writes", slow, writes.Load())
		}
	}
}
