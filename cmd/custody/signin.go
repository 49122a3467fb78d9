package main

import (
	"maps"
	"slices"

	"custody/config"
	"custody/identity/oidc"
	"custody/signin"
	"custody/site"
)

// signIn says how people sign in with a browser.
func (w *workspace) signIn() (site.SignIn, error) {
	c := &w.config.SignIn
	text, err := c.Notice.Read(w.dir)
	if err != nil {
		return site.SignIn{}, err
	}
	in := site.SignIn{Idle: c.Idle.Std(), Absolute: c.Absolute.Std(), PasskeyDomain: c.PasskeyDomain,
		Notice: signin.Notice{Version: c.Notice.Version, Text: text}}
	for _, name := range slices.Sorted(maps.Keys(c.Providers)) {
		p, err := w.provider(name, c.Providers[name])
		if err != nil {
			return in, err
		}
		in.Providers = append(in.Providers, p)
	}
	return in, nil
}

func (w *workspace) provider(name string, c *config.Provider) (*oidc.Provider, error) {
	secret, err := c.Secret(w.dir)
	if err != nil {
		return nil, err
	}
	return oidc.New(oidc.Config{Name: name, Title: c.Title, Issuer: c.Issuer, ClientID: c.ClientID, Secret: secret,
		Scopes: c.Scopes, Domains: c.Domains, GroupsClaim: c.GroupsClaim, Groups: c.Groups}, nil)
}
