package http1

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// response is the http.ResponseWriter of one request. A short answer leaves in one
// piece, head and body.
type response struct {
	c      *conn
	r      *http.Request
	body   *requestBody // nil: none
	h      http.Header
	status int
	state  int
	left   int64  // of the length that the handler said; -1: it said none
	held   []byte // of a body whose length is not said, while it may still be short
	close  bool
	over   atomic.Bool // the handler has ended
	start  sync.Mutex  // of the answer, against the word to go on
	before sentAnswer
}

// The states of an answer.
const (
	fresh   = iota // nothing has left
	plain          // the head has left; the body has a length, or goes on till the connection ends
	inParts        // the head has left; the body goes in chunks
	failed         // a write failed
)

// maxHeld is how much is held back before a body whose length is not said goes in
// chunks; shortBody how much is copied behind the head rather than written beside it.
const (
	maxHeld   = 4 << 10
	shortBody = 32 << 10
)

// Header implements http.ResponseWriter.
func (w *response) Header() http.Header {
	if w.h == nil {
		if w.c.head == nil {
			w.c.head = make(http.Header, 16)
		}
		w.h = w.c.head
	}
	return w.h
}

// WriteHeader implements http.ResponseWriter. The head leaves with the first of the
// body, or with Flush.
func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 && status < 1000 {
		w.status = status
		w.left = -1
		if v := w.h["Content-Length"]; len(v) == 1 {
			if n, err := length(v[0]); err == nil {
				w.left = n
			}
		}
	}
}

// bodyless says that the answer has a head only, whatever it says of its length.
func (w *response) bodyless() bool {
	return w.r.Method == http.MethodHead || w.status == http.StatusNoContent || w.status == http.StatusNotModified
}

// Write implements http.ResponseWriter.
func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case w.state == failed:
		return 0, net.ErrClosed
	case w.bodyless():
		if w.r.Method == http.MethodHead {
			return len(p), nil
		}
		return 0, http.ErrBodyNotAllowed
	case len(p) == 0:
		return 0, nil
	case w.left >= 0 && int64(len(p)) > w.left:
		return 0, http.ErrContentLength
	case w.state == fresh && w.left < 0 && len(w.held)+len(p) <= maxHeld:
		w.held = append(w.held, p...)
		return len(p), nil
	}
	if err := w.put(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// put sends the head if it has not left, what was held, and a part of the body.
func (w *response) put(p []byte) error {
	c := w.c
	c.out = c.out[:0]
	c.told = sentAnswer{}
	whole := w.state == fresh && len(w.held) == 0
	date := 0
	if w.state == fresh {
		date = w.head()
	}
	if len(w.held) > 0 {
		c.out = w.frame(c.out, len(w.held))
		c.out = append(c.out, w.held...)
		c.out = w.frameEnd(c.out)
		w.held = nil
	}
	if len(p) == 0 {
		return w.send(nil)
	}
	if w.left >= 0 {
		w.left -= int64(len(p))
	}
	c.out = w.frame(c.out, len(p))
	if len(p) <= shortBody {
		c.out = append(c.out, p...)
		c.out = w.frameEnd(c.out)
		p = nil
	}
	if whole && len(p) == 0 && w.state == plain && w.left == 0 && c.own != nil {
		c.told = sentAnswer{len(c.out), date, w.status}
	}
	return w.send(p)
}

func (w *response) frame(b []byte, n int) []byte {
	if w.state != inParts {
		return b
	}
	return append(strconv.AppendInt(b, int64(n), 16), "\r\n"...)
}

func (w *response) frameEnd(b []byte) []byte {
	if w.state != inParts {
		return b
	}
	return append(b, "\r\n"...)
}

// send writes what is in out, and a long part behind it.
func (w *response) send(long []byte) (err error) {
	c := w.c
	switch {
	case len(long) > 0:
		pieces := net.Buffers{c.out, long}
		if w.state == inParts {
			pieces = append(pieces, lineEnd)
		}
		if v, ok := c.nc.(interface {
			WritePieces(*net.Buffers) (int64, error)
		}); ok {
			_, err = v.WritePieces(&pieces)
		} else {
			_, err = pieces.WriteTo(c.nc)
		}
	case len(c.out) > 0 && w.state == plain && w.left == 0 && !w.close && c.nc == c.raw && c.sock.Hot():
		_, err = c.sock.WriteLater(c.out) // all of it: the next thing is to read
	case len(c.out) > 0:
		_, err = c.nc.Write(c.out)
	}
	if err != nil {
		w.state = failed
	}
	return err
}

var lineEnd = []byte("\r\n")

// FlushError sends what is held. http.ResponseController calls it.
func (w *response) FlushError() error {
	if w.state == failed {
		return net.ErrClosed
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.state == fresh || len(w.held) > 0 {
		return w.put(nil)
	}
	return nil
}

// Flush implements http.Flusher.
func (w *response) Flush() { _ = w.FlushError() }

// EnableFullDuplex says that a body can be read while the answer is written, as always.
func (w *response) EnableFullDuplex() error { return nil }

// SetReadDeadline sets until when a part of the request's body must be there.
func (w *response) SetReadDeadline(t time.Time) error {
	if w.over.Load() {
		return nil
	}
	if t.IsZero() { // nothing more is read for this request; the next one sets its own
		return nil
	}
	w.c.readBy.Store(t.UnixNano())
	return w.c.nc.SetReadDeadline(t)
}

// SetWriteDeadline sets until when a part of the answer must be taken. One that is a
// little sooner and in force already is left.
func (w *response) SetWriteDeadline(t time.Time) error {
	if w.over.Load() {
		return nil
	}
	want, have := t.UnixNano(), w.c.writeBy.Load()
	if t.IsZero() {
		want = 0
	}
	if have > 0 && have <= want {
		if now := time.Now().UnixNano(); have > now && want-have < (want-now)/4 {
			return nil
		}
	}
	w.c.writeBy.Store(want)
	return w.c.nc.SetWriteDeadline(t)
}

// finish ends the answer, and says whether the connection is as the client expects it.
func (w *response) finish() bool {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	switch w.state {
	case failed:
		return false
	case fresh:
		if !w.bodyless() && w.left > 0 {
			return false
		}
		if w.left < 0 && !w.bodyless() {
			w.left = 0 // head says the length of what was held
			w.Header()["Content-Length"] = []string{strconv.Itoa(len(w.held))}
		}
		return w.put(nil) == nil
	case inParts:
		w.c.out = append(w.c.out[:0], "0\r\n\r\n"...)
		return w.send(nil) == nil
	}
	return w.left <= 0
}

// abort breaks the connection so that nobody takes what arrived for the whole.
func (w *response) abort() {
	if w.state == plain && w.left < 0 { // an answer that ends with the connection: end it badly
		if t, ok := w.c.raw.(interface{ SetLinger(int) error }); ok {
			_ = t.SetLinger(0)
		}
	}
	w.c.raw.Close()
}

// bodyOver says whether all of the request has been read, or is at hand and skipped.
func (w *response) bodyOver() bool { return w.body == nil || w.body.over.Load() }

var errContinue = errors.New("http: the answer has begun")

// requestBody is a request's body.
type requestBody struct {
	Body
	w       *response
	expects bool // the client waits for the word to send it
	over    atomic.Bool
}

// Read implements io.Reader.
func (b *requestBody) Read(p []byte) (int, error) {
	if b.expects {
		b.expects = false
		if err := b.w.goOn(); err != nil {
			return 0, err
		}
	}
	n, err := b.Body.Read(p)
	if b.ended() {
		b.over.Store(true)
		b.w.c.quiet.Store(true)
	}
	return n, err
}

// goOn tells the client to send the body, unless the answer has begun.
func (w *response) goOn() error {
	w.start.Lock()
	defer w.start.Unlock()
	if w.state != fresh {
		return errContinue
	}
	_ = w.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_, err := w.c.nc.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	return err
}
