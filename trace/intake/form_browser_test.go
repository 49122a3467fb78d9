package intake_test

import (
	"net/http/httptest"
	"testing"

	"custody/custodytest"
)

// TestTheFormIsForEverybody: the form, what is wrong with it, and the thanks keep the rules
// of axe-core for WCAG 2.2 A and AA, on a phone and on a screen.
func TestTheFormIsForEverybody(t *testing.T) {
	p := newPublic(t, 0)
	server := httptest.NewServer(p.form)
	defer server.Close()
	page := custodytest.Browse(t)
	page.Open(server.URL)
	page.Seen("form")
	page.Fill("#called", "yesterday")
	page.Follow(".send")
	if fault := page.Text("#called-fault"); fault == "" {
		t.Error("the field does not say what is wrong")
	}
	page.Seen("form-fault")
	page.Fill("#called", "30/10/2026 18:10")
	page.Fill("#phone", "07700 900123")
	page.Fill("#answer", "oliver@post.example")
	page.Follow(".send")
	if reference := page.Text(".ref"); len(reference) != 13 {
		t.Errorf("the reference is %q", reference)
	}
	page.Seen("form-thanks")
}
