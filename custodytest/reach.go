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
