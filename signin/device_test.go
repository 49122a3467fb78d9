package signin_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"

	"custody/custodytest"
)

// device is a browser's key, as its script would hold it.
type device struct{ key *ecdsa.PrivateKey }

func newDevice(t testing.TB, curve elliptic.Curve) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(t, err)
	return &device{key}
}

func (d *device) spki(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&d.key.PublicKey)
	must(t, err)
	return base64.RawURLEncoding.EncodeToString(der)
}

// sign signs as WebCrypto does: r ‖ s.
func (d *device) sign(t testing.TB, message string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(message))
	r, s, err := ecdsa.Sign(rand.Reader, d.key, digest[:])
	must(t, err)
	sig := make([]byte, 64)
	new(big.Int).Set(r).FillBytes(sig[:32])
	new(big.Int).Set(s).FillBytes(sig[32:])
	return base64.RawURLEncoding.EncodeToString(sig)
}

func (b *browser) send(path string, body any) answer {
	b.t.Helper()
	text, err := json.Marshal(body)
	must(b.t, err)
	r, err := http.NewRequest(http.MethodPost, b.k.url+path, strings.NewReader(string(text)))
	must(b.t, err)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", "cors")
	return b.do(r)
}

func (b *browser) challenge() string {
	b.t.Helper()
	var c struct {
		Challenge string `json:"challenge"`
	}
	a := b.send("/.custody/device/begin", struct{}{})
	must(b.t, json.Unmarshal([]byte(a.body), &c))
	return c.Challenge
}

// prove goes through the ceremony of the device.
func (b *browser) prove(d *device) int {
	b.t.Helper()
	return b.send("/.custody/device/finish", map[string]string{"key": d.spki(b.t), "signature": d.sign(b.t, "custody device v1\n"+b.challenge())}).StatusCode
}

// TestACopiedCookieStopsWorking: without the key it opens nothing after ten minutes;
// with it the session goes on.
func TestACopiedCookieStopsWorking(t *testing.T) {
	k := newKit(t)
	b, _ := k.inside(t, alice)
	d := newDevice(t, elliptic.P256())
	if status := b.prove(d); status != http.StatusNoContent {
		t.Fatalf("binding: %d", status)
	}
	thief := k.with(t, b.cookie())
	if thief.who() == "" {
		t.Error("the proof of this minute does not hold for ten")
	}
	for range 3 {
		k.clock.pass(10*time.Minute + time.Second)
		if a := thief.get("/"); a.Request.URL.Path != "/.custody/device" {
			t.Errorf("the thief is at %s", a.Request.URL)
		}
		if status := thief.prove(newDevice(t, elliptic.P256())); status != http.StatusUnauthorized {
			t.Errorf("another key proves: %d", status)
		}
		if thief.who() != "" {
			t.Fatal("a copied cookie goes on")
		}
		if status := b.prove(d); status != http.StatusNoContent || b.who() == "" {
			t.Errorf("the right key does not prove: %d", status)
		}
	}
	kept, err := k.Browsers(1)
	must(t, err)
	if kept[0].Device == nil {
		t.Error("the binding is not on record")
	}
	k.door.Close() // and after a restart
	_, err = k.Recover()
	must(t, err)
	k.clock.pass(11 * time.Minute)
	k.openDoor(t)
	if thief.who() != "" {
		t.Error("a restart forgets the binding")
	}
	if b.prove(d) != http.StatusNoContent || b.who() == "" {
		t.Error("after a restart the right key does not prove")
	}
}

// TestForgedProofs: each is refused and proves nothing.
func TestForgedProofs(t *testing.T) {
	k := newKit(t)
	b, _ := k.inside(t, alice)
	d := newDevice(t, elliptic.P256())
	finish := func(b *browser, key, signature string) int {
		return b.send("/.custody/device/finish", map[string]string{"key": key, "signature": signature}).StatusCode
	}
	other := newDevice(t, elliptic.P384())
	for name, try := range map[string]func() int{
		"another curve":   func() int { return finish(b, other.spki(t), d.sign(t, "custody device v1\n"+b.challenge())) },
		"another context": func() int { return finish(b, d.spki(t), d.sign(t, b.challenge())) },
		"no signature":    func() int { b.challenge(); return finish(b, d.spki(t), "") },
		"zeros": func() int {
			b.challenge()
			return finish(b, d.spki(t), base64.RawURLEncoding.EncodeToString(make([]byte, 64)))
		},
		"no key": func() int { return finish(b, "", d.sign(t, "custody device v1\n"+b.challenge())) },
		"an old challenge": func() int {
			c := b.challenge()
			k.clock.pass(2 * time.Minute)
			return finish(b, d.spki(t), d.sign(t, "custody device v1\n"+c))
		},
		"somebody's challenge": func() int {
			x, _ := k.inside(t, "bob@northfield.example")
			c := x.challenge()
			b.challenge()
			return finish(b, d.spki(t), d.sign(t, "custody device v1\n"+c))
		},
		"not JSON": func() int { b.challenge(); return b.send("/.custody/device/finish", "x").StatusCode },
	} {
		if status := try(); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	c := b.challenge()
	signature := d.sign(t, "custody device v1\n"+c)
	cookies := b.jar.Cookies(mustParse(k.url))
	if finish(b, d.spki(t), signature) != http.StatusNoContent {
		t.Fatal("the right one is refused")
	}
	b.jar.SetCookies(mustParse(k.url), cookies)
	if finish(b, d.spki(t), signature) != http.StatusUnauthorized {
		t.Error("a proof counts twice")
	}
	if b.prove(newDevice(t, elliptic.P256())) != http.StatusUnauthorized {
		t.Error("a bound session takes another key")
	}
}

// TestTheWorkerRenewsTheProof: whoever works in the browser that signed in notices
// nothing after ten minutes; the cookie alone, elsewhere, is worth nothing.
func TestTheWorkerRenewsTheProof(t *testing.T) {
	k := newLocalKit(t)
	code, _, err := k.Enrol(alice, 0)
	must(t, err)
	s := k.screen(t)
	s.Authenticator()
	s.open("/.custody/enrol?code=" + code)
	s.Follow("main button.primary")
	s.Wait("button[data-passkey=create]")
	s.Click("button[data-passkey=create]")
	s.acceptNotice()
	s.greeted(alice)
	await[bool](s, "navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null || new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', () => done(true))))")
	cookie := s.sessionCookie()
	for range 2 {
		k.clock.pass(11 * time.Minute)
		r, err := http.NewRequest(http.MethodGet, k.url+"/api", nil)
		must(t, err)
		r.Header.Set("Cookie", "__Host-custody_bodyshop="+cookie)
		res, err := http.DefaultClient.Do(r)
		must(t, err)
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("the copied cookie gets %d", res.StatusCode)
		}
		// The worker counts in real time; a new one, as after half a minute without use,
		// proves at its first request.
		s.restartWorker()
		body := await[string](s, "fetch('/api', {method: 'POST', body: 'a long form'}).then((a) => a.text())")
		if !strings.Contains(body, alice) {
			t.Errorf("her own browser gets %q", body)
		}
	}
	k.clock.pass(11 * time.Minute)
	await[bool](s, "navigator.serviceWorker.getRegistration('/').then((r) => r.unregister())")
	s.open("/") // without a worker the page in between proves
	s.greeted(alice)
}

func (s *screen) sessionCookie() string {
	s.t.Helper()
	return custodytest.Ask(s.Page, chromedp.Action[string](func(ctx context.Context, _ *chromedp.Target) (string, error) {
		all, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{})
		for _, c := range all.Cookies {
			if c.Name == "__Host-custody_bodyshop" {
				return c.Value, nil
			}
		}
		return "", err
	}))
}

// restartWorker ends the service worker; the next request starts it again.
func (s *screen) restartWorker() {
	s.t.Helper()
	s.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, serviceworker.Enable, cdp.Empty{}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, serviceworker.StopAllWorkers, cdp.Empty{})
		return err
	}))
}

// await gives what a promise gives.
func await[T any](s *screen, expression string) T {
	s.t.Helper()
	return custodytest.Ask(s.Page, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}
