package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/store"
)

func (a *app) breakGlassCommand() *cobra.Command {
	return group("break-glass", "Emergency access: at once, short, and reviewed by somebody else",
		`  custody break-glass use --person dora@northfield.example --system bodyshop --reason "recall: warn the owners tonight"`,
		a.breakGlassUse(), a.breakGlassList(), a.breakGlassReview())
}

func (a *app) breakGlassUse() *cobra.Command {
	var person, system, organisation, reason string
	cmd := &cobra.Command{
		Use: "use", Short: "Take emergency access, now, without anybody's leave",
		Long: `Take emergency access to a system, as break_glass of custody.yaml says: who may, which
categories, how many customers, for how long. Managers are told at once. The person's
next use waits until somebody else has reviewed this one.`,
		Example: `  custody break-glass use --person dora@northfield.example --system bodyshop --reason "recall: warn the owners tonight"`,
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			id, err := w.system(system)
			if err != nil {
				return err
			}
			p, err := w.engaged(person)
			if err != nil {
				return err
			}
			org, err := w.employer(p, organisation)
			if err != nil {
				return err
			}
			c := &w.config.Systems[system].BreakGlass
			if len(c.Roles) == 0 {
				return custody.E(custody.CodeForbidden, "there is no emergency access to "+system, "break_glass of the system in custody.yaml says who may have it")
			}
			b := store.BreakGlass{Person: p.ID, Organisation: org, System: id, Categories: c.Categories(), Subjects: uint32(c.Subjects), Reason: reason, Ends: a.now().Add(c.For.Std())}
			if err := w.store.UseBreakGlass(cmd.Context(), &b, c.Roles, a.now()); err != nil {
				return err
			}
			return w.sayBreakGlass(cmd, b.ID, "Emergency access %d: %s may see %s of %d customers until %s. Somebody else must review it.")
		}),
	}
	cmd.Flags().StringVar(&person, "person", "", "`login` of who needs it")
	cmd.Flags().StringVar(&system, "system", "", "to this `system`")
	cmd.Flags().StringVar(&organisation, "organisation", "", "`employer`, if the person has several")
	cmd.Flags().StringVar(&reason, "reason", "", "what the emergency is, in a few `words`")
	require(cmd, "person", "system", "reason")
	return cmd
}

type breakGlassRow struct {
	ID         int64           `json:"id"`
	Person     string          `json:"person"`
	System     string          `json:"system"`
	Categories []string        `json:"categories"`
	Subjects   uint32          `json:"subjects"`
	Reason     string          `json:"reason"`
	Began      stamp           `json:"began"`
	Ends       stamp           `json:"ends"`
	Grant      custody.GrantID `json:"grant"`
	State      string          `json:"state"` // running, waiting, justified or unjustified
	Reviewed   stamp           `json:"reviewed,omitzero"`
	ReviewedBy string          `json:"reviewed_by,omitempty"`
	Note       string          `json:"note,omitempty"`
}

func breakGlassRowOf(b *store.BreakGlass, now time.Time) breakGlassRow {
	r := breakGlassRow{b.ID, b.Login, b.SystemName, b.Categories.Strings(), b.Subjects, b.Reason, stamp{b.Began}, stamp{b.Ends}, b.Grant, b.Outcome,
		stamp{b.Reviewed}, b.ReviewedLogin, b.Note}
	if r.State == "" {
		if r.State = "waiting"; now.Before(b.Ends) {
			r.State = "running"
		}
	}
	return r
}

// sayBreakGlass prints a use; the sentence has number, person, categories, customers
// and end.
func (w *workspace) sayBreakGlass(cmd *cobra.Command, id int64, sentence string) error {
	found, err := w.store.BreakGlassUses(cmd.Context(), store.BreakGlassFilter{ID: id})
	if err != nil || len(found) == 0 {
		return err
	}
	r := breakGlassRowOf(&found[0], w.now())
	return w.done(r, sentence, r.ID, r.Person, strings.Join(r.Categories, ", "), r.Subjects, w.minute(r.Ends.Time))
}

func (a *app) breakGlassList() *cobra.Command {
	var all bool
	var reviewer string
	cmd := &cobra.Command{
		Use: "list", Short: "List the uses that nobody has reviewed, or all",
		Example: "  custody break-glass list\n  custody break-glass list --for bob@northfield.example\n  custody break-glass list --all --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			by, err := w.actor(reviewer)
			if err != nil {
				return err
			}
			f := store.BreakGlassFilter{Open: !all, ReviewableBy: by, At: a.now(), Limit: 10_000}
			found, err := w.store.BreakGlassUses(cmd.Context(), f)
			if err != nil {
				return err
			}
			rows := []breakGlassRow{}
			for i := range found {
				rows = append(rows, breakGlassRowOf(&found[i], a.now()))
			}
			return list(a, rows, "None.",
				column[breakGlassRow]{"ID", func(r breakGlassRow) string { return number(r.ID) }, false},
				column[breakGlassRow]{"PERSON", func(r breakGlassRow) string { return r.Person }, false},
				column[breakGlassRow]{"SYSTEM", func(r breakGlassRow) string { return r.System }, false},
				column[breakGlassRow]{"BEGAN", func(r breakGlassRow) string { return a.minute(r.Began.Time) }, false},
				column[breakGlassRow]{"ENDS", func(r breakGlassRow) string { return a.minute(r.Ends.Time) }, false},
				column[breakGlassRow]{"REASON", func(r breakGlassRow) string { return r.Reason }, true},
				column[breakGlassRow]{"STATE", func(r breakGlassRow) string { return r.State }, false},
				column[breakGlassRow]{"BY", func(r breakGlassRow) string { return r.ReviewedBy }, true},
			)
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "reviewed ones too")
	cmd.Flags().StringVar(&reviewer, "for", "", "only those that this `login` may review")
	return cmd
}

func (a *app) breakGlassReview() *cobra.Command {
	var by, outcome, note string
	cmd := &cobra.Command{
		Use: "review ID", Short: "Keep what somebody else found about a use",
		Long: `Keep what somebody else found about a use of emergency access. One that was not
justified ends at once.`,
		Example: "  custody ledger saw --person dora@northfield.example\n  custody break-glass review 1 --by bob@northfield.example --outcome justified --note \"seven owners were warned\"",
		Args:    takes("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideRequest(cmd, args[0], by, func(w *workspace, id int64, actor custody.PersonID) error {
				if err := w.store.ReviewBreakGlass(cmd.Context(), id, actor, outcome, note, a.now()); err != nil {
					return err
				}
				return w.sayBreakGlass(cmd, id, "Emergency access %d of %s (%s of %d customers until %s) is reviewed.")
			})
		},
	}
	byFlag(cmd, &by)
	cmd.Flags().StringVar(&outcome, "outcome", "", "justified or unjustified")
	cmd.Flags().StringVar(&note, "note", "", "what was looked at and found, in a few `words`")
	require(cmd, "outcome", "note")
	return cmd
}
