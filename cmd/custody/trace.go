package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/accesslog"
	"custody/trace"
	"custody/trace/inquiry"
)

// traceRun is what the command line of a trace says.
type traceRun struct {
	logs, lists       []string
	mapLogs, mapLists map[string]string
	by, page, plan    string
	bad, zone         string
	monthFirst        bool
	seed              uint64
	redraws           int
	system            string
	any               bool
	lag               duration
	until, foundAt    moment
	found, key        string
	customers, copies string
	sources           []string

	place   *time.Location // of zone
	badRows *badLines
}

func (a *app) traceCommand() *cobra.Command {
	var t traceRun
	cmd := &cobra.Command{
		Use: "trace", Short: "Whose looks explain these complaints, or a file that was found?",
		Long: `Trace a leak. With --system the looks are those of the working directory's ledger and
the complaints those that were taken in (custody complaint); nothing else is needed.

Or from files, before anything is installed: the access log of any system
(who looked at which customer, when) and a list of complaints (which customer was
called by somebody who should not know them, when). Both may be CSV, a spreadsheet,
JSON, a web server's log or lines of name=value, also packed. Which column is which is
guessed and shown with some values; --map login=user_name, or login=2 for the second
column, and --map-complaints called="Date of call" correct it. Where complaints give no
customer number, --customers says whose a phone, mail address, registration or name is.

Logins and branches are weighed by a matched likelihood: a login that sees everybody
gains nothing by it, and complaints that come from elsewhere point at nobody. A login
is named only when the case is strong, far ahead of the next, and stays the same under
other assumptions; a person never is. Beside the answer a page to read is written.
--source partner:Acorn=acorn.csv adds somebody who has customers' records as a whole.

--found traces a file that turned up online: CSV, a spreadsheet, JSON or text, by keys,
phones, mail addresses and registrations. --copies lists copies that were given away, with
the canaries and pseudonyms that only each of them has.

Leave out complaints that came after customers were written to, with --until: letters
cause complaints.`,
		Example: "  custody trace --system bodyshop\n  custody trace --system bodyshop --found leak.xlsx --copies copies.csv\n  custody trace --log access.csv --complaints complaints.csv\n  custody trace --log access.csv.gz --map subject=job_customer --complaints complaints.csv --page leak.html --json",
		Args:    takes(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.trace(cmd.Context(), &t) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&t.logs, "log", nil, "an access log `file`, - for the standard input; repeatable")
	f.StringSliceVar(&t.lists, "complaints", nil, "a list of complaints as a `file`; repeatable")
	f.StringToStringVar(&t.mapLogs, "map", nil, "columns of the log: `FIELD=COLUMN` for time, login, subject, branch, device, action, outcome or born")
	f.StringToStringVar(&t.mapLists, "map-complaints", nil, "columns of the complaints: `FIELD=COLUMN` for subject, called, knew, ref, phone, email, registration or name")
	f.StringVar(&t.by, "by", "login", "what is ranked beside branches: `login` or device")
	f.StringVar(&t.plan, "plan", "", "write the planted customers of the next best test to a `file`, to be filled in for custody canary add --list")
	f.StringVar(&t.page, "page", "trace.html", "the `file` for the page; none writes no page")
	f.StringVar(&t.bad, "bad-lines", "trace-bad-lines.txt", "the `file` that lists lines which are not understood, if there are any")
	f.BoolVar(&t.monthFirst, "month-first", false, monthFirstUse)
	f.StringVar(&t.zone, "time-zone", "Europe/London", "the `zone` of times that do not say theirs")
	f.Uint64Var(&t.seed, "seed", 1, "makes the redraws repeatable: a `number`")
	f.IntVar(&t.redraws, "redraws", 999, "how `many` times complainants are redrawn for the probability of chance")
	f.StringVar(&t.system, "system", "", "trace on the ledger's events of this `system`")
	f.Var(&t.lag, "lag", "within what time after a look its calls come as a rule: a `duration` (default 30d)")
	f.BoolVar(&t.any, "any-look", false, "count looks that showed no phone, mail or postal address as well")
	f.Var(&t.until, "until", "leave out complaints of calls after this `time`: when customers were first written to")
	f.StringVar(&t.found, "found", "", "trace a `file` that was found, in place of complaints")
	f.Var(&t.foundAt, "found-at", "when the file was found: a `time`; now if not given")
	f.StringVar(&t.key, "key", "", "the `column` of the found file that holds customers' keys")
	f.StringVar(&t.customers, "customers", "", "with --log: a `file` of customers' keys, phones, mail addresses, registrations and names")
	f.StringVar(&t.copies, "copies", "", "a `file` of declared copies: copy, made, customer_id, pseudonym, canary")
	f.StringSliceVar(&t.sources, "source", nil, "somebody who holds records as a whole: `KIND:NAME=FILE`, of partner, copy, upstream or branch; repeatable")
	return cmd
}

// check says what does not fit together.
func (t *traceRun) check() error {
	switch {
	case t.system == "" && len(t.logs) == 0:
		return custody.E(custody.CodeInvalid, "--log is missing", "give an access log with --log FILE, or --system NAME to trace on the ledger")
	case t.system != "" && len(t.logs) > 0:
		return custody.E(custody.CodeInvalid, "--system and --log cannot be given together", "trace what a gate recorded with --system, or the log of a platform with --log")
	case t.found != "" && len(t.lists) > 0:
		return custody.E(custody.CodeInvalid, "--found and --complaints cannot be given together", "run the command for the complaints, and once more for the file")
	case t.system == "" && t.found == "" && len(t.lists) == 0:
		return custody.E(custody.CodeInvalid, "--complaints is missing", "give a list with --complaints FILE, or a file that was found with --found FILE")
	}
	return nil
}

// read gives an inquiry its looks and its complaints, or the file that was found.
func (a *app) read(ctx context.Context, t *traceRun, q *inquiry.Inquiry) (e *evidence, f *foundRun, err error) {
	if t.system != "" {
		if e, err = a.traceSystem(ctx, t, q); err != nil {
			return nil, nil, err
		}
		f = e.file
	} else {
		if err := readAll(t.logs, t.mapLogs, q.Log); err != nil {
			return nil, nil, err
		}
		if err := t.knowCustomers(q); err != nil {
			return nil, nil, err
		}
		if err := readAll(t.lists, t.mapLists, q.Complaints); err != nil {
			return nil, nil, err
		}
	}
	if err := readSources(q, t.sources); err != nil {
		return nil, nil, err
	}
	if t.found != "" && f == nil {
		f, err = a.foundInFiles(t, q)
	}
	return e, f, err
}

func (a *app) trace(ctx context.Context, t *traceRun) error {
	if err := t.check(); err != nil {
		return err
	}
	zone, err := time.LoadLocation(t.zone)
	if err != nil {
		return custody.E(custody.CodeInvalid, fmt.Sprintf("the time zone %q is not known", t.zone), "zones are named as in Europe/London, or UTC")
	}
	if t.by != string(inquiry.Login) && t.by != string(inquiry.Device) {
		return custody.E(custody.CodeInvalid, "--by is login or device", "leave it out to rank logins")
	}
	if t.redraws < 19 || t.redraws > 100_000 {
		return custody.E(custody.CodeInvalid, "--redraws must be from 19 to 100000", "999 is usual: its smallest probability is 0.001")
	}
	if t.place = zone; a.zone == nil {
		a.zone = zone
	}
	bad := &badLines{path: t.bad}
	t.badRows = bad
	defer bad.close()
	q := inquiry.New(zone, bad.add)
	q.By, q.MonthFirst, q.Now = inquiry.Kind(t.by), t.monthFirst, a.now()
	q.Version = version
	sums := digests(append(slices.Clone(t.logs), t.lists...))
	e, file, err := a.read(ctx, t, q)
	if err != nil {
		return err
	}
	for file, sum := range <-sums {
		q.Digest(file, sum)
	}
	answer, err := a.answer(t, q, e, file)
	if err != nil {
		return err
	}
	if t.page != "none" {
		if err := writePage(t.page, func(w io.Writer) error { return answer.WriteHTML(w, zone, a.now()) }); err != nil {
			return err
		}
	}
	if err := bad.close(); err != nil {
		return err
	}
	return a.showTrace(answer, t, bad)
}

// showTrace writes the plan of the next best test, if it is wanted, and prints the answer.
func (a *app) showTrace(answer *inquiry.Answer, t *traceRun, bad *badLines) error {
	if t.plan != "" && len(answer.Plan) > 0 {
		if err := writePage(t.plan, answer.WritePlan); err != nil {
			return err
		}
	}
	if a.json {
		return a.object(answer)
	}
	return a.printTrace(answer, t, bad)
}

// answer runs the trace.
func (a *app) answer(t *traceRun, q *inquiry.Inquiry, e *evidence, file *foundRun) (*inquiry.Answer, error) {
	o := trace.Options{Seed: t.seed, Redraws: t.redraws}
	var err error
	if t.lag.Duration > 0 {
		o.Lag = trace.LagOf(t.lag.Duration)
	}
	if o.Until, err = t.until.at(a); err != nil {
		return nil, err
	}
	if file != nil {
		return file.run(q, t, o)
	}
	answer, err := q.Run(o)
	if err == nil && e != nil {
		for _, c := range answer.Ranked[:min(len(answer.Ranked), 1)] {
			if c.Kind == inquiry.Login {
				answer.Evidence = e.about(c.Name.Name)
			}
		}
	}
	return answer, err
}

// readAll opens each file and reads it with the columns that were said.
func readAll(files []string, said map[string]string, read func(string, io.Reader, map[accesslog.Field]string) error) error {
	columns := map[accesslog.Field]string{}
	for name, column := range said {
		f, ok := accesslog.ParseField(name)
		if !ok {
			return custody.E(custody.CodeInvalid, fmt.Sprintf("no field is called %q", name), "fields are time, login, subject, branch, device, action, outcome, born, and of complaints subject, called, knew, ref, phone, email, registration, name")
		}
		columns[f] = column
	}
	for _, file := range files {
		in, err := accesslog.Open(file)
		if err != nil {
			return err
		}
		err = read(file, in, columns)
		in.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// writePage writes a file that only its owner may read: it names people and customers.
func writePage(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err == nil {
		err = write(f)
		if e := f.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: fmt.Sprintf("the page %s could not be written", path),
			Hint: "check the folder and the disk, or give --page FILE", Err: err}
	}
	return nil
}

// badLines writes the list of lines that were not understood, once there is one.
type badLines struct {
	path string
	f    *os.File
	n    int
	err  error
}

func (b *badLines) add(file string, line accesslog.Bad) {
	if b.n == 0 {
		b.f, b.err = os.OpenFile(b.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	}
	b.n++
	if b.err == nil {
		_, b.err = fmt.Fprintf(b.f, "%s:%d: %s\n", file, line.Line, line.Reason)
	}
}

// close may be called twice.
func (b *badLines) close() error {
	if b.f != nil {
		if err := b.f.Close(); b.err == nil {
			b.err = err
		}
		b.f = nil
	}
	if b.err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: "the list of lines that were not understood could not be written",
			Hint: "give --bad-lines FILE in a folder that can be written", Err: b.err}
	}
	return nil
}

// printPlan says the next best test, and who gets how many planted customers, where.
func (a *app) printPlan(r *inquiry.Answer, t *traceRun) error {
	if r.Next == "" {
		return nil
	}
	a.say("Next best test: %s", printable(r.Next))
	if len(r.Plan) == 0 {
		return nil
	}
	a.say("")
	err := list(a, r.Plan, "",
		column[inquiry.Planting]{"PLANT", func(p inquiry.Planting) string { return inquiry.Thousands(p.Customers) }, false},
		column[inquiry.Planting]{"FOR", func(p inquiry.Planting) string { return p.String() }, true},
		column[inquiry.Planting]{"WHERE", func(p inquiry.Planting) string { return p.Where }, true})
	switch {
	case err != nil:
	case t.plan != "":
		a.say("\nFill in their numbers in %s, and plant them: custody canary add --system %s --list %s", t.plan, cmp.Or(t.system, "SYSTEM"), t.plan)
	default:
		a.say("\n--plan FILE writes a line for each, to be filled in for custody canary add --list FILE.")
	}
	return err
}

// sayRead tells what was read, and what of it does not count.
func (a *app) sayRead(r *inquiry.Answer, t *traceRun, bad *badLines) {
	for _, files := range [][]inquiry.Read{r.Logs, r.Lists} {
		for _, f := range files {
			a.say("%s: %s lines read", f.File, inquiry.Thousands(f.Rows))
			for _, c := range f.Columns {
				a.say("  %s", printable(c))
			}
		}
	}
	if bad.n > 0 {
		a.say("%s not understood: see %s", plural(bad.n, "line"), t.bad)
	}
	for _, w := range r.Warnings {
		a.say("Take care: %s", printable(w))
	}
	if r.Other > 0 {
		a.say("%s found the customer by a phone, mail address, registration or name, or by a number written otherwise than in the log", plural(r.Other, "complaint"))
	}
	if r.Repeated > 0 {
		a.say("%s of a line that was there already, with the same second, login and customer; it counts once", plural(r.Repeated, "repetition"))
	}
	if r.Refused > 0 {
		a.say("%s lines say that nothing was shown and do not count", inquiry.Thousands(r.Refused))
	}
	if r.Masked > 0 {
		a.say("%s looks showed no phone, mail or postal address and do not count (--any-look counts them)", inquiry.Thousands(r.Masked))
	}
	for _, l := range r.Left {
		if t.system != "" && l.Ref != "" {
			a.say("complaint %s left out: %s", printable(l.Ref), l.Reason)
		} else {
			a.say("complaint in line %d left out: %s", l.Line, l.Reason)
		}
	}
}

func (a *app) printTrace(r *inquiry.Answer, t *traceRun, bad *badLines) error {
	a.sayRead(r, t, bad)
	if r.Found != nil {
		a.printFound(r.Found)
	}
	a.say("")
	rows := r.Ranked[:min(len(r.Ranked), 8)]
	err := list(a, rows, "Nobody in the log saw any of the complainants before they were called.",
		column[inquiry.Candidate]{"CANDIDATE", func(c inquiry.Candidate) string { return c.String() }, true},
		column[inquiry.Candidate]{"PROBABILITY", func(c inquiry.Candidate) string { return strconv.FormatFloat(c.Posterior, 'f', 3, 64) }, false},
		column[inquiry.Candidate]{"SEEN BEFORE CALL", func(c inquiry.Candidate) string { return fmt.Sprintf("%d of %d", c.Seen, r.Used) }, false},
		column[inquiry.Candidate]{"BY CHANCE", func(c inquiry.Candidate) string { return strconv.FormatFloat(c.Expected, 'f', 1, 64) }, false},
		column[inquiry.Candidate]{"CUSTOMERS", func(c inquiry.Candidate) string { return inquiry.Thousands(c.Saw) }, false},
	)
	if err != nil {
		return err
	}
	a.say("elsewhere: %.3f; as strong by chance: %.3f\n", r.Elsewhere, r.P)
	a.say("%s", printable(r.Conclusion))
	for _, line := range r.Evidence {
		a.say("  %s", printable(line))
	}
	for _, why := range r.Against {
		a.say("  - %s", why)
	}
	if r.Several != "" {
		a.say("%s", printable(r.Several))
	}
	if err := a.printPlan(r, t); err != nil {
		return err
	}
	if t.page != "none" {
		a.say("\nThe page to read: %s", strings.TrimPrefix(t.page, "./"))
	}
	return nil
}
