package signin_test

import (
	"encoding/base32"
	"strings"
	"testing"

	"custody/signin"
)

func decode(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(text, " ", ""))
	must(t, err)
	return b
}

// TestFromEnrolmentToTheFirstLook goes the whole way: a code from the administrator,
// password and app, the notice, the portal; then out and in again.
func TestFromEnrolmentToTheFirstLook(t *testing.T) {
	k := newKit(t)
	b := k.browser(t)
	if a := b.get("/jobs?id=7"); !strings.Contains(a.body, "Sign in") || a.Request.URL.RequestURI() != "/.custody/sign-in?next=%2Fjobs%3Fid%3D7" {
		t.Fatalf("a stranger got %s", a.Request.URL)
	}
	f := b.enrol(alice)
	if a := b.get("/"); a.Request.URL.Path != "/.custody/notice" || !strings.Contains(a.body, "section 170") {
		t.Fatalf("before the notice was accepted: %s", a.Request.URL)
	}
	b.accept()
	if who := b.who(); who != alice+" estimator,manager" {
		t.Fatalf("the portal sees %q", who)
	}
	accepted, err := k.Notices(1)
	must(t, err)
	if len(accepted) != 1 || accepted[0].Version != signin.DefaultVersion || accepted[0].Session != 1 {
		t.Errorf("the acceptance on record is %+v", accepted)
	}
	if a := b.post("/.custody/sign-out"); !strings.Contains(a.body, "signed out") {
		t.Error("no page says that she is signed out")
	}
	if b.who() != "" || live(t, k) != 0 {
		t.Error("the session goes on after sign-out")
	}
	if a := b.signIn(alice, f); a.StatusCode != 200 || b.who() == "" {
		t.Errorf("signing in again: %d\n%s", a.StatusCode, a.body)
	}
	if strings.Contains(k.log.String(), "alice") || strings.Contains(k.log.String(), secret) {
		t.Errorf("the log names her:\n%s", k.log)
	}
}
