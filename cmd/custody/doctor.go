package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"custody"
	"custody/doctor"
)

// examination is one run of custody doctor.
type examination struct {
	*app
	admin string
	worst doctor.Severity
}

func (a *app) doctorCommand() *cobra.Command {
	x := &examination{app: a}
	cmd := &cobra.Command{
		Use: "doctor [SYSTEM]", Short: "Check guarded databases for ways around the gate",
		Long: `Look for ways by which personal data leaves a guarded database beside the gate: other
logins that can read it, rules of pg_hba.conf that let people in, passwords, extensions
that open files and networks, replication, what is written to logs. Each finding says
what to change, as SQL or as a line of a file. Nothing is changed, and no row is read.

The gate's own role sees less than an administrator: what could not be checked is said.
--admin gives an administrator's connection string, which is not stored.

Exit codes: 0 nothing, or notes only; 10 warnings; 11 something serious; 12 something
critical; others as for every command.`,
		Example: "  custody doctor\n  custody doctor bodyshop --admin postgres://postgres@db.internal/bodyshop\n  custody doctor --json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(cmd, "there are more arguments than expected")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return x.run(cmd, args) },
	}
	cmd.Flags().StringVar(&x.admin, "admin", "", "connection `string` of an administrator; it is not stored")
	return cmd
}

func (x *examination) run(cmd *cobra.Command, args []string) error {
	w, err := x.open()
	if err != nil {
		return err
	}
	defer w.close()
	names, err := w.named(args)
	if err != nil {
		return err
	}
	if x.admin != "" && len(names) != 1 {
		return usage(cmd, "--admin is of one system: say which")
	}
	for _, name := range names {
		if err := x.examine(cmd.Context(), w, name); err != nil {
			return err
		}
	}
	if x.worst < doctor.Warning {
		return nil
	}
	return finding{custody.E(custody.CodeNone, "the worst finding is "+x.worst.String(), "each says what to change; run it again afterwards"), int(x.worst) + 8}
}

// named gives the systems that are meant: one, or all.
func (w *workspace) named(args []string) ([]string, error) {
	if len(args) == 1 {
		_, err := w.system(args[0])
		return args, err
	}
	var names []string
	for name := range w.config.Systems {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil, custody.E(custody.CodeInvalid, "custody.yaml declares no system", "custody discover --write postgres://… proposes one")
	}
	return names, nil
}

func (x *examination) examine(ctx context.Context, w *workspace, name string) error {
	s := w.config.Systems[name]
	upstream, err := w.upstream(&s.Database)
	if err != nil {
		return err
	}
	var conn *pgx.Conn
	if x.admin != "" {
		conn, err = x.administrator(ctx, x.admin)
	} else {
		conn, err = connectUpstream(ctx, upstream)
	}
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	report, err := doctor.Examine(ctx, conn, doctor.Options{
		System: s.Declared(name), GateRole: upstream.User, GatePassword: upstream.Password, Now: x.now(),
	})
	if err != nil {
		return err
	}
	x.worst = max(x.worst, report.Worst())
	return x.show(name, report)
}

func connectUpstream(ctx context.Context, c *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the database cannot be reached",
			Hint: "check database.url and the credential in custody.yaml", Err: err}
	}
	return conn, nil
}

// findingRow is one finding, or one check that was made or could not be.
type findingRow struct {
	System   string   `json:"system"`
	Kind     string   `json:"kind"` // finding, checked, not-checked
	Check    string   `json:"check"`
	Severity string   `json:"severity,omitempty"`
	Object   string   `json:"object,omitempty"`
	Message  string   `json:"message"`
	Fix      []string `json:"fix,omitempty"`
	Where    string   `json:"where,omitempty"`
	Replace  []string `json:"replace,omitempty"`
	Advice   string   `json:"advice,omitempty"`
}

func (x *examination) show(name string, r *doctor.Report) error {
	if x.json {
		return list(x.app, reportRows(name, r), "")
	}
	x.say("%s (PostgreSQL %s): %s", name, printable(r.Version), summary(r))
	for i := range r.Findings {
		x.showFinding(&r.Findings[i])
	}
	x.say("\nChecked:")
	for _, o := range r.Outcomes {
		if o.Skipped == "" {
			x.say("  %-14s %s", o.Check, o.Title)
		}
	}
	x.showSkipped(r)
	return nil
}

func (x *examination) showSkipped(r *doctor.Report) {
	first := true
	for _, o := range r.Outcomes {
		if o.Skipped == "" {
			continue
		}
		if first {
			x.say("\nCould not be checked:")
		}
		first = false
		x.say("  %-14s %s: %s", o.Check, o.Title, o.Skipped)
	}
}

// summary counts the findings by severity.
func summary(r *doctor.Report) string {
	if len(r.Findings) == 0 {
		return "nothing was found."
	}
	text := ""
	for s := doctor.Critical; s >= doctor.Note; s-- {
		n := 0
		for i := range r.Findings {
			if r.Findings[i].Severity == s {
				n++
			}
		}
		if n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d %s", n, s)
		}
	}
	return text + "."
}

func (x *examination) showFinding(f *doctor.Finding) {
	x.say("\n%s (%s): %s", f.Severity, f.Check, printable(f.Message))
	for _, sql := range f.Fix {
		x.say("    %s", printable(sql))
	}
	if f.Where != "" {
		x.say("    %s", printable(f.Where))
		for _, line := range f.Replace {
			x.say("      %s", printable(line))
		}
	}
	if f.Advice != "" {
		x.say("    %s", printable(f.Advice))
	}
}

func reportRows(name string, r *doctor.Report) []findingRow {
	var rows []findingRow
	for i := range r.Findings {
		f := &r.Findings[i]
		rows = append(rows, findingRow{name, "finding", f.Check, f.Severity.String(), f.Object, f.Message, f.Fix, f.Where, f.Replace, f.Advice})
	}
	for _, o := range r.Outcomes {
		row := findingRow{System: name, Kind: "checked", Check: o.Check, Message: o.Title}
		if o.Skipped != "" {
			row.Kind, row.Advice = "not-checked", o.Skipped
		}
		rows = append(rows, row)
	}
	return rows
}
