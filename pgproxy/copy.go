package pgproxy

import (
	"bytes"
	"encoding/binary"
	"time"

	"custody"
	"custody/pgproxy/lineage"
)

// copyReply handles the database's side of COPY.
func (c *conn) copyReply(m message) error {
	if len(c.queue) == 0 {
		return unexpected()
	}
	e := &c.queue[0]
	if e.kind != 'Q' && e.kind != 'E' {
		return unexpected()
	}
	switch m.kind() {
	case 'G':
		return c.beginCopyIn(e, m)
	case 'H':
		return c.beginCopyOut(e, m)
	case 'd':
		return c.copyRow(e, m)
	}
	if c.stopped == nil && !e.told {
		c.out = append(c.out, m...)
	}
	return nil
}

// beginCopyIn hands over to the client, which sends CopyData until CopyDone. A
// Sync that went out with the Execute is void: PostgreSQL ignores it here.
func (c *conn) beginCopyIn(e *expect, m message) error {
	st := c.stepOf(e)
	if c.sys.declares() && (st == nil || st.Verb != lineage.CopyFrom) {
		return unexpected()
	}
	c.source = nil
	if st != nil {
		if err := c.beginSource(st); err != nil {
			return c.abortCopy(err)
		}
	}
	for i := 1; i < len(c.queue); i++ {
		if c.queue[i].kind == 'S' {
			c.queue = append(c.queue[:i], c.queue[i+1:]...)
			break
		}
	}
	c.copying = true
	c.cool(coolAnswer)
	c.out = append(c.out, m...)
	return nil
}

// listenEvery is after how many bytes of CopyData the database is listened to: it
// may have failed, or be blocked by notices that nobody reads.
const listenEvery = 64 << 10

// copyIn forwards what the client copies in.
func (c *conn) copyIn(m message) error {
	if !c.copying { // after an error the rest is void
		return nil
	}
	if c.source != nil {
		var err error
		switch m.kind() {
		case 'd':
			err = c.source.feed(m.body(), c.copied)
		case 'c':
			err = c.source.end(c.copied)
		}
		if err != nil {
			return c.abortCopy(err)
		}
	}
	c.send = append(c.send, m...)
	if m.kind() == 'd' {
		if len(c.send) < listenEvery {
			return nil
		}
		if err := c.transmit(); err != nil {
			return err
		}
		return c.overhearCopy()
	}
	c.copying = false
	if len(c.queue) > 0 && c.queue[0].kind == 'Q' {
		return c.drain()
	}
	return c.transmit() // the client's Sync or Flush asks for the answer
}

// overhearCopy handles what the database has said meanwhile, without waiting.
func (c *conn) overhearCopy() error {
	for {
		if !c.server.ready() {
			_ = c.up.conn.SetReadDeadline(time.Now().Add(time.Microsecond))
			err := c.server.fill(5)
			_ = c.up.conn.SetReadDeadline(time.Time{})
			if c.gate.WasCut() != custody.CodeNone || isTimeout(err) {
				return nil // a cut shows at the next read
			}
			if err != nil {
				return c.lost(err)
			}
			continue
		}
		m, err := c.server.next()
		if err != nil {
			return c.lost(err)
		}
		if err := c.reply(m); err != nil {
			return err
		}
		if !c.copying {
			return c.drain()
		}
	}
}

// beginCopyOut prepares to look at the rows of COPY TO.
func (c *conn) beginCopyOut(e *expect, m message) error {
	if c.stopped != nil || e.told {
		return nil
	}
	if err := c.openRows(e); err != nil {
		c.stop(err)
		return nil
	}
	c.copyOut = nil
	if r := &c.rows; len(r.sources) > 0 {
		options := e.copyOptions(c)
		if options == nil {
			c.stop(custody.E(custody.CodeUnattributed, "the gate does not know the form of this COPY", "send the COPY statement by itself"))
			return nil
		}
		c.copyOut = newCopyDecoder(options)
		r.formats = []int16{0}
		if c.copyOut.binary {
			r.formats = []int16{1}
		}
		r.types = nil
	}
	c.out = append(c.out, c.rows.stripCopyOut(m)...)
	return nil
}

func (e *expect) copyOptions(c *conn) *lineage.Copy {
	if st := c.stepOf(e); st != nil {
		return st.Copy
	}
	return nil
}

// copyRow handles one CopyData of COPY TO: one row, as PostgreSQL sends them. One
// that is not exactly one row ends the answer.
func (c *conn) copyRow(e *expect, m message) error {
	if c.stopped != nil || e.told {
		return nil
	}
	d := c.copyOut
	if d == nil {
		c.out = append(c.out, m...)
		return nil
	}
	if d.binary {
		return c.copyBinary(m)
	}
	if d.header {
		d.header = false
		if c.rows.hidden > 0 && !d.split(m.body(), c.rows.width) {
			c.stop(notARow())
			return nil
		}
		c.out = append(c.out, c.stripLine(m)...)
		return nil
	}
	if !d.split(m.body(), c.rows.width) {
		c.stop(notARow())
		return nil
	}
	c.rows.values = d.values[:c.rows.need]
	if err := c.attribute(); err != nil {
		c.stop(err)
		return nil
	}
	m = c.stripLine(m)
	if len(c.rows.masks) == 0 {
		c.out = append(c.out, m...)
		return nil
	}
	c.out = c.appendMaskedLine(c.out, m.body())
	return nil
}

func notARow() error {
	return custody.E(custody.CodeUnattributed, "a part of the COPY is not one row of the expected form", "use the text, csv or binary format with its usual options")
}

var copySignature = []byte("PGCOPY\n\xff\r\n\x00")

// copyBinary handles CopyData of the binary format: perhaps the header, then rows
// of the same form as a DataRow's body, then perhaps the trailer.
func (c *conn) copyBinary(m message) error {
	b := m.body()
	out, at := begin(c.out, 'd')
	if bytes.HasPrefix(b, copySignature) && !c.copyOut.begun {
		n := len(copySignature) + 8
		if len(b) < n {
			c.stop(notARow())
			return nil
		}
		n += int(binary.BigEndian.Uint32(b[n-4:]))
		if n > len(b) || n < 0 {
			c.stop(notARow())
			return nil
		}
		out, b = append(out, b[:n]...), b[n:]
	}
	c.copyOut.begun = true
	for len(b) > 0 {
		if len(b) == 2 && b[0] == 0xff && b[1] == 0xff {
			out, b = append(out, b...), nil
			break
		}
		size := tupleSize(b)
		if size < 0 {
			c.stop(notARow())
			return nil
		}
		row := append([]byte{'D', 0, 0, 0, 0}, b[:size]...)
		if err := c.rows.split(message(row)); err != nil {
			c.stop(notARow())
			return nil
		}
		if err := c.attribute(); err != nil {
			c.stop(err)
			return nil
		}
		row = c.rows.strip(message(row))
		if len(c.rows.masks) > 0 {
			row = c.appendMasked(nil, message(row))
		}
		out, b = append(out, row[5:]...), b[size:]
	}
	c.out = finish(out, at)
	return nil
}

// tupleSize gives the length of the row at the start of b, -1 if it is cut short.
func tupleSize(b []byte) int {
	c := cursor{b: b}
	for range max(c.int16(), 0) {
		if n := c.int32(); n >= 0 {
			c.take(n)
		}
	}
	if c.bad {
		return -1
	}
	return len(b) - len(c.b)
}

// appendMaskedLine writes a text or csv row with its masked columns replaced.
func (c *conn) appendMaskedLine(dst, line []byte) []byte {
	r, d := &c.rows, c.copyOut
	dst, at := begin(dst, 'd')
	from := 0
	for _, k := range r.masks {
		span := d.spans[k.column]
		dst = append(dst, line[from:span[0]]...)
		from = span[1]
		v := r.values[k.column]
		masked, ok := c.s.maskValue(nil, k.category, r.step.Outputs[k.column].TypeOID, 0, v)
		if v == nil || !ok {
			dst = append(dst, d.null...)
			continue
		}
		dst = d.quoteValue(dst, masked)
	}
	return finish(append(dst, line[from:]...), at)
}
