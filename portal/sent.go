package portal

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"custody"
	"custody/gate"
	"custody/subjects/body"
)

// sent is what a person sends, looked through before the application gets all of it:
// whose data it changes is recorded first (docs/disclosure-cycle.md, a change).
type sent struct {
	v      *visit
	s      *gate.Session
	c      *gate.Changes
	list   []sighting          // not in c yet
	at     []custody.SubjectID // whose address, or page, it is sent to or from
	nobody custody.CategorySet // of values that name nobody
	kind   string              // Content-Type, and Content-Encoding: the header goes on to the application
	coding string
	unread bool  // some of it cannot be read
	early  bool  // subjects go into c as they come: their reason is known
	err    error // of the gate, which ends it
}

// heldForm is how much of what is sent is looked through before any of it goes upstream.
const heldForm = 1 << 20

// sends looks through what the person sends. What is longer than heldForm is looked
// through on its way, and its end does not leave before the record.
func (v *visit) sends() error {
	held, rest, err := v.hold()
	if err != nil {
		return err
	}
	if err := v.formWithMasks(held); err != nil {
		return err
	}
	if !mayChange(v.r.Method) || v.p.looksUp(v.path) {
		return nil
	}
	s := &sent{v: v, s: v.view.s, kind: v.r.Header.Get("Content-Type"), coding: v.r.Header.Get("Content-Encoding")}
	if rest != nil {
		return s.stream(held, rest)
	}
	if err := s.address(); err != nil {
		return err
	}
	if len(held) > 0 {
		if s.read(&v.view.head, bytes.NewReader(held)); s.err != nil {
			return s.err
		}
	}
	return s.finish()
}

// hold reads the beginning of what is sent; rest is nil if that is all.
func (v *visit) hold() (held []byte, rest io.Reader, err error) {
	if v.r.Body == nil || v.r.Body == http.NoBody || v.r.ContentLength == 0 {
		return nil, nil, nil
	}
	in := &patient{v, v.r.Body}
	if n := v.r.ContentLength; n > 0 && n <= heldForm {
		held = make([]byte, 0, n+1)
	}
	b := bytes.NewBuffer(held)
	if _, err = b.ReadFrom(io.LimitReader(in, heldForm)); err != nil {
		return nil, nil, custody.E(custody.CodeInvalid, "what was sent did not arrive whole", "send it once more")
	}
	if held = b.Bytes(); len(held) < heldForm {
		v.r.Body = io.NopCloser(bytes.NewReader(held))
		return held, nil, nil
	}
	v.r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(held), v.r.Body))
	return held, in.Reader, nil
}

// looksUp says whether what is sent to a path only looks something up.
func (p *Portal) looksUp(path string) bool {
	for _, l := range p.o.Lookups {
		if path == l || strings.HasPrefix(path, strings.TrimSuffix(l, "/")+"/") {
			return true
		}
	}
	return false
}

// address notes whom the request's own address names, by the customer's key or by
// identifiers, and whose page it was sent from.
func (s *sent) address() error {
	v := s.v
	target := v.r.URL.RequestURI()
	if key, ok := v.p.o.Plan.Key(target); ok {
		if id, known := v.p.o.Directory.Lookup(v.p.o.System, []byte(key)); known {
			s.at = append(s.at, id)
		}
	}
	if id := v.g.pages.whose(v.p, target); id != 0 {
		s.at = append(s.at, id)
	}
	if from := v.r.Referer(); from != "" {
		if id := v.g.pages.whose(v.p, v.p.samePath(from)); id != 0 {
			s.at = append(s.at, id)
		}
	}
	s.filter(&v.view.head, body.Text, "", strings.NewReader(v.path))
	if q := v.r.URL.RawQuery; q != "" && s.err == nil {
		s.filter(&v.view.head, body.Form, "", strings.NewReader(q))
	}
	return s.err
}

// seen is told of each subject in what is sent.
func (s *sent) seen(f *body.Filter) func(custody.SubjectID, custody.CategorySet, custody.CategorySet) error {
	return func(id custody.SubjectID, shown, _ custody.CategorySet) error {
		if f.Beside() {
			return nil
		}
		s.list = append(s.list, sighting{subject: id, shown: shown})
		if s.early && len(s.list) >= 4096 {
			s.err = s.collect()
		}
		return s.err
	}
}

// finish records whose data is changed; from then on the application may have it all.
func (s *sent) finish() error {
	for _, id := range s.at {
		s.list = append(s.list, sighting{subject: id, shown: s.nobody})
	}
	s.list = merged(s.list)
	if len(s.list) == 0 && s.c == nil && !s.unread {
		return nil
	}
	if s.early { // from the goroutine that sends
		return s.record()
	}
	s.v.leave()
	if !s.v.byCustomer() {
		return s.record()
	}
	return s.byReason()
}

// byReason records each customer's change under the reason that is stated for them
// today, or that the data tells; if there is none it asks, and nothing is sent.
func (s *sent) byReason() error {
	v := s.v
	r, err := v.g.today()
	if err != nil {
		return err
	}
	runs, missing := v.sortByReason(s.list, r, nil)
	if len(missing) > 0 && v.p.o.Explainer != nil {
		if err := v.explain(missing); err != nil {
			return err
		}
		runs, missing = v.sortByReason(s.list, r, nil)
	}
	if len(missing) > 0 {
		return v.asked(missing, 0)
	}
	defer s.s.Restate(0, "")
	for _, run := range runs {
		s.s.Restate(run.why.Reason, run.why.Text)
		s.list = run.list
		if err := s.record(); err != nil {
			return err
		}
	}
	if len(runs) == 0 {
		return s.record()
	}
	return nil
}

// record makes durable what is collected.
func (s *sent) record() error {
	if err := s.collect(); err != nil {
		return err
	}
	if s.c.Pending() == 0 && s.unread {
		r, err := s.s.Decide(gate.Need{Veiled: true}, s.v.shape)
		if err != nil {
			return err
		}
		s.c.Unknown(s.c.Group(r, custody.RoutePage, s.v.shape, s.nobody))
	}
	return s.c.Commit()
}

// collect counts the subjects that were seen and puts them among the changes.
func (s *sent) collect() error {
	if s.c == nil {
		s.c = s.s.Changes()
	}
	group, of := -1, custody.CategorySet(0)
	for _, x := range s.list {
		if group < 0 || x.shown != of {
			r, err := s.s.Decide(gate.Need{Read: x.shown, Veiled: true}, s.v.shape)
			if err != nil {
				return err
			}
			group, of = s.c.Group(r, custody.RoutePage, s.v.shape, x.shown), x.shown
		}
		if err := s.c.Add(group, x.subject); err != nil {
			return err
		}
	}
	s.list = s.list[:0]
	return nil
}
