package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
	"custody/policy"
	"custody/signin"
)

func (a *app) policyCommand() *cobra.Command {
	var person, application, organisation, system, reason string
	explain := &cobra.Command{
		Use: "explain", Short: "What somebody may do in a system now, and why",
		Long: `Ask the policy in force, made of the grants and of custody.cedar, what a person or an
application may see, export and change in a system now, with the counts of today.`,
		Example: "  custody policy explain --person alice@northfield.example --system bodyshop",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (person == "") == (application == "") {
				return usage(cmd, "give either --person or --application")
			}
			return a.explain(person, application, organisation, system, reason)
		},
	}
	explain.Flags().StringVar(&person, "person", "", "`login` of a person")
	explain.Flags().StringVar(&application, "application", "", "`name` of an application")
	explain.Flags().StringVar(&organisation, "organisation", "", "`employer`, if the person has several")
	explain.Flags().StringVar(&system, "system", "", "the `system`")
	explain.Flags().StringVar(&reason, "reason", "", "as if this `reason` were stated")
	require(explain, "system")
	show := &cobra.Command{
		Use: "show", Short: "Print the policy in force, as Cedar",
		Example: "  custody policy show > policy.cedar",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			p, err := w.policy()
			if err != nil {
				return err
			}
			if a.json {
				return a.object(map[string]string{"cedar": string(p.Cedar())})
			}
			_, err = a.out.Write(p.Cedar())
			return err
		}),
	}
	return group("policy", "Decisions, and why they are as they are",
		"  custody policy explain --person alice@northfield.example --system bodyshop", explain, show)
}

// policy compiles the grants and the hand-written policies.
func (w *workspace) policy() (*policy.Policy, error) {
	grants, err := w.store.Grants()
	if err != nil {
		return nil, err
	}
	extra, err := w.handWritten()
	if err != nil {
		return nil, err
	}
	notice := w.config.SignIn.Notice.Version
	if notice == "" {
		notice = signin.DefaultNotice().Version
	}
	facts, err := w.store.Facts(w.now(), notice)
	if err != nil {
		return nil, err
	}
	return policy.NewWith(grants, extra, facts)
}

type decisionRow struct {
	Action            string          `json:"action"`
	Clear             []string        `json:"clear"`
	Masked            []string        `json:"masked"`
	Refused           []string        `json:"refused"`
	Grant             custody.GrantID `json:"grant,omitempty"`
	SubjectsPerHour   uint32          `json:"subjects_per_hour,omitempty"`
	SubjectsPerDay    uint32          `json:"subjects_per_day,omitempty"`
	SubjectsPerExport uint32          `json:"subjects_per_export,omitempty"`
	SeenThisHour      uint32          `json:"seen_this_hour"`
	SeenToday         uint32          `json:"seen_today"`
	ReasonRequired    bool            `json:"reason_required"`
	ValidUntil        stamp           `json:"valid_until,omitzero"`
	Why               string          `json:"why"`
	Approved          []approvedRow   `json:"approved,omitempty"`
}

// approvedRow is what was approved beyond the grants.
type approvedRow struct {
	Grant      custody.GrantID `json:"grant"`
	Customers  uint32          `json:"customers"`
	Categories []string        `json:"categories"`
	For        string          `json:"for,omitempty"`
}

// String is the approval in words.
func (x approvedRow) String() string {
	text := fmt.Sprintf("%d customers in all under grant %d", x.Customers, x.Grant)
	if len(x.Categories) > 0 {
		text = strings.Join(x.Categories, ", ") + " of " + text
	}
	if x.For != "" {
		text += ", " + x.For
	}
	return text
}

func approvedRows(list []custody.Extra) (rows []approvedRow) {
	for _, x := range list {
		rows = append(rows, approvedRow{x.Grant, x.Subjects, x.Categories.Strings(), x.Why})
	}
	return rows
}

func (a *app) explain(login, application, organisation, system, reason string) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	id, err := w.system(system)
	if err != nil {
		return err
	}
	session := &custody.Session{System: id, SystemName: system, Started: a.now()}
	if login != "" {
		err = w.asPerson(session, login, organisation)
	} else {
		err = w.asApplication(session, application)
	}
	if err != nil {
		return err
	}
	p, err := w.policy()
	if err != nil {
		return err
	}
	hour, day, err := w.counts(session)
	if err != nil {
		return err
	}
	var rows []decisionRow
	for _, action := range []custody.Action{custody.See, custody.Export, custody.Change} {
		d := p.Decide(custody.Question{Session: session, Action: action, Time: a.now(), Reason: reason, Hour: hour, Day: day})
		rows = append(rows, decisionRow{action.String(), d.With(custody.Clear).Strings(), d.With(custody.Masked).Strings(),
			d.With(custody.Refused).Strings(), d.Grant, d.Limits.PerHour, d.Limits.PerDay, d.Limits.PerExport, hour, day,
			d.ReasonRequired, stamp{d.ValidUntil}, d.Why, approvedRows(d.Extra)})
	}
	if a.json {
		return list(a, rows, "")
	}
	a.say("%s in %s, now:", session.Login, system)
	for _, r := range rows {
		a.sayDecision(r)
	}
	return nil
}

func (a *app) sayDecision(r decisionRow) {
	a.say("\n%s", r.Action)
	for _, part := range []struct {
		title string
		names []string
	}{{"  clear    ", r.Clear}, {"  masked   ", r.Masked}, {"  refused  ", r.Refused}} {
		if len(part.names) > 0 {
			a.say("%s%s", part.title, strings.Join(part.names, ", "))
		}
	}
	if len(r.Clear)+len(r.Masked) > 0 {
		a.say("  limits   %s; used: %d this hour, %d today", limitWords(r), r.SeenThisHour, r.SeenToday)
	}
	if r.ReasonRequired {
		a.say("  reason   stating one would open more: SET custody.reason = '…'")
	}
	a.say("  why      %s", r.Why)
	for _, x := range r.Approved {
		a.say("  approved %s", x)
	}
}

func limitWords(r decisionRow) string {
	g := grantRow{SubjectsPerHour: r.SubjectsPerHour, SubjectsPerDay: r.SubjectsPerDay, SubjectsPerExport: r.SubjectsPerExport}
	return g.limits()
}

// asPerson fills a session as if the person had signed in.
func (w *workspace) asPerson(s *custody.Session, login, organisation string) error {
	p, err := w.person(login)
	if err != nil {
		return err
	}
	current := slices.DeleteFunc(slices.Clone(p.Engagements), func(e identity.Engagement) bool {
		return !e.Current(w.now()) || organisation != "" && e.OrgName != organisation
	})
	if len(current) == 0 {
		return custody.E(custody.CodeForbidden, "this person has no current engagement, and so no rights", "custody person show tells when it ended; custody person engage adds one")
	}
	for _, e := range current {
		if e.Organisation != current[0].Organisation {
			return custody.E(custody.CodeInvalid, "this person works for several organisations", "name one with --organisation")
		}
		s.Roles = append(s.Roles, e.Roles...)
	}
	s.Person, s.Login, s.FullName = p.ID, p.Login, p.FullName
	s.Organisation, s.OrgName = current[0].Organisation, current[0].OrgName
	return nil
}

func (w *workspace) asApplication(s *custody.Session, name string) error {
	all, err := w.identity.Applications()
	if err != nil {
		return err
	}
	for _, app := range all {
		if app.Name == name && app.Removed.IsZero() {
			s.Application, s.Login, s.Organisation, s.OrgName = app.ID, app.Name, app.Organisation, app.OrgName
			return nil
		}
	}
	return custody.E(custody.CodeNotFound, fmt.Sprintf("there is no application %q", name), "custody application list shows them")
}

// counts are the distinct customers seen or changed in the last hour and today, as the
// gate counts them.
func (w *workspace) counts(s *custody.Session) (hour, day uint32, err error) {
	reader, err := w.reader()
	if err != nil {
		return 0, 0, err
	}
	defer reader.Close()
	now := w.now().In(w.zone)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, w.zone)
	lastHour := now.Add(-time.Hour)
	since := midnight
	if lastHour.Before(since) {
		since = lastHour
	}
	inHour, inDay := map[custody.SubjectID]bool{}, map[custody.SubjectID]bool{}
	for e := range reader.Index().Disclosed(s.Person, s.Application, s.System, since) {
		for _, id := range e.Subjects {
			if !e.Time.Before(lastHour) {
				inHour[id] = true
			}
			if !e.Time.Before(midnight) {
				inDay[id] = true
			}
		}
	}
	return uint32(len(inHour)), uint32(len(inDay)), nil
}
