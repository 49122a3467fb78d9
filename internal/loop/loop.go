// Package loop serves busy connections, all in one thread: it waits for their sockets,
// resumes the connection whose socket is ready, and goes on with the next when that one
// has to wait again. Each connection is still one piece of code in lock-step, but to
// resume it is a switch of stacks where the runtime's scheduler would wake a thread
// (docs/decisions/0005 and 0007).
package loop

import (
	"runtime"
	"sync"
	"time"
)

// Loop is one thread's. It runs tasks in rounds: one after the other those whose sockets
// are ready; then it writes what they left for the end of the round, and waits for the
// disk, once for all that want to record something.
//
// A task that would hold up the others leaves: one whose client does not read, whose
// answer is long, that is silent, or that must ask elsewhere.
type Loop struct {
	poller  poller
	tasks   []*Task // by slot; nil where free
	free    []int
	alive   int // tasks that are not nil
	writes  lateWrites
	records records
	waiting waiting
	now     time.Time // when the round began
	turned  time.Time

	mu     sync.Mutex // guards what follows
	coming []*Task
	kicked []*Task
	closed bool
}

// New makes a loop and runs it, or gives nil where there are none.
func New(w Wait) *Loop {
	l := &Loop{waiting: waiting{looks: w == Looking && runtime.NumCPU() > 1}}
	if !l.poller.open() {
		return nil
	}
	l.records.clerk = make(chan func() error, 1)
	go l.run()
	go l.write()
	return l
}

// Several makes as many loops as a server has: half as many as processors, which they
// share with what they wake. There are none where New gives none.
func Several(w Wait) (list []*Loop) {
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		if l := New(w); l != nil {
			list = append(list, l)
		}
	}
	return list
}

// Close lets the loop end, when all tasks have left it.
func (l *Loop) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.poller.wake()
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
			l.end()
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

func (l *Loop) end() {
	close(l.records.clerk)
	l.poller.close()
	l.writes.batch.Close()
}

// turn is how often a loop lets the scheduler have a turn. A goroutine that keeps its
// processor for longer than 10 ms is disturbed in each of its system calls.
const turn = 4 * time.Millisecond

// gathers says whether the round has something that is done once for several.
func (l *Loop) gathers() bool {
	return l.alive > 1 && (l.records.next != nil && l.records.flight == 0 || len(l.writes.late) > 0)
}

// moreLooks bounds how often a round looks for more before it waits for the disk.
const moreLooks = 4

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

// wakeSlot marks the event of a call from outside.
const wakeSlot = -1

// ready notes that a socket may have something to read, and resumes the task that waits
// for it.
func (l *Loop) ready(slot, which int, gone bool) {
	if t := l.tasks[slot]; t != nil {
		s := t.sockets[which]
		s.ready, s.gone = true, s.gone || gone
		l.tell(s)
	}
}

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
			l.rouse(t)
		}
	}
	return ended && l.alive == 0 && l.records.flight == 0
}
