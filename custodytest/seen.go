package custodytest

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// axe is axe-core (MPL-2.0), as in its npm package.
//
//go:embed axe.min.js
var axe string

// axeRules are those of WCAG 2.2 A and AA, and what axe-core calls best practice.
const axeRules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`

// Seen looks at the page as people do: at a desk, on a phone, and on a phone's narrowest
// screen, which is what is left of a desk's at a zoom of 400 %; light, and dark. Nothing
// may be wider than the screen, and the page keeps the rules of axe-core for WCAG 2.2 A
// and AA. Pictures are taken at the desk and on the phone; of the rest too, where
// somebody has asked for a folder of pictures.
func (p *Page) Seen(name string) {
	p.tb.Helper()
	p.scheme("light")
	for _, width := range []int64{1280, 390, 320} {
		p.Size(width, 844)
		p.fits(fmt.Sprintf("%s at %d", name, width), width)
		if width != 390 { // which is laid out as 320 is
			p.keeps(fmt.Sprintf("%s at %d", name, width), axeRules)
		}
		if width != 320 || pictured() {
			p.Screenshot(fmt.Sprintf("%s-%d", name, width))
		}
	}
	p.Size(1280, 800)
	p.scheme("dark")
	p.keeps(name+" in the dark", `["color-contrast"]`)
	if pictured() {
		p.Screenshot(name + "-dark")
		p.Size(390, 844)
		p.Screenshot(name + "-dark-390")
		p.Size(1280, 800)
	}
	p.scheme("light")
}

// Glance holds the page to the same where it is hardest: on the narrowest screen, in the
// dark.
func (p *Page) Glance(name string) {
	p.tb.Helper()
	p.scheme("dark")
	for _, width := range []int64{1280, 320} {
		p.Size(width, 844)
		p.fits(fmt.Sprintf("%s at %d", name, width), width)
		if pictured() {
			p.Screenshot(fmt.Sprintf("%s-%d", name, width))
		}
	}
	p.keeps(name, axeRules)
	p.Size(1280, 800)
	p.scheme("light")
}

// scheme is whether somebody likes pages light or dark. Nothing moves meanwhile, so that
// no colour is looked at half way.
func (p *Page) scheme(which string) {
	p.tb.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: which}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
	if _, err := chromedp.Call(p.Context, emulation.SetEmulatedMedia, params); err != nil {
		p.tb.Fatal(err)
	}
}

// fits holds the page to the screen's width.
func (p *Page) fits(what string, width int64) {
	p.tb.Helper()
	if wide := Eval[int64](p, "document.documentElement.scrollWidth"); wide > width {
		out := Eval[[]string](p, fmt.Sprintf(`[...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > %d + 1).slice(0, 5).map(e => e.tagName + "." + e.className)`, width))
		p.tb.Errorf("%s is %d pixels wide: %s", what, wide, strings.Join(out, ", "))
	}
}

// keeps holds the page to rules of axe-core.
func (p *Page) keeps(what, rules string) {
	p.tb.Helper()
	Eval[bool](p, axe+";true")
	found := Ask(p, chromedp.Evaluate[[]string](`axe.run(document, {resultTypes: ["violations"], runOnly: `+rules+`}).then(r =>
		r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target.join(" ") + " " + (n.any[0]?.message || n.failureSummary))))`, chromedp.EvalAwaitPromise))
	for _, f := range found {
		p.tb.Errorf("%s: %s", what, f)
	}
}
