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
	leave  func() bool // of the parent
	mu     sync.Mutex
	cause  error
	done   chan struct{}
	hooks  []func() // nil where one was taken back
	room   [4]func()
}

// Begin makes it a child of parent: it ends when parent does. Over must be called.
func (l *Life) Begin(parent context.Context) {
	l.parent = parent
	if p, ok := parent.(*Life); ok {
		l.leave = p.AfterFunc(func() { l.End(p.Cause()) })
	} else {
		l.leave = context.AfterFunc(parent, func() { l.End(context.Cause(parent)) })
	}
}

// Over ends it because what it was for is done.
func (l *Life) Over() {
	if l.leave != nil {
		l.leave()
	}
	l.End(context.Canceled)
}

// End ends it, once. What waits for it is told in goroutines of its own.
func (l *Life) End(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		return
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
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		go f()
		return func() bool { return false }
	}
	if l.hooks == nil {
		l.hooks = l.room[:0]
	}
	i := 0
	for i < len(l.hooks) && l.hooks[i] != nil {
		i++
	}
	if i == len(l.hooks) {
		l.hooks = append(l.hooks, f)
	}
	l.hooks[i] = f
	return func() bool { return l.remove(i) }
}

func (l *Life) remove(i int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i >= len(l.hooks) || l.hooks[i] == nil {
		return false
	}
	l.hooks[i] = nil
	return true
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
