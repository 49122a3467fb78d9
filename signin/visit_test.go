package signin_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"custody/identity"
	"custody/signin"
)

// inside is a browser with an accepted notice and a session.
func (k *kit) inside(t testing.TB, login string) (*browser, *factor) {
	t.Helper()
	b := k.browser(t)
	f := b.enrol(login)
	b.accept()
	if b.who() == "" {
		t.Fatal("not inside")
	}
	return b, f
}

// cookie is the browser's session cookie.
func (b *browser) cookie() string {
	for _, c := range b.jar.Cookies(mustParse(b.k.url)) {
		if c.Name == "__Host-custody_bodyshop" {
			return c.Value
		}
	}
	return ""
}

// with makes a browser that holds nothing but a cookie.
func (k *kit) with(t testing.TB, cookie string) *browser {
	t.Helper()
	b := k.browser(t)
	b.jar.SetCookies(mustParse(k.url), []*http.Cookie{{Name: "__Host-custody_bodyshop", Value: cookie, Secure: true, Path: "/"}})
	return b
}

// TestWhatEndsASession: each row is something after which the next request is a
// stranger's, and the portal has been told once.
func TestWhatEndsASession(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, k *kit, b *browser, f *factor)
	}{
		{"signing out", func(_ *testing.T, _ *kit, b *browser, _ *factor) { b.post("/.custody/sign-out") }},
		{"half an hour without use", func(_ *testing.T, k *kit, _ *browser, _ *factor) { k.clock.pass(signin.DefaultIdle + time.Second) }},
		{"twelve hours with use", func(_ *testing.T, k *kit, b *browser, _ *factor) {
			for range 36 {
				if b.who() == "" {
					break
				}
				k.clock.pass(20 * time.Minute)
			}
		}},
		{"leaving", func(t *testing.T, k *kit, _ *browser, _ *factor) { must(t, k.Leave(alice)) }},
		{"the end of the engagement", func(t *testing.T, k *kit, _ *browser, _ *factor) { must(t, k.EndEngagementOf(alice)) }},
		{"a reset", func(t *testing.T, k *kit, _ *browser, _ *factor) { must(t, k.Reset(alice)) }},
		{"a revoked credential", func(t *testing.T, k *kit, _ *browser, _ *factor) {
			list, err := k.Browsers(1)
			must(t, err)
			must(t, k.Revoke(list[0].Credential))
		}},
		{"an administrator's cut", func(t *testing.T, k *kit, _ *browser, _ *factor) {
			must(t, k.Cut(1))
			must(t, k.Reload())
		}},
		{"a new password elsewhere", func(t *testing.T, k *kit, _ *browser, f *factor) {
			other := k.browser(t)
			other.signIn(alice, f)
			k.clock.pass(time.Minute)
			page := other.get("/.custody/keys/password")
			secretNow := decode(t, keyText.FindStringSubmatch(page.body)[1])
			f.totp = secretNow
			if a := other.post("/.custody/enrol/password", "password", "saddle otter brine", "again", "saddle otter brine", "code", f.code()); !strings.Contains(a.body, "recovery codes") {
				t.Fatalf("%d %s", a.StatusCode, a.body)
			}
			if other.who() == "" {
				t.Error("the browser in which she changed it is signed out too")
			}
		}},
		{"signing in again here", func(t *testing.T, k *kit, b *browser, f *factor) {
			before := b.cookie()
			k.clock.pass(totp30)
			b.post("/.custody/sign-in?again=1", "login", alice, "password", secret, "code", f.code())
			if b.cookie() == before {
				t.Error("the cookie is the old one")
			}
			b.jar.SetCookies(mustParse(k.url), []*http.Cookie{{Name: "__Host-custody_bodyshop", Value: before, Secure: true, Path: "/"}})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			b, f := k.inside(t, alice)
			c.do(t, k, b, f)
			if who := b.who(); who != "" {
				t.Errorf("the session goes on: %q", who)
			}
			k.door.Sweep()
			k.mu.Lock()
			defer k.mu.Unlock()
			times := 0
			for _, id := range k.ended {
				if id == 1 {
					times++
				}
			}
			if times != 1 {
				t.Errorf("the portal heard %d times that session 1 ended", times)
			}
			kept, err := k.store.Session(1)
			must(t, err)
			if kept.Ended.IsZero() {
				t.Error("the record says that it goes on")
			}
		})
	}
}

const totp30 = 30 * time.Second

// TestUseKeepsASessionAlive: idle time counts from the last request.
func TestUseKeepsASessionAlive(t *testing.T) {
	k := newKit(t)
	b, _ := k.inside(t, alice)
	for range 10 {
		k.clock.pass(signin.DefaultIdle - time.Second)
		if b.who() == "" {
			t.Fatal("ended while in use")
		}
	}
}

// TestFixation: a cookie that somebody else chose is never adopted.
func TestFixation(t *testing.T) {
	k := newKit(t)
	chosen := strings.Repeat("A", 43)
	b := k.with(t, chosen)
	f := b.enrol(alice)
	b.accept()
	if b.cookie() == chosen || b.cookie() == "" {
		t.Errorf("the session's cookie is %q", b.cookie())
	}
	if k.with(t, chosen).who() != "" {
		t.Error("the chosen cookie opens the session")
	}
	first := b.cookie()
	b.signIn(alice, f)
	if b.cookie() == first {
		t.Error("the same cookie after another sign-in")
	}
}

// TestRestart: a cookie goes on with a new session, unless its time has passed.
func TestRestart(t *testing.T) {
	k := newKit(t)
	b, _ := k.inside(t, alice)
	k.clock.pass(20 * time.Minute)
	b.who()
	restart := func(away time.Duration) {
		k.door.Close()
		_, err := k.Recover()
		must(t, err)
		k.clock.pass(away)
		k.openDoor(t)
	}
	restart(20 * time.Minute)
	var wg sync.WaitGroup
	for range 16 { // all at once: one session, not sixteen
		wg.Go(func() { b.get("/") })
	}
	wg.Wait()
	if b.who() == "" || live(t, k) != 1 {
		t.Fatalf("after a restart: %q, %d sessions", b.who(), live(t, k))
	}
	if kept, err := k.store.Session(2); err != nil || kept.CredentialID != 1 || kept.Person != 1 {
		t.Errorf("the new session is %+v, %v", kept, err)
	}
	restart(signin.DefaultIdle + time.Second)
	if b.who() != "" || live(t, k) != 0 {
		t.Error("a restart gave an idle session more time")
	}
}

// TestCookiesOfAnotherSystemAndNonsense open nothing.
func TestCookiesOfAnotherSystemAndNonsense(t *testing.T) {
	k := newKit(t)
	b, _ := k.inside(t, alice)
	_, err := k.store.EnsureSystem("claims")
	must(t, err)
	must(t, k.Reload())
	cookie, _, _, err := k.SignInBrowser(background, identity.SignIn{Login: alice, System: "claims", Method: identity.MethodPassword, TTL: time.Hour})
	must(t, err)
	good := b.cookie()
	for _, c := range []string{cookie, "", "x", good + "x", good[:42], strings.ToLower(good), strings.Repeat("=", 43), strings.Repeat("A", 43)} {
		if c != good && k.with(t, c).who() != "" {
			t.Errorf("%q opens the portal", c)
		}
	}
}

// TestOwnSessions: a person sees and ends their own, and nobody else's.
func TestOwnSessions(t *testing.T) {
	k := newKit(t)
	desk, f := k.inside(t, alice)
	phone := k.browser(t)
	phone.signIn(alice, f)
	bob, _ := k.inside(t, "bob@northfield.example")
	a := desk.get("/.custody/sessions")
	if strings.Count(a.body, "<li>") != 2 || !strings.Contains(a.body, "this browser") || strings.Contains(a.body, "bob@") {
		t.Errorf("the page shows:\n%s", a.body)
	}
	desk.post("/.custody/sessions/end", "session", "3") // Bob's
	if bob.who() == "" {
		t.Error("she ended somebody else's session")
	}
	desk.post("/.custody/sessions/end", "session", "2")
	if phone.who() != "" || desk.who() == "" {
		t.Error("ending the phone's session ended the wrong one")
	}
	phone.signIn(alice, f)
	desk.post("/.custody/sessions/end", "session", "others")
	if phone.who() != "" || desk.who() == "" || bob.who() == "" {
		t.Error("ending all others ended the wrong ones")
	}
	if a := k.browser(t).post("/.custody/sessions/end", "session", "1"); a.Request.URL.Path != "/.custody/sign-in" || desk.who() == "" {
		t.Error("a stranger ends sessions")
	}
}

// TestChangesAskForAFreshSignIn: an open browser is not enough to change how one signs in.
func TestChangesAskForAFreshSignIn(t *testing.T) {
	k := newKit(t)
	b, f := k.inside(t, alice)
	k.clock.pass(11 * time.Minute)
	for _, path := range []string{"/.custody/keys/password"} {
		if a := b.get(path); a.Request.URL.Path != "/.custody/sign-in" || !strings.Contains(a.body, "less than ten minutes old") {
			t.Errorf("%s leads to %s", path, a.Request.URL)
		}
	}
	if a := b.post("/.custody/keys/remove", "passkey", "1"); a.Request.URL.Path != "/.custody/sign-in" {
		t.Errorf("removing leads to %s", a.Request.URL)
	}
	if a := b.get("/.custody/keys"); strings.Contains(a.body, "keys/password\"") || !strings.Contains(a.body, "Sign in again to change") {
		t.Error("the page offers what it will refuse")
	}
	b.signIn(alice, f)
	if a := b.get("/.custody/keys/password"); !keyText.MatchString(a.body) {
		t.Errorf("after signing in again: %d", a.StatusCode)
	}
	other, _ := k.inside(t, "bob@northfield.example") // Bob's browser cannot finish Alice's change
	if a := other.post("/.custody/enrol/password", "password", secret, "again", secret); a.StatusCode == http.StatusOK {
		t.Error("a change without a beginning is kept")
	}
}
