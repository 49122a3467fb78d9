// Package totp is the time-based one-time password of RFC 6238 with the parameters
// that every authenticator app has: HMAC-SHA-1, 30 seconds, six digits.
package totp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	// Period is the length of a time step.
	Period = 30 * time.Second
	// Digits is the length of a code.
	Digits = 6
	// Skew is how many steps a clock may be off, each way.
	Skew = 1
	// SecretSize is the length of a secret in bytes, as RFC 4226 recommends.
	SecretSize = 20
)

// NewSecret makes a random secret.
func NewSecret() []byte {
	b := make([]byte, SecretSize)
	rand.Read(b) // never fails: it ends the process instead
	return b
}

// Step is the number of the time step that t lies in.
func Step(t time.Time) int64 { return t.Unix() / int64(Period/time.Second) }

// Code is the code of a step (RFC 4226, section 5.3), with leading zeros.
func Code(secret []byte, step int64) string {
	return fmt.Sprintf("%0*d", Digits, truncated(secret, step)%1_000_000)
}

// truncated is the dynamic truncation of RFC 4226, a number of 31 bits.
func truncated(secret []byte, step int64) uint32 {
	m := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	m.Write(counter[:])
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
}

// Verify finds the step that a code belongs to, at most Skew from now, later than
// last. The caller makes the step durable as the last one before it lets anybody in.
// It compares every candidate, whichever fits.
func Verify(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	code = Normal(code)
	for s := Step(now) - Skew; s <= Step(now)+Skew; s++ {
		if subtle.ConstantTimeCompare([]byte(Code(secret, s)), []byte(code)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

// Normal takes away the spaces and dashes that people type between digits; it gives
// nothing if the rest is not six digits.
func Normal(code string) string {
	code = strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(code)
	if len(code) != Digits || strings.Trim(code, "0123456789") != "" {
		return ""
	}
	return code
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Text writes a secret as people type it, in groups of four.
func Text(secret []byte) string {
	text := encoding.EncodeToString(secret)
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), " ")
}

// URI is what a QR code holds for an authenticator app
// (https://github.com/google/google-authenticator/wiki/Key-Uri-Format).
func URI(secret []byte, issuer, account string) string {
	issuer = strings.ReplaceAll(issuer, ":", "")
	q := url.Values{"secret": {encoding.EncodeToString(secret)}, "issuer": {issuer},
		"algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}
