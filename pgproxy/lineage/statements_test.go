package lineage_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"custody/pgproxy/lineage"
)

var update = flag.Bool("update", false, "write testdata/statements.txt anew; read the difference with care")

// describe writes an analysis on one line: what is disclosed, or why not.
func describe(st *lineage.Statement) string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(st.Verb.String(), " ", "-"))
	for _, s := range st.Sources {
		fmt.Fprintf(&b, "; %s.%s keys%v", s.Table.Name, s.Alias, s.Keys)
		if len(s.Sets) > 0 {
			fmt.Fprintf(&b, " sets%v", s.Sets)
		}
		if s.Pin != nil && s.Pin.Param > 0 {
			fmt.Fprintf(&b, " pin $%d", s.Pin.Param)
		} else if s.Pin != nil {
			fmt.Fprintf(&b, " pin %s", s.Pin.Const)
		}
		fmt.Fprintf(&b, " read %v", s.Read)
		if s.Used != 0 {
			fmt.Fprintf(&b, " used %v", s.Used)
		}
		if s.Outer {
			b.WriteString(" outer")
		}
	}
	for _, w := range st.Writes {
		fmt.Fprintf(&b, "; writes %s %v", w.Table.Name, w.Categories)
		if w.Pin != nil {
			fmt.Fprintf(&b, " pin %d:%s", w.Pin.Param, w.Pin.Const)
		}
		if w.Key >= 0 {
			fmt.Fprintf(&b, " key %d", w.Key)
		}
		if len(w.Names) > 0 {
			fmt.Fprintf(&b, " names %v", w.Names)
		}
	}
	if len(st.Hidden) > 0 {
		fmt.Fprintf(&b, "; hidden %d", len(st.Hidden))
	}
	for _, f := range []struct {
		on   bool
		name string
	}{{st.Mute, "mute"}, {st.Whole, "whole"}, {st.Opaque, "opaque"}, {st.Touches, "touches"}, {st.Unknown, "unknown"}} {
		if f.on {
			b.WriteString("; " + f.name)
		}
	}
	if st.Refusal != nil {
		fmt.Fprintf(&b, "; REFUSED %v: %s", st.Refusal.Code, st.Refusal.Message)
	}
	return b.String()
}

// TestStatements holds the table of statements in testdata: a statement a line, what
// the analyser says of it on the next. Statements that pass are run as well, and
// their answers are searched for personal values of others.
func TestStatements(t *testing.T) {
	conn, a := garage(t)
	exec(t, conn, "SET statement_timeout = '2s'")
	const path = "testdata/statements.txt"
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out strings.Builder
	lines := bufio.NewScanner(f)
	count, sql := 0, ""
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
		case strings.HasPrefix(line, "  "):
			if got := "  " + analysed(t, a, sql); got != line && !*update {
				t.Errorf("%s\n got %s\nwant %s", sql, got, line)
			}
		default:
			sql = line
			count++
			out.WriteString(sql + "\n  " + analysed(t, a, sql) + "\n")
			runs(t, conn, a, sql)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if count < 200 {
		t.Errorf("only %d statements", count)
	}
}

func analysed(t *testing.T, a *lineage.Analyser, sql string) string {
	list, err := a.Analyse(sql)
	if err != nil || len(list) != 1 {
		t.Errorf("%s: %v", sql, err)
		return "error"
	}
	return describe(&list[0])
}
