package routes

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/policy"
)

// report is a statement without a customer's key, and whose rows it shows.
type report struct{ sql, shows string }

var bodyshopReports = []report{
	{"SELECT name, phone FROM customers WHERE id BETWEEN 5 AND 9 ORDER BY id", "SELECT generate_series(5, 9)"},
	{"SELECT upper(name) AS who -- a comment, with a quote: '\nFROM customers /* here */ WHERE id < 4 ORDER BY customers.id", "SELECT generate_series(1, 3)"},
	{"SELECT * FROM (SELECT name, town FROM customers WHERE id IN (11, 12)) q ORDER BY 1", "SELECT generate_series(11, 12)"},
	{"SELECT b.name, c.name, v.registration FROM branches b LEFT JOIN customers c ON c.branch_id = b.id AND c.id < 20 LEFT JOIN vehicles v ON v.customer_id = c.id ORDER BY 1, 2, 3",
		"SELECT generate_series(1, 19)"},
	{"SELECT branch_id, count(phone), max(name) FROM customers WHERE id BETWEEN 30 AND 60 GROUP BY branch_id ORDER BY 1", "SELECT generate_series(30, 60)"},
	{"SELECT branch_id, count(*) AS n FROM customers GROUP BY 1 HAVING max(id) < 0 AND max(name) > 'A'", ""},
	{"SELECT DISTINCT left(name, 1) AS initial FROM customers WHERE id < 80 ORDER BY initial DESC", "SELECT generate_series(1, 79)"},
	{"SELECT name FROM customers WHERE id < 6 UNION SELECT registration FROM vehicles WHERE customer_id < 9 ORDER BY name", "SELECT id FROM customers WHERE id < 6 UNION SELECT customer_id FROM vehicles WHERE customer_id < 9"},
	{"WITH v AS (SELECT registration, make FROM vehicles WHERE customer_id BETWEEN 100 AND 110) SELECT make, string_agg(registration, ',' ORDER BY registration) FROM v GROUP BY make ORDER BY make",
		"SELECT customer_id FROM vehicles WHERE customer_id BETWEEN 100 AND 110"},
	{"SELECT name, count(*) OVER () AS of FROM customers WHERE name LIKE 'A%' AND id < 300 ORDER BY name, id LIMIT 2", "SELECT id FROM customers WHERE name LIKE 'A%' AND id < 300"},
	{"SELECT count(*) FROM (SELECT DISTINCT phone FROM customers WHERE id < 40) q", "SELECT generate_series(1, 39)"},
	{"TABLE branches", ""},
}

// TestReportsWithoutKeys: what a report shows is what the database shows, byte by
// byte, and everybody in it is recorded; as a simple query, prepared in text and in
// binary, by PREPARE, a cursor and COPY.
func TestReportsWithoutKeys(t *testing.T) {
	s := bodyshop(t)
	direct := s.PG.Conn(t, s.Database)
	for i, r := range bodyshopReports {
		login := fmt.Sprintf("reader%d", i)
		gate := s.As(login, s.Person(login, seesAll()))
		for _, route := range []struct {
			name string
			ask  func(*pgx.Conn, string) (string, error)
		}{
			{"simple", simply}, {"prepared", prepared(0)}, {"in binary", prepared(1)}, {"PREPARE", byPrepare},
			{"a cursor", byCursor("")}, {"a binary cursor", byCursor("BINARY ")},
			{"COPY", byCopy("")}, {"COPY csv", byCopy("(FORMAT csv, HEADER, FORCE_QUOTE *)")}, {"COPY binary", byCopy("(FORMAT binary)")},
		} {
			if route.name[:2] == "CO" && strings.HasPrefix(r.sql, "TABLE") {
				continue
			}
			want, err := route.ask(direct, r.sql)
			if err != nil {
				t.Fatalf("%v\n%s", err, r.sql)
			}
			got, err := route.ask(gate, r.sql)
			if err != nil {
				state, message := refusal(err)
				t.Errorf("by %s: %s %s\n%s", route.name, state, message, r.sql)
			} else if got != want {
				t.Errorf("by %s the gate shows\n%.600s\nand the database\n%.600s\n%s", route.name, got, want, r.sql)
			}
		}
		var want []string
		if r.shows != "" {
			want = expected(t, s, "SELECT x::bigint FROM ("+r.shows+") q (x)")
		}
		if saw := keys(s.Saw(login)); !slices.Equal(saw, want) {
			t.Errorf("recorded %v, want %v\n%s", saw, want, r.sql)
		}
	}
}

func simply(c *pgx.Conn, sql string) (string, error) {
	a, err := whole(c.PgConn(), sql)
	return fmt.Sprint(a.fields, a.rows, a.tag), err
}

// prepared asks by Parse, Describe, Bind and Execute, in a format for all columns,
// and once more with a format for each.
func prepared(format int16) func(*pgx.Conn, string) (string, error) {
	return func(c *pgx.Conn, sql string) (string, error) {
		d, err := c.PgConn().Prepare(ctx, "", sql, nil)
		if err != nil {
			return "", err
		}
		out := fmt.Sprint(d.Fields)
		each := make([]int16, len(d.Fields))
		for i := range each {
			each[i] = format
		}
		for _, formats := range [][]int16{nil, {format}, each} {
			r := c.PgConn().ExecPrepared(ctx, "", nil, nil, formats).Read()
			if r.Err != nil {
				return "", r.Err
			}
			out += fmt.Sprint(r.FieldDescriptions, r.Rows, r.CommandTag)
		}
		return out, nil
	}
}

func byPrepare(c *pgx.Conn, sql string) (string, error) {
	if _, err := whole(c.PgConn(), "PREPARE q AS "+sql); err != nil {
		return "", err
	}
	a, err := simply(c, "EXECUTE q")
	if err != nil {
		return "", err
	}
	b, err := prepared(1)(c, "EXECUTE q")
	if err == nil {
		_, err = whole(c.PgConn(), "DEALLOCATE q")
	}
	return a + b, err
}

func byCursor(kind string) func(*pgx.Conn, string) (string, error) {
	return func(c *pgx.Conn, sql string) (string, error) {
		out := ""
		for _, q := range []string{"BEGIN", "DECLARE q " + kind + "SCROLL CURSOR FOR " + sql, "FETCH 2 FROM q", "FETCH BACKWARD 1 FROM q", "FETCH ALL FROM q", "COMMIT"} {
			a, err := simply(c, q)
			if err != nil {
				_, _ = simply(c, "ROLLBACK")
				return "", err
			}
			out += a
		}
		return out, nil
	}
}

func byCopy(options string) func(*pgx.Conn, string) (string, error) {
	return func(c *pgx.Conn, sql string) (string, error) {
		var b bytes.Buffer
		tag, err := c.PgConn().CopyTo(ctx, &b, "COPY ("+sql+"\n) TO STDOUT "+options)
		return b.String() + tag.String(), err
	}
}

// TestPsqlShowsTheSame: psql's own output, through the gate and without it.
func TestPsqlShowsTheSame(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", seesAll())
	script := ""
	for _, r := range bodyshopReports {
		script += r.sql + ";\n"
	}
	script += `SELECT name, count(*) FROM customers WHERE id < 4 GROUP BY name ORDER BY 1 \gdesc
\copy (SELECT name FROM customers WHERE id < 9 ORDER BY id) to stdout csv header
\x
SELECT name, phone FROM customers WHERE id < 3 ORDER BY id;
SELECT name FROM customers WHERE id < 9 AND phone = 5;
`
	want, _ := run(t, append(os.Environ(), "LC_ALL=C.UTF-8"), script, "psql", "-X", "-q", "-P", "pager=off", s.PG.URLFor(s.Database))
	got := psql(t, s, "alice", token, script, "-q")
	lines := strings.SplitN(got, "\n", 2)
	if strings.HasPrefix(lines[0], "NOTICE:") && lines[1] == want {
		return
	}
	a, b := strings.Split(lines[1], "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Errorf("line %d through the gate:\n%s\nwithout:\n%s", i, a[i], b[i])
		}
	}
	t.Errorf("%d lines through the gate, %d without", len(a), len(b))
}

// TestHiddenKeysInAPipeline: several reports in one round trip, with a limit of rows,
// and an error in the middle whose position is that of the client's text.
func TestHiddenKeysInAPipeline(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", seesAll())
	h := &heard{}
	wrong := "SELECT name, 'ä', phone FROM customers WHERE branch_id = 1 AND phone = 5"
	conn := rawConnect(t, s.URL("alice", token))
	conn.say(wire{
		parse("a", "SELECT name FROM customers WHERE id < 6 ORDER BY id"), bind("p", "a"), some("p", 2), some("p", 2),
		parse("b", "SELECT max(name) FROM customers WHERE id BETWEEN 21 AND 23"), bind("", "b"), execute(""),
		parse("c", wrong), bind("", "c"), execute(""), syncNow,
	}, h)
	conn.tap.Close()
	if len(h.rows) != 5 || len(h.rows[0]) != 1 || len(h.errors) != 1 {
		t.Fatalf("rows %q, errors %s", h.rows, h.complaints())
	}
	if at := int(h.errors[0].Position); at < 1 || string([]rune(wrong)[at-1:]) != "= 5" {
		t.Errorf("the error is said to be at %d", at)
	}
	if saw := keys(s.Saw("alice")); !slices.Equal(saw, []string{"1", "2", "21", "22", "23", "3", "4"}) {
		t.Errorf("recorded %v", saw)
	}
}

// TestAnAggregateOverTooMany: a row that shows something of more people than a limit
// leaves is not shown, and nobody is counted for it.
func TestAnAggregateOverTooMany(t *testing.T) {
	s := bodyshop(t)
	g := seesAll()
	g.Limits.PerDay = 20
	conn := s.As("alice", s.Person("alice", g))
	var name string
	if err := conn.QueryRow(ctx, "SELECT max(name) FROM customers WHERE id <= 15").Scan(&name); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"SELECT max(name) FROM customers WHERE id < 300",
		"SELECT max(name) FROM customers WHERE id BETWEEN 100 AND 105",
		"SELECT DISTINCT 1 FROM customers WHERE name > 'A'",
	} {
		err := conn.QueryRow(ctx, sql).Scan(&name)
		if state, message := refusal(err); state != "53400" {
			t.Errorf("%s: %s %s", sql, state, message)
		}
	}
	if err := conn.QueryRow(ctx, "SELECT max(name) FROM customers WHERE id BETWEEN 11 AND 20").Scan(&name); err != nil {
		t.Errorf("five people were left: %v", err)
	}
	if saw := s.Saw("alice"); len(saw) != 20 {
		t.Errorf("recorded %d: %v", len(saw), keys(saw))
	}
}

// TestHiddenKeysOfAThousand: a report over everybody records everybody, once.
func TestHiddenKeysOfAThousand(t *testing.T) {
	s := bodyshop(t)
	conn := s.As("alice", s.Person("alice", seesAll()))
	var n int
	if err := conn.QueryRow(ctx, "SELECT count(DISTINCT phone) FROM customers").Scan(&n); err != nil {
		t.Fatal(err)
	}
	saw := s.Saw("alice")
	want := expected(t, s, "SELECT id FROM customers")
	if got := keys(saw); !slices.Equal(got, want) {
		t.Errorf("recorded %d of %d", len(got), len(want))
	}
	for k, c := range saw {
		if c != categories(custody.Phone) {
			t.Errorf("%s: %v", k, c)
			break
		}
	}
}

// TestMaskedWithoutAKey: masking and hidden keys go together.
func TestMaskedWithoutAKey(t *testing.T) {
	s := bodyshop(t)
	conn := s.As("alice", s.Person("alice", policy.Grant{See: categories(custody.Name), Mask: categories(custody.Phone)}))
	rows, err := conn.Query(ctx, "SELECT phone, name FROM customers WHERE id BETWEEN 5 AND 7 ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) ([2]*string, error) {
		var v [2]*string
		err := r.Scan(&v[0], &v[1])
		return v, err
	})
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for _, v := range list {
		if v[0] != nil && !strings.Contains(*v[0], "•") {
			t.Errorf("the phone is shown as %q", *v[0])
		}
	}
	if saw := slices.Sorted(maps.Keys(s.Saw("alice"))); !slices.Equal(saw, []string{"5", "6", "7"}) {
		t.Errorf("recorded %v", saw)
	}
	if _, err := conn.Exec(ctx, "SELECT max(phone) FROM customers WHERE id BETWEEN 5 AND 7"); err == nil {
		t.Error("an aggregate shows what may be seen masked only")
	}
}

// TestSchemaChangeUnderAPreparedReport: a statement that the database holds with
// other hidden columns than it would get now is not run.
func TestSchemaChangeUnderAPreparedReport(t *testing.T) {
	s := bodyshop(t)
	conn := s.As("alice", s.Person("alice", seesAll())).PgConn()
	if _, err := conn.Prepare(ctx, "q", "SELECT * FROM (SELECT name FROM customers WHERE id < 3) q", nil); err != nil {
		t.Fatal(err)
	}
	direct := s.PG.Conn(t, s.Database)
	if _, err := direct.Exec(ctx, "ALTER TABLE customers RENAME COLUMN name TO fullname"); err != nil {
		t.Fatal(err)
	}
	r := conn.ExecPrepared(ctx, "q", nil, nil, nil).Read()
	if r.Err == nil {
		t.Errorf("it ran: %q", r.Rows)
	}
}
