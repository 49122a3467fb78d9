package portal

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"custody"
	"custody/gate"
	"custody/portal/upstream"
	"custody/subjects/body"
)

// answer is what is known of the answer to a request.
type answer struct {
	status   int
	kind     body.Kind
	charset  string
	route    custody.Route
	action   custody.Action
	rights   custody.Decision // how each category may leave
	loans                     // what of it approvals lend
	reason   bool             // looks need a reason that is asked for by customer
	stated   bool             // the request itself states the reason
	whole    bool             // nothing is released before all of it is recognised
	released bool             // the head has left
	people   map[custody.SubjectID]struct{}
	found    bool // some subject was seen
	coder    *coder
	coding   string        // that the application chose; empty for none
	unpack   io.ReadCloser // takes it off
	behind   behind
	last     time.Time // when the last part left
	length   [1]string // the field
	held     *blank    // the answer, if it is known to hold nobody
	turn     uint64    // of the head of the application's answer
	repeats  bool      // the answer is the one before
}

// take brings the application's answer to the client (steps 5 to 7).
func (v *visit) take(resp *http.Response) error {
	v.status = resp.StatusCode
	if err := v.acceptable(resp); err != nil {
		return err
	}
	h := resp.Header
	first, rest, err := v.begin(resp)
	if v.unpack != nil {
		defer v.unpack.Close()
	}
	if err != nil {
		return err
	}
	if v.repeats {
		if done, err := v.repeat(); done || err != nil {
			return err
		}
		v.repeats = false
	}
	v.kind = body.KindOf(h.Get("Content-Type"), first[:min(len(first), kindBytes)])
	switch {
	case len(first) == 0:
		return v.empty(resp)
	case v.kind == body.Unknown:
		return v.unseen(resp, first, rest)
	}
	if err := v.prepare(resp); err != nil {
		return err
	}
	if err := v.heads(resp); err != nil {
		return err
	}
	return v.pump(first, rest, func() { upstream.Stop(resp) })
}

// acceptable refuses answers that no request of ours asks for.
func (v *visit) acceptable(resp *http.Response) error {
	switch {
	case resp.StatusCode == http.StatusPartialContent || resp.StatusCode == http.StatusNotModified && !v.furnish || resp.StatusCode >= 600:
		return deny(http.StatusBadGateway, custody.CodeUnsupported, "the application answers what was not asked", "tell the administrator of the application")
	case (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusProxyAuthRequired) && resp.Header.Get("Www-Authenticate") != "":
		return deny(http.StatusBadGateway, custody.CodeUnavailable, "the application did not accept the gate's sign-in",
			"tell the administrator: custody portal credential sets it anew")
	}
	return nil
}

// begin reads what the kind is known by, decoded. first is valid until the next read.
func (v *visit) begin(resp *http.Response) (first []byte, rest io.Reader, err error) {
	rest = resp.Body
	if resp.Body == http.NoBody || v.r.Method == http.MethodHead {
		return nil, nil, nil
	}
	if v.expected(resp) {
		return v.same(resp)
	}
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		if rest, err = v.decode(resp, coding); err != nil {
			return nil, nil, err
		}
	}
	in, n := v.view.in, 0
	for n < kindBytes && err == nil {
		var k int
		k, err = rest.Read(in[n:])
		if n += k; n > 0 && v.view.types.prompt(resp.Header.Get("Content-Type")) {
			break
		}
	}
	if err == io.EOF {
		return in[:n], nothing{}, nil
	}
	return in[:n], rest, err
}

// kindBytes is how much of an answer its kind is known by.
const kindBytes = 512

// nothing is the rest of an answer that has been read.
type nothing struct{}

// Read implements io.Reader.
func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// prepare decides how the answer is released: a page as a whole where that is
// possible, a file part by part, a stream message by message; and what it needs.
func (v *visit) prepare(resp *http.Response) error {
	switch {
	case attached(resp.Header) || v.kind == body.CSV || v.kind == body.XLSX:
		v.route, v.action = custody.RouteDownload, custody.Export
	case v.kind == body.EventStream || v.kind == body.NDJSON:
		v.route = custody.RouteStream
		upstream.Stream(resp)
	default:
		v.whole = true
	}
	if !v.whole || resp.ContentLength > maxQuick {
		v.leave()
	}
	if v.byCustomer() {
		if err := v.askFirst(); err != nil {
			return err
		}
	}
	if !v.whole {
		v.alone()
	}
	if v.action == custody.Export {
		if err := v.export(); err != nil {
			return err
		}
	}
	v.view.turn(v.route, v.shape)
	v.charset = v.view.types.charset(resp.Header.Get("Content-Type"))
	return nil
}

func (v *visit) options(charset string) body.Options {
	return body.Options{
		System: v.p.o.System, Plan: v.p.o.Plan, Charset: charset,
		Values: v.p.o.Values, Directory: v.view.directory, Treat: v.view.treat, Seen: v.view.found,
	}
}

func (v *visit) treat(c custody.Category) custody.Treatment { return v.rights.Treatment(c) }

// export narrows what is shown to what may be exported; without any it is refused.
func (v *visit) export() error {
	s := v.view.s
	if d := v.foreseen(custody.Export); v.byCustomer() && d.With(custody.Clear)|d.With(custody.Masked) != 0 {
		v.narrow(&d)
		return nil
	}
	if _, err := s.Decide(gate.Need{Action: custody.Export, Veiled: true}, v.shape); err != nil {
		if custody.CodeOf(err) == custody.CodeForbidden {
			return noExport()
		}
		if custody.CodeOf(err) != custody.CodeReason || v.stated {
			return err
		}
		if err := v.reasonOfAll(); err != nil {
			return err
		}
		return v.export()
	}
	d := s.May(custody.Export)
	v.narrow(&d)
	return nil
}

// narrow shows no more than another decision does.
func (v *visit) narrow(d *custody.Decision) {
	for c := range v.rights.Treatments {
		v.rights.Treatments[c] = min(v.rights.Treatments[c], d.Treatments[c])
	}
}

func noExport() error { return errNoExport }

var errNoExport = deny(http.StatusForbidden, custody.CodeForbidden, "this is an export of customers' data, which you have no right to",
	"look at customers one by one, or ask for the right or for somebody to export for you")

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

// empty releases an answer without a body: its head only.
func (v *visit) empty(resp *http.Response) error {
	v.view.turn(v.route, v.shape)
	if err := v.heads(resp); err != nil {
		return err
	}
	if v.r.Method != http.MethodHead {
		return v.releaseWhole(true)
	}
	if err := v.record(); err != nil {
		return err
	}
	v.w.WriteHeader(v.status)
	v.released = true
	_, _ = io.Copy(io.Discard, resp.Body)
	return nil
}

// unseen lets an answer through that cannot be inspected, where policy says so.
func (v *visit) unseen(resp *http.Response, first []byte, rest io.Reader) error {
	if !v.p.o.AllowUninspectable && !(v.furnish && v.r.Method == http.MethodGet && !attached(resp.Header) && picture(resp.Header.Get("Content-Type"), first)) {
		v.refused(custody.CodeUnsupported)
		return body.ErrUninspectable
	}
	v.view.turn(v.route, v.shape)
	if err := v.heads(resp); err != nil {
		return err
	}
	if err := v.record(); err != nil {
		return err
	}
	v.w.WriteHeader(v.status)
	v.released = true
	chunk, end := bytes.Clone(first), error(nil)
	for {
		if err := v.write(chunk); err != nil {
			return err
		}
		if end == io.EOF {
			return nil
		}
		if end != nil {
			return end
		}
		var n int
		n, end = rest.Read(v.view.in)
		chunk = v.view.in[:n]
		if err := v.stillMay(); err != nil {
			return err
		}
	}
}
