package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
	"custody/policy"
	"custody/store"
)

func (a *app) whyCommand() *cobra.Command {
	var person, organisation, system, category, action string
	cmd := &cobra.Command{
		Use: "why", Short: "Why somebody can see a category, or why not",
		Long: `Say under which rights in force a person can see, export or change a category now: each
grant, how the person holds it, who gave it and when it ends; or what is missing.`,
		Example: "  custody why --person alice@northfield.example --system bodyshop --category phone",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			act, c, err := actionAndCategory(cmd, action, category)
			if err != nil {
				return err
			}
			return a.why(cmd, person, organisation, system, act, c)
		},
	}
	cmd.Flags().StringVar(&person, "person", "", "`login`")
	cmd.Flags().StringVar(&organisation, "organisation", "", "`employer`, if the person has several")
	cmd.Flags().StringVar(&system, "system", "", "the `system`")
	cmd.Flags().StringVar(&category, "category", "", "the `category`, like phone")
	cmd.Flags().StringVar(&action, "action", "see", "see, export or change")
	require(cmd, "person", "system", "category")
	return cmd
}

func actionAndCategory(cmd *cobra.Command, action, category string) (custody.Action, custody.Category, error) {
	c, ok := custody.ParseCategory(category)
	if !ok {
		return 0, 0, usage(cmd, unknownCategory(category).Error())
	}
	for _, a := range []custody.Action{custody.See, custody.Export, custody.Change} {
		if a.String() == action {
			return a, c, nil
		}
	}
	return 0, 0, usage(cmd, "--action is see, export or change")
}

// whyRow is one right that permits, or what is missing.
type whyRow struct {
	Treatment string          `json:"treatment"`
	Grant     custody.GrantID `json:"grant,omitempty"`
	Policy    string          `json:"policy,omitempty"`
	Says      string          `json:"says"`
	Held      string          `json:"held,omitempty"`
	Limits    string          `json:"limits,omitempty"`
	End       stamp           `json:"end,omitzero"`
	GivenBy   string          `json:"given_by,omitempty"`
	Because   string          `json:"because,omitempty"`
}

func (a *app) why(cmd *cobra.Command, login, organisation, system string, action custody.Action, c custody.Category) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	session, err := w.sessionOf(login, organisation, system)
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
	answer := p.ExplainOne(custody.Question{Session: session, Action: action, Time: a.now(), Hour: hour, Day: day}, c)
	rows, err := w.whyRows(cmd, &answer)
	if err != nil {
		return err
	}
	if !a.json {
		verdict := map[string]string{"clear": "can", "masked": "can, masked,", "refused": "cannot"}[answer.Treatment]
		a.say("%s (%s, %s) %s %s %s in %s now.", session.FullName, session.OrgName, strings.Join(session.Roles, ", "), verdict, action, c, system)
		if answer.Missing != "" {
			a.say("%s.", strings.ToUpper(answer.Missing[:1])+answer.Missing[1:])
		}
	}
	return list(a, rows, "",
		column[whyRow]{"RIGHT", func(r whyRow) string {
			if r.Grant != 0 {
				return "grant " + number(r.Grant)
			}
			return r.Policy
		}, false},
		column[whyRow]{"SAYS", func(r whyRow) string { return strings.TrimSpace(r.Says + " " + r.Because) }, true},
		column[whyRow]{"HELD", func(r whyRow) string { return r.Held }, true},
		column[whyRow]{"CUSTOMERS", func(r whyRow) string { return r.Limits }, true},
		column[whyRow]{"UNTIL", func(r whyRow) string { return orOpen(a.minute(r.End.Time)) }, false},
		column[whyRow]{"GIVEN BY", func(r whyRow) string { return r.GivenBy }, true},
	)
}

// sessionOf is the session that somebody would have in a system now.
func (w *workspace) sessionOf(login, organisation, system string) (*custody.Session, error) {
	id, err := w.system(system)
	if err != nil {
		return nil, err
	}
	s := &custody.Session{System: id, SystemName: system, Started: w.now()}
	return s, w.asPerson(s, login, organisation)
}

func (w *workspace) whyRows(cmd *cobra.Command, answer *policy.Answer) ([]whyRow, error) {
	all, err := w.store.Grants()
	if err != nil {
		return nil, err
	}
	grants := map[custody.GrantID]*policy.Grant{}
	for i := range all {
		grants[all[i].ID] = &all[i]
	}
	log, err := w.store.RightsLog(cmd.Context(), store.RightsFilter{Limit: 10_000})
	if err != nil {
		return nil, err
	}
	by := map[custody.GrantID]string{}
	for _, e := range log {
		if e.Grant != 0 && e.Changes == store.Gives {
			by[e.Grant] = strings.TrimSpace(e.ActorLogin + " (" + e.Act + " " + strconv.FormatInt(e.Object, 10) + ": " + e.Note + ")")
		}
	}
	rows := []whyRow{}
	for _, f := range answer.Findings {
		r := whyRow{Treatment: answer.Treatment, Grant: f.Grant, Says: f.Says, Because: f.Because, GivenBy: by[f.Grant]}
		if g := grants[f.Grant]; g != nil {
			r.Held, r.Limits, r.End = g.Holder(), w.grantRow(g).limits(), stamp{g.End}
		} else {
			r.Policy = f.Policy
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		rows = append(rows, whyRow{Treatment: answer.Treatment, Says: "is refused", Because: answer.Missing})
	}
	return rows, nil
}

func (a *app) whoCanCommand() *cobra.Command {
	var organisation, branch, system, category, action string
	cmd := &cobra.Command{
		Use: "who-can", Short: "Who can see a category now: of everybody, an organisation or a branch",
		Example: "  custody who-can --system bodyshop --category phone --branch 12\n  custody who-can --system bodyshop --category bank --action export --json",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			act, c, err := actionAndCategory(cmd, action, category)
			if err != nil {
				return err
			}
			return a.whoCan(system, organisation, branch, act, c)
		},
	}
	cmd.Flags().StringVar(&system, "system", "", "the `system`")
	cmd.Flags().StringVar(&category, "category", "", "the `category`, like phone")
	cmd.Flags().StringVar(&organisation, "organisation", "", "only people of this `employer`")
	cmd.Flags().StringVar(&branch, "branch", "", "only people of this `branch`")
	cmd.Flags().StringVar(&action, "action", "see", "see, export or change")
	require(cmd, "system", "category")
	return cmd
}

type whoCanRow struct {
	Person       string          `json:"person"`
	Name         string          `json:"name"`
	Organisation string          `json:"organisation"`
	Branch       string          `json:"branch,omitempty"`
	Roles        []string        `json:"roles,omitempty"`
	Treatment    string          `json:"treatment"`
	Reason       bool            `json:"reason_required,omitempty"`
	Grant        custody.GrantID `json:"grant,omitempty"`
	Why          []string        `json:"why"`
}

func (a *app) whoCan(system, organisation, branch string, action custody.Action, c custody.Category) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	questions, err := w.everybody(system, organisation, branch)
	if err != nil {
		return err
	}
	p, err := w.policy()
	if err != nil {
		return err
	}
	rows := []whoCanRow{}
	for _, x := range p.WhoCan(action, c, questions) {
		s := x.Session
		rows = append(rows, whoCanRow{s.Login, s.FullName, s.OrgName, s.Branch, s.Roles, x.Treatment.String(), x.Reason, x.Grant, x.Why})
	}
	return list(a, rows, fmt.Sprintf("Nobody can %s %s there.", action, c),
		column[whoCanRow]{"PERSON", func(r whoCanRow) string { return r.Person }, false},
		column[whoCanRow]{"NAME", func(r whoCanRow) string { return r.Name }, true},
		column[whoCanRow]{"WHERE", func(r whoCanRow) string { return strings.TrimSpace(r.Organisation + " " + r.Branch) }, true},
		column[whoCanRow]{"ROLES", func(r whoCanRow) string { return strings.Join(r.Roles, ", ") }, true},
		column[whoCanRow]{"HOW", func(r whoCanRow) string {
			if r.Reason {
				return r.Treatment + ", with a reason"
			}
			return r.Treatment
		}, true},
		column[whoCanRow]{"UNDER", func(r whoCanRow) string { return strings.Join(r.Why, ", ") }, true},
	)
}

// everybody makes the session that each person would have in a system now, one for each
// employer.
func (w *workspace) everybody(system, organisation, branch string) (list []custody.Question, err error) {
	id, err := w.system(system)
	if err != nil {
		return nil, err
	}
	people, err := w.identity.People()
	if err != nil {
		return nil, err
	}
	register, err := w.store.Processors(context.Background(), 0, w.now())
	if err != nil {
		return nil, err
	}
	shut := map[custody.OrganisationID]bool{} // nobody of them can sign in
	for i := range register {
		shut[register[i].Organisation] = !register[i].InDate(w.now())
	}
	for i := range people {
		for _, s := range w.sessionsOfPerson(&people[i]) {
			if shut[s.Organisation] || organisation != "" && s.OrgName != organisation || branch != "" && s.Branch != branch {
				continue
			}
			s.System, s.SystemName = id, system
			list = append(list, custody.Question{Session: s, Time: w.now()})
		}
	}
	return list, nil
}

func (w *workspace) sessionsOfPerson(p *identity.PersonInfo) (list []*custody.Session) {
	for _, e := range p.Engagements {
		if !e.Current(w.now()) {
			continue
		}
		i := slices.IndexFunc(list, func(s *custody.Session) bool { return s.Organisation == e.Organisation })
		if i < 0 {
			list = append(list, &custody.Session{Person: p.ID, Login: p.Login, FullName: p.FullName, Organisation: e.Organisation, OrgName: e.OrgName})
			i = len(list) - 1
		}
		s := list[i]
		for _, role := range e.Roles {
			if !slices.Contains(s.Roles, role) {
				s.Roles = append(s.Roles, role)
			}
		}
		if e.Branch != "" {
			s.Branch = e.Branch
		}
	}
	return list
}
