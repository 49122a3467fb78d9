package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"custody"
	"custody/doctor"
	"custody/site"
	"custody/store"
)

// examination is one run of custody doctor.
type examination struct {
	*app
	admin   string
	address string
	try     bool
	history bool
	gate    netip.Addr // of --gate-address
	only    string     // how checks begin that are shown of the history
	worst   doctor.Severity
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
--admin gives an administrator's connection string, which is not stored. Run it on the
gate's machine, or say the gate's address.

--try-passwords consents to try about a dozen well-known passwords for each login: with
--admin against the stored verifiers, which nobody notices; else by signing in to the
configured database, and no other, ten times a second at most.

Findings are kept: --history shows since when each is there and which are gone. A running
gate examines every doctor.every of custody.yaml, and records what is new or worse in the
ledger.

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
	cmd.Flags().StringVar(&x.address, "gate-address", "", "the gate's `address` as the database sees it (default that of this connection)")
	cmd.Flags().BoolVar(&x.try, "try-passwords", false, "try well-known passwords on the configured database")
	cmd.Flags().BoolVar(&x.history, "history", false, "show what was found until now, and look at nothing")
	cmd.AddCommand(a.doctorPortalCommand())
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
	if x.address != "" {
		if x.gate, err = netip.ParseAddr(x.address); err != nil {
			return usage(cmd, "--gate-address is an address like 192.0.2.7")
		}
	}
	if x.history {
		return x.showHistory(w, names)
	}
	for _, name := range names {
		if w.config.Systems[name].Database.URL == "" && len(args) == 0 {
			continue // its portal alone is guarded
		}
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
	conn, err := x.connect(ctx, upstream)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	o := doctor.Options{System: s.Declared(name), GateRole: upstream.User, GatePassword: upstream.Password, GateAddress: x.gate, Now: x.now()}
	if x.try {
		o.Guess = &doctor.Guess{Server: upstream}
	}
	report, err := doctor.Examine(ctx, conn, o)
	if err != nil {
		return err
	}
	worse, gone, err := w.store.RecordExamination(ctx, site.Examination(w.systems[name], x.now(), report))
	if err != nil {
		return err
	}
	x.worst = max(x.worst, report.Worst())
	return x.show(name, report, worse, gone)
}

// connect goes to the database as the administrator, if one is given, or as the gate.
func (x *examination) connect(ctx context.Context, upstream *pgx.ConnConfig) (*pgx.Conn, error) {
	if x.admin == "" {
		return connectUpstream(ctx, upstream)
	}
	conn, err := x.administrator(ctx, x.admin)
	if err != nil {
		return nil, err
	}
	if err := sameAsGuarded(ctx, conn, upstream); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// sameAsGuarded refuses an administrator's connection to another database than the
// guarded one. When the gate itself cannot sign in there is nothing to compare.
func sameAsGuarded(ctx context.Context, admin *pgx.Conn, upstream *pgx.ConnConfig) error {
	guarded, err := pgx.ConnectConfig(ctx, upstream)
	if err != nil {
		return nil
	}
	defer guarded.Close(ctx)
	same, err := doctor.SameDatabase(ctx, admin, guarded)
	if err == nil && !same {
		return custody.E(custody.CodeInvalid, "--admin leads to another database than database.url of custody.yaml", "name the same server and database")
	}
	return err
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
	New      bool     `json:"new,omitempty"` // it was not there, or less severe, the last time
}

func (x *examination) show(name string, r *doctor.Report, worse []store.Finding, gone int) error {
	fresh := map[uint64]bool{}
	for i := range worse {
		fresh[worse[i].Mark] = true
	}
	if x.json {
		return list(x.app, reportRows(name, r, fresh), "")
	}
	x.say("%s (PostgreSQL %s): %s", name, printable(r.Version), summary(r))
	if gone > 0 {
		x.say("%s gone.", ofBefore(gone))
	}
	for i := range r.Findings {
		x.showFinding(&r.Findings[i], fresh[r.Findings[i].Mark()])
	}
	x.say("\nChecked:")
	for _, o := range r.Outcomes {
		if o.Skipped == "" {
			x.say("  %-6s %-12s %s", verdict(r, o.Check), o.Check, o.Title)
		}
	}
	x.showSkipped(r)
	return nil
}

// verdict is ok when a check found nothing that should be changed.
func verdict(r *doctor.Report, check string) string {
	for i := range r.Findings {
		if r.Findings[i].Check == check && r.Findings[i].Severity > doctor.Note {
			return "found"
		}
	}
	return "ok"
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
		x.say("  %-12s %s: %s", o.Check, o.Title, o.Skipped)
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

func ofBefore(n int) string {
	if n == 1 {
		return "1 finding of before is"
	}
	return fmt.Sprintf("%d findings of before are", n)
}

func (x *examination) showFinding(f *doctor.Finding, fresh bool) {
	mark := ""
	if fresh {
		mark = ", new"
	}
	x.say("\n%s (%s%s): %s", f.Severity, f.Check, mark, printable(f.Message))
	for _, sql := range f.Fix {
		x.say("    %s", printable(sql))
	}
	if f.Where != "" {
		x.say("    %s", printable(f.Where))
		for _, line := range f.Replace {
			x.say("      write: %s", printable(line))
		}
	}
	if f.Advice != "" {
		x.say("    %s", printable(f.Advice))
	}
}

func reportRows(name string, r *doctor.Report, fresh map[uint64]bool) []findingRow {
	var rows []findingRow
	for i := range r.Findings {
		f := &r.Findings[i]
		rows = append(rows, findingRow{name, "finding", f.Check, f.Severity.String(), f.Object, f.Message, f.Fix, f.Where, f.Replace, f.Advice, fresh[f.Mark()]})
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

// historyRow is one line of the history of findings.
type historyRow struct {
	System   string `json:"system"`
	Finding  int64  `json:"finding"`
	Check    string `json:"check"`
	Severity string `json:"severity"`
	Object   string `json:"object"`
	Message  string `json:"message"`
	Since    stamp  `json:"since"`
	Seen     stamp  `json:"seen"`
	Gone     stamp  `json:"gone,omitzero"`
}

func (x *examination) showHistory(w *workspace, names []string) error {
	var rows []historyRow
	for _, name := range names {
		found, err := w.store.Findings(w.systems[name])
		if err != nil {
			return err
		}
		for i := range found {
			f := &found[i]
			if !strings.HasPrefix(f.Check, x.only) {
				continue
			}
			rows = append(rows, historyRow{name, f.ID, f.Check, doctor.Severity(f.Severity).String(), f.Object, f.Message, stamp{f.Opened}, stamp{f.Seen}, stamp{f.Closed}})
		}
	}
	return list(x.app, rows, "Nothing was found until now.",
		column[historyRow]{"FINDING", func(r historyRow) string { return fmt.Sprint(r.Finding) }, false},
		column[historyRow]{"SYSTEM", func(r historyRow) string { return r.System }, false},
		column[historyRow]{"SINCE", func(r historyRow) string { return x.minute(r.Since.Time) }, false},
		column[historyRow]{"GONE", func(r historyRow) string { return x.minute(r.Gone.Time) }, false},
		column[historyRow]{"SEVERITY", func(r historyRow) string { return r.Severity }, false},
		column[historyRow]{"CHECK", func(r historyRow) string { return r.Check }, false},
		column[historyRow]{"MESSAGE", func(r historyRow) string { return r.Message }, true})
}
