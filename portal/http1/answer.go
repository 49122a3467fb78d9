package http1

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ReadAnswer takes the head of the answer to a request of the given method, past those
// that only say that it goes on. Its Body reads the rest; it is http.NoBody where there
// is none. Close says that the connection ends with the answer.
func ReadAnswer(s *Stream, method string) (*http.Response, error) {
	return new(Room).ReadAnswer(s, method)
}

// Room is where answers are read into, one after the other: what it gave before holds no
// longer. The zero Room is ready.
type Room struct {
	resp   http.Response
	body   Body
	fields http.Header
	values []string
}

// maxRoom is the most fields whose memory is kept.
const maxRoom = 64

// ReadAnswer is the function of that name.
func (m *Room) ReadAnswer(s *Stream, method string) (*http.Response, error) {
	for i := range 8 {
		text, err := s.head(MaxAnswerHead, nil)
		if err != nil && i == 0 && s.Buffered() == 0 {
			return nil, fmt.Errorf("%w: %w", ErrNothing, unexpected(err))
		}
		if err != nil {
			return nil, unexpected(err)
		}
		resp, err := m.parse(text)
		switch {
		case err != nil:
			return nil, fmt.Errorf("the head of the answer: %w", err)
		case resp.StatusCode == http.StatusSwitchingProtocols:
			return nil, errors.New("the protocol was changed unasked")
		case resp.StatusCode >= 200:
			m.setBody(s, method)
			return resp, nil
		}
	}
	return nil, errors.New("the answers only say that it goes on")
}

func (m *Room) parse(text string) (*http.Response, error) {
	end := strings.IndexByte(text, '\n')
	m.resp = http.Response{ProtoMajor: 1}
	resp := &m.resp
	if err := statusLine(resp, text[:end-1]); err != nil {
		return nil, err
	}
	var err error
	clear(m.fields)
	if resp.Header, m.values, err = readFields(text[end+1:], maxAnswer, m.fields, m.values); err != nil {
		return nil, err
	}
	if m.fields = resp.Header; len(m.values) > maxRoom {
		m.fields, m.values = nil, nil
	}
	if resp.ContentLength, err = framing(resp.Header, resp.ProtoMinor); err != nil {
		return nil, err
	}
	resp.Close = resp.ProtoMinor == 0 || holds(resp.Header["Connection"], "close")
	return resp, nil
}

// statusLine reads version, status and the reason, which says nothing to anybody.
func statusLine(resp *http.Response, line string) error {
	proto, rest, _ := strings.Cut(line, " ")
	switch proto {
	case "HTTP/1.1":
		resp.ProtoMinor = 1
	case "HTTP/1.0":
	default:
		return errVersion
	}
	if len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' || !all(rest, isValue) {
		return errFirstLine
	}
	for i := range 3 {
		if rest[i] < '0' || rest[i] > '9' {
			return errFirstLine
		}
		resp.StatusCode = 10*resp.StatusCode + int(rest[i]-'0')
	}
	if resp.StatusCode < 100 {
		return errFirstLine
	}
	resp.Proto, resp.Status = proto, rest
	return nil
}

// setBody says what the rest of the answer is (RFC 9112, 6.3).
func (m *Room) setBody(s *Stream, method string) {
	resp := &m.resp
	switch {
	case method == http.MethodHead, resp.StatusCode == http.StatusNoContent, resp.StatusCode == http.StatusNotModified, resp.ContentLength == 0:
		resp.Body = http.NoBody
		return
	case resp.ContentLength == tillOver:
		resp.Close = true
	}
	m.body = Body{s: s, left: max(0, resp.ContentLength), kind: resp.ContentLength, lenient: true}
	resp.Body = &m.body
	resp.ContentLength = max(-1, resp.ContentLength)
}
