package identity_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/identity"
)

func TestTokenOpensASessionOfOneNamedPerson(t *testing.T) {
	k := newKit(t)
	sess, err := k.signIn(t, " Alice@Northfield.example", k.token(t, "alice"), "192.0.2.1")
	must(t, err)
	want := custody.Session{ID: 1, Person: 1, Organisation: 1, System: 1, SystemName: "bodyshop",
		Login: "alice@northfield.example", FullName: "Alice Smith", OrgName: "Northfield", Roles: []string{"estimator"},
		Address: "192.0.2.1", AppName: "psql", Credential: "token", CredentialID: 1, Started: k.clock.now(), Expires: k.clock.now().Add(8 * time.Hour)}
	if diff := diff(want, *sess); diff != "" {
		t.Error(diff)
	}
	must(t, k.Valid(sess))
	kept, err := k.store.Session(sess.ID)
	must(t, err)
	if diff := diff(want, kept.Session); diff != "" {
		t.Error(diff)
	}
}

func TestTokenIsShownOnceAndKeptNowhere(t *testing.T) {
	k := newKit(t)
	token := k.token(t, "alice")
	if !regexp.MustCompile(`^cst_[a-z2-7]{32}$`).MatchString(token) {
		t.Errorf("the token has %d characters, not cst_ and 32 of base32", len(token))
	}
	must(t, k.store.Scrub(context.Background()))
	file, err := os.ReadFile(k.path)
	must(t, err)
	if bytes.Contains(file, []byte(token)) || bytes.Contains(file, []byte(token[4:])) {
		t.Error("the database holds the token")
	}
	if !bytes.Contains(file, []byte("alice@northfield.example")) {
		t.Error("the search would not have found the token either")
	}
}

func TestTokenIsForItsLoginAndSystemAlone(t *testing.T) {
	k := newKit(t)
	token := k.token(t, "alice")
	for _, c := range []struct{ login, system, token string }{
		{"bob@northfield.example", "bodyshop", token},
		{"alice@northfield.example", "claims", token},
		{"alice@northfield.example", "bodyshop", token[:35] + "x"},
		{"alice@northfield.example", "bodyshop", ""},
		{"nobody@northfield.example", "bodyshop", token},
		{"", "", ""},
		{"alice@northfield.example", "bodyshop", strings.Repeat("x", 1<<20)},
	} {
		credential, err := k.Password(c.login, c.system, c.token)
		wantCode(t, err, custody.CodeUnauthorised)
		if credential != 0 {
			t.Errorf("%s on %s got credential %d", c.login, c.system, credential)
		}
	}
	credential, err := k.Password("alice@northfield.example", "bodyshop", token)
	must(t, err)
	for _, r := range []identity.Request{
		{Login: "bob@northfield.example", System: "bodyshop", Credential: credential},
		{Login: "alice@northfield.example", System: "claims", Credential: credential},
		{Login: "alice@northfield.example", System: "bodyshop", Credential: credential + 1},
		{Login: "alice@northfield.example", System: "bodyshop", Credential: credential, Kind: identity.KindCertificate},
	} {
		_, err := k.Open(context.Background(), r)
		wantCode(t, err, custody.CodeUnauthorised)
	}
}

// TestScramExchange is a client's half of RFC 5802, against the stored verifier.
func TestScramExchange(t *testing.T) {
	k := newKit(t)
	first, second := k.token(t, "alice"), k.token(t, "alice")
	for i, token := range []string{first, second} {
		salt, iterations, keys := k.Scram("ALICE@northfield.example", "bodyshop")
		if len(keys) != 2 {
			t.Fatalf("%d keys, want 2", len(keys))
		}
		salted, err := pbkdf2.Key(sha256.New, token, salt, iterations, 32)
		must(t, err)
		message := []byte("client-first,server-first,client-final")
		clientKey, serverKey := sum(salted, "Client Key"), sum(salted, "Server Key")
		stored := sha256.Sum256(clientKey)
		signature := sum(stored[:], string(message))
		var proof [32]byte
		for j := range proof {
			proof[j] = clientKey[j] ^ signature[j]
		}
		// The server's half, for each key on offer.
		matched := -1
		for n, key := range keys {
			signature := sum(key.StoredKey[:], string(message))
			var recovered [32]byte
			for j := range recovered {
				recovered[j] = proof[j] ^ signature[j]
			}
			if sha256.Sum256(recovered[:]) == key.StoredKey {
				matched = n
				if !bytes.Equal(key.ServerKey[:], serverKey) {
					t.Error("the server key is not the one that the client expects")
				}
			}
		}
		if matched != i {
			t.Errorf("token %d matched key %d", i, matched)
		}
	}
}

func sum(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func TestScramHidesWhoExists(t *testing.T) {
	k := newKit(t)
	k.token(t, "alice")
	salts := map[string]bool{}
	for _, place := range [][2]string{{"alice@northfield.example", "bodyshop"}, {"bob@northfield.example", "bodyshop"},
		{"nobody@northfield.example", "bodyshop"}, {"alice@northfield.example", "no-such-system"}, {"portal", "bodyshop"},
		{"alice@northfield.exampleb", "odyshop"}} {
		salt, iterations, keys := k.Scram(place[0], place[1])
		again, _, _ := k.Scram(place[0], place[1])
		if len(salt) != 16 || iterations != 4096 || !bytes.Equal(salt, again) {
			t.Errorf("%v: salt of %d bytes, %d iterations, or it changed", place, len(salt), iterations)
		}
		if want := place[0] == "alice@northfield.example" && place[1] == "bodyshop"; (len(keys) == 1) != want {
			t.Errorf("%v: %d keys", place, len(keys))
		}
		salts[string(salt)] = true
	}
	if len(salts) != 6 {
		t.Errorf("%d different salts, want 6", len(salts))
	}
	before, _, _ := k.Scram("bob@northfield.example", "bodyshop")
	k.token(t, "bob")
	after, _, _ := k.Scram("bob@northfield.example", "bodyshop")
	if !bytes.Equal(before, after) {
		t.Error("the salt changed with the first token, which shows when a login begins to exist")
	}
}

func TestSaltsDependOnTheDeployment(t *testing.T) {
	k := newKit(t)
	other, err := identity.New(identity.Options{Storage: k.store, Key: []byte(strings.Repeat("x", 32))})
	must(t, err)
	a, _, _ := k.Scram("alice@northfield.example", "bodyshop")
	b, _, _ := other.Scram("alice@northfield.example", "bodyshop")
	if bytes.Equal(a, b) {
		t.Error("two deployments offer the same salt")
	}
	_, err = identity.New(identity.Options{Storage: k.store, Key: []byte("short")})
	wantCode(t, err, custody.CodeInvalid)
}

func TestTokenLifetime(t *testing.T) {
	k := newKit(t)
	sess := k.live(t, "alice")
	k.clock.pass(8*time.Hour - time.Nanosecond)
	must(t, k.Valid(sess))
	k.clock.pass(time.Nanosecond)
	wantCode(t, k.Valid(sess), custody.CodeRevoked)

	for _, ttl := range []time.Duration{-1, time.Millisecond, 30*24*time.Hour + time.Second} {
		_, _, err := k.IssueToken(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop", TTL: ttl})
		wantCode(t, err, custody.CodeInvalid)
	}
	token, c, err := k.IssueToken(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop", TTL: time.Hour})
	must(t, err)
	if !c.Expires.Equal(k.clock.now().Add(time.Hour)) {
		t.Errorf("expires %v", c.Expires)
	}
	k.clock.pass(time.Hour)
	_, err = k.Password("alice@northfield.example", "bodyshop", token)
	wantCode(t, err, custody.CodeUnauthorised)
}

func TestRevokedTokenEndsItsSessionsAndNoOther(t *testing.T) {
	k := newKit(t)
	one, two := k.live(t, "alice"), k.live(t, "alice")
	must(t, k.Revoke(one.CredentialID))
	wantCode(t, k.Valid(one), custody.CodeRevoked)
	must(t, k.Valid(two))
	wantCode(t, k.Revoke(one.CredentialID), custody.CodeNotFound)
	list, err := k.Credentials("alice@northfield.example")
	must(t, err)
	if len(list) != 2 || list[1].Revoked.IsZero() || !list[0].Revoked.IsZero() {
		t.Errorf("the list is %+v", list)
	}
}

func TestTokensAreFew(t *testing.T) {
	k := newKit(t)
	for range 16 {
		k.token(t, "alice")
	}
	_, _, err := k.IssueToken(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop"})
	wantCode(t, err, custody.CodeConflict)
	k.clock.pass(9 * time.Hour)
	k.token(t, "alice")
}

func TestTokenNeedsAPersonASystemAndAnEngagement(t *testing.T) {
	k := newKit(t)
	for _, c := range []struct {
		r    identity.CredentialRequest
		want custody.Code
	}{
		{identity.CredentialRequest{Login: "nobody@northfield.example", System: "bodyshop"}, custody.CodeNotFound},
		{identity.CredentialRequest{Login: "alice@northfield.example", System: "no-such"}, custody.CodeNotFound},
		{identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop", Organisation: "Southfield"}, custody.CodeForbidden},
	} {
		_, _, err := k.IssueToken(c.r)
		wantCode(t, err, c.want)
	}
	must(t, k.Leave("alice@northfield.example"))
	_, _, err := k.IssueToken(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop"})
	wantCode(t, err, custody.CodeForbidden)
}

func TestAnotherProcessIsHeardAtTheNextSignIn(t *testing.T) {
	k := newKit(t)
	gate := k.service(t)
	token, c, err := k.IssueToken(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop"})
	must(t, err)
	if _, err := gate.Password("alice@northfield.example", "bodyshop", token); err != nil {
		t.Errorf("a fresh token is not known: %v", err)
	}
	must(t, k.Revoke(c.ID))
	_, err = gate.Password("alice@northfield.example", "bodyshop", token)
	wantCode(t, err, custody.CodeUnauthorised)
}

func TestUnreadableStoreLetsNobodyIn(t *testing.T) {
	k := newKit(t)
	token := k.token(t, "alice")
	must(t, k.store.Close())
	if _, err := k.Password("alice@northfield.example", "bodyshop", token); err == nil {
		t.Error("signed in without a store")
	}
	if k.Reload() == nil {
		t.Error("reloaded without a store")
	}
}
