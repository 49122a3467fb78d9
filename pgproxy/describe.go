package pgproxy

import (
	"custody"
	"custody/pgproxy/lineage"
)

// described handles RowDescription: the database's own word on which table each
// column comes from is held against what lineage expects. A difference means that
// the schema changed or that lineage erred: nothing is shown.
func (c *conn) described(m message) error {
	if len(c.queue) == 0 {
		return unexpected()
	}
	e := &c.queue[0]
	more := c.hiddenOf(e)
	switch e.kind {
	case 'Q':
		if e.told || c.stopped != nil {
			return nil
		}
		if err := c.openRows(e); err != nil {
			c.stop(err)
			return nil
		}
		if err := c.checkRow(c.rows.step, m, true); err != nil {
			c.stop(err)
			return nil
		}
		if c.rows.mute {
			return nil
		}
	case 'd', 'D':
		c.checkDescribed(e, m)
		hidden, mute := e.hidden, c.muted(e)
		c.pop()
		if hidden {
			return nil
		}
		if mute {
			c.out = append(c.out, 'n', 0, 0, 0, 4)
			return nil
		}
	default:
		return unexpected()
	}
	c.out = append(c.out, withoutHidden(m, more)...)
	return nil
}

// checkDescribed checks the description of a statement or portal that is not yet
// running; one that does not fit makes its execution fail.
func (c *conn) checkDescribed(e *expect, m message) {
	if !c.sys.declares() {
		return
	}
	var st *step
	if e.ps != nil && len(e.ps.steps) == 1 {
		st = &e.ps.steps[0]
	}
	if e.portal != nil { // held against the statement whose rows really come, see openRows
		e.portal.description = append(e.portal.description[:0], m...)
		return
	}
	if st == nil || st.Verb == lineage.Execute || st.Verb == lineage.Fetch {
		return
	}
	if err := c.checkRow(st, m, false); err != nil {
		if e.ps != nil {
			e.ps.broken = err
		}
	}
}

// checkRow compares a RowDescription with the outputs that lineage expects. For a
// running result it also takes over formats and types.
func (c *conn) checkRow(st *step, m message, running bool) error {
	if st == nil {
		return nil
	}
	body := cursor{b: m.body()}
	n := body.int16()
	if running {
		c.rows.formats, c.rows.types = c.rows.formats[:0:0], nil
	}
	for i := range max(n, 0) {
		body.cstring()
		table, attr := uint32(body.int32()), int16(body.int16())
		typ := uint32(body.int32())
		body.take(6)
		f := body.int16()
		if body.bad {
			return unexpected()
		}
		if running {
			c.rows.formats = append(c.rows.formats, int16(f))
			c.rows.types = append(c.rows.types, typ)
		}
		if !fits(st, i, table, attr) {
			c.sys.stale()
			return custody.E(custody.CodeUnattributed, "the columns of the answer are not those that the gate expected",
				"the schema may have just changed: send the statement again in a few seconds")
		}
	}
	if len(st.Sources) > 0 && n != len(st.Outputs) {
		c.sys.stale()
		return custody.E(custody.CodeUnattributed, "the answer has another number of columns than the gate expected",
			"the schema may have just changed: send the statement again in a few seconds")
	}
	return nil
}

// fits says whether column i may come from the table and attribute that the
// database names.
func fits(st *step, i int, table uint32, attr int16) bool {
	if i < len(st.Outputs) {
		if o := &st.Outputs[i]; o.TableOID != 0 || len(st.Sources) > 0 {
			return o.TableOID == table && o.Attr == attr || o.TableOID == 0 && !st.cat.Categorised(table, attr)
		}
	}
	return !st.cat.Categorised(table, attr)
}
