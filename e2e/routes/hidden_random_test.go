package routes

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"custody"
	"custody/custodytest"
	"custody/policy"
)

var (
	hiddenCases = flag.Int("hidden.cases", 250, "random statements without keys")
	hiddenSeed  = flag.Uint64("hidden.seed", 1, "seed of the random statements without keys")
)

// The customers of the random test are 11 to 16.
const firstCustomer, lastCustomer = 11, 16

// hiddenSchema makes the tables in the first schema of the search path.
const hiddenSchema = `
CREATE TABLE branches (id int, name text, town text);
CREATE TABLE events (id bigint, customer_id bigint, kind text);
CREATE TABLE customers (id bigint PRIMARY KEY, branch_id int, name text, phone text, email text, note text, joined int);
CREATE TABLE vehicles (id bigint PRIMARY KEY, customer_id bigint NOT NULL, reg text, colour text, branch_id int);
CREATE TABLE jobs (id bigint PRIMARY KEY, customer_id bigint NOT NULL, description text, price numeric);
CREATE VIEW customer_list AS SELECT id, name AS full_name, phone, branch_id FROM customers WHERE branch_id < 3;
`

// hiddenData fills them from a seed.
func hiddenData(g *rand.Rand) string {
	var b strings.Builder
	for i := range 4 {
		fmt.Fprintf(&b, "INSERT INTO branches VALUES (%d, 'branch %d', 'town %d');", i, i, i%2)
	}
	for k := firstCustomer; k <= lastCustomer; k++ {
		email := fmt.Sprintf("'E%d-%d@example.com'", k, g.IntN(3)) // one that is NULL changes no aggregate, and is counted all the same
		fmt.Fprintf(&b, "INSERT INTO customers VALUES (%d, %d, 'N%d%s', 'P%d%s', %s, 'note of %d', %d);",
			k, g.IntN(4), k, strings.Repeat("n", k-firstCustomer), k, strings.Repeat("9", g.IntN(4)), email, k, g.IntN(60))
	}
	for i := range 10 {
		k := firstCustomer + g.IntN(6)
		fmt.Fprintf(&b, "INSERT INTO vehicles VALUES (%d, %d, 'R%d-%d', '%s', %d);", i, k, k, i, []string{"red", "blue"}[g.IntN(2)], g.IntN(4))
		k = firstCustomer + g.IntN(6)
		fmt.Fprintf(&b, "INSERT INTO jobs VALUES (%d, %d, 'D%d-%d', %d.50);", i, k, k, i, g.IntN(60))
		who := "NULL"
		if g.IntN(4) > 0 {
			who = strconv.Itoa(firstCustomer + g.IntN(8))
		}
		fmt.Fprintf(&b, "INSERT INTO events VALUES (%d, %s, 'kind %d');", i, who, g.IntN(3))
	}
	return b.String()
}

func hiddenSystem() custody.System {
	return custody.System{ID: 1, Tables: []custody.Table{
		{Schema: "public", Name: "customers", Key: "id", Subject: true, Identifiers: []string{"phone"},
			Columns: map[string]custody.Category{"name": custody.Name, "phone": custody.Phone, "email": custody.Email, "note": custody.FreeText}},
		{Schema: "public", Name: "vehicles", Key: "customer_id", Columns: map[string]custody.Category{"reg": custody.Vehicle}},
		{Schema: "public", Name: "jobs", Key: "customer_id", Columns: map[string]custody.Category{"description": custody.Accident}},
	}}
}

// oracle answers what a statement would show without one customer, in a database of
// its own that no gate knows.
type oracle struct {
	t    *testing.T
	conn *pgconn.PgConn
}

var mention = regexp.MustCompile(`\{(\w+)#(\d+)\}`)

// newOracle makes, beside the tables in public, for each customer a schema without the
// customer and one with nobody else, and one with nobody.
func newOracle(t *testing.T, pg *custodytest.PG, data string) *oracle {
	var b strings.Builder
	b.WriteString(hiddenSchema + data)
	for k := firstCustomer; k <= lastCustomer; k++ {
		for _, s := range []string{"without", "only"} {
			fmt.Fprintf(&b, "CREATE SCHEMA %s_%d; SET search_path = %[1]s_%[2]d; %s %s", s, k, hiddenSchema, data)
		}
		fmt.Fprintf(&b, `DELETE FROM without_%[1]d.customers WHERE id = %[1]d; DELETE FROM without_%[1]d.vehicles WHERE customer_id = %[1]d;
			DELETE FROM without_%[1]d.jobs WHERE customer_id = %[1]d;
			DELETE FROM only_%[1]d.customers WHERE id <> %[1]d; DELETE FROM only_%[1]d.vehicles WHERE customer_id <> %[1]d;
			DELETE FROM only_%[1]d.jobs WHERE customer_id <> %[1]d;`, k)
	}
	b.WriteString("CREATE SCHEMA nobody; SET search_path = nobody; " + hiddenSchema)
	db := pg.CreateDatabase(t, b.String())
	pg.Exec(t, db, "ANALYZE", "ALTER DATABASE "+db+" SET jit = off") // compiling such joins takes longer than running them
	return &oracle{t, pg.Conn(t, db).PgConn()}
}

// asked writes the statement with the mentions that matter in another schema.
func (o *oracle) asked(g *reports, sql, schema string) string {
	return mention.ReplaceAllStringFunc(sql, func(m string) string {
		p := mention.FindStringSubmatch(m)
		if n, _ := strconv.Atoi(p[2]); schema == "" || !g.used[n] {
			return p[1]
		}
		return schema + "." + p[1]
	})
}

// differing gives the customers for whom the answer from a kind of schema is not the
// one from another schema. The database itself compares, in one statement.
func (o *oracle) differing(g *reports, sql, kind, from string) map[string]bool {
	var b strings.Builder
	all := "(SELECT string_agg(x::text, ';' ORDER BY x::text) FROM (%s) x)"
	fmt.Fprintf(&b, "WITH whole AS (SELECT coalesce("+all+", '') AS a) SELECT k FROM whole, LATERAL (VALUES ", o.asked(g, sql, from))
	for k := firstCustomer; k <= lastCustomer; k++ {
		if k > firstCustomer {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%d, "+all+")", k, o.asked(g, sql, fmt.Sprintf("%s_%d", kind, k)))
	}
	b.WriteString(") v (k, b) WHERE a <> coalesce(b, '')")
	a, err := whole(o.conn, b.String())
	if err != nil {
		o.t.Fatalf("%v\n%s", err, b.String())
	}
	out := map[string]bool{}
	for _, r := range a.rows {
		out[strings.TrimSuffix(r[2:], ";")] = true
	}
	return out
}

// wholeAnswer is everything of an answer but its timing.
type wholeAnswer struct {
	fields string
	rows   []string
	tag    string
}

func whole(conn *pgconn.PgConn, sql string) (*wholeAnswer, error) {
	r := conn.Exec(ctx, sql)
	a := &wholeAnswer{}
	var err error
	for r.NextResult() {
		rr := r.ResultReader()
		a.fields = fmt.Sprintf("%v", rr.FieldDescriptions())
		for rr.NextRow() {
			var b bytes.Buffer
			for _, v := range rr.Values() {
				if v == nil {
					b.WriteString("-1;")
				} else {
					fmt.Fprintf(&b, "%d:%s;", len(v), v)
				}
			}
			a.rows = append(a.rows, b.String())
		}
		var tag pgconn.CommandTag
		tag, err = rr.Close()
		a.tag = tag.String()
	}
	if e := r.Close(); err == nil {
		err = e
	}
	return a, err
}

// news gives what was recorded for a person after a time, and moves it.
func news(s *custodytest.Site, person custody.PersonID, after *time.Time) map[string]bool {
	out, newest := map[string]bool{}, *after
	for e := range s.Ledger.Index().SawBy(person, *after, time.Now().Add(time.Hour)) {
		if !e.Time.After(*after) {
			continue
		}
		if e.Time.After(newest) {
			newest = e.Time
		}
		for _, id := range e.Subjects {
			sub, err := s.Store.Subject(id)
			if err != nil {
				panic(err)
			}
			out[sub.Key] = true
		}
	}
	*after = newest
	return out
}

// redundant: one side of an OR, one of equal rows, a column that nobody reads further
// out, or a row that adds only NULL may make no difference though it was looked at.
func redundant(sql string) bool {
	for _, word := range []string{" OR ", " LIMIT ", " UNION SELECT ", "DISTINCT", "(SELECT", "FULL JOIN", "LEFT JOIN", "RIGHT JOIN"} {
		if strings.Contains(sql, word) {
			return true
		}
	}
	return false
}

// TestHiddenKeysAgainstBruteForce sends random statements without keys to a real gate
// and to the database itself. What the gate releases must be the same, byte by byte,
// and it must record exactly the customers without whom the answer would be another.
//
// For every statement an oracle is asked what the answer would be without each
// customer, and what it would be with nobody else. Who is missing from the first must
// be recorded; who is recorded must make a difference to one of the two: two equal
// rows of two people are still shown if one of them goes.
func TestHiddenKeysAgainstBruteForce(t *testing.T) {
	g := &reports{Rand: rand.New(rand.NewPCG(*hiddenSeed, 7))}
	data := hiddenData(g.Rand)
	pg := custodytest.Postgres(t)
	db := pg.CreateDatabase(t, hiddenSchema+data)
	pg.Exec(t, db, "ANALYZE", "ALTER DATABASE "+db+" SET jit = off")
	s := custodytest.NewSite(t, pg, db, hiddenSystem())
	token := s.Person("alice", policy.Grant{See: categories(custody.Name, custody.Phone, custody.Email, custody.FreeText, custody.Vehicle, custody.Accident), Export: true})
	gate, direct := s.As("alice", token).PgConn(), s.PG.Conn(t, s.Database).PgConn()
	o := newOracle(t, pg, data)
	people, _ := s.Store.ListPeople()
	person, seen := people[0].ID, time.Time{}
	figures := map[string][3]int{} // by kind: statements, released, exactly the oracle's
	released := 0
	for range *hiddenCases {
		tagged := g.statement()
		sql := o.asked(g, tagged, "")
		if rows, err := whole(direct, "SELECT count(*) FROM ("+sql+") x"); err == nil && len(rows.rows[0]) > 5 { // "2:99;" is five
			continue // a cross join of thousands of rows
		}
		want, err := whole(direct, sql)
		if err != nil {
			t.Fatalf("the generator wrote a wrong statement: %v\n%s", err, sql)
		}
		f := figures[g.kind]
		f[0]++
		got, err := whole(gate, sql)
		recorded := news(s, person, &seen)
		if err != nil {
			if state, message := refusal(err); state != "42501" {
				t.Fatalf("%s %s\n%s", state, message, sql)
			}
			if len(got.rows) > 0 { // P4 in the middle: what left before is recorded
				continue
			}
			figures[g.kind] = f
			if os.Getenv("HIDDEN_VERBOSE") != "" {
				_, message := refusal(err)
				t.Logf("refused:%s: %s\n%s", g.kind, message, sql)
			}
			continue
		}
		released++
		f[1]++
		if !strings.Contains(sql[strings.LastIndex(sql, ")")+1:], "ORDER BY") {
			slices.Sort(got.rows)
			slices.Sort(want.rows)
		}
		if got.fields != want.fields || got.tag != want.tag || !slices.Equal(got.rows, want.rows) {
			t.Fatalf("the gate's answer is not the database's\n%s\ngate   %v\ndirect %v", sql, got, want)
		}
		missing := o.differing(g, tagged, "without", "")
		if !g.loose && len(want.rows) > 0 { // an empty answer names nobody
			for k := range missing {
				if !recorded[k] {
					t.Fatalf("%s has part in the answer and is not recorded (%v)\n%s", k, slices.Sorted(maps.Keys(recorded)), sql)
				}
			}
		}
		if maps.Equal(missing, recorded) {
			f[2]++
		} else if alone := o.differing(g, tagged, "only", "nobody"); !g.loose {
			for k := range recorded {
				if !missing[k] && !alone[k] && !redundant(sql) {
					t.Fatalf("%s is recorded and has no part in the answer\n%s", k, sql)
				}
			}
		}
		figures[g.kind] = f
	}
	exact := 0
	for _, f := range figures {
		exact += f[2]
	}
	t.Logf("seed %d: %d statements, %d released, %d of them recorded as exactly those without whom the answer is another", *hiddenSeed, *hiddenCases, released, exact)
	if exact < released*8/10 {
		t.Errorf("only %d of %d are exact", exact, released)
	}
	for _, k := range slices.Sorted(maps.Keys(figures)) {
		t.Logf("%4d sent, %4d released, %4d exact:%s", figures[k][0], figures[k][1], figures[k][2], k)
	}
	if released < *hiddenCases/2 {
		t.Error("too few statements were released for this test to mean anything")
	}
}
