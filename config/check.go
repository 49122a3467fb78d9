package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must be known on machines without a zone database

	"gopkg.in/yaml.v3"

	"custody"
)

// checker notes mistakes at the lines where their keys are.
type checker struct {
	p    *decoder
	root *yaml.Node
}

// at notes a mistake about the key at a path; what is not in the file is told at
// the nearest key above it.
func (k checker) at(message string, path ...string) {
	n := k.root
	if n == nil {
		n = &yaml.Node{Line: 1}
	}
	for _, name := range path {
		next := child(n, name)
		if next == nil {
			break
		}
		n = next
	}
	k.p.fail(n, strings.Join(path, ".")+": "+message)
}

// child finds the value of a key in a mapping; nil if it is not there.
func child(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// check looks for what does not fit together.
func (c *Config) check(p *decoder, root *yaml.Node) {
	k := checker{p, root}
	c.checkListen(k)
	c.checkLimits(k)
	c.SignIn.check(k)
	c.Console.check(k)
	c.People.check(k)
	c.Scim.check(k)
	c.Notices.check(k)
	c.Ledger.Send.check(k, &c.Notices)
	c.Admin.check(k)
	c.Complaints.check(k)
	c.Detection.check(k)
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil || c.TimeZone == "" || c.TimeZone == "Local" {
		k.at("not a time zone: write one like Europe/London or UTC", "time_zone")
	}
	c.zone = zone
	if !originForm.MatchString(c.Ledger.Origin) {
		k.at("letters, digits, dots, dashes and slashes only, at most 100", "ledger", "origin")
	}
	for _, name := range sortedKeys(c.Systems) {
		if !systemName.MatchString(name) {
			k.at("a system's name is lower-case letters, digits, - and _, and begins with a letter", "systems", name)
		}
		if name == ConsoleSystem {
			k.at("this is the name of custody's own console: choose another", "systems", name)
		}
		if c.Systems[name].Database.Credential == "" {
			c.Systems[name].Database.Credential = DefaultCredential(name)
		}
		c.Systems[name].check(k, name)
	}
}

// originForm keeps out spaces and plus signs, which the format of checkpoints uses.
var originForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./_-]{0,99}$`)

func (c *Config) checkListen(k checker) {
	host, port, err := net.SplitHostPort(c.Listen)
	if _, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || strings.ContainsAny(host, " /") {
		k.at("write host:port, like 127.0.0.1:6432 or 0.0.0.0:6432", "listen")
	}
	for _, f := range [][2]string{{"certificate", c.TLS.Certificate}, {"key", c.TLS.Key}, {"client_authority", c.TLS.ClientAuthority}} {
		if f[1] == "" {
			k.at("a path is needed; leave the key out for the default", "tls", f[0])
		}
	}
	if len(c.TLS.Names) == 0 {
		k.at("at least one host name is needed", "tls", "names")
	}
}

func (c *Config) checkLimits(k checker) {
	ranges := []struct {
		value, least, most int64
		text               string
		path               []string
	}{
		{int64(c.Limits.Connections), 1, 100_000, "from 1 to 100000", []string{"limits", "connections"}},
		{int64(c.Limits.MessageSize), 64 << 10, 1 << 30, "from 64KiB to 1GiB", []string{"limits", "message_size"}},
		{int64(c.Limits.SignIn), int64(time.Second), int64(5 * time.Minute), "from 1s to 5m", []string{"limits", "sign_in"}},
		{int64(c.Revocation.Poll), int64(10 * time.Millisecond), int64(500 * time.Millisecond), "from 10ms to 500ms", []string{"revocation", "poll"}},
		{int64(c.Ledger.SegmentSize), 1 << 20, 4 << 30, "from 1MiB to 4GiB", []string{"ledger", "segment_size"}},
		{int64(c.Ledger.CheckpointEvery), int64(time.Second), int64(24 * time.Hour), "from 1s to 1d", []string{"ledger", "checkpoint_every"}},
		{int64(c.Doctor.Every), int64(time.Minute), int64(30 * 24 * time.Hour), "from 1m to 30d", []string{"doctor", "every"}},
	}
	for _, r := range ranges {
		if r.value < r.least || r.value > r.most {
			k.at("it can be "+r.text, r.path...)
		}
	}
}

func (s *System) check(k checker, name string) {
	path := []string{"systems", name}
	if s.Portal != nil {
		s.Portal.check(k, append(path, "portal"), name)
		s.Portal.Customers.check(k, append(slices.Clone(path), "portal", "customers"), s.HasDatabase())
	}
	if s.HasDatabase() || s.Portal == nil {
		s.Database.check(k, append(path, "database"))
	}
	for _, r := range []struct {
		key   string
		value Duration
	}{{"schema_refresh", s.SchemaRefresh}, {"subject_refresh", s.SubjectRefresh}} {
		if r.value < Duration(time.Second) || r.value > Duration(24*time.Hour) {
			k.at("it can be from 1s to 1d", "systems", name, r.key)
		}
	}
	s.checkExplanations(k, slices.Clone(path))
	s.BreakGlass.check(k, append(slices.Clone(path), "break_glass"))
	if s.Subjects.None {
		if len(s.Tables) > 0 {
			k.at("subjects: none and tables contradict each other", append(path, "tables")...)
		}
		return
	}
	if !s.HasDatabase() && s.Portal != nil {
		if len(s.Tables) > 0 {
			k.at("tables are of a database, which is not declared", append(path, "tables")...)
		}
		return
	}
	if s.Subjects.Table == "" || s.Subjects.Key == "" {
		k.at("say where the customers are: {table: customers, key: id}; or none when the system holds no personal data", append(path, "subjects")...)
		return
	}
	s.checkTables(k, append(path, "tables"))
}

func (s *System) checkTables(k checker, path []string) {
	seen := map[string]bool{}
	for _, name := range sortedKeys(s.Tables) {
		full := FullTable(name)
		at := append(slices.Clone(path), name)
		if strings.Count(full, ".") != 1 || strings.HasPrefix(full, ".") || strings.HasSuffix(full, ".") {
			k.at("write schema.table", at...)
		}
		if seen[full] {
			k.at("this table is declared twice", at...)
		}
		seen[full] = true
		t := s.Tables[name]
		if full == FullTable(s.Subjects.Table) {
			s.checkSubjectTable(k, t, at)
		}
		t.check(k, at)
	}
	if !seen[FullTable(s.Subjects.Table)] {
		s.Tables[FullTable(s.Subjects.Table)] = &Table{Key: s.Subjects.Key, Columns: map[string]string{}}
	}
}

// checkSubjectTable: the table of the customers has their key as its own.
func (s *System) checkSubjectTable(k checker, t *Table, path []string) {
	switch {
	case t.None:
		k.at("the table of the subjects cannot be none", path...)
	case t.Key == "":
		t.Key = s.Subjects.Key
	case t.Key != s.Subjects.Key:
		k.at("key differs from subjects.key, which is of the same table", path...)
	}
}

func (t *Table) check(k checker, path []string) {
	if t.None {
		return
	}
	if t.Key == "" {
		k.at("key is missing: the column that holds the customer's key", path...)
	}
	for _, column := range sortedKeys(t.Columns) {
		word := t.Columns[column]
		if _, ok := custody.ParseCategory(word); !ok && word != None {
			at := append(slices.Clone(path), "columns", column)
			k.at(unknown("category", word, categoryWords()), at...)
		}
	}
	for _, column := range t.Identifiers {
		if word, ok := t.Columns[column]; !ok || word == None {
			k.at(strconv.Quote(clip(column))+" is not among the columns with a category", append(slices.Clone(path), "identifiers")...)
		}
	}
}

func categoryWords() []string {
	words := []string{None}
	for _, c := range custody.AllCategories() {
		words = append(words, c.String())
	}
	return words
}

var sslModes = []string{"disable", "prefer", "require", "verify-ca", "verify-full"}

func (d *Database) check(k checker, path []string) {
	u, err := url.Parse(d.URL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || strings.Trim(u.Path, "/") == "" {
		k.at("write postgres://host:port/database", append(path, "url")...)
		return
	}
	if u.User != nil || u.Query().Has("password") || u.Query().Has("user") {
		k.at("user and password do not belong in this file: put user:password in a file of mode 0600 and name it as credential", append(path, "url")...)
	}
	if d.SSLMode != "" && !slices.Contains(sslModes, d.SSLMode) {
		k.at(unknown("sslmode", d.SSLMode, sslModes), append(path, "sslmode")...)
	}
	if (d.ClientCertificate == "") != (d.ClientKey == "") {
		k.at("client_certificate and client_key come together", path...)
	}
}
