package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
	"custody/policy"
)

func (a *app) grantCommand() *cobra.Command {
	return group("grant", "Rights: who may see what, of how many customers, until when",
		"  custody grant add --role estimator --system bodyshop --see name,vehicle,phone --subjects-per-day 200",
		a.grantAdd(), a.grantList(), a.grantEnd())
}

// grantFlags are the flags of grant add.
type grantFlags struct {
	policy.Grant
	see, mask, change categories
	start, end        moment
	reason            bool
	by, why           string
}

// byHand stands in the rights log where nobody said why.
const byHand = "at the command line"

func (a *app) grantAdd() *cobra.Command {
	var f grantFlags
	cmd := &cobra.Command{
		Use: "add", Short: "Grant a right",
		Long: `Grant a right to one person, one role, all people of one organisation, or one
application. Limits count customers, not rows: the same customer again is free.
What no grant permits is refused. Who gave it and why is kept for ever, and recorded
in the ledger.

Categories: ` + custody.Categories(custody.AllCategories()...).String() + `, or all.`,
		Example: `  custody grant add --role estimator --system bodyshop --see name,vehicle,phone --subjects-per-day 200 --subjects-per-hour 60
  custody grant add --person bob@temps.example --system bodyshop --see name --mask phone,email --end 2026-12-31
  custody grant add --role analyst --system bodyshop --see vehicle --export --subjects-per-export 5000 --require-reason`,
		Args: takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			return w.addGrant(cmd, &f, cmd.Flags().Changed("require-reason"))
		}),
	}
	f.register(cmd)
	return cmd
}

func (f *grantFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Role, "role", "", "for everybody with this `role`")
	flags.StringVar(&f.Person, "person", "", "for one person, by `login`")
	flags.StringVar(&f.Organisation, "organisation", "", "for all people of this `employer`")
	flags.StringVar(&f.Application, "application", "", "for one application, by `name`")
	flags.StringVar(&f.System, "system", "", "in this `system`")
	flags.Var(&f.see, "see", "what may be seen as it is")
	flags.Var(&f.mask, "mask", "what may be seen masked, like 07••• •••123")
	flags.Var(&f.change, "change", "what may be changed")
	flags.BoolVar(&f.Export, "export", false, "what may be seen may also be exported: COPY, whole tables")
	flags.Uint32Var(&f.Limits.PerHour, "subjects-per-hour", 0, "most customers in an hour; 0 is no limit")
	flags.Uint32Var(&f.Limits.PerDay, "subjects-per-day", 0, "most customers in a day; 0 is no limit")
	flags.Uint32Var(&f.Limits.PerExport, "subjects-per-export", 0, "most customers in one export; 0 is no limit")
	flags.BoolVar(&f.reason, "require-reason", false, "a reason must be stated first (default as custody.yaml says)")
	flags.StringSliceVar(&f.Needs, "needs", nil, "what the person must hold: training:`NAME`, rule:NAME or clause; repeatable")
	flags.Var(&f.start, "start", "when it begins (default now)")
	flags.Var(&f.end, "end", "when it ends (default open)")
	whoAndWhy(cmd, &f.by, &f.why)
	require(cmd, "system")
}

// whoAndWhy are the flags of what the rights log keeps.
func whoAndWhy(cmd *cobra.Command, by, why *string) {
	cmd.Flags().StringVar(by, "by", "", "`login` of who decides it, for the record")
	cmd.Flags().StringVar(why, "reason", byHand, "why, in a few `words`, for the record")
}

func (w *workspace) addGrant(cmd *cobra.Command, f *grantFlags, reasonSaid bool) error {
	if _, err := w.system(f.System); err != nil {
		return err
	}
	var err error
	g := f.Grant
	g.Person = identity.NormalLogin(g.Person)
	g.See, g.Mask, g.Change = f.see.CategorySet, f.mask.CategorySet, f.change.CategorySet
	g.ReasonRequired = f.reason
	if !reasonSaid {
		g.ReasonRequired = w.config.Systems[f.System].RequireReason
	}
	if g.Start, err = f.start.at(w.app); err != nil {
		return err
	}
	if g.Start.IsZero() {
		g.Start = w.now()
	}
	if g.End, err = f.end.at(w.app); err != nil {
		return err
	}
	by, err := w.actor(f.by)
	if err != nil {
		return err
	}
	if err := w.store.GiveGrant(cmd.Context(), &g, by, f.why, w.now()); err != nil {
		return err
	}
	row := w.grantRow(&g)
	return w.done(row, "Grant %d: %s may %s in %s%s. Customers: %s.", g.ID, row.Holder, row.rights(), row.System, row.when(), row.limits())
}

type grantRow struct {
	ID                custody.GrantID `json:"id"`
	Holder            string          `json:"holder"`
	System            string          `json:"system"`
	See               []string        `json:"see"`
	Mask              []string        `json:"mask,omitempty"`
	Change            []string        `json:"change,omitempty"`
	Export            bool            `json:"export"`
	SubjectsPerHour   uint32          `json:"subjects_per_hour,omitempty"`
	SubjectsPerDay    uint32          `json:"subjects_per_day,omitempty"`
	SubjectsPerExport uint32          `json:"subjects_per_export,omitempty"`
	RequireReason     bool            `json:"require_reason"`
	Beyond            uint32          `json:"beyond_limits,omitempty"`
	Once              bool            `json:"once,omitempty"`
	Needs             []string        `json:"needs,omitempty"`
	Start             stamp           `json:"start"`
	End               stamp           `json:"end,omitzero"`
	Current           bool            `json:"current"`
}

func (a *app) grantRow(g *policy.Grant) grantRow {
	return grantRow{
		ID: g.ID, Holder: g.Holder(), System: g.System, See: g.See.Strings(), Mask: g.Mask.Strings(), Change: g.Change.Strings(),
		Export: g.Export, SubjectsPerHour: g.Limits.PerHour, SubjectsPerDay: g.Limits.PerDay, SubjectsPerExport: g.Limits.PerExport,
		RequireReason: g.ReasonRequired, Beyond: g.Beyond, Once: g.Once, Needs: g.Needs, Start: stamp{g.Start}, End: stamp{g.End}, Current: g.Current(a.now()),
	}
}

// rights says what a grant permits, in words.
func (r grantRow) rights() string {
	var parts []string
	for _, p := range []struct {
		verb  string
		names []string
		after string
	}{{"see ", r.See, ""}, {"see ", r.Mask, " (masked)"}, {"change ", r.Change, ""}} {
		if len(p.names) > 0 {
			parts = append(parts, p.verb+strings.Join(p.names, ", ")+p.after)
		}
	}
	if r.Export {
		parts = append(parts, "export")
	}
	if len(parts) == 0 {
		parts = append(parts, "see more customers")
	}
	return strings.Join(parts, "; ")
}

// limits says how many customers a grant is for, in few words.
func (r grantRow) limits() string {
	var parts []string
	if r.Beyond > 0 && r.Export {
		return strconv.FormatUint(uint64(r.Beyond), 10) + " in one export"
	}
	for _, l := range []struct {
		n    uint32
		what string
	}{{r.Beyond, " more in all"}, {r.SubjectsPerHour, " an hour"}, {r.SubjectsPerDay, " a day"}, {r.SubjectsPerExport, " an export"}} {
		if l.n > 0 {
			parts = append(parts, strconv.FormatUint(uint64(l.n), 10)+l.what)
		}
	}
	if len(parts) == 0 {
		parts = []string{"no limit"}
	}
	return strings.Join(parts, ", ")
}

// when says what must be so first.
func (r grantRow) when() string {
	text := ""
	if r.RequireReason {
		text = ", with a stated reason"
	}
	if len(r.Needs) > 0 {
		text += ", needs " + strings.Join(r.Needs, " and ")
	}
	return text
}

func (a *app) grantColumns() []column[grantRow] {
	return []column[grantRow]{
		{"ID", func(g grantRow) string { return number(g.ID) }, false},
		{"WHO", func(g grantRow) string { return g.Holder }, true},
		{"SYSTEM", func(g grantRow) string { return g.System }, false},
		{"MAY", func(g grantRow) string { return g.rights() + g.when() }, true},
		{"CUSTOMERS", grantRow.limits, true},
		{"UNTIL", func(g grantRow) string { return orOpen(a.minute(g.End.Time)) }, false},
	}
}

// grants lists the grants that keep chooses.
func (w *workspace) grants(keep func(*policy.Grant) bool) ([]grantRow, error) {
	all, err := w.store.Grants()
	if err != nil {
		return nil, err
	}
	rows := []grantRow{}
	for i := range all {
		if keep(&all[i]) {
			rows = append(rows, w.grantRow(&all[i]))
		}
	}
	return rows, nil
}

// grantsOf lists the grants in force that a person holds, by themselves, by role or
// by employer.
func (w *workspace) grantsOf(p personRow) ([]grantRow, error) {
	now := w.now()
	return w.grants(func(g *policy.Grant) bool {
		if !g.Current(now) || !p.Current {
			return false
		}
		return g.Person == p.Login || slices.ContainsFunc(p.Engagements, func(e engagementRow) bool {
			current := !now.Before(e.Start.Time) && (e.End.IsZero() || now.Before(e.End.Time))
			return current && (g.Organisation != "" && g.Organisation == e.Organisation || g.Role != "" && slices.Contains(e.Roles, g.Role))
		})
	})
}

func (a *app) grantList() *cobra.Command {
	var system string
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the grants in force or to come",
		Example: "  custody grant list\n  custody grant list --system bodyshop --all --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			rows, err := w.grants(func(g *policy.Grant) bool {
				ended := !g.End.IsZero() && !a.now().Before(g.End)
				return (system == "" || g.System == system) && (all || !ended)
			})
			if err != nil {
				return err
			}
			return list(a, rows, "There are no grants: nothing may be seen by anybody.", a.grantColumns()...)
		}),
	}
	cmd.Flags().StringVar(&system, "system", "", "only those in this `system`")
	cmd.Flags().BoolVar(&all, "all", false, "ended ones too")
	return cmd
}

func (a *app) grantEnd() *cobra.Command {
	var when moment
	var by, why string
	cmd := &cobra.Command{
		Use: "end ID", Short: "End a grant, now or later",
		Example: "  custody grant end 3\n  custody grant end 3 --at \"2026-12-31 18:00\" --by bob@northfield.example --reason \"no longer needed\"",
		Args:    takes("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseUint(args[0], 10, 32)
			if err != nil {
				return usage(cmd, "ID is a number, as custody grant list shows it")
			}
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			at, err := when.at(a)
			if err != nil {
				return err
			}
			if at.IsZero() {
				at = a.now()
			}
			actor, err := w.actor(by)
			if err != nil {
				return err
			}
			if err := w.store.StopGrantAt(cmd.Context(), custody.GrantID(id), actor, why, at, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"ended": id, "at": stamp{at}}, "Grant %d ends at %s.", id, a.local(at))
		},
	}
	cmd.Flags().Var(&when, "at", "when (default now)")
	whoAndWhy(cmd, &by, &why)
	return cmd
}
