package clients

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"custody"
	"custody/custodytest"
	"custody/policy"
)

// TestLongPipeline: ten thousand looks and large answers are sent before the first
// answer is read, and all come, in order.
func TestLongPipeline(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	conn := s.As("alice", token).PgConn()
	if _, err := conn.Prepare(ctx, "look", "SELECT id, name FROM customers WHERE id = $1", nil); err != nil {
		t.Fatal(err)
	}
	const looks = 10000
	p := conn.StartPipeline(ctx)
	for i := range looks {
		p.SendQueryPrepared("look", [][]byte{strconv.AppendInt(nil, int64(i%1000+1), 10)}, nil, nil)
		if i%100 == 0 {
			p.SendQueryParams("SELECT repeat('x', 100000)", nil, nil, nil, nil)
		}
	}
	if err := p.Sync(); err != nil {
		t.Fatal(err)
	}
	for i := range looks {
		if got := string(next(t, p).Rows[0][0]); got != strconv.Itoa(i%1000+1) {
			t.Fatalf("answer %d is of customer %s", i, got)
		}
		if i%100 == 0 {
			if n := len(next(t, p).Rows[0][0]); n != 100000 {
				t.Fatalf("a large answer has %d bytes", n)
			}
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Saw("alice")); n != 1000 {
		t.Errorf("%d people are recorded", n)
	}
}

// next reads the next whole answer of a pipeline.
func next(t *testing.T, p *pgconn.Pipeline) *pgconn.Result {
	t.Helper()
	r, err := p.GetResults()
	if err != nil {
		t.Fatal(err)
	}
	rr, ok := r.(*pgconn.ResultReader)
	if !ok {
		t.Fatalf("%T came instead of an answer", r)
	}
	result := rr.Read()
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	return result
}

// TestRefusedWithinAPipeline: what comes after a refused statement, up to the next
// Sync, does not run.
func TestRefusedWithinAPipeline(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	conn := s.As("alice", token).PgConn()
	p := conn.StartPipeline(ctx)
	for _, q := range []string{"SELECT id, name FROM customers WHERE id = 1", "SELECT id, email FROM customers WHERE id = 2", "SELECT id, name FROM customers WHERE id = 3"} {
		p.SendQueryParams(q, nil, nil, nil, nil)
	}
	if err := p.Sync(); err != nil {
		t.Fatal(err)
	}
	p.SendQueryParams("SELECT id, name FROM customers WHERE id = 4", nil, nil, nil, nil)
	if err := p.Sync(); err != nil {
		t.Fatal(err)
	}
	var saw []string
	var refused int
	for {
		r, err := p.GetResults()
		if r == nil && err == nil {
			break
		}
		rr, ok := r.(*pgconn.ResultReader)
		if ok {
			result := rr.Read()
			err = result.Err
			for _, row := range result.Rows {
				saw = append(saw, string(row[0]))
			}
		}
		if state, _ := refusal(err); state == "42501" {
			refused++
		}
	}
	_ = p.Close()
	if !slices.Equal(saw, []string{"1", "4"}) || refused != 1 {
		t.Errorf("%d refused, shown: %v", refused, saw)
	}
	if got := keys(s.Saw("alice")); !slices.Equal(got, saw) {
		t.Errorf("the ledger says %v", got)
	}
}

func TestCopyInThatFailsMidway(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	conn := s.As("alice", token)
	if _, err := conn.Exec(ctx, "CREATE TEMP TABLE prices (n int CHECK (n <> 150000), t text)"); err != nil {
		t.Fatal(err)
	}
	row := func(i int) ([]any, error) { return []any{i, strings.Repeat("y", 50)}, nil }
	_, err := conn.CopyFrom(ctx, pgx.Identifier{"prices"}, []string{"n", "t"}, pgx.CopyFromSlice(300000, row))
	if state, _ := refusal(err); state != "23514" {
		t.Fatalf("a copy that breaks a constraint in its middle: %v", err)
	}
	n, err := conn.CopyFrom(ctx, pgx.Identifier{"prices"}, []string{"n", "t"}, pgx.CopyFromSlice(140000, row))
	if err != nil || n != 140000 {
		t.Errorf("the next copy: %d, %v", n, err)
	}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"customers"}, []string{"id", "name"}, pgx.CopyFromSlice(1, func(int) ([]any, error) { return []any{int64(5000), "x"}, nil })); err == nil {
		t.Error("somebody without the right to change copied customers in")
	}
	source := io.MultiReader(strings.NewReader("1\ta\n"), failing{})
	if _, err := conn.PgConn().CopyFrom(ctx, source, "COPY prices FROM STDIN"); err == nil {
		t.Error("a copy that the client gave up succeeded")
	}
	var count int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM prices").Scan(&count); err != nil || count != 140000 {
		t.Errorf("%d rows, %v", count, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the source broke") }

// TestCopyOutMasked: in all three formats masked columns are masked, NULL stays NULL
// and everybody is recorded.
func TestCopyOutMasked(t *testing.T) {
	s := bodyshop(t)
	s.PG.Exec(t, s.Database, "UPDATE customers SET name = E'tab\\there, \"quoted\"' WHERE id = 2; UPDATE customers SET phone = NULL WHERE id = 3; UPDATE customers SET phone = '07700 900123' WHERE id = 1")
	token := s.Person("alice", policy.Grant{See: categories(custody.Name), Mask: categories(custody.Phone), Export: true})
	conn := s.As("alice", token).PgConn()
	for _, format := range []string{"text", "csv", "csv, HEADER", "binary"} {
		var b bytes.Buffer
		sql := "COPY (SELECT id, phone, name FROM customers WHERE id <= 3 ORDER BY id) TO STDOUT WITH (FORMAT " + format + ")"
		if _, err := conn.CopyTo(ctx, &b, sql); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		out := b.String()
		if strings.Contains(out, "900123") || strings.Contains(out, "07700 900") || !strings.Contains(out, "•") {
			t.Errorf("%s: %q", format, out)
		}
		for _, want := range map[string][]string{
			"text": {"2\t", "tab\\there, \"quoted\"", "3\t\\N\t"}, "csv": {"\"tab\there, \"\"quoted\"\"\"", "3,,"},
			"csv, HEADER": {"id,phone,name\n"}, "binary": {"PGCOPY\n\xff\r\n", "tab\there, \"quoted\"", "\x00\x03\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff\xff", "\xff\xff"},
		}[format] {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing in %q", format, want, out)
			}
		}
	}
	saw := s.Saw("alice")
	if !slices.Equal(keys(saw), []string{"1", "2", "3"}) {
		t.Errorf("the ledger says %v", saw)
	}
}

// TestSuspendedPortals: a portal that is executed a few rows at a time discloses,
// and records, only what was fetched.
func TestSuspendedPortals(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	f := s.As("alice", token).PgConn().Frontend()
	f.SendParse(&pgproto3.Parse{Query: "SELECT id, name FROM customers WHERE id <= 100 ORDER BY id"})
	f.SendBind(&pgproto3.Bind{DestinationPortal: "p", ResultFormatCodes: []int16{1, 0}})
	var saw []string
	for range 3 {
		f.SendExecute(&pgproto3.Execute{Portal: "p", MaxRows: 5})
	}
	f.SendClose(&pgproto3.Close{ObjectType: 'P', Name: "p"})
	f.SendSync(&pgproto3.Sync{})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	suspended := 0
	for ready := false; !ready; {
		m, err := f.Receive()
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case *pgproto3.DataRow:
			saw = append(saw, strconv.FormatUint(binary.BigEndian.Uint64(m.Values[0]), 10))
		case *pgproto3.PortalSuspended:
			suspended++
		case *pgproto3.ErrorResponse:
			t.Fatal(m.Message)
		case *pgproto3.ReadyForQuery:
			ready = true
		}
	}
	slices.Sort(saw)
	if suspended != 3 || len(saw) != 15 || !slices.Equal(keys(s.Saw("alice")), saw) {
		t.Errorf("suspended %d times; shown %v; recorded %v", suspended, saw, keys(s.Saw("alice")))
	}
}

func TestCursors(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.Export = true
	token := s.Person("alice", grant)
	conn := s.As("alice", token)
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec("DECLARE held SCROLL CURSOR WITH HOLD FOR SELECT id, name FROM customers ORDER BY id")
	exec("FETCH 2 FROM held")
	exec("FETCH ABSOLUTE 50 FROM held")
	exec("FETCH BACKWARD 2 FROM held")
	exec("CLOSE held")
	exec("BEGIN")
	exec("DECLARE b BINARY CURSOR FOR SELECT id, name FROM customers WHERE id = 70")
	exec("FETCH ALL FROM b")
	exec("COMMIT")
	if got, want := keys(s.Saw("alice")), []string{"1", "2", "48", "49", "50", "70"}; !slices.Equal(got, want) {
		t.Errorf("the ledger says %v", got)
	}
}

// TestKeysThatAreNull: a row of an outer join without a customer is shown and
// records nobody; a row that has personal data and no key is refused.
func TestKeysThatAreNull(t *testing.T) {
	s := bodyshop(t)
	s.PG.Exec(t, s.Database, "ALTER TABLE calls ALTER customer_id DROP NOT NULL, ALTER staff_id DROP NOT NULL, ALTER inbound DROP NOT NULL, ALTER called_at DROP NOT NULL; INSERT INTO calls (id, customer_id, phone, summary) SELECT max(id) + 1, NULL, 'withheld', 'asked for the way' FROM calls")
	token := s.Person("alice", see(categories(custody.Name, custody.FreeText)))
	conn := s.As("alice", token)
	var n int
	rows, err := conn.Query(ctx, "SELECT n, c.id, c.name FROM generate_series(999, 1002) n LEFT JOIN customers c ON c.id = n")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		n++
	}
	if rows.Err() != nil || n != 4 {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
	if got := keys(s.Saw("alice")); !slices.Equal(got, []string{"1000", "999"}) {
		t.Errorf("the ledger says %v", got)
	}
	_, err = conn.Exec(ctx, "SELECT customer_id, summary FROM calls WHERE summary IS NOT NULL AND customer_id IS NULL")
	if state, message := refusal(err); state != "42501" {
		t.Errorf("a call of nobody: %s %s", state, message)
	}
}

// TestFunctionCalls: the protocol's FunctionCall passes where nothing is declared and
// is refused where people's data is, and the session goes on.
func TestFunctionCalls(t *testing.T) {
	pg := custodytest.Postgres(t)
	for what, s := range map[string]*custodytest.Site{
		"refused": bodyshop(t),
		"passes":  custodytest.NewSite(t, pg, pg.CreateDatabase(t), custody.System{}, custodytest.Superuser(t, pg)),
	} {
		conn := s.As("alice", s.Person("alice", see(contacts)))
		f := conn.PgConn().Frontend()
		f.Send(&pgproto3.FunctionCall{Function: 1219, ArgFormatCodes: []uint16{1}, Arguments: [][]byte{{0, 0, 0, 0, 0, 0, 0, 41}}, ResultFormatCode: 1}) // int8inc
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for ready := false; !ready; {
			m, err := f.Receive()
			if err != nil {
				t.Fatal(err)
			}
			switch m := m.(type) {
			case *pgproto3.FunctionCallResponse:
				got = append(got, fmt.Sprint(binary.BigEndian.Uint64(m.Result)))
			case *pgproto3.ErrorResponse:
				got = append(got, m.Code)
			case *pgproto3.ReadyForQuery:
				ready = true
			}
		}
		want := map[string]string{"refused": "0A000", "passes": "42"}[what]
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v", what, got)
		}
		if err := conn.QueryRow(ctx, "SELECT 1").Scan(new(int)); err != nil {
			t.Errorf("%s: afterwards: %v", what, err)
		}
	}
}
