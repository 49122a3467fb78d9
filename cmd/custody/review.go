package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"custody"
	"custody/store"
)

func (a *app) reviewCommand() *cobra.Command {
	return group("review", "Access reviews: every right is confirmed or removed before a deadline",
		`  custody review start "Autumn 2026" --deadline 2026-12-31 --by bob@northfield.example`,
		a.reviewStart(), a.reviewList(), a.reviewShow(), a.reviewDecide("confirm"), a.reviewDecide("remove"), a.reviewClose())
}

func (a *app) reviewStart() *cobra.Command {
	var by, organisation string
	var deadline moment
	cmd := &cobra.Command{
		Use: "start TITLE", Short: "Begin a review of all rights in force",
		Long: `Begin a review: each manager confirms or removes every right of their people, never
their own. Managers are told, and reminded a week and a day before the deadline. What
nobody has confirmed by then ends: the gate that runs does it.`,
		Example: "  custody review start \"Autumn 2026\" --deadline 2026-12-31 --by bob@northfield.example\n  custody review start Temps --organisation Temps --deadline \"2026-12-31 18:00\" --by bob@northfield.example",
		Args:    takes("title"),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
			actor, err := w.engaged(by)
			if err != nil {
				return err
			}
			var org custody.OrganisationID
			if organisation != "" {
				o, err := w.organisation(organisation)
				if err != nil {
					return err
				}
				org = o.ID
			}
			end, err := deadline.at(a)
			if err != nil {
				return err
			}
			c, err := w.store.StartReview(cmd.Context(), actor.ID, args[0], org, end, a.now())
			if err != nil {
				return err
			}
			return w.sayReview(cmd, c.ID, "Review %d has begun: %s.")
		}),
	}
	byFlag(cmd, &by)
	cmd.Flags().StringVar(&organisation, "organisation", "", "only the people of this `employer`")
	cmd.Flags().Var(&deadline, "deadline", "when what nobody confirmed ends")
	require(cmd, "deadline")
	return cmd
}

type reviewRow struct {
	ID        int64  `json:"id"`
	Title     string `json:"title"`
	Started   stamp  `json:"started"`
	StartedBy string `json:"started_by"`
	Deadline  stamp  `json:"deadline"`
	Closed    stamp  `json:"closed,omitzero"`
	Rights    int    `json:"rights"`
	Open      int    `json:"open"`
	Confirmed int    `json:"confirmed"`
	Removed   int    `json:"removed"`
	Lapsed    int    `json:"lapsed"`
	Unmanaged int    `json:"unmanaged,omitempty"` // rights about which nobody may decide
}

func reviewRowOf(c *store.Campaign) reviewRow {
	return reviewRow{ID: c.ID, Title: c.Title, Started: stamp{c.Started}, StartedBy: c.StartedLogin, Deadline: stamp{c.Deadline}, Closed: stamp{c.Closed},
		Rights: c.Items, Open: c.Open(), Confirmed: c.Confirmed, Removed: c.Removed, Lapsed: c.Lapsed}
}

func (r reviewRow) progress() string {
	return fmt.Sprintf("%d open, %d confirmed, %d removed, %d lapsed of %d", r.Open, r.Confirmed, r.Removed, r.Lapsed, r.Rights)
}

// sayReview prints a review; the sentence has its number and how far it is.
func (w *workspace) sayReview(cmd *cobra.Command, id int64, sentence string) error {
	c, err := w.store.Campaign(cmd.Context(), id)
	if err != nil {
		return err
	}
	r := reviewRowOf(c)
	nobody, err := w.store.ReviewItems(cmd.Context(), store.ReviewFilter{Campaign: id, Unmanaged: true, At: w.now(), Limit: 100_000})
	if err != nil {
		return err
	}
	if r.Closed.IsZero() {
		r.Unmanaged = len(nobody)
	}
	if err := w.done(r, sentence, r.ID, r.progress()+", deadline "+w.minute(r.Deadline.Time)); err != nil {
		return err
	}
	if r.Unmanaged > 0 {
		w.say("Nobody may decide about %s, which would end: custody manager add appoints somebody.", plural(r.Unmanaged, "right"))
	}
	return nil
}

func (a *app) reviewList() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the reviews that run, or all",
		Example: "  custody review list\n  custody review list --all --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			found, err := w.store.Campaigns(cmd.Context(), all)
			if err != nil {
				return err
			}
			rows := []reviewRow{}
			for i := range found {
				rows = append(rows, reviewRowOf(&found[i]))
			}
			return list(a, rows, "No reviews.",
				column[reviewRow]{"ID", func(r reviewRow) string { return number(r.ID) }, false},
				column[reviewRow]{"TITLE", func(r reviewRow) string { return r.Title }, true},
				column[reviewRow]{"DEADLINE", func(r reviewRow) string { return a.minute(r.Deadline.Time) }, false},
				column[reviewRow]{"CLOSED", func(r reviewRow) string { return a.minute(r.Closed.Time) }, false},
				column[reviewRow]{"RIGHTS", reviewRow.progress, true},
			)
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "those that are over too")
	return cmd
}

type reviewItemRow struct {
	ID           int64           `json:"id"`
	Review       int64           `json:"review"`
	Holder       string          `json:"holder"`
	Name         string          `json:"name"`
	Organisation string          `json:"organisation"`
	Branch       string          `json:"branch,omitempty"`
	Right        string          `json:"right"`
	Grant        custody.GrantID `json:"grant,omitempty"`
	Role         string          `json:"role,omitempty"`
	Decision     string          `json:"decision,omitempty"`
	Decided      stamp           `json:"decided,omitzero"`
	DecidedBy    string          `json:"decided_by,omitempty"`
	Note         string          `json:"note,omitempty"`
	grants       string
}

func (a *app) reviewShow() *cobra.Command {
	var open bool
	var manager string
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show the rights of a review, and what was decided",
		Example: "  custody review show 1\n  custody review show 1 --open --for bob@northfield.example",
		Args:    takes("id"),
		RunE: a.numbered("custody review list", func(w *workspace, cmd *cobra.Command, id int64) error {
			if _, err := w.store.Campaign(cmd.Context(), id); err != nil {
				return err
			}
			decides, err := w.actor(manager)
			if err != nil {
				return err
			}
			return w.showReview(cmd, store.ReviewFilter{Campaign: id, Open: open, DecidableBy: decides, At: a.now(), Limit: 100_000})
		}),
	}
	cmd.Flags().BoolVar(&open, "open", false, "only those about which nobody has decided")
	cmd.Flags().StringVar(&manager, "for", "", "only those about which this `login` may decide")
	return cmd
}

func (w *workspace) showReview(cmd *cobra.Command, f store.ReviewFilter) error {
	items, err := w.store.ReviewItems(cmd.Context(), f)
	if err != nil {
		return err
	}
	words, err := w.grantWords()
	if err != nil {
		return err
	}
	rows := []reviewItemRow{}
	for i := range items {
		x := &items[i]
		rows = append(rows, reviewItemRow{x.ID, x.Campaign, x.Login, x.FullName, x.OrgName, x.Branch, x.Words, x.Grant, x.Role, x.Decision,
			stamp{x.Decided}, x.DecidedLogin, x.Note, words[x.Grant]})
	}
	return list(w.app, rows, "None.",
		column[reviewItemRow]{"ID", func(r reviewItemRow) string { return number(r.ID) }, false},
		column[reviewItemRow]{"HOLDER", func(r reviewItemRow) string { return r.Holder }, false},
		column[reviewItemRow]{"WHERE", func(r reviewItemRow) string { return r.Organisation + " " + r.Branch }, true},
		column[reviewItemRow]{"RIGHT", func(r reviewItemRow) string { return r.Right + r.grants }, true},
		column[reviewItemRow]{"DECISION", func(r reviewItemRow) string { return r.Decision }, false},
		column[reviewItemRow]{"BY", func(r reviewItemRow) string { return r.DecidedBy }, true},
	)
}

// grantWords says by number what each grant permits.
func (w *workspace) grantWords() (map[custody.GrantID]string, error) {
	all, err := w.store.Grants()
	words := map[custody.GrantID]string{}
	for i := range all {
		words[all[i].ID] = ": " + w.grantRow(&all[i]).rights()
	}
	return words, err
}

func (a *app) reviewDecide(verb string) *cobra.Command {
	var by, note string
	confirm := verb == "confirm"
	short := "Confirm a right: it stays"
	if !confirm {
		short = "Remove a right: it ends now, running sessions included"
	}
	cmd := &cobra.Command{
		Use: verb + " RIGHT…", Short: short,
		Long:    short + ".\nRIGHT is a number as custody review show shows it; several may be given.",
		Example: "  custody review " + verb + " 12 13 --by bob@northfield.example",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
			actor, err := w.engaged(by)
			if err != nil {
				return err
			}
			for _, arg := range args {
				id, err := numberArg(cmd, arg, "custody review show")
				if err != nil {
					return err
				}
				if err := w.store.DecideReviewItem(cmd.Context(), id, actor.ID, confirm, note, a.now()); err != nil {
					return err
				}
				if err := a.done(map[string]any{"right": id, "decision": verb, "by": actor.Login}, "Right %d: %s.", id, map[bool]string{true: "confirmed", false: "removed"}[confirm]); err != nil {
					return err
				}
			}
			return nil
		}),
	}
	byFlag(cmd, &by)
	cmd.Flags().StringVar(&note, "note", "", "a few `words` for the record")
	return cmd
}

func (a *app) reviewClose() *cobra.Command {
	var by string
	var remove bool
	cmd := &cobra.Command{
		Use: "close ID", Short: "End a review before its deadline",
		Example: "  custody review close 1 --by bob@northfield.example\n  custody review close 1 --by bob@northfield.example --remove-open",
		Args:    takes("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideRequest(cmd, args[0], by, func(w *workspace, id int64, actor custody.PersonID) error {
				if err := w.store.CloseReview(cmd.Context(), id, actor, remove, a.now()); err != nil {
					return err
				}
				return w.sayReview(cmd, id, "Review %d is over: %s.")
			})
		},
	}
	byFlag(cmd, &by)
	cmd.Flags().BoolVar(&remove, "remove-open", false, "what nobody has decided about ends now")
	return cmd
}
