package pgproxy

import (
	"encoding/binary"
	"strconv"

	"custody"
	"custody/pgproxy/lineage"
)

// Hidden columns: where a person left the customer's key out, the gate asks the
// database for it all the same, in columns after the last one, and takes them off
// before the answer leaves. Everything here that knows of them works for SELECT,
// RETURNING, cursors and COPY alike.

// splice gives the text that goes to the database in place of the client's, empty if
// the client's own goes, and how it was made.
func splice(plan *lineage.Plan, sql string) (string, []lineage.Edit, error) {
	var edits []lineage.Edit
	for i := range plan.Statements {
		edits = append(edits, plan.Statements[i].Edits...)
	}
	if len(edits) == 0 {
		return "", nil, nil
	}
	sent, ok := lineage.Splice(sql, edits)
	if !ok {
		return "", nil, custody.E(custody.CodeInternal, "the customer's key could not be added to the statement", "add it to the select list")
	}
	return sent, edits, nil
}

// hiddenOf says how many columns at the end of the reply's rows are hidden.
func (c *conn) hiddenOf(e *expect) int {
	st := c.stepOf(e)
	if st == nil && e.portal != nil {
		st = e.portal.step
	}
	if st == nil && e.ps != nil && len(e.ps.steps) == 1 {
		st = &e.ps.steps[0]
	}
	return c.hiddenIn(st)
}

// hiddenIn is hiddenOf for a step, EXECUTE and FETCH followed to what they run.
func (c *conn) hiddenIn(st *step) int {
	if st == nil {
		return 0
	}
	switch st.Verb {
	case lineage.Execute:
		if ps := c.statements[st.Name]; ps != nil && len(ps.steps) == 1 {
			return len(ps.steps[0].Hidden)
		}
		return 0
	case lineage.Fetch:
		if p := c.portals[st.Name]; p != nil && p.step != nil {
			return len(p.step.Hidden)
		}
		return 0
	}
	return len(st.Hidden)
}

// withoutHidden takes the last n fields off a RowDescription, in place.
func withoutHidden(m message, n int) message {
	if n == 0 {
		return m
	}
	body := cursor{b: m.body()}
	left := body.uint16() - n
	for range left {
		body.cstring()
		body.take(18)
	}
	if left < 0 || body.bad {
		return m // checkRow has seen it, and nothing will run
	}
	return m.cut(left, len(m)-len(body.b))
}

// cut shortens a message that starts with a count of 16 bits to size bytes, in place.
func (m message) cut(count, size int) message {
	m = m[:size]
	binary.BigEndian.PutUint32(m[1:], uint32(size-1))
	binary.BigEndian.PutUint16(m[5:], uint16(count))
	return m
}

// strip takes the hidden columns off the DataRow that split has just walked, in
// place.
func (r *rowPlan) strip(m message) message {
	if r.hidden == 0 {
		return m
	}
	return m.cut(r.width-r.hidden, r.tail)
}

// stripCopyOut takes the hidden columns off the CopyOutResponse, in place.
func (r *rowPlan) stripCopyOut(m message) message {
	b := m.body()
	if r.hidden == 0 || len(b) < 3 {
		return m
	}
	left := int(binary.BigEndian.Uint16(b[1:])) - r.hidden
	if left < 0 || len(b) < 3+2*left {
		return m
	}
	m = m[:5+3+2*left]
	binary.BigEndian.PutUint32(m[1:], uint32(len(m)-1))
	binary.BigEndian.PutUint16(m[6:], uint16(left))
	return m
}

// stripLine takes the hidden columns off the CopyData whose line split has just cut
// into fields, in place.
func (c *conn) stripLine(m message) message {
	r, d := &c.rows, c.copyOut
	if r.hidden == 0 {
		return m
	}
	left := r.width - r.hidden
	end := 0
	if left > 0 {
		end = d.spans[left-1][1]
	}
	line := m.body()
	if d.csv && left == 1 && len(r.masks) == 0 && string(line[:end]) == `\.` {
		// PostgreSQL quotes it where it stands alone, for it would end the data.
		out, at := begin(nil, 'd')
		return finish(append(append(append(append(out, d.quote), `\.`...), d.quote), '\n'), at)
	}
	line[end] = '\n'
	m = m[:5+end+1]
	binary.BigEndian.PutUint32(m[1:], uint32(len(m)-1))
	return m
}

// bindHidden asks for the hidden columns too, where the client says the format of
// its own one by one. m is the Bind message. Hidden columns are of type text, whose
// two formats are the same: so one format for all is left as it is.
func bindHidden(m message, b *bound, hidden int) []byte {
	if hidden == 0 || len(b.results) < 2 {
		return m
	}
	out := append([]byte(nil), m[:len(m)-2*len(b.results)-2]...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(b.results)+hidden))
	for _, f := range b.results {
		out = binary.BigEndian.AppendUint16(out, uint16(f))
	}
	for range hidden {
		out = binary.BigEndian.AppendUint16(out, 0)
	}
	return finish(out, 1)
}

// editsOf gives the edits of the text that a reply is about, and the client's text.
func (e *expect) editsOf() (string, []lineage.Edit) {
	switch {
	case len(e.steps) > 0:
		return e.sql, e.steps[0].edits
	case e.ps != nil && len(e.ps.steps) > 0:
		return e.ps.text, e.ps.steps[0].edits
	case e.portal != nil && e.portal.step != nil:
		return e.portal.sql, e.portal.step.edits
	}
	return "", nil
}

// placed gives an ErrorResponse or NoticeResponse with its position turned into one
// of the client's own text.
func (e *expect) placed(m message) message {
	sql, edits := e.editsOf()
	if len(edits)+e.lead+e.offset == 0 {
		return m
	}
	at, err := strconv.Atoi(string(parseFields(m.body())['P']))
	if err != nil {
		return m
	}
	out, start := begin(nil, m.kind())
	body := cursor{b: m.body()}
	for {
		k := body.byte()
		if k == 0 || body.bad {
			return finish(append(out, 0), start)
		}
		v := body.cstring()
		if k == 'P' {
			v = strconv.AppendInt(nil, int64(lineage.ClientPosition(sql, edits, at-e.lead)+e.offset), 10)
		}
		out = append(append(append(out, k), v...), 0)
	}
}
