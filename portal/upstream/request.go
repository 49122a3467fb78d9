package upstream

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"custody"
)

// Request is what is sent to the application. The caller has made sure that the
// header's names and values are valid and that none is about framing or the hop:
// Host, Content-Length, Transfer-Encoding, Connection and their like are written here.
type Request struct {
	Method string
	Target string // origin-form: path and query, escaped
	Host   string
	Header http.Header
	known  []byte // what Fix made of the above
	Cookie string // the whole header's value; empty for none
	Body   io.Reader
	Length int64 // of Body; -1 when it is not known
	Lane   *Lane // of the client's connection; nil: none
	// Stop makes a Read of Body that waits return. It is called when the application
	// answers before it has read everything.
	Stop func()
}

// safe says whether sending the request twice is like sending it once.
func (r *Request) safe() bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// Fix writes down the request as it is, for a request that is sent more than once. Header
// is empty then, and takes what comes beside.
func (r *Request) Fix() {
	r.known = r.appendFields(r.appendFirst(nil))
	r.Header = http.Header{}
}

func (r *Request) appendFirst(b []byte) []byte {
	if r.known != nil {
		return append(b, r.known...)
	}
	b = append(append(append(b, r.Method...), ' '), r.Target...)
	return append(append(append(b, " HTTP/1.1\r\nHost: "...), r.Host...), "\r\n"...)
}

func (r *Request) appendFields(b []byte) []byte {
	for name, values := range r.Header {
		for _, v := range values {
			b = append(append(append(append(b, name...), ": "...), v...), "\r\n"...)
		}
	}
	return b
}

// append writes the head.
func (r *Request) append(b []byte) []byte {
	b = r.appendFields(r.appendFirst(b))
	if r.Cookie != "" {
		b = append(append(append(b, "Cookie: "...), r.Cookie...), "\r\n"...)
	}
	switch {
	case r.Body != nil && r.Length >= 0:
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), r.Length, 10), "\r\n"...)
	case r.Body != nil:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		b = append(b, "Content-Length: 0\r\n"...)
	}
	return append(b, "\r\n"...)
}

// send writes a request without a body.
func (c *conn) send(r *Request, patience time.Duration) error {
	c.out = r.append(c.out[:0])
	c.writeUntil(patience)
	if c.lane != nil && c.Conn == net.Conn(c.raw) {
		_, err := c.raw.WriteLater(c.out)
		return err
	}
	_, err := c.Write(c.out)
	return err
}

// sending is a body on its way.
type sending struct {
	done chan error
	stop func()
}

// end waits until nothing of the body is read any more, and gives the error of the
// body itself: the client's, not the application's.
func (s *sending) end() error {
	if s.stop != nil {
		s.stop()
	}
	return <-s.done
}

// bodySize is how much of a body is sent at a time, in bytes.
const bodySize = 32 << 10

// sendBody writes a request in a goroutine of its own, so that the application may
// answer before it has read everything.
func (c *conn) sendBody(r *Request, patience time.Duration) (*sending, error) {
	c.out = r.append(c.out[:0])
	s := &sending{done: make(chan error, 1), stop: r.Stop}
	_ = c.SetReadDeadline(time.Time{})
	c.readBy, c.writeBy = time.Time{}, time.Time{}
	go func() {
		err := c.copy(r, patience)
		_ = c.SetReadDeadline(time.Now().Add(patience))
		s.done <- err
	}()
	return s, nil
}

// copy sends head and body. A body that is shorter than announced, or breaks off,
// closes the connection, so that the application does not take it for whole. What it
// returns is the body's own error.
func (c *conn) copy(r *Request, patience time.Duration) error {
	chunked := r.Length < 0
	out, room := c.out, make([]byte, bodySize)
	left := r.Length
	for {
		n, err := r.Body.Read(room)
		if !chunked && int64(n) > left {
			n = int(left)
		}
		left -= int64(n)
		if n > 0 {
			out = appendPart(out, room[:n], chunked)
		}
		if err != nil && err != io.EOF {
			c.raw.Close()
			return bodyBroke(err)
		}
		end := err == io.EOF || !chunked && left == 0
		if end && chunked {
			out = append(out, "0\r\n\r\n"...)
		}
		if len(out) > 0 {
			_ = c.SetWriteDeadline(time.Now().Add(patience))
			if _, err := c.Write(out); err != nil {
				return nil // the answer's reader will tell, or has an early answer
			}
			out = out[:0]
		}
		if end {
			if !chunked && left > 0 {
				c.raw.Close()
				return bodyBroke(io.ErrUnexpectedEOF)
			}
			return nil
		}
	}
}

func appendPart(out, part []byte, chunked bool) []byte {
	if !chunked {
		return append(out, part...)
	}
	out = strconv.AppendInt(out, int64(len(part)), 16)
	return append(append(append(out, "\r\n"...), part...), "\r\n"...)
}

func bodyBroke(err error) error {
	if custody.CodeOf(err) != custody.CodeInternal { // the gate's own, which looks through the body
		return err
	}
	return &custody.Error{Code: custody.CodeInvalid, Message: "the request broke off", Hint: "send it again", Err: err}
}
