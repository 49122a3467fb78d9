package http1

import (
	"net/http"
	"net/url"
	"strings"
)

// ReadRequest takes the head of the next request. Its body is not read; ContentLength
// says how long it is, -1 that it comes in chunks. Errors are *Error, or the stream's
// own; io.EOF when there is no further request.
func ReadRequest(s *Stream) (*http.Request, error) {
	head, err := s.head(MaxHead, "", nil)
	if err != nil {
		return nil, err
	}
	return parseRequest(string(head), &http.Request{ProtoMajor: 1}, new(asked))
}

// asked is where requests are read into, one after the other. In a loop one whose head is
// that of the one before, to the last byte, is not read again if its handler keeps
// something of it (Busy.Keep), by which it says that it left its fields as they were.
type asked struct {
	r      http.Request
	values []string
	text   string       // the head
	first  http.Request // r as it was read
	kept   any          // by the handler
}

// again gives the request once more.
func (a *asked) again() *http.Request {
	a.r = a.first
	return &a.r
}

// known is the head with which the same request would come again; empty: none.
func (a *asked) known() string {
	if a == nil || a.kept == nil {
		return ""
	}
	return a.text
}

// parseRequest reads a head. The request is made as base is, and has its fields, if it
// has room for them; it is the one of the room.
func parseRequest(text string, base *http.Request, room *asked) (*http.Request, error) {
	end := strings.IndexByte(text, '\n')
	room.r = *base
	r := &room.r
	if err := firstLine(r, text[:end-1]); err != nil {
		return nil, err
	}
	var err error
	if r.Header, room.values, err = readFields(text[end+1:], maxFields, base.Header, room.values); err != nil {
		return nil, err
	}
	if err := takeHost(r); err != nil {
		return nil, err
	}
	if err := expectation(r); err != nil {
		return nil, err
	}
	if r.ContentLength, err = framing(r.Header, r.ProtoMinor); err != nil {
		return nil, err
	}
	switch r.ContentLength {
	case tillOver:
		r.ContentLength = 0
	case chunked:
		r.TransferEncoding = []string{"chunked"}
		delete(r.Header, "Transfer-Encoding")
	}
	r.Close = r.ProtoMinor == 0 || holds(r.Header["Connection"], "close")
	return r, nil
}

// firstLine reads method, target and version, with one space between them.
func firstLine(r *http.Request, line string) error {
	one := strings.IndexByte(line, ' ')
	two := strings.LastIndexByte(line, ' ')
	if one <= 0 || two <= one || !token(line[:one]) {
		return errFirstLine
	}
	r.Method, r.RequestURI, r.Proto = line[:one], line[one+1:two], line[two+1:]
	switch {
	case r.Proto == "HTTP/1.1":
		r.ProtoMinor = 1
	case r.Proto == "HTTP/1.0":
	case len(r.Proto) == len("HTTP/2.0") && strings.HasPrefix(r.Proto, "HTTP/"):
		return errVersion
	default:
		return errFirstLine
	}
	if len(r.RequestURI) > maxTarget {
		return errLong
	}
	if r.RequestURI == "" || !all(r.RequestURI, isTarget) {
		return errTarget
	}
	return target(r)
}

// target reads where the request leads: origin-form nearly always (RFC 9112, 3.2).
func target(r *http.Request) (err error) {
	uri := r.RequestURI
	authority := r.Method == http.MethodConnect && uri[0] != '/'
	if authority {
		uri = "http://" + uri
	}
	if r.URL, err = url.ParseRequestURI(uri); err != nil {
		return errTarget
	}
	if authority {
		r.URL.Scheme = ""
	}
	return nil
}

// takeHost takes the one host of the request out of its fields. A target with a host of
// its own counts more (RFC 9112, 3.2.2).
func takeHost(r *http.Request) error {
	hosts := r.Header["Host"]
	delete(r.Header, "Host")
	if len(hosts) > 1 || len(hosts) == 0 && r.ProtoMinor == 1 {
		return errHost
	}
	if len(hosts) == 1 {
		if r.Host = hosts[0]; !all(r.Host, isHost) {
			return errHost
		}
	}
	if r.URL.Host != "" {
		r.Host = r.URL.Host
	}
	return nil
}

// expectation refuses whatever is expected beside the word to go on.
func expectation(r *http.Request) error {
	e := r.Header["Expect"]
	if len(e) == 0 || len(e) == 1 && strings.EqualFold(e[0], "100-continue") {
		return nil
	}
	return errExpect
}
