package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"custody"
	"custody/custodytest"
	"custody/internal/durable"
	"custody/ledger"
	"custody/site"
)

// received collects the keys that clients have really been given.
type received struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (r *received) add(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == nil {
		r.keys = map[string]bool{}
	}
	r.keys[key] = true
}

func (r *received) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.keys)
}

// missing lists what was received and is not in the ledger: a broken promise P1.
func (r *received) missing(saw map[string]custody.CategorySet) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for k := range r.keys {
		if saw[k] == 0 {
			list = append(list, k)
		}
	}
	return list
}

// look asks for random customers until something breaks.
func (r *received) look(url string, done *atomic.Bool) {
	for !done.Load() {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			continue
		}
		for !done.Load() {
			first := rand.IntN(990) + 1
			rows, err := conn.Query(ctx, "SELECT id, name FROM customers WHERE id BETWEEN $1 AND $2", first, first+rand.IntN(10))
			if err != nil {
				break
			}
			for rows.Next() {
				var id int64
				var name string
				if rows.Scan(&id, &name) == nil {
					r.add(strconv.FormatInt(id, 10))
				}
			}
			if rows.Err() != nil {
				break
			}
		}
		conn.Close(ctx)
	}
}

func TestKillUnderLoad(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	for round := range 3 {
		child := s.Child()
		var got received
		var done atomic.Bool
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() { got.look(s.URL("alice", token), &done) })
		}
		await(t, "a client to receive somebody", func() bool { return got.count() > 0 })
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
		child.Kill()
		done.Store(true)
		wg.Wait()
		s.Start()
		if missing := got.missing(s.Saw("alice")); len(missing) > 0 {
			t.Fatalf("round %d: %d of %d people were shown and not recorded", round, len(missing), len(got.keys))
		}
		t.Logf("round %d: %d people received, all recorded", round, len(got.keys))
	}
	report, err := ledger.Verify(s.Options.LedgerDir, s.Verifier)
	if err != nil {
		t.Fatalf("the ledger does not verify: %v", err)
	}
	t.Logf("%+v", report)
}

func TestLedgerCannotWriteWhileStreaming(t *testing.T) {
	for what, b := range map[string]*breaking{
		"disk full":                  {Err: syscall.ENOSPC},
		"write error":                {Err: syscall.EIO},
		"write whose answer is lost": {Err: syscall.EIO, Done: true},
	} {
		t.Run(strings.ReplaceAll(what, " ", "_"), func(t *testing.T) {
			b.Armed.Store(-1)
			s := bodyshop(t, func(o *site.Options) { o.FS = durable.Fault{FS: durable.OS{}, Decide: b.Decide} })
			grant := see(contacts)
			grant.Export = true
			token := s.Person("alice", grant)
			conn := s.As("alice", token)
			b.Armed.Store(3)
			var got received
			rows, err := conn.Query(ctx, "SELECT c.id, c.name, repeat('x', 500) FROM customers c, generate_series(1, 20) ORDER BY c.id")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				got.add(strconv.FormatInt(int64(rowID(t, rows)), 10))
			}
			state, message := refusal(rows.Err())
			if state != "58030" || !strings.Contains(message, "was not released") {
				t.Errorf("the client was told: %s %s", state, message)
			}
			if len(got.keys) == 0 || len(got.keys) == 1000 {
				t.Errorf("%d people arrived: the failure was not in the middle", len(got.keys))
			}
			if _, err := pgx.Connect(ctx, s.URL("alice", token)); err == nil {
				t.Error("somebody was let in while the ledger cannot write")
			}
			s.Stop()
			s.Options.FS = nil
			s.Start()
			if missing := got.missing(s.Saw("alice")); len(missing) > 0 {
				t.Errorf("%d people were shown and not recorded", len(missing))
			}
		})
	}
}

func rowID(t *testing.T, rows pgx.Rows) int64 {
	t.Helper()
	v, err := rows.Values()
	if err != nil {
		t.Fatal(err)
	}
	return v[0].(int64)
}

func TestUpstreamDies(t *testing.T) {
	pg := custodytest.Postgres(t, custodytest.Separate())
	s := custodytest.NewSite(t, pg, custodytest.Bodyshop(t, pg, 1000), custodytest.BodyshopSystem())
	grant := see(contacts)
	grant.Export = true
	token := s.Person("alice", grant)
	running, idle := s.As("alice", token), s.As("alice", token)
	rows, err := running.Query(ctx, "SELECT c.id, c.name FROM customers c, generate_series(1, 100000)")
	if err != nil {
		t.Fatal(err)
	}
	rows.Next()
	pg.Kill(t)
	for rows.Next() {
	}
	if rows.Err() == nil {
		t.Error("the answer ended as if it were complete")
	}
	if _, err := idle.Exec(ctx, "SELECT 1"); err == nil {
		t.Error("an idle session did not hear that the database died")
	}
	_, err = pgx.Connect(ctx, s.URL("alice", token))
	if state, message := refusal(err); state != "57P03" {
		t.Errorf("a new client was told: %s %s", state, message)
	}
	pg.Start(t)
	if err := s.As("alice", token).QueryRow(ctx, "SELECT 1").Scan(new(int)); err != nil {
		t.Errorf("after the database came back: %v", err)
	}
}

// TestStalledClientsHoldLittle: clients that ask for everything and then read
// nothing hold the gate's memory to a few buffers each.
func TestStalledClientsHoldLittle(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.Export = true
	token := s.Person("alice", grant)
	child := s.Child()
	before := residentKB(t, child.PID())
	var conns []net.Conn
	for range 20 {
		conns = append(conns, stall(t, s.URL("alice", token, "application_name=stalled")))
	}
	await(t, "the clients' answers to fill all buffers", func() bool {
		var n int
		if err := s.PG.Conn(t, "postgres").QueryRow(ctx,
			"SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND datname = $1", s.Database).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == len(conns)
	})
	grown := residentKB(t, child.PID()) - before
	t.Logf("20 stalled clients hold %d kB", grown)
	// They asked for two terabytes. Without the race detector it is about 1 MB each.
	if grown > 256<<10 {
		t.Errorf("20 stalled clients hold %d kB", grown)
	}
	if err := s.Store.Leave(1, time.Now()); err != nil {
		t.Fatal(err)
	}
	await(t, "the stalled statements to stop when their person leaves", func() bool {
		var n int
		if err := s.PG.Conn(t, "postgres").QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND datname = $1 AND pid <> pg_backend_pid()", s.Database).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 0
	})
	for _, c := range conns {
		c.Close()
	}
}

// stall asks for millions of rows over a socket with little room and never reads.
func stall(t *testing.T, url string) net.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	var raw net.Conn
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(4096)
		}
		raw = c
		return c, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	conn.PgConn().Frontend().SendQuery(&pgproto3.Query{String: "SELECT c.id, c.name, repeat('x', 900) FROM customers c, generate_series(1, 100000)"})
	if err := conn.PgConn().Frontend().Flush(); err != nil {
		t.Fatal(err)
	}
	return raw
}

func residentKB(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			var kb int
			fmt.Sscan(rest, &kb)
			return kb
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

func TestGarbage(t *testing.T) {
	s := bodyshop(t)
	for _, hello := range []string{
		"GET / HTTP/1.1\r\n\r\n", "\x00\x00\x00\x00", "\x7f\xff\xff\xff\x00\x03\x00\x00", "\xff\xff\xff\xff", "\x00\x00\x00\x08\x00\x02\x00\x00",
		"\x00\x00\x00\x09\x00\x03\x00\x00u", "\x16\x03\x01\x00\x05hello", strings.Repeat("A", 100000),
	} {
		c, err := net.Dial("tcp", s.Address)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = c.Write([]byte(hello))
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c)
		c.Close()
	}
	token := s.Person("alice", see(contacts))
	conn := s.As("alice", token)
	for _, sql := range []string{
		"SELECT " + strings.Repeat("(", 100000) + "1" + strings.Repeat(")", 100000),
		"SELECT '" + strings.Repeat("x", 3<<20) + "'",
		"SELECT \xff\xfe FROM customers", "SELECT E'\\xff'", ";;;", "SELEC 1", "\x01\x02",
	} {
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			if state, _ := refusal(err); state == "" {
				t.Fatalf("%.20q broke the session: %v", sql, err)
			}
		}
	}
	if err := conn.QueryRow(ctx, "SELECT 1").Scan(new(int)); err != nil {
		t.Errorf("the session did not survive bad statements: %v", err)
	}
}

// TestManyConnections: ten thousand clients that connect and say nothing are either
// held or told that there is no room, and then a person still gets in.
func TestManyConnections(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	s := bodyshop(t, func(o *site.Options) { o.MaxConnections = 1000 })
	token := s.Person("alice", see(contacts))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const clients = 10000
	turned := 0
	held := make([]net.Conn, 0, 1000)
	for range clients {
		c, err := net.Dial("tcp", s.Address)
		if err != nil {
			t.Fatal(err)
		}
		if len(held) < 1000 {
			held = append(held, c)
			continue
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		answer, err := io.ReadAll(c)
		if err != nil || !strings.Contains(string(answer), "too many connections") {
			t.Fatalf("a client without room was told %q, %v", answer, err)
		}
		turned++
		c.Close()
	}
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapInuse) - int64(before.HeapInuse) + int64(after.StackInuse) - int64(before.StackInuse)
	t.Logf("%d turned away, %d held, %d kB", turned, len(held), grown>>10)
	if grown > 64<<20 {
		t.Errorf("%d silent clients hold %d kB", len(held), grown>>10)
	}
	for _, c := range held {
		c.Close()
	}
	await(t, "room for a person", func() bool {
		conn, err := pgx.Connect(ctx, s.URL("alice", token))
		if err == nil {
			conn.Close(ctx)
		}
		return err == nil
	})
}

func TestTwoGatesOnOneLedger(t *testing.T) {
	s := bodyshop(t)
	_, err := site.Open(ctx, s.Options)
	if custody.CodeOf(err) != custody.CodeConflict {
		t.Errorf("a second gate on the same ledger: %v", err)
	}
}
