package ledger

import (
	"encoding/binary"
	"math"
	"time"

	"custody"
)

// MaxSubjects is the most subjects one event may hold; a larger answer is several
// events.
const MaxSubjects = 1 << 20

// maxHead bounds an encoded event without its subjects: kind, route, presence,
// time, twelve varints, the statement and a naming.
const maxHead = 1 + 1 + 2 + 8 + 12*binary.MaxVarintLen64 + 8 + 2*binary.MaxVarintLen32 + 32

// Presence bits of an event, in the order in which the fields are written. A field
// that is zero is left out; a field that is there is never zero.
const (
	hasCode = 1 << iota
	hasBehind
	hasPerson
	hasApplication
	hasOrganisation
	hasSystem
	hasSession
	hasGrant
	hasReason
	hasClear
	hasMasked
	hasStatement
	hasSubjects
	hasNaming
	hasUnknown
)

// allCategories has the bit of every category set.
var allCategories = custody.Categories(custody.AllCategories()...)

// appendUint appends v as a varint if it is not zero and gives its presence bit.
func appendUint(b []byte, v uint64, bit uint16) ([]byte, uint16) {
	if v == 0 {
		return b, 0
	}
	return binary.AppendUvarint(b, v), bit
}

// appendHead encodes an event without its subjects. Behind is by how many
// microseconds the clock was behind the time of the event before.
func appendHead(b []byte, e *custody.Event, behind uint64) []byte {
	b = append(b, byte(e.Kind), byte(e.Route), 0, 0)
	at := len(b) - 2
	b = binary.BigEndian.AppendUint64(b, uint64(e.Time.UnixMicro()))
	var bit, has uint16
	for i, v := range [...]uint64{
		uint64(e.Code), behind, uint64(e.Person), uint64(e.Application),
		uint64(e.Organisation), uint64(e.System), uint64(e.Session), uint64(e.Grant),
		uint64(e.Reason), uint64(e.Clear), uint64(e.Masked),
	} {
		b, bit = appendUint(b, v, 1<<i)
		has |= bit
	}
	if e.Statement != 0 {
		b = binary.BigEndian.AppendUint64(b, e.Statement)
		has |= hasStatement
	}
	b, bit = appendUint(b, uint64(len(e.Subjects)), hasSubjects)
	has |= bit
	if n := e.Naming; n != nil {
		b = binary.AppendUvarint(b, uint64(n.First))
		b = binary.AppendUvarint(b, uint64(n.Count))
		b = append(b, n.Root[:]...)
		has |= hasNaming
	}
	binary.BigEndian.PutUint16(b[at:], has)
	return b
}

// appendSubjects encodes a subject list: each as its distance from the one before.
// No distance is zero, so a subject list holds no zero byte: a run of zeros inside
// a frame is a hole that a crash left.
func appendSubjects(b []byte, list []custody.SubjectID) []byte {
	var last custody.SubjectID
	for _, s := range list {
		b = binary.AppendUvarint(b, uint64(s-last))
		last = s
	}
	return b
}

// cursor reads an event; the first fault sticks.
type cursor struct {
	b    []byte
	at   int
	what string // the fault, empty while there is none
}

func (c *cursor) fail(what string) uint64 {
	if c.what == "" {
		c.what = what
	}
	return 0
}

func (c *cursor) bytes(n int) []byte {
	if c.what != "" || len(c.b)-c.at < n {
		c.fail("event is cut short")
		return nil
	}
	c.at += n
	return c.b[c.at-n : c.at]
}

// uint reads a varint between 1 and max in its shortest form.
func (c *cursor) uint(max uint64) uint64 {
	if c.what != "" {
		return 0
	}
	v, n := binary.Uvarint(c.b[c.at:])
	switch {
	case n <= 0:
		return c.fail("number is cut short or too long")
	case n > 1 && c.b[c.at+n-1] == 0:
		return c.fail("number is not in its shortest form")
	case v == 0:
		return c.fail("number is zero")
	case v > max:
		return c.fail("number is too large")
	}
	c.at += n
	return v
}

func (c *cursor) opt(has, bit uint16, max uint64) uint64 {
	if has&bit == 0 {
		return 0
	}
	// Most numbers are one byte; the bounds of all fields are above it.
	if c.at < len(c.b) && c.b[c.at]-1 < 0x7f && c.what == "" {
		c.at++
		return uint64(c.b[c.at-1])
	}
	return c.uint(max)
}

// decoded is an event as a frame holds it.
type decoded struct {
	custody.Event
	behind uint64 // microseconds; see appendHead
	head   int    // length of the encoding without the subjects
	size   int    // length of the whole encoding
	naming custody.Naming
}

// decode reads the event at the start of b, reusing d's subject list. It accepts
// exactly what appendHead and appendSubjects write and gives the fault, or nothing.
func (d *decoded) decode(b []byte) string {
	count, what := d.decodeHead(b)
	if what != "" {
		return what
	}
	return d.decodeSubjects(b, count)
}

// decodeHead reads everything but the subjects and gives their number.
func (d *decoded) decodeHead(b []byte) (int, string) {
	c := cursor{b: b}
	fixed := c.bytes(12)
	if fixed == nil {
		return 0, c.what
	}
	kind, route := custody.EventKind(fixed[0]), custody.Route(fixed[1])
	has := binary.BigEndian.Uint16(fixed[2:])
	micros := binary.BigEndian.Uint64(fixed[4:])
	switch {
	case kind == 0 || kind > custody.EventRight:
		return 0, "event has an unknown kind"
	case route > custody.RouteConsole:
		return 0, "event has an unknown route"
	case has >= hasUnknown:
		return 0, "event has unknown fields"
	case micros > maxMicros:
		return 0, "event time is out of range"
	case (kind == custody.EventNaming) != (has&hasNaming != 0):
		return 0, "event and naming do not fit"
	}
	d.Kind, d.Route, d.Time = kind, route, time.UnixMicro(int64(micros)).UTC()
	d.Code = custody.Code(c.opt(has, hasCode, maxCode))
	d.behind = c.opt(has, hasBehind, maxMicros)
	d.Person = custody.PersonID(c.opt(has, hasPerson, math.MaxUint32))
	d.Application = custody.ApplicationID(c.opt(has, hasApplication, math.MaxUint32))
	d.Organisation = custody.OrganisationID(c.opt(has, hasOrganisation, math.MaxUint32))
	d.System = custody.SystemID(c.opt(has, hasSystem, math.MaxUint32))
	d.Session = custody.SessionID(c.opt(has, hasSession, math.MaxUint64))
	d.Grant = custody.GrantID(c.opt(has, hasGrant, math.MaxUint32))
	d.Reason = custody.ReasonID(c.opt(has, hasReason, math.MaxUint32))
	d.Clear = custody.CategorySet(c.opt(has, hasClear, uint64(allCategories)))
	d.Masked = custody.CategorySet(c.opt(has, hasMasked, uint64(allCategories)))
	d.Statement = c.statement(has)
	count := int(c.opt(has, hasSubjects, MaxSubjects))
	d.decodeNaming(&c, has)
	d.head = c.at
	return count, c.what
}

func (c *cursor) statement(has uint16) uint64 {
	if has&hasStatement == 0 {
		return 0
	}
	b := c.bytes(8)
	if b == nil {
		return 0
	}
	v := binary.BigEndian.Uint64(b)
	if v == 0 {
		return c.fail("statement is zero")
	}
	return v
}

func (d *decoded) decodeNaming(c *cursor, has uint16) {
	d.Naming = nil
	if has&hasNaming == 0 {
		return
	}
	d.naming.First = custody.SubjectID(c.uint(math.MaxUint32))
	d.naming.Count = uint32(c.uint(math.MaxUint32))
	copy(d.naming.Root[:], c.bytes(32))
	if uint64(d.naming.First)+uint64(d.naming.Count)-1 > math.MaxUint32 {
		c.fail("naming runs past the last number")
	}
	d.Naming = &d.naming
}

// decodeSubjects reads the subject list that follows the head.
func (d *decoded) decodeSubjects(b []byte, count int) string {
	d.Subjects = d.Subjects[:0]
	at, last := d.head, uint64(0)
	for range count {
		// One byte is the usual distance in a large answer.
		if at < len(b) && b[at]-1 < 0x7f {
			last += uint64(b[at])
			at++
		} else {
			c := cursor{b: b, at: at}
			last += c.uint(math.MaxUint32)
			if c.what != "" {
				return c.what
			}
			at = c.at
		}
		d.Subjects = append(d.Subjects, custody.SubjectID(last))
	}
	if last > math.MaxUint32 {
		return "subject is too large"
	}
	d.size = at
	return ""
}

// maxMicros is the last microsecond of the year 9999.
const maxMicros = 253402300799999999

// maxCode bounds an error code in one byte.
const maxCode = math.MaxUint8
