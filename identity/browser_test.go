package identity_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"custody"
	"custody/identity"
)

// browse signs a person in with a browser.
func (k *kit) browse(t testing.TB, change ...func(*identity.SignIn)) (string, *custody.Session, error) {
	t.Helper()
	in := identity.SignIn{Login: "alice@northfield.example", System: "bodyshop", Method: identity.MethodPasskey, Address: "192.0.2.1", Agent: "Firefox on Linux", TTL: 12 * time.Hour}
	for _, c := range change {
		c(&in)
	}
	cookie, _, sess, err := k.SignInBrowser(context.Background(), in)
	return cookie, sess, err
}

func TestBrowserSession(t *testing.T) {
	k := newKit(t)
	cookie, sess, err := k.browse(t)
	must(t, err)
	want := custody.Session{ID: 1, Person: 1, Organisation: 1, System: 1, SystemName: "bodyshop", Login: "alice@northfield.example", FullName: "Alice Smith",
		OrgName: "Northfield", Roles: []string{"estimator"}, Address: "192.0.2.1", AppName: "Firefox on Linux", Credential: "browser", CredentialID: 1,
		Started: k.clock.now(), Expires: k.clock.now().Add(12 * time.Hour)}
	if diff := diff(want, *sess); diff != "" {
		t.Error(diff)
	}
	must(t, k.Valid(sess))
	if b, err := k.Browser(cookie, "bodyshop"); err != nil || b.Credential != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	_, err = k.Browser(cookie, "claims")
	wantCode(t, err, custody.CodeUnauthorised)
	_, err = k.Browser(cookie+"x", "bodyshop")
	wantCode(t, err, custody.CodeUnauthorised)
	if _, _, keys := k.Scram("alice@northfield.example", "bodyshop"); len(keys) != 0 {
		t.Error("a cookie is offered as a SCRAM key")
	}
	if !k.NextChange().Equal(want.Expires) {
		t.Errorf("the next change is at %v, not at the absolute end", k.NextChange())
	}
	k.clock.pass(12 * time.Hour)
	wantCode(t, k.Valid(sess), custody.CodeRevoked)
}

// TestWhatEndsABrowsersRight: Valid, which gates ask for every live session, covers
// every way in which the right to a browser's session ends (P3).
func TestWhatEndsABrowsersRight(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *kit, *identity.Passkey){
		"the passkey is removed": func(t *testing.T, k *kit, p *identity.Passkey) { must(t, k.RemovePasskey(1, p.ID)) },
		"a reset":                func(t *testing.T, k *kit, _ *identity.Passkey) { must(t, k.Reset("alice@northfield.example")) },
		"leaving":                func(t *testing.T, k *kit, _ *identity.Passkey) { must(t, k.Leave("alice@northfield.example")) },
		"the engagement's end":   func(t *testing.T, k *kit, _ *identity.Passkey) { must(t, k.EndEngagement(1, time.Time{})) },
		"the cookie is revoked":  func(t *testing.T, k *kit, _ *identity.Passkey) { must(t, k.Revoke(1)) },
		"somebody cuts it": func(t *testing.T, k *kit, _ *identity.Passkey) {
			must(t, k.Cut(1))
			must(t, k.Reload())
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			p := &identity.Passkey{Person: 1, RP: "x", Credential: []byte("c"), Record: []byte("{}"), Name: "n"}
			must(t, k.AddPasskey(p, 0))
			_, sess, err := k.browse(t, func(in *identity.SignIn) { in.Factor = p.ID })
			must(t, err)
			must(t, k.Valid(sess))
			gate := k.service(t) // another process hears it at its next look
			must(t, gate.Valid(sess))
			end(t, k, p)
			wantCode(t, k.Valid(sess), custody.CodeRevoked)
			must(t, gate.Reload())
			wantCode(t, gate.Valid(sess), custody.CodeRevoked)
		})
	}
}

// TestGroupsNarrowRoles: a provider's groups take roles away and give none.
func TestGroupsNarrowRoles(t *testing.T) {
	k := newKit(t)
	_, err := k.Engage("alice@northfield.example", "Northfield", []string{"manager"}, time.Time{}, time.Time{})
	must(t, err)
	for _, c := range []struct{ groups, want []string }{
		{nil, []string{"estimator", "manager"}}, {[]string{"manager"}, []string{"manager"}}, {[]string{"manager", "director"}, []string{"manager"}},
		{[]string{"director"}, nil}, {[]string{}, nil},
	} {
		_, sess, err := k.browse(t, func(in *identity.SignIn) { in.Method, in.Roles = identity.MethodOIDC, c.groups })
		if c.want == nil {
			wantCode(t, err, custody.CodeForbidden)
			continue
		}
		must(t, err)
		if !slices.Equal(sess.Roles, c.want) {
			t.Errorf("%v gives %v, want %v", c.groups, sess.Roles, c.want)
		}
	}
}

func TestWhoCannotSignInWithABrowser(t *testing.T) {
	k := newKit(t)
	for name, c := range map[string]struct {
		change func(*identity.SignIn)
		want   custody.Code
	}{
		"nobody":                         {func(in *identity.SignIn) { in.Login = "nobody@northfield.example" }, custody.CodeNotFound},
		"another system":                 {func(in *identity.SignIn) { in.System = "none" }, custody.CodeNotFound},
		"an employer of somebody else's": {func(in *identity.SignIn) { in.Organisation = "Southfield" }, custody.CodeForbidden},
		"too long":                       {func(in *identity.SignIn) { in.TTL = 25 * time.Hour }, custody.CodeInvalid},
	} {
		_, _, err := k.browse(t, c.change)
		if custody.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, k.Leave("alice@northfield.example"))
	_, _, err := k.browse(t)
	wantCode(t, err, custody.CodeForbidden)
}

// TestComingBackIsStartingAnew: who left and comes back has no passkey and no password
// of before.
func TestComingBackIsStartingAnew(t *testing.T) {
	k := newKit(t)
	must(t, k.AddPasskey(&identity.Passkey{Person: 1, RP: "x", Credential: []byte("c"), Record: []byte("{}"), Name: "n"}, 0))
	_, err := k.SetPassword(&identity.PasswordFactor{Person: 1, Hash: "h", TOTP: []byte("secret")}, 0, 0)
	must(t, err)
	code, _, err := k.Enrol("alice@northfield.example", 0)
	must(t, err)
	must(t, k.Leave("alice@northfield.example"))
	_, err = k.Engage("alice@northfield.example", "Northfield", nil, time.Time{}, time.Time{})
	must(t, err)
	_, err = k.FindPasskey([]byte("c"))
	wantCode(t, err, custody.CodeUnauthorised)
	if f, err := k.PasswordOf(1); f != nil || err != nil {
		t.Errorf("the password is still there, %v", err)
	}
	if n, err := k.RecoveryCodes(1); n != 0 || err != nil {
		t.Errorf("%d recovery codes, %v", n, err)
	}
	_, _, err = k.Enrolment(code)
	wantCode(t, err, custody.CodeUnauthorised)
}

func FuzzNormalRecoveryCode(f *testing.F) {
	f.Add("abcd-efgh-ijkl-mnop")
	f.Add(" ABCD efgh 1jkl mn0p ")
	f.Fuzz(func(t *testing.T, code string) {
		if n := identity.NormalRecoveryCode(code); n != "" && (len(n) != 16 || identity.NormalRecoveryCode(n) != n) {
			t.Errorf("%q became %q", code, n)
		}
	})
}
