package identity_test

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"custody"
	"custody/identity"
)

func (k *kit) identity(t testing.TB, application string) string {
	t.Helper()
	token, err := k.IssueIdentity("alice@northfield.example", "bodyshop", application, 0)
	must(t, err)
	return token
}

func TestOnBehalfIsThePersonThroughTheApplication(t *testing.T) {
	k := newKit(t)
	app := k.application(t, "portal", "bodyshop")
	if app.Person != 0 || app.Application != 1 || app.Login != "portal" {
		t.Fatalf("the application's own session is %+v", app)
	}
	sess, err := k.OnBehalf(app, k.identity(t, "portal"))
	must(t, err)
	want := *app
	want.ID, want.Person, want.Login, want.FullName, want.Roles = 2, 1, "alice@northfield.example", "Alice Smith", []string{"estimator"}
	want.Expires = k.clock.now().Add(5 * time.Minute)
	if diff := diff(want, *sess); diff != "" {
		t.Error(diff)
	}
	must(t, k.Valid(sess))
	kept, err := k.store.Session(sess.ID)
	must(t, err)
	if kept.Through != app.ID || kept.Person != 1 || kept.Application != 1 || kept.Notes != "" {
		t.Errorf("kept as %+v", kept)
	}
}

// TestAPoolMaySetTheIdentityEveryTime: one person on one connection is one session,
// however often the pool says so, and it ends with the connection.
func TestAPoolMaySetTheIdentityEveryTime(t *testing.T) {
	k := newKit(t)
	app := k.application(t, "portal", "bodyshop")
	token := k.identity(t, "portal")
	first, err := k.OnBehalf(app, token)
	must(t, err)
	again, err := k.OnBehalf(app, token)
	must(t, err)
	fresh, err := k.OnBehalf(app, k.identity(t, "portal"))
	must(t, err)
	if again.ID != first.ID || fresh.ID == first.ID {
		t.Errorf("sessions %d, %d and %d; want the first two the same", first.ID, again.ID, fresh.ID)
	}
	must(t, k.Cut(first.ID))
	_, err = k.OnBehalf(app, token)
	wantCode(t, err, custody.CodeRevoked)
	must(t, k.Valid(app))
	must(t, k.Close(app, custody.CodeNone))
	live, err := k.store.LiveSessions()
	must(t, err)
	if len(live) != 0 {
		t.Errorf("still live after the connection ended: %+v", live)
	}
}

// TestAnExpiredIdentityCutsNobodyElse: its end is told in Expires and it opens
// nothing again, but the connection that the application shares is left alone.
func TestAnExpiredIdentityCutsNobodyElse(t *testing.T) {
	k := newKit(t)
	app := k.application(t, "portal", "bodyshop")
	token := k.identity(t, "portal")
	sess, err := k.OnBehalf(app, token)
	must(t, err)
	k.clock.pass(5 * time.Minute)
	if sess.Expires.After(k.clock.now()) {
		t.Errorf("the session says it lasts until %v", sess.Expires)
	}
	must(t, k.Valid(sess))
	must(t, k.Valid(app))
	_, err = k.OnBehalf(app, token)
	wantCode(t, err, custody.CodeUnauthorised)
}

func TestOnBehalfEndsWithWhateverEndsFirst(t *testing.T) {
	for name, end := range map[string]func(k *kit, app, sess *custody.Session) error{
		"the application's time":    func(k *kit, _, _ *custody.Session) error { k.clock.pass(365 * 24 * time.Hour); return nil },
		"the person leaves":         func(k *kit, _, _ *custody.Session) error { return k.Leave("alice@northfield.example") },
		"the application's secret":  func(k *kit, app, _ *custody.Session) error { return k.Revoke(app.CredentialID) },
		"the application":           func(k *kit, _, _ *custody.Session) error { return k.RemoveApplication("portal") },
		"the application's session": func(k *kit, app, _ *custody.Session) error { must(t, k.Cut(app.ID)); return k.Reload() },
		"the session":               func(k *kit, _, sess *custody.Session) error { must(t, k.Cut(sess.ID)); return k.Reload() },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			app := k.application(t, "portal", "bodyshop")
			sess, err := k.OnBehalf(app, k.identity(t, "portal"))
			must(t, err)
			must(t, end(k, app, sess))
			wantCode(t, k.Valid(sess), custody.CodeRevoked)
		})
	}
}

func TestAPersonCannotActOnBehalf(t *testing.T) {
	k := newKit(t)
	app := k.application(t, "portal", "bodyshop")
	_, err := k.OnBehalf(k.live(t, "bob"), k.identity(t, "portal"))
	wantCode(t, err, custody.CodeForbidden)
	sess, err := k.OnBehalf(app, k.identity(t, "portal"))
	must(t, err)
	_, err = k.OnBehalf(sess, k.identity(t, "portal")) // no chains
	wantCode(t, err, custody.CodeForbidden)
}

func TestBadIdentitiesAreRefused(t *testing.T) {
	k := newKit(t)
	app := k.application(t, "portal", "bodyshop")
	k.application(t, "reports", "bodyshop")
	elsewhere := k.application(t, "claims-desk", "claims")
	good := k.identity(t, "portal")
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"custody-identity+jwt"}`))
	for name, token := range map[string]string{
		"empty": "", "garbage": "cst_xyz", "not signed": none + "." + parts[1] + ".", "no signature": parts[0] + "." + parts[1] + ".",
		"cut short": good[:len(good)-2], "claims of another": parts[0] + "." + strings.Split(k.identity(t, "reports"), ".")[1] + "." + parts[2],
		"for another application": k.identity(t, "reports"), "too long": good + strings.Repeat("x", 1<<20),
	} {
		_, err := k.OnBehalf(app, token)
		if custody.CodeOf(err) != custody.CodeUnauthorised {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := k.OnBehalf(elsewhere, k.identity(t, "claims-desk")) // for bodyshop, used on claims
	wantCode(t, err, custody.CodeUnauthorised)
	k.clock.pass(5 * time.Minute)
	_, err = k.OnBehalf(app, good)
	wantCode(t, err, custody.CodeUnauthorised)
}

// TestForgedIdentities signs with other keys, and with the right key what the
// service itself would never sign.
func TestForgedIdentities(t *testing.T) {
	k := newKit(t)
	app := k.application(t, "portal", "bodyshop")
	seed, err := hkdf.Key(sha256.New, key, nil, "custody identity signature v1", ed25519.SeedSize)
	must(t, err)
	right := ed25519.NewKeyFromSeed(seed)
	_, wrong, err := ed25519.GenerateKey(nil)
	must(t, err)
	now := k.clock.now()
	claims := func(change func(map[string]any)) map[string]any {
		m := map[string]any{"iss": "custody", "sub": "1", "aud": "portal", "custody_system": "bodyshop", "custody_organisation": 1,
			"nbf": now.Unix(), "exp": now.Add(time.Minute).Unix()}
		change(m)
		return m
	}
	sign := func(with any, alg jose.SignatureAlgorithm, typ jose.ContentType, m map[string]any) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: with}, (&jose.SignerOptions{}).WithType(typ))
		must(t, err)
		token, err := jwt.Signed(signer).Claims(m).Serialize()
		must(t, err)
		return token
	}
	same := func(map[string]any) {}
	if _, err := k.OnBehalf(app, sign(right, jose.EdDSA, "custody-identity+jwt", claims(same))); err != nil {
		t.Fatalf("the pattern of the forgeries is not accepted itself: %v", err)
	}
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	drop := func(name string) func(map[string]any) { return func(m map[string]any) { delete(m, name) } }
	for name, token := range map[string]string{
		"another key":               sign(wrong, jose.EdDSA, "custody-identity+jwt", claims(same)),
		"the public key as a MAC's": sign([]byte(right.Public().(ed25519.PublicKey)), jose.HS256, "custody-identity+jwt", claims(same)),
		"another type":              sign(right, jose.EdDSA, "JWT", claims(same)),
		"another issuer":            sign(right, jose.EdDSA, "custody-identity+jwt", claims(set("iss", "somebody"))),
		"no audience":               sign(right, jose.EdDSA, "custody-identity+jwt", claims(drop("aud"))),
		"no expiry":                 sign(right, jose.EdDSA, "custody-identity+jwt", claims(drop("exp"))),
		"no beginning":              sign(right, jose.EdDSA, "custody-identity+jwt", claims(drop("nbf"))),
		"too long a life":           sign(right, jose.EdDSA, "custody-identity+jwt", claims(set("exp", now.Add(16*time.Minute).Unix()))),
		"not yet":                   sign(right, jose.EdDSA, "custody-identity+jwt", claims(set("nbf", now.Add(time.Second).Unix()))),
		"nobody":                    sign(right, jose.EdDSA, "custody-identity+jwt", claims(set("sub", "99"))),
		"no number":                 sign(right, jose.EdDSA, "custody-identity+jwt", claims(set("sub", "alice@northfield.example"))),
		"zero":                      sign(right, jose.EdDSA, "custody-identity+jwt", claims(set("sub", "0"))),
		"another employer":          sign(right, jose.EdDSA, "custody-identity+jwt", claims(set("custody_organisation", 2))),
		"another system":            sign(right, jose.EdDSA, "custody-identity+jwt", claims(set("custody_system", "claims"))),
	} {
		_, err := k.OnBehalf(app, token)
		if custody.CodeOf(err) != custody.CodeUnauthorised {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdentityHoldsNoPersonalData(t *testing.T) {
	k := newKit(t)
	k.application(t, "portal", "bodyshop")
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(k.identity(t, "portal"), ".")[1])
	must(t, err)
	if strings.Contains(string(payload), "alice") || strings.Contains(string(payload), "Smith") {
		t.Errorf("the identity names the person: %s", payload)
	}
}

func TestIssueIdentityRefuses(t *testing.T) {
	k := newKit(t)
	k.application(t, "portal", "bodyshop")
	for _, c := range []struct {
		person, system, app string
		ttl                 time.Duration
		want                custody.Code
	}{
		{"nobody@northfield.example", "bodyshop", "portal", 0, custody.CodeNotFound},
		{"alice@northfield.example", "no-such", "portal", 0, custody.CodeNotFound},
		{"alice@northfield.example", "bodyshop", "no-such", 0, custody.CodeNotFound},
		{"alice@northfield.example", "bodyshop", "portal", 15*time.Minute + 1, custody.CodeInvalid},
		{"alice@northfield.example", "bodyshop", "portal", -1, custody.CodeInvalid},
	} {
		_, err := k.IssueIdentity(c.person, c.system, c.app, c.ttl)
		wantCode(t, err, c.want)
	}
	must(t, k.Leave("alice@northfield.example"))
	_, err := k.IssueIdentity("alice@northfield.example", "bodyshop", "portal", 0)
	wantCode(t, err, custody.CodeForbidden)
}

func TestApplications(t *testing.T) {
	k := newKit(t)
	for name, want := range map[string]custody.Code{"por@tal": custody.CodeInvalid, "": custody.CodeInvalid, "a\x00b": custody.CodeInvalid} {
		_, err := k.AddApplication(name, "Northfield")
		wantCode(t, err, want)
	}
	app := k.application(t, "Portal", "bodyshop")
	_, err := k.AddApplication("portal", "Northfield")
	wantCode(t, err, custody.CodeConflict)
	must(t, k.RemoveApplication("portal"))
	wantCode(t, k.Valid(app), custody.CodeRevoked)
	_, err = k.AddApplication("portal", "Northfield")
	wantCode(t, err, custody.CodeConflict)
	list, err := k.Applications()
	must(t, err)
	if len(list) != 1 || list[0].Name != "portal" || list[0].OrgName != "Northfield" || list[0].Removed.IsZero() {
		t.Errorf("applications: %+v", list)
	}
	wantCode(t, k.RemoveApplication("portal"), custody.CodeNotFound)
	_, _, err = k.IssueToken(identity.CredentialRequest{Login: "portal", System: "bodyshop"})
	wantCode(t, err, custody.CodeNotFound)
}

// FuzzOnBehalf opens a session only for what the service's key has signed, as plain
// Ed25519 sees it.
func FuzzOnBehalf(f *testing.F) {
	k := newKit(f)
	app := k.application(f, "portal", "bodyshop")
	good := k.identity(f, "portal")
	f.Add(good)
	f.Add("")
	f.Add("a.b.c")
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add(good[:len(good)-1] + "A")
	f.Add(`{"payload":"","signatures":[]}`)
	seed, err := hkdf.Key(sha256.New, key, nil, "custody identity signature v1", ed25519.SeedSize)
	must(f, err)
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	f.Fuzz(func(t *testing.T, token string) {
		sess, err := k.OnBehalf(app, token)
		if err != nil {
			if custody.CodeOf(err) != custody.CodeUnauthorised {
				t.Errorf("%v", err)
			}
			return
		}
		text := strings.Join(strings.Fields(token), "")
		i := strings.LastIndexByte(text, '.')
		signature, err := base64.RawURLEncoding.DecodeString(text[i+1:])
		if err != nil || !ed25519.Verify(public, []byte(text[:i]), signature) {
			t.Errorf("a token that was never signed opened session %d", sess.ID)
		}
	})
}
