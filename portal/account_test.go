package portal_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"custody/portal/upstream"
	"custody/site"
)

// TestPeoplesOwnAccounts: the gate signs a person in at the application with the account
// that is kept for them, and with the shared one who has none; where everybody needs their
// own, nobody gets in by another's.
func TestPeoplesOwnAccounts(t *testing.T) {
	own := func(needed bool) func(*site.Portal) {
		return func(p *site.Portal) {
			p.SignIn.Own = func(who upstream.Person) (string, bool, error) {
				if strings.HasPrefix(who.Login, "alice@") {
					return "alice.s:own secret", true, nil
				}
				if needed {
					return "", false, upstream.NoAccount("bodyshop")
				}
				return "", false, nil
			}
		}
	}
	k := newKit(t, own(false))
	k.app.others = []string{"alice.s:own secret"}
	for _, login := range []string{"alice", "bob"} {
		if resp, text := k.get(k.Browser(login, see(contacts)), "/"); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", login, resp.StatusCode, text)
		}
	}
	if !slices.Equal(k.app.users, []string{"alice.s", "northfield"}) {
		t.Errorf("the application knows %v", k.app.users)
	}
	k = newKit(t, own(true))
	k.app.others = []string{"alice.s:own secret"}
	if resp, _ := k.get(k.Browser("alice", see(contacts)), "/"); resp.StatusCode != http.StatusOK {
		t.Errorf("who has an account: %d", resp.StatusCode)
	}
	resp, text := k.get(k.Browser("bob", see(contacts)), "/", "Accept: text/html")
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(text, "no account of your own") || !strings.Contains(text, "custody portal credential bodyshop --person") {
		t.Errorf("who has none: %d %s", resp.StatusCode, text)
	}
	if !slices.Equal(k.app.users, []string{"alice.s"}) {
		t.Errorf("the application knows %v", k.app.users)
	}
}
