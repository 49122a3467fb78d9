package identity_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"custody"
	"custody/identity"
	"custody/policy"
)

func diff(want, got any) string { return cmp.Diff(want, got) }

func TestTwoPeopleNeverShareALogin(t *testing.T) {
	k := newKit(t)
	must(t, k.Leave("alice@northfield.example"))
	for _, login := range []string{"alice@northfield.example", "ALICE@Northfield.Example", " alice@northfield.example "} {
		_, err := k.AddPerson(identity.NewPerson{Login: login, FullName: "Alice Jones", Organisation: "Northfield"})
		wantCode(t, err, custody.CodeConflict)
	}
}

func TestSharedAndBrokenLoginsAreRefused(t *testing.T) {
	k := newKit(t)
	for _, login := range []string{"", "alice", "alice@", "@northfield.example", "Alice <alice@northfield.example>", "a b@northfield.example",
		"reception@northfield.example", "Estimators@northfield.example", "admin@northfield.example", strings.Repeat("a", 250) + "@x.example", "alice\n@northfield.example"} {
		_, err := k.AddPerson(identity.NewPerson{Login: login, FullName: "X", Organisation: "Northfield"})
		wantCode(t, err, custody.CodeInvalid)
	}
	for _, n := range []identity.NewPerson{
		{Login: "carol@northfield.example", Organisation: "Northfield"},
		{Login: "carol@northfield.example", FullName: "Carol"},
		{Login: "carol@northfield.example", FullName: "Carol", Organisation: "Northfield", Roles: []string{" "}},
		{Login: "carol@northfield.example", FullName: "Carol", Organisation: "Northfield", Roles: []string{"a\nb"}},
		{Login: "carol@northfield.example", FullName: "Carol", Organisation: "Northfield", End: k.clock.now()},
	} {
		_, err := k.AddPerson(n)
		wantCode(t, err, custody.CodeInvalid)
	}
}

func TestLeaveEndsLiveSessionsAndCredentials(t *testing.T) {
	k := newKit(t)
	alice, bob := k.live(t, "alice"), k.live(t, "bob")
	token := k.token(t, "alice")
	must(t, k.Leave("Alice@northfield.example"))
	wantCode(t, k.Valid(alice), custody.CodeRevoked)
	must(t, k.Valid(bob))
	_, err := k.signIn(t, "alice@northfield.example", token, "192.0.2.1")
	wantCode(t, err, custody.CodeUnauthorised)

	// Whoever comes back needs new credentials: the old ones stay revoked.
	_, err = k.Engage("alice@northfield.example", "Northfield", []string{"estimator"}, time.Time{}, time.Time{})
	must(t, err)
	wantCode(t, k.Valid(alice), custody.CodeRevoked)
	_, err = k.signIn(t, "alice@northfield.example", token, "192.0.2.1")
	wantCode(t, err, custody.CodeUnauthorised)
	must(t, k.Valid(k.live(t, "alice")))

	people, err := k.People()
	must(t, err)
	if len(people) != 2 || len(people[0].Engagements) != 2 || !people[0].Current {
		t.Errorf("people: %+v", people)
	}
}

func TestEngagementsHoldFromStartToEnd(t *testing.T) {
	k := newKit(t)
	start := k.clock.now().Add(time.Hour)
	_, err := k.AddPerson(identity.NewPerson{Login: "carol@temps.example", FullName: "Carol Jones", Organisation: "Temps",
		Roles: []string{"viewer"}, Start: start, End: start.Add(2 * time.Hour)})
	must(t, err)
	_, _, err = k.IssueToken(identity.CredentialRequest{Login: "carol@temps.example", System: "bodyshop"})
	wantCode(t, err, custody.CodeForbidden)
	if next := k.NextChange(); !next.Equal(start) {
		t.Errorf("next change %v, want the start %v", next, start)
	}
	k.clock.pass(time.Hour)
	token, _, err := k.IssueToken(identity.CredentialRequest{Login: "carol@temps.example", System: "bodyshop"})
	must(t, err)
	sess, err := k.signIn(t, "carol@temps.example", token, "192.0.2.1")
	must(t, err)
	if next := k.NextChange(); !next.Equal(start.Add(2 * time.Hour)) {
		t.Errorf("next change %v, want the end", next)
	}
	k.clock.pass(2*time.Hour - time.Nanosecond)
	must(t, k.Valid(sess))
	k.clock.pass(time.Nanosecond)
	wantCode(t, k.Valid(sess), custody.CodeRevoked)
}

func TestSeveralEmployersAreKeptApart(t *testing.T) {
	k := newKit(t)
	_, err := k.Engage("alice@northfield.example", "Southfield", []string{"auditor"}, time.Time{}, time.Time{})
	wantCode(t, err, custody.CodeConflict) // unless the deployment allows it
	k.Service, err = identity.New(identity.Options{Storage: k.store, Key: key, CA: k.ca, Now: k.clock.now, SeveralEmployers: true})
	must(t, err)
	second, err := k.Engage("alice@northfield.example", "Southfield", []string{"auditor"}, time.Time{}, time.Time{})
	must(t, err)
	_, _, err = k.IssueToken(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop"})
	wantCode(t, err, custody.CodeConflict)
	token, _, err := k.IssueToken(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop", Organisation: "Southfield"})
	must(t, err)
	sess, err := k.signIn(t, "alice@northfield.example", token, "192.0.2.1")
	must(t, err)
	if sess.OrgName != "Southfield" || !slices.Equal(sess.Roles, []string{"auditor"}) {
		t.Errorf("session for %s with roles %v", sess.OrgName, sess.Roles)
	}
	must(t, k.EndEngagement(second.ID, time.Time{}))
	wantCode(t, k.Valid(sess), custody.CodeRevoked)
	must(t, k.Valid(k.live(t, "alice")))
}

func TestLosingARoleEndsTheSession(t *testing.T) {
	k := newKit(t)
	further, err := k.Engage("alice@northfield.example", "Northfield", []string{"manager"}, time.Time{}, time.Time{})
	must(t, err)
	sess := k.live(t, "alice")
	if !slices.Equal(sess.Roles, []string{"estimator", "manager"}) {
		t.Fatalf("roles %v", sess.Roles)
	}
	must(t, k.EndEngagement(further.ID, time.Time{}))
	wantCode(t, k.Valid(sess), custody.CodeRevoked)
	if roles := k.live(t, "alice").Roles; !slices.Equal(roles, []string{"estimator"}) {
		t.Errorf("roles are now %v", roles)
	}
}

func TestCutEndsOneSession(t *testing.T) {
	k := newKit(t)
	one, two := k.live(t, "alice"), k.live(t, "alice")
	must(t, k.Cut(one.ID))
	must(t, k.Reload())
	wantCode(t, k.Valid(one), custody.CodeRevoked)
	must(t, k.Valid(two))
	must(t, k.Close(one, custody.CodeRevoked))
	wantCode(t, k.Cut(one.ID), custody.CodeNotFound)
}

func TestNextChangeKnowsGrants(t *testing.T) {
	k := newKit(t)
	if next := k.NextChange(); !next.IsZero() {
		t.Errorf("next change %v, want none", next)
	}
	end := k.clock.now().Add(time.Minute)
	must(t, k.store.AddGrant(&policy.Grant{Role: "estimator", System: "bodyshop", See: 1, Start: k.clock.now(), End: end}))
	must(t, k.Reload())
	if next := k.NextChange(); !next.Equal(end) {
		t.Errorf("next change %v, want %v", next, end)
	}
}

func TestSecondAddressIsNoted(t *testing.T) {
	k := newKit(t)
	token := k.token(t, "alice")
	open := func(address string) *custody.Session {
		sess, err := k.signIn(t, "alice@northfield.example", token, address)
		must(t, err)
		return sess
	}
	home, again := open("192.0.2.1"), open("192.0.2.1")
	if home.SecondAddress || again.SecondAddress {
		t.Error("one address is not two")
	}
	away := open("198.51.100.7")
	if !away.SecondAddress {
		t.Error("the second address was not noticed")
	}
	for _, s := range []*custody.Session{home, again, away} {
		kept, err := k.store.Session(s.ID)
		must(t, err)
		if !strings.Contains(kept.Notes, "second address") {
			t.Errorf("session %d has the notes %q", s.ID, kept.Notes)
		}
		must(t, k.Close(s, custody.CodeNone))
	}
	if later := open("203.0.113.5"); later.SecondAddress {
		t.Error("the others had ended")
	}
	if other := k.live(t, "alice"); other.SecondAddress {
		t.Error("another token is another matter")
	}
}

func TestRecoverEndsWhatACrashLeft(t *testing.T) {
	k := newKit(t)
	sess := k.live(t, "alice")
	closed := k.live(t, "bob")
	must(t, k.Close(closed, custody.CodeNone))
	n, err := k.Recover()
	must(t, err)
	if n != 1 {
		t.Errorf("%d sessions were left, want 1", n)
	}
	kept, err := k.store.Session(sess.ID)
	must(t, err)
	if kept.Ended.IsZero() || kept.EndCode != custody.CodeUnavailable {
		t.Errorf("ended %v with %v", kept.Ended, kept.EndCode)
	}
}

func TestReasons(t *testing.T) {
	k := newKit(t)
	sess := k.live(t, "alice")
	first, err := k.Reason(sess, "  claim 123 ")
	must(t, err)
	same, err := k.Reason(sess, "claim 123")
	must(t, err)
	other, err := k.Reason(k.live(t, "bob"), "claim 123")
	must(t, err)
	if first != 1 || same != 1 || other != 2 {
		t.Errorf("reasons %d, %d, %d; want 1, 1, 2", first, same, other)
	}
	for text, want := range map[string]custody.Code{"": custody.CodeInvalid, " \t": custody.CodeInvalid, "a\x00b": custody.CodeInvalid,
		"a\nb": custody.CodeInvalid, "\xff": custody.CodeInvalid, strings.Repeat("x", 501): custody.CodeTooLarge} {
		_, err := k.Reason(sess, text)
		wantCode(t, err, want)
	}
}

func TestWhatClientsSayIsMadePrintable(t *testing.T) {
	k := newKit(t)
	credential, err := k.Password("alice@northfield.example", "bodyshop", k.token(t, "alice"))
	must(t, err)
	sess, err := k.Open(context.Background(), identity.Request{Login: "alice@northfield.example", System: "bodyshop", Credential: credential,
		Address: strings.Repeat("9", 1000), AppName: "bad\x1b[31m\xff\n" + strings.Repeat("é", 100)})
	must(t, err)
	if len(sess.Address) > 128 || len(sess.AppName) > 64 || strings.ContainsAny(sess.AppName, "\x1b\n") || !utf8.ValidString(sess.AppName) || !strings.HasPrefix(sess.AppName, "bad?[31m??é") {
		t.Errorf("address of %d bytes, application %q", len(sess.Address), sess.AppName)
	}
}

func TestValidAllocatesNothing(t *testing.T) {
	k := newKit(t)
	sess := k.live(t, "alice")
	if n := testing.AllocsPerRun(100, func() { must(t, k.Valid(sess)) }); n != 0 {
		t.Errorf("%v allocations while valid", n)
	}
	must(t, k.Leave("alice@northfield.example"))
	if n := testing.AllocsPerRun(100, func() { k.Valid(sess) }); n != 0 {
		t.Errorf("%v allocations while revoked", n)
	}
}
