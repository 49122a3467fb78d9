package routes

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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
	"custody/internal/durable"
	"custody/ledger"
	"custody/policy"
	"custody/site"
)

// TestChangesOfTransactions: what is recorded is what was committed, and it is recorded
// before the database is told to commit.
func TestChangesOfTransactions(t *testing.T) {
	s := openChanges(t)
	token := editor(t, s, "alice")
	phone := func(id int) string {
		return fmt.Sprintf("UPDATE clients SET phone = '07700900%d' WHERE id = %d", 500+id, id)
	}
	for _, c := range []struct {
		name string
		do   []any
		want string
	}{
		{"committed", sql("BEGIN", phone(1), phone(2), "COMMIT"), "1-2:phone"},
		{"ended", sql("START TRANSACTION", phone(3), "END"), "3:phone"},
		{"chained", sql("BEGIN", phone(4), "COMMIT AND CHAIN", phone(5), "ROLLBACK"), "4:phone"},
		{"rolled back", sql("BEGIN", phone(6), "ROLLBACK"), ""},
		{"rolled back and chained", sql("BEGIN", phone(6), "ROLLBACK AND CHAIN", phone(7), "COMMIT"), "7:phone"},
		{"failed", sql("BEGIN", phone(8), "SELECT 1/0", "COMMIT"), ""},
		{"a failed statement", sql("BEGIN", phone(9), "UPDATE clients SET phone = '1'", "COMMIT"), ""},
		{"a savepoint", sql("BEGIN", phone(10), "SAVEPOINT a", phone(11), "ROLLBACK TO a", phone(12), "COMMIT"), "10:phone 12:phone"},
		{"a savepoint after an error", sql("BEGIN", phone(13), "SAVEPOINT a", "UPDATE clients SET phone = '1' WHERE id = 14", "ROLLBACK TO SAVEPOINT a", "COMMIT"), "13:phone"},
		{"savepoints of one name", sql("BEGIN", "SAVEPOINT a", phone(15), "SAVEPOINT a", phone(16), "ROLLBACK TO a", "RELEASE a", "ROLLBACK TO a", phone(17), "COMMIT"), "17:phone"},
		{"never ended", sql("BEGIN", phone(18)), ""},
		{"one string", sql("BEGIN; " + phone(19) + "; SAVEPOINT a; " + phone(20) + "; ROLLBACK TO a; COMMIT; " + phone(21)), "19:phone 21:phone"},
		{"one string without BEGIN", sql(phone(22) + "; " + phone(23)), "22-23:phone"},
		{"one string that prepares and executes", sql("PREPARE p AS DELETE FROM cars WHERE client_id = 20; EXECUTE p"), "20:vehicle"},
		{"one string that executes what is prepared", sql("PREPARE p AS SELECT 1", "DEALLOCATE p; PREPARE p (int) AS UPDATE clients SET name = 'x' WHERE id = $1; EXECUTE p (8)"), "8:name"},
		{"one string that fails", sql(phone(24) + "; SELECT 1/0"), ""},
		{"one string that commits by itself", sql(phone(25) + "; COMMIT; SELECT 1/0"), "25:phone"},
		{"one string that turns into a block", sql(phone(26)+"; BEGIN; "+phone(27), "ROLLBACK"), ""},
		{"a block that another string commits", sql("BEGIN", phone(28), "SELECT 1; COMMIT"), "28:phone"},
		{"a failed block and a change", sql("BEGIN", "SELECT 1/0", "ROLLBACK; "+phone(29)), "29:phone"},
		{"a pipeline", []any{wire{parse("", phone(30)), bind("", ""), execute(""), parse("", phone(31)), bind("", ""), execute(""), syncNow}}, "30-31:phone"},
		{"a pipeline that fails", []any{wire{parse("", phone(32)), bind("", ""), execute(""), parse("", "SELECT 1/0"), bind("", ""), execute(""), syncNow}}, ""},
		{"a pipeline with COMMIT", []any{wire{parse("", "BEGIN"), bind("", ""), execute(""), parse("", phone(33)), bind("", ""), execute(""), parse("", "COMMIT"), bind("", ""), execute(""), parse("", "SELECT 1/0"), bind("", ""), execute(""), syncNow}}, "33:phone"},
		{"a pipeline with BEGIN", []any{wire{parse("", "BEGIN"), bind("", ""), execute(""), parse("", phone(34)), bind("", ""), execute(""), syncNow}, "ROLLBACK"}, ""},
		{"a pipeline of two Syncs", []any{wire{parse("", phone(35)), bind("", ""), execute(""), syncNow, parse("", "SELECT 1/0"), bind("", ""), execute(""), syncNow}}, "35:phone"},
		{"a row limit without rows", []any{wire{parse("", phone(36)), bind("", ""), &pgproto3.Execute{MaxRows: 1}, syncNow}}, "36:phone"},
		{"a row limit with rows", []any{wire{parse("", "UPDATE clients SET phone = '07700900600' WHERE id > 38 RETURNING id"), bind("", ""), &pgproto3.Execute{MaxRows: 1}, syncNow}}, ""},
		{"two parameters of EXECUTE", sql("PREPARE p AS WITH d AS (DELETE FROM mails WHERE client_id = $1) UPDATE clients SET name = 'x' WHERE id = $2", "EXECUTE p (4, 6)"), "4:free-text 6:name"},
		{"two parameters of Bind", []any{wire{parse("", "WITH d AS (DELETE FROM mails WHERE client_id = $1) UPDATE clients SET name = 'x' WHERE id = $2"), bind("", "", "5", "8"), execute(""), syncNow}}, "5:free-text 8:name"},
		{"the reason changes", sql("BEGIN", phone(37), "SET custody.reason = 'claim 1'", phone(38), "COMMIT"), "37-38:phone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := events(s)
			conn := rawConnect(t, s.URL("alice", token))
			h := &heard{}
			for _, step := range c.do {
				conn.say(step, h)
			}
			conn.tap.Close()
			want, _ := parseRecord(c.want)
			if got := changedSince(t, s, n); !maps.Equal(got, want) && len(got)+len(want) > 0 {
				t.Errorf("changed %v, want %v; %s", got, want, h.complaints())
			}
		})
		s.PG.Exec(t, s.Database, changeFill)
	}
}

// copies are what may be copied in: the statement, the data, and whose categories.
var copies = []struct{ sql, data, want string }{
	{"COPY clients (id, name, phone) FROM STDIN", "601\tA\t07700900601\n602\tB\t\\N\n", "601-602:name,phone"},
	{"COPY clients (name, id) FROM STDIN", "A\\\nB\t\\06603\n", "603:name"}, // \066 is 6
	{"COPY clients (name, id) FROM STDIN (FORMAT csv, HEADER)", "name,id\n\"A\nB, \"\"C\"\"\",604\nD,\" 0605\"\n", "604-605:name"},
	{"COPY clients (name, id) FROM STDIN (FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\\')", "'\\'';606\r\nx';'y;'607'\r\n\\.\r\n", "606-607:name"},
	{"COPY clients (id, name) FROM STDIN WHERE id > 608", "608\tA\n609\tB\n", "608-609:name"}, // more than were copied
	{"COPY clients (name) FROM STDIN", "A\n", "refused"},
	{"COPY clients (id, region) FROM STDIN", "", ""},
	{"COPY cars (id, client_id, reg) FROM STDIN", "70\t7\tAB12CDE\n71\t\\N\tAB13CDE\n", "7:vehicle"},
	{"COPY looks FROM STDIN", "3\t2018-01-01\told\n4\t2030-01-01\tnew\n", "3-4:accident"},
	{"COPY prices FROM STDIN", "door\t1\n", ""},
	{"COPY clients (id, name) FROM STDIN", "x\tA\n", "error"},
	{"COPY clients (id, name) FROM STDIN", "1\tA\n", "error"},
}

// TestChangesByCopy: what is copied in is recorded, by simple and extended protocol,
// inside and outside of a transaction block, however the data is cut into messages.
func TestChangesByCopy(t *testing.T) {
	s := openChanges(t)
	token := editor(t, s, "alice")
	r := rand.New(rand.NewPCG(1, 1))
	for _, way := range []string{"simple", "extended", "block"} {
		for i, c := range copies {
			t.Run(fmt.Sprintf("%s/%d", way, i), func(t *testing.T) {
				n := events(s)
				h := copyIn(t, s.URL("alice", token), way, c.sql, c.data, r)
				want, _ := parseRecord(c.want)
				switch {
				case c.want == "refused" && !h.refused():
					t.Errorf("%s is not refused: %q", c.sql, h.tags)
				case c.want == "error" && len(h.errors) == 0, len(h.errors) > 0 && c.want != "error" && c.want != "refused":
					t.Errorf("%s: %s", c.sql, h.complaints())
				}
				if got := changedSince(t, s, n); !maps.Equal(got, want) && len(got)+len(want) > 0 {
					t.Errorf("%s\nchanged %v, want %v", c.sql, got, want)
				}
			})
			s.PG.Exec(t, s.Database, changeFill)
		}
	}
}

// copyIn copies data in, cut into pieces.
func copyIn(t *testing.T, url, way, sql, data string, r *rand.Rand) *heard {
	t.Helper()
	conn := rawConnect(t, url)
	defer conn.tap.Close()
	h := &heard{}
	f := conn.pg.Frontend()
	wait := 1
	if way == "block" {
		conn.say("BEGIN", h)
	}
	if way == "extended" {
		f.Send(parse("", sql))
		f.Send(bind("", ""))
		f.Send(execute(""))
		f.Send(syncNow)
	} else {
		f.Send(&pgproto3.Query{String: sql})
	}
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	_ = conn.pg.Conn().SetReadDeadline(time.Now().Add(20 * time.Second))
	for wait > 0 {
		m, err := f.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if h.take(m) {
			wait--
		}
		if _, ok := m.(*pgproto3.CopyInResponse); ok {
			for rest := data; len(rest) > 0; {
				k := 1 + r.IntN(len(rest))
				f.Send(&pgproto3.CopyData{Data: []byte(rest[:k])})
				rest = rest[k:]
			}
			f.Send(&pgproto3.CopyDone{})
			if way == "extended" {
				f.Send(syncNow)
			}
			if err := f.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if way == "block" {
		conn.say("COMMIT", h)
	}
	return h
}

// TestCopyOfManyFormsIsReadAsPostgresDoes: random rows of every kind of quoting, and the
// keys that are recorded are those that are in the table afterwards.
func TestCopyOfManyFormsIsReadAsPostgresDoes(t *testing.T) {
	s := openChanges(t)
	conn := s.As("alice", editor(t, s, "alice"))
	r := rand.New(rand.NewPCG(7, 7))
	pieces := []string{"a", ",", "\"", "\"\"", "\n", "\t", "\\", "\\.", "\\n", "\\N", "\\t", "\\061", "\\x31", "\\b", "é", " ", ";", "'", "\r\n"}
	tried, took := 0, 0
	for round := range 300 {
		form := []string{"", " (FORMAT csv)", " (FORMAT csv, QUOTE '''', ESCAPE '\\')", " (DELIMITER ',')", " (FORMAT csv, NULL 'a', DELIMITER ';')"}[round%5]
		var data strings.Builder
		for i := range 1 + r.IntN(4) {
			delimiter := []string{"\t", ",", ",", ",", ";"}[round%5]
			value := ""
			for range r.IntN(5) {
				value += pieces[r.IntN(len(pieces))]
			}
			if strings.Contains(form, "csv") && r.IntN(3) > 0 {
				quote := []string{"", "\"", "'", "", "\""}[round%5]
				value = quote + strings.NewReplacer(quote, "", "\\", "").Replace(value) + quote
			}
			fmt.Fprintf(&data, "%s%s%d\n", value, delimiter, 1000+round*10+i)
		}
		n := events(s)
		tried++
		tag, err := conn.PgConn().CopyFrom(ctx, strings.NewReader(data.String()), "COPY clients (name, id) FROM STDIN"+form)
		if err != nil {
			if got := changedSince(t, s, n); len(got) > 0 {
				t.Fatalf("%q failed, and is recorded for %v", data.String(), got)
			}
			continue
		}
		took++
		want := map[string]custody.CategorySet{}
		rows, err := s.PG.Conn(t, s.Database).Query(ctx, "DELETE FROM clients WHERE id >= 1000 RETURNING id::text")
		if err != nil {
			t.Fatal(err)
		}
		keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			want[k] = categories(custody.Name)
		}
		if got := changedSince(t, s, n); !maps.Equal(got, want) {
			t.Fatalf("%q%s: %s, recorded %v, in the table %v", data.String(), form, tag, got, want)
		}
	}
	t.Logf("%d of %d were taken", took, tried)
	if took < tried/5 {
		t.Error("too few were taken for this test to mean anything")
	}
}

// TestChangesStopAtTheLimit: a change of more customers than a person may touch does
// not happen at all.
func TestChangesStopAtTheLimit(t *testing.T) {
	s := openChanges(t)
	token := editor(t, s, "alice", func(g *policy.Grant) { g.Limits.PerDay = 5 })
	direct := s.PG.Conn(t, s.Database)
	for _, way := range ways {
		conn := s.As("alice", token).PgConn()
		_, err := told(way.send(conn, "UPDATE clients SET name = 'gone' WHERE region = 1"))
		if state, message := refusal(err); state != "53400" || !strings.Contains(message, "nothing of this was changed") {
			t.Errorf("%s: %s %s", way.name, state, message)
		}
	}
	data := strings.NewReader("801\tA\n802\tB\n803\tC\n804\tD\n805\tE\n806\tF\n")
	_, err := s.As("alice", token).PgConn().CopyFrom(ctx, data, "COPY clients (id, name) FROM STDIN")
	if state, _ := refusal(err); state != "53400" {
		t.Errorf("COPY of too many: %v", err)
	}
	var gone int
	if err := direct.QueryRow(ctx, "SELECT count(*) FROM clients WHERE name = 'gone' OR id > 800").Scan(&gone); err != nil || gone != 0 {
		t.Errorf("%d customers were changed beyond the limit: %v", gone, err)
	}
	if got := changedSince(t, s, 0); len(got) > 0 {
		t.Errorf("recorded %v", got)
	}
}

// TestChangesNeedTheRight: a change that is asked for by somebody who may only look, or
// may change something else.
func TestChangesNeedTheRight(t *testing.T) {
	s := openChanges(t)
	for login, g := range map[string]policy.Grant{
		"looker":   {See: changeable},
		"reporter": {See: changeable, Change: categories(custody.Accident)},
	} {
		conn := s.As(login, s.Person(login, g))
		for _, text := range []string{"UPDATE clients SET name = 'x'", "DELETE FROM clients WHERE id = 1", "INSERT INTO clients (name) VALUES ('x')"} {
			if _, err := conn.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol); err == nil {
				t.Errorf("%s: %s", login, text)
			}
		}
		if _, err := conn.PgConn().CopyFrom(ctx, strings.NewReader("1\tx\n"), "COPY clients (id, name) FROM STDIN"); err == nil {
			t.Errorf("%s may copy in", login)
		}
	}
	// Who may change without seeing.
	conn := s.As("typist", s.Person("typist", policy.Grant{Change: categories(custody.Phone)}))
	if _, err := conn.Exec(ctx, "UPDATE clients SET phone = '07700900111' WHERE id = $1", 3); err != nil {
		t.Error(err)
	}
	if got := changedSince(t, s, 0); len(got) != 1 || got["3"] != categories(custody.Phone) {
		t.Errorf("recorded %v", got)
	}
}

// TestLedgerCannotWriteChanges: without its record no change stays.
func TestLedgerCannotWriteChanges(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			b := &breaking{Err: syscall.ENOSPC}
			b.Armed.Store(-1)
			s := openChanges(t, func(o *site.Options) { o.FS = durable.Fault{FS: durable.OS{}, Decide: b.Decide} })
			conn := s.As("alice", editor(t, s, "alice")).PgConn()
			b.Armed.Store(0)
			_, err := told(way.send(conn, "UPDATE clients SET name = 'gone' WHERE id = 2"))
			if state, message := refusal(err); state != "58030" || !strings.Contains(message, "was not made") {
				t.Errorf("the client was told: %s %s", state, message)
			}
			var gone int
			if err := s.PG.Conn(t, s.Database).QueryRow(ctx, "SELECT count(*) FROM clients WHERE name = 'gone'").Scan(&gone); err != nil || gone != 0 {
				t.Errorf("%d customers were changed without a record: %v", gone, err)
			}
		})
	}
}

// edit changes random customers, in every way, until something breaks.
func edit(url string, seed uint64, done *atomic.Bool) {
	r := rand.New(rand.NewPCG(seed, seed))
	for !done.Load() {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			continue
		}
		for err == nil && !done.Load() {
			id := strconv.Itoa(r.IntN(900) + 1)
			text := "UPDATE customers SET notes = 'seen' WHERE id = " + id
			switch r.IntN(4) {
			case 0:
				_, err = conn.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol)
			case 1:
				_, err = conn.Exec(ctx, text)
			case 2:
				_, err = conn.Exec(ctx, "BEGIN; "+text+"; COMMIT", pgx.QueryExecModeSimpleProtocol)
			case 3:
				err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, text)
					return err
				})
			}
		}
		conn.Close(ctx)
	}
}

// TestKillWhileChanging: whatever the database kept of changes is in the ledger, when
// the gate is killed in the middle of them.
func TestKillWhileChanging(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", policy.Grant{See: categories(custody.FreeText), Change: categories(custody.FreeText)})
	direct := s.PG.Conn(t, s.Database)
	for round := range 3 {
		if _, err := direct.Exec(ctx, "UPDATE customers SET notes = NULL"); err != nil {
			t.Fatal(err)
		}
		n := events(s)
		child := s.Child()
		var done atomic.Bool
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() { edit(s.URL("alice", token), uint64(round*10+i), &done) })
		}
		time.Sleep(time.Duration(300+rand.IntN(400)) * time.Millisecond)
		child.Kill()
		done.Store(true)
		wg.Wait()
		s.Start()
		await(t, "the database's side of the broken connections", func() bool {
			var n int
			if err := direct.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n == 0
		})
		rows, err := direct.Query(ctx, "SELECT id::text FROM customers WHERE notes = 'seen'")
		if err != nil {
			t.Fatal(err)
		}
		kept, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(kept) == 0 {
			t.Fatalf("nothing was changed: the test shows nothing: %v", err)
		}
		recorded := changedSince(t, s, n)
		missing := slices.DeleteFunc(kept, func(k string) bool { return recorded[k] != 0 })
		if len(missing) > 0 {
			t.Fatalf("round %d: %d customers were changed and not recorded", round, len(missing))
		}
		t.Logf("round %d: %d customers changed, %d recorded", round, len(kept), len(recorded))
	}
	if _, err := ledger.Verify(s.Options.LedgerDir, s.Verifier); err != nil {
		t.Fatalf("the ledger does not verify: %v", err)
	}
}

// TestIndexFollowsChanges: after a change the new value names the customer at once and
// the old one soon does no more; rows without a key go on to be told apart.
func TestIndexFollowsChanges(t *testing.T) {
	s := openChanges(t)
	conn := s.As("alice", editor(t, s, "alice"))
	index := s.Gate.Identifiers()
	names := func(phone string) (keys []string) {
		for _, id := range index.Find(nil, s.Options.Systems[0].ID, custody.Phone, []byte(phone)) {
			sub, err := s.Store.Subject(id)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, sub.Key)
		}
		slices.Sort(keys)
		return keys
	}
	do := func(text string) {
		t.Helper()
		if _, err := conn.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	settles := func(phone string, want ...string) {
		t.Helper()
		await(t, phone+" to name "+strings.Join(want, ","), func() bool { return slices.Equal(names(phone), want) })
	}
	const one, two, free = "07700900101", "07700900102", "07700900999"
	do("UPDATE clients SET phone = '" + free + "' WHERE id = 1")
	if got := names(free); !slices.Equal(got, []string{"1"}) {
		t.Errorf("the new phone names %v at once", got)
	}
	settles(one)
	do("BEGIN")
	do("UPDATE clients SET phone = NULL WHERE id = 2")
	do("UPDATE clients SET phone = '" + two + "' WHERE id = 3")
	if got := names(two); !slices.Equal(got, []string{"2", "3"}) {
		t.Errorf("before the commit the phone names %v", got)
	}
	do("COMMIT")
	settles(two, "3")
	do("BEGIN")
	do("UPDATE clients SET phone = '" + one + "' WHERE id = 4")
	do("ROLLBACK")
	settles(one)
	do("INSERT INTO clients (name, phone) VALUES ('New', '" + one + "')")
	settles(one, "501")
	do("DELETE FROM clients WHERE id = 501")
	settles(one)
	if _, err := conn.PgConn().CopyFrom(ctx, strings.NewReader("777\tN\t"+one+"\n"), "COPY clients (id, name, phone) FROM STDIN"); err != nil {
		t.Fatal(err)
	}
	settles(one, "777")
	// A row that shows a moved phone and no key is recorded for who has it now.
	n := events(s)
	var phone string
	if err := conn.QueryRow(ctx, "SELECT phone AS custody_k FROM clients WHERE visits = 0 AND shop = 1 ORDER BY id LIMIT 1 OFFSET 2").Scan(&phone); err != nil || phone != two {
		t.Fatal(phone, err)
	}
	for _, e := range s.Ledger.Index().Events(n + 1) {
		sub, err := s.Store.Subject(e.Subjects[0])
		if err != nil || sub.Key != "3" || len(e.Subjects) != 1 {
			t.Errorf("recorded for %s and %d more: %v", sub.Key, len(e.Subjects)-1, err)
		}
	}
}
