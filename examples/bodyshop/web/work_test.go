package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"custody/custodytest"
)

// TestEstimateInTheBrowser does an estimator's work with the keyboard: finds the
// customer while typing, estimates, saves, books the job.
func TestEstimateInTheBrowser(t *testing.T) {
	a := start(t)
	r := newRepair(t, a.northfield(t), "Brenda Browser")
	p := a.browse(t)
	p.Press("/") // chromedp types the sign itself as well, which a keyboard would not
	if focus := custodytest.Eval[string](p, "document.activeElement.id"); focus != "find" {
		t.Errorf("/ leads to %q", focus)
	}
	p.Fill("#find", "brenda br")
	p.Wait("#found [role=option]")
	p.Screenshot("suggestions-desk")
	p.Press(kb.ArrowDown)
	p.Leave(key("find", "Enter", false))
	if at := p.Address(); at != fmt.Sprintf("%s/customers/%d", a.URL, r.customer) {
		t.Fatalf("the search leads to %s", at)
	}
	p.Click("section:nth-of-type(1) summary")
	p.Screenshot("customer-form-open-desk")
	p.Follow(`a[href$="/estimate"]`)
	p.Do(chromedp.SendKeys(chromedp.CSS("#rows .line:nth-child(1) [name=description]"), "Strip and refit"), chromedp.SendKeys(chromedp.CSS("#rows .line:nth-child(1) [name=quantity]"), "1.5"))
	p.Press(kb.Enter) // on to the next row
	p.Press("Headlamp unit")
	if n := custodytest.Eval[int](p, `[...document.querySelectorAll(".line [name=description]")].indexOf(document.activeElement)`); n != 1 {
		t.Errorf("Enter leads to row %d", n)
	}
	p.Do(chromedp.SetValue(chromedp.CSS("#rows .line:nth-child(2) [name=kind]"), "part"))
	p.Fill("#rows .line:nth-child(2) [name=unit]", "210")
	p.Fill("#rows .line:nth-child(2) [name=quantity]", "2")
	p.Fill("[name=percent]", "10")
	p.Until(`document.getElementById("builder").dataset.priced === "£575.93"`) // ((1.5 × 44.40) − 10 % + 420.00) and VAT
	p.Screenshot("builder-filled-desk")
	rows := custodytest.Eval[int](p, `document.querySelectorAll("#rows .line").length`)
	p.Click("#more")
	if n := custodytest.Eval[int](p, `document.querySelectorAll("#rows .line").length`); n != rows+1 {
		t.Errorf("%d rows after adding one to %d", n, rows)
	}
	p.Fill("#rows .line:nth-child(2) [name=quantity]", "two")
	p.Wait("#fault")
	if text := p.Text("#fault"); !strings.Contains(text, "Row 2") {
		t.Errorf("the fault is said as %q", text)
	}
	p.Fill("#rows .line:nth-child(2) [name=quantity]", "2")
	p.Until(`document.getElementById("fault").hidden`)
	p.Leave(key("builder", "s", true))
	if got := p.Text("#gross"); got != "£575.93" {
		t.Errorf("saved as %s", got)
	}
	p.Fill("#booked_for", "2026-12-15")
	p.Follow("section .go button")
	if !strings.Contains(p.Address(), "/jobs/") {
		t.Errorf("booking leads to %s", p.Address())
	}
	p.Screenshot("job-new-desk")
}

// key presses one key on an element. What chromedp presses types its sign even when a
// script has taken the key for itself; a keyboard does not.
func key(id, name string, ctrl bool) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`void document.getElementById(%q).dispatchEvent(new KeyboardEvent("keydown", {key: %q, ctrlKey: %t, bubbles: true, cancelable: true}))`, id, name, ctrl))
}

// TestBoardInTheBrowser moves a card with its arrow and by dragging it; another
// browser sees both without doing anything.
func TestBoardInTheBrowser(t *testing.T) {
	a := start(t)
	job, _ := booked(t, a.northfield(t), "Bertie Board")
	card := fmt.Sprintf("#job-%d", job)
	mine, theirs := a.browse(t), a.browse(t)
	for _, p := range []*custodytest.Page{mine, theirs} {
		p.Until(`document.querySelector("[data-board]").dataset.live`)
	}
	in := func(status string) string {
		return fmt.Sprintf("document.querySelector('.column[data-status=%q] %s')", status, card)
	}
	mine.Click(card + ` [aria-label^="On to"]`)
	mine.Until(in("in-bodyshop"))
	theirs.Until(in("in-bodyshop"))
	if focus := custodytest.Eval[string](mine, "document.activeElement.ariaLabel ?? ''"); !strings.HasPrefix(focus, "On to") {
		mine.Until(`document.activeElement.ariaLabel?.startsWith("On to")`)
	}
	drag(mine, card, `.column[data-status="ready"]`)
	mine.Until(in("ready"))
	theirs.Until(in("ready"))
	theirs.Screenshot("board-moved-desk")
	theirs.Click(card + ` [aria-label="On to Collected"]`)
	theirs.Until("!document.querySelector('" + card + "')")
	mine.Until("!document.querySelector('" + card + "')")
}

// drag tells the page of a drag as the browser would. A mouse that is driven from outside
// drops what it carries now and then, and puts other tabs into the background.
func drag(p *custodytest.Page, from, to string) {
	custodytest.Eval[bool](p, fmt.Sprintf(`(() => {
		const carried = {bubbles: true, cancelable: true, dataTransfer: new DataTransfer()};
		document.querySelector(%q).dispatchEvent(new DragEvent("dragstart", carried));
		for (const name of ["dragover", "drop"]) document.querySelector(%q).dispatchEvent(new DragEvent(name, carried));
		return true;
	})()`, from, to))
}

// TestHostileAndLongNamesInTheBrowser opens pages with names that are scripts or that
// nothing can break; the browser itself reports a script or a style that should not be.
func TestHostileAndLongNamesInTheBrowser(t *testing.T) {
	a := start(t)
	c := a.northfield(t)
	p := a.browse(t)
	for kind, name := range map[string]string{"hostile": hostile, "long": strings.Repeat("Wolfeschlegelsteinhausen", 5)} {
		r := newRepair(t, c, name)
		estimate := r.estimate(nil)
		job := c.post(estimate+"/job", url.Values{"staff_id": {"1"}, "booked_for": {"2026-12-01"}, "instructions": {name}})
		for page, path := range map[string]string{"customer": fmt.Sprintf("/customers/%d", r.customer), "customers": "/customers?q=" + url.QueryEscape(name[:20]), "estimate": estimate,
			"builder": estimate + "/edit", "job": job, "board": "/board", "edit": fmt.Sprintf("/customers/%d/edit", r.customer), "estimates": "/estimates"} {
			for _, width := range []int64{390, 1280} {
				p.Size(width, 844)
				p.Open(a.URL + path)
				if wide := custodytest.Eval[int64](p, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("%s with a %s name is %d wide on %d", page, kind, wide, width)
				}
				if title := custodytest.Ask(p, chromedp.Title()); !strings.HasSuffix(title, "Bodyshop") {
					t.Errorf("%s with a %s name has the title %q", page, kind, title)
				}
				p.Screenshot(fmt.Sprintf("%s-name-%s-%d", kind, page, width))
			}
		}
		p.Fill("#find", name[:18])
		p.Wait("#found [role=option]")
		if custodytest.Eval[bool](p, "!!document.querySelector('#found img')") {
			t.Error("a suggestion holds an image")
		}
	}
}

func TestSignInInTheBrowser(t *testing.T) {
	a := start(t)
	p := custodytest.Browse(t)
	p.Open(a.URL + "/customers")
	p.Fill("#user", "northfield.ashbridge")
	p.Fill("#password", "wrong")
	if status := p.Follow("button.primary"); status != 401 || !strings.Contains(p.Text("[role=alert]"), "wrong") {
		t.Errorf("a wrong password: %d", status)
	}
	p.Screenshot("login-wrong-desk")
	if focus := custodytest.Eval[string](p, "document.activeElement.id"); focus != "password" {
		t.Errorf("the focus is on %q", focus)
	}
	p.Press("Northfield1")
	p.Leave(chromedp.KeyEvent(kb.Enter))
	if at := p.Address(); at != a.URL+"/customers" {
		t.Errorf("signing in leads to %s", at)
	}
	p.Press("g")
	p.Leave(chromedp.KeyEvent("e"))
	if at := p.Address(); at != a.URL+"/estimates" {
		t.Errorf("g e leads to %s", at)
	}
	p.Follow(".who button")
	if at := p.Address(); at != a.URL+"/login" {
		t.Errorf("signing out leads to %s", at)
	}
}
