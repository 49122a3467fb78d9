package pgproxy

import (
	"encoding/binary"
	"net"

	"custody"
	"custody/gate"
	"custody/internal/loop"
)

// Desk is a connection without sockets, for benchmarks of what happens between them.
type Desk struct{ c *conn }

// NewDesk makes a connection of a session whose client throws everything away.
func NewDesk(sys *System, g *gate.Gate, s *gate.Session, o Options) *Desk {
	o.Gate = g
	c := &conn{s: &Server{o: o}, sys: sys, gate: s, raw: &loop.Socket{}, client: nowhere{}}
	c.statements, c.portals = map[string]*prepared{}, map[string]*portal{}
	c.answer = s.Begin(custody.RouteQuery, 0)
	return &Desk{c}
}

type nowhere struct{ net.Conn }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

// Decide analyses and decides a statement's text.
func (d *Desk) Decide(sql string) error {
	_, err := d.c.analyse(sql)
	return err
}

// Prepare takes a statement under a name, as Parse does.
func (d *Desk) Prepare(name, sql string) error {
	steps, err := d.c.analyse(sql)
	d.c.statements[name] = &prepared{text: sql, steps: steps}
	return err
}

// Bind decides a prepared statement anew, with one parameter in text form.
func (d *Desk) Bind(name, value string) error {
	d.c.send, d.c.queue, d.c.unread = d.c.send[:0], d.c.queue[:0], 0
	m, at := begin(nil, 'B')
	m = appendCString(append(m, 0), name)
	m = binary.BigEndian.AppendUint16(m, 0)
	m = binary.BigEndian.AppendUint16(m, 1)
	m = binary.BigEndian.AppendUint32(m, uint32(len(value)))
	m = binary.BigEndian.AppendUint16(append(m, value...), 0)
	return d.c.bind(finish(m, at))
}

// Open makes the desk ready for the rows of a statement.
func (d *Desk) Open(sql string) error {
	steps, err := d.c.analyse(sql)
	if err != nil {
		return err
	}
	d.c.queue = append(d.c.queue[:0], expect{kind: 'Q', sql: sql, steps: steps})
	m, at := begin(nil, 'T')
	m = binary.BigEndian.AppendUint16(m, uint16(len(steps[0].Outputs)))
	for i := range steps[0].Outputs {
		o := &steps[0].Outputs[i]
		m = binary.BigEndian.AppendUint32(append(m, 0), o.TableOID)
		m = binary.BigEndian.AppendUint16(m, uint16(o.Attr))
		m = binary.BigEndian.AppendUint32(m, o.TypeOID)
		m = append(m, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	if err := d.c.described(finish(m, at)); err != nil {
		return err
	}
	return d.c.stopped
}

// Row takes a row, and releases what was collected when it is a part.
func (d *Desk) Row(m []byte) error {
	if err := d.c.row(m); err != nil {
		return err
	}
	if d.c.stopped != nil {
		return d.c.stopped
	}
	if len(d.c.out) >= part {
		return d.c.release()
	}
	return nil
}

// AppendRow makes a DataRow.
func AppendRow(dst []byte, values ...string) []byte {
	dst, at := begin(dst, 'D')
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(values)))
	for _, v := range values {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(v)))
		dst = append(dst, v...)
	}
	return finish(dst, at)
}
