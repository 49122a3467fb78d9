package pgproxy

import (
	"fmt"
	"testing"
)

// TestElements reads arrays as PostgreSQL writes them, and nothing else.
func TestElements(t *testing.T) {
	for text, want := range map[string]string{
		"{}": "", "{1}": "1;", "{1,22,333}": "1;22;333;", "{NULL,4}": "-;4;", `{"NULL"}`: "NULL;",
		`{"a b","c\"d","e\\f",""}`: `a b;c"d;e\f;;`, `{"{1,2}",NULL,"{\"x y\"}"}`: `{1,2};-;{"x y"};`,
		"": "error", "{": "error", "}": "error", "{1": "error", "{1,}": "error", "{,1}": "error", `{"a}`: "error",
		`{"a"b}`: "error", "{a{b}}": "error", `{a\}`: "error", "[0:1]={1,2}": "error", "{{1},{2}}": "error",
	} {
		got := ""
		err := elements([]byte(text), func(e []byte, null bool) error {
			if null {
				e = []byte("-")
			}
			got += string(e) + ";"
			return nil
		})
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// FuzzElements: what is read can be written and read again.
func FuzzElements(f *testing.F) {
	for _, s := range []string{"{}", "{1,2}", `{"a\"b",NULL}`, "{1,}", `{"`, "{{1}}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		if len(v) > 1<<16 {
			return
		}
		n, size := 0, 0
		_ = elements(v, func(e []byte, null bool) error { n++; size += len(e); return nil })
		if n > len(v) || size > len(v) {
			t.Error(fmt.Sprint(n, size, len(v)))
		}
	})
}
