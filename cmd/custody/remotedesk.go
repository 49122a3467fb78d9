package main

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/text/encoding/charmap"

	"custody"
	"custody/accesslog"
	"custody/console"
	"custody/trace/inquiry"
)

// remoteDeskCommands are those about managers, lists, notices, proofs and traces.
func (a *app) remoteDeskCommands() map[string]func(*cobra.Command, []string) error {
	return map[string]func(*cobra.Command, []string) error{
		"custody manager list": a.remoteManagers, "custody manager add": a.remoteAddManager, "custody manager end": a.remoteEndManager,
		"custody person enrol": a.remoteEnrol, "custody person import": a.remoteImportPeople, "custody complaint import": a.remoteImportComplaints,
		"custody notice list": a.remoteNotices, "custody notice retry": a.remoteRetryNotices, "custody notice test": a.remoteTestNotices,
		"custody ledger extract": a.remoteExtract, "custody ledger checkpoints": a.remoteSent, "custody trace": a.remoteTrace,
	}
}

func (a *app) remoteManagers(cmd *cobra.Command, _ []string) error {
	q := url.Values{}
	if text(cmd, "all") == "true" {
		q.Set("ended", "yes")
	}
	return remoteList(a, "managers", q, "There are no managers: nobody can approve a request.",
		column[console.ManagerItem]{"ID", func(m console.ManagerItem) string { return number(m.ID) }, false},
		column[console.ManagerItem]{"LOGIN", func(m console.ManagerItem) string { return m.Login }, false},
		column[console.ManagerItem]{"ORGANISATION", func(m console.ManagerItem) string { return m.Organisation }, true},
		column[console.ManagerItem]{"BRANCH", func(m console.ManagerItem) string { return orAll(m.Branch) }, true},
		column[console.ManagerItem]{"SINCE", func(m console.ManagerItem) string { return a.minute(m.Since) }, false})
}

func (a *app) remoteAddManager(cmd *cobra.Command, args []string) error {
	n := console.NewManager{Login: strings.ToLower(args[0]), Organisation: text(cmd, "organisation"), Branch: text(cmd, "branch")}
	var m console.ManagerItem
	if err := a.call(http.MethodPost, "managers", n, &m); err != nil {
		return err
	}
	return a.done(m, "%s decides about %s from now on.", m.Login, placeWords(m.Organisation, m.Branch))
}

func (a *app) remoteEndManager(cmd *cobra.Command, args []string) error {
	id, err := numberArg(cmd, args[0], "custody manager list")
	if err != nil {
		return err
	}
	if err := a.call(http.MethodPost, "managers/"+number(id)+"/end", nil, nil); err != nil {
		return err
	}
	return a.done(map[string]int64{"ended": id}, "It has ended.")
}

func (a *app) remoteEnrol(cmd *cobra.Command, args []string) error {
	login := strings.ToLower(args[0])
	var ttl time.Duration
	if d, ok := cmd.Flags().Lookup("ttl").Value.(*duration); ok {
		ttl = d.Duration
	}
	e := console.Enrolling{Confirm: console.Confirm{Login: login}, Minutes: uint32(ttl / time.Minute)}
	var c console.EnrolCode
	if err := a.call(http.MethodPost, "people/"+url.PathEscape(login)+"/enrol", e, &c); err != nil {
		return err
	}
	return a.done(enrolRow{c.Login, c.Code, c.Path, stamp{c.Expires}}, "%s sets up a sign-in at /.custody/enrol of a portal, until %s, with this code, shown once:\n  %s",
		c.Login, a.minute(c.Expires), c.Code)
}

// remoteImportPeople shows what a list would change, or has it done.
func (a *app) remoteImportPeople(cmd *cobra.Command, args []string) error {
	in := a.in
	if args[0] != "-" {
		f, err := openList(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	csv, err := listText(in)
	if err != nil {
		return err
	}
	sure := text(cmd, "yes") == "true"
	var done console.PeopleChanges
	if err := a.call(http.MethodPost, "people/import", console.PeopleFile{CSV: csv, Sure: sure}, &done); err != nil {
		return err
	}
	rows := make([]importRow, len(done.Changes))
	for i, c := range done.Changes {
		rows[i] = importRow{c.Line, c.Login, c.Change, c.Organisation, c.Branch, c.Roles, stamp{c.At}, stamp{c.End}, c.Ended, c.Error, c.Hint}
		if c.Change == "" {
			rows[i].Change = "-"
		}
	}
	return a.sayImport(rows, done.Wrong, done.Unchanged, sure)
}

// maxSent is the longest list that is sent, in bytes.
const maxSent = 3 << 20

// listText reads a list for sending; spreadsheets of Windows write Windows-1252.
func listText(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSent+1))
	if err != nil {
		return "", asUnavailable(err)
	}
	if len(b) > maxSent {
		return "", custody.E(custody.CodeTooLarge, "the list is longer than 3 MiB", "split it, or import it where the server runs")
	}
	if !utf8.Valid(b) {
		if b, err = charmap.Windows1252.NewDecoder().Bytes(b); err != nil {
			return "", custody.E(custody.CodeInvalid, "the list is not a text file", "save it as CSV UTF-8")
		}
	}
	return string(b), nil
}

func (a *app) remoteImportComplaints(cmd *cobra.Command, args []string) error {
	in, err := accesslog.Open(args[0])
	if err != nil {
		return err
	}
	defer in.Close()
	csv, err := listText(in)
	if err != nil {
		return err
	}
	var taken console.ListTaken
	if err := a.call(http.MethodPost, "complaints/import", console.ComplaintsFile{CSV: csv}, &taken); err != nil {
		return err
	}
	bad := &badLines{path: text(cmd, "bad-lines")}
	for _, b := range taken.Bad {
		bad.add(args[0], accesslog.Bad{Line: b.Line, Reason: b.Why})
	}
	if err := bad.close(); err != nil {
		return err
	}
	if a.json {
		return a.object(map[string]any{"taken": taken.Taken, "known_before": taken.Known, "bad_lines": taken.BadLines, "columns": taken.Columns})
	}
	if taken.BadLines > 0 {
		a.say("%s not understood: see %s", plural(taken.BadLines, "line"), bad.path)
	}
	a.say("%s taken; %d were known before.", plural(taken.Taken, "complaint"), taken.Known)
	return nil
}

func (a *app) remoteNotices(cmd *cobra.Command, _ []string) error {
	q := url.Values{}
	if text(cmd, "failed") == "true" {
		q.Set("failed", "yes")
	}
	rows, err := remoteItems[console.DeliveryItem](a, "notices", q)
	if err != nil {
		return err
	}
	if most, err := strconv.Atoi(text(cmd, "limit")); err == nil && most > 0 {
		rows = rows[:min(len(rows), most)]
	}
	return list(a, rows, "There is nothing to show.",
		column[console.DeliveryItem]{"NO", func(d console.DeliveryItem) string { return number(d.ID) }, false},
		column[console.DeliveryItem]{"TIME", func(d console.DeliveryItem) string { return a.minute(d.Time) }, false},
		column[console.DeliveryItem]{"KIND", func(d console.DeliveryItem) string { return d.Kind }, false},
		column[console.DeliveryItem]{"SUBJECT", func(d console.DeliveryItem) string { return d.Subject }, true},
		column[console.DeliveryItem]{"TO", func(d console.DeliveryItem) string { return strings.TrimSpace(d.Channel + " " + d.Address) }, true},
		column[console.DeliveryItem]{"STATE", func(d console.DeliveryItem) string { return strings.TrimSuffix(d.State+": "+d.Why, ": ") }, true})
}

func (a *app) remoteRetryNotices(cmd *cobra.Command, args []string) error {
	path := "notices/retry"
	if len(args) == 1 {
		id, err := numberArg(cmd, args[0], "custody notice list")
		if err != nil {
			return err
		}
		path = "notices/" + number(id) + "/retry"
	}
	var n console.Counted
	if err := a.call(http.MethodPost, path, nil, &n); err != nil {
		return err
	}
	return a.done(map[string]int{"retried": n.Count}, "%d deliveries are due now; the running gate sends them.", n.Count)
}

func (a *app) remoteTestNotices(*cobra.Command, []string) error {
	var n console.Counted
	if err := a.call(http.MethodPost, "notices/test", nil, &n); err != nil {
		return err
	}
	return a.done(map[string]int{"channels": n.Count}, "It is in the outbox for %s. custody notice list tells what becomes of it.", plural(n.Count, "channel"))
}

// remoteExtract writes a proof: of a customer, which is a look with a reason, or of what
// a person saw.
func (a *app) remoteExtract(cmd *cobra.Command, _ []string) error {
	who := console.WhoWhen{Who: console.Who{System: text(cmd, "system"), Key: text(cmd, "subject"), Reason: text(cmd, "reason")}}
	person := text(cmd, "person")
	if (who.Key == "") == (person == "") || (who.Key != "") != (who.System != "") {
		return usage(cmd, "give either --system and --subject, or --person")
	}
	var err error
	if who.Since, who.Until, err = a.remotePeriod(cmd); err != nil {
		return err
	}
	method, path, body := http.MethodPost, "customers/extract", any(who)
	switch {
	case person != "" && !(who.Since.IsZero() && who.Until.IsZero()):
		return custody.E(custody.CodeUnsupported, "through --server the proof of a person is of all time", "leave the period out, or run it where the server runs")
	case person != "":
		method, path, body = http.MethodGet, "people/"+url.PathEscape(strings.ToLower(person))+"/extract", nil
	case who.Reason == "":
		return usage(cmd, "--reason is missing: the look is recorded under the token's person")
	}
	return a.toFile(text(cmd, "out"), func(w io.Writer) error { return a.download(method, path, body, w) })
}

func (a *app) remoteSent(cmd *cobra.Command, _ []string) error {
	rows, err := remoteItems[console.SentItem](a, "ledger/sent", nil)
	if err != nil {
		return err
	}
	if most, err := strconv.Atoi(text(cmd, "limit")); err == nil && most > 0 {
		rows = rows[:min(len(rows), most)]
	}
	return list(a, rows, "No checkpoint was sent outside: ledger.send in custody.yaml says who keeps them.",
		column[console.SentItem]{"MADE", func(s console.SentItem) string { return a.minute(s.Made) }, false},
		column[console.SentItem]{"FRAMES", func(s console.SentItem) string { return number(s.Frames) }, false},
		column[console.SentItem]{"WHERE", func(s console.SentItem) string { return s.To }, true},
		column[console.SentItem]{"STATE", func(s console.SentItem) string { return strings.TrimSuffix(s.State+": "+s.Why, ": ") }, true})
}

// traceFlags are the flags of a trace that say something through --server; the others
// tune it where the ledger is.
var traceFlags = []string{"system", "page", "plan", "json", "server", "token-file", "server-ca", "dir", "time-zone"}

// remoteTrace has a system's complaints traced there and waits for the answer.
func (a *app) remoteTrace(cmd *cobra.Command, _ []string) error {
	if err := onlyFlags(cmd, traceFlags); err != nil {
		return err
	}
	system := text(cmd, "system")
	var run console.TraceItem
	if err := a.call(http.MethodPost, "traces", console.NewTrace{System: system}, &run); err != nil {
		return err
	}
	for run.Running {
		select {
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		case <-time.After(250 * time.Millisecond):
		}
		all, err := remoteItems[console.TraceItem](a, "traces", nil)
		if err != nil {
			return err
		}
		run.Running = false
		for _, t := range all {
			if t.System == system {
				run = t
			}
		}
	}
	if run.Trouble != "" {
		return custody.E(custody.CodeUnavailable, "the trace could not be finished: "+run.Trouble, "the server's log says more")
	}
	at := "traces/" + url.PathEscape(system)
	var answer inquiry.Answer
	if err := a.call(http.MethodGet, at, nil, &answer); err != nil {
		return err
	}
	t := &traceRun{system: system, page: text(cmd, "page"), plan: text(cmd, "plan")}
	if t.page != "none" {
		if err := writePage(t.page, func(w io.Writer) error { return a.download(http.MethodGet, at+"/report", nil, w) }); err != nil {
			var known *custody.Error
			if errors.As(errors.Unwrap(err), &known) {
				return known
			}
			return err
		}
	}
	return a.showTrace(&answer, t, &badLines{})
}

// onlyFlags refuses flags that would say nothing through --server.
func onlyFlags(cmd *cobra.Command, known []string) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains(known, f.Name) && err == nil {
			err = custody.E(custody.CodeUnsupported, "--"+f.Name+" says nothing through --server", "leave it out, or run it where the server runs")
		}
	})
	return err
}
