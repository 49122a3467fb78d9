package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/accesslog"
	"custody/config"
	"custody/detect/watch"
	"custody/ledger"
	"custody/site"
)

// logImport is what the command line of an import says.
type logImport struct {
	system, organisation, bad, zone string
	monthFirst                      bool
	logs                            []string
	said                            map[string]string
	categories                      categories
}

func (a *app) ledgerImportCommand() *cobra.Command {
	var t logImport
	cmd := &cobra.Command{
		Use: "import", Short: "Read the access log of another system into the ledger",
		Long: `Read the access log of a system that cannot be put behind a gate, such as a hosted platform,
into the ledger: who looked at which customer, when. The events are marked imported
wherever they are shown: that they are complete is the other system's promise. The same
questions, detectors and tracing hold for them. The system need not be in custody.yaml.

Columns are guessed and shown; --map login=user_name corrects it. Where a column says what
was done (view, export, update, denied) and another which categories were shown, the
events keep it; --categories stands where nothing is said. A login that is an
address of a person here is that person; others become people who cannot sign in. Lines
that are not understood are listed. Looks must not be older than the newest event of the
ledger; read older logs into a working directory of their own. No gate may be running.`,
		Example: "  custody ledger import --system hosted --organisation Northfield --log access.csv\n  custody ledger import --system hosted --organisation Northfield --log access.csv.gz --map subject=job_customer --categories name,phone,accident",
		Args:    takes(),
		RunE:    a.opened(func(w *workspace, _ *cobra.Command, _ []string) error { return w.importLog(&t) }),
	}
	f := cmd.Flags()
	f.StringVar(&t.system, "system", "", "the `system` whose log it is")
	f.StringVar(&t.organisation, "organisation", "", "the `employer` of those who looked")
	f.StringSliceVar(&t.logs, "log", nil, "an access log `file`, - for the standard input; repeatable")
	f.StringToStringVar(&t.said, "map", nil, "columns of the log: `FIELD=COLUMN` for time, login, subject, branch, device, action, outcome or categories")
	f.BoolVar(&t.monthFirst, "month-first", false, monthFirstUse)
	f.Var(&t.categories, "categories", "what a record of the system shows; name and phone if not given")
	f.StringVar(&t.bad, "bad-lines", "import-bad-lines.txt", "the `file` that lists lines which are not understood, if there are any")
	f.StringVar(&t.zone, "time-zone", "", "the `zone` of times that do not say theirs; that of custody.yaml if not given")
	require(cmd, "system", "organisation", "log")
	return cmd
}

func (w *workspace) importLog(t *logImport) error {
	x := &site.LogImport{Store: w.store, SystemName: t.system, Categories: t.categories.CategorySet, Zone: w.config.Zone(), MonthFirst: t.monthFirst, Now: w.now}
	if x.Categories == 0 {
		x.Categories = custody.Categories(custody.Name, custody.Phone)
	}
	if t.zone != "" {
		var err error
		if x.Zone, err = time.LoadLocation(t.zone); err != nil {
			return custody.E(custody.CodeInvalid, fmt.Sprintf("the time zone %q is not known", t.zone), "zones are named as in Europe/London, or UTC")
		}
	}
	if !config.ValidSystemName(t.system) {
		return custody.E(custody.CodeInvalid, "a system's name is lower-case letters, digits, - and _, and begins with a letter", "as in --system hosted")
	}
	bad := &badLines{path: t.bad}
	defer bad.close()
	x.Bad = bad.add
	if err := t.read(w.app, x); err != nil {
		return err
	}
	if err := bad.close(); err != nil {
		return err
	}
	return w.writeImport(x, t, bad)
}

func (t *logImport) read(a *app, x *site.LogImport) error {
	return readAll(t.logs, t.said, func(file string, in io.Reader, columns map[accesslog.Field]string) error {
		report, err := x.Read(file, in, columns)
		if err != nil {
			return err
		}
		a.say("%s: %s lines read", file, watch.Thousands(report.Rows))
		for _, c := range report.Lines() {
			a.say("  %s", printable(c))
		}
		return nil
	})
}

// writeImport opens the ledger to write and puts in what was read.
func (w *workspace) writeImport(x *site.LogImport, t *logImport, bad *badLines) error {
	signer, err := w.signer()
	if err != nil {
		return err
	}
	c := &w.config.Ledger
	if x.Ledger, err = ledger.Open(w.path(ledgerDir), ledger.Options{Origin: c.Origin, Signer: signer, SegmentSize: int64(c.SegmentSize), CheckpointEvery: c.CheckpointEvery.Std(), Now: w.now}); err != nil {
		return err
	}
	defer x.Ledger.Close()
	if x.System, err = w.store.EnsureSystem(t.system); err != nil {
		return err
	}
	if x.Organisation, err = w.identity.EnsureOrganisation(t.organisation); err != nil {
		return err
	}
	done, err := x.Write()
	if err != nil {
		return err
	}
	if err := x.Ledger.Close(); err != nil {
		return err
	}
	row := map[string]any{"system": t.system, "imported": done.Looks, "bad_lines": done.Bad, "unknown_categories": x.Unknown(), "first": stamp{done.First}, "last": stamp{done.Last}}
	if w.json {
		return w.object(row)
	}
	if bad.n > 0 {
		w.say("%s not understood: see %s", plural(bad.n, "line"), t.bad)
	}
	if n := x.Unknown(); n > 0 {
		w.say("Categories that are not known here are named on %s: there the ones of --categories count as shown too.", plural(n, "line"))
	}
	w.say("%s looks from %s to %s are in the ledger, marked imported.", watch.Thousands(done.Looks), w.minute(done.First), w.minute(done.Last))
	return nil
}
