package intake_test

import (
	"net/http/httptest"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"custody/custodytest"
)

// TestTheFormIsForEverybody: the form, what is wrong with it, and the thanks keep the rules
// of axe-core for WCAG 2.2 A and AA, on a phone and on a screen.
func TestTheFormIsForEverybody(t *testing.T) {
	p := newPublic(t, 0)
	server := httptest.NewServer(p.form)
	defer server.Close()
	page := custodytest.Browse(t)
	script, err := os.ReadFile("../../console/testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string) {
		t.Helper()
		for _, width := range []int64{360, 1280} {
			page.Size(width, 900)
			custodytest.Eval[int](page, string(script)+";0")
			for _, fault := range custodytest.Ask(page, chromedp.Evaluate[[]string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r =>
				r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.target).join(" ")))`, chromedp.EvalAwaitPromise)) {
				t.Errorf("%s at %d: %s", name, width, fault)
			}
			if custodytest.Eval[bool](page, "document.documentElement.scrollWidth > innerWidth") {
				t.Errorf("%s at %d is wider than the screen", name, width)
			}
		}
	}
	page.Open(server.URL)
	check("the form")
	page.Fill("#called", "yesterday")
	page.Follow(".send")
	if fault := page.Text("#called-fault"); fault == "" {
		t.Error("the field does not say what is wrong")
	}
	check("what is wrong")
	page.Fill("#called", "30/10/2026 18:10")
	page.Fill("#phone", "07700 900123")
	page.Fill("#answer", "oliver@post.example")
	page.Follow(".send")
	if reference := page.Text(".ref"); len(reference) != 13 {
		t.Errorf("the reference is %q", reference)
	}
	check("the thanks")
}
