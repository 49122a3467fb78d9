package pgproxy

import (
	"sync"
	"time"

	"custody"
	"custody/internal/loop"
)

// part is how much of an answer is collected before it is recorded and released,
// in bytes: large enough that a long answer costs few syncs, small enough that a
// client that stalls holds little memory.
const part = 256 << 10

// A client of a slow statement gets its rows as early as from the database itself,
// which sends them by 8 kB: so much leaves when there is nothing more to read and
// the last release is a while ago.
const (
	slowPart  = 8 << 10
	slowAfter = 20 * time.Millisecond
)

// slow says whether the last part left a while ago.
func (c *conn) slow() bool { return time.Since(c.released) > slowAfter }

// release is the only way out to the client (P1), but for statements that are known to
// show nobody (see quick). It records what was collected,
// waits until the record is durable (step 6), and only then writes (step 7). When
// it returns an error the collected bytes are dropped.
//
// In the middle of a long answer the wait and the writing are left to a goroutine,
// so that the next part is collected meanwhile; one part at most is under way.
func (c *conn) release() error {
	err := c.behind.wait()
	if err == nil && len(c.out) >= part && len(c.queue) > 0 && !c.copying {
		return c.releaseBehind()
	}
	c.behind.shrink()
	if err == nil {
		err = c.commit()
	}
	if err == nil && len(c.out) > 0 {
		_, err = c.client.Write(c.out)
	}
	if len(c.out) >= slowPart {
		c.released = time.Now()
	}
	c.out = c.out[:0]
	if cap(c.out) >= part {
		c.out = giveBack(c.out)
	}
	return err
}

// outSize is a part and the row that makes it one, in bytes: larger rows make their
// buffer grow, and that one is not used again.
const outSize = part + 64<<10

var outBuffers = sync.Pool{New: func() any { return new([outSize]byte) }}

// giveBack lets other connections use a large buffer.
func giveBack(b []byte) []byte {
	if cap(b) == outSize {
		outBuffers.Put((*[outSize]byte)(b[:outSize]))
	}
	return nil
}

// behind is the part that is under way to the client.
type behind struct {
	active bool
	done   chan error
	record func() error // in a loop, in place of done: waits for the record
	task   *loop.Task
	number uint64
	out    []byte // its bytes; between parts, room for those of another
}

// shrink lets go of the room, when nothing is under way.
func (b *behind) shrink() {
	if !b.active {
		b.out = giveBack(b.out)
	}
}

// wait waits until the part before has left, or could not.
func (b *behind) wait() error {
	if !b.active {
		return nil
	}
	b.active = false
	if record := b.record; record != nil {
		t := b.task
		b.record, b.task = nil, nil
		return t.Hold(b.number, record)
	}
	return <-b.done
}

// releaseBehind starts to record and release what was collected. Nobody else writes
// to the client before wait.
func (c *conn) releaseBehind() error {
	c.cool(coolAnswer)
	p, err := c.answer.Take()
	if err != nil {
		c.out = c.out[:0]
		return err
	}
	b := &c.behind
	if b.done == nil {
		b.done = make(chan error, 1)
	}
	if cap(b.out) != outSize {
		b.out = outBuffers.Get().(*[outSize]byte)[:]
	}
	b.active, b.out, c.out = true, c.out, b.out[:0]
	c.released = time.Now()
	go func() {
		err := p.Commit()
		if err == nil {
			_, err = c.client.Write(b.out)
		}
		b.done <- err
	}()
	return nil
}

// transmit sends upstream what was collected for it.
func (c *conn) transmit() error {
	if len(c.send) == 0 {
		return nil
	}
	_, err := c.up.conn.Write(c.send)
	c.send = c.send[:0]
	if cap(c.send) > part {
		c.send = nil
	}
	if err != nil {
		return upstreamGone(err)
	}
	return nil
}

// refused is the statement that goes upstream in place of a refused one. It cannot
// be parsed, so the database does nothing but what it does after any error: end
// the transaction block, skip to Sync. The client sees our reason instead.
const refused = "refused by custody"

// appendFailing appends a simple query or a Parse message that fails.
func appendFailing(dst []byte, extended bool) []byte {
	if !extended {
		return appendQuery(dst, refused)
	}
	dst, at := begin(dst, 'P')
	dst = appendCString(append(dst, 0), refused)
	return finish(append(dst, 0, 0), at)
}

// stop ends the streaming result before its present row: the statement is
// cancelled, the rest of its rows is dropped, and err is told at its end. Rows
// before it stay collected and will be recorded and released.
func (c *conn) stop(err error) {
	if c.stopped != nil {
		return
	}
	c.stopped = err
	c.cool(coolSlow)
	if code := custody.CodeOf(err); code != custody.CodeLimit { // a limit was recorded where it was met
		c.gate.Refuse(code, c.rows.shape)
	}
	c.up.cancel()
}
