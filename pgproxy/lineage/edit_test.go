package lineage_test

import (
	"strings"
	"testing"

	"custody/pgproxy/lineage"
)

// TestSplice: edits go where their tokens are, whatever stands between them, and
// positions are found back.
func TestSplice(t *testing.T) {
	for _, c := range []struct {
		sql   string
		edits []lineage.Edit
		want  string
		ok    bool
	}{
		{"SELECT a FROM t", []lineage.Edit{{2, 2, ", b"}}, "SELECT a, b FROM t", true},
		{" SELECT 'x;y' -- ä\n FROM t", []lineage.Edit{{2, 2, ", b"}}, " SELECT 'x;y', b -- ä\n FROM t", true},
		{"SELECT * FROM t", []lineage.Edit{{1, 2, "x, y"}, {4, 4, " GROUP BY 1"}}, "SELECT x, y FROM t GROUP BY 1", true},
		{"a b", []lineage.Edit{{0, 0, "x "}, {0, 1, "y"}, {2, 2, "!"}, {2, 2, "?"}}, "x y b!?", true},
		{"a", []lineage.Edit{{2, 2, "x"}}, "", false},
		{"a 'b", []lineage.Edit{{2, 2, "x"}}, "", false},
		{"a b c", []lineage.Edit{{2, 2, "x"}, {1, 1, "y"}}, "", false},
	} {
		got, ok := lineage.Splice(c.sql, c.edits)
		if got != c.want || ok != c.ok {
			t.Errorf("%q: %q %v, want %q %v", c.sql, got, ok, c.want, c.ok)
		}
		for i, word := range []rune(got) {
			at := lineage.ClientPosition(c.sql, c.edits, i+1)
			if at < 1 || at > len([]rune(c.sql))+1 {
				t.Errorf("%q: position %d is %d in the client's text", got, i+1, at)
			}
			if word == 't' && strings.Count(got, "t") == 1 && []rune(c.sql)[at-1] != 't' {
				t.Errorf("%q: position %d of t is %d in %q", got, i+1, at, c.sql)
			}
		}
	}
}

// FuzzSplice: no text and no edit makes it fail otherwise than by saying so.
func FuzzSplice(f *testing.F) {
	f.Add("SELECT a FROM t", 2, 2, ", b", 5)
	f.Add("a 'b", 0, 1, "", 1)
	f.Fuzz(func(t *testing.T, sql string, from, to int, text string, at int) {
		if len(sql) > 1<<12 || len(text) > 1<<12 || from < 0 || to < 0 {
			return
		}
		edits := []lineage.Edit{{From: from, To: to, Text: text}}
		got, ok := lineage.Splice(sql, edits)
		if ok && from == to && len(got) != len(sql)+len(text) {
			t.Errorf("%q became %q", sql, got)
		}
		lineage.ClientPosition(sql, edits, at)
	})
}
