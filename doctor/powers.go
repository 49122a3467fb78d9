package doctor

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// bootstrap is the number of the superuser that initdb made. It cannot be taken away;
// who may come as it is a matter of pg_hba.conf.
const bootstrap = 10

// checkSuperusers tells of superusers that can log in: nothing in the database stops
// them from reading, and from removing the traces.
func (e *exam) checkSuperusers(ctx context.Context) error {
	supers, err := query(ctx, e.conn, pgx.RowToStructByPos[struct {
		OID   uint32
		Name  string
		Login bool
	}], `SELECT oid, rolname, rolcanlogin FROM pg_roles WHERE rolsuper AND oid <> $1 ORDER BY oid`, e.gate)
	if err != nil {
		return err
	}
	for _, s := range supers {
		switch {
		case s.Login && s.OID == bootstrap:
			e.found(Finding{Object: quote(s.Name), Severity: Note,
				Message: quote(s.Name) + " is the superuser that the server was made with, and can log in: it is the administrator's own door",
				Advice:  "let pg_hba.conf admit it on the server's own socket only (local all " + s.Name + " peer)"})
		case s.Login:
			e.found(Finding{Object: quote(s.Name), Severity: Serious,
				Message: quote(s.Name) + " is a superuser that can log in: it reads and changes everything, beside the gate",
				Fix:     []string{fmt.Sprintf("ALTER ROLE %s NOSUPERUSER;", quote(s.Name))},
				Advice:  "an administrator who needs it for a while can be given it for a while"})
		}
		if err := e.membersOf(ctx, s.Name, Serious, "can become the superuser "+quote(s.Name)); err != nil {
			return err
		}
	}
	return nil
}

// membersOf tells of logins that are members of a role, directly or not.
func (e *exam) membersOf(ctx context.Context, role string, s Severity, can string) error {
	logins, err := query(ctx, e.conn, pgx.RowTo[string], `SELECT r.rolname::text FROM pg_roles r, pg_roles g
		WHERE g.rolname = $1 AND r.oid <> g.oid AND r.rolcanlogin AND NOT r.rolsuper AND r.oid <> $2
		AND pg_has_role(r.oid, g.oid, 'MEMBER') ORDER BY 1`, role, e.gate)
	if err != nil || len(logins) == 0 {
		return err
	}
	fix, err := e.partFrom(ctx, role)
	e.found(Finding{Object: "members of " + quote(role), Severity: s, Fix: fix,
		Message: listed(logins) + " " + can + ", beside the gate"})
	return err
}

// strongRoles are roles of PostgreSQL itself by which a login comes to protected data.
var strongRoles = []struct {
	name     string
	severity Severity
	can      string
}{
	{"pg_execute_server_program", Critical, "can run programs as the server's own account, which owns all files"},
	{"pg_write_server_files", Critical, "can write files as the server's own account, and so become superuser"},
	{"pg_read_server_files", Critical, "can read the database's files"},
	{"pg_read_all_data", Serious, "can read every table"},
}

// attributes of roles by which a login comes to protected data.
var attributes = []struct {
	column, word string
	severity     func(major int) Severity
	can          string
}{
	{"rolreplication", "NOREPLICATION", func(int) Severity { return Serious }, "may replicate: it can copy the whole server as a backup or as a stream of changes"},
	{"rolcreaterole", "NOCREATEROLE", func(major int) Severity {
		if major < 16 { // may grant any role but superusers, pg_read_all_data too
			return Serious
		}
		return Warning
	}, "may make roles, and give itself and others the rights of roles"},
	{"rolbypassrls", "NOBYPASSRLS", func(int) Severity { return Warning }, "bypasses row security: rows that are hidden from others are not from it"},
}

// checkPowers tells of logins that are no superusers and come close.
func (e *exam) checkPowers(ctx context.Context) error {
	if err := e.membersOf(ctx, e.GateRole, Serious, "can act as the gate's role"); err != nil {
		return err
	}
	for _, r := range strongRoles {
		if err := e.membersOf(ctx, r.name, r.severity, r.can); err != nil {
			return err
		}
	}
	for _, a := range attributes {
		names, err := query(ctx, e.conn, pgx.RowTo[string], `SELECT rolname::text FROM pg_roles
			WHERE rolcanlogin AND NOT rolsuper AND oid <> $1 AND `+a.column+` ORDER BY 1`, e.gate)
		if err != nil {
			return err
		}
		for _, name := range names {
			e.found(Finding{Object: quote(name) + " " + a.word[2:], Severity: a.severity(e.major),
				Message: quote(name) + " " + a.can,
				Fix:     []string{fmt.Sprintf("ALTER ROLE %s %s;", quote(name), a.word)}})
		}
	}
	return nil
}
