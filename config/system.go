package config

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"custody"
)

// System is one entry of systems: something that holds customer records.
type System struct {
	// Database is the entrance that speaks PostgreSQL. A system that has a portal may
	// be without.
	Database Database `yaml:"database"`
	// Portal is the entrance of people with a browser; nil if there is none.
	Portal *Portal `yaml:"portal"`
	// Subjects says where the customers themselves are; "none" declares that the
	// system holds no personal data.
	Subjects Subjects          `yaml:"subjects"`
	Tables   map[string]*Table `yaml:"tables"`
	// SafeFunctions are user-defined functions of the database that read no
	// personal data; an administrator vouches for them. Others are refused.
	SafeFunctions []string `yaml:"safe_functions"`
	// ClearPassword lists logins whose programs are too old for SCRAM: their
	// token is asked for in clear, inside TLS only.
	ClearPassword []string `yaml:"clear_password"`
	// SchemaRefresh is how often changes of the schema are looked for.
	SchemaRefresh Duration `yaml:"schema_refresh"`
	// SubjectRefresh is how often new customers and identifiers are read.
	SubjectRefresh Duration `yaml:"subject_refresh"`
	// RequireReason makes every new grant on this system require a stated reason.
	RequireReason bool `yaml:"require_reason"`
	// Explanations are reasons that are found in the data.
	Explanations []Explanation `yaml:"explanations"`
	// BreakGlass is emergency access.
	BreakGlass BreakGlass `yaml:"break_glass"`

	line int
}

// Database is the entrance of a system that speaks PostgreSQL.
type Database struct {
	// URL is postgres://host:port/database. It holds no user and no password.
	URL string `yaml:"url"`
	// Credential is where "user:password" is found: a file of mode 0600, or
	// "env:NAME".
	Credential string `yaml:"credential"`
	// SSLMode is as in libpq. Empty: verify-full when RootCertificate is given,
	// require for another host, prefer on this one.
	SSLMode           string `yaml:"sslmode"`
	RootCertificate   string `yaml:"root_certificate"`
	ClientCertificate string `yaml:"client_certificate"`
	ClientKey         string `yaml:"client_key"`
	// AllowSuperuser lets the gate guard with a superuser's credential, which it
	// otherwise refuses: what it refuses is then refused by it alone.
	AllowSuperuser bool `yaml:"allow_superuser"`
}

// Subjects is the table with one row for each customer, and its key.
type Subjects struct {
	None  bool // written as the single word none
	Table string
	Key   string
}

// None is the category of a column, and the whole declaration of a table, that
// somebody has looked at and that holds no personal data.
const None = "none"

// Table declares which columns hold what. It is written as the single word none
// when the table holds no personal data.
type Table struct {
	None bool
	// Key is the column that holds the customer's key.
	Key     string            `yaml:"key"`
	Columns map[string]string `yaml:"columns"` // column: category, or none
	// Identifiers are the columns that name a customer by themselves.
	Identifiers []string `yaml:"identifiers"`

	line int
}

func (s *System) read(p *decoder, n *yaml.Node) {
	*s = *NewSystem()
	s.line = n.Line
	type plain System
	p.structure(n, valueOf((*plain)(s)))
}

// NewSystem gives a system with the defaults and nothing declared.
func NewSystem() *System {
	return &System{
		Tables:         map[string]*Table{},
		SchemaRefresh:  defaultSchemaRefresh,
		SubjectRefresh: defaultSubjectRefresh,
		BreakGlass:     BreakGlass{Subjects: 20, For: Duration(time.Hour)},
	}
}

func (s *Subjects) read(p *decoder, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		if s.None = n.Value == None; !s.None {
			p.fail(n, "subjects is {table: …, key: …}, or none when the system holds no personal data")
		}
		return
	}
	var in struct {
		Table string `yaml:"table"`
		Key   string `yaml:"key"`
	}
	p.structure(n, valueOf(&in))
	s.Table, s.Key = in.Table, in.Key
}

func (t *Table) read(p *decoder, n *yaml.Node) {
	t.line = n.Line
	if n.Kind == yaml.ScalarNode {
		if t.None = n.Value == None; !t.None {
			p.fail(n, "a table is {key: …, columns: …}, or none when it holds no personal data")
		}
		return
	}
	type plain Table
	p.structure(n, valueOf((*plain)(t)))
}

var systemName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// ValidSystemName says whether a system may be called so.
func ValidSystemName(name string) bool { return systemName.MatchString(name) }

// Declared gives the system in the words of package custody, without its number.
// The configuration must have been parsed without an error.
func (s *System) Declared(name string) *custody.System {
	sys := &custody.System{Name: name, SafeFunctions: s.SafeFunctions}
	for _, full := range sortedKeys(s.Tables) {
		if t := s.Tables[full]; !t.None {
			sys.Tables = append(sys.Tables, s.table(full, t))
		}
	}
	for i := range s.Explanations {
		if t, err := s.Explanations[i].template(); err == nil {
			sys.Explanations = append(sys.Explanations, t)
		}
	}
	return sys
}

func (s *System) table(full string, t *Table) custody.Table {
	schema, name := splitTable(full)
	out := custody.Table{
		Schema: schema, Name: name, Key: t.Key,
		Subject:     FullTable(full) == FullTable(s.Subjects.Table),
		Columns:     map[string]custody.Category{},
		Identifiers: t.Identifiers,
	}
	for column, word := range t.Columns {
		if c, ok := custody.ParseCategory(word); ok {
			out.Columns[column] = c
		}
	}
	return out
}

// splitTable parts schema and table at the first dot; the schema is public when
// it is not said.
func splitTable(full string) (schema, name string) {
	schema, name, ok := strings.Cut(full, ".")
	if !ok {
		return "public", full
	}
	return schema, name
}

// FullTable is a table's name with its schema.
func FullTable(name string) string {
	schema, table := splitTable(name)
	return schema + "." + table
}

// Declare gives all systems in the order of their names, without numbers.
func (c *Config) Declare() []*custody.System {
	list := make([]*custody.System, 0, len(c.Systems))
	for _, name := range sortedKeys(c.Systems) {
		list = append(list, c.Systems[name].Declared(name))
	}
	return list
}

// ClearPassword says whether a login's token is asked for in clear, inside TLS.
func (c *Config) ClearPassword(login string) bool {
	for _, s := range c.Systems {
		if slices.Contains(s.ClearPassword, login) {
			return true
		}
	}
	return false
}

// Table finds a declared table, whether or not its schema is written; nil if there
// is none.
func (s *System) Table(full string) *Table {
	for name, t := range s.Tables {
		if FullTable(name) == FullTable(full) {
			return t
		}
	}
	return nil
}
