package main

import (
	"github.com/spf13/cobra"

	"custody"
	"custody/store"
	"custody/trace/inquiry"
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
	Meant     string `json:"for,omitempty"` // the candidate of a trace to whom alone it is shown
	Planted   stamp  `json:"planted"`
	PlantedBy string `json:"planted_by,omitempty"`
	Withdrawn stamp  `json:"withdrawn"`
	EndedBy   string `json:"withdrawn_by,omitempty"`
}

func (a *app) canaryAdd() *cobra.Command {
	var system, note, by, meant, file string
	var keys []string
	cmd := &cobra.Command{
		Use: "add", Short: "Declare planted customers; looks from now on raise alerts",
		Long: `Declare customers that you planted in a guarded system: invented people with a phone
number and an address that lead to you, and to nowhere else. Nobody has a reason to look
at one, so one look is an alert, and a call to the number says that data has left.

Plant the customer in the system first; custody serve knows new customers within a
minute. Tell nobody who works with the system which customers are planted. A running
gate hears of a canary within a second. Who planted it stays on record, and the ledger
says that somebody did, when and in which system, not which customer.

For the next best test of a trace, --for says to which candidate alone the customers are
shown: its own looks raise nothing then, a look by anybody else does, and so does a call.
--list plants what custody trace --plan wrote, once the customers' numbers are filled in:
all of them or none; lines without a number are passed over.`,
		Example: "  custody canary add --system bodyshop --subject 4711 --by lead@northfield.example --note 'phone on the second floor'\n" +
			"  custody canary add --system bodyshop --list plan.csv --by lead@northfield.example", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, empty, err := plantings(cmd, keys, meant, file)
			if err != nil {
				return err
			}
			return a.addCanaries(system, note, by, list, empty)
		},
	}
	cmd.Flags().StringVar(&system, "system", "", "the `system`")
	cmd.Flags().StringSliceVar(&keys, "subject", nil, "the planted customer's `key`; repeatable")
	cmd.Flags().StringVar(&meant, "for", "", "the `candidate` of a trace to whom alone it is shown, as in 'login alice@northfield.example'")
	cmd.Flags().StringVar(&file, "list", "", "a `file` with the columns subject and for, as custody trace --plan writes it")
	cmd.Flags().StringVar(&note, "note", "", "a few `words` for yourselves")
	byFlag(cmd, &by)
	require(cmd, "system")
	return cmd
}

// plantings are the customers that a command line plants: its own, or those of a list.
func plantings(cmd *cobra.Command, keys []string, meant, file string) (list []inquiry.ToPlant, empty int, err error) {
	if (file == "") == (len(keys) == 0) || file != "" && meant != "" {
		return nil, 0, usage(cmd, "give either --subject, or --list")
	}
	for _, key := range keys {
		list = append(list, inquiry.ToPlant{Key: key, Meant: meant})
	}
	if file != "" {
		f, err := openList(file)
		if err != nil {
			return nil, 0, err
		}
		defer f.Close()
		if list, empty, err = inquiry.ReadPlan(f); err != nil {
			return nil, 0, err
		}
	}
	if len(list) == 0 {
		return nil, 0, custody.E(custody.CodeInvalid, "no line of the list has a customer's number", "make the customers in the system, and fill in the column subject")
	}
	return list, empty, nil
}

func (a *app) addCanaries(system, note, by string, list []inquiry.ToPlant, empty int) error {
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
	planted := make([]*store.Canary, len(list))
	for i, p := range list {
		planted[i] = &store.Canary{System: id, Key: p.Key, Meant: p.Meant, Note: note, Planted: a.now(), PlantedBy: planter}
	}
	if err := w.store.AddCanaries(planted); err != nil {
		return err
	}
	return a.sayPlanted(system, len(list), empty)
}

func (a *app) sayPlanted(system string, n, empty int) error {
	if empty > 0 && !a.json {
		a.say("%s without a number passed over.", plural(empty, "line"))
	}
	return a.done(map[string]any{"planted": n, "system": system, "without_number": empty}, "%s of %s watched from now on.", plural(n, "planted customer"), system)
}

func (a *app) canaryList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List planted customers, also those withdrawn", Example: "  custody canary list", Args: takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			found, err := w.store.Canaries()
			if err != nil {
				return err
			}
			rows := make([]canaryRow, len(found))
			for i, c := range found {
				rows[i] = canaryRow{c.Name, c.Key, c.Note, c.Meant, stamp{c.Planted}, c.PlantedByLogin, stamp{c.Withdrawn}, c.WithdrawnByLogin}
			}
			return a.listCanaries(rows)
		}),
	}
}

func (a *app) listCanaries(rows []canaryRow) error {
	return list(a, rows, "No customer is planted.",
		column[canaryRow]{"SYSTEM", func(r canaryRow) string { return r.System }, true},
		column[canaryRow]{"CUSTOMER", func(r canaryRow) string { return r.Subject }, true},
		column[canaryRow]{"PLANTED", func(r canaryRow) string { return a.minute(r.Planted.Time) }, false},
		column[canaryRow]{"BY", func(r canaryRow) string { return r.PlantedBy }, true},
		column[canaryRow]{"WITHDRAWN", func(r canaryRow) string { return a.minute(r.Withdrawn.Time) }, false},
		column[canaryRow]{"FOR", func(r canaryRow) string { return r.Meant }, true},
		column[canaryRow]{"NOTE", func(r canaryRow) string { return r.Note }, true})
}

func (a *app) canaryWithdraw() *cobra.Command {
	var system, key, by string
	cmd := &cobra.Command{
		Use: "withdraw", Short: "Watch a planted customer no longer; what was found stays",
		Long: `Watch a planted customer no longer; what was found stays, and so does who withdrew it.
Nobody withdraws one while an alert about themselves waits for its review.`,
		Example: "  custody canary withdraw --system bodyshop --subject 4711 --by lead@northfield.example", Args: takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
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
			return a.sayWithdrawn(system, key)
		}),
	}
	cmd.Flags().StringVar(&system, "system", "", "the `system`")
	cmd.Flags().StringVar(&key, "subject", "", "the planted customer's `key`")
	byFlag(cmd, &by)
	require(cmd, "system", "subject")
	return cmd
}

func (a *app) sayWithdrawn(system, key string) error {
	return a.done(map[string]any{"withdrawn": key, "system": system}, "Looks at %s of %s raise nothing from now on.", printable(key), system)
}
