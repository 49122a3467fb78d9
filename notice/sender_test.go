package notice_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"custody"
	"custody/identity"
	"custody/notice"
	"custody/store"
)

// box is a mail server that keeps what it takes.
type box struct {
	mu    sync.Mutex
	mails []letter
	fail  error // what RCPT answers; nil takes the mail
	got   chan struct{}
}

type letter struct {
	from, to string
	data     []byte
	user     string
	tls      bool
}

func (b *box) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	return &mailSession{b: b, letter: letter{tls: secure}}, nil
}

type mailSession struct {
	b *box
	letter
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "custody" || password != "correct horse" {
			return errors.New("no")
		}
		s.user = user
		return nil
	}), nil
}
func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.to = to
	return s.b.fail
}
func (s *mailSession) Data(r io.Reader) (err error) {
	if s.data, err = io.ReadAll(r); err != nil {
		return err
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.mails = append(s.b.mails, s.letter)
	s.b.got <- struct{}{}
	return nil
}
func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }

// mailServer runs a real SMTP server with STARTTLS; its certificate is for 127.0.0.1.
func mailServer(t *testing.T) (*box, string, *tls.Config) {
	t.Helper()
	certPEM, keyPEM, err := identity.CreateCA("mail", time.Now())
	must(t, err)
	ca, err := identity.LoadCA(certPEM, keyPEM)
	must(t, err)
	cert, key, err := ca.ServerCertificate([]string{"127.0.0.1"}, time.Now(), time.Hour)
	must(t, err)
	pair, err := tls.X509KeyPair(cert, key)
	must(t, err)
	b := &box{got: make(chan struct{}, 100)}
	s := smtp.NewServer(b)
	s.TLSConfig, s.Domain = &tls.Config{Certificates: []tls.Certificate{pair}}, "mail.example"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	pool := poolOf(t, certPEM)
	return b, l.Addr().String(), &tls.Config{RootCAs: pool}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// directory answers for addresses and keys.
type directory struct{ addresses []string }

func (d directory) Addresses([]notice.Recipient) ([]string, error) { return d.addresses, nil }
func (d directory) Key(c custody.SubjectID) (string, error) {
	if c == 9 {
		return "", nil
	}
	return "C-4711", nil
}

// office is a store with a sender that runs.
type office struct {
	*notice.Outbox
	store  *store.Store
	o      notice.Options
	close  context.CancelFunc
	closed chan struct{}
}

// open begins to send, as a gate that starts does.
func (f *office) open(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	f.close, f.closed = stop, done
	go func() { defer close(done); notice.NewSender(f.o).Run(ctx) }()
}

// stop ends the sending, as the end of the gate does.
func (f *office) stop() { f.close(); <-f.closed }

func newOffice(t *testing.T, o notice.Options) *office {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "custody.db"))
	must(t, err)
	f := &office{Outbox: notice.NewOutbox(s, nil), store: s}
	o.Storage, o.Every, o.Link = s, 5*time.Millisecond, "https://custody.example"
	o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	if o.Book == nil {
		o.Book = directory{[]string{"lead@northfield.example"}}
	}
	f.o = o
	f.open(t)
	t.Cleanup(func() { f.stop(); s.Close() })
	return f
}

// await waits until the outbox is in a state.
func (f *office) await(t *testing.T, what string, ok func(store.NoticeState) bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		n, err := f.store.NoticeState()
		must(t, err)
		if ok(n) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s never came: %+v", what, n)
		}
	}
}

func sent(n int) func(store.NoticeState) bool {
	return func(s store.NoticeState) bool { return s.Sent == n && s.Unrouted == 0 && s.Waiting == 0 }
}

func failing(n int) func(store.NoticeState) bool {
	return func(s store.NoticeState) bool { return s.Failing == n }
}

// clock is a time of day that a test moves forward.
type clock struct{ ahead atomic.Int64 }

func newClock() *clock { return &clock{} }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

func left() notice.Message {
	return notice.Message{Kind: notice.PersonLeft, Key: "cut-7", Subject: "Jürgen Smith has left", Text: "Ended: 2 live sessions.\n", Path: "/people/7",
		Data: map[string]string{"person": "7"}, System: 0, Customers: []custody.SubjectID{4, 9}}
}

func TestMailThroughARealServer(t *testing.T) {
	b, server, secure := mailServer(t)
	f := newOffice(t, notice.Options{Receivers: []notice.Receiver{{Name: "mail", Mail: true, Channel: &notice.Mail{Server: server, TLS: secure, From: "custody@northfield.example",
		Account: func() (string, string, error) { return "custody", "correct horse", nil }}}}})
	must(t, f.Put(left()))
	must(t, f.Put(left())) // the same key: told once
	f.await(t, "the mail", sent(1))
	m := b.mails[0]
	if !m.tls || m.user != "custody" || m.to != "lead@northfield.example" || m.from != "custody@northfield.example" {
		t.Errorf("mail %+v", m)
	}
	msg, err := mail.ReadMessage(bytes.NewReader(m.data))
	must(t, err)
	text, err := io.ReadAll(quotedprintable.NewReader(msg.Body))
	must(t, err)
	if got := msg.Header.Get("Subject"); !strings.Contains(got, "=?utf-8?q?J=C3=BCrgen") {
		t.Errorf("subject %q", got)
	}
	if !strings.Contains(msg.Header.Get("Message-Id"), "cut-7") || msg.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("header %v", msg.Header)
	}
	if !strings.Contains(string(text), "https://custody.example/people/7") || strings.Contains(string(text), "C-4711") {
		t.Errorf("a customer's key is in the mail, or the link is not:\n%s", text)
	}
}

func TestMailThatCannotGoIsTriedAgainOrGivenUpVisibly(t *testing.T) {
	b, server, secure := mailServer(t)
	b.fail = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted lead@northfield.example"}
	f := newOffice(t, notice.Options{Receivers: []notice.Receiver{{Name: "mail", Mail: true, Channel: &notice.Mail{Server: server, TLS: secure, From: "custody@northfield.example"}}}})
	must(t, f.Put(left()))
	f.await(t, "the first failure", func(n store.NoticeState) bool { return n.Failing == 1 })
	list, err := f.store.Deliveries(true, 10)
	must(t, err)
	if d := list[0]; d.Next.IsZero() || strings.Contains(d.Why, "lead@") || !strings.Contains(d.Why, "greylisted") {
		t.Errorf("delivery %+v", d)
	}
	b.mu.Lock()
	b.fail = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	b.mu.Unlock()
	_, err = f.store.RetryDelivery(list[0].ID, time.Now())
	must(t, err)
	f.await(t, "giving up", func(n store.NoticeState) bool { return n.GivenUp == 1 && n.Waiting == 0 })
	b.mu.Lock()
	b.fail = nil
	b.mu.Unlock()
	_, err = f.store.RetryDelivery(0, time.Now())
	must(t, err)
	f.await(t, "the mail", sent(1))
}

// TestMailIsNotSentInClear: a server without STARTTLS gets neither password nor mail.
func TestMailIsNotSentInClear(t *testing.T) {
	b := &box{got: make(chan struct{}, 10)}
	s := smtp.NewServer(b)
	s.Domain, s.AllowInsecureAuth = "mail.example", true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	c := &notice.Mail{Server: l.Addr().String(), TLS: &tls.Config{}, From: "custody@northfield.example",
		Account: func() (string, string, error) { t.Error("the password was asked for"); return "", "", nil }}
	if err := c.Send(t.Context(), &notice.Message{Key: "k", Subject: "s"}, "a@b.example"); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("sent: %v", err)
	}
}

func TestWebhookIsSignedAndRetried(t *testing.T) {
	key := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{3}, 32))
	raw, err := notice.WebhookKey(key)
	must(t, err)
	var mu sync.Mutex
	var ids []string
	var last map[string]any
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		id, at := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
		if r.Header.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(notice.Sign(raw, id, at, body)) {
			t.Error("the signature does not fit")
		}
		if ids = append(ids, id); len(ids) == 1 {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusTemporaryRedirect)
			return
		}
		_ = json.Unmarshal(body, &last)
	}))
	defer server.Close()
	t1 := server.Client().Transport.(*http.Transport).TLSClientConfig
	f := newOffice(t, notice.Options{Receivers: []notice.Receiver{{Name: "webhook-chat", CustomerKeys: true,
		Channel: notice.NewWebhook(server.URL, func() (string, error) { return key, nil }, t1)}}})
	must(t, f.Put(left()))
	f.await(t, "the failure", func(n store.NoticeState) bool { return n.Failing == 1 })
	list, err := f.store.Deliveries(true, 1)
	must(t, err)
	f.stop() // what had failed is sent by the gate that starts next
	_, err = f.store.RetryDelivery(list[0].ID, time.Now())
	must(t, err)
	f.open(t)
	f.await(t, "the second attempt", sent(1))
	mu.Lock()
	defer mu.Unlock()
	if len(ids) != 2 || ids[0] != ids[1] || ids[0] != "msg_cut-7" {
		t.Errorf("ids %v", ids)
	}
	data := last["data"].(map[string]any)
	if last["type"] != "person.left" || data["link"] != "https://custody.example/people/7" {
		t.Errorf("body %v", last)
	}
	if keys := data["customer_keys"].([]any); keys[0] != "C-4711" || keys[1] != "(erased)" {
		t.Errorf("keys %v", keys)
	}
}

func TestSyslogCountsOctetsAndComesBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	lines := make(chan string, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(conn)
			count, err := r.ReadString(' ')
			if err != nil {
				return
			}
			n := 0
			for _, c := range strings.TrimSpace(count) {
				n = n*10 + int(c-'0')
			}
			b := make([]byte, n)
			if _, err := io.ReadFull(r, b); err != nil {
				return
			}
			lines <- string(b)
			conn.Close() // a collector that restarts
		}
	}()
	f := newOffice(t, notice.Options{Receivers: []notice.Receiver{{Name: "syslog-siem", Channel: &notice.Syslog{Address: l.Addr().String(), Transport: "tcp", Host: "gate"}}}})
	for _, key := range []string{"one", "two"} {
		m := left()
		m.Key, m.Severity = key, notice.High
		must(t, f.Put(m))
		line := <-lines
		if !strings.HasPrefix(line, "<107>1 ") || !strings.Contains(line, ` gate custody - person.left [custody@32473 id="`+key+`"`) || !strings.Contains(line, "\ufeffJürgen") {
			t.Errorf("line %q", line)
		}
	}
}

func TestFileHoldsOneEventALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notices", "ocsf.jsonl")
	f := newOffice(t, notice.Options{Receivers: []notice.Receiver{{Name: "file-agent", Channel: &notice.File{Path: path}, Kinds: []string{"person.*"}, Least: notice.Low}}})
	low, high := left(), left()
	high.Key, high.Severity = "cut-8", notice.Medium
	other := notice.Message{Kind: notice.ReviewDue, Severity: notice.Critical, Subject: "Not for this file"}
	for _, m := range []notice.Message{low, high, other} {
		must(t, f.Put(m))
	}
	f.await(t, "the line", func(n store.NoticeState) bool { return n.Sent == 1 && n.Unrouted == 0 })
	text, err := os.ReadFile(path)
	must(t, err)
	var e map[string]any
	must(t, json.Unmarshal(text, &e))
	if e["class_uid"] != 2004.0 || e["type_uid"] != 200401.0 || e["severity_id"] != 3.0 || e["finding_info"].(map[string]any)["uid"] != "cut-8" {
		t.Errorf("event %s", text)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func poolOf(t *testing.T, pem []byte) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate")
	}
	return pool
}
