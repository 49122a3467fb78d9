package portal

import (
	"errors"
	"io"
	"time"

	"custody"
)

// pump recognises what the application sends and releases it. Of a long answer the next
// bytes are read, and the part before is recorded and written, meanwhile. cut makes a read
// of rest return.
func (v *visit) pump(first []byte, rest io.Reader, cut func()) error {
	f := &v.view.filter
	chunk, end := first, error(nil)
	in := source{rest: rest, room: v.view.in}
	defer in.close(cut)
	like := v.like()
	if v.whole {
		chunk, end = v.gather(first, rest)
		if end == io.EOF {
			v.held = v.p.blanks.find(chunk, &like)
		}
		if v.held != nil {
			v.view.out = append(v.view.out, chunk...)
			return v.finish()
		}
	}
	all := end == io.EOF
	if err := f.Reset(v.kind, v.options(v.charset)); err != nil {
		return err
	}
	v.inHead = len(v.view.seen)
	for {
		var err error
		if v.lent != 0 && v.whole {
			v.raw = append(v.raw, chunk...)
		}
		if len(chunk) > 0 {
			v.view.out, err = f.Write(v.view.out, chunk)
		}
		if err == nil && end == io.EOF {
			v.view.out, err = f.Close(v.view.out)
		}
		if err != nil {
			return v.cutShort(err)
		}
		if end == io.EOF {
			if all && v.unchanged(chunk) {
				v.p.blanks.keep(chunk, &like)
			}
			if err := v.lendable(); err != nil {
				return v.cutShort(err)
			}
			return v.finish()
		}
		if end != nil {
			return v.cutShort(end)
		}
		if err := v.partWay(); err != nil {
			return err
		}
		if !v.whole && v.route != custody.RouteStream {
			in.ahead(v.p)
		}
		chunk, end = in.next()
	}
}

// source is where an answer comes from: read where it is needed, or ahead.
type source struct {
	rest io.Reader
	room []byte
	read int
	feed *feed
}

// ahead goes over to reading ahead, once the answer has turned out to be long.
func (s *source) ahead(p *Portal) {
	if s.feed == nil && s.read >= partial {
		s.feed = p.feed(s.rest)
	}
}

// next gives the bytes that come next; they hold until it is called again.
func (s *source) next() ([]byte, error) {
	if s.feed != nil {
		return s.feed.next()
	}
	n, err := s.rest.Read(s.room)
	s.read += n
	return s.room[:n], err
}

func (s *source) close(cut func()) {
	if s.feed != nil {
		s.feed.stop(cut)
	}
}

// partWay releases what is ready, when it is time.
func (v *visit) partWay() error {
	n := len(v.view.out)
	switch {
	case n == 0:
		return nil
	case v.whole && n < whole:
		if n > maxQuick {
			v.leave()
		}
		return nil
	case v.whole: // too long to be held: from here on it goes part by part
		return v.partFromHere()
	case v.route == custody.RouteStream, v.byCustomer() && n >= partial:
		return v.release(false)
	case n >= partial:
		return v.releaseBehind()
	case time.Since(v.last) > slowAfter:
		return v.release(false)
	}
	return nil
}

// partFromHere releases the beginning of a page that is too long to be held; whom it
// names go on to count towards the people that make an export.
func (v *visit) partFromHere() error {
	for _, s := range v.view.seen {
		if v.action != custody.Export && !s.beside {
			if err := v.count(s.subject); err != nil {
				return err
			}
		}
	}
	if err := v.releaseWhole(false); err != nil {
		return err
	}
	v.whole = false
	return nil
}

// slowAfter is how long a part of a slow answer is held.
const slowAfter = 100 * time.Millisecond

// finish releases the end of the answer.
func (v *visit) finish() error {
	if v.whole {
		return v.releaseWhole(true)
	}
	return v.release(true)
}

// cutShort ends an answer at an error. What came before a limit, in an answer that is
// released part by part, is complete records: it is recorded and released, and then
// the connection is broken, so that nobody takes the answer for complete.
func (v *visit) cutShort(err error) error {
	if v.whole || custody.CodeOf(err) != custody.CodeLimit && custody.CodeOf(err) != custody.CodeForbidden {
		if e := v.behind.wait(); e != nil {
			return e
		}
		if custody.CodeOf(err) == custody.CodeInternal && !errors.Is(err, io.EOF) && v.ctx.Err() == nil {
			return &custody.Error{Code: custody.CodeUnavailable, Message: "the application's answer broke off", Hint: "try again", Err: err}
		}
		return err
	}
	if e := v.release(false); e != nil {
		return e
	}
	if v.released {
		_ = v.flush()
	}
	return err
}
