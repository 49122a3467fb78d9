package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/ledger"
)

func (a *app) whoSawCommand() *cobra.Command {
	var system, subject string
	var p period
	var most int
	cmd := &cobra.Command{
		Use: "who-saw", Short: "Who saw one customer: people, times, categories, reasons",
		Long: `List everybody who was shown or changed one customer's data, newest first, from the
ledger. A gate may be running meanwhile. SUBJECT is the customer's key in the
system. EVENT is the number by which custody ledger extract proves each line.`,
		Example: "  custody ledger who-saw --system bodyshop --subject 4711\n  custody ledger who-saw --system bodyshop --subject 4711 --since 30d --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			return w.about(system, subject, &p, most, asked{
				keep:    func(*ledger.Disclosure) bool { return true },
				nothing: "Nobody was shown this customer's data in that time.",
				columns: a.aboutColumns("SAW", func(r eventRow) string { return changed(r) + r.saw() }),
			})
		}),
	}
	cmd.Flags().StringVar(&system, "system", "", "the `system`")
	cmd.Flags().StringVar(&subject, "subject", "", "the customer's `key`")
	cmd.Flags().IntVar(&most, "limit", 0, "at most so `many`, the newest; 0 is all")
	p.flags(cmd)
	require(cmd, "system", "subject")
	return cmd
}

// asked is what is wanted of the events about a customer, and how it is shown.
type asked struct {
	keep    func(*ledger.Disclosure) bool
	nothing string
	columns []column[eventRow]
}

// about lists the events about one customer.
func (w *workspace) about(system, subject string, p *period, most int, want asked) error {
	from, to, err := p.bounds(w.app)
	if err != nil {
		return err
	}
	id, err := w.subject(system, subject)
	if err != nil {
		return err
	}
	reader, names, err := w.history()
	if err != nil {
		return err
	}
	defer reader.Close()
	rows := []eventRow{}
	for d := range reader.Index().WhoSaw(w.systems[system], id, from, to) {
		if !want.keep(&d) {
			continue
		}
		rows = append(rows, names.row(d.Number, &d.Event, d.Answer))
		if len(rows) == most {
			break
		}
	}
	if err := list(w.app, rows, want.nothing, want.columns...); err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(r eventRow) bool { return len(r.Masked) > 0 }) {
		w.say("* masked")
	}
	if len(rows) > 0 {
		w.say("Proof: custody ledger extract --system %s --subject %s --out FILE", printable(shellWord(system)), printable(shellWord(subject)))
	}
	return nil
}

// shellWord writes a word so that a shell reads it as it is.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:@/", r))
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// subject finds a customer's number by key.
func (w *workspace) subject(system, key string) (custody.SubjectID, error) {
	id, err := w.system(system)
	if err != nil {
		return 0, err
	}
	return w.store.SubjectOf(id, key)
}

// aboutColumns are those of a table about one customer; what is how the categories are
// shown.
func (a *app) aboutColumns(title string, what func(eventRow) string) []column[eventRow] {
	return []column[eventRow]{
		{"TIME", func(r eventRow) string { return a.local(r.Time.Time) }, false},
		{"WHO", func(r eventRow) string { return r.who() + " of " + r.Organisation }, true},
		{title, what, true},
		{"REASON", func(r eventRow) string { return r.Reason }, true},
		{"SESSION", func(r eventRow) string { return number(r.Session) }, false},
		{"ROUTE", func(r eventRow) string { return r.Route }, false},
		{"EVENT", func(r eventRow) string { return number(r.Event) }, false},
	}
}

func changed(r eventRow) string {
	if r.Kind == custody.EventChange.String() {
		return "changed: "
	}
	return ""
}
