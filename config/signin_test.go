package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"custody"
	"custody/config"
)

// TestExampleOfAProvider brings the example's provider to life.
func TestExampleOfAProvider(t *testing.T) {
	before, after, found := strings.Cut(config.Example, "  providers: {}\n")
	if !found {
		t.Fatal("the example has no providers")
	}
	lines := strings.Split(after, "\n")
	for i, l := range lines {
		if l == "" {
			break
		}
		lines[i] = strings.Replace(l, "  #", "  ", 1)
	}
	c, err := config.Parse("custody.example.yaml", []byte(before+"  providers:\n"+strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	p := c.SignIn.Providers["northfield"]
	if p == nil || p.ClientID != "custody" || p.Groups["Estimators"][0] != "estimator" || p.Domains[0] != "northfield.example" || p.GroupsClaim != "groups" {
		t.Errorf("the provider is %+v", p)
	}
}

func TestSignInMistakes(t *testing.T) {
	for _, c := range [][2]string{
		{"sign_in: {idle: 1s}", "sign_in.idle: it can be from 1m to 8h"},
		{"sign_in: {absolute: 2d}", "sign_in.absolute"},
		{"sign_in: {idle: 2h, absolute: 1h}", "sign_in.absolute"},
		{"sign_in: {notice: {version: '2'}}", "sign_in.notice: a text of your own needs a version"},
		{"sign_in: {notice: {text: hello}}", "sign_in.notice: a text of your own needs a version"},
		{"sign_in: {notice: {version: '2', text: hello, file: x}}", "contradict"},
		{"sign_in: {notices: {}}", "did you mean \"notice\"?"},
		{"sign_in: {providers: {N: {issuer: 'https://a.example', client_id: x}}}", "a provider's name"},
		{"sign_in: {providers: {n: {issuer: 'http://a.example', client_id: x}}}", "providers.n.issuer"},
		{"sign_in: {providers: {n: {issuer: 'https://a.example'}}}", "providers.n.client_id"},
		{"sign_in: {providers: {n: {issuer: 'https://a.example', client_id: x, domains: ['*']}}}", "providers.n.domains"},
		{"sign_in: {providers: {n: {issuer: 'https://a.example', client_id: x, groups: {a: []}}}}", "say which roles"},
	} {
		_, err := config.Parse("custody.yaml", []byte(c[0]))
		if custody.CodeOf(err) != custody.CodeInvalid || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s:\n  got  %v\n  want %s", c[0], err, c[1])
		}
	}
}

func TestSecretsAndNoticesOfSignIn(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"open": 0o644, "closed": 0o600} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("text\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	closed, open := config.Provider{Credential: "closed"}, config.Provider{Credential: "open"}
	if text, err := closed.Secret(dir); text != "text" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := open.Secret(dir); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("a secret that others can read: %v", err)
	}
	notice, missing := config.Notice{File: "open"}, config.Notice{File: "nowhere"}
	if text, err := notice.Read(dir); text != "text\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := missing.Read(dir); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("a notice that is not there: %v", err)
	}
}
