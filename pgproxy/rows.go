package pgproxy

import (
	"encoding/binary"

	"custody"
)

// row handles a DataRow: attribute it (step 5), count it (step 6), collect it.
func (c *conn) row(m message) error {
	if len(c.queue) == 0 {
		return unexpected()
	}
	e := &c.queue[0]
	if e.kind != 'Q' && e.kind != 'E' {
		return unexpected()
	}
	if c.stopped != nil || e.told {
		return nil
	}
	if !c.rows.open {
		if err := c.openRows(e); err != nil {
			c.stop(err)
			return nil
		}
	}
	if len(c.rows.sources)+len(c.rows.writes) == 0 {
		c.out = append(c.out, m...)
		return nil
	}
	if err := c.rows.split(m); err != nil {
		return err
	}
	if err := c.attribute(); err != nil {
		c.stop(err)
		return nil
	}
	if err := c.changedRow(); err != nil {
		c.stop(err)
		return nil
	}
	if c.rows.mute { // the client asked for no rows
		return nil
	}
	m = c.rows.strip(m)
	if len(c.rows.masks) == 0 {
		c.out = append(c.out, m...)
		return nil
	}
	c.out = c.appendMasked(c.out, m)
	return nil
}

// split points values at the columns that matter, in place.
func (r *rowPlan) split(m message) error {
	b := m.body()
	if len(b) < 2 {
		return unexpected()
	}
	n := int(binary.BigEndian.Uint16(b))
	if n != r.width {
		return unexpected()
	}
	r.values = r.values[:0]
	at := 2
	for i := range r.need {
		if i == r.width-r.hidden {
			r.tail = 5 + at
		}
		if at+4 > len(b) {
			return unexpected()
		}
		size := int(int32(binary.BigEndian.Uint32(b[at:])))
		at += 4
		if size < 0 {
			r.values = append(r.values, nil)
			continue
		}
		if size > len(b)-at {
			return unexpected()
		}
		r.values = append(r.values, b[at:at+size:at+size])
		at += size
	}
	return nil
}

// appendMasked writes the row with its masked columns replaced.
func (c *conn) appendMasked(dst []byte, m message) []byte {
	r := &c.rows
	dst, at := begin(dst, 'D')
	b := m.body()
	dst = append(dst, b[:2]...)
	from, pos := 2, 2 // copied up to, walking at
	next := 0
	for col := 0; next < len(r.masks); col++ {
		size := int(int32(binary.BigEndian.Uint32(b[pos:])))
		end := pos + 4 + max(size, 0)
		if col == r.masks[next].column {
			dst = append(dst, b[from:pos]...)
			dst = c.appendMaskedValue(dst, col, r.masks[next].category, r.values[col])
			from = end
			next++
		}
		pos = end
	}
	return finish(append(dst, b[from:]...), at)
}

// appendMaskedValue writes length and masked value; NULL stays NULL, and what has
// no masked form becomes NULL.
func (c *conn) appendMaskedValue(dst []byte, col int, category custody.Category, v []byte) []byte {
	at := len(dst)
	dst = append(dst, 0xff, 0xff, 0xff, 0xff)
	if v == nil {
		return dst
	}
	var typ uint32
	if col < len(c.rows.types) {
		typ = c.rows.types[col]
	} else {
		typ = c.rows.step.Outputs[col].TypeOID
	}
	start := len(dst)
	dst, ok := c.s.maskValue(dst, category, typ, format(c.rows.formats, col), v)
	if !ok {
		return dst[:start]
	}
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-start))
	return dst
}
