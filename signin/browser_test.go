package signin_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"custody/custodytest"
	"custody/signin"
)

// screen is a tab of a real browser at a door.
type screen struct {
	*custodytest.Page
	t       testing.TB
	k       *kit
	without bool // scripts
}

func (k *kit) screen(t testing.TB) *screen { return &screen{Page: custodytest.Browse(t), t: t, k: k} }

func (s *screen) open(path string) { s.t.Helper(); s.Open(s.k.url + path) }

// seen looks at the page as people do, and takes pictures. The rules are a script: it may
// run when the page's own had their time.
func (s *screen) seen(name string) {
	s.t.Helper()
	if s.without {
		s.scripts(true)
		defer s.scripts(false)
	}
	s.Page.Seen("signin-" + name)
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
	s.At("/.custody/notice")
	s.Click("input[name=accept]")
	s.Follow("main button.primary")
}

func (s *screen) greeted(login string) {
	s.t.Helper()
	s.At("/")
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
	id := s.Authenticator()
	s.open("/.custody/enrol?code=" + code)
	s.seen("enrol")
	s.Follow("main button.primary")
	s.Wait("button[data-passkey=create]")
	s.seen("set-up")
	s.Fill("#passkey-name", "Office computer")
	s.Click("button[data-passkey=create]")
	s.At("/.custody/notice")
	s.seen("notice")
	s.acceptNotice()
	s.greeted(alice)

	s.presence(id, false) // nothing answers by itself while the page only suggests
	s.open("/.custody/sessions")
	s.seen("sessions")
	s.open("/.custody/keys")
	s.Wait("button[data-passkey=create]")
	s.seen("keys")
	s.Follow("header form button")
	s.At("/.custody/signed-out")
	s.seen("signed-out")
	s.open("/")
	s.Wait("button[data-passkey=sign-in]")
	s.seen("sign-in")
	s.presence(id, true)
	s.Click("button[data-passkey=sign-in]")
	s.greeted(alice)
}

// withoutScripts makes the tab one in which no page's script runs.
func (s *screen) withoutScripts() {
	s.t.Helper()
	s.without = true
	s.scripts(false)
}

func (s *screen) scripts(run bool) {
	s.t.Helper()
	s.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
		return err
	}))
}

// TestPasswordInABrowserWithoutScripts goes the way of somebody without passkeys and
// without scripts: password, app, recovery code, own sessions, sign-out.
func TestPasswordInABrowserWithoutScripts(t *testing.T) {
	k := newLocalKit(t, func(o *signin.Options) { o.Hasher = nil }) // at its real cost
	code, _, err := k.Enrol(alice, 0)
	must(t, err)
	s := k.screen(t)
	s.withoutScripts()
	s.open("/.custody/enrol")
	s.Fill("input[name=code]", code)
	s.Follow("form button.primary")
	s.Fill("input[name=password]", "Password123")
	s.Fill("input[name=again]", "Password123")
	s.Click("summary")
	f := &factor{k: k, totp: decode(t, s.Text(".key"))}
	s.Fill("input[name=code]", f.code())
	s.Follow("form button.primary")
	s.Wait("#message")
	s.seen("set-up-refused")
	s.Fill("input[name=password]", secret)
	s.Fill("input[name=again]", secret)
	s.Fill("input[name=code]", f.code())
	s.Follow("form button.primary")
	s.seen("codes")
	f.codes = strings.Fields(custodytest.Eval[string](s.Page, "[...document.querySelectorAll('.codes code')].map((c) => c.textContent).join(' ')"))
	s.Follow("main a.primary")
	s.Screenshot("signin-device") // no more: to run the rules scripts are switched on, and its way on is for browsers without
	s.Follow("noscript a")
	s.acceptNotice()
	s.greeted(alice)

	s.open("/.custody/sessions")
	if strings.Contains(s.Text("main"), "bound to the device") {
		t.Error("a session without scripts is called bound")
	}
	s.Follow("header form button")
	s.open("/jobs")
	s.Fill("input[name=login]", alice)
	s.Fill("input[name=password]", secret)
	s.Fill("input[name=code]", "000000")
	s.Follow("form button.primary")
	s.Wait("#message")
	s.seen("sign-in-refused")
	s.Fill("input[name=password]", secret)
	s.Fill("input[name=code]", f.codes[3])
	s.Follow("form button.primary")
	s.At("/.custody/device")
	s.Follow("noscript a")
	s.At("/jobs")
	if left, err := k.RecoveryCodes(1); err != nil || left != 9 {
		t.Errorf("%d recovery codes are left, %v", left, err)
	}
	must(t, k.Leave(alice)) // and a leaver is out at the next click
	s.open("/jobs")
	s.At("/.custody/sign-in")
}

// TestPagesInTheDark takes pictures in dark colours and holds every text on the sign-in
// pages to the contrast of WCAG 2.2 AA, in both.
func TestPagesInTheDark(t *testing.T) {
	k := newLocalKit(t)
	s := k.screen(t)
	for _, scheme := range []string{"light", "dark"} {
		s.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			return err
		}))
		for _, path := range []string{"/.custody/sign-in", "/.custody/enrol", "/.custody/sign-in?again=1", "/.custody/signed-out"} {
			s.open(path)
			if low := custodytest.Eval[string](s.Page, contrast); low != "" {
				t.Errorf("%s in %s colours: %s", path, scheme, low)
			}
		}
		s.open("/.custody/sign-in?again=1")
		s.seen("sign-in-" + scheme)
	}
}

// contrast names the texts whose contrast with the ground behind them is under 4.5
// (WCAG 2.2, 1.4.3), and controls without a name (4.1.2).
const contrast = `(() => {
  const parts = (c) => c.match(/[\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = parts(c).map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor, p = parts(c); if (p.length < 4 || p[3] === 1) return c; } return "rgb(255,255,255)"; };
  const bad = [];
  for (const e of document.querySelectorAll("body *")) {
    if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const a = light(getComputedStyle(e).color), b = light(ground(e)), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) bad.push(e.textContent.trim().slice(0, 30) + " " + ratio.toFixed(2));
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]):not([hidden]), button")) {
    if (!(e.labels && e.labels.length) && !e.textContent.trim() && !e.ariaLabel) bad.push("no name: " + e.outerHTML.slice(0, 60));
  }
  return bad.join("; ");
})()`
