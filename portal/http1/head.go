package http1

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// head writes the head of the answer into out, says where the date is in it, and settles
// how the body goes.
func (w *response) head() (date int) {
	w.start.Lock()
	defer w.start.Unlock()
	w.close = w.close || !w.bodyOver() || holds(w.h["Connection"], "close")
	b := w.c.out
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(w.status), 10)
	b = append(append(b, ' '), http.StatusText(w.status)...)
	b = append(b, "\r\n"...)
	for name, values := range w.h {
		switch name {
		case "Connection", "Transfer-Encoding", "Date", "Trailer", "Upgrade", "Keep-Alive":
			continue
		case "Content-Length":
			if w.left < 0 || w.status == http.StatusNoContent {
				continue
			}
		}
		if token(name) {
			for _, v := range values {
				b = appendField(b, name, v)
			}
		}
	}
	date = len(b)
	b = appendDate(b, w.c.sock.Now())
	w.state = plain
	if w.left < 0 && !w.bodyless() {
		if w.r.ProtoMinor == 1 {
			w.state = inParts
			b = append(b, "Transfer-Encoding: chunked\r\n"...)
		} else {
			w.close = true
		}
	}
	if w.close {
		b = append(b, "Connection: close\r\n"...)
	}
	w.c.out = append(b, "\r\n"...)
	return date
}

// appendField writes a field; what must not be in a value becomes a space.
func appendField(b []byte, name, value string) []byte {
	b = append(append(append(b, name...), ": "...), value...)
	for i := len(b) - len(value); i < len(b); i++ {
		if class[b[i]]&isValue == 0 {
			b[i] = ' '
		}
	}
	return append(b, "\r\n"...)
}

// date is the field of a second.
type date struct {
	second int64
	field  []byte
}

var today atomic.Pointer[date]

func appendDate(b []byte, now time.Time) []byte {
	d := today.Load()
	if d == nil || d.second != now.Unix() {
		d = &date{now.Unix(), append(now.UTC().AppendFormat([]byte("Date: "), http.TimeFormat), "\r\n"...)}
		today.Store(d)
	}
	return append(b, d.field...)
}
