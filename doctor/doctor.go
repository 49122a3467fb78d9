// Package doctor examines a guarded database for the ways by which personal data can
// leave it beside the gate, and for what the gate's own role can do more than it
// needs. It reads catalogues and settings, never a row of a table, and changes
// nothing. Each finding says what to change, as SQL or as a line of a file; the role
// that the gate should have is planned here too, so that the two agree.
package doctor

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody"
)

// Severity is how bad a finding is. Its numbers are kept in the store.
type Severity uint8

// The severities. A note needs no change; it is said so that somebody knows.
const (
	Note     Severity = iota + 1
	Warning           // a door that is open wider than it needs to be
	Serious           // somebody can read personal data beside the gate
	Critical          // anybody, or the gate's people, can take all of it
)

// String gives the severity as it is printed.
func (s Severity) String() string {
	if s < Note || s > Critical {
		return "none"
	}
	return [...]string{"note", "warning", "serious", "critical"}[s-1]
}

// Finding is one thing that should be different. It names roles, tables, files and
// settings, never a value.
type Finding struct {
	Check    string
	Object   string // with Check it names the finding from one examination to the next
	Severity Severity
	Message  string
	// Fix is SQL that ends the finding: statements to be run one by one, in this
	// order, by a superuser in this database. Empty when no SQL can.
	Fix []string
	// Where is file:line when the finding is a line of a file of the server, and
	// Replace the lines to be written there instead of it.
	Where   string
	Replace []string
	// Advice says what SQL cannot, or what to think of before it is run.
	Advice string
}

// Mark names a finding in the ledger: the first 8 bytes, big-endian, of SHA-256 of
// check, a zero byte, and object.
func (f *Finding) Mark() uint64 {
	sum := sha256.Sum256([]byte(f.Check + "\x00" + f.Object))
	return binary.BigEndian.Uint64(sum[:])
}

// Outcome says what became of one check.
type Outcome struct {
	Check string
	Title string
	// Skipped says why it could not be done; empty when it was done.
	Skipped string
}

// Report is what one examination of a database found, and which checks could be done.
type Report struct {
	Version  string // of the server
	Findings []Finding
	Outcomes []Outcome
}

// Worst is the highest severity, zero without findings.
func (r *Report) Worst() Severity {
	var worst Severity
	for i := range r.Findings {
		worst = max(worst, r.Findings[i].Severity)
	}
	return worst
}

// Done lists the checks that were done; what they do not find is not there.
func (r *Report) Done() []string {
	var done []string
	for _, o := range r.Outcomes {
		if o.Skipped == "" {
			done = append(done, o.Check)
		}
	}
	return done
}

// Options say what is known beside what the database tells.
type Options struct {
	System *custody.System
	// GateRole is the role by which the gate signs in.
	GateRole string
	// GatePassword is that role's password, to find others who have the same.
	GatePassword string
	// GateAddress is the gate's address as the database sees it. The zero value takes
	// the address of this connection, which is the gate's when it is made there.
	GateAddress netip.Addr
	// Guess is consent to try well-known passwords; nil tries none.
	Guess *Guess
	Now   time.Time
}

// statementTimeout bounds each question to the database.
const statementTimeout = "30s"

// exam is one examination under way.
type exam struct {
	Options
	conn     *pgx.Conn
	major    int // of the server's version
	number   int // server_version_num
	database string
	tables   []table // what is protected, with partitions and children
	gate     uint32  // oid of the gate's role, 0 if there is none
	report   *Report
	check    string // under way
}

// check is one thing that is looked at.
type check struct {
	name  string
	title string // goes on after "checked:"
	run   func(*exam, context.Context) error
}

// checks are in the order of the report.
var checks = []check{
	{"version", "the server's version is still maintained", (*exam).checkVersion},
	{"gate-role", "the gate's role can do no more than it needs", (*exam).checkGateRole},
	{"grants", "no other login may read protected tables", (*exam).checkGrants},
	{"owners", "no owner of protected tables can log in", (*exam).checkOwners},
	{"superusers", "no other superuser can log in", (*exam).checkSuperusers},
	{"powers", "no login can give itself the right to read", (*exam).checkPowers},
	{"views", "no other login reads protected tables through a view", (*exam).checkViews},
	{"functions", "no other login reads protected tables through a SECURITY DEFINER function", (*exam).checkFunctions},
	{"hba", "pg_hba.conf admits nobody but the gate", (*exam).checkRules},
	{"verifiers", "no passwords are shared or kept as MD5", (*exam).checkVerifiers},
	{"passwords", "no login has a well-known password", (*exam).checkPasswords},
	{"extensions", "no extension or language opens files, networks or programs", (*exam).checkExtensions},
	{"foreign", "no statement reaches another server", (*exam).checkForeign},
	{"replication", "no stream of changes leaves", (*exam).checkReplication},
	{"triggers", "no code of others runs by itself", (*exam).checkTriggers},
	{"settings", "connections are encrypted and logs hold no personal data", (*exam).checkSettings},
	{"overrides", "no role or database has weaker settings of its own", (*exam).checkOverrides},
}

// Examine looks at the database that conn is connected to. conn may be the gate's own
// connection, which sees less, or an administrator's. Its settings are changed.
func Examine(ctx context.Context, conn *pgx.Conn, o Options) (*Report, error) {
	return examine(ctx, conn, o, checks)
}

func examine(ctx context.Context, conn *pgx.Conn, o Options, checks []check) (*Report, error) {
	e := &exam{Options: o, conn: conn, report: &Report{}}
	if e.Now.IsZero() {
		e.Now = time.Now()
	}
	if err := e.begin(ctx); err != nil {
		return nil, err
	}
	for _, c := range checks {
		e.check = c.name
		out := Outcome{Check: c.name, Title: c.title}
		if err := c.run(e, ctx); err != nil {
			if out.Skipped = reason(err); out.Skipped == "" {
				return nil, unreadable(err)
			}
		}
		e.report.Outcomes = append(e.report.Outcomes, out)
	}
	slices.SortStableFunc(e.report.Findings, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return e.report, nil
}

// begin makes the session safe to ask in and reads what all checks need. Names are
// resolved in pg_catalog alone: whoever may create functions in another schema must
// not be called by an administrator who looks for them.
func (e *exam) begin(ctx context.Context) error {
	if err := prepare(ctx, e.conn); err != nil {
		return unreadable(err)
	}
	if _, err := e.conn.Exec(ctx, "SET default_transaction_read_only = on"); err != nil {
		return unreadable(err)
	}
	err := e.conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_database(),
		coalesce((SELECT oid FROM pg_roles WHERE rolname = $1), 0)`, e.GateRole).Scan(&e.number, &e.report.Version, &e.database, &e.gate)
	if err != nil {
		return unreadable(err)
	}
	e.major = e.number / 10000
	if !e.GateAddress.IsValid() {
		if err := e.findAddress(ctx); err != nil {
			return unreadable(err)
		}
	}
	e.tables, err = protected(ctx, e.conn, e.System)
	return unreadable(err)
}

// findAddress asks from where this connection comes; a unix socket has no address.
func (e *exam) findAddress(ctx context.Context) error {
	var text string
	if err := e.conn.QueryRow(ctx, "SELECT coalesce(host(inet_client_addr()), '')").Scan(&text); err != nil {
		return err
	}
	e.GateAddress, _ = netip.ParseAddr(text)
	return nil
}

// SameDatabase says whether two connections are to one database of one server: an
// administrator's connection string must not lead to another than the guarded one.
func SameDatabase(ctx context.Context, a, b *pgx.Conn) (bool, error) {
	var seen [2][2]string
	for i, conn := range []*pgx.Conn{a, b} {
		err := conn.QueryRow(ctx, "SELECT pg_catalog.current_database(), (SELECT system_identifier::text FROM pg_catalog.pg_control_system())").Scan(&seen[i][0], &seen[i][1])
		if err != nil {
			return false, unreadable(err)
		}
	}
	return seen[0] == seen[1], nil
}

// prepare sets what every connection of this package needs.
func prepare(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.PgConn().Exec(ctx, "SET search_path = pg_catalog; SET client_encoding = 'UTF8'; SET statement_timeout = '"+
		statementTimeout+"'; SET lock_timeout = '5s'; SET DateStyle = 'ISO'").ReadAll()
	return err
}

// found notes a finding of the check under way.
func (e *exam) found(f Finding) {
	f.Check = e.check
	e.report.Findings = append(e.report.Findings, f)
}

// skipped is why a check could not be done.
type skipped string

// Error gives the reason.
func (s skipped) Error() string { return string(s) }

// needAdmin is the reason of checks that only an administrator's connection can do.
const needAdmin = skipped("this connection may not read it: give an administrator's with --admin")

// reason is why a check could not be done; empty for errors that end the examination.
func reason(err error) string {
	var s skipped
	if errors.As(err, &s) {
		return string(s)
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return ""
	}
	switch pg.Code {
	case "42501":
		return string(needAdmin)
	case "57014":
		return "the database did not answer within " + statementTimeout
	}
	return "the database refused the question (SQLSTATE " + pg.Code + ")"
}

// unreadable gives an error of the connection a code and a hint.
func unreadable(err error) error {
	var ours *custody.Error
	if err == nil || errors.As(err, &ours) {
		return err
	}
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the database's catalogues cannot be read",
		Hint: "check that the database runs and that the credential may connect to it", Err: err}
}
