package main

import (
	"github.com/spf13/cobra"

	"custody/store"
)

func (a *app) canaryCommand() *cobra.Command {
	return group("canary", "Planted customers: a look at one is an alert",
		"  custody canary add --system bodyshop --subject 4711 --by lead@northfield.example\n  custody canary list", a.canaryAdd(), a.canaryList(), a.canaryWithdraw())
}

// canaryRow is a planted customer as it is printed.
type canaryRow struct {
	System    string `json:"system"`
	Subject   string `json:"subject,omitempty"` // empty once it is erased
	Note      string `json:"note,omitempty"`
	Planted   stamp  `json:"planted"`
	PlantedBy string `json:"planted_by,omitempty"`
	Withdrawn stamp  `json:"withdrawn"`
	EndedBy   string `json:"withdrawn_by,omitempty"`
}

func (a *app) canaryAdd() *cobra.Command {
	var system, note, by string
	var keys []string
	cmd := &cobra.Command{
		Use: "add", Short: "Declare planted customers; looks from now on raise alerts",
		Long: `Declare customers that you planted in a guarded system: invented people with a phone
number and an address that lead to you, and to nowhere else. Nobody has a reason to look
at one, so one look is an alert, and a call to the number says that data has left.

Plant the customer in the system first; custody serve knows new customers within a
minute. Tell nobody who works with the system which customers are planted. A running
gate hears of a canary within a second. Who planted it stays on record, and the ledger
says that somebody did, when and in which system, not which customer.`,
		Example: "  custody canary add --system bodyshop --subject 4711 --by lead@northfield.example --note 'phone on the second floor'", Args: takes(),
		RunE: func(*cobra.Command, []string) error { return a.addCanaries(system, note, by, keys) },
	}
	cmd.Flags().StringVar(&system, "system", "", "the `system`")
	cmd.Flags().StringSliceVar(&keys, "subject", nil, "the planted customer's `key`; repeatable")
	cmd.Flags().StringVar(&note, "note", "", "a few `words` for yourselves")
	byFlag(cmd, &by)
	require(cmd, "system", "subject")
	return cmd
}

func (a *app) addCanaries(system, note, by string, keys []string) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	id, err := w.system(system)
	if err != nil {
		return err
	}
	planter, err := w.actor(by)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := w.store.AddCanary(&store.Canary{System: id, Key: key, Note: note, Planted: a.now(), PlantedBy: planter}); err != nil {
			return err
		}
	}
	return a.done(map[string]any{"planted": len(keys), "system": system}, "%s of %s watched from now on.", plural(len(keys), "planted customer"), system)
}

func (a *app) canaryList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List planted customers, also those withdrawn", Example: "  custody canary list", Args: takes(),
		RunE: func(*cobra.Command, []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			found, err := w.store.Canaries()
			if err != nil {
				return err
			}
			rows := make([]canaryRow, len(found))
			for i, c := range found {
				rows[i] = canaryRow{c.Name, c.Key, c.Note, stamp{c.Planted}, c.PlantedByLogin, stamp{c.Withdrawn}, c.WithdrawnByLogin}
			}
			return list(a, rows, "No customer is planted.",
				column[canaryRow]{"SYSTEM", func(r canaryRow) string { return r.System }, true},
				column[canaryRow]{"CUSTOMER", func(r canaryRow) string { return r.Subject }, true},
				column[canaryRow]{"PLANTED", func(r canaryRow) string { return a.minute(r.Planted.Time) }, false},
				column[canaryRow]{"BY", func(r canaryRow) string { return r.PlantedBy }, true},
				column[canaryRow]{"WITHDRAWN", func(r canaryRow) string { return a.minute(r.Withdrawn.Time) }, false},
				column[canaryRow]{"NOTE", func(r canaryRow) string { return r.Note }, true})
		},
	}
}

func (a *app) canaryWithdraw() *cobra.Command {
	var system, key, by string
	cmd := &cobra.Command{
		Use: "withdraw", Short: "Watch a planted customer no longer; what was found stays",
		Long: `Watch a planted customer no longer; what was found stays, and so does who withdrew it.
Nobody withdraws one while an alert about themselves waits for its review.`,
		Example: "  custody canary withdraw --system bodyshop --subject 4711 --by lead@northfield.example", Args: takes(),
		RunE: func(*cobra.Command, []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			id, err := w.system(system)
			if err != nil {
				return err
			}
			person, err := w.actor(by)
			if err != nil {
				return err
			}
			if err := w.store.WithdrawCanary(id, key, person, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"withdrawn": key, "system": system}, "Looks at %s of %s raise nothing from now on.", key, system)
		},
	}
	cmd.Flags().StringVar(&system, "system", "", "the `system`")
	cmd.Flags().StringVar(&key, "subject", "", "the planted customer's `key`")
	byFlag(cmd, &by)
	require(cmd, "system", "subject")
	return cmd
}
