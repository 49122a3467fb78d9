package config

import (
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Notices says who hears of what happens.
type Notices struct {
	// Link is where the console is, for the links in notices.
	Link string `yaml:"link"`
	// To are the deployment's own recipients: they hear of all that is for nobody else,
	// and of what is for an organisation that names none.
	To []string `yaml:"to"`
	// Organisations name the recipients of each organisation.
	Organisations map[string][]string `yaml:"organisations"`
	// GiveUpAfter is how long a notice is tried.
	GiveUpAfter Duration                 `yaml:"give_up_after"`
	Mail        NoticeMail               `yaml:"mail"`
	Webhooks    map[string]*NoticeHook   `yaml:"webhooks"`
	Syslog      map[string]*NoticeSyslog `yaml:"syslog"`
	Files       map[string]*NoticeFile   `yaml:"files"`
}

// NoticeFilter chooses notices for a channel.
type NoticeFilter struct {
	// Kinds are those that it takes, person.* for all of an area; empty: all.
	Kinds []string `yaml:"kinds"`
	// Least is the least severity: info, low, medium, high or critical.
	Least string `yaml:"least"`
	// CustomerKeys writes the keys of the customers whom a notice is about. Without it
	// a link stands in their place.
	CustomerKeys bool `yaml:"customer_keys"`
}

// NoticeMail is a mail server. No server: no mail.
type NoticeMail struct {
	Server string `yaml:"server"` // host:port
	// TLS is starttls, on (from the first byte), or off for a server on the loopback.
	TLS             string       `yaml:"tls"`
	RootCertificate string       `yaml:"root_certificate"`
	Credential      string       `yaml:"credential"` // user:password; empty: none is shown
	From            string       `yaml:"from"`
	Takes           NoticeFilter `yaml:"takes"`
}

// NoticeHook is a web address to which notices are posted, signed.
type NoticeHook struct {
	URL             string `yaml:"url"`
	RootCertificate string `yaml:"root_certificate"`
	// Credential holds the key of the signatures: whsec_ and base64.
	Credential string       `yaml:"credential"`
	Takes      NoticeFilter `yaml:"takes"`
}

// NoticeSyslog is a collector that speaks RFC 5424.
type NoticeSyslog struct {
	Address         string       `yaml:"address"`   // host:port
	Transport       string       `yaml:"transport"` // udp, tcp or tls
	RootCertificate string       `yaml:"root_certificate"`
	Format          string       `yaml:"format"` // text or ocsf
	Takes           NoticeFilter `yaml:"takes"`
}

// NoticeFile is a file to which notices are appended, one OCSF event a line.
type NoticeFile struct {
	Path  string       `yaml:"path"`
	Takes NoticeFilter `yaml:"takes"`
}

// Admin is the entrance for those who watch the gate: metrics and health.
type Admin struct {
	// Listen is host:port on a network that only they reach; empty: there is none.
	Listen string `yaml:"listen"`
}

func defaultNotices() Notices {
	return Notices{To: []string{}, Organisations: map[string][]string{}, GiveUpAfter: Duration(72 * time.Hour),
		Mail:     NoticeMail{TLS: "starttls", Takes: NoticeFilter{Kinds: []string{}, Least: "info"}},
		Webhooks: map[string]*NoticeHook{}, Syslog: map[string]*NoticeSyslog{}, Files: map[string]*NoticeFile{}}
}

var severities = []string{"info", "low", "medium", "high", "critical"}

// checkAddress holds a listener to host:port, and to TLS off the loopback.
func checkAddress(at func(string, ...string), listen, tls string, key ...string) {
	host, port, err := net.SplitHostPort(listen)
	if _, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || strings.ContainsAny(host, " /") {
		at("write host:port, like 127.0.0.1:6490 or 0.0.0.0:6490", key...)
		return
	}
	if tls == Off && !loopback(listen) {
		at("only a listener on the loopback can do without TLS", key...)
	}
}

func (n *Notices) check(k checker) {
	at := func(message string, keys ...string) { k.at(message, append([]string{"notices"}, keys...)...) }
	if u, err := url.Parse(n.Link); n.Link != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		at("write where the console is: https://custody.northfield.example", "link")
	}
	if n.GiveUpAfter < Duration(time.Minute) || n.GiveUpAfter > Duration(30*24*time.Hour) {
		at("it can be from 1m to 30d", "give_up_after")
	}
	checkMails(at, n.To, "to")
	for _, name := range sortedKeys(n.Organisations) {
		checkMails(at, n.Organisations[name], "organisations", name)
	}
	n.Mail.check(at)
	for _, name := range sortedKeys(n.Webhooks) {
		h, where := n.Webhooks[name], []string{"webhooks", name}
		u, err := url.Parse(h.URL)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopbackHost(u.Hostname())) {
			at("write the receiver's address, https://…; http only for this machine", append(where, "url")...)
		}
		if h.Credential == "" {
			h.Credential = "keys/" + name + ".webhook"
		}
		h.Takes.check(at, name, where...)
	}
	for _, name := range sortedKeys(n.Syslog) {
		n.Syslog[name].check(at, name)
	}
	for _, name := range sortedKeys(n.Files) {
		f, where := n.Files[name], []string{"files", name}
		if f.Path == "" || path.Clean(f.Path) == "." {
			at("say which file", append(where, "path")...)
		}
		f.Takes.check(at, name, where...)
	}
}

func checkMails(at func(string, ...string), list []string, key ...string) {
	for _, a := range list {
		local, domain, ok := strings.Cut(a, "@")
		if !ok || local == "" || !strings.Contains(domain, ".") || strings.ContainsAny(a, " <>,;\r\n\"") {
			at("write mail addresses, like data-protection@northfield.example", key...)
		}
	}
}

func (m *NoticeMail) check(at func(string, ...string)) {
	if !slices.Contains([]string{"starttls", On, Off}, m.TLS) {
		at(unknown("word", m.TLS, []string{"starttls", On, Off}), "mail", "tls")
	}
	if m.Server != "" {
		checkAddress(at, m.Server, m.TLS, "mail", "server")
		if m.From == "" {
			at("say from whom the mails are", "mail", "from")
		}
		checkMails(at, []string{m.From}, "mail", "from")
	}
	m.Takes.check(at, "mail", "mail")
}

func (s *NoticeSyslog) check(at func(string, ...string), name string) {
	where := []string{"syslog", name}
	if s.Transport == "" {
		s.Transport = "tls"
	}
	if s.Format == "" {
		s.Format = "ocsf"
	}
	if !slices.Contains([]string{"udp", "tcp", "tls"}, s.Transport) {
		at(unknown("transport", s.Transport, []string{"udp", "tcp", "tls"}), append(where, "transport")...)
	}
	if !slices.Contains([]string{"text", "ocsf"}, s.Format) {
		at(unknown("format", s.Format, []string{"text", "ocsf"}), append(where, "format")...)
	}
	checkAddress(at, s.Address, On, append(where, "address")...)
	s.Takes.check(at, name, where...)
}

func (f *NoticeFilter) check(at func(string, ...string), name string, where ...string) {
	if !providerName.MatchString(name) {
		at("a name is lower-case letters, digits, - and _, and begins with a letter", where...)
	}
	if f.Least == "" {
		f.Least = "info"
	}
	if !slices.Contains(severities, f.Least) {
		at(unknown("severity", f.Least, severities), append(slices.Clone(where), "takes", "least")...)
	}
	for _, kind := range f.Kinds {
		if strings.TrimSuffix(kind, "*") == "" && kind != "*" || strings.ContainsAny(kind, " /") {
			at("write kinds of notices, like person.left or access.*", append(slices.Clone(where), "takes", "kinds")...)
		}
	}
}

func (a *Admin) check(k checker) {
	if a.Listen != "" {
		checkAddress(func(m string, p ...string) { k.at(m, p...) }, a.Listen, On, "admin", "listen")
	}
}
