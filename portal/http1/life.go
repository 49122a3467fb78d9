package http1

import (
	"context"
	"sync"
	"time"
)

// Life is a context without a deadline that is ended with a cause. It is made for one
// request in a way that costs little where nothing ever ends it, which is nearly always.
// The zero Life has no parent; Begin gives it one.
type Life struct {
	parent context.Context
	of     *Life // parent, if it is one; slot is the hook there
	slot   int
	fall   func()      // that hook: kept, because to make it costs
	leave  func() bool // of any other parent
	mu     sync.Mutex
	cause  error
	done   chan struct{}
	hooks  []func() // nil where one was taken back
	room   [4]func()
}

// Begin makes it a child of parent: it ends when parent does. Over must be called. A
// Life begins anew if Over said that it may.
func (l *Life) Begin(parent context.Context) {
	l.parent, l.of, l.leave = parent, nil, nil
	l.cause, l.done, l.hooks = nil, nil, nil
	if p, ok := parent.(*Life); ok {
		if l.fall == nil {
			l.fall = func() { l.End(l.of.Cause()) }
		}
		l.of = p
		l.slot = p.On(l.fall)
		return
	}
	l.leave = context.AfterFunc(parent, func() { l.End(context.Cause(parent)) })
}

// Over ends it because what it was for is done. It says whether nothing had ended it
// and nobody can end it any more, whose hook is on its way.
func (l *Life) Over() (calm bool) {
	switch {
	case l.of != nil:
		calm = l.of.Off(l.slot)
	case l.leave != nil:
		l.leave()
	}
	return l.End(context.Canceled) && calm
}

// End ends it, once, and says whether it was this time. What waits for it is told in
// goroutines of its own.
func (l *Life) End(cause error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		return false
	}
	if l.cause = cause; cause == nil {
		l.cause = context.Canceled
	}
	if l.done != nil {
		close(l.done)
	}
	for _, f := range l.hooks {
		if f != nil {
			go f()
		}
	}
	l.hooks = nil
	return true
}

// Cause is why it ended; nil while it goes on. context.Cause does not know it.
func (l *Life) Cause() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// AfterFunc runs f in a goroutine of its own when it ends, as context.AfterFunc does,
// which uses it. stop takes that back, and says whether it was in time.
func (l *Life) AfterFunc(f func()) (stop func() bool) {
	slot := l.On(f)
	return func() bool { return l.Off(slot) }
}

// On is AfterFunc with a number for Off, which costs less.
func (l *Life) On(f func()) (slot int) {
	l.mu.Lock()
	if l.cause != nil {
		l.mu.Unlock()
		go f()
		return -1
	}
	if l.hooks == nil {
		l.hooks = l.room[:0]
	}
	for slot < len(l.hooks) && l.hooks[slot] != nil {
		slot++
	}
	if slot == len(l.hooks) {
		l.hooks = append(l.hooks, f)
	} else {
		l.hooks[slot] = f
	}
	l.mu.Unlock()
	return slot
}

// Off takes back what On began, once, and says whether it was in time.
func (l *Life) Off(slot int) (inTime bool) {
	l.mu.Lock()
	if slot >= 0 && slot < len(l.hooks) && l.hooks[slot] != nil {
		l.hooks[slot], inTime = nil, true
	}
	l.mu.Unlock()
	return inTime
}

// Deadline implements context.Context.
func (l *Life) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (l *Life) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.cause != nil {
			close(l.done)
		}
	}
	return l.done
}

// Err implements context.Context.
func (l *Life) Err() error {
	if l.Cause() != nil {
		return context.Canceled
	}
	return nil
}

// Value implements context.Context.
func (l *Life) Value(key any) any {
	if l.parent == nil {
		return nil
	}
	return l.parent.Value(key)
}
