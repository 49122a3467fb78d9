package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"

	"custody"
	"custody/config"
	"custody/doctor/portalcheck"
	"custody/portal/upstream"
	"custody/site"
	"custody/subjects"
	"custody/subjects/body"
)

// portalOf says how the site guards a system's web application; nil if it has none.
func (w *workspace) portalOf(name string) (*site.Portal, error) {
	c := w.config.Systems[name].Portal
	if c == nil {
		return nil, nil
	}
	p := &site.Portal{
		Title: c.Title, Public: c.PublicURL(), TLS: c.TLS == config.On, Origin: c.OriginURL(), Audience: c.SignIn.Audience,
		Rules:  body.Rules{JSON: c.JSON, HTML: c.HTML, CSV: c.CSV},
		Static: c.Static, Cookies: c.Cookies, Elsewhere: c.Elsewhere, Closed: c.Closed, Lookups: c.Lookups, SignOut: c.SignOut,
		AllowUninspectable: c.Uninspectable == config.Allow, ExportAbove: c.ExportAbove, Contact: c.Contact,
		SignIn: upstream.SignIn{Kind: signInKinds[c.SignIn.Method], Header: c.SignIn.Header,
			Form: upstream.Form{Path: c.SignIn.Path, UserField: c.SignIn.UserField, PasswordField: c.SignIn.PasswordField, Cookie: c.SignIn.SuccessCookie}},
	}
	p.Check = site.PortalCheck{Every: c.Check.Every.Std(), Change: c.Check.ChangePasswordPath, Consent: c.Check.Consent,
		Account: func() (string, string, error) { return c.Check.Account(w.dir) }}
	if c.SignIn.Method == config.MethodForm {
		p.Check.Form = portalcheck.Form{Path: c.SignIn.Path, UserField: c.SignIn.UserField, PasswordField: c.SignIn.PasswordField}
	}
	if c.Host == config.HostPublic {
		p.Self = p.Public
	}
	if c.SignIn.NeedsCredential() {
		in := c.SignIn
		personal := in.Accounts == config.PersonalAccounts
		p.SignIn.Own = func(who upstream.Person) (string, bool, error) {
			secret, ok, err := in.PersonalSecret(w.dir, name, who.Login)
			if err == nil && !ok && personal {
				err = upstream.NoAccount(name)
			}
			return secret, ok, err
		}
		if !personal {
			p.SignIn.Secret = func() (string, error) { return in.Secret(w.dir) }
			if _, err := p.SignIn.Secret(); err != nil {
				return nil, withHint(err, "custody portal credential "+name+" writes it")
			}
		}
	}
	p.Customers = w.customersOf(&c.Customers)
	var err error
	if p.Corroborate, err = subjects.ParseCorroboration(c.Corroborate); err != nil {
		return nil, err
	}
	p.OriginTLS, err = w.originTLS(c)
	return p, err
}

// customersOf says where a system without a database has its customers from.
func (w *workspace) customersOf(c *config.PortalCustomers) *site.Customers {
	if c.File == "" {
		return nil
	}
	out := &site.Customers{File: w.path(c.File), Export: subjects.Export{Key: c.Key, Columns: map[string]custody.Category{}, Identifiers: c.Identifiers}}
	for column, word := range c.Columns {
		if category, ok := custody.ParseCategory(word); ok {
			out.Columns[column] = category
		}
	}
	return out
}

var signInKinds = map[string]upstream.Kind{
	config.MethodNone: upstream.None, config.MethodForm: upstream.FormKind, config.MethodBasic: upstream.Basic, config.MethodBearer: upstream.Bearer,
	config.MethodHeader: upstream.HeaderKind, config.MethodCertificate: upstream.Certificate, config.MethodIdentity: upstream.Identity,
}

// withHint gives an error of ours another hint.
func withHint(err error, hint string) error {
	return &custody.Error{Code: custody.CodeOf(err), Message: err.Error(), Hint: hint, Err: err}
}

// originTLS says whom the gate trusts as the application and what it shows to it.
func (w *workspace) originTLS(c *config.Portal) (*tls.Config, error) {
	if c.OriginURL().Scheme != "https" {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.RootCertificate != "" {
		pem, err := w.readFile(c.RootCertificate)
		if err != nil {
			return nil, err
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, custody.E(custody.CodeInvalid, c.RootCertificate+" holds no certificate", "it must be in PEM form")
		}
	}
	if c.ClientCertificate != "" {
		cert, err := w.readFile(c.ClientCertificate)
		if err != nil {
			return nil, err
		}
		key, err := w.readSecret(c.ClientKey)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, custody.E(custody.CodeInvalid, "portal.client_certificate and client_key do not fit together", "replace both")
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// portalListener is where people with browsers reach a system.
type portalListener struct {
	net.Listener
	system, public string
}

// listenPortals opens the listeners of all portals.
func (w *workspace) listenPortals() (list []portalListener, err error) {
	for _, declared := range w.config.Declare() {
		c := w.config.Systems[declared.Name].Portal
		if c == nil {
			continue
		}
		l, err := listenOn(c.Listen)
		if err != nil {
			for _, open := range list {
				open.Close()
			}
			return nil, err
		}
		list = append(list, portalListener{l, declared.Name, c.Public})
	}
	return list, nil
}
