package console

import (
	"slices"
	"strings"
	"time"

	"custody"
)

// rightsData lists the grants, and answers who may see what.
type rightsData struct {
	Grants   []Grant
	Ended    bool
	System   string
	Category string
	Systems  []option
	Kinds    []option
	Asked    bool
	Who      []whoRow
	Count    int
	MayGive  bool
	MayRoles bool
}

type whoRow struct {
	personRow
	How   string // "as it is" or "masked"
	Under []custody.GrantID
}

// shownWho is how many people the answer lists; programs get all of them.
const shownWho = 250

// rightsPage lists what is granted, and with a system and a category answers who can see
// that now.
func rightsPage(v *visit) error {
	q := v.r.URL.Query()
	d := &rightsData{Ended: q.Get("ended") == "yes", System: q.Get("system"), Category: q.Get("category"), Systems: v.systemOptions(q.Get("system")),
		MayGive: v.may(areaGrant), MayRoles: v.may(areaRoles)}
	for _, c := range custody.AllCategories() {
		d.Kinds = append(d.Kinds, option{c.String(), c.String(), c.String() == d.Category})
	}
	all, err := v.grantsInReach()
	if err != nil {
		return err
	}
	now := v.c.o.Now()
	for _, g := range all {
		if g.Current(now) || d.Ended || g.Start.After(now) {
			d.Grants = append(d.Grants, g)
		}
	}
	if c, ok := custody.ParseCategory(d.Category); ok && d.System != "" {
		d.Asked = true
		d.Who = v.whoCan(all, d.System, c)
		d.Count = len(d.Who)
		d.Who = d.Who[:min(len(d.Who), shownWho)]
	}
	return v.show("rights", "Rights", d)
}

// grantsInReach lists the grants that the visitor may know of: all that are for roles and
// employers, and those for people within reach.
func (v *visit) grantsInReach() (list []Grant, err error) {
	all, err := v.c.o.Rights.Grants()
	r := v.reach(areaRights)
	for _, g := range all {
		if p := v.people.byLogin(g.Name); g.Kind != "person" || p != nil && r.person(p) {
			list = append(list, g)
		}
	}
	return list, err
}

// whoCan lists everybody within reach to whom a grant in force shows a category.
func (v *visit) whoCan(grants []Grant, system string, c custody.Category) (list []whoRow) {
	now, r := v.c.o.Now(), v.reach(areaRights)
	by := showing(grants, system, c, now)
	for _, p := range v.people.sorted {
		current := p.now(now)
		if len(current) == 0 || !r.person(p) {
			continue
		}
		var row whoRow
		roles := p.roles(now)
		for _, g := range by.of(p, roles, current) {
			row.Under = append(row.Under, g.ID)
			if g.See.Has(c) {
				row.How = "as it is"
			} else if row.How == "" {
				row.How = "masked"
			}
		}
		if row.How != "" {
			row.personRow = v.personRow(p)
			list = append(list, row)
		}
	}
	return list
}

// whyLine is one thing that a person may do in a system, and because of what.
type whyLine struct {
	Employer string
	Explained
}

// why explains what a person may do in a system, for each employer within reach who
// engages them.
func (v *visit) why(p *Person, system custody.SystemID) (lines []whyLine, err error) {
	for _, e := range p.now(v.c.o.Now()) {
		if !v.reach(areaRights).at(e.Organisation, e.Branch) {
			continue
		}
		all, err := v.c.o.Rights.Explain(p, &e, system)
		if err != nil {
			return nil, err
		}
		for _, x := range all {
			lines = append(lines, whyLine{e.OrgName, x})
		}
	}
	return lines, nil
}

// holder is who has grants: "role estimator", in lower case.
type holder map[string][]*Grant

// showing sorts the grants in force that show a category of a system by their holders.
func showing(grants []Grant, system string, c custody.Category, now time.Time) holder {
	by := holder{}
	for i := range grants {
		if g := &grants[i]; g.System == system && g.Current(now) && (g.See | g.Mask).Has(c) {
			key := g.Kind + " " + strings.ToLower(g.Name)
			by[key] = append(by[key], g)
		}
	}
	return by
}

// of gives the grants of a person, who works in these roles now.
func (h holder) of(p *Person, roles []string, current []Engagement) (list []*Grant) {
	list = append(list, h["person "+p.Login]...)
	for _, r := range roles {
		list = append(list, h["role "+strings.ToLower(r)]...)
	}
	for i, e := range current {
		if !slices.ContainsFunc(current[:i], func(o Engagement) bool { return o.OrgName == e.OrgName }) {
			list = append(list, h["organisation "+strings.ToLower(e.OrgName)]...)
		}
	}
	return list
}

// holds says whether a grant is for a person, who works in these roles now.
func holds(g *Grant, p *Person, roles []string, current []Engagement) bool {
	switch g.Kind {
	case "person":
		return g.Name == p.Login
	case "role":
		return slices.Contains(roles, g.Name)
	case "organisation":
		return slices.ContainsFunc(current, func(e Engagement) bool { return strings.EqualFold(e.OrgName, g.Name) })
	}
	return false
}

// mePage is what is recorded of the visitor.
func mePage(v *visit) error {
	p := v.people.byID[v.sess.Person]
	if p == nil {
		return errNothing
	}
	d := &personData{personRow: v.personRow(p), Engagements: p.Engagements, MayLooks: true, Self: true}
	customers, answers := v.c.tally.personDays(p.ID, v.c.o.Now(), comparedDays)
	for i, n := range customers {
		d.Customers += int(n)
		d.Answers += int(answers[i])
	}
	v.looksOf(d, p.ID, nil)
	for i := range d.Looks { // their own looks, not the customers in them
		d.Looks[i].Linked, d.Looks[i].PersonRef = false, false
	}
	if err := v.sessionsOf(d, p.ID); err != nil {
		return err
	}
	var err error
	if d.Rights, err = v.rightsOf(p); err != nil {
		return err
	}
	my := &meData{personData: d, now: v.c.o.Now()}
	if my.MyRules, err = v.myRules(); err != nil {
		return err
	}
	if my.MyTraining, err = v.c.o.Register.Training(v.r.Context(), p.ID); err != nil {
		return err
	}
	return v.show("me", "What is recorded of me", my)
}

// meData is what is recorded of the visitor.
type meData struct {
	*personData
	MyRules    []Rule
	MyTraining []Training
	now        time.Time
}

// Past says whether a moment lies behind.
func (d *meData) Past(t time.Time) bool { return !t.After(d.now) }

// endMySession ends another session of the visitor's own.
func endMySession(v *visit) error {
	p := v.people.byID[v.sess.Person]
	if p == nil {
		return errNothing
	}
	if err := v.cut(p, nil); err != nil {
		return err
	}
	return v.seeOther("/me", "session-ended")
}
