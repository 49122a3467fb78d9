package config

import (
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"custody"
)

// Portal is the entrance of a system that is a web application.
type Portal struct {
	// Title is what the gate's own pages call the application; the system's name if
	// empty.
	Title string `yaml:"title"`
	// Listen is where staff connect, host:port.
	Listen string `yaml:"listen"`
	// TLS is on, or off for a listener on the loopback.
	TLS string `yaml:"tls"`
	// Public is how staff reach the portal, scheme and host.
	Public string `yaml:"public"`
	// Origin is where the application is, scheme and host.
	Origin            string `yaml:"origin"`
	RootCertificate   string `yaml:"root_certificate"` // for an https origin
	ClientCertificate string `yaml:"client_certificate"`
	ClientKey         string `yaml:"client_key"`
	// Host is the name by which the application is addressed: origin or public.
	Host   string       `yaml:"host"`
	SignIn PortalSignIn `yaml:"sign_in"`
	// SignOut is the application's own way out.
	SignOut string `yaml:"sign_out"`
	// Closed are paths that nobody reaches, with all below them.
	Closed []string `yaml:"closed"`
	// Lookups are paths, with all below them, to which forms are sent that only look
	// something up: nothing of it is recorded as a change.
	Lookups []string `yaml:"lookups"`
	// Cookies are those of the application's that its scripts need in the browser.
	Cookies []string `yaml:"cookies"`
	// Elsewhere are other hosts to which the application may redirect.
	Elsewhere []string `yaml:"elsewhere"`
	// Static are path prefixes without customers' data: pictures and fonts pass there.
	Static []string `yaml:"static"`
	// JSON, HTML and CSV say what is where: a path, a selector or a column is mapped
	// to "key", the customer's key, or to a category.
	JSON map[string]string `yaml:"json"`
	HTML map[string]string `yaml:"html"`
	CSV  map[string]string `yaml:"csv"`
	// Corroborate is which weak identifiers name a customer together, near one another
	// and without a strong one: surname+postcode, surname+address, name+date-of-birth.
	// All by default; [] for none.
	Corroborate []string `yaml:"corroborate"`
	// Uninspectable is refuse or allow.
	Uninspectable string `yaml:"uninspectable"`
	// ExportAbove is how many people a page may hold before it is an export.
	ExportAbove int `yaml:"export_above"`
	// Customers is an export of the customers, for a system without a database.
	Customers PortalCustomers `yaml:"customers"`
	// Contact is whom the gate's pages name for asking for more.
	Contact string `yaml:"contact"`
	// Check is how the application is tested against the portal standard.
	Check PortalCheck `yaml:"check"`
}

// PortalCheck says how a running gate tests the application at origin against
// docs/portal-standard.md.
type PortalCheck struct {
	// Every is how often; never if zero.
	Every Duration `yaml:"every"`
	// TestAccountCredential holds user:password of an account that belongs to nobody: a
	// file of mode 0600, or env:NAME. Empty: the application is tested as a stranger.
	TestAccountCredential string `yaml:"test_account_credential"`
	// ChangePasswordPath is where that account changes its password.
	ChangePasswordPath string `yaml:"change_password_path"`
	// Consent allows wrong passwords at, and changed passwords of, that account.
	Consent bool `yaml:"consent"`
}

// Account reads the test account; empty when there is none. dir is the working
// directory.
func (c *PortalCheck) Account(dir string) (user, password string, err error) {
	if c.TestAccountCredential == "" {
		return "", "", nil
	}
	text, err := secretAt(dir, c.TestAccountCredential)
	if err != nil {
		return "", "", err
	}
	user, password, ok := strings.Cut(text, ":")
	if !ok || user == "" || password == "" {
		return "", "", custody.E(custody.CodeInvalid, "the test account's credential "+c.TestAccountCredential+" is not user:password", "write the name, a colon and the password on one line")
	}
	return user, password, nil
}

func (c *PortalCheck) check(say func(string, ...string)) {
	if c.Every != 0 && (c.Every < Duration(time.Hour) || c.Every > Duration(90*24*time.Hour)) {
		say("it can be from 1h to 90d, or 0s for never", "check", "every")
	}
	if c.ChangePasswordPath != "" && !plainPath(c.ChangePasswordPath) {
		say("write a path, like /account", "check", "change_password_path")
	}
	if (c.Consent || c.ChangePasswordPath != "") && c.TestAccountCredential == "" {
		say("passwords are tried at a test account only: name its credential", "check", "test_account_credential")
	}
}

// PortalCustomers is a CSV export of the customers of a system without a database.
type PortalCustomers struct {
	File        string            `yaml:"file"`
	Key         string            `yaml:"key"` // the column of the customer's key
	Columns     map[string]string `yaml:"columns"`
	Identifiers []string          `yaml:"identifiers"`
}

// check holds the export to the form of a table's declaration.
func (c *PortalCustomers) check(k checker, at []string, database bool) {
	if c.File == "" {
		return
	}
	if database {
		k.at("the customers are in the database already", at...)
	}
	t := Table{Key: c.Key, Columns: c.Columns, Identifiers: c.Identifiers}
	t.check(k, at)
}

// PortalSignIn is how the gate signs in at the application.
type PortalSignIn struct {
	// Method is none, form, basic, bearer, header, certificate or identity.
	Method        string `yaml:"method"`
	Path          string `yaml:"path"` // of the sign-in page
	UserField     string `yaml:"user_field"`
	PasswordField string `yaml:"password_field"`
	SuccessCookie string `yaml:"success_cookie"`
	// Header carries the credential or the signed identity.
	Header   string `yaml:"header"`
	Audience string `yaml:"audience"` // of a signed identity; the origin if empty
	// Credential is a file of mode 0600, or env:NAME.
	Credential string `yaml:"credential"`
	// Accounts is shared (who has no account of their own uses the shared one) or personal.
	Accounts string `yaml:"accounts"`
	// Change is the application's form for a new password, for custody portal rotate.
	Change PortalChange `yaml:"change"`
}

// PortalChange is the application's form for a new password.
type PortalChange struct {
	Path         string `yaml:"path"`
	CurrentField string `yaml:"current_field"`
	NewField     string `yaml:"new_field"`
	AgainField   string `yaml:"again_field"`
}

// The words of a portal's configuration.
const (
	On     = "on"
	Off    = "off"
	Refuse = "refuse"
	Allow  = "allow"
	// HostOrigin and HostPublic are what the application is addressed by.
	HostOrigin = "origin"
	HostPublic = "public"
	// SharedAccounts and PersonalAccounts are whose accounts the gate signs in with.
	SharedAccounts   = "shared"
	PersonalAccounts = "personal"
)

// The ways to sign in at an application.
const (
	MethodNone        = "none"
	MethodForm        = "form"
	MethodBasic       = "basic"
	MethodBearer      = "bearer"
	MethodHeader      = "header"
	MethodCertificate = "certificate"
	MethodIdentity    = "identity"
)

var signInMethods = []string{MethodNone, MethodForm, MethodBasic, MethodBearer, MethodHeader, MethodCertificate, MethodIdentity}

// corroborations are those of package subjects.
var corroborations = []string{"surname+postcode", "surname+address", "name+date-of-birth"}

// DefaultPortalCredential is where the credential for an application is kept when
// custody.yaml does not say.
func DefaultPortalCredential(system string) string { return "keys/" + system + ".portal" }

// PersonalPortalCredential is where the credential of one person for an application is
// kept.
func PersonalPortalCredential(system, login string) string {
	return DefaultPortalCredential(system) + ".d/" + url.PathEscape(strings.ToLower(login))
}

func (p *Portal) read(d *decoder, n *yaml.Node) {
	*p = Portal{TLS: On, Host: HostOrigin, Uninspectable: Refuse, ExportAbove: 50,
		Corroborate: slices.Clone(corroborations),
		SignIn:      PortalSignIn{Method: MethodNone, Accounts: SharedAccounts, UserField: "username", PasswordField: "password"},
		Static:      []string{"/static/", "/assets/", "/favicon.ico"}}
	type plain Portal
	d.structure(n, valueOf((*plain)(p)))
}

// NeedsCredential says whether the way to sign in reads one.
func (s *PortalSignIn) NeedsCredential() bool {
	return slices.Contains([]string{MethodForm, MethodBasic, MethodBearer, MethodHeader}, s.Method)
}

func (p *Portal) check(k checker, at []string, system string) {
	say := func(message string, keys ...string) { k.at(message, append(slices.Clone(at), keys...)...) }
	if p.SignIn.Credential == "" {
		p.SignIn.Credential = DefaultPortalCredential(system)
	}
	if _, _, err := net.SplitHostPort(p.Listen); err != nil {
		say("write host:port, like 127.0.0.1:6443 or 0.0.0.0:6443", "listen")
	}
	for _, w := range []struct {
		key, value string
		words      []string
	}{{"tls", p.TLS, []string{On, Off}}, {"host", p.Host, []string{HostOrigin, HostPublic}}, {"uninspectable", p.Uninspectable, []string{Refuse, Allow}}} {
		if !slices.Contains(w.words, w.value) {
			say(unknown("word", w.value, w.words), w.key)
		}
	}
	for _, c := range p.Corroborate {
		if !slices.Contains(corroborations, c) {
			say(unknown("pair", c, corroborations), "corroborate")
		}
	}
	if p.TLS == Off && !loopback(p.Listen) {
		say("only a listener on the loopback can do without TLS: a proxy of this machine stands in front of it", "tls")
	}
	if u := baseURL(p.Public); u == nil || u.Scheme != "https" && !loopbackHost(u.Hostname()) {
		say("write https://host: passwords and passkeys need it", "public")
	}
	if baseURL(p.Origin) == nil {
		say("write http://host:port or https://host, without a path", "origin")
	}
	if (p.ClientCertificate == "") != (p.ClientKey == "") {
		say("client_certificate and client_key come together")
	}
	if p.ExportAbove < 1 || p.ExportAbove > 100_000 {
		say("it can be from 1 to 100000", "export_above")
	}
	p.checkPaths(say)
	p.Check.check(say)
	p.SignIn.check(func(message, key string) { say(message, "sign_in", key) }, p)
	p.checkPlaces(say)
}

func (p *Portal) checkPaths(say func(string, ...string)) {
	if p.SignOut != "" && !plainPath(p.SignOut) {
		say("write a path, like /logout", "sign_out")
	}
	for _, c := range p.Closed {
		if !plainPath(c) || c == "/" {
			say("write paths, like /account", "closed")
		}
	}
	for _, l := range p.Lookups {
		if !plainPath(l) || l == "/" {
			say("write paths, like /search", "lookups")
		}
	}
	for _, prefix := range p.Static {
		if !plainPath(strings.TrimSuffix(prefix, "/")) || prefix == "/" {
			say("write paths, like /static/: all that is below one may pass unseen", "static")
		}
	}
}

func plainPath(p string) bool {
	return strings.HasPrefix(p, "/") && path.Clean(p) == p && !strings.ContainsAny(p, "?#;%\\ ") && !strings.HasPrefix(p, "/.custody")
}

func (p *Portal) checkPlaces(say func(string, ...string)) {
	words := append([]string{"key"}, categoryWords()...)
	for _, m := range []struct {
		key   string
		rules map[string]string
	}{{"json", p.JSON}, {"html", p.HTML}, {"csv", p.CSV}} {
		for _, place := range sortedKeys(m.rules) {
			if word := m.rules[place]; !slices.Contains(words, word) || word == None {
				say(unknown("category", word, words), m.key, place)
			}
		}
	}
}

var fieldName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")

func (s *PortalSignIn) check(say func(message, key string), p *Portal) {
	if !slices.Contains(signInMethods, s.Method) {
		say(unknown("method", s.Method, signInMethods), "method")
	}
	if words := []string{SharedAccounts, PersonalAccounts}; !slices.Contains(words, s.Accounts) {
		say(unknown("word", s.Accounts, words), "accounts")
	}
	switch s.Method {
	case MethodForm:
		if at, _, _ := strings.Cut(s.Path, "?"); !plainPath(at) || strings.ContainsAny(s.Path, "# \\") {
			say("the path of the application's sign-in page is needed, like /login", "path")
		}
		if s.UserField == "" || s.PasswordField == "" {
			say("the names of the form's inputs are needed", "user_field")
		}
		if c := &s.Change; *c != (PortalChange{}) && (!plainPath(c.Path) || c.NewField == "") {
			say("the path of the form and its new_field are needed", "change")
		}
	case MethodHeader:
		if s.Header == "" {
			say("the name of the header is needed", "header")
		}
	case MethodCertificate:
		if p.ClientCertificate == "" || !strings.HasPrefix(p.Origin, "https:") {
			say("an https origin and portal.client_certificate are needed", "method")
		}
	}
	if s.Header != "" && !fieldName.MatchString(s.Header) {
		say("this is not the name of a header", "header")
	}
}

// baseURL reads an address that is scheme and host; nil if it is anything else.
func baseURL(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil
	}
	u.Path = ""
	u.Host = strings.ToLower(u.Host)
	return u
}

func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// PublicURL is how staff reach the portal. The configuration was parsed without an
// error.
func (p *Portal) PublicURL() *url.URL { return baseURL(p.Public) }

// OriginURL is where the application is.
func (p *Portal) OriginURL() *url.URL { return baseURL(p.Origin) }
