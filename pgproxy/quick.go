package pgproxy

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"

	"custody"
	"custody/internal/loop"
	"custody/pgproxy/lineage"
)

// quick passes on statements that show nobody, without resuming their connection: the
// loop reads the client's message, writes it to the database, reads the whole answer
// and writes it to the client. Whatever is not of the plainest kind is handed to the
// connection with every byte where the connection itself would have read it, so that
// nothing is decided here: a text goes this way only when the connection has decided
// it before, under the same catalogue, and found nothing in it that discloses, changes
// or sets anything; its rows only when the database describes them as it did before.
//
// The loop owns it, while the connection waits for its client's next message.
type quick struct {
	c      *conn
	seed   maphash.Seed
	texts  map[string]*harmless // simple statements, by their text
	seen   [seenTexts]uint32    // texts that came once, by hash: most never come again
	runs   *harmless            // whose answer is awaited; nil while the client's turn
	burst  []byte               // what the client sent for it: the reader's buffer
	parsed bool                 // it came as Bind, Describe, Execute and Sync
}

// Bounds of what one connection remembers.
const (
	maxTexts  = 32
	maxText   = 512 // bytes
	seenTexts = 64
)

// harmless is a statement that shows nobody.
type harmless struct {
	sql   string
	steps []step
	cat   *catalogue
	// description is the RowDescription that was held against the catalogue.
	description []byte
}

// errTaken ends the wait for the client's next message: the loop has sent one already
// and the connection goes on with its answer.
var errTaken = custody.E(custody.CodeInternal, "an answer is awaited", "")

// quickly gives what serves the plainest statements, nil where bytes pass through TLS.
func (c *conn) quickly() *quick {
	if p, ok := c.client.(peeked); !ok || p.Conn != c.raw || p.r.Buffered() > 0 || c.up.conn != c.up.socket {
		return nil
	}
	if c.quick == nil {
		c.quick = &quick{c: c, seed: maphash.MakeSeed(), texts: map[string]*harmless{}}
	}
	return c.quick
}

// shows says whether the step discloses, changes or sets anything that concerns the gate.
func (st *step) shows() bool {
	return st.Verb != lineage.Select || st.Touches || st.Unknown || st.Opaque || st.Refusal != nil || st.Inner != nil ||
		len(st.Sources)+len(st.Writes)+len(st.Hidden)+len(st.edits) > 0 || st.apply != nil || st.rewritten+st.sent != ""
}

// learn remembers a text that the connection has just decided, when it comes again.
func (q *quick) learn(sql string, steps []step) {
	if q == nil || len(sql) > maxText || len(steps) != 1 || steps[0].shows() {
		return
	}
	h := uint32(maphash.String(q.seed, sql)) | 1
	if at := &q.seen[h/2%seenTexts]; *at != h {
		*at = h
		return
	}
	if len(q.texts) >= maxTexts {
		clear(q.texts)
	}
	q.texts[sql] = &harmless{sql: sql, steps: steps, cat: steps[0].cat}
}

// Ready implements loop.Deputy.
func (q *quick) Ready(s *loop.Socket) (resume bool) {
	switch {
	case s == q.c.raw && q.runs == nil:
		return q.ask()
	case s != q.c.raw && q.runs != nil:
		return q.answer()
	}
	return false // a word of the database that nobody asked for, or a client in a hurry
}

// rests says whether nothing is under way, so that the client's next message begins
// something new.
func (c *conn) rests() bool {
	return c.in.w == 0 && c.server.r == c.server.w && len(c.queue)+len(c.out)+len(c.send) == 0 && c.tx == 'I' &&
		!c.skipping && !c.copying && !c.poison && !c.late && !c.schema && c.script == nil && !c.behind.active &&
		!c.changes.open && !c.changes.unasked && c.answer.Pending() == 0
}

// ask takes the client's message and sends it on, if it is of a known kind.
func (q *quick) ask() (resume bool) {
	c := q.c
	if !c.rests() || c.raw.Expired() || !c.awakes() {
		return true
	}
	n, again, err := c.raw.TryRead(c.in.buf)
	if again {
		c.state.Store(waiting)
		return false
	}
	if err != nil {
		return true // the connection will see for itself
	}
	q.burst = c.in.buf[:n]
	if q.runs = q.recognise(); q.runs == nil {
		c.raw.Hand(n, nil)
		return true
	}
	c.busy++
	done, err := c.up.socket.TryWrite(q.burst)
	if done < n || err != nil {
		c.send = append(c.send[:0], q.burst[done:]...)
		return q.take()
	}
	if c.up.socket.Ready() {
		return q.answer()
	}
	return false
}

// awakes marks the connection as busy, unless it was nudged.
func (c *conn) awakes() bool {
	return c.state.CompareAndSwap(waiting, busy) || c.state.CompareAndSwap(silent, busy)
}

// recognise gives the statement that the client's bytes are, if it is harmless and
// they are whole and nothing else.
func (q *quick) recognise() (h *harmless) {
	b := q.burst
	n := messageSize(b)
	switch {
	case n == 0:
		return nil
	case b[0] == 'Q' && n == len(b) && n > 6 && b[n-1] == 0:
		q.parsed = false
		h = q.texts[string(b[5:n-1])]
	case b[0] == 'B':
		q.parsed = true
		h = q.bound(b[5:n], b[n:])
	}
	if h == nil || h.cat != q.c.sys.catalogue.Load() {
		return nil
	}
	return h
}

// messageSize gives the length of the message that b begins with, 0 if it is not whole.
func messageSize(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	n := int(int32(binary.BigEndian.Uint32(b[1:])))
	if n < 4 || n > len(b)-1 {
		return 0
	}
	return 1 + n
}

// describeExecuteSync is what a client sends behind the Bind of the unnamed portal, to
// have all its rows and to hear what they are. Without the latter nobody would see
// that the schema has changed since the statement was prepared.
var describeExecuteSync = []byte("D\x00\x00\x00\x06P\x00E\x00\x00\x00\x09\x00\x00\x00\x00\x00S\x00\x00\x00\x04")

// bound recognises the execution of a prepared statement.
func (q *quick) bound(bind, rest []byte) *harmless {
	if !bytes.Equal(rest, describeExecuteSync) || bind[0] != 0 {
		return nil
	}
	end := bytes.IndexByte(bind[1:], 0)
	if end < 0 {
		return nil
	}
	name := bind[1 : 1+end]
	ps := q.c.statements[string(name)]
	if ps == nil || ps.broken != nil || len(ps.steps) != 1 || ps.steps[0].shows() {
		return nil
	}
	if ps.harmless == nil || ps.harmless.cat != ps.steps[0].cat {
		ps.harmless = &harmless{sql: ps.text, steps: ps.steps, cat: ps.steps[0].cat}
	}
	return ps.harmless
}

// answer passes on the database's answer, if all of it is there.
func (q *quick) answer() (resume bool) {
	c, s := q.c, q.c.up.socket
	if c.raw.Expired() {
		return q.take()
	}
	n, again, err := s.TryRead(c.server.buf)
	if again {
		return false
	}
	if err != nil {
		return q.take()
	}
	b := c.server.buf[:n]
	if !q.plain(b) || c.answer.Commit() != nil { // nothing is pending: it asks whether anything may leave at all (P3)
		c.server.r, c.server.w, c.server.full = 0, n, n == len(c.server.buf)
		return q.take()
	}
	q.runs = nil
	done, err := c.raw.TryWrite(b)
	if done < n || err != nil {
		c.out = append(c.out[:0], b[done:]...)
		return q.take()
	}
	c.server.r, c.server.w = 0, 0
	c.state.Store(waiting)
	if c.raw.Ready() {
		return q.ask()
	}
	return false
}

// plain says whether an answer is whole, succeeded, and has rows only of the shape
// that was held against the catalogue.
func (q *quick) plain(b []byte) bool {
	described, completed := false, false
	if q.parsed { // BindComplete
		if len(b) < 5 || string(b[:5]) != "2\x00\x00\x00\x04" {
			return false
		}
		b = b[5:]
	}
	for {
		n := messageSize(b)
		if n == 0 {
			return false
		}
		switch {
		case b[0] == 'T' && !described && !completed:
			if !q.fits(b[:n]) {
				return false
			}
			described = true
		case b[0] == 'D' && described && !completed:
		case b[0] == 'C' && !completed:
			completed = true
		case b[0] == 'Z' && completed:
			return n == 6 && b[5] == 'I' && n == len(b)
		default:
			return false
		}
		b = b[n:]
	}
}

// fits says whether a RowDescription is as it was when it was held against the
// catalogue, and does so the first time.
func (q *quick) fits(m message) bool {
	h := q.runs
	if bytes.Equal(m, h.description) {
		return true
	}
	if !q.c.sys.declares() {
		return true
	}
	if q.c.checkRow(&h.steps[0], m, true) != nil {
		return false
	}
	h.description = bytes.Clone(m)
	return true
}

// Interrupt implements loop.Deputy: it gives an answer that is awaited to the connection.
func (q *quick) Interrupt() {
	if q.runs != nil {
		q.take()
	}
}

// take leaves the rest to the connection, as if it had sent the statement itself.
func (q *quick) take() (resume bool) {
	c, h := q.c, q.runs
	q.runs = nil
	c.raw.Hand(0, errTaken)
	if h == nil { // all but the writing is done
		return true
	}
	if !q.parsed {
		c.queue = append(c.queue, expect{kind: 'Q', sql: h.sql, steps: h.steps})
		return true
	}
	p := &portal{sql: h.sql, step: &h.steps[0]}
	body := cursor{b: q.burst[5:messageSize(q.burst)]}
	body.cstring()
	body.cstring()
	b := readBind(&body)
	p.formats = b.results
	c.queue = append(c.queue, expect{kind: 'B', portal: p}, expect{kind: 'D', portal: p},
		expect{kind: 'E', sql: p.sql, portal: p}, expect{kind: 'S'})
	return true
}
