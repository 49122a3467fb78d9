package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody"
)

// DefaultRole is the name of the gate's role when nobody chooses another.
const DefaultRole = "custody_gate"

// connectionLimit is the limit of the gate's role when nobody says one: each client
// has a connection of its own, and administrators and other programs keep a fifth.
const connectionLimit = `(SELECT setting::int * 4 / 5 FROM pg_settings WHERE name = 'max_connections')`

// roleComment marks a role that was made here. Others are not changed: they might be
// what a program lives on.
const roleComment = "the gate of Custody; made by custody setup postgres"

// RoleRequest says what role the gate shall have.
type RoleRequest struct {
	Name string
	// Connections at the same time; four fifths of the server's max_connections if zero.
	Connections int
	ReadOnly    bool // SELECT only
	// Schemas are those that people work in; empty means every schema with a table,
	// other than PostgreSQL's own.
	Schemas []string
	// Password is set when it is not empty. The server gets a SCRAM-SHA-256 verifier
	// of it, so that its log cannot show it.
	Password string
	// Adopt changes a role that was not made here.
	Adopt bool
	// ReadRules lets the role read pg_hba_file_rules, so that a running gate can check
	// them on its schedule. They name roles and addresses.
	ReadRules bool
}

// Statement is one step of a plan.
type Statement struct {
	SQL    string
	Why    string
	secret string // is shown as … in Shown
}

// Shown is the statement without the verifier of the password.
func (s *Statement) Shown() string {
	if s.secret == "" {
		return s.SQL
	}
	return strings.ReplaceAll(s.SQL, s.secret, "SCRAM-SHA-256$…")
}

// Plan is what is to be done, and what is to be thought of. A second plan after the
// first was applied is empty.
type Plan struct {
	Role       string
	Database   string
	Exists     bool // the role is there already
	Statements []Statement
	// Shared takes from everybody (PUBLIC) what the gate's role would have through it.
	// It can touch others and is applied only when somebody says so.
	Shared []Statement
	Advice []string

	request RoleRequest
	system  *custody.System
}

// planner collects the steps.
type planner struct {
	RoleRequest
	conn    *pgx.Conn
	sys     *custody.System
	plan    *Plan
	oid     *uint32 // of the role; nil when it is not there: comparisons are then never true
	major   int
	super   bool // who asks is a superuser
	schemas []string
}

// PlanRole compares what is with what the gate's role shall be. conn is an
// administrator's; nothing is changed.
func PlanRole(ctx context.Context, conn *pgx.Conn, sys *custody.System, r RoleRequest) (*Plan, error) {
	p := &planner{RoleRequest: r, conn: conn, sys: sys, plan: &Plan{Role: r.Name, request: r, system: sys}}
	if err := prepare(ctx, conn); err != nil {
		return nil, unreadable(err)
	}
	for _, step := range []func(context.Context) error{
		p.look, p.role, p.memberships, p.access, p.objects, p.defaults, p.functions, p.rules, p.shared, p.owned,
	} {
		if err := step(ctx); err != nil {
			return nil, unreadable(err)
		}
	}
	return p.plan, nil
}

// Apply runs the plan in one transaction: all of it holds or nothing does.
func (p *Plan) Apply(ctx context.Context, conn *pgx.Conn, shared bool) error {
	steps := p.Statements
	if shared {
		steps = slices.Concat(p.Statements, p.Shared)
	}
	if err := prepare(ctx, conn); err != nil {
		return unreadable(err)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return unreadable(err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	// The credential is kept once this is done: the role must outlive a crash then.
	if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = on"); err != nil {
		return unreadable(err)
	}
	for i := range steps {
		if _, err := tx.Conn().PgConn().Exec(ctx, steps[i].SQL).ReadAll(); err != nil {
			return refusedStep(&steps[i], err)
		}
	}
	if err := p.held(ctx, tx.Conn(), shared); err != nil {
		return err
	}
	return unreadable(tx.Commit(ctx))
}

// held plans again before the commit: a REVOKE by somebody who may not is a warning of
// PostgreSQL's and no error.
func (p *Plan) held(ctx context.Context, conn *pgx.Conn, shared bool) error {
	r := p.request
	r.Password = ""
	left, err := PlanRole(ctx, conn, p.system, r)
	if err != nil {
		return err
	}
	open := left.Statements
	if shared {
		open = slices.Concat(open, left.Shared)
	}
	if len(open) == 0 {
		return nil
	}
	return custody.E(custody.CodeForbidden, "the database accepted this but did not do it: "+open[0].Shown(), needsSuperuser)
}

// needsSuperuser is the hint when somebody may not do a step.
const needsSuperuser = "nothing was changed; connect as a superuser, or leave out --public and connect as the owner of the tables who may also make roles (CREATEROLE)"

// refusedStep says which step the database refused; its own text names objects only,
// but may quote the statement, which holds the verifier.
func refusedStep(s *Statement, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return unreadable(err)
	}
	code, hint := custody.CodeInvalid, "nothing was changed; run it by hand to see the whole answer"
	if pg.Code == "42501" {
		code, hint = custody.CodeForbidden, needsSuperuser
	}
	return custody.E(code, fmt.Sprintf("the database refuses: %s\n  %s", pg.Message, s.Shown()), hint)
}

func (p *planner) add(why, sql string, args ...any) {
	p.plan.Statements = append(p.plan.Statements, Statement{SQL: fmt.Sprintf(sql, args...) + ";", Why: why})
}

// look reads who asks, and which schemas hold tables.
func (p *planner) look(ctx context.Context) error {
	var user string
	err := p.conn.QueryRow(ctx, `SELECT current_database(), current_setting('server_version_num')::int / 10000, current_user, current_setting('is_superuser') = 'on',
		(SELECT oid FROM pg_roles WHERE rolname = $1), coalesce(nullif($2::int, 0), `+connectionLimit+`)`, p.Name, p.Connections).
		Scan(&p.plan.Database, &p.major, &user, &p.super, &p.oid, &p.Connections)
	if err != nil {
		return err
	}
	if user == p.Name {
		return custody.E(custody.CodeInvalid, "this is the role that you are connected as", "connect as an administrator, and name another role for the gate with --role")
	}
	p.plan.Exists = p.oid != nil
	p.schemas, err = query(ctx, p.conn, pgx.RowTo[string], `SELECT n.nspname::text FROM pg_namespace n
		WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
			AND CASE WHEN $1::text[] = '{}' THEN EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm'))
				ELSE n.nspname = ANY ($1) END ORDER BY 1`, append([]string{}, p.Schemas...))
	if err != nil {
		return err
	}
	for _, s := range p.Schemas {
		if !slices.Contains(p.schemas, s) {
			return custody.E(custody.CodeNotFound, "there is no schema "+quote(s)+" in this database", "see \\dn in psql, and name it with --schema")
		}
	}
	return nil
}

// role makes the role, or takes from it what it shall not have.
func (p *planner) role(ctx context.Context) error {
	name := quote(p.Name)
	if !p.plan.Exists {
		s := Statement{Why: "a login of the gate's own that can do nothing but what is granted below"}
		s.SQL = fmt.Sprintf("CREATE ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT %d", name, p.Connections)
		p.plan.Statements = append(p.plan.Statements, p.withPassword(s))
		p.add("so that a later run knows it", "COMMENT ON ROLE %s IS '%s'", name, roleComment)
		return nil
	}
	var comment string
	var words []string
	err := p.conn.QueryRow(ctx, `SELECT coalesce(shobj_description(oid, 'pg_authid'), ''), array_remove(ARRAY[
		CASE WHEN NOT rolcanlogin THEN 'LOGIN' END, CASE WHEN rolsuper THEN 'NOSUPERUSER' END, CASE WHEN rolcreatedb THEN 'NOCREATEDB' END,
		CASE WHEN rolcreaterole THEN 'NOCREATEROLE' END, CASE WHEN rolreplication THEN 'NOREPLICATION' END, CASE WHEN rolbypassrls THEN 'NOBYPASSRLS' END,
		CASE WHEN rolconnlimit <> $2::int THEN 'CONNECTION LIMIT ' || $2::int END], NULL) FROM pg_roles WHERE oid = $1`, *p.oid, p.Connections).Scan(&comment, &words)
	if err != nil {
		return err
	}
	if comment != roleComment && (!p.Adopt || *p.oid == bootstrap) {
		return custody.E(custody.CodeConflict, "the role "+name+" is there already and was not made by custody setup postgres",
			"a program may live on it: choose another name with --role, or say --adopt to make it the gate's own")
	}
	if comment != roleComment {
		p.add("so that a later run knows it", "COMMENT ON ROLE %s IS '%s'", name, roleComment)
	}
	if len(words) > 0 {
		p.add("what the gate's role shall be", "ALTER ROLE %s %s", name, strings.Join(words, " "))
	}
	if p.Password != "" {
		p.plan.Statements = append(p.plan.Statements, p.withPassword(Statement{SQL: "ALTER ROLE " + name, Why: "a new password, for the gate's credential alone"}))
	}
	return nil
}

// withPassword ends a CREATE or ALTER ROLE.
func (p *planner) withPassword(s Statement) Statement {
	if p.Password != "" {
		s.secret = Verifier(p.Password)
		s.SQL += " PASSWORD '" + s.secret + "'"
	}
	s.SQL += ";"
	return s
}

// memberships takes every role from the gate's, pg_monitor and its like among them.
func (p *planner) memberships(ctx context.Context) error {
	e := &exam{conn: p.conn, major: p.major}
	if p.oid == nil {
		return nil
	}
	e.gate = *p.oid
	list, err := e.ownMemberships(ctx)
	for _, x := range list {
		p.add("the gate's role is a member of nothing", "%s", strings.TrimSuffix(x.fix, ";"))
	}
	return err
}
