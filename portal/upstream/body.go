package upstream

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// body is the rest of an answer.
type body struct {
	io.ReadCloser
	o        *Origin
	c        *conn
	stop     hook
	sent     *sending
	keep     bool
	none     bool // the answer has no body
	ended    bool
	patience time.Duration // 0: a stream, which may be silent
	turn     uint64
	mu       sync.Mutex // of ended, against Stop
}

// Turn is the same number for two answers on the way of one client's connection if their
// heads are the same to the last byte; 0 where that is not looked at.
func Turn(resp *http.Response) uint64 {
	if b, ok := resp.Body.(*body); ok {
		return b.turn
	}
	return 0
}

// Stream says that the answer may be silent for as long as it likes.
func Stream(resp *http.Response) {
	if b, ok := resp.Body.(*body); ok {
		b.patience, b.c.readBy = 0, time.Time{}
		_ = b.c.SetReadDeadline(time.Time{})
	}
}

// Stop makes whoever reads the answer get an error, unless all of it was read: who
// closes it then need not wait. It may be called while another goroutine reads.
func Stop(resp *http.Response) {
	if b, ok := resp.Body.(*body); ok {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.ended {
			b.c.shut()
		}
	}
}

func (b *body) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	if b.patience > 0 {
		b.c.readUntil(b.patience)
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.finish(b.keep)
	} else if err != nil {
		err = broken(err)
	}
	return n, err
}

// Close ends the answer; one that was not read to its end takes the connection along.
func (b *body) Close() error {
	b.finish(b.keep && b.none)
	return nil
}

func (b *body) finish(keep bool) {
	b.mu.Lock()
	ended := b.ended
	b.ended = true
	b.mu.Unlock()
	if ended {
		return
	}
	keep = b.stop.off() && keep
	if b.sent != nil {
		select {
		case err := <-b.sent.done:
			keep = keep && err == nil
		default: // answered before it had read everything
			keep = false
			b.c.Close()
			_ = b.sent.end()
		}
	}
	keep = keep && b.c.in.Buffered() == 0
	if b.c.lane != nil && b.c.lane.back(b.c, keep) {
		return
	}
	if keep {
		b.o.give(b.c)
		return
	}
	b.c.Close()
}
