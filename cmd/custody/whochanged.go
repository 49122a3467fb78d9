package main

import (
	"github.com/spf13/cobra"

	"custody"
	"custody/ledger"
)

func (a *app) whoChangedCommand() *cobra.Command {
	var system, subject string
	var p period
	var most int
	cmd := &cobra.Command{
		Use: "who-changed", Short: "Who changed one customer's data: people, times, categories, reasons",
		Long: `List every change of one customer's data through the gate, newest first: who changed
which categories, and why. A change is recorded just before it is committed; one that
the database then took back after all is followed by a refusal in the same session.
Changes made by triggers, and on the database itself, are not known here.`,
		Example: "  custody ledger who-changed --system bodyshop --subject 4711\n  custody ledger who-changed --system bodyshop --subject 4711 --since 30d --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			return w.about(system, subject, &p, most, asked{
				keep:    func(d *ledger.Disclosure) bool { return d.Kind == custody.EventChange },
				nothing: "Nobody changed this customer's data in that time.",
				columns: a.aboutColumns("CHANGED", eventRow.saw),
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
