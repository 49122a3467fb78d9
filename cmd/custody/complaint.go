package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/accesslog"
	"custody/config"
	"custody/site"
	"custody/trace/intake"
)

func (a *app) complaintCommand() *cobra.Command {
	return group("complaint", "Complaints: take them, acknowledge them in time",
		"  custody complaint add --phone \"07700 900123\" --called \"2026-05-30 18:10\" --knew \"my accident\"\n  custody complaint import complaints.csv\n  custody complaint list --open",
		a.complaintAddCommand(), a.complaintImportCommand(), a.complaintListCommand(), a.complaintShowCommand(), a.complaintAcknowledgeCommand(),
		a.complaintStep("close", "Note that the outcome was told to whoever complained", "told", (*intake.Service).Close),
		a.complaintEraseCommand(), a.complaintMatchCommand())
}

// atDesk makes what a command does with the working directory and the desk for complaints
// open.
func (a *app) atDesk(run func(w *workspace, desk *intake.Service, cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
		desk, err := w.intake()
		if err != nil {
			return err
		}
		return run(w, desk, cmd, args)
	})
}

func (a *app) complaintAddCommand() *cobra.Command {
	var c intake.Complaint
	var received, called moment
	cmd := &cobra.Command{
		Use: "add", Short: "Take a complaint from somebody on the phone or at the desk",
		Long: `Take a complaint. It gets a reference and the date by which it must be acknowledged: 30
days after its receipt. What it says is stored sealed. Customers are looked for behind
the scenes; the answer never shows whether a system has them. The same complaint given
again changes nothing.`,
		Example: "  custody complaint add --name \"Oliver Turner\" --answer oliver@post.example --phone \"07700 900123\" --called \"2026-05-30 18:10\" --knew \"my accident in March\"",
		Args:    takes(),
		RunE: a.atDesk(func(w *workspace, desk *intake.Service, cmd *cobra.Command, _ []string) error {
			return w.complaintAdd(cmd.Context(), desk, &c, received, called)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&c.Body.Name, "name", "", "who complains: a `name`")
	f.StringVar(&c.Body.Answer, "answer", "", "where to send the answer: an `address`")
	f.StringVar(&c.Body.Phone, "phone", "", "the `number` that was called")
	f.StringVar(&c.Body.Email, "email", "", "a mail `address` of the complainant")
	f.StringVar(&c.Body.Vehicle, "vehicle", "", "a `registration`")
	f.StringVar(&c.Body.Key, "customer", "", "the customer's `key`, if it is known")
	f.StringVar(&c.Body.System, "system", "", "the `system` of the key")
	f.StringVar(&c.Body.Caller, "caller", "", "the `number` that the caller showed")
	f.StringVar(&c.Body.Claimed, "claimed", "", "`who` the caller said to be")
	f.StringVar(&c.Body.Knew, "knew", "", "`what` the caller knew: my accident, my car, my name, or nothing")
	f.StringVar(&c.Body.Words, "words", "", "what happened, in the complainant's `words`")
	f.StringVar(&c.Body.Ref, "ref", "", "the `reference` of whoever passed it on")
	f.Var(&called, "called", "when the unwanted call was: a `time`")
	f.Var(&received, "received", "when the complaint was received: a `time`; now if not given")
	return cmd
}

func (w *workspace) complaintAdd(ctx context.Context, desk *intake.Service, c *intake.Complaint, received, called moment) error {
	var err error
	if c.Received, err = received.at(w.app); err != nil {
		return err
	}
	if c.Called, err = called.at(w.app); err != nil {
		return err
	}
	c.Way = intake.Command
	fresh, err := desk.Add(ctx, c)
	if err != nil {
		return err
	}
	if !fresh {
		return w.done(row(c, w.now()), "This complaint was taken before, on %s, as %s. Nothing was added.", w.minute(c.Received), c.Reference)
	}
	return w.done(row(c, w.now()), "Taken as %s. To be acknowledged by %s: custody complaint acknowledge %s", c.Reference, w.minute(c.Due), c.Reference)
}

// complaintRow is a complaint for programs and in lists: without what it says.
type complaintRow struct {
	Reference    string `json:"reference"`
	Way          string `json:"way"`
	Received     stamp  `json:"received"`
	Due          stamp  `json:"acknowledge_by"`
	Acknowledged stamp  `json:"acknowledged,omitzero"`
	Closed       stamp  `json:"closed,omitzero"`
	Called       stamp  `json:"called,omitzero"`
	Knew         string `json:"knew"`
	Overdue      bool   `json:"overdue"`
	Suspect      bool   `json:"suspect"`
	Erased       stamp  `json:"erased,omitzero"`
}

func row(c *intake.Complaint, now time.Time) complaintRow {
	return complaintRow{c.Reference, string(c.Way), stamp{c.Received}, stamp{c.Due}, stamp{c.Acknowledged}, stamp{c.Closed}, stamp{c.Called},
		c.Knew.String(), c.Overdue(now), c.Suspect, stamp{c.Erased}}
}

// state says in a word where a complaint stands.
func (r complaintRow) state() string {
	switch {
	case !r.Erased.IsZero():
		return "erased"
	case !r.Closed.IsZero():
		return "closed"
	case !r.Acknowledged.IsZero():
		return "acknowledged"
	case r.Overdue:
		return "OVERDUE"
	case r.Suspect:
		return "open, suspect"
	}
	return "open"
}

func (a *app) complaintListCommand() *cobra.Command {
	var open bool
	var p period
	cmd := &cobra.Command{
		Use: "list", Short: "List complaints and the dates by which they must be acknowledged",
		Long: `List complaints by receipt, with the date by which each must be acknowledged. What they
say is shown by custody complaint show, one at a time.`,
		Example: "  custody complaint list\n  custody complaint list --open --json",
		Args:    takes(),
		RunE: a.atDesk(func(w *workspace, desk *intake.Service, _ *cobra.Command, _ []string) error {
			return w.complaintTable(desk, open, &p)
		}),
	}
	cmd.Flags().BoolVar(&open, "open", false, "only those that are not acknowledged")
	p.flags(cmd)
	return cmd
}

func (w *workspace) complaintTable(desk *intake.Service, open bool, p *period) error {
	from, to, err := p.bounds(w.app)
	if err != nil {
		return err
	}
	all, err := desk.List(intake.Filter{Open: open, From: from, To: to})
	if err != nil {
		return err
	}
	rows := make([]complaintRow, len(all))
	for i := range all {
		rows[i] = row(&all[i], w.now())
	}
	slices.SortStableFunc(rows, func(x, y complaintRow) int { return cmp.Compare(b2i(y.Overdue), b2i(x.Overdue)) })
	return list(w.app, rows, map[bool]string{false: "There are no complaints.", true: "No complaint is open."}[open],
		column[complaintRow]{"REFERENCE", func(r complaintRow) string { return r.Reference }, false},
		column[complaintRow]{"STATE", complaintRow.state, false},
		column[complaintRow]{"ACKNOWLEDGE BY", func(r complaintRow) string { return w.minute(r.Due.Time) }, false},
		column[complaintRow]{"RECEIVED", func(r complaintRow) string { return w.minute(r.Received.Time) }, false},
		column[complaintRow]{"CALLED", func(r complaintRow) string { return w.minute(r.Called.Time) }, false},
		column[complaintRow]{"CALLER KNEW", func(r complaintRow) string { return r.Knew }, false},
		column[complaintRow]{"CAME BY", func(r complaintRow) string { return r.Way }, false})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (a *app) complaintShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show REFERENCE", Short: "Show what a complaint says", Example: "  custody complaint show C-7KQ2M-4RTYA", Args: takes("REFERENCE"),
		RunE: a.atDesk(func(w *workspace, desk *intake.Service, _ *cobra.Command, args []string) error {
			c, err := desk.Get(args[0])
			if err != nil {
				return err
			}
			r := row(c, a.now())
			if a.json {
				return a.object(struct {
					complaintRow
					Body intake.Body `json:"body"`
				}{r, c.Body})
			}
			a.say("%s: %s, received %s by %s; acknowledge by %s", c.Reference, r.state(), a.minute(c.Received), c.Way, a.minute(c.Due))
			for _, line := range [][2]string{{"name", c.Body.Name}, {"answer to", c.Body.Answer}, {"phone", c.Body.Phone}, {"email", c.Body.Email}, {"vehicle", c.Body.Vehicle},
				{"customer", strings.TrimSpace(c.Body.Key + " " + c.Body.System)}, {"called", a.minute(c.Called)}, {"caller", c.Body.Caller}, {"said to be", c.Body.Claimed},
				{"knew", c.Body.Knew}, {"words", c.Body.Words}, {"their ref", c.Body.Ref}} {
				if line[1] != "" {
					a.say("  %-10s %s", line[0], printable(line[1]))
				}
			}
			return nil
		}),
	}
}

func (a *app) complaintAcknowledgeCommand() *cobra.Command {
	var draft bool
	cmd := &cobra.Command{
		Use: "acknowledge REFERENCE", Short: "Print the letter of acknowledgement, and note that it is sent",
		Long: `Print the letter that acknowledges a complaint and note that it was sent now. With
--draft nothing is noted. Read the letter before it goes: the text is a draft and no legal
advice. The time for it is 30 days from the receipt (Data Protection Act 2018, s.164A).`,
		Example: "  custody complaint acknowledge C-7KQ2M-4RTYA --draft\n  custody complaint acknowledge C-7KQ2M-4RTYA > letter.txt",
		Args:    takes("REFERENCE"),
		RunE: a.atDesk(func(w *workspace, desk *intake.Service, cmd *cobra.Command, args []string) error {
			c, err := desk.Get(args[0])
			if err == nil && c.Erased.IsZero() && !draft {
				c, err = desk.Acknowledge(cmd.Context(), c.Reference)
			}
			if err != nil {
				return err
			}
			if !c.Erased.IsZero() {
				return custody.E(custody.CodeNotFound, "the complaint was erased", "nothing of it is left to answer")
			}
			letter := desk.Letter(c, intake.Controller{Name: w.config.Complaints.Controller, Contact: w.config.Complaints.Contact})
			return a.done(struct {
				complaintRow
				Letter string `json:"letter"`
			}{row(c, a.now()), letter}, "%s", strings.TrimRight(letter, "\n"))
		}),
	}
	cmd.Flags().BoolVar(&draft, "draft", false, "print the letter only")
	return cmd
}

// complaintStep makes a command that moves a complaint on.
func (a *app) complaintStep(use, short, done string, step func(*intake.Service, context.Context, string) (*intake.Complaint, error)) *cobra.Command {
	return &cobra.Command{
		Use: use + " REFERENCE", Short: short, Example: "  custody complaint " + use + " C-7KQ2M-4RTYA", Args: takes("REFERENCE"),
		RunE: a.atDesk(func(w *workspace, desk *intake.Service, cmd *cobra.Command, args []string) error {
			c, err := step(desk, cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.done(row(c, a.now()), "%s: %s.", c.Reference, done)
		}),
	}
}

func (a *app) complaintEraseCommand() *cobra.Command {
	var yes bool
	cmd := a.complaintStep("erase", "Take what a complaint says away, for good", "what it said is erased; its reference and dates stay", (*intake.Service).Erase)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := a.confirm(yes, "Erase what this complaint says for good?"); err != nil {
			return err
		}
		return run(cmd, args)
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) complaintMatchCommand() *cobra.Command {
	var again bool
	cmd := &cobra.Command{
		Use: "match", Short: "Look for the customers of complaints now; a running gate does it by itself",
		Long: `Look for the customers of complaints in the guarded systems. A running gate does so
within a second of a complaint, and custody trace before it traces. Nothing is shown of
what is found: the trace uses it.`,
		Example: "  custody complaint match\n  custody complaint match --again", Args: takes(),
		RunE: a.atDesk(func(w *workspace, desk *intake.Service, cmd *cobra.Command, _ []string) error {
			if err := w.matchComplaints(cmd.Context(), desk, again); err != nil {
				return err
			}
			return a.done(map[string]bool{"matched": true}, "Done.")
		}),
	}
	cmd.Flags().BoolVar(&again, "again", false, "for all complaints: customers may be new")
	return cmd
}

func (a *app) complaintImportCommand() *cobra.Command {
	var bad string
	var monthFirst bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Take a list of complaints that came by mail: CSV, a spreadsheet",
		Long: `Take a list of complaints, as custody trace --complaints reads them: a table (CSV, a
spreadsheet) or JSON. Columns are known by their names: received, called, name, answer,
phone, email, registration, customer, caller, claimed, knew, what happened, reference. At
least one says whose data it is about. Lines that are not understood are listed with their
numbers; the others are taken. A list that is imported twice adds nothing the second time.`,
		Example: "  custody complaint import complaints.csv", Args: takes("FILE"),
		RunE: a.atDesk(func(w *workspace, desk *intake.Service, cmd *cobra.Command, args []string) error {
			return w.complaintImport(cmd.Context(), desk, args[0], bad, monthFirst)
		}),
	}
	cmd.Flags().BoolVar(&monthFirst, "month-first", false, monthFirstUse)
	cmd.Flags().StringVar(&bad, "bad-lines", "complaints-bad-lines.txt", "the `file` that lists lines which are not understood, if there are any")
	return cmd
}

func (w *workspace) complaintImport(ctx context.Context, desk *intake.Service, file, badFile string, monthFirst bool) error {
	in, err := accesslog.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	bad := &badLines{path: badFile}
	defer bad.close()
	taken, known := 0, 0
	report, err := intake.ReadList(in, accesslog.Options{Zone: w.config.Zone(), MonthFirst: monthFirst, Bad: func(b accesslog.Bad) { bad.add(file, b) }}, func(c *intake.Complaint) error {
		fresh, err := desk.Add(ctx, c)
		switch {
		case err != nil:
		case fresh:
			taken++
		default:
			known++
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := bad.close(); err != nil {
		return err
	}
	if w.json {
		return w.object(map[string]any{"taken": taken, "known_before": known, "bad_lines": bad.n, "columns": intake.Columns(report)})
	}
	for _, line := range intake.Lines(report) {
		w.say("  %s", printable(line))
	}
	if bad.n > 0 {
		w.say("%s not understood: see %s", plural(bad.n, "line"), badFile)
	}
	w.say("%s taken; %d were known before.", plural(taken, "complaint"), known)
	return nil
}

// complaintsDesk says how the site takes complaints.
func (w *workspace) complaintsDesk() site.Complaints {
	c := &w.config.Complaints
	return site.Complaints{Controller: intake.Controller{Name: c.Controller, Contact: c.Contact}, PerHour: c.PerHour, TLS: c.TLS == config.On}
}
