package custody_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"custody"
)

// TestFormatsNameEveryNumber: docs/formats.md, by which others read a ledger, names every
// kind of event, route, category and code with its number, and what a statement's number
// stands for where it is none.
func TestFormatsNameEveryNumber(t *testing.T) {
	text, err := os.ReadFile("docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.NewReplacer("-", " ", "\n", " ").Replace(string(text))
	walk := func(what string, from int, name func(int) string) {
		for n := from; name(n) != "unknown"; n++ {
			if n > 255 {
				t.Fatalf("%s never end", what)
			}
			if want := fmt.Sprintf("%d %s", n, strings.ReplaceAll(name(n), "-", " ")); !strings.Contains(doc, " "+want) {
				t.Errorf("docs/formats.md does not name the %s %q", what, want)
			}
		}
	}
	walk("kind", 1, func(n int) string { return custody.EventKind(n).String() })
	walk("route", 1, func(n int) string { return custody.Route(n).String() })
	walk("category", 0, func(n int) string { return custody.Category(n).String() })
	walk("code", 1, func(n int) string { return custody.Code(n).String() })
	if want := fmt.Sprintf("of imported disclosures %d where", custody.StatementTaken); !strings.Contains(doc, want) {
		t.Errorf("docs/formats.md does not say %q", want)
	}
}
