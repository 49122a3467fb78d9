package custodytest

import (
	"context"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// At waits until the page at a path is shown, over pages that go on by themselves: a
// question that a page took with it is asked again.
func (p *Page) At(path string) {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(p.Context, Patience)
	defer cancel()
	shown := "location.pathname === '" + path + "' && document.readyState === 'complete'"
	for {
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](shown, chromedp.WithPollingTimeout(Patience))); err == nil {
			return
		} else if ctx.Err() != nil {
			p.tb.Fatalf("not at %s but at %s: %v", path, p.Address(), err)
		}
	}
}

// Both takes pictures at the width of a desk, name-1280, and of a phone, name-390, where
// nothing may be wider than the screen.
func (p *Page) Both(name string) {
	p.tb.Helper()
	p.Screenshot(name + "-1280")
	p.Size(390, 844)
	if wide := Eval[int](p, "document.documentElement.scrollWidth"); wide > 390 {
		p.tb.Errorf("%s is %d pixels wide on a phone", name, wide)
	}
	p.Screenshot(name + "-390")
	p.Size(1280, 800)
}

// Authenticator gives the tab a device with a fingerprint reader that always fits.
func (p *Page) Authenticator() webauthn.AuthenticatorID {
	p.tb.Helper()
	return Ask(p, chromedp.Action[webauthn.AuthenticatorID](func(ctx context.Context, _ *chromedp.Target) (webauthn.AuthenticatorID, error) {
		if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return "", err
		}
		made, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
		return made.AuthenticatorID, err
	}))
}
