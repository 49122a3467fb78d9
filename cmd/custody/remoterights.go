package main

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/console"
)

// remoteRightsCommands are those about grants, roles and reviews.
func (a *app) remoteRightsCommands() map[string]func(*cobra.Command, []string) error {
	return map[string]func(*cobra.Command, []string) error{
		"custody grant list": a.remoteGrants, "custody grant add": a.remoteGive, "custody grant end": a.remoteEndGrant,
		"custody who-can": a.remoteWhoCan, "custody why": a.remoteWhy, "custody console role list": a.remoteRoles,
		"custody console role give": a.remoteGiveRole, "custody console role end": a.remoteEndRole,
		"custody review start": a.remoteStartReview, "custody review list": a.remoteReviews, "custody review show": a.remoteReview,
		"custody review confirm": a.remoteDecide("confirm"), "custody review remove": a.remoteDecide("remove"), "custody review close": a.remoteCloseReview,
		"custody break-glass list": a.remoteEmergencies, "custody break-glass review": a.remoteEmergency,
	}
}

func remoteGrantRow(g console.GrantItem) grantRow {
	return grantRow{ID: custody.GrantID(g.ID), Holder: g.Holder, System: g.System, See: g.See, Mask: g.Mask, Change: g.Change, Export: g.Export, SubjectsPerHour: g.SubjectsPerHour,
		SubjectsPerDay: g.SubjectsPerDay, SubjectsPerExport: g.SubjectsPerExport, RequireReason: g.RequireReason, Beyond: g.Beyond, Needs: g.Needs, Start: stamp{g.Start}, End: stamp{g.End}}
}

func (a *app) remoteGrants(cmd *cobra.Command, _ []string) error {
	q := url.Values{}
	if text(cmd, "all") == "true" {
		q.Set("ended", "yes")
	}
	if s := text(cmd, "system"); s != "" {
		q.Set("system", s)
	}
	items, err := remoteItems[console.GrantItem](a, "grants", q)
	rows := make([]grantRow, len(items))
	for i, g := range items {
		rows[i] = remoteGrantRow(g)
		rows[i].Current = !a.now().Before(g.Start) && (g.End.IsZero() || a.now().Before(g.End))
	}
	if err != nil {
		return err
	}
	return list(a, rows, "There are no grants: nothing may be seen by anybody.", a.grantColumns()...)
}

func (a *app) remoteGive(cmd *cobra.Command, _ []string) error {
	if text(cmd, "application") != "" {
		return custody.E(custody.CodeUnsupported, "rights of applications are given where the server runs", "run it there")
	}
	u := func(name string) uint32 { n, _ := strconv.ParseUint(text(cmd, name), 10, 32); return uint32(n) }
	n := console.NewGrant{Person: text(cmd, "person"), Role: text(cmd, "role"), Organisation: text(cmd, "organisation"), System: text(cmd, "system"),
		See: flagWords(cmd, "see"), Mask: flagWords(cmd, "mask"), Change: flagWords(cmd, "change"), Export: text(cmd, "export") == "true",
		SubjectsPerHour: u("subjects-per-hour"), SubjectsPerDay: u("subjects-per-day"), SubjectsPerExport: u("subjects-per-export"),
		RequireReason: text(cmd, "require-reason") == "true", Needs: flagWords(cmd, "needs"), Reason: text(cmd, "reason")}
	if !cmd.Flags().Changed("reason") {
		return usage(cmd, "--reason is missing: it is kept with the grant there")
	}
	var err error
	if n.Start, err = a.when(cmd, "start"); err == nil {
		n.End, err = a.when(cmd, "end")
	}
	if err != nil {
		return err
	}
	var made console.GrantItem
	if err := a.call(http.MethodPost, "grants", n, &made); err != nil {
		return err
	}
	row := remoteGrantRow(made)
	return a.done(made, "Grant %d: %s may %s in %s%s. Customers: %s.", row.ID, row.Holder, row.rights(), row.System, row.when(), row.limits())
}

func (a *app) remoteEndGrant(cmd *cobra.Command, args []string) error {
	if _, err := strconv.ParseUint(args[0], 10, 32); err != nil {
		return usage(cmd, "ID is a number, as custody grant list shows it")
	}
	if text(cmd, "at") != "" {
		return custody.E(custody.CodeUnsupported, "through --server a grant ends now", "plan it where the server runs")
	}
	if !cmd.Flags().Changed("reason") {
		return usage(cmd, "--reason is missing: it is kept with the grant there")
	}
	if err := a.call(http.MethodPost, "grants/"+args[0]+"/end", console.Why{Reason: text(cmd, "reason")}, nil); err != nil {
		return err
	}
	return a.done(map[string]string{"ended": args[0]}, "Grant %s has ended.", args[0])
}

func (a *app) remoteWhoCan(cmd *cobra.Command, _ []string) error {
	if act := text(cmd, "action"); act != "see" || text(cmd, "organisation") != "" {
		return custody.E(custody.CodeUnsupported, "through --server it answers who can see, of everybody within reach or a branch", "leave out --action and --organisation")
	}
	return remoteList(a, "who-can", url.Values{"system": {text(cmd, "system")}, "category": {text(cmd, "category")}, "branch": {text(cmd, "branch")}}, "Nobody within your reach.",
		column[console.CanItem]{"LOGIN", func(c console.CanItem) string { return c.Login }, false},
		column[console.CanItem]{"NAME", func(c console.CanItem) string { return c.Name }, true},
		column[console.CanItem]{"BRANCH", func(c console.CanItem) string { return c.Branch }, true},
		column[console.CanItem]{"SEES IT", func(c console.CanItem) string { return c.How }, false})
}

func (a *app) remoteWhy(cmd *cobra.Command, _ []string) error {
	return remoteList(a, "people/"+url.PathEscape(text(cmd, "person"))+"/why", url.Values{"system": {text(cmd, "system")}}, "They may do nothing there.",
		column[console.WhyItem]{"ACTION", func(w console.WhyItem) string { return w.Action }, false},
		column[console.WhyItem]{"HOW", func(w console.WhyItem) string { return w.Treatment }, false},
		column[console.WhyItem]{"CATEGORIES", func(w console.WhyItem) string { return strings.Join(w.Categories, ", ") }, true},
		column[console.WhyItem]{"BECAUSE", func(w console.WhyItem) string { return w.Because }, true})
}

func (a *app) remoteRoles(*cobra.Command, []string) error {
	return remoteList(a, "roles", nil, "Nobody has a role.",
		column[console.RoleItem]{"NUMBER", func(r console.RoleItem) string { return number(r.ID) }, false},
		column[console.RoleItem]{"LOGIN", func(r console.RoleItem) string { return r.Login }, false},
		column[console.RoleItem]{"ROLE", func(r console.RoleItem) string { return r.Role }, false},
		column[console.RoleItem]{"FOR", func(r console.RoleItem) string { return r.Organisation }, true},
		column[console.RoleItem]{"UNTIL", func(r console.RoleItem) string { return orOpen(a.minute(r.End)) }, false})
}

func (a *app) remoteGiveRole(cmd *cobra.Command, _ []string) error {
	n := console.NewRole{Login: text(cmd, "person"), Role: text(cmd, "role"), Organisation: text(cmd, "organisation")}
	var err error
	if n.End, err = a.when(cmd, "end"); err != nil {
		return err
	}
	if err := a.call(http.MethodPost, "roles", n, nil); err != nil {
		return err
	}
	return a.done(n, "%s has the role %s.", n.Login, n.Role)
}

func (a *app) remoteEndRole(_ *cobra.Command, args []string) error {
	if err := a.call(http.MethodPost, "roles/"+url.PathEscape(args[0])+"/end", nil, nil); err != nil {
		return err
	}
	return a.done(map[string]string{"ended": args[0]}, "Role %s has ended.", args[0])
}

func (a *app) remoteStartReview(cmd *cobra.Command, args []string) error {
	deadline, err := a.when(cmd, "deadline")
	if err != nil {
		return err
	}
	var s console.Started
	if err := a.call(http.MethodPost, "reviews", console.NewReview{Title: args[0], Deadline: deadline}, &s); err != nil {
		return err
	}
	return a.done(s, "Review %d has begun.", s.ID)
}

func (a *app) remoteReviews(*cobra.Command, []string) error {
	return remoteList(a, "reviews", nil, "No review runs.",
		column[console.ReviewState]{"ID", func(r console.ReviewState) string { return number(r.ID) }, false},
		column[console.ReviewState]{"TITLE", func(r console.ReviewState) string { return r.Title }, true},
		column[console.ReviewState]{"DEADLINE", func(r console.ReviewState) string { return a.minute(r.Deadline) }, false},
		column[console.ReviewState]{"RIGHTS", func(r console.ReviewState) string { return number(r.Rights) }, false},
		column[console.ReviewState]{"OPEN", func(r console.ReviewState) string { return number(r.Rights - r.Confirmed - r.Removed - r.Lapsed) }, false})
}

func (a *app) remoteReview(_ *cobra.Command, args []string) error {
	return remoteList(a, "reviews/"+url.PathEscape(args[0])+"/rights", nil, "No right within your reach.",
		column[console.RightItem]{"ID", func(r console.RightItem) string { return number(r.ID) }, false},
		column[console.RightItem]{"NAME", func(r console.RightItem) string { return r.Name }, true},
		column[console.RightItem]{"RIGHT", func(r console.RightItem) string { return r.Right }, true},
		column[console.RightItem]{"DECISION", func(r console.RightItem) string { return r.Decision }, false},
		column[console.RightItem]{"BY", func(r console.RightItem) string { return r.DecidedBy }, false})
}

func (a *app) remoteDecide(verb string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		for _, id := range args {
			if err := a.call(http.MethodPost, "reviews/rights/"+url.PathEscape(id)+"/"+verb, console.Note{Note: text(cmd, "note")}, nil); err != nil {
				return err
			}
		}
		return a.done(map[string]any{"rights": args, "decision": verb}, "%s: done.", plural(len(args), "right"))
	}
}

func (a *app) remoteCloseReview(cmd *cobra.Command, args []string) error {
	if err := a.call(http.MethodPost, "reviews/"+url.PathEscape(args[0])+"/close", console.Closing{RemoveOpen: text(cmd, "remove-open") == "true"}, nil); err != nil {
		return err
	}
	return a.done(map[string]string{"closed": args[0]}, "Review %s is over.", args[0])
}

func (a *app) remoteEmergencies(*cobra.Command, []string) error {
	return remoteList(a, "emergencies", nil, "No use of emergency access.",
		column[console.EmergencyItem]{"ID", func(e console.EmergencyItem) string { return number(e.ID) }, false},
		column[console.EmergencyItem]{"NAME", func(e console.EmergencyItem) string { return e.Name }, true},
		column[console.EmergencyItem]{"BEGAN", func(e console.EmergencyItem) string { return a.minute(e.Began) }, false},
		column[console.EmergencyItem]{"REASON", func(e console.EmergencyItem) string { return e.Reason }, true},
		column[console.EmergencyItem]{"OUTCOME", func(e console.EmergencyItem) string { return e.Outcome }, false})
}

func (a *app) remoteEmergency(cmd *cobra.Command, args []string) error {
	if err := a.call(http.MethodPost, "emergencies/"+url.PathEscape(args[0])+"/review", console.Found{Outcome: text(cmd, "outcome"), Note: text(cmd, "note")}, nil); err != nil {
		return err
	}
	return a.done(map[string]string{"reviewed": args[0]}, "Use %s: recorded.", args[0])
}
