package console_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"custody/custodytest"
)

// seen takes pictures of a page at the width of a desk and of a phone, and holds it to
// both and to WCAG 2.2 AA as far as a program can tell.
func (s *screen) seen(name string) {
	s.t.Helper()
	for _, width := range []int64{1280, 390} {
		s.Size(width, 844)
		if wide := custodytest.Eval[int](s.Page, "document.documentElement.scrollWidth"); int64(wide) > width {
			s.t.Errorf("%s is %d pixels wide on a screen of %d", name, wide, width)
		}
		s.axe(fmt.Sprintf("%s at %d", name, width))
		s.Screenshot(fmt.Sprintf("console-%s-%d", name, width))
	}
	s.Size(1280, 844)
}

// axe holds the page to the rules of axe-core for WCAG 2.2 A and AA.
func (s *screen) axe(name string) {
	s.t.Helper()
	script, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		s.t.Fatal(err)
	}
	custodytest.Eval[int](s.Page, string(script)+";0")
	found := custodytest.Ask(s.Page, chromedp.Evaluate[[]string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r =>
		r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target.join(" ") + " " + (n.any[0]?.message || n.failureSummary))))`, chromedp.EvalAwaitPromise))
	for _, f := range found {
		s.t.Errorf("%s: %s", name, f)
	}
}

func TestPagesInABrowser(t *testing.T) {
	w := newWorld(t)
	t.Run("lead", func(t *testing.T) {
		s := w.screen(t, "lena")
		s.open("/")
		s.Wait("#h-today")
		s.seen("now")
		s.open("/customers")
		s.Fill("#what", "120")
		s.Fill("#reason", "Subject access request")
		s.Follow("button.primary")
		if !strings.Contains(s.Text("h1"), "Customer 120") {
			t.Fatalf("the customer's page says %q", s.Text("h1"))
		}
		s.seen("customer")
		s.Follow(".actions .button")
		s.seen("answer")
		s.open(fmt.Sprintf("/people/%d", w.ids["bob"]))
		s.seen("person")
		for _, p := range []string{"people", "systems", "rights?category=phone&system=" + w.Database, "ledger", "me", "customers"} {
			s.open("/" + p)
			name, _, _ := strings.Cut(p, "?")
			s.seen(name)
		}
	})
}
