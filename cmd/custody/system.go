package main

import (
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"custody"
	"custody/config"
)

func (a *app) systemCommand() *cobra.Command {
	listing := &cobra.Command{
		Use: "list", Short: "List the systems that custody.yaml declares",
		Example: "  custody system list",
		Args:    takes(),
		RunE:    func(*cobra.Command, []string) error { return a.listSystems() },
	}
	return group("system", "Systems that hold customer records",
		"  custody system list\n  custody system add rota postgres://gate@db.internal/rota --subjects none", a.systemAdd(), listing)
}

func (a *app) systemAdd() *cobra.Command {
	var subjects, credential string
	cmd := &cobra.Command{
		Use: "add NAME URL", Short: "Declare a system by hand; custody discover proposes more",
		Long: `Declare a system in custody.yaml and keep its credential in keys/NAME.upstream, which
the gate alone reads. The password is taken from the URL, from PGPASSWORD, or asked
for. --subjects is the table of the customers and its key, or none when the system
holds no personal data; tables and columns are then written into custody.yaml.`,
		Example: `  custody system add rota postgres://gate@db.internal/rota --subjects none
  custody system add bodyshop postgres://gate@db.internal/bodyshop --subjects customers.id`,
		Args: takes("name", "url"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s := config.NewSystem()
			s.Subjects.None = subjects == config.None
			if i := strings.LastIndexByte(subjects, '.'); !s.Subjects.None && i > 0 {
				s.Subjects.Table, s.Subjects.Key = subjects[:i], subjects[i+1:]
			} else if !s.Subjects.None {
				return usage(cmd, "--subjects is TABLE.KEY or none")
			}
			return a.addSystem(args[0], args[1], credential, s)
		},
	}
	cmd.Flags().StringVar(&subjects, "subjects", "", "`TABLE.KEY` of the customers, or none")
	cmd.Flags().StringVar(&credential, "credential", "", "where user:password is: a `file` of mode 0600 or env:NAME, instead of keys/NAME.upstream")
	require(cmd, "subjects")
	return cmd
}

func (a *app) addSystem(name, url, credential string, s *config.System) error {
	c, err := config.Load(a.dir)
	if err != nil {
		return err
	}
	if c.Systems[name] != nil {
		return custody.E(custody.CodeConflict, "custody.yaml declares this system already", "change it there, or choose another name")
	}
	e, err := a.parseEntrance(url)
	if err != nil {
		return err
	}
	s.Database = e.declared
	s.Database.Credential = credential
	if err := a.writeSystem(name, s, nil, e); err != nil {
		return err
	}
	return a.done(map[string]string{"system": name}, "custody.yaml declares %s; give people grants on it, and start custody serve again.", name)
}

// entrance is a database as an administrator names it on the command line, parted
// into what may stand in custody.yaml and the credential.
type entrance struct {
	declared       config.Database
	user, password string
	connect        *pgx.ConnConfig
}

// parseEntrance reads a connection string. A password that it lacks comes from
// PGPASSWORD, the password file, or the terminal.
func (a *app) parseEntrance(url string) (*entrance, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil || !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, custody.E(custody.CodeInvalid, "this is not a connection string", "write postgres://USER@HOST:PORT/DATABASE")
	}
	if c.Database == "" {
		return nil, custody.E(custody.CodeInvalid, "the connection string names no database", "write postgres://USER@HOST:PORT/DATABASE")
	}
	if c.Password == "" {
		if c.Password, err = a.askPassword(c.User, c.Host); err != nil {
			return nil, err
		}
	}
	e := &entrance{user: c.User, password: c.Password, connect: c}
	e.declared, err = config.DatabaseOf(url)
	return e, err
}

// askPassword asks on the terminal, without showing what is typed. Without a
// terminal there is no password: some databases need none.
func (a *app) askPassword(user, host string) (string, error) {
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", nil
	}
	a.errw.Write([]byte("Password of " + printable(user) + " at " + printable(host) + ": "))
	b, err := term.ReadPassword(int(f.Fd()))
	a.errw.Write([]byte("\n"))
	return string(b), err
}

// writeSystem merges a system into custody.yaml and keeps its credential. The file
// is replaced only when the result is in order.
func (a *app) writeSystem(name string, s *config.System, why map[string]string, e *entrance) error {
	text, err := config.ReadFile(a.dir)
	if err != nil {
		return err
	}
	merged, _, err := config.Merge(text, name, s, why)
	if err != nil {
		return err
	}
	if e != nil && s.Database.Credential == "" {
		secret := []byte(e.user + ":" + e.password + "\n")
		if err := replaceFile(a.path(config.DefaultCredential(name)), secret, 0o600); err != nil {
			return asUnavailable(err)
		}
	}
	mode := os.FileMode(0o600)
	if info, err := os.Stat(a.path(config.FileName)); err == nil {
		mode = info.Mode().Perm()
	}
	return asUnavailable(replaceFile(a.path(config.FileName), merged, mode))
}

type systemRow struct {
	Name        string   `json:"name"`
	Database    string   `json:"database"`
	Subjects    string   `json:"subjects"`
	Tables      int      `json:"tables"`
	Columns     int      `json:"columns"`
	Categories  []string `json:"categories"`
	Identifiers []string `json:"identifiers,omitempty"`
	set         custody.CategorySet
}

func (a *app) listSystems() error {
	c, err := config.Load(a.dir)
	if err != nil {
		return err
	}
	var rows []systemRow
	for _, declared := range c.Declare() {
		rows = append(rows, makeSystemRow(c.Systems[declared.Name], declared))
	}
	return list(a, rows, "custody.yaml declares no systems: custody discover --write postgres://… proposes one.",
		column[systemRow]{"NAME", func(s systemRow) string { return s.Name }, false},
		column[systemRow]{"DATABASE", func(s systemRow) string { return s.Database }, true},
		column[systemRow]{"CUSTOMERS", func(s systemRow) string { return s.Subjects }, true},
		column[systemRow]{"TABLES", func(s systemRow) string { return number(uint32(s.Tables)) }, false},
		column[systemRow]{"HOLDS", func(s systemRow) string { return strings.Join(s.Categories, ", ") }, true})
}

func makeSystemRow(s *config.System, declared *custody.System) systemRow {
	row := systemRow{Name: declared.Name, Database: s.Database.URL, Subjects: config.None, Tables: len(declared.Tables)}
	if !s.Subjects.None {
		row.Subjects = s.Subjects.Table + "." + s.Subjects.Key
	}
	for _, t := range declared.Tables {
		row.Columns += len(t.Columns)
		for _, c := range t.Columns {
			row.set |= custody.Categories(c)
		}
		for _, column := range t.Identifiers {
			row.Identifiers = append(row.Identifiers, t.FullName()+"."+column)
		}
	}
	row.Categories = row.set.Strings()
	return row
}
