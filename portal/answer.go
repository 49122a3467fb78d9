package portal

import (
	"bytes"
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
