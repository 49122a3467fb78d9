package loop

import (
	"iter"
	"sync/atomic"
)

// Task is a connection in a loop, or one that was: its code goes on outside after Leave.
type Task struct {
	loop    *Loop
	sockets []*Socket
	slot    int // -1 before it is in the loop and after it has left
	wants   *Socket
	needs   uint64 // the record that it waits for
	leaving bool
	left    bool
	called  atomic.Bool // from outside: to leave
	// Deputy does the plainest of its work while it waits; nil: nobody does. The task
	// itself sets it, before it first waits.
	Deputy Deputy
	// OnLeave is called when the task has left, in its own goroutine.
	OnLeave func()
	resume  func() (struct{}, bool)
	yield   func(struct{}) bool
}

// Adopt runs body in the loop, which waits for the sockets from now on. The caller must
// not touch them any more. An error says that it was not taken, and nothing has changed.
func (l *Loop) Adopt(body func(*Task), sockets ...*Socket) error {
	t := &Task{loop: l, sockets: sockets, slot: -1}
	for i, s := range t.sockets {
		if err := s.heat(t, t.kick); err != nil {
			for _, s := range t.sockets[:i] {
				s.cool()
			}
			return err
		}
	}
	t.resume, _ = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		body(t)
	})
	l.mu.Lock()
	l.coming = append(l.coming, t)
	l.mu.Unlock()
	l.poller.wake()
	return nil
}

// kick makes the loop resume a task that waits, whatever it waits for.
func (t *Task) kick() {
	t.loop.mu.Lock()
	t.loop.kicked = append(t.loop.kicked, t)
	t.loop.mu.Unlock()
	t.loop.poller.wake()
}

// await lets the others run until the socket may have something to read, or the task
// was kicked.
func (t *Task) await(s *Socket) {
	if !t.called.Load() {
		t.wants = s
		t.yield(struct{}{})
		t.wants = nil
	}
	if t.called.Load() || t.slot < 0 {
		t.Leave()
	}
}

// Call makes a task leave the loop from outside: it goes on elsewhere when it waits for
// a socket next, or at once if it does.
func (t *Task) Call() {
	t.called.Store(true)
	t.kick()
}

// In says whether the task is in its loop. A nil task is in none.
func (t *Task) In() bool { return t != nil && !t.left }

// Leave goes on outside the loop, in a goroutine of its own. Only the task itself calls
// it; outside it does nothing.
func (t *Task) Leave() {
	if !t.In() {
		return
	}
	t.leaving = true
	t.yield(struct{}{})
	t.left = true
	for _, s := range t.sockets {
		s.cool()
	}
	if t.OnLeave != nil {
		t.OnLeave()
	}
}

func (l *Loop) enter(t *Task) {
	l.alive++
	if n := len(l.free); n > 0 {
		t.slot, l.free = l.free[n-1], l.free[:n-1]
		l.tasks[t.slot] = t
	} else {
		t.slot = len(l.tasks)
		l.tasks = append(l.tasks, t)
	}
	for which, s := range t.sockets {
		if !l.poller.add(s.fd, t.slot, which) {
			l.drop(t)
			go t.rest() // it finds out that its sockets tell nothing, and leaves
			return
		}
	}
	l.step(t)
}

// step runs a task until it has to wait.
func (l *Loop) step(t *Task) {
	_, more := t.resume()
	switch {
	case !more:
		l.drop(t)
	case t.leaving:
		l.drop(t)
		go t.rest()
	}
}

// rest runs a task that has left to its end.
func (t *Task) rest() {
	for more := true; more; {
		_, more = t.resume()
	}
}

func (l *Loop) drop(t *Task) {
	if t.slot < 0 {
		return
	}
	for _, s := range t.sockets {
		if s.hot != nil {
			l.poller.remove(s.fd)
		}
		l.writes.forget(s)
	}
	l.alive--
	l.tasks[t.slot] = nil
	l.free = append(l.free, t.slot)
	t.slot = -1
}
