package config

import (
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"custody"
)

// SignIn is how people sign in with a browser, at every portal.
type SignIn struct {
	// Idle ends a session that is not used; Absolute ends every one.
	Idle     Duration `yaml:"idle"`
	Absolute Duration `yaml:"absolute"`
	// PasskeyDomain is the domain that passkeys are made for, when several portals
	// share one. Empty: each portal's own host.
	PasskeyDomain string               `yaml:"passkey_domain"`
	Notice        Notice               `yaml:"notice"`
	Providers     map[string]*Provider `yaml:"providers"`
}

// Notice is the text that people accept before the first look and after each change.
// Empty: the built-in text for the United Kingdom.
type Notice struct {
	Version string `yaml:"version"`
	// File holds the text; Text is the text itself. One of the two.
	File string `yaml:"file"`
	Text string `yaml:"text"`
}

// Provider is an OpenID provider at which people may sign in.
type Provider struct {
	Title    string `yaml:"title"`
	Issuer   string `yaml:"issuer"`
	ClientID string `yaml:"client_id"`
	// Credential is where the client's secret is found: a file of mode 0600, or
	// env:NAME. Empty: a public client.
	Credential string   `yaml:"credential"`
	Scopes     []string `yaml:"scopes"`
	// Domains are those for whose addresses the provider may speak.
	Domains     []string `yaml:"domains"`
	GroupsClaim string   `yaml:"groups_claim"`
	// Groups maps a group to roles. Without it groups do not matter.
	Groups map[string][]string `yaml:"groups"`
}

func defaultSignIn() SignIn {
	return SignIn{Idle: Duration(30 * time.Minute), Absolute: Duration(12 * time.Hour), Providers: map[string]*Provider{}}
}

var providerName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,30}$`)

func (s *SignIn) check(k checker) {
	at := func(message string, path ...string) { k.at(message, append([]string{"sign_in"}, path...)...) }
	if s.Idle < Duration(time.Minute) || s.Idle > Duration(8*time.Hour) {
		at("it can be from 1m to 8h", "idle")
	}
	if s.Absolute < s.Idle || s.Absolute > Duration(24*time.Hour) {
		at("it can be from the length of idle to 1d", "absolute")
	}
	if s.Notice.File != "" && s.Notice.Text != "" {
		at("file and text contradict each other", "notice")
	}
	if (s.Notice.Version == "") != (s.Notice.File == "" && s.Notice.Text == "") {
		at("a text of your own needs a version, and a version a text: people accept the text again when the version changes", "notice")
	}
	for _, name := range sortedKeys(s.Providers) {
		s.Providers[name].check(at, name)
	}
}

func (p *Provider) check(at func(string, ...string), name string) {
	path := []string{"providers", name}
	say := func(message string, key string) { at(message, append(slices.Clone(path), key)...) }
	if !providerName.MatchString(name) {
		at("a provider's name is lower-case letters, digits, - and _, and begins with a letter", path...)
	}
	u, err := url.Parse(p.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLocal(u, url.Values{})) {
		say("write the provider's issuer, https://…, exactly as its /.well-known/openid-configuration does", "issuer")
	}
	if p.ClientID == "" {
		say("the provider gave it when Custody was registered there", "client_id")
	}
	for _, d := range p.Domains {
		if strings.ContainsAny(d, "@*/ ") || !strings.Contains(d, ".") {
			say("write domains of addresses, like northfield.example", "domains")
		}
	}
	for group, roles := range p.Groups {
		if len(roles) == 0 || slices.Contains(roles, "") {
			at("say which roles the group gives: [estimator]", append(path, "groups", group)...)
		}
	}
}

// Secret reads the secret of the client; empty for a public client.
func (p *Provider) Secret(dir string) (string, error) {
	if p.Credential == "" {
		return "", nil
	}
	d := Database{Credential: p.Credential}
	text, err := d.secret(dir)
	return strings.TrimSpace(text), err
}

// maxNotice is the longest notice, in bytes.
const maxNotice = 32 << 10

// Read gives the notice's text; empty when the built-in one holds.
func (n *Notice) Read(dir string) (string, error) {
	if n.File == "" {
		return n.Text, nil
	}
	info, err := os.Stat(under(dir, n.File))
	if err == nil && info.Size() > maxNotice {
		return "", custody.E(custody.CodeTooLarge, "the notice "+n.File+" is longer than 32 KiB", "people accept only what they read: make it shorter")
	}
	text, err := os.ReadFile(under(dir, n.File))
	if err != nil {
		return "", &custody.Error{Code: custody.CodeNotFound, Message: "the notice " + n.File + " cannot be read", Hint: "sign_in.notice.file in custody.yaml names it", Err: err}
	}
	return string(text), nil
}
