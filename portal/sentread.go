package portal

import (
	"bufio"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"custody"
	"custody/subjects/body"
)

// maxParts is how many parts of a form are looked through.
const maxParts = 10_000

// read looks through a body as its head describes it. What cannot be read is noted.
func (s *sent) read(f *body.Filter, in io.Reader) {
	if s.coding != "" {
		d, err := body.Decode(s.coding, in)
		if err != nil {
			s.unread = true
			return
		}
		defer d.Close()
		in = d
	}
	media, params, _ := mime.ParseMediaType(s.kind)
	if media == "multipart/form-data" {
		s.parts(f, multipart.NewReader(in, params["boundary"]))
		return
	}
	s.file(f, s.kind, in)
}

// file looks through a body, or a file in a form, of the kind that it turns out to be.
func (s *sent) file(f *body.Filter, contentType string, in io.Reader) {
	buffered := bufio.NewReader(in)
	first, err := buffered.Peek(kindBytes)
	if err != nil && err != io.EOF {
		s.unread = true
		return
	}
	switch kind := body.KindOf(contentType, first); kind {
	case body.Empty:
	case body.Unknown:
		s.unread = true
	default:
		s.filter(f, kind, body.Charset(contentType), buffered)
	}
}

// filter looks through a text of a kind.
func (s *sent) filter(f *body.Filter, kind body.Kind, charset string, in io.Reader) {
	if err := f.Reset(kind, s.options(f, charset)); err != nil {
		s.unread = true
		return
	}
	s.pour(f, in)
	s.close(f)
}

func (s *sent) options(f *body.Filter, charset string) body.Options {
	o := s.v.p.o
	return body.Options{System: o.System, Plan: o.Plan.Sent(), Charset: charset, Values: o.Values, Directory: knowing{o.Directory},
		Treat: func(custody.Category) custody.Treatment { return custody.Clear }, Seen: s.seen(f)}
}

// knowing is a directory that gives nobody a number: keys in what is sent need not be
// those of customers.
type knowing struct{ body.Directory }

// Assign implements body.Directory.
func (knowing) Assign(custody.SystemID, []string) ([]custody.SubjectID, error) { return nil, nil }

func (s *sent) pour(f *body.Filter, in io.Reader) {
	room := make([]byte, inSize)
	var out []byte
	for !s.unread && s.err == nil {
		n, err := in.Read(room)
		if n > 0 {
			var failed error
			out, failed = f.Write(out[:0], room[:n])
			s.unread = failed != nil && s.err == nil
		}
		if err == io.EOF {
			return
		}
		s.unread = s.unread || err != nil
	}
}

func (s *sent) close(f *body.Filter) {
	if s.unread || s.err != nil {
		return
	}
	_, err := f.Close(nil)
	s.unread = err != nil && s.err == nil
	s.nobody |= f.Hid()
}

// parts looks through a form in parts: its fields are one record, as in any form; files
// are looked through each by itself.
func (s *sent) parts(f *body.Filter, in *multipart.Reader) {
	fields := &body.Filter{}
	if err := fields.Reset(body.Form, s.options(fields, "")); err != nil {
		s.unread = true
		return
	}
	whole := false
	some := false // of it could not be read, yet the rest can
	for range maxParts {
		part, err := in.NextPart()
		if err != nil || s.err != nil {
			whole = err == io.EOF
			break
		}
		if s.part(f, fields, part); s.unread {
			some, s.unread = true, false
		}
	}
	s.close(fields) // also of what breaks off: the application may take it as it is
	s.unread = s.unread || some || !whole
}

func (s *sent) part(f, fields *body.Filter, part *multipart.Part) {
	kind := part.Header.Get("Content-Type")
	if part.FileName() != "" || kind != "" {
		if strings.HasSuffix(strings.ToLower(part.FileName()), ".csv") { // which browsers call by the name of what opens it
			kind = "text/csv"
		}
		s.file(f, kind, part)
		return
	}
	value, err := io.ReadAll(io.LimitReader(part, body.MaxRecord))
	if s.unread = err != nil || len(value) == body.MaxRecord; s.unread {
		return
	}
	_, err = fields.Write(nil, []byte(url.QueryEscape(part.FormName())+"="+url.QueryEscape(string(value))+"&"))
	s.unread = err != nil && s.err == nil
}

// stream looks through a long body on its way to the application.
func (s *sent) stream(held []byte, rest io.Reader) error {
	v := s.v
	if v.byCustomer() {
		if err := v.reasonOfAll(); err != nil {
			return err
		}
	}
	s.s, s.early = v.g.live.Beside(), true
	s.s.Restate(v.view.s.Reason())
	if err := s.address(); err != nil {
		return err
	}
	r, w := io.Pipe()
	u := &upload{s: s, in: v.r.Body, pipe: w, done: make(chan struct{}), room: make([]byte, inSize), next: make([]byte, inSize)}
	go u.read(r)
	v.upload, v.r.Body = u, u
	return nil
}

// upload is a long body between the client and the application. A part of it leaves
// when the next one has come, and the last one when all is recorded.
type upload struct {
	s          *sent
	in         io.Reader
	pipe       *io.PipeWriter
	done       chan struct{} // closed when nobody reads the pipe any more
	room, next []byte
	held       []byte // came, and has not left
	ready      []byte // may leave
	end        error  // behind what is ready
}

func (u *upload) read(r *io.PipeReader) {
	defer close(u.done)
	defer func() {
		if x := recover(); x != nil { // a decoder's, of hostile input
			u.s.v.p.faulty(x)
			u.s.unread = true
			r.Close()
		}
	}()
	u.s.read(&body.Filter{}, r)
	if u.s.err != nil {
		r.CloseWithError(u.s.err)
		return
	}
	_, _ = io.Copy(io.Discard, r) // of what cannot be read
}

// Read implements io.Reader.
func (u *upload) Read(b []byte) (int, error) {
	for len(u.ready) == 0 {
		if u.end != nil {
			return 0, u.end
		}
		u.turn()
	}
	n := copy(b, u.ready)
	u.ready = u.ready[n:]
	return n, nil
}

// turn takes the next part from the client.
func (u *upload) turn() {
	n, err := u.in.Read(u.room)
	part := u.room[:n]
	if n > 0 {
		if _, failed := u.pipe.Write(part); failed != nil {
			u.end = failed
			return
		}
	}
	switch {
	case err == nil:
		if n > 0 {
			u.ready, u.held = u.held, part
			u.room, u.next = u.next, u.room
		}
	case err == io.EOF:
		u.pipe.Close()
		<-u.done
		if u.end = u.s.err; u.end == nil {
			u.end = u.s.finish()
		}
		if u.end == nil {
			u.end, u.ready = io.EOF, append(append(make([]byte, 0, len(u.held)+n), u.held...), part...)
		}
	default:
		u.end = err
	}
}

// Close implements io.Closer; stop ends it.
func (u *upload) Close() error { return nil }

func (u *upload) stop() {
	_ = u.pipe.CloseWithError(http.ErrAbortHandler)
	<-u.done
}
