package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/store"
)

// TestFilesFromBeforeBrowsers: a file with schema 4 and with sessions keeps them, and
// takes credentials of browsers afterwards, and of nothing else.
func TestFilesFromBeforeBrowsers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "custody.db")
	db, err := sql.Open("sqlite", path)
	must(t, err)
	for _, name := range []string{"0001_state.sql", "0002_subjects.sql", "0003_erasure.sql", "0004_through.sql"} {
		text, err := os.ReadFile(filepath.Join("migrations", name))
		must(t, err)
		_, err = db.Exec(string(text))
		must(t, err)
	}
	_, err = db.Exec(`PRAGMA user_version = 4; PRAGMA application_id = 0x43555354;
		INSERT INTO organisations (name, added) VALUES ('Northfield', 1); INSERT INTO systems (name) VALUES ('bodyshop');
		INSERT INTO people (login, full_name, added) VALUES ('alice@northfield.example', 'Alice Smith', 1);
		INSERT INTO credentials (kind, person, organisation, system, stored_key, server_key, issued, expires)
			VALUES ('token', 1, 1, 1, zeroblob(32), zeroblob(32), 1, 99999999999999);
		INSERT INTO sessions (person, organisation, system, credential, roles, address, app_name, started) VALUES (1, 1, 1, 1, '', '', '', 1)`)
	must(t, err)
	must(t, db.Close())

	s := reopen(t, path)
	list, err := s.ListCredentials()
	must(t, err)
	if len(list) != 1 || list[0].Kind != identity.KindToken {
		t.Fatalf("the credentials are %+v", list)
	}
	if live, err := s.LiveSessions(); err != nil || len(live) != 1 {
		t.Fatalf("the sessions are %+v, %v", live, err)
	}
	addBrowser(t, s, 1, 1, 1, "one")
	for _, pragma := range []string{"integrity_check", "foreign_key_check"} {
		if text := readPragma(t, path, pragma); text != "ok" && text != "" {
			t.Errorf("%s says %s", pragma, text)
		}
	}
	bad := &identity.Credential{Kind: "pigeon", Person: 1, Organisation: 1, System: 1, Issued: t0, Expires: t0.Add(time.Hour)}
	if err := s.AddBrowser(bad, &identity.Browser{Person: 1, Method: "passkey", Started: t0, Seen: t0}); err == nil {
		t.Error("a credential of another kind is taken")
	}
}

func readPragma(t *testing.T, path, name string) (text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	if err := db.QueryRow("PRAGMA " + name).Scan(&text); err != nil && err != sql.ErrNoRows {
		t.Fatal(err)
	}
	return text
}

func addBrowser(t *testing.T, s *store.Store, person custody.PersonID, org custody.OrganisationID, sys custody.SystemID, cookie string) *identity.Browser {
	t.Helper()
	c := &identity.Credential{Kind: identity.KindBrowser, Person: person, Organisation: org, System: sys, Issued: t0, Expires: t0.Add(12 * time.Hour)}
	b := &identity.Browser{Person: person, Hash: sha256.Sum256([]byte(cookie)), Method: identity.MethodPassword, Address: "192.0.2.1", Agent: "Firefox on Linux",
		Roles: []string{"estimator"}, Started: t0, Seen: t0}
	must(t, s.AddBrowser(c, b))
	return b
}

// TestSigningInMakesNobodyReload: a browser's credential changes nobody else's right;
// its end does.
func TestSigningInMakesNobodyReload(t *testing.T) {
	s, _ := open(t)
	p, e := alice(t, s)
	sys := system(t, s, "bodyshop")
	before, err := s.Generation()
	must(t, err)
	b := addBrowser(t, s, p.ID, e.Organisation, sys, "one")
	must(t, s.TouchBrowser(b.Credential, t0.Add(time.Minute), time.Time{}))
	must(t, s.BindBrowser(b.Credential, []byte("key"), t0))
	if after, err := s.Generation(); err != nil || after != before {
		t.Errorf("the generation went from %d to %d, %v", before, after, err)
	}
	must(t, s.RevokeCredential(b.Credential, t0))
	if after, err := s.Generation(); err != nil || after == before {
		t.Errorf("nobody hears of the end: %v", err)
	}
}

func TestBrowsersAreKept(t *testing.T) {
	s, path := open(t)
	p, e := alice(t, s)
	sys := system(t, s, "bodyshop")
	b := addBrowser(t, s, p.ID, e.Organisation, sys, "one")
	must(t, s.TouchBrowser(b.Credential, t0.Add(2*time.Minute), t0.Add(time.Minute)))
	must(t, s.TouchBrowser(b.Credential, t0.Add(time.Minute), time.Time{})) // times do not go back
	must(t, s.BindBrowser(b.Credential, []byte("key"), t0.Add(time.Minute)))
	wantCode(t, s.BindBrowser(b.Credential, []byte("other"), t0), custody.CodeConflict)
	must(t, s.Close())
	s = reopen(t, path)
	found, err := s.FindBrowser(b.Hash, t0)
	must(t, err)
	if found.System != "bodyshop" || found.OrgName != "Northfield" || !found.Seen.Equal(t0.Add(2*time.Minute)) || !found.Proved.Equal(t0.Add(time.Minute)) ||
		string(found.Device) != "key" || len(found.Roles) != 1 || found.Roles[0] != "estimator" {
		t.Errorf("kept is %+v", found)
	}
	for _, roles := range [][]string{nil, {}} { // all of the person's, and none
		c := &identity.Credential{Kind: identity.KindBrowser, Person: p.ID, Organisation: e.Organisation, System: sys, Issued: t0, Expires: t0.Add(time.Hour)}
		x := &identity.Browser{Person: p.ID, Hash: sha256.Sum256(fmt.Append(nil, roles == nil)), Method: identity.MethodOIDC, Roles: roles, Started: t0, Seen: t0}
		must(t, s.AddBrowser(c, x))
		if got, err := s.FindBrowser(x.Hash, t0); err != nil || (got.Roles == nil) != (roles == nil) || len(got.Roles) != 0 {
			t.Errorf("%#v became %#v, %v", roles, got.Roles, err)
		}
	}
	_, err = s.FindBrowser(b.Hash, t0.Add(12*time.Hour))
	wantCode(t, err, custody.CodeNotFound)
	_, err = s.FindBrowser([32]byte{}, t0)
	wantCode(t, err, custody.CodeNotFound)
}

// TestOneOfManyUsesACode: what holds once holds once, whoever comes at the same time.
func TestOneOfManyUsesACode(t *testing.T) {
	s, _ := open(t)
	p, _ := alice(t, s)
	code := sha256.Sum256([]byte("code"))
	f := &identity.PasswordFactor{Person: p.ID, Hash: "h", TOTP: []byte("t"), Step: 10, Changed: t0}
	must(t, s.SetPassword(f, [][32]byte{code}, 0, 0, t0))
	var steps, codes, enrolled atomic.Int32
	e := &identity.Enrolment{Person: p.ID, Hash: sha256.Sum256([]byte("enrol")), Made: t0, Expires: t0.Add(time.Hour)}
	must(t, s.AddEnrolment(e))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if ok, err := s.UseStep(p.ID, 11); ok && err == nil {
				steps.Add(1)
			}
			if ok, err := s.UseRecoveryCode(p.ID, code, t0); ok && err == nil {
				codes.Add(1)
			}
			k := &identity.Passkey{Person: p.ID, RP: "x", Credential: []byte{byte(i)}, Record: []byte("{}"), Name: "n", Added: t0}
			if s.AddPasskey(k, e.ID) == nil {
				enrolled.Add(1)
			}
		})
	}
	wg.Wait()
	if steps.Load() != 1 || codes.Load() != 1 || enrolled.Load() != 1 {
		t.Errorf("a step was used %d times, a recovery code %d, an enrolment %d", steps.Load(), codes.Load(), enrolled.Load())
	}
	if ok, err := s.UseStep(p.ID, 9); ok || err != nil {
		t.Errorf("an older step: %v, %v", ok, err)
	}
	_, err := s.FindEnrolment(e.Hash, t0)
	wantCode(t, err, custody.CodeNotFound)
}

// TestWhatEndsSessionsOfAWay: taking a way to sign in away ends what it opened and no
// more.
func TestWhatEndsSessionsOfAWay(t *testing.T) {
	s, _ := open(t)
	p, e := alice(t, s)
	sys := system(t, s, "bodyshop")
	k := &identity.Passkey{Person: p.ID, RP: "x", Credential: []byte("c"), Record: []byte("{}"), Name: "n", Added: t0}
	must(t, s.AddPasskey(k, 0))
	by := func(cookie, method string, factor int64) int64 {
		c := &identity.Credential{Kind: identity.KindBrowser, Person: p.ID, Organisation: e.Organisation, System: sys, Issued: t0, Expires: t0.Add(time.Hour)}
		must(t, s.AddBrowser(c, &identity.Browser{Person: p.ID, Hash: sha256.Sum256([]byte(cookie)), Method: method, Factor: factor, Started: t0, Seen: t0}))
		return c.ID
	}
	password, kept := by("a", identity.MethodPassword, 0), by("b", identity.MethodPassword, 0)
	passkey, other := by("c", identity.MethodPasskey, k.ID), by("d", identity.MethodPasskey, k.ID+1)
	in := func() map[int64]bool {
		found, err := s.Browsers(p.ID, t0)
		must(t, err)
		m := map[int64]bool{}
		for _, b := range found {
			m[b.Credential] = true
		}
		return m
	}
	must(t, s.SetPassword(&identity.PasswordFactor{Person: p.ID, Hash: "h", TOTP: []byte("t"), Changed: t0}, nil, 0, kept, t0))
	if m := in(); m[password] || !m[kept] || !m[passkey] || !m[other] {
		t.Errorf("after a new password: %v", m)
	}
	wantCode(t, s.RemovePasskey(p.ID+1, k.ID, t0), custody.CodeNotFound)
	must(t, s.RemovePasskey(p.ID, k.ID, t0))
	if m := in(); !m[kept] || m[passkey] || !m[other] {
		t.Errorf("after the passkey was removed: %v", m)
	}
	_, err := s.FindPasskey([]byte("c"))
	wantCode(t, err, custody.CodeNotFound)
	must(t, s.ResetPerson(p.ID, t0))
	if m := in(); len(m) != 0 {
		t.Errorf("after a reset: %v", m)
	}
	if f, err := s.Password(p.ID); f != nil || err != nil {
		t.Errorf("after a reset there is a password: %v", err)
	}
}

// TestLinksBelongToOnePersonForEver.
func TestLinksBelongToOnePersonForEver(t *testing.T) {
	s, _ := open(t)
	p, e := alice(t, s)
	bob := &identity.Person{Login: "bob@northfield.example", FullName: "Bob Jones", Added: t0}
	must(t, s.AddPerson(bob, &identity.Engagement{Organisation: e.Organisation, Start: t0}))
	first, err := s.LinkSubject(p.ID, "https://i.example", "a1", t0)
	must(t, err)
	again, err := s.LinkSubject(p.ID, "https://i.example", "a1", t0)
	must(t, err)
	if first != again {
		t.Errorf("the link %d became %d", first, again)
	}
	_, err = s.LinkSubject(bob.ID, "https://i.example", "a1", t0)
	wantCode(t, err, custody.CodeConflict)
	_, err = s.LinkSubject(p.ID, "https://i.example", "a2", t0)
	wantCode(t, err, custody.CodeConflict)
	if _, err = s.LinkSubject(p.ID, "https://j.example", "a1", t0); err != nil {
		t.Errorf("another provider: %v", err)
	}
	must(t, s.ResetPerson(p.ID, t0))
	if _, who, err := s.FindSubject("https://i.example", "a1"); who != 0 || err != nil {
		t.Errorf("after a reset the account is person %d's, %v", who, err)
	}
	_, err = s.LinkSubject(bob.ID, "https://i.example", "a1", t0)
	wantCode(t, err, custody.CodeConflict)
}

// TestNoticesStay: what was accepted cannot be taken back.
func TestNoticesStay(t *testing.T) {
	s, path := open(t)
	p, e := alice(t, s)
	id := openSession(t, s, p, e, system(t, s, "bodyshop"), "192.0.2.1")
	digest := sha256.Sum256([]byte("text"))
	must(t, s.AcceptNotice(identity.Acceptance{Person: p.ID, Version: "1", Digest: digest, Accepted: t0, Session: id}))
	for _, c := range []struct {
		version string
		digest  [32]byte
		want    bool
	}{{"1", digest, true}, {"2", digest, false}, {"1", [32]byte{}, false}} {
		if ok, err := s.NoticeAccepted(p.ID, c.version, c.digest); ok != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.version, ok, err)
		}
	}
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	for _, statement := range []string{"DELETE FROM notices", "UPDATE notices SET accepted = 1"} {
		if _, err := db.ExecContext(context.Background(), statement); err == nil {
			t.Errorf("%s: done", statement)
		}
	}
}

// TestNoSecretIsInTheFile: neither codes, cookies nor the secret of the app.
func TestNoSecretIsInTheFile(t *testing.T) {
	s, path := open(t)
	p, _ := alice(t, s)
	service, err := identity.New(identity.Options{Storage: s, Key: bytes.Repeat([]byte{7}, 32)})
	must(t, err)
	system(t, s, "bodyshop")
	must(t, service.Reload())
	enrolment, e, err := service.Enrol(p.Login, 0)
	must(t, err)
	secret := []byte("twenty bytes of TOTP")
	codes, err := service.SetPassword(&identity.PasswordFactor{Person: p.ID, Hash: "$argon2id$", TOTP: secret}, e.ID, 0)
	must(t, err)
	cookie, _, _, err := service.SignInBrowser(context.Background(), identity.SignIn{Login: p.Login, System: "bodyshop", Method: identity.MethodPassword, TTL: time.Hour})
	must(t, err)
	must(t, s.Scrub(context.Background()))
	file, err := os.ReadFile(path)
	must(t, err)
	for name, hidden := range map[string]string{"enrolment code": enrolment, "TOTP secret": string(secret), "recovery code": codes[0],
		"recovery code without dashes": identity.NormalRecoveryCode(codes[0]), "cookie": cookie} {
		if bytes.Contains(file, []byte(hidden)) {
			t.Errorf("the file holds the %s", name)
		}
	}
	if !bytes.Contains(file, []byte(p.Login)) {
		t.Error("the search would not have found them either")
	}
	other, err := identity.New(identity.Options{Storage: s, Key: bytes.Repeat([]byte{8}, 32)})
	must(t, err)
	if f, err := other.PasswordOf(p.ID); err == nil {
		t.Errorf("another deployment key opens the secret: %q", f.TOTP)
	}
}
