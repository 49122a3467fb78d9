package signin

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"custody"
	"custody/identity"
)

// sessionCookie is the kind of the cookie of a session; flows have others. Names carry
// the system's, because a browser does not keep cookies of two ports apart.
const sessionCookie = "custody"

// cookieName is a cookie's full name. The prefix makes browsers insist on Secure,
// Path=/ and no Domain (RFC 6265bis, section 4.1.3.2).
func (d *Door) cookieName(kind string) string { return "__Host-" + kind + "_" + d.o.System }

func (d *Door) setCookie(w http.ResponseWriter, kind, value string, age time.Duration) {
	c := &http.Cookie{Name: d.cookieName(kind), Value: value, Path: "/", Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: int(age / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (d *Door) readCookie(r *http.Request, kind string) (string, bool) {
	c, err := r.Cookie(d.cookieName(kind))
	if err != nil || c.Value == "" {
		return "", false
	}
	return c.Value, true
}

// flows are ceremonies under way. What the door must remember of one is sealed into a
// cookie, so that strangers cannot fill its memory; what was finished is remembered
// until it would have expired, so that nothing is finished twice.
type flows struct {
	sealer *identity.Sealer
	system string
	now    func() time.Time

	mu   sync.Mutex
	used map[string]time.Time
}

func newFlows(s *identity.Sealer, system string, now func() time.Time) *flows {
	return &flows{sealer: s, system: system, now: now, used: map[string]time.Time{}}
}

// sealed is what a flow's cookie holds.
type sealed struct {
	Until time.Time       `json:"u"`
	Data  json.RawMessage `json:"d"`
}

var errFlow = custody.E(custody.CodeUnauthorised, "this took too long, or was begun in another browser", "begin again")

// begin puts a flow's data into its cookie.
func (d *Door) begin(w http.ResponseWriter, kind string, data any, ttl time.Duration) error {
	inner, err := json.Marshal(data)
	if err != nil {
		return err
	}
	text, err := json.Marshal(sealed{d.o.Now().Add(ttl), inner})
	if err != nil {
		return err
	}
	value := base64.RawURLEncoding.EncodeToString(d.flows.sealer.Seal(text, d.flows.about(kind)))
	if len(value) > 3800 {
		return custody.E(custody.CodeTooLarge, "this sign-in needs a larger cookie than browsers keep", "tell the administrator")
	}
	d.setCookie(w, "custody_"+kind, value, ttl)
	return nil
}

func (f *flows) about(kind string) []byte { return []byte(kind + "\x00" + f.system) }

// under reads a flow's data and gives its cookie's value, for finish.
func (d *Door) under(r *http.Request, kind string, data any) (string, error) {
	value, ok := d.readCookie(r, "custody_"+kind)
	if !ok || d.flows.finished(value) {
		return "", errFlow
	}
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return "", errFlow
	}
	text, err := d.flows.sealer.Open(raw, d.flows.about(kind))
	if err != nil {
		return "", errFlow
	}
	var s sealed
	if json.Unmarshal(text, &s) != nil || !d.o.Now().Before(s.Until) || json.Unmarshal(s.Data, data) != nil {
		return "", errFlow
	}
	return value, nil
}

// finish takes a flow's cookie away and makes sure that it is finished once: false if
// it was already.
func (d *Door) finish(w http.ResponseWriter, kind, value string) bool {
	d.setCookie(w, "custody_"+kind, "", 0)
	return d.flows.use(value)
}

// longest is the longest that a flow lives.
const longest = 30 * time.Minute

func (f *flows) use(value string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	for v, until := range f.used {
		if now.After(until) {
			delete(f.used, v)
		}
	}
	if _, was := f.used[value]; was {
		return false
	}
	f.used[value] = now.Add(longest)
	return true
}

func (f *flows) finished(value string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, was := f.used[value]
	return was
}
