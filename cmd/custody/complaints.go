package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"custody/ledger"
)

func (a *app) complaintsCommand() *cobra.Command {
	var system string
	var subjects []string
	cmd := &cobra.Command{
		Use: "complaints", Short: "Who saw the customers who complain",
		Long: `List everybody who saw at least one of the customers who complain, those first who saw
most of them before they noticed something, and among these those who saw fewest
customers in all: a person who saw few and most of these did not see them by chance.
It names logins, not culprits. A time after @ says when the customer noticed.`,
		Example: "  custody ledger complaints --system bodyshop --subject 4711@2026-05-02 --subject 912@2026-05-03 --subject 3050",
		Args:    takes(),
		RunE:    a.opened(func(w *workspace, _ *cobra.Command, _ []string) error { return w.complaints(system, subjects) }),
	}
	cmd.Flags().StringVar(&system, "system", "", "the `system`")
	cmd.Flags().StringSliceVar(&subjects, "subject", nil, "a customer's `key`, or key@time; repeatable")
	require(cmd, "system", "subject")
	return cmd
}

// overlapRow is one line of the answer.
type overlapRow struct {
	Person       string `json:"person,omitempty"`
	Name         string `json:"name,omitempty"`
	Application  string `json:"application,omitempty"`
	Before       int    `json:"seen_before_complaint"`
	Complainants int    `json:"complainants_seen"`
	Of           int    `json:"complainants"`
	Subjects     int    `json:"subjects_seen"`
}

func (w *workspace) complaints(system string, subjects []string) error {
	list, err := w.complaintList(system, subjects)
	if err != nil {
		return err
	}
	reader, names, err := w.history()
	if err != nil {
		return err
	}
	defer reader.Close()
	rows := []overlapRow{}
	for _, o := range reader.Index().Overlap(list) {
		rows = append(rows, overlapRow{
			Person: names.people[o.Person][0], Name: names.people[o.Person][1], Application: names.applications[o.Application],
			Before: o.Before, Complainants: o.Complainants, Of: len(list), Subjects: o.Subjects,
		})
	}
	return printOverlap(w.app, rows)
}

// complaintList reads key or key@time. A key that holds an @ itself is written with
// a time.
func (w *workspace) complaintList(system string, subjects []string) ([]ledger.Complaint, error) {
	list := make([]ledger.Complaint, 0, len(subjects))
	for _, text := range subjects {
		var c ledger.Complaint
		key := text
		if i := strings.LastIndexByte(text, '@'); i >= 0 {
			at, err := moment(text[i+1:]).at(w.app)
			if err != nil {
				return nil, err
			}
			key, c.Time = text[:i], at
		}
		var err error
		if c.Subject, err = w.subject(system, key); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func printOverlap(a *app, rows []overlapRow) error {
	of := func(n func(overlapRow) int) func(overlapRow) string {
		return func(r overlapRow) string { return strconv.Itoa(n(r)) + " of " + strconv.Itoa(r.Of) }
	}
	return list(a, rows, "Nobody was shown any of these customers' data.",
		column[overlapRow]{"WHO", func(r overlapRow) string { return eventRow{Person: r.Person, Application: r.Application}.who() }, true},
		column[overlapRow]{"BEFORE", of(func(r overlapRow) int { return r.Before }), false},
		column[overlapRow]{"EVER", of(func(r overlapRow) int { return r.Complainants }), false},
		column[overlapRow]{"CUSTOMERS SEEN", func(r overlapRow) string { return strconv.Itoa(r.Subjects) }, false},
	)
}
