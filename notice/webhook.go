package notice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Webhook posts notices as JSON, signed as Standard Webhooks 1.0 says
// (standardwebhooks.com): HMAC-SHA-256 over id, timestamp and body.
type Webhook struct {
	URL string
	// Secret gives the key: "whsec_" and base64.
	Secret func() (string, error)
	TLS    *tls.Config
	Now    func() time.Time
	client *http.Client
}

// NewWebhook makes a channel. Redirects are not followed: a notice goes where the
// administrator said and nowhere else.
func NewWebhook(url string, secret func() (string, error), t *tls.Config) *Webhook {
	return &Webhook{URL: url, Secret: secret, TLS: t, Now: time.Now, client: &http.Client{
		Timeout:       sendTime,
		Transport:     &http.Transport{TLSClientConfig: t, MaxIdleConns: 2, IdleConnTimeout: time.Minute, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// payload is the body of a webhook.
type payload struct {
	Type      string         `json:"type"`
	Timestamp string         `json:"timestamp"`
	Data      map[string]any `json:"data"`
}

// Send implements Channel.
func (c *Webhook) Send(ctx context.Context, m *Message, _ string) error {
	body, err := json.Marshal(payload{Type: string(m.Kind), Timestamp: m.Time.Format(time.RFC3339Nano), Data: details(m)})
	if err != nil {
		return &Permanent{err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return &Permanent{errors.New("the receiver's address cannot be used")}
	}
	text, err := c.Secret()
	if err != nil {
		return err
	}
	key, err := WebhookKey(text)
	if err != nil {
		return &Permanent{err}
	}
	id, at := "msg_"+m.Key, strconv.FormatInt(c.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "custody")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(Sign(key, id, at, body)))
	resp, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("the receiver was not reached: %w", errors.Unwrap(err))
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return nil
	case resp.StatusCode == http.StatusGone: // the receiver wants no more
		return &Permanent{errors.New("the receiver answers 410: it wants no more")}
	}
	return fmt.Errorf("the receiver answers %d", resp.StatusCode)
}

// details is what programs are told of a notice.
func details(m *Message) map[string]any {
	out := map[string]any{"id": m.Key, "severity": m.Severity.String(), "subject": m.Subject, "text": strings.TrimRight(m.Text, "\n")}
	if m.Path != "" {
		out["link"] = m.Path
	}
	if len(m.Data) > 0 {
		out["data"] = m.Data
	}
	if len(m.Customers) > 0 {
		out["customers"] = len(m.Customers)
	}
	if len(m.keys) > 0 {
		out["customer_keys"] = m.keys
	}
	return out
}

// WebhookKey reads a key as it is written in a file: "whsec_" and base64 of 24 to 64
// bytes.
func WebhookKey(text string) ([]byte, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "whsec_")
	key, err := base64.StdEncoding.DecodeString(rest)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("the webhook's key is not whsec_ and base64 of 24 to 64 bytes")
	}
	return key, nil
}

// Sign gives the signature over id, timestamp (seconds since 1970) and body.
func Sign(key []byte, id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
