package notice

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

// Mail sends notices by SMTP (RFC 5321).
type Mail struct {
	Server string // host:port
	// TLS is for STARTTLS, or from the first byte with Implicit; nil speaks in clear,
	// which is for a server on this machine.
	TLS      *tls.Config
	Implicit bool
	// Account gives user and password; nil: none is shown.
	Account func() (user, password string, err error)
	From    string
	Now     func() time.Time
}

// Send implements Channel: one mail to one address.
func (c *Mail) Send(ctx context.Context, m *Message, address string) error {
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil {
		return &Permanent{err}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if c.TLS != nil && c.Implicit {
		conn = tls.Client(conn, c.config(host))
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if err := c.prepare(client, host); err != nil {
		return err
	}
	return c.transmit(client, m, address)
}

func (c *Mail) config(host string) *tls.Config {
	t := c.TLS.Clone()
	if t.ServerName == "" {
		t.ServerName = host
	}
	return t
}

// prepare makes the connection secure before anything is shown on it. A server that
// does not offer what is demanded gets nothing.
func (c *Mail) prepare(client *smtp.Client, host string) error {
	if c.TLS != nil && !c.Implicit {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return errors.New("the server does not offer STARTTLS")
		}
		if err := client.StartTLS(c.config(host)); err != nil {
			return err
		}
	}
	if c.Account == nil {
		return nil
	}
	user, password, err := c.Account()
	if err != nil {
		return err
	}
	return client.Auth(smtp.PlainAuth("", user, password, host))
}

func (c *Mail) transmit(client *smtp.Client, m *Message, address string) error {
	if err := client.Mail(c.From); err != nil {
		return err
	}
	if err := client.Rcpt(address); err != nil {
		return final(err)
	}
	w, err := client.Data()
	if err != nil {
		return final(err)
	}
	if _, err := w.Write(c.text(m, address)); err != nil {
		return err
	}
	if err := w.Close(); err != nil { // the server has it when it answers this
		return final(err)
	}
	_ = client.Quit()
	return nil
}

// text is the mail (RFC 5322). Its id comes from the notice, so that a mail that is
// sent twice is one to those who look at ids.
func (c *Mail) text(m *Message, address string) []byte {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	_, domain, _ := strings.Cut(c.From, "@")
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", "Custody <" + c.From + ">"}, {"To", "<" + address + ">"}, {"Subject", mime.QEncoding.Encode("utf-8", m.Subject)},
		{"Date", now().Format(time.RFC1123Z)}, {"Message-ID", fmt.Sprintf("<%s.%d@%s>", m.Key, m.ID, domain)},
		{"Auto-Submitted", "auto-generated"}, {"X-Custody-Kind", string(m.Kind)}, {"X-Custody-Severity", m.Severity.String()},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"},
	} {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(m.Body())) // to memory
	_ = q.Close()
	return b.Bytes()
}

// final makes a server's no to this address or this mail a permanent failure. A no to
// us (our name, our password, our sender) is none: somebody mends it, and it goes.
func final(err error) error {
	var said *textproto.Error
	if errors.As(err, &said) && said.Code >= 500 && said.Code != authenticationRequired {
		return &Permanent{err}
	}
	return err
}

// authenticationRequired is a reply code (RFC 4954 §6).
const authenticationRequired = 530
