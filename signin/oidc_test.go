package signin_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"custody/custodytest"
	"custody/identity/oidc"
	"custody/signin"
)

// startProvider runs npm's oidc-provider with these accounts and gives its issuer.
func startProvider(t *testing.T, redirect string, accounts map[string]map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "provider.mjs"} {
		b, err := os.ReadFile(filepath.Join("testdata", "provider", name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("scripts/setup.sh installs node and npm: %v\n%s", err, out)
	}
	claims, err := json.Marshal(accounts)
	must(t, err)
	cmd := exec.Command("node", "provider.mjs")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "ACCOUNTS="+string(claims), "REDIRECT="+redirect, "NODE_ENV=development")
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	var said logs
	cmd.Stderr = &said
	must(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http://") {
			go io.Copy(io.Discard, out)
			return lines.Text()
		}
	}
	t.Fatalf("the provider did not start:\n%s", said.String())
	return ""
}

// TestOpenIDInABrowser signs in at a real provider: who is known by a verified address,
// who is known by the account from then on, and who is nobody here.
func TestOpenIDInABrowser(t *testing.T) {
	k := newLocalKit(t)
	issuer := startProvider(t, k.url+"/.custody/oidc/northfield/callback", map[string]map[string]any{
		"a1":    {"email": "Alice@Northfield.example", "email_verified": true, "groups": []string{"Estimators", "Tea club"}},
		"b1":    {"email": "bob@northfield.example", "email_verified": false, "groups": []string{"Estimators"}},
		"b2":    {"email": "bob@northfield.example", "email_verified": true, "groups": []string{"Tea club"}},
		"z1":    {"email": "stranger@northfield.example", "email_verified": true, "groups": []string{"Estimators"}},
		"thief": {"email": "alice@northfield.example", "email_verified": true, "groups": []string{"Estimators"}},
	})
	k.openDoor(t, func(o *signin.Options) {
		p, err := oidc.New(oidc.Config{Name: "northfield", Title: "Northfield's account", Issuer: issuer, ClientID: "custody", Secret: "a secret of the test's",
			Scopes: []string{"groups"}, Domains: []string{"northfield.example"}, Groups: map[string][]string{"Estimators": {"estimator"}, "Accounts": {"bookkeeper"}}}, nil)
		must(t, err)
		o.Providers = []*oidc.Provider{p}
	})
	s := k.screen(t)
	s.open("/jobs?id=7")
	s.seen("sign-in-provider")
	s.atProvider("a1")
	s.acceptNotice()
	s.At("/jobs")
	if who := s.Text("#who"); who != alice+" estimator" { // not manager: no group gives that
		t.Errorf("the portal greets %q", who)
	}
	sessions, err := k.Browsers(1)
	must(t, err)
	if len(sessions) != 1 || sessions[0].Method != "oidc" || sessions[0].Device == nil {
		t.Errorf("her sessions are %+v", sessions)
	}
	for _, nobody := range []string{"b1", "b2", "z1", "thief"} {
		other := k.screen(t)
		other.open("/")
		other.atProvider(nobody)
		other.Wait("#message")
		if n := live(t, k); n != 1 {
			t.Fatalf("%s has a session: %d are live", nobody, n)
		}
	}
	if strings.Contains(k.log.String(), "northfield.example") {
		t.Errorf("the log names people:\n%s", k.log)
	}
	again := k.screen(t) // by the account now, whatever its address says
	again.open("/")
	again.atProvider("a1")
	again.greeted(alice)
}

// atProvider goes to the provider, signs in there as an account, and comes back.
func (s *screen) atProvider(account string) {
	s.t.Helper()
	s.Follow("a[href^='/.custody/oidc/']")
	s.Fill("input[name=login]", account)
	s.Fill("input[name=password]", "anything")
	s.Leave(chromedp.Click(chromedp.CSS("button[type=submit]")))
	s.Wait("form button[type=submit]") // may Custody know who you are?
	custodytest.Eval[bool](s.Page, "document.querySelector('form button[type=submit]').click() || true")
}
