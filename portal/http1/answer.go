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
	for i := range 8 {
		text, err := s.head(MaxAnswerHead, nil)
		if err != nil && i == 0 && s.Buffered() == 0 {
			return nil, fmt.Errorf("%w: %w", ErrNothing, unexpected(err))
		}
		if err != nil {
			return nil, unexpected(err)
		}
		resp, err := parseAnswer(text)
		switch {
		case err != nil:
			return nil, fmt.Errorf("the head of the answer: %w", err)
		case resp.StatusCode == http.StatusSwitchingProtocols:
			return nil, errors.New("the protocol was changed unasked")
		case resp.StatusCode >= 200:
			setBody(resp, s, method)
			return resp, nil
		}
	}
	return nil, errors.New("the answers only say that it goes on")
}

func parseAnswer(text string) (*http.Response, error) {
	end := strings.IndexByte(text, '\n')
	resp := &http.Response{ProtoMajor: 1}
	if err := statusLine(resp, text[:end-1]); err != nil {
		return nil, err
	}
	var err error
	if resp.Header, err = readFields(text[end+1:], maxAnswer, nil); err != nil {
		return nil, err
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
func setBody(resp *http.Response, s *Stream, method string) {
	switch {
	case method == http.MethodHead, resp.StatusCode == http.StatusNoContent, resp.StatusCode == http.StatusNotModified, resp.ContentLength == 0:
		resp.Body = http.NoBody
		return
	case resp.ContentLength == tillOver:
		resp.Close = true
	}
	resp.Body = &Body{s: s, left: max(0, resp.ContentLength), kind: resp.ContentLength, lenient: true}
	resp.ContentLength = max(-1, resp.ContentLength)
}
