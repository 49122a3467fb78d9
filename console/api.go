package console

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
)

// apiPrefix is where programs ask.
const apiPrefix = "/api/v1/"

// call is one operation for programs. Its pattern is below apiPrefix. takes and gives
// are zero values of what it reads and answers, of which the description is made.
type call struct {
	method, pattern string
	id, about       string
	area            area
	scope           string
	traits          trait
	query           []param
	takes, gives    any // gives is a file if run writes the answer itself
	run             func(*visit, any) (any, error)
}

// trait says how a call is treated.
type trait uint8

const (
	dear   trait = 1 << iota // costs more than others, or walks through customers: a rate of its own
	list                     // gives is one item of a page of them
	asks                     // a POST that changes nothing, so that what is asked stands in no address
	lists                    // takes a list as a file, which may be long
	secret                   // answers with a secret, which is given once and kept nowhere
)

func (k *call) is(t trait) bool { return k.traits&t != 0 }

// file is the media type of an answer that is no JSON.
type file string

// param is a parameter of an address.
type param struct{ name, about, kind string }

// serveAPI answers programs: who a token says, within its scopes and the person's roles.
func (c *Console) serveAPI(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == apiPrefix+"openapi.json" && r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(c.description)
		return
	}
	c.api.ServeHTTP(w, r)
}

func (c *Console) apiRoutes() {
	c.api = http.NewServeMux()
	for _, k := range calls() {
		c.api.HandleFunc(k.method+" "+apiPrefix+k.pattern, func(w http.ResponseWriter, r *http.Request) { c.answerCall(w, r, &k) })
	}
	c.api.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { problem(w, errNothing) })
}

// answerCall judges a call and runs it.
func (c *Console) answerCall(w http.ResponseWriter, r *http.Request, k *call) {
	v, err := c.caller(w, r, k)
	if err != nil {
		problem(w, err)
		return
	}
	most := int64(maxBody)
	if k.is(lists) {
		most = maxLists
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	in, raw, err := k.read(r)
	if err == nil {
		err = k.asked(r)
	}
	if err != nil {
		problem(w, err)
		return
	}
	key := r.Header.Get("Idempotency-Key")
	switch {
	case k.file() != "":
		v.download(k, in)
	case k.method == http.MethodGet: // or HEAD, which its pattern lets in too
		v.fetch(k, in)
	case key == "" || k.is(asks):
		status, body := v.run(k, in)
		send(w, status, body)
	default:
		v.once(k, in, raw, key)
	}
}

// file is the media type of an answer that run writes itself; empty for JSON.
func (k *call) file() file {
	f, _ := k.gives.(file)
	return f
}

// fetch answers with what is there, or with no more than that it is what the program has.
func (v *visit) fetch(k *call, in any) {
	status, body := v.run(k, in)
	if status == http.StatusOK {
		sum := sha256.Sum256(body)
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
		v.w.Header().Set("ETag", tag)
		if known(v.r.Header.Get("If-None-Match"), tag) {
			v.w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	send(v.w, status, body)
}

// known says whether a tag is among those of If-None-Match (RFC 9110, 13.1.2).
func known(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}

// download lets a call write its answer itself. What fails before the first byte is a
// problem like any other.
func (v *visit) download(k *call, in any) {
	if _, err := k.run(v, in); err != nil {
		v.w.Header().Del("Content-Disposition")
		status, body := v.failed(k, err)
		send(v.w, status, body)
	}
}

// caller finds who calls, with which token, and holds them to scope and role.
func (c *Console) caller(w http.ResponseWriter, r *http.Request, k *call) (*visit, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	if !ok || len(token) > 200 {
		return nil, errToken
	}
	if err := c.perRate.take("guess "+address, burst, perSecond); err != nil {
		return nil, err
	}
	sess, scopes, err := c.o.Tokens.Open(r.Context(), token, address)
	if err != nil {
		return nil, err
	}
	if k.scope != "" && !slices.Contains(scopes, k.scope) {
		return nil, custody.E(custody.CodeForbidden, "this token is not for that", "make one with the scope "+k.scope)
	}
	g, err := c.guest(sess)
	if err != nil {
		return nil, err
	}
	v := &visit{c: c, w: w, r: r, g: g, sess: sess, area: k.area}
	return v, v.admit(&route{area: k.area, dear: k.is(dear)})
}

var errToken = custody.E(custody.CodeUnauthorised, "a token is needed", "send Authorization: Bearer with a token from the page Tokens for programs")

// run runs a call and gives what to answer.
func (v *visit) run(k *call, in any) (int, []byte) {
	out, err := k.run(v, in)
	if err != nil {
		return v.failed(k, err)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return problemOf(err)
	}
	return http.StatusOK, b
}

// failed makes a problem of an error, and logs a fault of ours.
func (v *visit) failed(k *call, err error) (int, []byte) {
	if statusOf(err) >= http.StatusInternalServerError {
		v.c.o.Log.Error("a call of a program failed", "session", v.sess.ID, "call", k.id, "err", causeOf(err))
	}
	return problemOf(err)
}

// once runs a write under its idempotency key: the same again gets the same answer, and
// another request under the same key is refused.
func (v *visit) once(k *call, in any, raw []byte, key string) {
	if len(key) > 100 {
		problem(v.w, custody.E(custody.CodeInvalid, "the idempotency key is too long", "at most 100 bytes, such as a UUID"))
		return
	}
	digest := sha256.Sum256(append([]byte(k.method+" "+v.r.URL.Path+"\n"), raw...))
	before, err := v.c.o.Tokens.Begin(v.sess.Person, key, digest)
	switch {
	case err != nil:
		problem(v.w, err)
	case before == nil:
		v.first(k, in, key)
	case before.Digest != digest:
		problem(v.w, custody.E(custody.CodeInvalid, "this idempotency key was used for another request", "choose a new key for each request"))
	case before.Status == 0:
		problem(v.w, custody.E(custody.CodeConflict, "the same request is being carried out already", "ask again in a moment"))
	default:
		v.w.Header().Set("Idempotency-Replayed", "true")
		send(v.w, before.Status, before.Body)
	}
}

// first runs a write and keeps its answer. One that failed for a reason that may pass,
// or broke off, gives its key back.
func (v *visit) first(k *call, in any, key string) {
	status, body := 0, []byte(nil)
	defer func() {
		kept := status
		if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
			kept = 0
		}
		keep := body
		if k.is(secret) && status == http.StatusOK {
			kept, keep = problemOf(errOnce)
		}
		if err := v.c.o.Tokens.Finish(v.sess.Person, key, kept, keep); err != nil {
			v.c.o.Log.Error("the answer of an idempotency key could not be kept", "err", err)
		}
		if status != 0 {
			send(v.w, status, body)
		}
	}()
	status, body = v.run(k, in)
}

// errOnce is the answer to the same request again if its answer is a secret.
var errOnce = custody.E(custody.CodeConflict, "this was done, and its answer was given once", "ask under a new idempotency key for a new one")

// send answers a program.
func send(w http.ResponseWriter, status int, body []byte) {
	kind := "application/json"
	if status >= http.StatusBadRequest {
		kind = "application/problem+json"
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "30")
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="custody"`)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// Problem is an error as programs get it (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code"`
}

func problemOf(err error) (int, []byte) {
	status := statusOf(err)
	message, hint := publicly(err)
	b, _ := json.Marshal(Problem{"urn:custody:problem:" + custody.CodeOf(err).String(), message, status, hint, custody.CodeOf(err).String()})
	return status, b
}

func problem(w http.ResponseWriter, err error) {
	status, body := problemOf(err)
	send(w, status, body)
}

// Page is a part of a list and where the next part begins.
type Page struct {
	Items any `json:"items"`
	// Next is the cursor of the next part; empty at the end.
	Next string `json:"next,omitempty"`
}

// The parameters of lists.
var (
	paging   = []param{{"limit", "at most so many items, 100 if not said, 500 at most", "integer"}, {"cursor", "next of the part before", "string"}}
	aPeriod  = []param{{"since", "from this time on (RFC 3339)", "date-time"}, {"until", "before this time (RFC 3339)", "date-time"}}
	maxItems = 500
)

// part gives the part of a list that was asked for: a cursor of such a list is the place
// where the next part begins.
func part[T any](v *visit, items []T) (Page, error) {
	most, err := v.limit()
	if err != nil {
		return Page{}, err
	}
	from, err := v.cursor()
	if err != nil {
		return Page{}, err
	}
	p := Page{Items: append([]T{}, items[min(from, uint64(len(items))):]...)}
	if rest := uint64(len(items)) - min(from, uint64(len(items))); rest > uint64(most) {
		p = Page{Items: items[from : from+uint64(most)], Next: strconv.FormatUint(from+uint64(most), 10)}
	}
	return p, nil
}

// limit reads how many items a list is to have.
func (v *visit) limit() (int, error) {
	text := v.r.URL.Query().Get("limit")
	if text == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxItems {
		return 0, errLimit
	}
	return n, nil
}

var errLimit = custody.E(custody.CodeInvalid, "limit is not a number from 1 to 500", "leave it out for 100")

// cursor reads where a part begins: zero is the beginning.
func (v *visit) cursor() (uint64, error) { return cursorOf(v.r.URL.Query().Get("cursor")) }

func cursorOf(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, custody.E(custody.CodeInvalid, "this cursor is not one that the list gave", "send the value of next from the part before")
	}
	return n, nil
}

// period reads since and until.
func (v *visit) period() (from, to time.Time, err error) {
	q := v.r.URL.Query()
	if from, err = instant(q.Get("since")); err == nil {
		to, err = instant(q.Get("until"))
	}
	if err == nil {
		err = ordered(from, to)
	}
	return from, to, err
}

// ordered holds a period to one that has a length; the zero time leaves an end open.
func ordered(from, to time.Time) error {
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return custody.E(custody.CodeInvalid, "the period ends before it begins", "since comes before until")
	}
	return nil
}

func instant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, custody.E(custody.CodeInvalid, "this is not a time", "write it like 2026-11-24T15:04:05Z")
	}
	return t, nil
}
