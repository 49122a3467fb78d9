package http1

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serve runs a server on a real listener and gives its address.
func serve(t testing.TB, s *Server, h http.HandlerFunc) string {
	t.Helper()
	s.Handler = h
	for _, d := range []*time.Duration{&s.HeadTime, &s.IdleTime, &s.WriteTime} {
		if *d == 0 {
			*d = 20 * time.Second
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func dial(t testing.TB, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

// say sends bytes and gives all that comes back until the connection ends.
func say(t testing.TB, address, text string) string {
	t.Helper()
	c := dial(t, address)
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(c)
	return string(b)
}

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
	fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, b)
}

const last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

// bodies parts what came back into answers, as net/http reads them.
func bodies(t testing.TB, text string, methods ...string) (list []string) {
	t.Helper()
	in := bufio.NewReader(strings.NewReader(text))
	for i := 0; ; i++ {
		method := http.MethodGet
		if i < len(methods) {
			method = methods[i]
		}
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return list
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			b = append(b, "!"+err.Error()...)
		}
		list = append(list, strconv.Itoa(resp.StatusCode)+" "+string(b))
	}
}

// TestInOrder: requests that were sent at once are answered one after the other, with
// their own bodies, however the bodies are framed.
func TestInOrder(t *testing.T) {
	address := serve(t, &Server{}, echo)
	text := "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" +
		"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" +
		"POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n" +
		"HEAD /4 HTTP/1.1\r\nHost: a\r\n\r\n" + last
	want := []string{"200 GET /1 ", "200 POST /2 hello", "200 POST /3 abcde", "200 ", "200 GET /last "}
	methods := []string{"GET", "POST", "POST", "HEAD", "GET"}
	if got := bodies(t, say(t, address, text), methods...); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("at once: %q", got)
	}
	c := dial(t, address)
	go func() {
		for i := range len(text) {
			_, _ = c.Write([]byte{text[i]})
		}
	}()
	b, _ := io.ReadAll(c)
	if got := bodies(t, string(b), methods...); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("byte by byte: %q", got)
	}
}

// TestUnread: a body that the handler did not read is never taken for a request.
func TestUnread(t *testing.T) {
	asked := make(chan string, 10)
	address := serve(t, &Server{}, func(w http.ResponseWriter, r *http.Request) { asked <- r.URL.Path })
	hidden := "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
	for _, head := range []string{fmt.Sprintf("Content-Length: %d\r\n\r\n", len(hidden)), fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", len(hidden)),
		fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(hidden))} {
		got := say(t, address, "POST /post HTTP/1.1\r\nHost: a\r\n"+head+hidden)
		if n := len(bodies(t, got)); n != 1 || !strings.Contains(got, "Connection: close") || <-asked != "/post" || len(asked) > 0 {
			t.Errorf("%q: %d answers, %s", head, n, got)
		}
	}
}

// TestGoOn: a client that waits for the word gets it when somebody reads, and not when
// the answer is no.
func TestGoOn(t *testing.T) {
	address := serve(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		echo(w, r)
	})
	head := " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	c := dial(t, address)
	_, _ = io.WriteString(c, "POST /yes"+head)
	in := bufio.NewReader(c)
	if line, _ := in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Errorf("the word to go on: %q", line)
	}
	_, _ = io.WriteString(c, "hello"+last)
	b, _ := io.ReadAll(in)
	if got := bodies(t, strings.TrimPrefix(string(b), "\r\n")); len(got) != 2 || got[0] != "200 POST /yes hello" {
		t.Errorf("after it: %q", got)
	}
	if got := say(t, address, "POST /no"+head); !strings.HasPrefix(got, "HTTP/1.1 403 ") || strings.Contains(got, "100 Continue") {
		t.Errorf("when the answer is no: %q", got)
	}
}

// TestFraming: a short answer has its length, a long or flushed one comes in chunks, and
// one for an old client ends with the connection.
func TestFraming(t *testing.T) {
	long := strings.Repeat("0123456789", 10_000)
	address := serve(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/flush":
			_, _ = io.WriteString(w, "one")
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "two")
		case "/long":
			_, _ = io.WriteString(w, long)
		case "/parts":
			for i := range 100 {
				_, _ = io.WriteString(w, long[i*1000:(i+1)*1000])
			}
		case "/said":
			w.Header().Set("Content-Length", strconv.Itoa(len(long)))
			_, _ = io.WriteString(w, long)
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/same":
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(http.StatusNotModified)
		default:
			_, _ = io.WriteString(w, "short")
		}
	})
	for path, want := range map[string]struct{ field, body string }{
		"/": {"Content-Length: 5\r\n", "200 short"}, "/flush": {"Transfer-Encoding: chunked\r\n", "200 onetwo"}, "/long": {"Transfer-Encoding: chunked\r\n", "200 " + long},
		"/parts": {"Transfer-Encoding: chunked\r\n", "200 " + long}, "/said": {"Content-Length: 100000\r\n", "200 " + long}, "/none": {"204 No Content\r\n", "204 "},
		"/same": {"Content-Length: 100\r\n", "304 "},
	} {
		got := say(t, address, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n"+last)
		if list := bodies(t, got); !strings.Contains(got, want.field) || len(list) != 2 || list[0] != want.body {
			t.Errorf("%s: %.200q", path, got)
		}
		got = say(t, address, "GET "+path+" HTTP/1.0\r\n\r\n")
		if list := bodies(t, got); strings.Contains(got, "chunked") || len(list) != 1 || list[0] != want.body || !strings.Contains(got, "Connection: close\r\n") {
			t.Errorf("%s in HTTP/1.0: %.200q", path, got)
		}
		got = say(t, address, "HEAD "+path+" HTTP/1.1\r\nHost: a\r\n\r\n"+last)
		if list := bodies(t, got, "HEAD"); len(list) != 2 {
			t.Errorf("HEAD %s: %.200q", path, got)
		}
	}
}

// TestTruncated: an answer that the handler does not finish never looks whole.
func TestTruncated(t *testing.T) {
	address := serve(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/length":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		case "/length-abort":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		case "/abort":
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/fault":
			_, _ = io.WriteString(w, strings.Repeat("half", maxHeld))
			panic("a fault")
		case "/more":
			w.Header().Set("Content-Length", "4")
			if _, err := io.WriteString(w, "more than that"); err != http.ErrContentLength {
				t.Errorf("more than was said: %v", err)
			}
		}
	})
	for _, path := range []string{"/length", "/length-abort", "/abort", "/fault", "/more"} {
		for _, version := range []string{"1.1", "1.0"} {
			c := dial(t, address)
			_, _ = io.WriteString(c, "GET "+path+" HTTP/"+version+"\r\nHost: a\r\n\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				continue
			}
			if b, err := io.ReadAll(resp.Body); err == nil {
				t.Errorf("%s in HTTP/%s looks whole: %.80q", path, version, b)
			}
		}
	}
}

// TestInjection: nothing that a handler says can begin a field or an answer.
func TestInjection(t *testing.T) {
	address := serve(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Value"] = []string{"a\r\nSet-Cookie: b=c\r\n\r\nHTTP/1.1 200 OK", "\x00\x7f"}
		h["X-Name\r\nSet-Cookie"] = []string{"d"}
		h["X Name"], h[""] = []string{"e"}, []string{"f"}
		h["Transfer-Encoding"], h["Trailer"] = []string{"gzip"}, []string{"X"}
	})
	got := say(t, address, last)
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got)), nil)
	if err != nil || len(resp.Header["X-Value"]) != 2 || resp.Header.Get("Set-Cookie") != "" || len(resp.TransferEncoding) > 0 || len(resp.Header) > 4 {
		t.Errorf("%v %q", err, got)
	}
}

// TestSlow: a head that does not come to its end in time is answered so; a connection
// without a request ends in silence; neither holds its place for ever.
func TestSlow(t *testing.T) {
	address := serve(t, &Server{HeadTime: 100 * time.Millisecond, IdleTime: 200 * time.Millisecond}, echo)
	if got := say(t, address, "GET / HTTP/1.1\r\nHost: a\r\nX: "); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
		t.Errorf("half a head: %q", got)
	}
	if got := say(t, address, ""); got != "" {
		t.Errorf("silence: %q", got)
	}
	c := dial(t, address)
	go func() { // a byte now and then does not buy more time
		for _, b := range []byte("GET / HTTP/1.1\r\n" + strings.Repeat("X", 10_000)) {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if b, _ := io.ReadAll(c); !strings.HasPrefix(string(b), "HTTP/1.1 408 ") {
		t.Errorf("a head drop by drop: %q", b)
	}
	if got := say(t, address, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("half a body: %q", got)
	}
}

// TestGone: a handler learns that its client went away, whether or not there was a body.
func TestGone(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	address := serve(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		begun <- struct{}{}
		<-r.Context().Done()
		ended <- struct{}{}
	})
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"} {
		c := dial(t, address)
		_, _ = io.WriteString(c, text)
		<-begun
		c.Close()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Fatal("the handler was not told")
		}
	}
}

// TestWatched: a request that arrives while another one runs long is answered after it.
func TestWatched(t *testing.T) {
	goOn := make(chan struct{})
	s := &Server{}
	address := serve(t, s, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			<-goOn
		}
		echo(w, r)
	})
	c := dial(t, address)
	_, _ = io.WriteString(c, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
	for !s.watches() {
		time.Sleep(time.Millisecond)
	}
	_, _ = io.WriteString(c, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"+last)
	close(goOn)
	b, _ := io.ReadAll(c)
	if got := bodies(t, string(b)); fmt.Sprint(got) != "[200 GET /long  200 GET /next  200 GET /last ]" {
		t.Errorf("%q", got)
	}
}

// watches says whether some connection is watched.
func (s *Server) watches() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.watchMu.Lock()
		on := c.reads != nil
		c.watchMu.Unlock()
		if on {
			return true
		}
	}
	return false
}

// TestOther: an upgrade, and HTTP/2, are handed over with all that was read.
func TestOther(t *testing.T) {
	other := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "other ", r.Proto, r.URL) })}
	l := &listener{make(chan net.Conn), make(chan struct{})}
	go other.Serve(l)
	defer other.Close()
	address := serve(t, &Server{Other: func(c net.Conn) { l.coming <- c }}, echo)
	got := say(t, address, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"+last)
	if list := bodies(t, got); fmt.Sprint(list) != "[200 GET /1  200 other HTTP/1.1/2 200 other HTTP/1.1/last]" {
		t.Errorf("%q", list)
	}
	ts := httptest.NewUnstartedServer(nil)
	ts.EnableHTTP2 = true
	ts.StartTLS()
	defer ts.Close()
	config := ts.TLS.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	secure := &http.Server{Handler: other.Handler, TLSConfig: config}
	l2 := &listener{make(chan net.Conn), make(chan struct{})}
	go secure.Serve(l2)
	defer secure.Close()
	address = serve(t, &Server{TLS: config, Other: func(c net.Conn) { l2.coming <- c }}, echo)
	for _, h2 := range []bool{true, false} {
		roots := ts.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}, ForceAttemptHTTP2: h2}}
		resp, err := client.Get("https://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := map[bool]string{true: "other HTTP/2.0/", false: "GET / "}[h2]; string(b) != want {
			t.Errorf("%q, want %q", b, want)
		}
		client.CloseIdleConnections()
	}
}

// listener gives what it is given.
type listener struct {
	coming chan net.Conn
	done   chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.coming:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { close(l.done); return nil }
func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }

// TestClose: closing ends what waits, what runs and what is idle.
func TestClose(t *testing.T) {
	s := &Server{}
	begun := make(chan struct{})
	address := serve(t, s, func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	idle, running := dial(t, address), dial(t, address)
	_, _ = io.WriteString(running, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-begun
	s.Close()
	for _, c := range []net.Conn{idle, running} {
		if b, _ := io.ReadAll(c); len(b) > 0 {
			t.Errorf("%q", b)
		}
	}
}
