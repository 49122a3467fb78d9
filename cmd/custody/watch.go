package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/accesslog"
	"custody/detect/watch"
)

// watchRun is what the command line of a watch says.
type watchRun struct {
	logs, canaries                           []string
	jobs, shifts                             string
	mapLogs, mapJobs, mapShifts, mapCanaries map[string]string
	page, bad, zone                          string
	budget                                   float64
	names, monthFirst                        bool
	show                                     int
}

func (a *app) watchCommand() *cobra.Command {
	var t watchRun
	cmd := &cobra.Command{
		Use: "watch", Short: "Whose looks need a second look? From an access log",
		Long: `Look for misuse in files, before anything is installed: the access log of any system
(who looked at which customer, when), as CSV, a spreadsheet, JSON, a web server's log or
lines of name=value, also packed. A list of jobs, claims or calls says why somebody had
to do with a customer; which of its columns do is found out and shown with how much it
explains. A roster (login, start, end; left) says who works when.

Which column is which is guessed and shown; --map login=user_name corrects it. A login's
name is shown as a pseudonym unless --names is given. Beside the answer a page to read is
written. The first five days of a log are for learning what is usual. Lines that say that
a look was refused (a column of outcomes: HTTP statuses, granted and denied) disclose
nothing and are counted apart; being refused again and again is told.

The budget is how many alerts a day can be reviewed for a thousand people: chance alone
stays below it (docs/detection.md has the guarantee).`,
		Example: "  custody watch --log access.csv\n  custody watch --log access.csv.gz --jobs jobs.csv --shifts roster.csv --page watch.html --json",
		Args:    takes(),
		RunE:    func(*cobra.Command, []string) error { return a.watch(t) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&t.logs, "log", nil, "an access log `file`, - for the standard input; repeatable")
	f.StringVar(&t.jobs, "jobs", "", "a `file` that says who had to do with which customer")
	f.StringVar(&t.shifts, "shifts", "", "a `file` that says who works when, and who has left")
	f.StringSliceVar(&t.canaries, "canaries", nil, "a `file` that lists planted customers")
	f.StringToStringVar(&t.mapLogs, "map", nil, "columns of the log: `FIELD=COLUMN` for time, login, subject, branch, device, action or outcome")
	f.StringToStringVar(&t.mapJobs, "map-jobs", nil, "columns of the jobs: `FIELD=COLUMN` for subject")
	f.StringToStringVar(&t.mapShifts, "map-shifts", nil, "columns of the roster: `FIELD=COLUMN` for login")
	f.StringToStringVar(&t.mapCanaries, "map-canaries", nil, "columns of the canaries: `FIELD=COLUMN` for subject")
	f.StringVar(&t.page, "page", "watch.html", "the `file` for the page; none writes no page")
	f.StringVar(&t.bad, "bad-lines", "watch-bad-lines.txt", "the `file` that lists lines which are not understood, if there are any")
	f.StringVar(&t.zone, "time-zone", "Europe/London", "the `zone` of times that do not say theirs")
	f.BoolVar(&t.monthFirst, "month-first", false, monthFirstUse)
	f.Float64Var(&t.budget, "budget", 5, "how `many` alerts a day can be reviewed for a thousand people")
	f.BoolVar(&t.names, "names", false, "show logins instead of pseudonyms")
	f.IntVar(&t.show, "show", 10, "how `many` alerts to print; all are on the page or in --json")
	require(cmd, "log")
	return cmd
}

// monthFirstUse is the help of --month-first.
const monthFirstUse = "read 04/05/2026 as the fifth of April"

// gcOfFiles makes the collector run when a quarter has been added to what is held: files
// are read once, and memory is dearer than the time.
const gcOfFiles = 25

func (a *app) watch(t watchRun) error {
	zone, err := time.LoadLocation(t.zone)
	if err != nil {
		return custody.E(custody.CodeInvalid, fmt.Sprintf("the time zone %q is not known", t.zone), "zones are named as in Europe/London, or UTC")
	}
	if t.budget <= 0 || t.budget > 1000 {
		return custody.E(custody.CodeInvalid, "--budget must be more than 0 and at most 1000", "5 a day for a thousand people is usual")
	}
	bad := &badLines{path: t.bad}
	defer bad.close()
	defer debug.SetGCPercent(debug.SetGCPercent(gcOfFiles)) // most of what is held is held to the end
	w := watch.New(zone, bad.add)
	w.Names, w.MonthFirst, w.Policy.Budget = t.names, t.monthFirst, t.budget
	if err := t.read(w); err != nil {
		return err
	}
	report, err := w.Run()
	if err != nil {
		return err
	}
	if t.page != "none" {
		if err := writePage(t.page, func(out io.Writer) error { return report.WriteHTML(out, zone, a.now()) }); err != nil {
			return err
		}
	}
	if err := bad.close(); err != nil {
		return err
	}
	return a.printWatch(report, t, bad, zone)
}

// read reads all files.
func (t *watchRun) read(w *watch.Watch) error {
	for _, f := range []struct {
		files []string
		said  map[string]string
		read  func(string, io.Reader, map[accesslog.Field]string) error
	}{
		{t.logs, t.mapLogs, w.Log}, {one(t.jobs), t.mapJobs, w.Jobs}, {one(t.shifts), t.mapShifts, w.Shifts}, {t.canaries, t.mapCanaries, w.Canaries},
	} {
		if err := readAll(f.files, f.said, f.read); err != nil {
			return err
		}
	}
	return nil
}

func one(file string) []string {
	if file == "" {
		return nil
	}
	return []string{file}
}

func (a *app) printWatch(r *watch.Report, t watchRun, bad *badLines, zone *time.Location) error {
	if a.json {
		for _, x := range r.Alerts {
			if err := a.object(map[string]any{"alert": x}); err != nil {
				return err
			}
		}
		return a.object(r)
	}
	for _, f := range append(r.Logs, r.Others...) {
		a.say("%s: %s lines read", f.File, watch.Thousands(f.Rows))
		for _, c := range f.Columns {
			a.say("  %s", printable(c))
		}
	}
	if bad.n > 0 {
		a.say("%s not understood: see %s", plural(bad.n, "line"), t.bad)
	}
	if r.Refused > 0 {
		a.say("%s say that the look was refused: nobody was shown, so they are counted apart.", plural(r.Refused, "line"))
	}
	if r.Failed > 0 {
		a.say("%s say that nothing was shown because it failed: left out.", plural(r.Failed, "line"))
	}
	a.sayCoverage(r)
	a.say("\n%s on %s (%.1f a day; the budget is %g):", plural(len(r.Alerts), "alert"), plural(r.Counts.Days, "day"), float64(len(r.Alerts))/float64(max(r.Counts.Days, 1)), t.budget)
	for _, x := range r.Alerts[:min(len(r.Alerts), t.show)] {
		a.say("\n%d. %s, %s%s", x.Number, x.Time.In(zone).Format("Mon 2 Jan 2006 15:04"), printable(x.Who), onDevice(x.On))
		a.say("   %s", x.Says)
		for _, f := range x.Findings {
			if f.Says != x.Says {
				a.say("   - %s: %s", f.Rule, f.Says)
			}
		}
	}
	a.say("\n%s looks took %d MB of memory at most.", watch.Thousands(r.Looks), r.Memory>>20)
	if t.page != "none" {
		a.say("\nThe page to read: %s", strings.TrimPrefix(t.page, "./"))
	}
	return nil
}

func onDevice(name string) string {
	if name == "" {
		return ""
	}
	return ", device " + printable(name)
}

// sayCoverage says what explains the looks.
func (a *app) sayCoverage(r *watch.Report) {
	a.say("")
	if r.ByColleagues {
		a.say("Explained by colleagues: somebody else of the same %s saw the customer before, or the record was new.", map[bool]string{true: "branch", false: "group"}[r.GroupsBy == "branch"])
	}
	for _, m := range r.Coverage.Templates {
		a.say("Explained: %s; %.1f %% of first looks, %.1f %% of random pairs", printable(m.Says), 100*m.Support, 100*m.False)
	}
	c := r.Counts
	a.say("%s of %s first looks are explained.", percentOf(c.FirstLooks-c.Unexplained, c.FirstLooks), watch.Thousands(int(c.FirstLooks)))
}

func percentOf(n, all uint64) string {
	if all == 0 {
		return "None"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(all))
}
