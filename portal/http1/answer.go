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
	text   string        // the head of the last answer; empty: it is not kept
	first  http.Response // resp as it was read
	turn   uint64
}

// Turn is another number when the head of the last answer was not that of the one before,
// to the last byte. 0: the heads are not compared.
func (m *Room) Turn() uint64 { return m.turn }

// maxText is the longest head that is kept for the next answer, in bytes.
const maxText = 4 << 10

// maxRoom is the most fields whose memory is kept.
const maxRoom = 64

// ReadAnswer is the function of that name.
func (m *Room) ReadAnswer(s *Stream, method string) (*http.Response, error) {
	for i := range 8 {
		head, err := s.head(MaxAnswerHead, m.text, nil)
		if err != nil && i == 0 && s.Buffered() == 0 {
			return nil, fmt.Errorf("%w: %w", ErrNothing, unexpected(err))
		}
		if err != nil {
			return nil, unexpected(err)
		}
		resp, err := m.read(head)
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

// read makes an answer of a head; one that is that of the answer before is known.
// Whoever had that one left its fields as they were.
func (m *Room) read(head []byte) (*http.Response, error) {
	if string(head) == m.text {
		m.resp = m.first
		return &m.resp, nil
	}
	text := string(head)
	resp, err := m.parse(text)
	m.turn++
	if m.text = ""; err == nil && resp.StatusCode >= 200 && len(text) <= maxText {
		m.text, m.first = text, *resp
	}
	return resp, err
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
