package signin_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"custody/custodytest"
)

// screen is a tab of a real browser at a door.
type screen struct {
	*custodytest.Page
	t testing.TB
	k *kit
}

func (k *kit) screen(t testing.TB) *screen { return &screen{custodytest.Browse(t), t, k} }

func (s *screen) open(path string) { s.t.Helper(); s.Open(s.k.url + path) }

// at waits until the page at a path is shown, over pages that go on by themselves: a
// question that a page took with it is asked again.
func (s *screen) at(path string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.Context, custodytest.Patience)
	defer cancel()
	shown := "location.pathname === '" + path + "' && document.readyState === 'complete'"
	for {
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](shown, chromedp.WithPollingTimeout(custodytest.Patience))); err == nil {
			return
		} else if ctx.Err() != nil {
			s.t.Fatalf("not at %s but at %s: %v", path, s.Address(), err)
		}
	}
}

// both takes pictures at the width of a desk and of a phone.
func (s *screen) both(name string) {
	s.t.Helper()
	s.Screenshot("signin-" + name + "-1280")
	s.Size(390, 844)
	if wide := custodytest.Eval[int](s.Page, "document.documentElement.scrollWidth"); wide > 390 {
		s.t.Errorf("%s is %d pixels wide on a phone", name, wide)
	}
	s.Screenshot("signin-" + name + "-390")
	s.Size(1280, 800)
}

// authenticator gives the tab a device with a fingerprint reader that always fits.
func (s *screen) authenticator() webauthn.AuthenticatorID {
	s.t.Helper()
	return custodytest.Ask(s.Page, chromedp.Action[webauthn.AuthenticatorID](func(ctx context.Context, _ *chromedp.Target) (webauthn.AuthenticatorID, error) {
		if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return "", err
		}
		made, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
		return made.AuthenticatorID, err
	}))
}

func (s *screen) presence(id webauthn.AuthenticatorID, enabled bool) {
	s.t.Helper()
	s.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: id, Enabled: enabled})
		return err
	}))
}

func (s *screen) acceptNotice() {
	s.t.Helper()
	s.at("/.custody/notice")
	s.Click("input[name=accept]")
	s.Follow("main button.primary")
}

func (s *screen) greeted(login string) {
	s.t.Helper()
	s.at("/")
	if who := s.Text("#who"); !strings.HasPrefix(who, login) {
		s.t.Errorf("the portal greets %q", who)
	}
}

// TestPasskeyInABrowser enrols with a passkey, signs out, and signs in with it.
func TestPasskeyInABrowser(t *testing.T) {
	k := newLocalKit(t)
	code, _, err := k.Enrol(alice, 0)
	must(t, err)
	s := k.screen(t)
	id := s.authenticator()
	s.open("/.custody/enrol?code=" + code)
	s.both("enrol")
	s.Follow("main button.primary")
	s.Wait("button[data-passkey=create]")
	s.both("set-up")
	s.Fill("#passkey-name", "Office computer")
	s.Click("button[data-passkey=create]")
	s.at("/.custody/notice")
	s.both("notice")
	s.acceptNotice()
	s.greeted(alice)

	s.presence(id, false) // nothing answers by itself while the page only suggests
	s.open("/.custody/sessions")
	s.both("sessions")
	s.open("/.custody/keys")
	s.Wait("button[data-passkey=create]")
	s.both("keys")
	s.Follow("header form button")
	s.at("/.custody/signed-out")
	s.both("signed-out")
	s.open("/")
	s.Wait("button[data-passkey=sign-in]")
	s.both("sign-in")
	s.presence(id, true)
	s.Click("button[data-passkey=sign-in]")
	s.greeted(alice)
}
