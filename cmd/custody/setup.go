package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"custody"
	"custody/config"
	"custody/doctor"
)

func (a *app) setupCommand() *cobra.Command {
	return group("setup", "Prepare a database for the gate",
		"  custody setup postgres bodyshop --admin postgres://postgres@db.internal/bodyshop", a.setupPostgres())
}

// setup is one run of custody setup postgres.
type setup struct {
	*app
	request  doctor.RoleRequest
	admin    string
	yes      bool
	sql      bool
	public   bool
	rotate   bool
	name     string
	system   *config.System
	declared *custody.System
}

func (a *app) setupPostgres() *cobra.Command {
	s := &setup{app: a}
	cmd := &cobra.Command{
		Use: "postgres SYSTEM", Short: "Make the gate's role: a login that can do only what people need",
		Long: `Make a role for the gate in a system's database: no superuser, no member of anything,
owner of nothing, no CREATE, a limit of connections, and the rights to read and write
the tables that people work with. Its password is generated and kept in the system's
credential file (mode 0600), which the gate alone reads.

Without --yes nothing is changed: the SQL is shown. A second run finds nothing to do.
What everybody (PUBLIC) may do, the gate's role may do too; the SQL that takes it away
touches others and is applied with --public only.

--admin is the connection string of a superuser, or of the tables' owner if that may
make roles. It is never stored. Its password is taken from it, from PGPASSWORD, or
asked for. --sql prints a script for somebody else to run, and keeps the password
that belongs to it in the credential file.`,
		Example: `  custody setup postgres bodyshop --admin postgres://postgres@db.internal/bodyshop
  custody setup postgres bodyshop --admin postgres://postgres@db.internal/bodyshop --yes --public
  custody setup postgres bodyshop --admin postgres://postgres@db.internal/bodyshop --sql`,
		Args: takes("system"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if s.yes && s.sql {
				return usage(cmd, "--yes applies the SQL and --sql prints it for somebody else: give one of them")
			}
			return s.run(cmd.Context(), args[0])
		},
	}
	cmd.Flags().StringVar(&s.admin, "admin", "", "connection `string` of an administrator; it is not stored")
	cmd.Flags().StringVar(&s.request.Name, "role", doctor.DefaultRole, "`name` of the gate's role")
	cmd.Flags().IntVar(&s.request.Connections, "connections", 0, "`number` of connections at the same time (default four fifths of max_connections)")
	cmd.Flags().StringSliceVar(&s.request.Schemas, "schema", nil, "only these `schemas` (default all that hold tables)")
	cmd.Flags().BoolVar(&s.request.ReadOnly, "read-only", false, "people only read: no INSERT, UPDATE, DELETE")
	cmd.Flags().BoolVar(&s.request.ReadRules, "read-hba", false, "let the role read the rules of pg_hba.conf, for custody doctor while the gate runs")
	cmd.Flags().BoolVar(&s.request.Adopt, "adopt", false, "change a role of this name that was not made here")
	cmd.Flags().BoolVar(&s.rotate, "new-password", false, "give the role a new password")
	cmd.Flags().BoolVar(&s.yes, "yes", false, "apply what is shown")
	cmd.Flags().BoolVar(&s.public, "public", false, "with --yes: apply what concerns everybody, too")
	cmd.Flags().BoolVar(&s.sql, "sql", false, "print the SQL only")
	require(cmd, "admin")
	return cmd
}

func (s *setup) run(ctx context.Context, name string) error {
	c, err := config.Load(s.dir)
	if err != nil {
		return err
	}
	if s.name = name; c.Systems[name] == nil {
		return custody.E(custody.CodeNotFound, fmt.Sprintf("custody.yaml declares no system %q", name), "custody discover --write postgres://… declares it")
	}
	s.system, s.declared = c.Systems[name], c.Systems[name].Declared(name)
	if v := s.system.Database.Variable(); v != "" {
		return custody.E(custody.CodeInvalid, "custody.yaml takes the credential of "+name+" from the environment ("+v+"), where it cannot be kept",
			"name a file as database.credential, or leave the key out")
	}
	conn, err := s.administrator(ctx, s.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	fresh, err := s.password(ctx)
	if err != nil {
		return err
	}
	plan, err := doctor.PlanRole(ctx, conn, s.declared, s.request)
	if err != nil {
		return err
	}
	if !s.yes {
		return s.propose(plan, fresh)
	}
	if err := plan.Apply(ctx, conn, s.public); err != nil {
		return err
	}
	if fresh {
		if err := s.keep(); err != nil {
			return err
		}
	}
	return s.confirm(ctx, conn, plan)
}

// administrator connects as an administrator says.
func (a *app) administrator(ctx context.Context, url string) (*pgx.Conn, error) {
	e, err := a.parseEntrance(url)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, e.connect)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the database cannot be reached as its administrator",
			Hint: "check host, port, user and password; does psql with the same connection string work?", Err: err}
	}
	return conn, nil
}

// password decides whether the role gets a new password: when the credential is not
// one of this role that opens the database, or when somebody asks for it.
func (s *setup) password(ctx context.Context) (fresh bool, err error) {
	if !s.rotate {
		if upstream, err := s.upstream(&s.system.Database); err == nil && upstream.User == s.request.Name {
			conn, err := pgx.ConnectConfig(ctx, upstream)
			if err == nil {
				return false, conn.Close(ctx)
			}
			if !errors.As(err, new(*pgconn.PgError)) {
				return false, &custody.Error{Code: custody.CodeUnavailable, Message: "the database cannot be reached by database.url of custody.yaml",
					Hint: "is it the database that --admin names?", Err: err}
			}
		}
	}
	s.request.Password = rand.Text()
	return true, nil
}

// keep writes the credential where the gate reads it.
func (s *setup) keep() error {
	path := s.system.Database.Credential
	secret := s.request.Name + ":" + s.request.Password + "\n"
	return asUnavailable(replaceFile(s.path(path), []byte(secret), 0o600))
}

// statementRow is one step of the plan.
type statementRow struct {
	System  string `json:"system"`
	Kind    string `json:"kind"` // statement, shared, advice
	SQL     string `json:"sql"`
	Why     string `json:"why,omitempty"`
	Applied bool   `json:"applied"`
}

// rows lists the plan; applied says that it was done.
func (s *setup) rows(plan *doctor.Plan, applied bool) []statementRow {
	var rows []statementRow
	for i := range plan.Statements {
		rows = append(rows, statementRow{s.name, "statement", plan.Statements[i].Shown(), plan.Statements[i].Why, applied})
	}
	for i := range plan.Shared {
		rows = append(rows, statementRow{s.name, "shared", plan.Shared[i].Shown(), plan.Shared[i].Why, applied && s.public})
	}
	for _, text := range plan.Advice {
		rows = append(rows, statementRow{System: s.name, Kind: "advice", SQL: text})
	}
	return rows
}

// propose shows what would be done, or prints the script.
func (s *setup) propose(plan *doctor.Plan, fresh bool) error {
	switch {
	case s.sql:
		return s.script(plan, fresh)
	case s.json:
		return list(s.app, s.rows(plan, false), "")
	}
	if len(plan.Statements) == 0 && !fresh {
		s.say("The role %s is as it should be in %s.", printable(plan.Role), printable(plan.Database))
	} else {
		s.say("-- In the database %s, in one transaction:", printable(plan.Database))
		s.show(plan.Statements)
	}
	s.showShared(plan)
	if len(plan.Statements) > 0 {
		s.say("\nNothing was changed: --yes applies this, and keeps the role's password in %s.", s.system.Database.Credential)
	}
	return nil
}

func (s *setup) show(list []doctor.Statement) {
	for i := range list {
		if list[i].Why != "" {
			s.say("-- %s", printable(list[i].Why))
		}
		s.say("%s", printable(list[i].Shown()))
	}
}

// showShared shows what concerns everybody and what only people can decide.
func (s *setup) showShared(plan *doctor.Plan) {
	if len(plan.Shared) > 0 {
		s.say("\n-- What everybody (PUBLIC) may do, the gate's role may do too. This takes it away; it can")
		s.say("-- touch others, and is applied with --yes --public only:")
		s.show(plan.Shared)
	}
	for _, text := range plan.Advice {
		s.say("\n-- By hand: %s", printable(text))
	}
}

// script prints SQL for somebody else to run. The password that belongs to it is
// kept before anybody can have run it.
func (s *setup) script(plan *doctor.Plan, fresh bool) error {
	steps := plan.Statements
	if s.public {
		steps = append(steps, plan.Shared...)
	}
	if fresh {
		if err := s.keep(); err != nil {
			return err
		}
		fmt.Fprintf(s.errw, "The password that belongs to this is kept in %s.\n", s.system.Database.Credential)
	}
	for i := range steps {
		if s.json {
			if err := s.object(statementRow{System: s.name, Kind: "statement", SQL: steps[i].SQL, Why: steps[i].Why}); err != nil {
				return err
			}
			continue
		}
		s.say("%s", steps[i].SQL)
	}
	return nil
}

// confirm signs in as the gate will and says what its role can still do too much.
func (s *setup) confirm(ctx context.Context, admin *pgx.Conn, plan *doctor.Plan) error {
	conn, err := s.connectAsGate(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if same, err := doctor.SameDatabase(ctx, admin, conn); err != nil || !same {
		return errors.Join(err, custody.E(custody.CodeInvalid, "--admin leads to another database than database.url of custody.yaml; the role was made there",
			"name the same server and database, or drop the role there"))
	}
	left, _, err := doctor.Gate(ctx, conn, s.declared)
	if err != nil {
		return err
	}
	if s.json {
		if err := list(s.app, s.rows(plan, true), ""); err != nil {
			return err
		}
		return s.object(map[string]any{"system": s.name, "kind": "done", "role": plan.Role, "credential": s.system.Database.Credential, "statements": len(plan.Statements), "left": len(left)})
	}
	s.show(plan.Statements)
	if s.public {
		s.show(plan.Shared)
	}
	s.say("The role %s is as it should be; the gate signs in by %s.", printable(plan.Role), s.system.Database.Credential)
	if !s.public {
		s.showShared(plan)
	}
	for i := range left {
		s.say("It still %s.", printable(left[i].Object))
	}
	return nil
}

func (s *setup) connectAsGate(ctx context.Context) (*pgx.Conn, error) {
	upstream, err := s.upstream(&s.system.Database)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, upstream)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the role is made, but the gate cannot sign in with it by database.url of custody.yaml",
			Hint: "is it the database that --admin names? does pg_hba.conf admit " + s.request.Name + " from this machine?", Err: err}
	}
	return conn, nil
}
