package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"custody"
)

func (a *app) subjectCommand() *cobra.Command {
	var system string
	var keys []string
	var yes bool
	erase := &cobra.Command{
		Use: "erase", Short: "Forget who a ledger's number stood for",
		Long: `Take away the link from the ledger's numbers to customers: keys and salts are erased
for good. The ledger and its proofs stay whole; who-saw can no longer find these
customers. Erase them in the guarded system first, or they are named anew.`,
		Example: "  custody subject erase --system bodyshop --subject 4711",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			id, err := w.system(system)
			if err != nil {
				return err
			}
			if err := a.confirm(yes, fmt.Sprintf("Forget %s of %s for good?", plural(len(keys), "customer"), system)); err != nil {
				return err
			}
			if err := w.store.Erase(cmd.Context(), id, a.now(), keys...); err != nil {
				return err
			}
			return a.done(map[string]any{"erased": len(keys), "system": system}, "%s forgotten. A running gate forgets within a second.", plural(len(keys), "customer"))
		}),
	}
	erase.Flags().StringVar(&system, "system", "", "the `system`")
	erase.Flags().StringSliceVar(&keys, "subject", nil, "the customer's `key`; repeatable")
	erase.Flags().BoolVar(&yes, "yes", false, "do not ask")
	require(erase, "system", "subject")
	scrub := &cobra.Command{
		Use: "scrub", Short: "Finish an erasure that another program's reading held up",
		Example: "  custody subject scrub",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			if err := w.store.Scrub(cmd.Context()); err != nil {
				return err
			}
			return a.done(map[string]bool{"scrubbed": true}, "No copy of erased keys is left in custody.db.")
		}),
	}
	return group("subject", "Customers: the right to be forgotten", "  custody subject erase --system bodyshop --subject 4711", erase, a.eraseReason(), scrub)
}

func (a *app) eraseReason() *cobra.Command {
	var event uint64
	var yes bool
	c := &cobra.Command{
		Use: "erase-reason", Short: "Take away the words of a reason that somebody stated",
		Long: `Take away the words of a reason that hold what they should not: a customer's name, say.
That a reason was stated, by whom, when and for which customers stays in the ledger; it
is shown as erased wherever it was given.`,
		Example: "  custody subject erase-reason --event 4711",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			reader, err := w.reader()
			if err != nil {
				return err
			}
			defer reader.Close()
			e, found := reader.Index().Event(event)
			if !found || e.Reason == 0 {
				return custody.E(custody.CodeNotFound, fmt.Sprintf("the ledger has no event %d at which a reason was stated", event), "custody ledger who-saw --json lists events with their numbers and reasons")
			}
			if err := a.confirm(yes, fmt.Sprintf("Erase the words of the reason of event %d for good?", event)); err != nil {
				return err
			}
			if err := w.store.EraseReason(e.Reason, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"erased": event}, "The words of that reason are erased; the ledger and its proofs stay whole.")
		}),
	}
	c.Flags().Uint64Var(&event, "event", 0, "the `number` of an event of the ledger at which it was stated")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	require(c, "event")
	return c
}

// confirm asks a question on the terminal. Without one the answer must be given
// beforehand, with --yes.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return custody.E(custody.CodeInvalid, "this must be confirmed, and nobody is there to ask", "add --yes to say yes beforehand")
	}
	fmt.Fprintf(a.errw, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(a.in).ReadString('\n')
	if strings.ToLower(strings.TrimSpace(answer)) != "y" {
		return custody.E(custody.CodeForbidden, "not confirmed; nothing was done", "run it again and answer y if you mean it")
	}
	return nil
}
