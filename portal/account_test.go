package portal_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

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

// TestSignedIdentity: an application that trusts a header is told who looks by a token
// that it can check with the keys that anybody can fetch; what the browser writes there
// itself does not arrive.
func TestSignedIdentity(t *testing.T) {
	k := newKit(t, func(p *site.Portal) {
		p.SignIn = upstream.SignIn{Kind: upstream.Identity, Header: "X-Identity"}
		p.Audience = "estimates"
	})
	k.get(k.Browser("alice", see(contacts)), "/", "X-Identity: forged")
	heard := k.app.lastAsked().Header["X-Identity"]
	resp, keys := k.get(k.stranger(), "/.custody/jwks.json")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(keys), &set); err != nil || resp.StatusCode != http.StatusOK || len(set.Keys) != 1 || !set.Keys[0].IsPublic() || len(heard) != 1 {
		t.Fatal(resp.StatusCode, keys, heard, err)
	}
	token, err := jwt.ParseSigned(heard[0], []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	if err := token.Claims(set.Keys[0], &claims); err != nil {
		t.Fatal(err)
	}
	if err := claims.Validate(jwt.Expected{Issuer: k.URL, Subject: "alice@northfield.example", AnyAudience: jwt.Audience{"estimates"}, Time: time.Now()}); err != nil {
		t.Errorf("%v: %+v", err, claims)
	}
}
