package ledger

import "custody"

// Join lets a group of events into the next frame, as Append does, and leaves the
// waiting to the caller: wait returns nil when the group is durable, and only then
// may anything be released. The first to wait writes for all who joined until then,
// so one who serves many sessions lets them all join and waits once.
//
// Events and their subjects must not change until wait has returned. Until somebody
// waits or appends, nothing is written.
func (l *Ledger) Join(events ...*custody.Event) (wait func() error, err error) {
	size, err := measure(events)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.admit(size); err != nil {
		return nil, err
	}
	b := l.open
	if err := l.join(b, events); err != nil {
		return nil, err
	}
	o := b.expected()
	return func() error { return l.await(o) }, nil
}

// await waits for a batch, and writes it if nobody else does.
func (l *Ledger) await(o *outcome) error {
	select {
	case <-o.done:
		return o.err
	default:
	}
	l.mu.Lock()
	if l.open.outcome == o && !l.open.led {
		l.open.led = true
		l.mu.Unlock()
		return l.lead()
	}
	l.mu.Unlock()
	<-o.done
	return o.err
}
