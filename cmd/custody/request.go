package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/store"
)

func (a *app) requestCommand() *cobra.Command {
	return group("request", "Asking for more for a short time, and approving it",
		`  custody request new --person alice@northfield.example --system bodyshop --more 40 --until 17:00 --reason "claim 123"`,
		a.requestNew(), a.requestList(), a.requestApprove(), a.requestDecline(), a.requestWithdraw())
}

// requestFlags are those of request new.
type requestFlags struct {
	person, by, organisation, system, reason string
	more, export, see                        uint32
	categories                               categories
	until                                    moment
}

func (a *app) requestNew() *cobra.Command {
	var f requestFlags
	cmd := &cobra.Command{
		Use: "new", Short: "Ask for more customers, for one export, or for categories to see",
		Long: `Ask for a right for a short time: so many more customers than the limits let
(--more), one export of so many customers (--export), or categories of so many customers
(--see). The numbers are of people in all, until it ends: each customer of whom a
category is shown that the person's other rights do not show counts once.

A manager of the person's organisation or branch decides, who is neither the person nor
who asked; until then nothing changes.`,
		Example: `  custody request new --person alice@northfield.example --system bodyshop --more 40 --until 17:00 --reason "claim 123"
  custody request new --person alice@northfield.example --system bodyshop --see 40 --categories phone --until 17:00 --reason "claim 123"
  custody request new --person alice@northfield.example --system bodyshop --export 500 --categories name,vehicle --until 2026-12-31 --reason "recall of June"`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.newRequest(cmd, &f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.person, "person", "", "`login` of who needs it")
	flags.StringVar(&f.by, "by", "", "`login` of who asks, if it is somebody else")
	flags.StringVar(&f.organisation, "organisation", "", "`employer`, if the person has several")
	flags.StringVar(&f.system, "system", "", "in this `system`")
	flags.Uint32Var(&f.more, "more", 0, "so many customers beyond the limits, in all")
	flags.Uint32Var(&f.export, "export", 0, "one export of so many customers")
	flags.Uint32Var(&f.see, "see", 0, "categories of so many customers, in all")
	flags.Var(&f.categories, "categories", "of an export or a look")
	flags.Var(&f.until, "until", "when it ends, like 17:00 or 2026-12-31")
	flags.StringVar(&f.reason, "reason", "", "why, in a few `words`")
	require(cmd, "person", "system", "until", "reason")
	return cmd
}

// kind gives which of the wishes it is.
func (f *requestFlags) kind() (kind string, n uint32, one bool) {
	set := 0
	for _, w := range []struct {
		kind string
		n    uint32
	}{{store.AskMore, f.more}, {store.AskExport, f.export}, {store.AskSee, f.see}} {
		if w.n > 0 {
			kind, n, set = w.kind, w.n, set+1
		}
	}
	return kind, n, set == 1
}

func (a *app) newRequest(cmd *cobra.Command, f *requestFlags) error {
	kind, n, one := f.kind()
	if !one {
		return usage(cmd, "give one of --more, --export and --see, with a number of customers")
	}
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	system, err := w.system(f.system)
	if err != nil {
		return err
	}
	p, err := w.engaged(f.person)
	if err != nil {
		return err
	}
	org, err := w.employer(p, f.organisation)
	if err != nil {
		return err
	}
	r := store.Request{Kind: kind, Person: p.ID, Organisation: org, System: system, Subjects: n, Categories: f.categories.CategorySet, Reason: f.reason}
	if r.FiledBy, err = w.actor(f.by); err != nil {
		return err
	}
	if r.Until, err = f.until.at(a); err != nil {
		return err
	}
	if err := w.store.FileRequest(cmd.Context(), &r, a.now()); err != nil {
		return err
	}
	return w.sayRequest(cmd.Context(), r.ID, "Request %d is filed: %s. A manager decides.")
}

// sayRequest prints a request; the sentence has its number and what it is for.
func (w *workspace) sayRequest(ctx context.Context, id int64, sentence string) error {
	r, err := w.store.Request(ctx, id)
	if err != nil {
		return err
	}
	row := requestRowOf(r)
	return w.done(row, sentence, r.ID, row.wish()+" until "+w.minute(r.Until))
}

type requestRow struct {
	ID           int64           `json:"id"`
	State        string          `json:"state"`
	Kind         string          `json:"kind"`
	Person       string          `json:"person"`
	Organisation string          `json:"organisation"`
	Branch       string          `json:"branch,omitempty"`
	System       string          `json:"system"`
	Subjects     uint32          `json:"subjects"`
	Categories   []string        `json:"categories,omitempty"`
	Until        stamp           `json:"until"`
	Reason       string          `json:"reason"`
	Filed        stamp           `json:"filed"`
	Decided      stamp           `json:"decided,omitzero"`
	DecidedBy    string          `json:"decided_by,omitempty"`
	Note         string          `json:"note,omitempty"`
	Grant        custody.GrantID `json:"grant,omitempty"`
}

func requestRowOf(r *store.Request) requestRow {
	return requestRow{r.ID, r.State, r.Kind, r.Login, r.OrgName, r.Branch, r.SystemName, r.Subjects, r.Categories.Strings(), stamp{r.Until}, r.Reason,
		stamp{r.Filed}, stamp{r.Decided}, r.DecidedLogin, r.Note, r.Grant}
}

// wish says in words what is asked for.
func (r requestRow) wish() string {
	switch r.Kind {
	case store.AskMore:
		return fmt.Sprintf("%d more customers in %s", r.Subjects, r.System)
	case store.AskExport:
		return fmt.Sprintf("one export of %s of %d customers in %s", strings.Join(r.Categories, ", "), r.Subjects, r.System)
	}
	return fmt.Sprintf("see %s of %d customers in %s", strings.Join(r.Categories, ", "), r.Subjects, r.System)
}

func (a *app) requestList() *cobra.Command {
	var all bool
	var person, decides string
	cmd := &cobra.Command{
		Use: "list", Short: "List requests that wait, or all",
		Example: "  custody request list\n  custody request list --for bob@northfield.example\n  custody request list --person alice@northfield.example --all --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			by, err := w.actor(decides)
			if err != nil {
				return err
			}
			f := store.RequestFilter{DecidableBy: by, At: a.now(), State: store.StateOpen, Limit: 10_000}
			if all {
				f.State = ""
			}
			if person != "" {
				p, err := w.person(person)
				if err != nil {
					return err
				}
				f.Person = p.ID
			}
			return w.listRequests(cmd.Context(), f)
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "decided ones too")
	cmd.Flags().StringVar(&person, "person", "", "only those for this `login`")
	cmd.Flags().StringVar(&decides, "for", "", "only those that this `login` may decide")
	return cmd
}

func (w *workspace) listRequests(ctx context.Context, f store.RequestFilter) error {
	found, err := w.store.Requests(ctx, f)
	if err != nil {
		return err
	}
	rows := []requestRow{}
	for i := range found {
		rows = append(rows, requestRowOf(&found[i]))
	}
	return list(w.app, rows, "No requests.",
		column[requestRow]{"ID", func(r requestRow) string { return number(r.ID) }, false},
		column[requestRow]{"STATE", func(r requestRow) string { return r.State }, false},
		column[requestRow]{"PERSON", func(r requestRow) string { return r.Person }, false},
		column[requestRow]{"WISH", requestRow.wish, true},
		column[requestRow]{"UNTIL", func(r requestRow) string { return w.minute(r.Until.Time) }, false},
		column[requestRow]{"REASON", func(r requestRow) string { return r.Reason }, true},
		column[requestRow]{"BY", func(r requestRow) string { return r.DecidedBy }, true},
	)
}

func (a *app) requestApprove() *cobra.Command {
	var by, note string
	var subjects uint32
	var until moment
	cmd := &cobra.Command{
		Use: "approve ID", Short: "Give what was asked for, or less: running gates hear it within a second",
		Example: "  custody request approve 3 --by bob@northfield.example\n  custody request approve 3 --by bob@northfield.example --subjects 20 --until 15:00 --note \"for this claim\"",
		Args:    takes("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideRequest(cmd, args[0], by, func(w *workspace, id int64, actor custody.PersonID) error {
				end, err := until.at(a)
				if err != nil {
					return err
				}
				r, err := w.store.ApproveRequest(cmd.Context(), id, actor, store.Approval{Subjects: subjects, Until: end, Note: note}, a.now())
				if err != nil {
					return err
				}
				return a.done(requestRowOf(r), "Request %d is approved as grant %d.", r.ID, r.Grant)
			})
		},
	}
	byFlag(cmd, &by)
	cmd.Flags().Uint32Var(&subjects, "subjects", 0, "fewer customers than asked for")
	cmd.Flags().Var(&until, "until", "an earlier end than asked for")
	cmd.Flags().StringVar(&note, "note", "", "a few `words` for the record")
	return cmd
}

// byFlag is who decides: it must be given.
func byFlag(cmd *cobra.Command, by *string) {
	cmd.Flags().StringVar(by, "by", "", "`login` of the person who decides it")
	require(cmd, "by")
}

func (a *app) decideRequest(cmd *cobra.Command, id, by string, decide func(*workspace, int64, custody.PersonID) error) error {
	return a.numbered("custody request list", func(w *workspace, cmd *cobra.Command, id int64) error {
		actor, err := w.engaged(by)
		if err != nil {
			return err
		}
		return decide(w, id, actor.ID)
	})(cmd, []string{id})
}

func (a *app) requestDecline() *cobra.Command {
	var by, note string
	cmd := &cobra.Command{
		Use: "decline ID", Short: "Say no to a request",
		Example: "  custody request decline 3 --by bob@northfield.example --note \"ask for fewer\"",
		Args:    takes("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideRequest(cmd, args[0], by, func(w *workspace, id int64, actor custody.PersonID) error {
				if err := w.store.DeclineRequest(cmd.Context(), id, actor, note, a.now()); err != nil {
					return err
				}
				return w.sayRequest(cmd.Context(), id, "Request %d is declined: %s.")
			})
		},
	}
	byFlag(cmd, &by)
	cmd.Flags().StringVar(&note, "note", "", "a few `words` for who asked")
	return cmd
}

func (a *app) requestWithdraw() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "withdraw ID", Short: "Take a request back that waits",
		Example: "  custody request withdraw 3 --by alice@northfield.example",
		Args:    takes("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideRequest(cmd, args[0], by, func(w *workspace, id int64, actor custody.PersonID) error {
				if err := w.store.WithdrawRequest(cmd.Context(), id, actor, a.now()); err != nil {
					return err
				}
				return w.sayRequest(cmd.Context(), id, "Request %d is withdrawn: %s.")
			})
		},
	}
	byFlag(cmd, &by)
	return cmd
}
