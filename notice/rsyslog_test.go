package notice_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custody/notice"
)

// rsyslogConf takes messages by UDP, TCP and TLS and writes what it understood of each,
// a line a message.
const rsyslogConf = `global(workDirectory="DIR" defaultNetstreamDriver="gtls" maxMessageSize="64k"
  defaultNetstreamDriverCAFile="DIR/ca.pem" defaultNetstreamDriverCertFile="DIR/cert.pem" defaultNetstreamDriverKeyFile="DIR/key.pem")
module(load="imudp")
module(load="imptcp")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="seen" type="list" option.jsonf="on") {
  property(outname="by" name="inputname" format="jsonf")
  property(outname="pri" name="pri" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="kind" name="msgid" format="jsonf")
  property(outname="data" name="structured-data" format="jsonf")
  property(outname="version" name="protocol-version" format="jsonf")
  property(outname="text" name="msg" format="jsonf")
}
ruleset(name="keep") { action(type="omfile" file="DIR/seen" template="seen") }
input(type="imudp" address="127.0.0.1" port="UDP" ruleset="keep" name="udp")
input(type="imptcp" address="127.0.0.1" port="TCP" ruleset="keep" name="tcp")
input(type="imtcp" address="127.0.0.1" port="TLS" ruleset="keep" name="tls")
`

func rsyslog(t *testing.T) *server {
	t.Helper()
	s := newServer(t, 3)
	program := s.program("rsyslogd")
	s.write("rsyslog.conf", strings.NewReplacer(`"UDP"`, fmt.Sprintf(`"%d"`, s.ports[0]), `"TCP"`, fmt.Sprintf(`"%d"`, s.ports[1]), `"TLS"`, fmt.Sprintf(`"%d"`, s.ports[2])).Replace(rsyslogConf))
	s.args = []string{program, "-n", "-f", filepath.Join(s.dir, "rsyslog.conf"), "-i", filepath.Join(s.dir, "pid"), "-M", filepath.Join(s.dir, "programs", "rsyslog")}
	s.env = []string{"LD_LIBRARY_PATH=" + filepath.Join(s.dir, "programs", "lib")}
	s.start(s.ports[1:]...)
	return s
}

// syslogLine is what the collector understood of a message.
type syslogLine struct {
	By, Pri, Time, Host, App, Kind, Data, Version, Text string
}

// understood waits until the collector has a message and gives it.
func understood(s *server, key string) (line syslogLine) {
	s.t.Helper()
	var found []byte
	s.await("the message "+key, func() bool {
		for text := range bytes.Lines([]byte(s.read("seen"))) {
			if bytes.Contains(text, []byte(key)) && bytes.HasSuffix(text, []byte("\n")) {
				found = text
			}
		}
		return found != nil
	})
	if err := json.Unmarshal(found, &line); err != nil {
		s.t.Fatalf("%v: %s", err, found)
	}
	return line
}

// TestRsyslogUnderstands: each way and each format, with text that could be taken for
// the frame: quotes, brackets, letters of several bytes, and much of it.
func TestRsyslogUnderstands(t *testing.T) {
	s := rsyslog(t)
	for i, way := range []string{"udp", "tcp", "tls"} {
		for _, ocsf := range []bool{false, true} {
			key := fmt.Sprintf("%s-%v", way, ocsf)
			f := newOffice(t, notice.Options{Receivers: []notice.Receiver{{Name: "syslog-siem", Channel: &notice.Syslog{
				Address: s.address(i), Transport: way, TLS: s.secure, OCSF: ocsf, Host: "gate"}}}})
			m := keyed(key)
			m.Severity, m.Time = notice.High, time.Date(2026, 3, 29, 1, 30, 0, 5e6, time.UTC)
			m.Subject = `Jürgen "J]" Smith has left`
			if way != "udp" {
				m.Text = strings.Repeat("Ended: 2 live sessions – at 12 places. ", 190)
			}
			must(t, f.Put(m))
			f.await(t, "the message", sent(1))
			got := understood(s, key)
			want := syslogLine{By: way, Pri: "107", Time: "2026-03-29T01:30:00.005Z", Host: "gate", App: "custody", Kind: "person.left", Version: "1",
				Data: fmt.Sprintf(`[custody@32473 id="%s" severity="high"]`, key), Text: got.Text}
			if got != want {
				t.Errorf("%s: understood %+v, want %+v", key, got, want)
			}
			checkText(t, &m, strings.TrimPrefix(strings.TrimSpace(got.Text), "\ufeff"), ocsf)
		}
	}
}

// checkText holds the message's own part to what was sent, whole.
func checkText(t *testing.T, m *notice.Message, text string, ocsf bool) {
	t.Helper()
	if !ocsf {
		want := m.Subject + " - " + strings.Join(strings.Fields(m.Text), " ") + " https://custody.example/people/7"
		if text != want {
			t.Errorf("%s: text of %d bytes, want %d: %.300s", m.Key, len(text), len(want), text)
		}
		return
	}
	var e struct {
		Message string
		Info    struct {
			UID, Desc string
		} `json:"finding_info"`
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil || e.Message != m.Subject || e.Info.UID != m.Key || e.Info.Desc != strings.TrimRight(m.Text, "\n") {
		t.Errorf("%s: %v in %.300s", m.Key, err, text)
	}
}

// TestRsyslogRestarts: by TCP and TLS a collector that went away is found gone, and
// what was not handed over goes when it is back.
func TestRsyslogRestarts(t *testing.T) {
	s := rsyslog(t)
	for i, way := range []string{"tcp", "tls"} {
		clock := newClock()
		f := newOffice(t, notice.Options{Now: clock.now, Receivers: []notice.Receiver{{Name: "syslog-siem", Channel: &notice.Syslog{
			Address: s.address(i + 1), Transport: way, TLS: s.secure, Host: "gate"}}}})
		must(t, f.Put(keyed(way+"-before")))
		understood(s, way+"-before")
		f.await(t, "the first", sent(1))
		s.stop()
		must(t, f.Put(keyed(way+"-meanwhile")))
		f.await(t, "the failure", failing(1))
		s.start(s.ports[1:]...)
		clock.forward(time.Minute)
		f.await(t, "the second", sent(2))
		understood(s, way+"-meanwhile")
	}
}

// TestRsyslogOfSomebodyElse: a collector whose certificate does not lead to the
// authority that is named hears nothing.
func TestRsyslogOfSomebodyElse(t *testing.T) {
	s := rsyslog(t)
	c := &notice.Syslog{Address: s.address(2), Transport: "tls", TLS: &tls.Config{}, Host: "gate"}
	m := keyed("else")
	if err := c.Send(t.Context(), &m, ""); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("sent: %v", err)
	}
	c.TLS = s.secure
	m.Key = "ours"
	must(t, c.Send(t.Context(), &m, ""))
	understood(s, "ours")
	if strings.Contains(s.read("seen"), "else") {
		t.Error("the collector has the message")
	}
}
