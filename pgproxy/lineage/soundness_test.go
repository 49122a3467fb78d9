package lineage_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"custody"
	"custody/pgproxy/lineage"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var queries = flag.Int("queries", 1500, "random queries of the soundness tests")
var seed = flag.Uint64("seed", 1, "seed of the random queries")

var personal = regexp.MustCompile(`(?i)S-(\d+)-(name|phone|email|note|reg|job|number)`)

// number finds the keys in the text of an array of numbers, whatever its depth.
var number = regexp.MustCompile(`[0-9]+`)

var categoryOf = map[string]custody.Category{"name": custody.Name, "phone": custody.Phone, "email": custody.Email,
	"note": custody.FreeText, "reg": custody.Vehicle, "job": custody.Accident, "number": custody.Phone}

// answer is what the database said.
type answer struct {
	fields []pgconn.FieldDescription
	rows   [][][]byte
}

// sent is the text that goes to the database.
func sent(st *lineage.Statement, sql string) string {
	if st.Send != "" {
		return st.Send
	}
	return sql
}

func ask(conn *pgx.Conn, sql string) (*answer, error) {
	ctx := context.Background()
	res := conn.PgConn().ExecParams(ctx, sql, nil, nil, nil, nil)
	a := &answer{}
	for res.NextRow() {
		var row [][]byte
		for _, v := range res.Values() {
			if v == nil {
				row = append(row, nil)
			} else {
				row = append(row, append([]byte{}, v...))
			}
		}
		a.rows = append(a.rows, row)
	}
	a.fields = append(a.fields, res.FieldDescriptions()...)
	_, err := res.Close()
	return a, err
}

// subjects gives, for one row, the categories that the plan attributes to each key.
// stands maps values that a test put in place of personal ones to their subject.
func subjects(st *lineage.Statement, row [][]byte, stands string) map[string]custody.CategorySet {
	out := map[string]custody.CategorySet{}
	for _, s := range st.Sources {
		for _, key := range keysOf(&s, row, stands) {
			out[key] |= s.Read
		}
	}
	return out
}

// keysOf does what the gate does: the key in the row, the pinned key, or else the
// subjects whose identifier is in the row.
func keysOf(s *lineage.Source, row [][]byte, stands string) []string {
	for _, k := range s.Keys {
		if row[k] != nil {
			return []string{string(row[k])}
		}
	}
	if s.Pin != nil {
		return []string{s.Pin.Const}
	}
	if len(s.Sets) > 0 {
		var keys []string
		for _, set := range s.Sets {
			keys = append(keys, number.FindAllString(string(row[set.Column]), -1)...)
		}
		return keys
	}
	if len(s.Keys) > 0 {
		return nil
	}
	for _, k := range s.Identifiers {
		if m := personal.FindSubmatch(row[k]); m != nil {
			return []string{string(m[1])}
		}
		if v := string(row[k]); v == "Z" || strings.HasPrefix(v, "S-0-") {
			return []string{stands}
		}
	}
	if len(s.Identifiers) > 0 && !s.Outer {
		return []string{stands} // the gate refuses a row that names nobody
	}
	return nil
}

// checkRows looks for personal values whose subject or category the plan misses.
func checkRows(st *lineage.Statement, a *answer) error {
	if len(st.Sources) > 0 && len(st.Outputs) != len(a.fields) {
		return fmt.Errorf("%d outputs, the database says %d", len(st.Outputs), len(a.fields))
	}
	for i, o := range st.Outputs {
		f := a.fields[i]
		if o.Name != "" && o.Name != f.Name {
			return fmt.Errorf("output %d is called %q, the database says %q", i, o.Name, f.Name)
		}
		if o.Plain && (o.TableOID != f.TableOID || o.Attr != int16(f.TableAttributeNumber)) && o.TableOID != 0 {
			return fmt.Errorf("output %d comes from %d.%d, the database says %d.%d", i, o.TableOID, o.Attr, f.TableOID, f.TableAttributeNumber)
		}
	}
	for _, row := range a.rows {
		known := subjects(st, row, "")
		for i, v := range row[:len(row)-len(st.Hidden)] {
			for _, m := range personal.FindAllSubmatch(v, -1) {
				c := categoryOf[strings.ToLower(string(m[2]))]
				if !known[string(m[1])].Has(c) {
					return fmt.Errorf("column %d shows %s, attributed is %v", i, m[0], known)
				}
				if i < len(st.Outputs) && !st.Outputs[i].Categories.Has(c) {
					return fmt.Errorf("column %d shows %s, said to hold %v", i, m[0], st.Outputs[i].Categories)
				}
			}
		}
	}
	return nil
}

// TestSound runs what the analyser accepts and looks for personal values that the
// plan does not attribute to their subject.
func TestSound(t *testing.T) {
	conn, a := garage(t)
	exec(t, conn, "SET statement_timeout = '2s'")
	g := &gen{Rand: rand.New(rand.NewPCG(*seed, 1))}
	var ran, accepted, touching, values, failed int
	for ran < *queries {
		sql := g.statement()
		ran++
		list, err := a.Analyse(sql)
		if err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
		st := &list[0]
		if st.Refusal != nil {
			continue
		}
		res, err := ask(conn, sent(st, sql))
		if err != nil {
			failed++
			continue
		}
		accepted++
		if len(st.Sources) > 0 {
			touching++
			values += len(res.rows)
		}
		if err := checkRows(st, res); err != nil {
			t.Fatalf("%v\n%s\nsources %+v", err, sql, st.Sources)
		}
	}
	t.Logf("%d queries: %d accepted and run, %d of them over personal data with %d rows; %d failed in the database", ran, accepted, touching, values, failed)
	if touching < ran/50 {
		t.Error("too few queries over personal data were accepted for this test to mean anything")
	}
}

// TestNoInterference changes one subject's personal values: rows that differ
// between the two answers must be attributed to that subject. This finds what
// predicates, counts and windows give away.
func TestNoInterference(t *testing.T) {
	conn, a := garage(t)
	exec(t, conn, "SET statement_timeout = '2s'")
	g := &gen{Rand: rand.New(rand.NewPCG(*seed, 2))}
	var compared, differed int
	for range *queries {
		sql := g.statement()
		list, err := a.Analyse(sql)
		if err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
		st := &list[0]
		if st.Refusal != nil || g.ordered || strings.Contains(sql, "snapshot") || byIdentifier(st) {
			continue
		}
		subject := fmt.Sprint(11 + g.IntN(20))
		before, err := ask(conn, sent(st, sql))
		if err != nil {
			continue
		}
		after, err := changed(conn, subject, sent(st, sql))
		if err != nil {
			continue
		}
		compared++
		rows := difference(before.rows, after.rows, len(st.Hidden))
		if len(rows) > 0 {
			differed++
		}
		if gathers(st) {
			if !anyOf(st, slices.Concat(rows...), subject) && len(rows) > 0 {
				t.Fatalf("neither answer is attributed to %s, of whom it gives something away\n%q\n%s\nsources %+v", subject, rows, sql, st.Sources)
			}
			continue
		}
		for _, row := range rows {
			if !anyOf(st, row, subject) {
				t.Fatalf("the answer gives away something of %s in a row attributed to %v\n%q\n%s\nsources %+v", subject, subjects(st, row[0], subject), row, sql, st.Sources)
			}
		}
	}
	t.Logf("%d answers compared, %d of them differed", compared, differed)
	if differed < *queries/200 {
		t.Error("too few answers differed for this test to mean anything")
	}
}

// gathers: an aggregate over the customers that a condition picks says of all others
// that it does not pick them, as an empty answer does. One of the two answers shows
// the subject; the other cannot name it.
func gathers(st *lineage.Statement) bool {
	for i := range st.Sources {
		if len(st.Sources[i].Sets) > 0 {
			return true
		}
	}
	return false
}

func anyOf(st *lineage.Statement, rows [][][]byte, subject string) bool {
	for _, row := range rows {
		if _, ok := subjects(st, row, subject)[subject]; ok {
			return true
		}
	}
	return false
}

// byIdentifier: which subject such a row is of is said by the value that changed
// itself changes here, so the two answers cannot be compared.
func byIdentifier(st *lineage.Statement) bool {
	for i := range st.Sources {
		if st.Sources[i].ByIdentifier {
			return true
		}
	}
	return false
}

// changed asks in a transaction in which one subject's personal values are others.
func changed(conn *pgx.Conn, subject, sql string) (*answer, error) {
	ctx := context.Background()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(ctx)
	for _, q := range []string{
		"UPDATE customers SET name = 'Z', phone = NULL, email = 'S-0-0123456789', note = '123456789' WHERE id = " + subject,
		"UPDATE vehicles SET reg = 'Z' WHERE customer_id = " + subject,
		"UPDATE jobs SET description = NULL WHERE customer_id = " + subject,
		"UPDATE calls SET number = '12345' WHERE customer_id = " + subject,
	} {
		if _, err := tx.Exec(ctx, q); err != nil {
			return nil, err
		}
	}
	return ask(conn, sql)
}

// difference gives the rows that are more often in one answer than in the other, by
// the columns that the client sees: all but the last hidden ones. Rows in which the
// client sees the same are one entry.
func difference(a, b [][][]byte, hidden int) [][][][]byte {
	count := map[string]int{}
	rows := map[string][][][]byte{}
	note := func(list [][][]byte, n int) {
		for _, r := range list {
			k := fmt.Sprintf("%q", r[:len(r)-hidden])
			count[k] += n
			rows[k] = append(rows[k], r)
		}
	}
	note(a, 1)
	note(b, -1)
	var out [][][][]byte
	for _, k := range slices.Sorted(maps.Keys(count)) {
		if count[k] != 0 {
			out = append(out, rows[k])
		}
	}
	return out
}

func exec(tb testing.TB, conn *pgx.Conn, sql string) {
	tb.Helper()
	if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		tb.Fatalf("%v\n%s", err, sql)
	}
}

// runs executes a statement that passes, in a transaction that is rolled back, and
// checks what it shows.
func runs(t *testing.T, conn *pgx.Conn, a *lineage.Analyser, sql string) {
	t.Helper()
	list, err := a.Analyse(sql)
	if err != nil || list[0].Refusal != nil || strings.Contains(sql, "$1") {
		return
	}
	st := &list[0]
	switch st.Verb {
	case lineage.Select, lineage.Insert, lineage.Update, lineage.Delete:
	default:
		return
	}
	ctx := context.Background()
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	res, err := ask(conn, sent(st, sql))
	if err != nil {
		return // the database refuses it
	}
	if err := checkRows(st, res); err != nil {
		t.Errorf("%v\n%s\n%s", err, sql, describe(st))
	}
}
