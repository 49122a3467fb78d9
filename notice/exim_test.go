package notice_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custody/ledger"
	"custody/notice"
	"custody/store"

	"golang.org/x/mod/sumdb/note"
)

// eximConf is a mail server of an employer: STARTTLS on the first port, TLS from the
// first byte on the second; only who signs in may send; gone@ is refused for good, and
// later@ as long as there is a file "busy".
const eximConf = `primary_hostname = mail.example
spool_directory = DIR/spool
log_file_path = DIR/log_%s
pid_file_path = DIR/pid
exim_path = DIR/programs/exim
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
keep_environment = LD_PRELOAD : LD_LIBRARY_PATH : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
local_interfaces = 127.0.0.1
daemon_smtp_ports = STARTTLS : IMPLICIT
tls_on_connect_ports = IMPLICIT
tls_advertise_hosts = *
tls_certificate = DIR/cert.pem
tls_privatekey = DIR/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
begin acl
check_rcpt:
  deny !encrypted = *
       message = encrypt first
  deny !authenticated = *
       message = sign in first
  deny local_parts = gone
       message = no such user here
  defer local_parts = later
       condition = ${if exists{DIR/busy}}
       message = come back later
  accept
check_data:
  warn add_header = X-Seen: by $authenticated_id on $received_port with $tls_in_ver
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  file = DIR/box
  envelope_to_add
  user = Debian-exim
  group = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if and{{eq{$auth2}{custody}}{eq{$auth3}{correct horse}}}}
  server_set_id = $auth2
`

func exim(t *testing.T) *server {
	t.Helper()
	s := newServer(t, 2)
	program := s.program("exim")
	s.write("exim.conf", strings.NewReplacer("STARTTLS", fmt.Sprint(s.ports[0]), "IMPLICIT", fmt.Sprint(s.ports[1])).Replace(eximConf))
	s.args = []string{program, "-C", filepath.Join(s.dir, "exim.conf"), "-bdf"}
	lib := filepath.Join(s.dir, "programs", "lib")
	s.env = []string{"LD_PRELOAD=" + lib + "/libnss_wrapper.so", "LD_LIBRARY_PATH=" + lib,
		"NSS_WRAPPER_PASSWD=" + s.dir + "/passwd", "NSS_WRAPPER_GROUP=" + s.dir + "/group"}
	s.start(s.ports...)
	return s
}

// courier sends by a port of the server, with a password.
func courier(s *server, port int, password string) *notice.Mail {
	return &notice.Mail{Server: s.address(port), TLS: s.secure, Implicit: port == 1, From: "custody@northfield.example",
		Account: func() (string, string, error) { return "custody", password, nil }}
}

// arrived waits for a mail and gives it.
func arrived(s *server, key string) *mail.Message {
	s.t.Helper()
	s.await("mail "+key, func() bool { return strings.Contains(s.read("box"), "<"+key+".") })
	for _, text := range strings.Split(s.read("box"), "\nFrom ") {
		_, text, _ = strings.Cut(text, "\n") // the mailbox's own line
		if m, err := mail.ReadMessage(strings.NewReader(text)); err == nil && strings.Contains(m.Header.Get("Message-Id"), "<"+key+".") {
			return m
		}
	}
	s.t.Fatalf("mail %s cannot be read:\n%s", key, s.read("box"))
	return nil
}

func keyed(key string) notice.Message {
	m := left()
	m.Key = key
	return m
}

// TestEximTakesMail: STARTTLS and TLS from the first byte, each with sign-in.
func TestEximTakesMail(t *testing.T) {
	s := exim(t)
	for port, key := range []string{"by-starttls", "by-tls"} {
		f := newOffice(t, notice.Options{Receivers: []notice.Receiver{{Name: "mail", Mail: true, Channel: courier(s, port, "correct horse")}}})
		must(t, f.Put(keyed(key)))
		f.await(t, "the mail", sent(1))
		m := arrived(s, key)
		if got := m.Header.Get("X-Seen"); got != fmt.Sprintf("by custody on %d with TLS1.3", s.ports[port]) {
			t.Errorf("%s: the server saw %q", key, got)
		}
		if m.Header.Get("Envelope-To") != "lead@northfield.example" || m.Header.Get("From") != "Custody <custody@northfield.example>" {
			t.Errorf("%s: header %v", key, m.Header)
		}
	}
}

// TestEximRefusesAndDefers: a refused address is given up at once and visibly and holds
// up nobody else; one that is put off is tried again until it is there.
func TestEximRefusesAndDefers(t *testing.T) {
	s := exim(t)
	s.write("busy", "")
	clock := newClock()
	f := newOffice(t, notice.Options{Now: clock.now, Book: directory{[]string{"gone@northfield.example", "later@northfield.example", "lead@northfield.example"}},
		Receivers: []notice.Receiver{{Name: "mail", Mail: true, Channel: courier(s, 0, "correct horse")}}})
	must(t, f.Put(keyed("three")))
	f.await(t, "one of each", func(n store.NoticeState) bool { return n.Sent == 1 && n.GivenUp == 1 && n.Failing == 1 })
	why := map[string]string{}
	list, err := f.store.Deliveries(true, 10)
	must(t, err)
	for _, d := range list {
		why[d.Address] = d.State() + ": " + d.Why
	}
	if w := why["gone@northfield.example"]; !strings.Contains(w, "given up: 550 \"no such user here\"") {
		t.Errorf("the refused address: %q", w)
	}
	if w := why["later@northfield.example"]; !strings.Contains(w, "retried: 451 \"come back later\"") {
		t.Errorf("the one put off: %q", w)
	}
	must(t, os.Remove(filepath.Join(s.dir, "busy")))
	clock.forward(time.Minute) // the wait after the first failure is shorter
	f.await(t, "the second attempt", func(n store.NoticeState) bool { return n.Sent == 2 && n.GivenUp == 1 })
}

// TestEximGoesDownAndComesBack: nothing is lost meanwhile, and nothing doubled.
func TestEximGoesDownAndComesBack(t *testing.T) {
	s := exim(t)
	clock := newClock()
	f := newOffice(t, notice.Options{Now: clock.now, Receivers: []notice.Receiver{{Name: "mail", Mail: true, Channel: courier(s, 1, "correct horse")}}})
	s.stop()
	for _, key := range []string{"first", "second"} {
		must(t, f.Put(keyed(key)))
	}
	f.await(t, "the failures", func(n store.NoticeState) bool { return n.Failing == 2 })
	s.start(s.ports...)
	clock.forward(time.Minute)
	f.await(t, "both mails", sent(2))
	arrived(s, "first")
	arrived(s, "second")
	if n := strings.Count(s.read("box"), "Message-ID: <first."); n != 1 {
		t.Errorf("the first mail came %d times", n)
	}
}

// TestEximWantsAnotherPassword: that the server does not take ours is no reason to give
// a notice up: somebody mends the password, and it goes.
func TestEximWantsAnotherPassword(t *testing.T) {
	s := exim(t)
	clock, c := newClock(), courier(s, 0, "")
	passwords := make(chan string, 2)
	passwords <- "wrong"
	passwords <- "correct horse"
	c.Account = func() (string, string, error) { return "custody", <-passwords, nil }
	f := newOffice(t, notice.Options{Now: clock.now, Receivers: []notice.Receiver{{Name: "mail", Mail: true, Channel: c}}})
	must(t, f.Put(keyed("password")))
	f.await(t, "the failure", func(n store.NoticeState) bool { return n.Failing+n.GivenUp == 1 })
	list, err := f.store.Deliveries(true, 1)
	must(t, err)
	if d := list[0]; d.State() != "retried" || !strings.Contains(d.Why, "535") || strings.Contains(d.Why, "wrong") {
		t.Errorf("delivery %+v", d)
	}
	clock.forward(time.Minute)
	f.await(t, "the mail", sent(1))
}

// TestEximBehindSomebodyWhoStripsTLS: who sits in between and hides STARTTLS, or shows
// a certificate of their own, learns neither password nor mail.
func TestEximBehindSomebodyWhoStripsTLS(t *testing.T) {
	s := exim(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	said := make(chan string, 1)
	go strip(l, s.address(0), said)
	c := courier(s, 0, "correct horse")
	c.Server = l.Addr().String()
	err = c.Send(t.Context(), &notice.Message{Key: "k", Subject: "s"}, "lead@northfield.example")
	if err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("sent: %v", err)
	}
	if text := <-said; !strings.HasPrefix(text, "EHLO ") || strings.Count(text, "\r\n") > 2 || strings.Contains(text, "AUTH") || strings.Contains(text, "MAIL") {
		t.Errorf("who sits in between was told %q", text)
	}
	for port := range 2 {
		c := courier(s, port, "correct horse")
		c.TLS = &tls.Config{} // trusts the machine's authorities: not this server's
		c.Account = func() (string, string, error) { t.Error("the password was asked for"); return "", "", nil }
		if err := c.Send(t.Context(), &notice.Message{Key: "k", Subject: "s"}, "lead@northfield.example"); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("port %d: sent: %v", port, err)
		}
	}
	if s.read("box") != "" {
		t.Errorf("mail came: %s", s.read("box"))
	}
}

// strip passes a conversation on without the offer of STARTTLS, and tells what the
// client said.
func strip(l net.Listener, server string, said chan<- string) {
	client, err := l.Accept()
	if err != nil {
		return
	}
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	var heard bytes.Buffer
	go func() {
		defer client.Close()
		for r := bufio.NewReader(upstream); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if !strings.Contains(line, "STARTTLS") {
				_, _ = io.WriteString(client, line)
			}
		}
	}()
	_, _ = io.Copy(io.MultiWriter(upstream, &heard), client)
	upstream.Close()
	said <- heard.String()
}

// TestEximKeepsACheckpoint: a checkpoint goes to those who keep them and to nobody else,
// and what they have in their mailbox is one.
func TestEximKeepsACheckpoint(t *testing.T) {
	s, collector := exim(t), rsyslog(t)
	signed, v := signedNote(t)
	channel := courier(s, 0, "correct horse")
	folder := t.TempDir()
	logs := &notice.Syslog{Address: collector.address(2), Transport: "tls", TLS: collector.secure, Host: "gate", OCSF: true}
	f := newOffice(t, notice.Options{Receivers: []notice.Receiver{
		{Name: "mail", Mail: true, Channel: channel}, {Name: "checkpoint-mail", Mail: true, Channel: channel, Checkpoints: true, To: []string{"auditor@partner.example"}},
		{Name: "checkpoint-folder-1", Channel: &notice.Folder{Path: folder}, Checkpoints: true}, {Name: "checkpoint-syslog-siem", Channel: logs, Checkpoints: true}}})
	key := "checkpoint-0000000000000000059-abc"
	must(t, f.Put(notice.Message{Key: key, Kind: notice.Checkpoint, Subject: "Checkpoint of the ledger custody.example/north after 59 frames", Text: signed, Data: map[string]string{"frames": "59", "root": "AQL"}}))
	must(t, f.Put(left()))
	f.await(t, "three checkpoints and a mail", sent(4))
	if to := arrived(s, key).Header.Get("Envelope-To"); to != "auditor@partner.example" {
		t.Errorf("the checkpoint went to %s", to)
	}
	line := understood(collector, key)
	arrived(s, "cut-7")
	if n := strings.Count(s.read("box"), "Message-ID: "); n != 2 {
		t.Errorf("%d mails came", n)
	}
	file, err := os.ReadFile(filepath.Join(folder, key+".txt"))
	must(t, err)
	for what, text := range map[string]string{"mailbox": s.read("box"), "log": line.Text, "file": string(file)} {
		if c, err := ledger.FindCheckpoint([]byte(text), v); err != nil || c.Size != 59 {
			t.Errorf("the %s: %+v, %v", what, c, err)
		}
	}
	list, err := f.store.SentCheckpoints(10)
	must(t, err)
	where := map[string]string{}
	for _, c := range list {
		where[c.Channel+" "+c.Address] = c.State
		if c.Frames != 59 || c.Note != signed || c.Sent.IsZero() {
			t.Errorf("on record: %+v", c)
		}
	}
	if len(where) != 3 || where["checkpoint-mail auditor@partner.example"] != "sent" || where["checkpoint-folder-1 "] != "sent" {
		t.Errorf("sent to %v", where)
	}
	// A second one under the same name is no checkpoint of the same ledger.
	err = (&notice.Folder{Path: folder}).Send(t.Context(), &notice.Message{Key: key, Text: "another"}, "")
	if !errors.As(err, new(*notice.Permanent)) {
		t.Errorf("overwritten: %v", err)
	}
}

func signedNote(t *testing.T) (string, note.Verifier) {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, "custody.example/north")
	must(t, err)
	signer, err := note.NewSigner(secret)
	must(t, err)
	v, err := note.NewVerifier(public)
	must(t, err)
	signed, err := note.Sign(&note.Note{Text: "custody.example/north\n59\n" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"}, signer)
	must(t, err)
	return string(signed), v
}
