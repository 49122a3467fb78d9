package notice

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Syslog sends notices to a collector (RFC 5424): a datagram each over UDP, or with
// octet counting over TCP (RFC 6587) and TLS (RFC 5425). Syslog does not acknowledge:
// what was handed to the network counts as received. Use TLS, or a file, where that is
// not enough.
type Syslog struct {
	Address   string
	Transport string // "udp", "tcp" or "tls"
	TLS       *tls.Config
	OCSF      bool // the event as OCSF JSON instead of text
	Host      string

	mu   sync.Mutex
	conn net.Conn
}

// priorities are facility 13 (log audit) with the severities of syslog.
var priorities = [...]int{Info: 13*8 + 6, Low: 13*8 + 5, Medium: 13*8 + 4, High: 13*8 + 3, Critical: 13*8 + 2}

// Send implements Channel.
func (c *Syslog) Send(ctx context.Context, m *Message, _ string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.connect(ctx); err != nil {
		return err
	}
	line := c.line(m)
	if c.Transport != "udp" {
		line = append(fmt.Appendf(nil, "%d ", len(line)), line...)
	}
	deadline, _ := ctx.Deadline()
	_ = c.conn.SetWriteDeadline(deadline)
	if _, err := c.conn.Write(line); err != nil {
		c.conn.Close()
		c.conn = nil
		return err
	}
	return nil
}

// connect opens the connection, again if the collector has closed it meanwhile.
func (c *Syslog) connect(ctx context.Context) (err error) {
	if c.conn != nil && c.Transport != "udp" {
		_ = c.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		var b [1]byte
		_, err := c.conn.Read(b[:])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			c.conn.Close()
			c.conn = nil
		}
	}
	if c.conn != nil {
		return nil
	}
	switch c.Transport {
	case "udp":
		c.conn, err = (&net.Dialer{}).DialContext(ctx, "udp", c.Address)
	case "tls":
		c.conn, err = (&tls.Dialer{Config: c.TLS}).DialContext(ctx, "tcp", c.Address)
	default:
		c.conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", c.Address)
	}
	return err
}

// line is one message: header, structured data, and the text with a mark that it is
// UTF-8.
func (c *Syslog) line(m *Message) []byte {
	host := c.Host
	if host == "" {
		host = "-"
	}
	text := m.Subject + " - " + strings.Join(strings.Fields(m.Body()), " ")
	if c.OCSF {
		text = string(OCSF(m))
	}
	return fmt.Appendf(nil, "<%d>1 %s %s custody - %s [custody@32473 id=\"%s\" severity=\"%s\"] \ufeff%s",
		priorities[m.Severity], m.Time.Format("2006-01-02T15:04:05.000Z"), host, m.Kind, escape(m.Key), m.Severity, text)
}

// escape guards the characters that end a value (RFC 5424 §6.3.3).
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`).Replace(s)
}

// File appends notices to a file, one OCSF event a line, readable by its owner only.
// It is opened anew each time, so that it can be rotated.
type File struct {
	Path string
	mu   sync.Mutex
}

// Send implements Channel: the line is durable when it returns nil.
func (c *File) Send(_ context.Context, m *Message, _ string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(c.Path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(OCSF(m), '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// OCSF gives a notice as a Detection Finding of the Open Cybersecurity Schema Framework
// 1.3 (class 2004), without a line break.
func OCSF(m *Message) []byte {
	info := map[string]any{"uid": m.Key, "title": m.Subject, "types": []string{string(m.Kind)}, "created_time": m.Time.UnixMilli()}
	if text := strings.TrimRight(m.Text, "\n"); text != "" {
		info["desc"] = text
	}
	if strings.HasPrefix(m.Path, "http") { // a whole address: it is being sent
		info["src_url"] = m.Path
	}
	event := map[string]any{
		"class_uid": 2004, "class_name": "Detection Finding", "category_uid": 2, "category_name": "Findings", "activity_id": 1, "activity_name": "Create",
		"type_uid": 200401, "type_name": "Detection Finding: Create", "time": m.Time.UnixMilli(), "severity_id": int(m.Severity), "severity": severityWords[m.Severity],
		"status_id": 1, "status": "New", "message": m.Subject, "finding_info": info,
		"metadata": map[string]any{"version": "1.3.0", "uid": m.Key, "product": map[string]any{"name": "Custody", "vendor_name": "Custody"}},
	}
	unmapped := map[string]any{}
	for k, v := range m.Data {
		unmapped[k] = v
	}
	if len(m.Customers) > 0 {
		unmapped["customers"] = len(m.Customers)
	}
	if len(m.keys) > 0 {
		unmapped["customer_keys"] = m.keys
	}
	if len(unmapped) > 0 {
		event["unmapped"] = unmapped
	}
	line, _ := json.Marshal(event) // texts and numbers only
	return line
}

var severityWords = [...]string{"Unknown", "Informational", "Low", "Medium", "High", "Critical"}
