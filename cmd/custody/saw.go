package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"custody"
)

// shownSubjects is how many customers of one answer a table names; --json names all.
const shownSubjects = 10

func (a *app) sawCommand() *cobra.Command {
	var person string
	var p period
	cmd := &cobra.Command{
		Use: "saw", Short: "What one person saw: customers, times, categories",
		Long: `List the answers that one person was given, newest first, with the customers in
each. A table names the first ten customers of an answer; --json names all.`,
		Example: "  custody ledger saw --person alice@northfield.example --since 24h",
		Args:    takes(),
		RunE:    a.opened(func(w *workspace, _ *cobra.Command, _ []string) error { return w.saw(person, &p) }),
	}
	cmd.Flags().StringVar(&person, "person", "", "`login` of the person")
	p.flags(cmd)
	require(cmd, "person")
	return cmd
}

func (w *workspace) saw(login string, p *period) error {
	from, to, err := p.bounds(w.app)
	if err != nil {
		return err
	}
	person, err := w.person(login)
	if err != nil {
		return err
	}
	reader, names, err := w.history()
	if err != nil {
		return err
	}
	defer reader.Close()
	rows := []eventRow{}
	distinct := map[custody.SubjectID]bool{}
	for e := range reader.Index().SawBy(person.ID, from, to) {
		row := names.row(0, e, len(e.Subjects))
		for _, s := range e.Subjects {
			distinct[s] = true
			if w.json || len(row.Subjects) < shownSubjects {
				row.Subjects = append(row.Subjects, w.key(s))
			}
		}
		rows = append(rows, row)
	}
	if err := list(w.app, rows, person.Login+" was shown no customer's data in that time.", w.sawColumns()...); err != nil {
		return err
	}
	if len(rows) > 0 {
		w.say("%s in %s. * masked", plural(len(distinct), "customer"), plural(len(rows), "answer"))
	}
	return nil
}

// key is a customer's key, for the administrator's eyes.
func (w *workspace) key(id custody.SubjectID) string {
	s, err := w.store.Subject(id)
	if err != nil || s.Key == "" {
		return "(erased)"
	}
	return s.Key
}

func (a *app) sawColumns() []column[eventRow] {
	return []column[eventRow]{
		{"TIME", func(r eventRow) string { return a.local(r.Time.Time) }, false},
		{"SYSTEM", func(r eventRow) string { return r.System }, false},
		{"CUSTOMERS", customers, true},
		{"SAW", func(r eventRow) string { return changed(r) + r.saw() }, true},
		{"REASON", func(r eventRow) string { return r.Reason }, true},
		{"SESSION", func(r eventRow) string { return number(r.Session) }, false},
		{"ROUTE", func(r eventRow) string { return r.Route }, false},
	}
}

func customers(r eventRow) string {
	text := strings.Join(r.Subjects, ", ")
	if more := r.Answer - len(r.Subjects); more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	return text
}
