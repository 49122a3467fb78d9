package config

import (
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// People says what becomes of logins by time alone, and for how many somebody works.
type People struct {
	// DormantAfter is how long a login may be unused before it expires; zero is for
	// ever.
	DormantAfter Duration `yaml:"dormant_after"`
	// SeveralEmployers lets a person work for several organisations at a time.
	SeveralEmployers bool `yaml:"several_employers"`
}

// Scim is the entrance of employers' directories (SCIM 2.0).
type Scim struct {
	// Listen is where directories connect, host:port; empty: there is no entrance.
	Listen string `yaml:"listen"`
	// TLS is on, or off for a listener on the loopback.
	TLS string `yaml:"tls"`
	// Public is how directories reach it, scheme and host.
	Public  string                 `yaml:"public"`
	Clients map[string]*ScimClient `yaml:"clients"`
}

// ScimClient is one employer's directory.
type ScimClient struct {
	Organisation string `yaml:"organisation"`
	// Tokens are sha256:… of its bearer tokens.
	Tokens []string `yaml:"tokens"`
	// Domains are those of the addresses that it may keep.
	Domains []string `yaml:"domains"`
	// Roles are everybody's; Groups maps a group to roles.
	Roles  []string            `yaml:"roles"`
	Groups map[string][]string `yaml:"groups"`
	// Branch says where a person's branch is found: department, division, costCenter
	// or nothing.
	Branch string `yaml:"branch"`
}

// maxDormant is the longest time that a login may be unused.
const maxDormant = Duration(5 * 365 * 24 * time.Hour)

func (p *People) check(k checker) {
	if p.DormantAfter != 0 && (p.DormantAfter < Duration(7*24*time.Hour) || p.DormantAfter > maxDormant) {
		k.at("it can be from 7d to 1825d, or 0s for never", "people", "dormant_after")
	}
}

// branchSources are where a directory may have a person's branch.
var branchSources = []string{"", "department", "division", "costCenter"}

var tokenHash = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func (s *Scim) check(k checker) {
	at := func(message string, path ...string) { k.at(message, append([]string{"scim"}, path...)...) }
	if s.TLS != On && s.TLS != Off {
		at("write on or off", "tls")
	}
	if s.Listen != "" {
		checkAddress(at, s.Listen, s.TLS, "listen")
		u, err := url.Parse(s.Public)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			at("write how directories reach it: https://custody.northfield.example", "public")
		}
	}
	for _, name := range sortedKeys(s.Clients) {
		s.Clients[name].check(func(message, key string) { at(message, "clients", name, key) }, name)
	}
}

func (c *ScimClient) check(say func(message, key string), name string) {
	if !providerName.MatchString(name) {
		say("a client's name is lower-case letters, digits, - and _, and begins with a letter", "")
	}
	if c.Organisation == "" {
		say("say whose people it keeps", "organisation")
	}
	for _, t := range c.Tokens {
		if !tokenHash.MatchString(t) {
			say("write sha256: and 64 hexadecimal digits; custody scim token makes a token and prints both", "tokens")
		}
	}
	if len(c.Domains) == 0 {
		say("say which addresses it may keep, like northfield.example", "domains")
	}
	for _, d := range c.Domains {
		if strings.ContainsAny(d, "@*/ ") || !strings.Contains(d, ".") {
			say("write domains of addresses, like northfield.example", "domains")
		}
	}
	for _, roles := range c.Groups {
		if len(roles) == 0 || slices.Contains(roles, "") {
			say("say which roles each group gives: [estimator]", "groups")
		}
	}
	if !slices.Contains(branchSources, c.Branch) {
		say("it can be department, division or costCenter", "branch")
	}
}

// Hashes gives the tokens as numbers; the configuration was checked.
func (c *ScimClient) Hashes() [][32]byte {
	var list [][32]byte
	for _, t := range c.Tokens {
		var h [32]byte
		if _, err := hex.Decode(h[:], []byte(strings.TrimPrefix(t, "sha256:"))); err == nil {
			list = append(list, h)
		}
	}
	return list
}
