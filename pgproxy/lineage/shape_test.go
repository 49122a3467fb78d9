package lineage_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"custody/pgproxy/lineage"
)

func TestNormalise(t *testing.T) {
	same := [][2]string{
		{"SELECT 1", "SELECT 2"},
		{"SELECT 'a'", "SELECT 'it''s'"},
		{"SELECT a  FROM b -- x\nWHERE c = 5", "SELECT a FROM b WHERE c = 77"},
		{"SELECT 1.5e3", "SELECT .5"},
		{"SELECT a /* '1' */ FROM b", "SELECT a /* /* nested */ */ FROM b"},
		{"SELECT a FROM b LIMIT 10;", "SELECT a FROM b LIMIT 20"},
	}
	for _, p := range same {
		a, ok1 := lineage.Normalise(p[0])
		b, ok2 := lineage.Normalise(p[1])
		if a != b || !ok1 || !ok2 {
			t.Errorf("%q and %q: %q %v, %q %v", p[0], p[1], a, ok1, b, ok2)
		}
	}
	differ := [][2]string{
		{"SELECT 1", "SELECT 1.0"},
		{"SELECT 1", "SELECT '1'"},
		{"SELECT a FROM b ORDER BY 1", "SELECT a FROM b ORDER BY 2"},
		{"SELECT a FROM b GROUP BY 1", "SELECT a FROM b GROUP BY 2"},
		{"SELECT DISTINCT ON (1) a, b FROM c", "SELECT DISTINCT ON (2) a, b FROM c"},
		{`SELECT "a" FROM b`, `SELECT "c" FROM b`},
		{"SELECT $1", "SELECT $2"},
		{"SELECT a--b\n", "SELECT a-b"},
		{"SELECT - -1", "SELECT --1\n"},
	}
	for _, p := range differ {
		a, ok1 := lineage.Normalise(p[0])
		b, ok2 := lineage.Normalise(p[1])
		if a == b && ok1 && ok2 {
			t.Errorf("%q and %q have the same shape", p[0], p[1])
		}
	}
	for _, s := range []string{"", "SET x = 1", "SELECT E'a'", "SELECT $$a$$", "SELECT U&'a'", "SELECT 'a'\n'b'", "SELECT 'a' /* */ 'b'",
		"SELECT 1; SELECT 2", "SELECT é", "SELECT 1a", "SELECT 'a", `SELECT "a`, "SELECT x'1f'", "SELECT \x01", "SELECT \"\x01\"", "SELECT $1a", `SELECT \`} {
		if n, ok := lineage.Normalise(s); ok {
			t.Errorf("%q has the shape %q", s, n)
		}
	}
}

// mutated writes a text anew with other literals of the same kinds.
func mutated(g *gen, sql string) string {
	var b strings.Builder
	at := 0
	for _, s := range lineage.Literals(sql) {
		b.WriteString(sql[at:s[0]])
		old := sql[s[0]:s[1]]
		switch {
		case old[0] == '\'':
			b.WriteString(pick(g, []string{"''", "'x'", "'it''s'", "'17'", "'customers'", "'1.5'"}))
		case strings.ContainsAny(old, ".eE"):
			b.WriteString(pick(g, []string{"1.5", "2e3", ".25"}))
		default:
			b.WriteString(pick(g, []string{"0", "1", "17", "99999", "12345678901", "007"}))
		}
		at = s[1]
	}
	b.WriteString(sql[at:])
	return b.String()
}

// resolved gives an analysis with its pins read from the literals, and without what
// belongs to the text first seen.
func resolved(st lineage.Statement, literals []string) lineage.Statement {
	st.Text, st.Send = "", "" // Edits are compared
	st.Sources = append([]lineage.Source(nil), st.Sources...)
	for i := range st.Sources {
		st.Sources[i].Pin = resolvedPin(st.Sources[i].Pin, literals)
	}
	st.Writes = append([]lineage.Write(nil), st.Writes...)
	for i := range st.Writes {
		st.Writes[i].Pin = resolvedPin(st.Writes[i].Pin, literals)
	}
	return st
}

func resolvedPin(p *lineage.Pin, literals []string) *lineage.Pin {
	if p == nil || p.Param > 0 || p.Literal < 0 || p.Literal >= len(literals) {
		return p
	}
	q := *p
	q.Const = strings.TrimLeft(literals[p.Literal], "0")
	return &q
}

// TestShapesAreSafe: texts of one shape have equal analyses but for the values of
// their literals, so the cache never answers for another statement.
func TestShapesAreSafe(t *testing.T) {
	_, a := garage(t)
	g := &gen{Rand: rand.New(rand.NewPCG(*seed, 3))}
	texts := tableOfStatements(t)
	for range *queries {
		texts = append(texts, g.statement())
	}
	shapes := 0
	for _, sql := range texts {
		before, ok := lineage.Normalise(sql)
		if !ok {
			continue
		}
		other := mutated(g, sql)
		if after, _ := lineage.Normalise(other); after != before {
			t.Fatalf("%s\n%s\nhave different shapes", sql, other)
		}
		shapes++
		if _, _, err := a.AnalyseCached(sql, nil); err != nil {
			continue
		}
		plan, literals, err := a.AnalyseCached(other, nil)
		if err != nil {
			t.Fatal(err, other)
		}
		direct, err := a.Analyse(other)
		if err != nil {
			t.Fatal(err, other)
		}
		got, want := resolved(plan.Statements[0], literals), resolved(direct[0], literals)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\n%s\ncached %s\ndirect %s", sql, other, describe(&got), describe(&want))
		}
	}
	t.Logf("%d shapes", shapes)
	if shapes < len(texts)/4 {
		t.Error("too few shapes")
	}
}

func tableOfStatements(tb testing.TB) []string {
	f, err := os.Open("testdata/statements.txt")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var list []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if l := lines.Text(); l != "" && l[0] != '#' && l[0] != ' ' {
			list = append(list, l)
		}
	}
	return list
}

func TestTooMuch(t *testing.T) {
	_, a := garage(t)
	r := strings.Repeat
	for i, sql := range []string{
		"SELECT " + r("(", 100000) + "1" + r(")", 100000),
		"SELECT 1" + r("+1", 100000),
		"SELECT 1" + r("::int", 100000),
		"SELECT 1" + r(" COLLATE x", 60000),
		"SELECT 1 FROM a" + r(" CROSS JOIN b", 60000),
		"SELECT 1 FROM a" + r(" JOIN b ON true AND true", 30000),
		"SELECT 1" + r(" UNION SELECT 1, 2", 40000),
		"SELECT " + r("NOT ", 100000) + "true",
		"SELECT " + r("CASE WHEN ", 50000),
		"SELECT 1" + r("||1", 100000),
		"SELECT " + r("ARRAY[", 100000),
		"SELECT 1" + r(" IS NULL", 60000),
		"SELECT E'\\'" + r("(", 100000) + "'" + r("+1", 100000),
		"SELECT '" + r("x", lineage.MaxStatement) + "'",
		"SELECT 1" + r("--\r+1", 60000),
		"SELECT 1\x00 FROM customers",
		"SELECT '\xff'",
	} {
		if _, err := a.Analyse(sql); err == nil {
			t.Errorf("%d: %.60s passes", i, sql)
		}
	}
	// Long lists are not deep.
	for i, sql := range []string{
		"SELECT id FROM branches WHERE id IN (1" + r(", 2", 100000) + ")",
		"SELECT id FROM branches WHERE id = 1" + r(" OR id = 2", 10000),
		"INSERT INTO staff VALUES (1, 2, 'x')" + r(", (1, 2, 'x')", 20000),
	} {
		if list, err := a.Analyse(sql); err != nil || list[0].Refusal != nil {
			t.Errorf("%d: %.60s %v", i, sql, err)
		}
	}
	var w strings.Builder
	w.WriteString("WITH w0 AS (SELECT * FROM customers)")
	for i := range 30 {
		fmt.Fprintf(&w, ", w%d AS (SELECT a.* FROM w%d a JOIN w%d b USING (id))", i+1, i, i)
	}
	w.WriteString(" SELECT * FROM w30")
	if list, err := a.Analyse(w.String()); err != nil || list[0].Refusal == nil {
		t.Error("a statement that grows without end passes", err)
	}
}
