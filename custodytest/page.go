package custodytest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Patience is how long a page waits for what it was told to find. Under -race on a
// busy machine a page may take seconds; a test that works never waits this long.
const Patience = 60 * time.Second

// Page is a tab of a real browser. Its methods fail the test when what they are told
// to find does not come. Selectors are CSS.
type Page struct {
	Context context.Context // for chromedp's own functions
	tb      testing.TB
}

func newPage(tb testing.TB, root context.Context) *Page {
	tb.Helper()
	ctx, closeTab := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	tb.Cleanup(closeTab)
	p := &Page{Context: ctx, tb: tb}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		tb.Fatal(err)
	}
	p.Size(1280, 800)
	return p
}

// listen notes what a reader of the console would call a fault.
func (p *Page) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		p.tb.Errorf("a script failed: %s", text)
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceSecurity {
			p.tb.Errorf("the browser objects: %s", e.Entry.Text)
		}
	}
}

// Do runs chromedp's actions, and fails the test at the first that fails or after Patience.
func (p *Page) Do(actions ...chromedp.Action[chromedp.Void]) {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(p.Context, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.tb.Fatalf("%v\nat %s", err, p.where())
	}
}

// Ask runs one action and gives its answer.
func Ask[T any](p *Page, action chromedp.Action[T]) T {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(p.Context, Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		p.tb.Fatalf("%v\nat %s", err, p.where())
	}
	return v
}

// Eval gives the value of a JavaScript expression.
func Eval[T any](p *Page, expression string) T {
	p.tb.Helper()
	return Ask(p, chromedp.Evaluate[T](expression))
}

// where says which page is shown, for messages.
func (p *Page) where() string {
	ctx, cancel := context.WithTimeout(p.Context, 5*time.Second)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText.slice(0, 600)`))
	if err != nil {
		return "a page that does not answer: " + err.Error()
	}
	return at
}

// Open goes to an address and waits until it is loaded.
func (p *Page) Open(url string) { p.tb.Helper(); p.Do(chromedp.Navigate(url)) }

// Follow clicks on something that leads to another page and waits until that is
// loaded. It gives the status code of the answer.
func (p *Page) Follow(selector string) int {
	p.tb.Helper()
	return p.Leave(chromedp.Click(chromedp.CSS(selector)))
}

// Leave runs actions that lead to another page and waits until that is loaded. It
// gives the status code of the answer.
func (p *Page) Leave(actions ...chromedp.Action[chromedp.Void]) int {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(p.Context, Patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		p.tb.Fatalf("%v\nat %s", err, p.where())
	}
	if answer == nil {
		return 0
	}
	return int(answer.Status)
}

// Click clicks on something that leaves the page as it is.
func (p *Page) Click(selector string) {
	p.tb.Helper()
	p.Do(chromedp.Click(chromedp.CSS(selector)))
}

// Fill empties a field and types into it as a person would. A date is written as
// 2006-01-02 whatever the browser shows.
func (p *Page) Fill(selector, text string) {
	p.tb.Helper()
	p.Wait(selector)
	field := fmt.Sprintf("document.querySelector(%q)", selector)
	if Eval[string](p, field+".type") == "date" {
		Eval[string](p, fmt.Sprintf("%s.value = %q", field, text))
		return
	}
	Eval[string](p, field+`.value = ""`)
	p.Do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Press types keys where the focus is.
func (p *Page) Press(keys string) { p.tb.Helper(); p.Do(chromedp.KeyEvent(keys)) }

// Wait waits until something can be seen.
func (p *Page) Wait(selector string) {
	p.tb.Helper()
	p.Do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Until waits until a JavaScript expression is true.
func (p *Page) Until(expression string) { // by the clock: a tab in the background draws no frames
	p.tb.Helper()
	Ask(p, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(Patience)))
}

// Text gives the text of the first element that matches.
func (p *Page) Text(selector string) string {
	p.tb.Helper()
	return Ask(p, chromedp.Text(chromedp.CSS(selector)))
}

// Address is where the page is.
func (p *Page) Address() string { p.tb.Helper(); return Ask(p, chromedp.Location()) }

// Size makes the page so many pixels wide and high: 390 × 844 is a phone.
func (p *Page) Size(width, height int64) {
	p.tb.Helper()
	p.Do(chromedp.EmulateViewport(width, height))
}

const pictureFolder = "CUSTODY_SCREENSHOTS"

// pictured says whether somebody has asked for a folder of pictures.
func pictured() bool { return os.Getenv(pictureFolder) != "" }

// Screenshot writes the whole page as name.png to the folder that the environment
// variable CUSTODY_SCREENSHOTS names, else to the test's own folder of artefacts
// (kept by go test -artifacts), and gives the file's path.
func (p *Page) Screenshot(name string) string {
	p.tb.Helper()
	dir := os.Getenv(pictureFolder)
	if dir == "" {
		dir = p.tb.ArtifactDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.tb.Fatal(err)
	}
	path := filepath.Join(dir, name+".png")
	if err := os.WriteFile(path, Ask(p, chromedp.FullScreenshot(100)), 0o644); err != nil {
		p.tb.Fatal(err)
	}
	return path
}
