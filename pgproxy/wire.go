package pgproxy

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"

	"custody"
)

// Sizes of the reading buffer: a small one inside the connection while it is idle,
// pooled ones while it works. A message that is larger gets a buffer of its own.
const (
	idleBuffer  = 256
	smallBuffer = 8 << 10
	largeBuffer = 64 << 10
)

var (
	smallBuffers = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

// message is one whole protocol message in place: type, length, body. It is valid
// until the next call of next.
type message []byte

func (m message) kind() byte   { return m[0] }
func (m message) body() []byte { return m[5:] }

// reader gives messages without copying them out of its buffer.
type reader struct {
	conn net.Conn
	max  int // the largest message accepted, bytes
	buf  []byte
	r, w int
	full bool // the last read filled the buffer: a larger one pays
	idle [idleBuffer]byte
}

func newReader(conn net.Conn, max int) *reader {
	rd := &reader{conn: conn, max: max}
	rd.buf = rd.idle[:]
	return rd
}

// next gives the next message, waiting for it.
func (rd *reader) next() (message, error) {
	if err := rd.need(5); err != nil {
		return nil, err
	}
	n := int(int32(binary.BigEndian.Uint32(rd.buf[rd.r+1:])))
	if n < 4 {
		return nil, custody.E(custody.CodeInvalid, "a message has an impossible length", "is the client speaking PostgreSQL's protocol?")
	}
	if n > rd.max {
		return nil, custody.E(custody.CodeTooLarge,
			fmt.Sprintf("a message of %d bytes is over the limit of %d", n, rd.max),
			"send the data in smaller parts, or raise max_message in custody.yaml")
	}
	if err := rd.need(1 + n); err != nil {
		return nil, err
	}
	m := message(rd.buf[rd.r : rd.r+1+n])
	rd.r += 1 + n
	return m, nil
}

// ready says whether next would return a message without reading.
func (rd *reader) ready() bool {
	if rd.w-rd.r < 5 {
		return false
	}
	n := int(int32(binary.BigEndian.Uint32(rd.buf[rd.r+1:])))
	return n < 4 || n > rd.max || rd.w-rd.r >= 1+n
}

// upcoming gives the type of the message that next would return without reading, 0
// if there is none.
func (rd *reader) upcoming() byte {
	if !rd.ready() {
		return 0
	}
	return rd.buf[rd.r]
}

// need reads until n bytes lie in the buffer.
func (rd *reader) need(n int) error {
	for rd.w-rd.r < n {
		if err := rd.fill(n); err != nil {
			return err
		}
	}
	return nil
}

// fill makes room for a message of n bytes and reads once.
func (rd *reader) fill(n int) error {
	if rd.r == rd.w {
		rd.r, rd.w = 0, 0
	}
	if rd.full && len(rd.buf) < largeBuffer || len(rd.buf)-rd.r < n {
		rd.room(n)
	}
	k, err := rd.conn.Read(rd.buf[rd.w:])
	rd.w += k
	rd.full = rd.w == len(rd.buf)
	if k > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// room moves what is buffered to the front of a buffer that holds n bytes. A
// length field alone never makes it larger than twice what has arrived, so that
// a message that is announced but never sent costs nothing.
func (rd *reader) room(n int) {
	have := rd.w - rd.r
	want := min(n, max(largeBuffer, 2*have))
	var dst []byte
	switch {
	case want <= len(rd.buf) && !rd.full:
		dst = rd.buf
	case want <= smallBuffer && len(rd.buf) < smallBuffer:
		dst = smallBuffers.Get().(*[smallBuffer]byte)[:]
	case want <= largeBuffer && len(rd.buf) < largeBuffer:
		dst = largeBuffers.Get().(*[largeBuffer]byte)[:]
	case want <= len(rd.buf):
		dst = rd.buf
	default:
		dst = make([]byte, want)
	}
	copy(dst, rd.buf[rd.r:rd.w])
	if &dst[0] != &rd.buf[0] {
		rd.giveBack()
		rd.buf = dst
	}
	rd.r, rd.w, rd.full = 0, have, false
}

func (rd *reader) giveBack() {
	switch len(rd.buf) {
	case smallBuffer:
		smallBuffers.Put((*[smallBuffer]byte)(rd.buf))
	case largeBuffer:
		largeBuffers.Put((*[largeBuffer]byte)(rd.buf))
	}
}

// shrink gives large buffers back while nothing is buffered: an idle connection
// holds only the array inside it.
func (rd *reader) shrink() {
	if rd.r != rd.w || len(rd.buf) == idleBuffer {
		return
	}
	rd.giveBack()
	rd.buf, rd.r, rd.w, rd.full = rd.idle[:], 0, 0, false
}

// cursor walks the fields of a message body. A read past the end sets bad and
// gives zero values, so that a decoder checks once, at its end.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) int16() int {
	if len(c.b) < 2 {
		c.bad, c.b = true, nil
		return 0
	}
	v := int(int16(binary.BigEndian.Uint16(c.b)))
	c.b = c.b[2:]
	return v
}

// uint16 reads a count that PostgreSQL lets go up to 65,535.
func (c *cursor) uint16() int { return c.int16() & 0xffff }

func (c *cursor) int32() int {
	if len(c.b) < 4 {
		c.bad, c.b = true, nil
		return 0
	}
	v := int(int32(binary.BigEndian.Uint32(c.b)))
	c.b = c.b[4:]
	return v
}

func (c *cursor) byte() byte {
	if len(c.b) < 1 {
		c.bad = true
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad, c.b = true, nil
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

// cstring reads up to a zero byte.
func (c *cursor) cstring() []byte {
	for i, b := range c.b {
		if b == 0 {
			v := c.b[:i]
			c.b = c.b[i+1:]
			return v
		}
	}
	c.bad, c.b = true, nil
	return nil
}

// begin starts a message in dst; finish fills in its length.
func begin(dst []byte, kind byte) ([]byte, int) {
	dst = append(dst, kind, 0, 0, 0, 0)
	return dst, len(dst) - 4
}

func finish(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at))
	return dst
}

func appendCString(dst []byte, s string) []byte {
	return append(append(dst, s...), 0)
}

func appendQuery(dst []byte, sql string) []byte {
	dst, at := begin(dst, 'Q')
	return finish(appendCString(dst, sql), at)
}

func appendReady(dst []byte, status byte) []byte {
	dst, at := begin(dst, 'Z')
	return finish(append(dst, status), at)
}

// shrinkAll gives the buffer back whatever it holds, at the end of a connection.
func (rd *reader) shrinkAll() {
	rd.r, rd.w = 0, 0
	rd.shrink()
}
