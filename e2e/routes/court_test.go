package routes

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"custody"
	"custody/custodytest"
	"custody/policy"
)

// route is one way by which customer data might leave. It is tried as a person who
// may not see what it asks for, and as one who may, within limits.
type route struct {
	name string
	// do is the statements, each sent by itself as simple queries, or messages of
	// the protocol: see wire.
	do []any
	// able is what the person who may see gets: "refused", "nothing", "error" (the
	// database's own, without values), "safe" (what leaves is recorded, the rest
	// depends on the moment), or the exact record: "101:phone,name 102:phone".
	able string
	// blind is the same for the person who may not; "refused" if empty.
	blind string
	// dirty routes change rows; the tables are filled anew after them.
	dirty bool
}

func sql(statements ...string) []any {
	list := make([]any, len(statements))
	for i, s := range statements {
		list[i] = s
	}
	return list
}

// The people of the routes' database are 101 to 160. Every personal value embeds
// its subject's key and is found nowhere else.
const firstPerson, lastPerson = 101, 160

var personal = map[custody.Category]func(k int) string{
	custody.Name:        func(k int) string { return fmt.Sprintf("Zoq%dnam", k) },
	custody.Phone:       func(k int) string { return fmt.Sprintf("07700900%d", k) },
	custody.Email:       func(k int) string { return fmt.Sprintf("zoq%dmail@example.com", k) },
	custody.DateOfBirth: func(k int) string { return fmt.Sprintf("%d-03-07", 1700+k) },
	custody.FreeText:    func(k int) string { return fmt.Sprintf("zoq%dnote", k) },
	custody.Vehicle:     func(k int) string { return fmt.Sprintf("VZ%dQZ", k) },
}

// secrets maps every form in which a value might leave to whose it is.
var secrets = allForms()

type secret struct {
	key      string
	category custody.Category
	form     string
}

// allForms leaves out forms that two values share: they tell nothing.
func allForms() map[string]secret {
	forms, shared := map[string]secret{}, map[string]bool{}
	for c, value := range personal {
		for k := firstPerson; k <= lastPerson; k++ {
			for form, text := range formsOf(value(k)) {
				if other, taken := forms[text]; taken && other.key != strconv.Itoa(k) || len(text) < 6 {
					shared[text] = true
				}
				forms[text] = secret{strconv.Itoa(k), c, form}
			}
		}
	}
	maps.DeleteFunc(forms, func(text string, _ secret) bool { return shared[text] })
	return forms
}

// formsOf gives a value plain and encoded, as answers might hold it.
func formsOf(v string) map[string]string {
	md, sha := md5.Sum([]byte(v)), sha256.Sum256([]byte(v))
	back := []byte(v)
	slices.Reverse(back)
	f := map[string]string{
		"plain": v, "upper": strings.ToUpper(v), "lower": strings.ToLower(v), "reversed": string(back),
		"hex": hex.EncodeToString([]byte(v)), "md5": hex.EncodeToString(md[:]), "sha256": hex.EncodeToString(sha[:]),
		"base64": base64.RawStdEncoding.EncodeToString([]byte(v))[:len(v)*8/6],
	}
	for i := 1; i < 3; i++ { // base64 of a longer text, by alignment
		long := base64.StdEncoding.EncodeToString(append(bytes.Repeat([]byte{' '}, i), v...))
		f["base64 at "+strconv.Itoa(i)] = long[4 : (len(v)+i)/3*4]
	}
	return f
}

// leaks finds personal values in bytes, by subject and category.
func leaks(b []byte) map[string]custody.CategorySet {
	found := map[string]custody.CategorySet{}
	for text, s := range secrets {
		if bytes.Contains(b, []byte(text)) {
			found[s.key] |= custody.Categories(s.category)
		}
	}
	return found
}

// heard is all that a client got back.
type heard struct {
	raw    []byte // every byte of the server after sign-in
	errors []*pgproto3.ErrorResponse
	rows   [][]string
	tags   []string
}

// refused says whether the gate refused something, and with a hint.
func (h *heard) refused() bool {
	return slices.ContainsFunc(h.errors, func(e *pgproto3.ErrorResponse) bool {
		return strings.HasPrefix(e.Message, "custody: ") && e.Hint != ""
	})
}

func (h *heard) complaints() string {
	var list []string
	for _, e := range h.errors {
		list = append(list, e.Code+" "+e.Message)
	}
	return strings.Join(list, "; ")
}

// tap keeps what is read from a connection.
type tap struct {
	net.Conn
	heard []byte
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.heard = append(t.heard, p[:n]...)
	return n, err
}

// rawConn is a connection through the gate whose messages a test writes itself.
type rawConn struct {
	t   testing.TB
	pg  *pgconn.PgConn
	tap *tap
	at  int
}

func rawConnect(t testing.TB, url string) *rawConn {
	t.Helper()
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	c := &rawConn{t: t}
	dial := config.DialFunc
	config.AfterNetConnect = nil
	tapped := &tap{}
	config.DialFunc = func(ctx2 context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx2, network, addr)
		tapped.Conn = conn
		return tapped, err
	}
	if c.pg, err = pgconn.ConnectConfig(ctx, config); err != nil {
		t.Fatal(err)
	}
	c.tap, c.at = tapped, len(tapped.heard)
	t.Cleanup(func() { tapped.Close() })
	return c
}

// wire is messages of the protocol, sent in one go; each Sync and Query in it is
// answered by one ReadyForQuery.
type wire []pgproto3.FrontendMessage

// say sends one step of a route and collects the answer into h.
func (c *rawConn) say(step any, h *heard) {
	c.t.Helper()
	var list wire
	switch x := step.(type) {
	case string:
		list = wire{&pgproto3.Query{String: x}}
	case wire:
		list = x
	case func(*rawConn, *heard):
		x(c, h)
		return
	default:
		c.t.Fatalf("a step of type %T", step)
	}
	f := c.pg.Frontend()
	wait := 0
	for _, m := range list {
		f.Send(m)
		switch m.(type) {
		case *pgproto3.Sync, *pgproto3.Query, *pgproto3.FunctionCall:
			wait++
		}
	}
	if err := f.Flush(); err != nil {
		c.t.Fatal(err)
	}
	_ = c.pg.Conn().SetReadDeadline(time.Now().Add(20 * time.Second))
	for wait > 0 {
		m, err := f.Receive()
		if err != nil {
			c.t.Errorf("%v after %v: %v", step, h.complaints(), err)
			return
		}
		if h.take(m) {
			wait--
		}
		if _, ok := m.(*pgproto3.CopyInResponse); ok {
			f.Send(&pgproto3.CopyFail{Message: "no more"})
			_ = f.Flush()
		}
	}
	h.raw = append([]byte(nil), c.tap.heard[c.at:]...)
}

// take adds one message; true for ReadyForQuery.
func (h *heard) take(m pgproto3.BackendMessage) bool {
	switch x := m.(type) {
	case *pgproto3.ErrorResponse:
		e := *x
		h.errors = append(h.errors, &e)
	case *pgproto3.DataRow:
		row := make([]string, len(x.Values))
		for i, v := range x.Values {
			row[i] = string(v)
		}
		h.rows = append(h.rows, row)
	case *pgproto3.CommandComplete:
		h.tags = append(h.tags, string(x.CommandTag))
	case *pgproto3.ReadyForQuery:
		return true
	}
	return false
}

// court is the guarded site on which routes are tried.
type court struct {
	*custodytest.Site
	t     *testing.T
	count atomic.Int32
	// blind is one person for all routes, of whom nothing but nothing may be recorded.
	blind string
}

const routeLimit = 40 // distinct people a day, of 60

var allPersonal = categories(custody.Name, custody.Phone, custody.Email, custody.DateOfBirth, custody.FreeText, custody.Vehicle)

// openCourt makes the database, the site and the person who may see nothing.
func openCourt(t *testing.T) *court {
	t.Helper()
	pg := custodytest.Postgres(t)
	db := pg.CreateDatabase(t, routeSchema, routeFill, routeAfter)
	s := custodytest.NewSite(t, pg, db, routeSystem(), custodytest.Superuser(t, pg)) // the gate alone must hold
	c := &court{Site: s, t: t}
	c.blind = s.Person("blind", policy.Grant{See: categories(custody.Address), Change: categories(custody.Address)})
	return c
}

// person adds one who may see everything, within the limit, and change it.
func (c *court) person() (login, token string) {
	login = fmt.Sprintf("able%d", c.count.Add(1))
	g := policy.Grant{See: allPersonal, Change: allPersonal, Export: true}
	g.Limits.PerDay = routeLimit
	return login, c.Person(login, g)
}

// try runs the steps of a route on a connection of its own.
func (c *court) try(t testing.TB, login, token string, r *route) *heard {
	t.Helper()
	conn := rawConnect(t, c.URL(login, token))
	h := &heard{}
	for _, step := range r.do {
		conn.say(step, h)
	}
	conn.tap.Close()
	if r.dirty {
		c.PG.Exec(t, c.Database, routeFill)
	}
	return h
}

// run tries all routes of a table as both people.
func (c *court) run(routes []route) {
	names := map[string]bool{}
	page, err := os.ReadFile("../../docs/threat-model/routes.md")
	if err != nil {
		c.t.Fatal(err)
	}
	for i := range routes {
		r := &routes[i]
		if !bytes.Contains(page, []byte(r.name)) && !bytes.Contains(page, []byte(strings.ReplaceAll(r.name, "|", `\|`))) {
			c.t.Errorf("docs/threat-model/routes.md does not list %q", r.name)
		}
		if names[r.name] {
			c.t.Errorf("two routes are called %q", r.name)
		}
		names[r.name] = true
		c.t.Run(r.name, func(t *testing.T) {
			t.Run("may not see", func(t *testing.T) { c.asBlind(t, r) })
			t.Run("may see", func(t *testing.T) { c.asAble(t, r) })
		})
	}
}

func (c *court) asBlind(t *testing.T, r *route) {
	h := c.try(t, "blind", c.blind, r)
	if found := leaks(h.raw); len(found) > 0 {
		t.Errorf("LEAK of %v in %.300q", found, h.raw)
	}
	want := r.blind
	if want == "" {
		want = "refused"
	}
	c.outcome(t, want, h)
	if saw := c.Saw("blind"); len(saw) > 0 {
		t.Errorf("recorded for somebody who may see nothing: %v", saw)
	}
}

func (c *court) asAble(t *testing.T, r *route) {
	login, token := c.person()
	h := c.try(t, login, token, r)
	saw, found := c.Saw(login), leaks(h.raw)
	for k, cats := range found {
		if missing := cats &^ saw[k]; missing != 0 {
			t.Errorf("LEAK: %s of %s left and is not recorded (recorded: %v)", missing, k, saw[k])
		}
	}
	if len(saw) > routeLimit {
		t.Errorf("LEAK: %d people are recorded, the limit is %d", len(saw), routeLimit)
	}
	if want, exact := parseRecord(r.able); exact {
		if !maps.Equal(saw, want) {
			t.Errorf("recorded %v, want %v; %s", saw, want, h.complaints())
		}
		return
	}
	if r.able == "safe" {
		return
	}
	c.outcome(t, r.able, h)
	if len(saw) > 0 {
		t.Errorf("recorded %v, want %s; %s", saw, r.able, h.complaints())
	}
}

// outcome checks one of the words of route.able and route.blind.
func (c *court) outcome(t *testing.T, want string, h *heard) {
	t.Helper()
	switch want {
	case "refused":
		if !h.refused() {
			t.Errorf("LEAK? not refused: rows %.10q, tags %q, errors %s", h.rows, h.tags, h.complaints())
		}
	case "nothing":
		if len(h.errors) > 0 {
			t.Errorf("fails: %s", h.complaints())
		}
	case "error":
		if len(h.errors) == 0 {
			t.Errorf("no error: %q %q", h.rows, h.tags)
		}
	default:
		t.Fatalf("unknown outcome %q", want)
	}
}

// parseRecord reads "101:phone,name 102:phone" and "101-140:name".
func parseRecord(text string) (map[string]custody.CategorySet, bool) {
	if !strings.Contains(text, ":") {
		return nil, false
	}
	want := map[string]custody.CategorySet{}
	for _, word := range strings.Fields(text) {
		key, names, _ := strings.Cut(word, ":")
		var cats custody.CategorySet
		for _, n := range strings.Split(names, ",") {
			cat, ok := custody.ParseCategory(n)
			if !ok {
				panic("no category " + n)
			}
			cats |= custody.Categories(cat)
		}
		from, to, ok := strings.Cut(key, "-")
		if !ok {
			to = from
		}
		a, _ := strconv.Atoi(from)
		b, _ := strconv.Atoi(to)
		for k := a; k <= b; k++ {
			want[strconv.Itoa(k)] |= cats
		}
	}
	return want, true
}
