// Package loop serves busy connections, all in one thread: it waits for their sockets,
// resumes the connection whose socket is ready, and goes on with the next when that one
// has to wait again. Each connection is still one piece of code in lock-step, but to
// resume it is a switch of stacks where the runtime's scheduler would wake a thread
// (docs/decisions/0005 and 0007).
package loop

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"custody/internal/rawsocket"
)

// Loop is one thread's. What the tasks of one round want to record is written by one
// write at the end of the round, and released in the next.
//
// A task that would hold up the others leaves: one whose client does not read, whose
// answer is long, that is silent, or that must ask elsewhere.
type Loop struct {
	poller poller
	tasks  []*Task // by slot; nil where free
	free   []int
	alive  int // tasks that are not nil

	// What the connections want to record is numbered as it joins the ledger's next frame.
	joined, durable uint64
	record          func() error  // waits for what joined last; nil if nothing did since the last write
	held            []*Task       // that wait for their record
	sync            time.Duration // how long such a wait takes, on average
	flight          uint64        // the last number of a write under way in the clerk; 0 if there is none
	landed          atomic.Int64  // how long that write took; 0 until it has ended
	late            []*Socket     // that have something to write at the end of the round
	batch           rawsocket.Batch
	writes          []rawsocket.Write // of a batch
	clerk           chan func() error
	now             time.Time     // when the round began
	gap             time.Duration // between rounds, on average
	turned          time.Time

	mu     sync.Mutex // guards what follows
	coming []*Task
	kicked []*Task
	closed bool
}

// slowSync is the time of a sync above which a loop leaves the waiting for the disk to
// its clerk and goes on meanwhile. On a faster disk that costs more than it gives: a
// thread to wake, and smaller batches.
const slowSync = time.Millisecond

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
	// OnLeave is called when the task has left, in its own goroutine.
	OnLeave func()
	resume  func() (struct{}, bool)
	yield   func(struct{}) bool
}

// New makes a loop and runs it, or gives nil where there are none.
func New() *Loop {
	l := &Loop{clerk: make(chan func() error, 1)}
	if !l.poller.open() {
		return nil
	}
	go l.run()
	go l.write()
	return l
}

// Close lets the loop end, when all tasks have left it.
func (l *Loop) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.poller.wake()
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

// In says whether the task is in its loop.
func (t *Task) In() bool { return t != nil && !t.left }

// Join says that a record has joined the next frame, and gives its number.
func (t *Task) Join(record func() error) uint64 {
	t.loop.joined++
	t.loop.record = record
	return t.loop.joined
}

// Hold waits until a record is durable, with those of all others of this round.
func (t *Task) Hold(number uint64, record func() error) error {
	for t.slot >= 0 && t.loop.durable < number {
		t.needs = number
		t.loop.held = append(t.loop.held, t)
		t.yield(struct{}{})
	}
	return record()
}

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

// run is the loop's own goroutine.
func (l *Loop) run() {
	for {
		_, woken := l.round(false)
		// A write of several costs what a write of one does, and one that several wait for
		// need not be woken for each: see who else is there.
		for n, looks := 1, 0; n > 0 && !woken && l.gathers() && looks < moreLooks; looks++ {
			n, woken = l.round(true)
		}
		if woken && l.news() {
			close(l.clerk)
			l.poller.close()
			l.batch.Close()
			return
		}
		l.flush()
		l.settle()
		if l.now.Sub(l.turned) > turn {
			l.turned = l.now
			runtime.Gosched()
		}
	}
}

// round resumes those whose sockets are ready; it waits for some, or only looks. It says
// how many there were, and whether the loop was woken from outside.
func (l *Loop) round(look bool) (n int, woken bool) {
	if look {
		n = l.poller.wait(true)
	} else {
		n = l.await()
	}
	for i := range n {
		slot, which, gone := l.poller.at(i)
		if slot == wakeSlot {
			woken = true
			continue
		}
		l.ready(slot, which, gone)
	}
	return n, woken
}

// flush writes what was left for the end of the round.
func (l *Loop) flush() {
	l.flushTogether()
	for i := 0; i < len(l.late); i++ {
		if s := l.late[i]; s != nil && (!s.flush() || s.ready) && s.hot.wants == s {
			l.step(s.hot)
		}
		l.late[i] = nil
	}
	l.late = l.late[:0]
}

// flushTogether is the part of flush that is one system call.
func (l *Loop) flushTogether() {
	if len(l.late) < 2 {
		return
	}
	w := l.writes[:0]
	for _, s := range l.late {
		if s != nil && len(s.later) > 0 {
			w = append(w, rawsocket.Write{FD: s.fd, Bytes: s.later})
		}
	}
	l.batch.Send(w)
	n := 0
	for _, s := range l.late {
		if s != nil && len(s.later) > 0 {
			s.wrote(w[n].Sent, w[n].Again, w[n].Err)
			n++
		}
	}
	clear(w)
	l.writes = w[:0]
}

// await waits for something to do. Where the next thing nearly always comes at once it
// looks for it for a while first: to sleep and to be woken costs both sides more than
// that, and an idle processor needs time to wake up.
func (l *Loop) await() (n int) {
	start := time.Now()
	if l.now = start; l.gap < dense && manyProcessors {
		for n = l.poller.wait(true); n == 0 && l.now.Sub(start) < patience; l.now = time.Now() {
			n = l.poller.wait(true)
		}
	}
	if n == 0 {
		n = l.poller.wait(false)
		l.now = time.Now()
	}
	l.gap += (min(l.now.Sub(start), 10*dense) - l.gap) / 8
	return n
}

// The average gap between rounds up to which a loop looks before it sleeps, and for how long.
const (
	dense    = 60 * time.Microsecond
	patience = 30 * time.Microsecond
)

// manyProcessors: who is waited for can run meanwhile.
var manyProcessors = runtime.NumCPU() > 1

// wakeSlot marks the event of a call from outside.
const wakeSlot = -1

// gathers says whether the round has something that is done once for several.
func (l *Loop) gathers() bool {
	return l.alive > 1 && (l.record != nil && l.flight == 0 || len(l.late) > 0)
}

// moreLooks bounds how often a round looks for more before it waits for the disk.
const moreLooks = 4

// ready resumes the connection that waits for a socket.
func (l *Loop) ready(slot, which int, gone bool) {
	t := l.tasks[slot]
	if t == nil {
		return
	}
	s := t.sockets[which]
	s.ready, s.gone = true, s.gone || gone
	if t.wants == s {
		l.step(t)
	}
}

// turn is how often a loop lets the scheduler have a turn. A goroutine that keeps its
// processor for longer than 10 ms is disturbed in each of its system calls.
const turn = 4 * time.Millisecond

// news takes in what came from outside, and says whether the loop has ended.
func (l *Loop) news() (ended bool) {
	l.mu.Lock()
	coming, kicked := l.coming, l.kicked
	l.coming, l.kicked = nil, nil
	ended = l.closed
	l.mu.Unlock()
	for _, t := range coming {
		l.enter(t)
	}
	for _, t := range kicked {
		if t.slot >= 0 && t.wants != nil {
			l.step(t)
		}
	}
	return ended && l.alive == 0 && l.flight == 0
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
		for i := range l.late { // its next read or write does it
			if l.late[i] == s {
				l.late[i] = nil
			}
		}
	}
	l.alive--
	l.tasks[t.slot] = nil
	l.free = append(l.free, t.slot)
	t.slot = -1
}

// settle has written what was joined, once for all, and resumes those whose record is
// durable.
func (l *Loop) settle() {
	for {
		if l.flight != 0 {
			took := l.landed.Swap(0)
			if took == 0 {
				return
			}
			l.land(l.flight, time.Duration(took))
		}
		if l.record == nil {
			return
		}
		record, upto := l.record, l.joined
		l.record = nil
		if l.sync > slowSync {
			l.flight = upto
			l.clerk <- record
			return
		}
		start := time.Now()
		_ = record() // each asks for its own
		l.land(upto, time.Since(start))
	}
}

// write is the clerk: it waits for the disk while the loop goes on.
func (l *Loop) write() {
	for record := range l.clerk {
		start := time.Now()
		_ = record()
		l.landed.Store(int64(max(1, time.Since(start))))
		l.poller.wake()
	}
}

// land resumes those whose record is durable.
func (l *Loop) land(upto uint64, took time.Duration) {
	l.flight, l.durable = 0, upto
	l.sync += (min(took, 2*slowSync) - l.sync) / 16 // one that was very slow says little
	held := l.held
	l.held = nil
	for _, t := range held {
		if t.needs > upto {
			l.held = append(l.held, t)
			continue
		}
		l.step(t)
	}
	l.flush()
}
