package portal_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"custody"
	"custody/custodytest"
	"custody/internal/durable"
	"custody/site"
)

// TestEvents: each event of a stream is recorded before it is released, and released
// at once.
func TestEvents(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(custody.Categories(custody.Name)))
	resp, err := alice.Get(k.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	for i := range 3 {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		c := k.app.customers[i]
		if !strings.Contains(line, c.Name) || c.Phone != "" && strings.Contains(line, c.Phone) {
			t.Errorf("event %d: %s", i, line)
		}
		if _, err := in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		k.saw("alice", to(i+1)...)
		k.app.hold <- struct{}{}
	}
}

// socket opens the portal's WebSocket as somebody.
func (k *kit) socket(login, origin string) (*websocket.Conn, *http.Response, error) {
	k.t.Helper()
	h := http.Header{"Cookie": {"__Host-custody_" + k.Database + "=" + k.Cookie(login)}, "Origin": {origin}}
	return websocket.Dial(context.Background(), strings.Replace(k.URL, "https", "wss", 1)+"/socket", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: k.Roots()}}, HTTPHeader: h, Subprotocols: []string{"board"},
	})
}

// TestSocket: messages are recognised one by one, binary ones refused; another site
// cannot open it; a session that is cut is hung up on.
func TestSocket(t *testing.T) {
	k := newKit(t)
	k.Person("alice", see(custody.Categories(custody.Name)))
	if _, resp, err := k.socket("alice", "https://evil.example"); err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site: %v %v", resp, err)
	}
	c, _, err := k.socket("alice", k.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if c.Subprotocol() != "board" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	ctx := context.Background()
	for _, n := range []int{2, 9} {
		if err := c.Write(ctx, websocket.MessageText, []byte(strconv.Itoa(n))); err != nil {
			t.Fatal(err)
		}
		_, b, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		x := k.app.customers[n-1]
		if !strings.Contains(string(b), x.Name) || x.Phone != "" && strings.Contains(string(b), x.Phone) {
			t.Errorf("message: %s", b)
		}
	}
	k.saw("alice", 2, 9)
	k.cutAll()
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("after the session was cut: %v", err)
	}
	c, _, err = k.socket("alice", k.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageText, []byte("binary")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("a binary message: %v", err)
	}
}

// cutAll ends every live session, as an administrator does.
func (k *kit) cutAll() {
	k.t.Helper()
	live, err := k.Store.LiveSessions()
	if err != nil {
		k.t.Fatal(err)
	}
	for _, s := range live {
		if err := k.Site.Identity.Cut(s.ID); err != nil && custody.CodeOf(err) != custody.CodeNotFound {
			k.t.Fatal(err)
		}
	}
}

// TestRevocation: when a right ends, a download under way ends within a second, also
// one that waits for the application and one whose client does not read.
func TestRevocation(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", exporting(contacts))
	running, err := alice.Get(k.URL + "/endless")
	if err != nil {
		t.Fatal(err)
	}
	defer running.Body.Close()
	waiting, err := alice.Get(k.URL + "/slow?type=text/csv")
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Body.Close()
	stalled := k.stall("/endless", "alice")
	if _, err := io.CopyN(io.Discard, running.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	people, err := k.Store.ListPeople()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Store.Leave(people[0].ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(time.Second) // as docs/ promises (P3)
	ended := make(chan error, 3)
	for _, r := range []io.Reader{running.Body, waiting.Body} {
		go func() { _, err := io.Copy(io.Discard, r); ended <- err }()
	}
	go func() {
		await(t, "the gate to leave the session", func() bool { return k.Gate.Live() == 0 })
		ended <- io.ErrUnexpectedEOF
	}()
	for range 3 {
		select {
		case err := <-ended:
			if err == nil {
				t.Error("a download ended as if it were complete")
			}
		case <-deadline:
			t.Fatal("a download goes on a second after the leaver left")
		}
	}
	stalled.Close()
	if resp, _ := k.get(alice, "/"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a leaver's next page: %d", resp.StatusCode)
	}
}

// TestGrantEnds: a file whose customers are all in the record already stops when the
// grant ends, though the session goes on.
func TestGrantEnds(t *testing.T) {
	k := newKit(t)
	k.Person("alice")
	grant := exporting(contacts)
	grant.Person = "alice@northfield.example"
	id := k.Grant(grant)
	alice := k.SignedIn("alice")
	resp, err := alice.Get(k.URL + "/endless")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 2<<20); err != nil {
		t.Fatal(err)
	}
	if err := k.Store.EndGrant(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, resp.Body); ended <- err }()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the file ended as if it were complete")
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the file goes on after the grant ended")
	}
}

// stall asks for a path over HTTP/1.1 and never reads.
func (k *kit) stall(path, login string) net.Conn {
	k.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(k.URL, "https://"))
	if err != nil {
		k.t.Fatal(err)
	}
	_ = c.(*net.TCPConn).SetReadBuffer(4096)
	s := tls.Client(c, &tls.Config{RootCAs: k.Roots().RootCAs, ServerName: "127.0.0.1", NextProtos: []string{"http/1.1"}})
	if _, err := s.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(k.URL, "https://") + "\r\nCookie: __Host-custody_" + k.Database + "=" + k.Cookie(login) + "\r\n\r\n")); err != nil {
		k.t.Fatal(err)
	}
	return s
}

// TestStalledClients: clients that ask for a file without an end and read nothing hold
// little of the gate's memory, and are hung up on when their time for a part is over; the
// application is let go then, and whom they may have been shown is on record.
func TestStalledClients(t *testing.T) {
	k := newKit(t, func(p *site.Portal) { p.Stall = 2 * time.Second })
	k.Person("alice", exporting(contacts))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const clients = 10
	for range clients {
		defer k.stall("/endless", "alice").Close()
	}
	await(t, "the application to send to all of them", func() bool { return k.app.begun.Load() == clients })
	await(t, "the first record", func() bool { return len(k.Saw("alice")) == len(k.app.customers) })
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 64<<20 {
		t.Errorf("%d clients that do not read hold %d kB", clients, grown>>10)
	}
	await(t, "the clients to be hung up on", func() bool { return k.app.sending.Load() == 0 })
}

// breaking fails every write of the ledger once armed.
func breaking(armed *atomic.Bool, err error, done bool) custodytest.SiteOption {
	return func(o *site.Options) {
		o.FS = durable.Fault{FS: durable.OS{}, Decide: func(op durable.Op) durable.Verdict {
			if armed.Load() && op.Kind == durable.OpWrite && strings.HasSuffix(op.Name, ".seg") {
				return durable.Verdict{Err: err, Done: done}
			}
			return durable.Verdict{}
		}}
	}
}

// TestLedgerCannotWrite: nothing leaves that could not be recorded: no page, no part
// of a file beyond what was recorded before, no event, no message.
func TestLedgerCannotWrite(t *testing.T) {
	for what, fault := range map[string]struct {
		err  error
		done bool
	}{"disk full": {syscall.ENOSPC, false}, "write error": {syscall.EIO, false}, "lost answer": {syscall.EIO, true}} {
		t.Run(what, func(t *testing.T) {
			var armed atomic.Bool
			k := newKitWith(t, []custodytest.SiteOption{breaking(&armed, fault.err, fault.done)})
			alice := k.Browser("alice", exporting(contacts))
			resp, err := alice.Get(k.URL + "/events")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			events := bufio.NewReader(resp.Body)
			if line, err := events.ReadString('\n'); err != nil || !strings.Contains(line, k.app.customers[0].Name) {
				t.Fatal(line, err)
			}
			armed.Store(true)
			k.app.hold <- struct{}{}
			if rest, err := io.ReadAll(events); err == nil || strings.Contains(string(rest), k.app.customers[1].Name) {
				t.Errorf("the next event: %q %v", rest, err)
			}
			for _, path := range []string{"/api/customers?n=3", "/export.csv", "/customers"} {
				resp, text, err := k.try(alice, http.MethodGet, path, nil)
				if err == nil && (resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "could not be recorded")) {
					t.Errorf("%s: %d %.200s", path, resp.StatusCode, text)
				}
				if strings.Contains(text, k.app.customers[1].Name) {
					t.Errorf("%s shows what is not recorded", path)
				}
			}
			if resp, _, err := k.try(k.SignedIn("alice"), http.MethodGet, "/", nil); err == nil && resp.StatusCode == http.StatusOK {
				t.Error("somebody was let in while the ledger cannot write")
			}
			armed.Store(false)
			k.Stop()
			k.Options.FS = nil
			k.Start()
			if saw := k.Saw("alice"); saw["1"] == 0 {
				t.Error("who was shown before the fault is not in the ledger")
			}
		})
	}
}

// TestTakeDown: the switch closes the portal for everybody at once, running downloads
// too; somebody else brings it back; both are in the ledger.
func TestTakeDown(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", exporting(contacts))
	k.Person("bob")
	running, err := alice.Get(k.URL + "/endless")
	if err != nil {
		t.Fatal(err)
	}
	defer running.Body.Close()
	people, err := k.Store.ListPeople()
	if err != nil {
		t.Fatal(err)
	}
	events, _ := k.Ledger.Index().Len()
	waiting := make(chan string, 1)
	go func() {
		_, text, err := k.try(alice, http.MethodGet, "/hang", nil, "Accept: text/html")
		waiting <- fmt.Sprint(err, text)
	}()
	await(t, "a request that waits for the application", func() bool { return len(k.app.asked("/hang")) == 1 })
	if err := k.Store.TakeDown(0, people[0].ID, "calls are reported", time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, running.Body); err == nil {
		t.Error("a download ended as if it were complete")
	}
	if text := <-waiting; !strings.Contains(text, "taken offline") || !strings.Contains(text, "Calls are reported.") {
		t.Errorf("who waited for the application was told %s", text)
	}
	for _, c := range []*http.Client{alice, k.stranger()} {
		resp, text := k.get(c, "/", "Accept: text/html")
		if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "taken offline") || !strings.Contains(text, "Calls are reported.") {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
	}
	if resp, _ := k.get(alice, "/.custody/sign-in"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the sign-in page while it is down: %d", resp.StatusCode)
	}
	if err := k.Store.BringUp(0, people[0].ID, time.Now()); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("the same person brings it back: %v", err)
	}
	if err := k.Store.BringUp(0, people[1].ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	await(t, "the portal to be back", func() bool {
		resp, _ := k.get(alice, "/")
		return resp.StatusCode == http.StatusOK
	})
	await(t, "both uses to be in the ledger", func() bool {
		uses, err := k.Store.Switches(true)
		return err == nil && len(uses) == 1 && uses[0].Recorded == 2
	})
	if n, _ := k.Ledger.Index().Len(); n < events+2 {
		t.Errorf("the ledger has %d events more", n-events)
	}
}

// TestTakenDownBefore: a portal that is down stays down over a restart.
func TestTakenDownBefore(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(contacts))
	people, err := k.Store.ListPeople()
	if err != nil {
		t.Fatal(err)
	}
	k.Stop()
	if err := k.Store.TakeDown(0, people[0].ID, "leak", time.Now()); err != nil {
		t.Fatal(err)
	}
	k.Start()
	if resp, _ := k.get(alice, "/"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after a restart: %d", resp.StatusCode)
	}
}
