package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// setting is one parameter of the server that lets data out, or passwords.
type setting struct {
	name     string
	bad      func(value string) bool
	severity Severity
	because  string
	value    string // what it should be
}

// settings are looked at as the server has them, and as databases and roles override
// them.
var settings = []setting{
	{name: "ssl", bad: is("off"), severity: Serious, value: "on", because: "connections are not encrypted, and nobody can tell the server from another"},
	{name: "password_encryption", bad: is("md5"), severity: Warning, value: "scram-sha-256", because: "new passwords are kept as MD5, which is as good as the password to who reads it"},
	{name: "log_statement", bad: is("all", "mod"), severity: Serious, value: "ddl", because: "statements are written to the log with the personal data in them"},
	{name: "log_min_duration_statement", bad: atLeast(0), severity: Serious, value: "-1", because: "statements that take long are written to the log with the personal data in them"},
	{name: "log_min_duration_sample", bad: atLeast(0), severity: Serious, value: "-1", because: "samples of statements are written to the log with the personal data in them"},
	{name: "log_transaction_sample_rate", bad: func(v string) bool { f, err := strconv.ParseFloat(v, 64); return err == nil && f > 0 }, severity: Serious, value: "0", because: "statements of sampled transactions are written to the log with the personal data in them"},
	{name: "log_parameter_max_length_on_error", bad: func(v string) bool { return v != "0" }, severity: Serious, value: "0", because: "values of failed statements are written to the log"},
	{name: "auto_explain.log_min_duration", bad: atLeast(0), severity: Serious, value: "-1", because: "auto_explain writes statements and conditions to the log with the personal data in them"},
	{name: "debug_print_parse", bad: is("on"), severity: Warning, value: "off", because: "parse trees are written to the log, constants among them"},
	{name: "debug_print_rewritten", bad: is("on"), severity: Warning, value: "off", because: "parse trees are written to the log, constants among them"},
	{name: "debug_print_plan", bad: is("on"), severity: Warning, value: "off", because: "plans are written to the log, constants among them"},
	{name: "log_error_verbosity", bad: is("default", "verbose"), severity: Note, value: "terse", because: "details of errors are written to the log: a violated key with its value"},
	{name: "log_min_error_statement", bad: is("error", "warning", "notice", "info", "log", "debug1", "debug2", "debug3", "debug4", "debug5"), severity: Note, value: "panic", because: "statements that fail are written to the log whole"},
	{name: "lo_compat_privileges", bad: is("on"), severity: Serious, value: "off", because: "everybody may read every large object"},
	{name: "allow_system_table_mods", bad: is("on"), severity: Serious, value: "off", because: "superusers change the catalogues themselves"},
}

func is(values ...string) func(string) bool {
	return func(v string) bool {
		for _, bad := range values {
			if v == bad {
				return true
			}
		}
		return false
	}
}

func atLeast(least int) func(string) bool {
	return func(v string) bool {
		n, err := strconv.Atoi(v)
		return err == nil && n >= least
	}
}

// checkSettings tells of parameters of the server. What a database or a role has of
// its own is looked at in checkOverrides.
func (e *exam) checkSettings(ctx context.Context) error {
	for _, s := range settings {
		// reset_val is what a new session has; of the user and the database of this
		// connection, which checkOverrides tells of.
		value, err := e.setting(ctx, s.name)
		if err != nil {
			return err
		}
		if value == "" || !s.bad(value) || s.name == "ssl" && e.onSocket() {
			continue
		}
		f := Finding{Object: s.name, Severity: s.severity, Message: s.name + " is " + value + ": " + s.because,
			Fix: []string{fmt.Sprintf("ALTER SYSTEM SET %s = '%s';", s.name, s.value), "SELECT pg_reload_conf();"}}
		if s.name == "ssl" {
			f.Advice = "ssl_cert_file and ssl_key_file name the server's certificate and key; put them there first"
			if e.GateAddress.IsValid() && e.GateAddress.IsLoopback() {
				f.Severity = Note // nothing of the gate's leaves the machine
			}
		}
		e.found(f)
	}
	return nil
}

// setting gives a parameter as the configuration has it; empty when there is none.
func (e *exam) setting(ctx context.Context, name string) (value string, err error) {
	err = e.conn.QueryRow(ctx, `SELECT coalesce(max(CASE WHEN source IN ('database', 'user', 'database user', 'client', 'session', 'override')
		AND name <> 'ssl' THEN boot_val ELSE setting END), '') FROM pg_settings WHERE name = $1`, name).Scan(&value)
	return value, err
}

// onSocket says whether the gate comes by the server's own socket.
func (e *exam) onSocket() bool {
	return strings.HasPrefix(e.conn.Config().Host, "/") && !e.GateAddress.IsValid()
}

// override is a parameter that a role or a database has of its own.
type override struct {
	role, database string // empty is every one
	name, value    string
}

// checkOverrides tells of the same parameters where a role or a database has its own.
func (e *exam) checkOverrides(ctx context.Context) error {
	list, err := query(ctx, e.conn, func(r pgx.CollectableRow) (o override, err error) {
		var pair string
		err = r.Scan(&o.role, &o.database, &pair)
		o.name, o.value, _ = strings.Cut(pair, "=")
		return o, err
	}, `SELECT coalesce(r.rolname, ''), coalesce(d.datname, ''), unnest(s.setconfig) FROM pg_db_role_setting s
		LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
		WHERE s.setdatabase = 0 OR d.datname = current_database() ORDER BY 1, 2, 3`)
	if err != nil {
		return err
	}
	for _, o := range list {
		for _, s := range settings {
			if s.name == o.name && s.bad(o.value) {
				e.found(Finding{Object: o.of() + " " + o.name, Severity: s.severity, Message: o.name + " is " + o.value + " for " + o.of() + ": " + s.because,
					Fix: []string{o.reset()}})
			}
		}
	}
	return nil
}

// of names whose parameter it is.
func (o *override) of() string {
	switch {
	case o.role == "":
		return "the database " + quote(o.database)
	case o.database == "":
		return "the role " + quote(o.role)
	}
	return "the role " + quote(o.role) + " in " + quote(o.database)
}

func (o *override) reset() string {
	switch {
	case o.role == "":
		return fmt.Sprintf("ALTER DATABASE %s RESET %s;", quote(o.database), o.name)
	case o.database == "":
		return fmt.Sprintf("ALTER ROLE %s RESET %s;", quote(o.role), o.name)
	}
	return fmt.Sprintf("ALTER ROLE %s IN DATABASE %s RESET %s;", quote(o.role), quote(o.database), o.name)
}
