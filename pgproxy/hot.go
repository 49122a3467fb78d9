package pgproxy

import "custody/internal/loop"

// busyAfter is how many messages in a row, without silence between, make a
// connection go on in a loop.
const busyAfter = 16

// A connection that had to leave its loop stays out of it for so many messages more.
const (
	coolAnswer = 2 * busyAfter // a long answer
	coolSlow   = 1 << 10       // something that waits for others
)

// maxQuick is the largest message that is handled in a loop, bytes: a long statement
// takes long to analyse.
const maxQuick = 16 << 10

// heats lets the connection go on in a loop, if it is busy. The caller's goroutine
// has ended its work then.
func (c *conn) heats() bool {
	if c.busy < busyAfter || c.task != nil || c.up.socket == nil || c.copying || len(c.queue) > 0 || c.behind.active {
		return false
	}
	c.s.once.Do(func() { c.s.loops = loop.Several(loop.Sleeping) })
	if len(c.s.loops) == 0 {
		c.busy = -1 << 30
		return false
	}
	l := c.s.loops[int(c.s.turn.Add(1))%len(c.s.loops)]
	err := l.Adopt(func(t *loop.Task) {
		c.task = t
		if q := c.quickly(); q != nil {
			t.Deputy = q
		}
		c.run(nil)
	}, c.raw, c.up.socket)
	if err != nil {
		c.busy = -coolSlow
	}
	return err == nil
}

// cool leaves the loop before something that may take long, for so many messages.
func (c *conn) cool(messages int) {
	if c.task.In() {
		c.task.Leave()
		c.busy = -messages
	}
}

// commit records what was collected and waits until it is durable.
func (c *conn) commit() error {
	t := c.task
	if !t.In() || c.answer.Pending() == 0 {
		return c.answer.Commit()
	}
	p, err := c.answer.Take()
	if err != nil {
		return err
	}
	record, err := p.Join()
	if err != nil {
		return err
	}
	return t.Hold(t.Join(record), record)
}
