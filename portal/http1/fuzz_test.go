package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// requests are those that both parsers read, and some that ours must refuse.
var requests = []string{
	"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
	"GET /a?b=c HTTP/1.1\r\nhost: a.example:81\r\naccept-encoding:gzip\r\nCookie: a=b; c=d\r\nX-A:  \t\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET http://b.example/a HTTP/1.1\r\nHost: a.example\r\nConnection: close, x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5\r\nhello\r\n0003\r\nabc\r\n0\r\nX: y\r\n\r\nnext",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff0\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
	"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
	"GET / HTTP/1.0\r\nX: a\r\n b\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET /\xff%zz HTTP/1.1\r\nHost:\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}

// FuzzReadRequest: whatever is let in is read as net/http reads it, the body and where
// the next request begins included, and the same however the bytes arrive.
func FuzzReadRequest(f *testing.F) {
	for _, r := range requests {
		f.Add([]byte(r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := NewStream(bytes.NewReader(b), 64)
		r, err := ReadRequest(s)
		slow := NewStream(iotest.OneByteReader(bytes.NewReader(b)), 16)
		other, otherErr := ReadRequest(slow)
		if (err == nil) != (otherErr == nil) {
			t.Fatalf("%v at once, %v byte by byte", err, otherErr)
		}
		if err != nil {
			return
		}
		in := bufio.NewReader(bytes.NewReader(b))
		want, err := http.ReadRequest(in)
		if err != nil {
			t.Fatalf("let in what net/http refuses: %v", err)
		}
		delete(want.Header, "Transfer-Encoding")
		for _, got := range []*http.Request{r, other} {
			if got.Method != want.Method || got.URL.String() != want.URL.String() || got.Host != want.Host || got.RequestURI != want.RequestURI ||
				got.ProtoMinor != want.ProtoMinor || got.ContentLength != want.ContentLength {
				t.Fatalf("%+v\nwant %+v", got, want)
			}
			sameFields(t, got.Header, want.Header)
		}
		rest, bodyErr := requestRest(r, s)
		slowRest, slowErr := requestRest(other, slow)
		wanted, wantErr := io.ReadAll(want.Body)
		if !bytes.Equal(rest, slowRest) || (bodyErr == nil) != (slowErr == nil) {
			t.Fatalf("%q %v at once, %q %v byte by byte", rest, bodyErr, slowRest, slowErr)
		}
		if bodyErr != nil {
			return
		}
		if wantErr != nil || !bytes.Equal(rest, wanted) {
			t.Fatalf("body %q, want %q %v", rest, wanted, wantErr)
		}
		next, _ := io.ReadAll(s)
		wantNext, _ := io.ReadAll(in)
		if !bytes.Equal(next, wantNext) {
			t.Fatalf("the next request begins at %q, want %q", next, wantNext)
		}
	})
}

func requestRest(r *http.Request, s *Stream) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	return io.ReadAll(&Body{s: s, kind: r.ContentLength, left: max(0, r.ContentLength)})
}

func sameFields(t *testing.T, got, want http.Header) {
	t.Helper()
	delete(got, "Trailer") // net/http makes something of it
	delete(want, "Trailer")
	if !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Fatalf("fields %q\nwant %q", got, want)
	}
}

var answers = []string{
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: x\r\n\r\nhellomore",
	"HTTP/1.1 200\r\n\r\ntill the end",
	"HTTP/1.0 302 Found\r\nlocation: /a\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: Close\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\nmore",
	"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\nContent-Length: 1\n\na", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "ICY 200 OK\r\n\r\n",
}

// FuzzReadAnswer: an answer that is taken is what net/http takes it for.
func FuzzReadAnswer(f *testing.F) {
	for _, a := range answers {
		f.Add([]byte(a), false)
		f.Add([]byte(a), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, head bool) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		s := NewStream(bytes.NewReader(b), 64)
		got, err := ReadAnswer(s, method)
		if err != nil {
			return
		}
		want, in := readAnswer(t, b, method)
		if got.StatusCode != want.StatusCode || got.ProtoMinor != want.ProtoMinor || got.Close && !want.Close && got.ContentLength >= 0 {
			t.Fatalf("%+v\nwant %+v", got, want)
		}
		delete(want.Header, "Transfer-Encoding")
		delete(got.Header, "Transfer-Encoding")
		if want.Close { // net/http takes what was said of it out
			delete(want.Header, "Connection")
			delete(got.Header, "Connection")
		}
		sameFields(t, got.Header, want.Header)
		text, err := io.ReadAll(got.Body)
		if err != nil {
			if errors.Is(err, io.EOF) {
				t.Fatalf("an answer that breaks off ends well: %v", err)
			}
			return
		}
		wanted, wantErr := io.ReadAll(want.Body)
		if wantErr != nil || !bytes.Equal(text, wanted) {
			t.Fatalf("body %q, want %q %v", text, wanted, wantErr)
		}
		rest, _ := io.ReadAll(s)
		wantRest, _ := io.ReadAll(in)
		if !bytes.Equal(rest, wantRest) {
			t.Fatalf("what is left: %q, want %q", rest, wantRest)
		}
	})
}

// readAnswer is net/http's reading, past those that only say that it goes on.
func readAnswer(t *testing.T, b []byte, method string) (*http.Response, *bufio.Reader) {
	in := bufio.NewReader(bytes.NewReader(b))
	for {
		want, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("took what net/http refuses: %v", err)
		}
		if want.StatusCode >= 200 {
			return want, in
		}
	}
}

// TestRefused: what could be read in two ways is refused, with the status that says why.
func TestRefused(t *testing.T) {
	host := "Host: a\r\n"
	for text, want := range map[string]int{
		"GET / HTTP/1.1\r\n\r\n":                                                                         400,
		"GET / HTTP/1.1\r\n" + host + host + "\r\n":                                                      400,
		"GET / HTTP/1.1\r\nHost: a b\r\n\r\n":                                                            400,
		"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n":                                                            400,
		"GET / HTTP/1.1\n" + host + "\r\n":                                                               400,
		"GET / HTTP/1.1\r\nHost: a\n\r\n":                                                                400,
		"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n":                                                            400,
		"\r\nGET / HTTP/1.1\r\n" + host + "\r\n":                                                         400,
		"GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n":                                                  400,
		"GET / HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n":                                                400,
		"GET / HTTP/1.1\r\n" + host + "X: a\x7fb\r\n\r\n":                                                400,
		"GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n":                                               400,
		"GET / HTTP/1.1\r\n" + host + " X: a\r\n\r\n":                                                    400,
		"GET / HTTP/1.1\r\n" + host + "X : a\r\n\r\n":                                                    400,
		"GET / HTTP/1.1\r\n" + host + ": a\r\n\r\n":                                                      400,
		"GET / HTTP/1.1\r\n" + host + "X\r\n\r\n":                                                        400,
		"GET / HTTP/1.1\r\n" + host + "X(: a\r\n\r\n":                                                    400,
		"GET / HTTP/1.1\r\n" + host + "X\x80: a\r\n\r\n":                                                 400,
		"GET / HTTP/1.1 \r\n" + host + "\r\n":                                                            400,
		"GET / http/1.1\r\n" + host + "\r\n":                                                             400,
		"GET /a b HTTP/1.1\r\n" + host + "\r\n":                                                          400,
		"GET /\t HTTP/1.1\r\n" + host + "\r\n":                                                           400,
		"G T / HTTP/1.1\r\n" + host + "\r\n":                                                             400,
		"GET\t/ HTTP/1.1\r\n" + host + "\r\n":                                                            400,
		"GET / HTTP/1.2\r\n" + host + "\r\n":                                                             505,
		"GET / HTTP/2.0\r\n" + host + "\r\n":                                                             505,
		"GET a HTTP/1.1\r\n" + host + "\r\n":                                                             400,
		"GET / HTTP/1.1\r\n" + host + "Content-Length: 1, 1\r\n\r\n":                                     400,
		"GET / HTTP/1.1\r\n" + host + "Content-Length:\r\n\r\n":                                          400,
		"GET / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n":                                       400,
		"GET / HTTP/1.1\r\n" + host + "Content-Length: 0x1\r\n\r\n":                                      400,
		"GET / HTTP/1.1\r\n" + host + "Content-Length: 1_0\r\n\r\n":                                      400,
		"GET / HTTP/1.1\r\n" + host + "Content-Length: \u0661\r\n\r\n":                                   400,
		"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding:\r\n\r\n":                                       501,
		"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n":                                  501,
		"GET / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n":                               501,
		"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: \vchunked\r\n\r\n":                             400,
		"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, chunked\r\n\r\n":                      501,
		"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n": 501,
		"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n":          400,
		"GET / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n":                   400,
		"GET / HTTP/1.1\r\n" + host + "Content-Length: 9999999999999999999\r\n\r\n":                      400,
		"GET / HTTP/1.1\r\n" + host + "Expect: 200-ok\r\n\r\n":                                           417,
		"GET /" + strings.Repeat("a", maxTarget) + " HTTP/1.1\r\n" + host + "\r\n":                       414,
		"GET / HTTP/1.1\r\n" + host + strings.Repeat("X: a\r\n", maxFields) + "\r\n":                     431,
		"GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("a", MaxHead) + "\r\n\r\n":                  431,
		"GET / HTTP/1.1\r\n" + host + strings.Repeat("X", maxName+1) + ": a\r\n\r\n":                     400,
		strings.Repeat("A", 2*MaxHead):                                                                   431,
	} {
		_, err := ReadRequest(NewStream(strings.NewReader(text), inSize))
		var e *Error
		if !errors.As(err, &e) || e.Status != want {
			t.Errorf("%.80q: %v, want %d", text, err, want)
		}
	}
}

// TestChunks: chunks that could be read in two ways break the body, before anything
// that follows is taken for a request.
func TestChunks(t *testing.T) {
	for text, whole := range map[string]bool{
		"5\r\nhello\r\n0\r\n\r\n":                 true,
		"5\r\nhello\r\n0\r\nX: y\r\nZ: a\r\n\r\n": true,
		"005\r\nhello\r\n0\r\n\r\n":               true,
		"5\nhello\r\n0\r\n\r\n":                   false,
		"5\r\nhello\n0\r\n\r\n":                   false,
		"5\r\nhelloX\r\n0\r\n\r\n":                false,
		"5\r\nhell\r\n0\r\n\r\n":                  false,
		"5 \r\nhello\r\n0\r\n\r\n":                false,
		" 5\r\nhello\r\n0\r\n\r\n":                false,
		"+5\r\nhello\r\n0\r\n\r\n":                false,
		"0x5\r\nhello\r\n0\r\n\r\n":               false,
		"5;\r\nhello\r\n0\r\n\r\n":                false,
		"\r\n5\r\nhello\r\n0\r\n\r\n":             false,
		"10000000000000005\r\nhello\r\n0\r\n\r\n": false,
		"5\r\nhello\r\n0\r\nbad line\r\n\r\n":     false,
		"5\r\nhello\r\n0\r\n X: y\r\n\r\n":        false,
		"5\r\nhello\r\n0\r\n":                     false,
		"5\r\nhello\r\n":                          false,
		"5\r\nhel":                                false,
		"5\r\nhello\r\n0\r\n" + strings.Repeat("X: y\r\n", maxTrailer) + "\r\n": false,
	} {
		b, err := io.ReadAll(&Body{s: NewStream(strings.NewReader(text), 64), kind: chunked})
		if (err == nil) != whole || whole && string(b) != "hello" {
			t.Errorf("%.60q: %q %v", text, b, err)
		}
	}
}
