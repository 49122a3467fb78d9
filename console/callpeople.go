package console

import (
	"time"

	"custody"
)

func peopleCalls() []call {
	return []call{
		{"GET", "people", "people", "People within reach, by name", areaPeople, scopePeople, list, []param{{"q", "words of name, login or branch", "string"}}, nil, PersonItem{}, callPeople},
		{"POST", "people", "join", "Add a person with their first engagement", areaJoin, scopePeopleDo, 0, nil, Joiner{}, PersonItem{}, callJoin},
		{"GET", "people/{login}", "person", "One person", areaPeople, scopePeople, 0, nil, nil, PersonItem{}, callPerson},
		{"POST", "people/{login}/engagements", "engage", "Give a known person a further engagement", areaJoin, scopePeopleDo, 0, nil, Joiner{}, PersonItem{}, callEngage},
		{"GET", "people/{login}/figures", "figures", "How many customers a person saw by day, beside colleagues of the same role", areaLooks, scopeLooks, 0, nil, nil, Figures{}, callFigures},
		{"GET", "people/{login}/extract", "personExtract", "The proof of what a person saw, which anybody checks offline; customers are numbers in it", areaCustomers, scopeLooks, dear, nil, nil, file(extractType), callPersonExtract},
		{"POST", "people/{login}/leave", "leave", "End all engagements, sessions and ways to sign in of a person: now, or at a moment to come", areaLeave, scopePeopleDo, 0, nil, Leaving{}, CutItem{}, callLeave},
		{"POST", "people/{login}/compromised", "compromised", "Lock a login that somebody else may know, now: they enrol anew", areaLeave, scopePeopleDo, 0, nil, Confirm{}, CutItem{}, callCompromised},
		{"GET", "people/{login}/cuts", "cuts", "What ended with a person, newest first", areaPeople, scopePeople, list, nil, nil, CutItem{}, callCuts},
		{"GET", "people/{login}/sessions", "sessionsOf", "A person's sessions, live and ended, newest first", areaPeople, scopePeople, list, nil, nil, SessionItem{}, callSessionsOf},
		{"GET", "people/{login}/rights", "rightsOf", "The rights in force that reach a person", areaPeople, scopePeople, list, nil, nil, GrantItem{}, callRightsOf},
		{"GET", "people/{login}/why", "why", "What a person may do in a system, and because of what", areaRights, scopePeople, list, []param{{"system", "the system's name", "string"}}, nil, WhyItem{}, callWhy},
		{"GET", "leavings", "leavings", "Whose engagement ends at a moment to come, soonest first", areaPeople, scopePeople, list, nil, nil, LeavingItem{}, callLeavings},
		{"GET", "sessions", "sessions", "The live sessions within reach", areaPeople, scopePeople, list, nil, nil, SessionItem{}, callSessions},
		{"POST", "sessions/{session}/end", "endSession", "End one live session, now", areaCut, scopePeopleDo, 0, nil, nil, Done{}, callEndSession},
	}
}

// PersonItem is a person with those of their engagements that are within reach.
type PersonItem struct {
	Login       string           `json:"login"`
	Name        string           `json:"name"`
	Current     bool             `json:"current"` // engaged by anybody now
	Engagements []EngagementItem `json:"engagements"`
}

// EngagementItem is a person's work for an employer.
type EngagementItem struct {
	Organisation string    `json:"organisation"`
	Branch       string    `json:"branch,omitempty"`
	Roles        []string  `json:"roles"`
	Start        time.Time `json:"start"`
	End          time.Time `json:"end,omitzero"`
}

func (v *visit) personItem(p *Person) PersonItem {
	item := PersonItem{Login: p.Login, Name: p.FullName, Current: len(p.now(v.c.o.Now())) > 0, Engagements: []EngagementItem{}}
	for _, e := range v.within(p) {
		item.Engagements = append(item.Engagements, EngagementItem{e.OrgName, e.Branch, append([]string{}, e.Roles...), e.Start, e.End})
	}
	return item
}

func callPeople(v *visit, _ any) (any, error) {
	found := v.people.find(v.reach(areaPeople), v.r.URL.Query().Get("q"))
	p, err := part(v, found)
	if err != nil {
		return nil, err
	}
	items := []PersonItem{}
	for _, one := range p.Items.([]*Person) {
		items = append(items, v.personItem(one))
	}
	p.Items = items
	return p, nil
}

// named finds the person of the path by login, within reach of the call's area.
func (v *visit) named() (*Person, error) {
	p := v.people.byLogin(v.r.PathValue("login"))
	if p == nil || !v.reach(v.area).person(p) {
		if p != nil {
			v.g.at.Refuse(custody.CodeForbidden)
		}
		return nil, errNothing
	}
	return p, nil
}

func callPerson(v *visit, _ any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	return v.personItem(p), nil
}

// Joiner is somebody to be added. Login and name are those of the path for a further
// engagement.
type Joiner struct {
	Login        string    `json:"login,omitempty"`
	Name         string    `json:"name,omitempty"`
	Organisation string    `json:"organisation"`
	Branch       string    `json:"branch,omitempty"`
	Roles        []string  `json:"roles"`
	Start        time.Time `json:"start,omitzero"`
	End          time.Time `json:"end,omitzero"`
}

func callJoin(v *visit, in any) (any, error) {
	j := in.(Joiner)
	p, err := v.join(&NewPerson{j.Login, j.Name, j.Organisation, j.Branch, j.Roles, j.Start, j.End})
	if err != nil {
		return nil, err
	}
	return v.personItem(p), nil
}

func callEngage(v *visit, in any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	j := in.(Joiner)
	if j.Login != "" && j.Login != p.Login || j.Name != "" {
		return nil, custody.E(custody.CodeInvalid, "the person is the one of the address", "leave login and name out of the body")
	}
	if p, err = v.engage(&NewPerson{p.Login, "", j.Organisation, j.Branch, j.Roles, j.Start, j.End}); err != nil {
		return nil, err
	}
	return v.personItem(p), nil
}

// Figures are a person's last 30 days beside colleagues.
type Figures struct {
	Days      []DayItem `json:"days"` // oldest first, today last
	Customers int       `json:"customers"`
	Answers   int       `json:"answers"`
	Peers     []int     `json:"peers"` // customers of each colleague, ascending; nobody is named
	Says      string    `json:"says"`
}

// DayItem is a day of a person.
type DayItem struct {
	Day       string `json:"day"` // in the deployment's time zone
	Customers int    `json:"customers"`
	Typical   int    `json:"middle_of_colleagues"`
}

func callFigures(v *visit, _ any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	var d personData
	v.figures(&d, p)
	f := Figures{Days: make([]DayItem, len(d.Days)), Customers: d.Customers, Answers: d.Answers, Peers: append([]int{}, d.Peers.Values...), Says: d.PeerText}
	first := v.firstDay()
	for i, b := range d.Days {
		f.Days[i] = DayItem{Day: first.AddDate(0, 0, i).Format(time.DateOnly), Customers: b.Value}
		if i < len(d.Typical) {
			f.Days[i].Typical = d.Typical[i]
		}
	}
	return f, nil
}

func callPersonExtract(v *visit, _ any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	return nil, v.extract(0, p.ID, time.Time{}, time.Time{})
}

// Confirm repeats what a call is about, so that it is not another by mistake.
type Confirm struct {
	Login string `json:"login"`
}

// Leaving is the end of a person's engagements.
type Leaving struct {
	Confirm
	At           time.Time `json:"at,omitzero"`            // now if it is left out
	Organisation string    `json:"organisation,omitempty"` // only this employer's
}

// CutItem is what ended with a person.
type CutItem struct {
	Kind         string    `json:"kind"` // left, moved, compromised, dormant; planned
	Organisation string    `json:"organisation,omitempty"`
	At           time.Time `json:"at"`
	Done         time.Time `json:"done,omitzero"`
	Sessions     int       `json:"sessions"`
	Ended        string    `json:"ended"`
}

func cutItem(c *Cut) CutItem {
	return CutItem{c.Kind, c.Organisation, c.At, c.Done, c.Sessions, c.Ended}
}

// confirmed finds the person of the path if the body repeats their login.
func (v *visit) confirmed(c Confirm) (*Person, error) {
	p, err := v.named()
	if err == nil && c.Login != p.Login {
		return nil, custody.E(custody.CodeInvalid, "the login in the body is not this person's", "repeat it there, to confirm")
	}
	return p, err
}

func callLeave(v *visit, in any) (any, error) {
	l := in.(Leaving)
	p, err := v.confirmed(l.Confirm)
	if err != nil {
		return nil, err
	}
	cut, err := v.end(p, l.Organisation, l.At)
	if err != nil {
		return nil, err
	}
	return cutItem(cut), nil
}

func callCompromised(v *visit, in any) (any, error) {
	p, err := v.confirmed(in.(Confirm))
	if err != nil {
		return nil, err
	}
	cut, err := v.lock(p)
	if err != nil {
		return nil, err
	}
	return cutItem(cut), nil
}

func callCuts(v *visit, _ any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	all, err := v.cutsOf(p)
	items := []CutItem{}
	for i := range all {
		items = append(items, cutItem(&all[i]))
	}
	if err != nil {
		return nil, err
	}
	return part(v, items)
}

// LeavingItem is an engagement that ends at a moment to come.
type LeavingItem struct {
	Login        string    `json:"login"`
	Name         string    `json:"name"`
	Organisation string    `json:"organisation"`
	Branch       string    `json:"branch,omitempty"`
	End          time.Time `json:"end"`
}

func callLeavings(v *visit, _ any) (any, error) {
	items := []LeavingItem{}
	for _, l := range v.leavings() {
		items = append(items, LeavingItem{l.Login, l.Name, l.Of, l.At, l.End})
	}
	return part(v, items)
}

// SessionItem is a live session.
type SessionItem struct {
	Session      uint64    `json:"session"`
	Login        string    `json:"login"`
	Organisation string    `json:"organisation"`
	System       string    `json:"system"`
	Credential   string    `json:"credential"`
	Address      string    `json:"address"`
	Program      string    `json:"program,omitempty"`
	Started      time.Time `json:"started"`
	Ended        time.Time `json:"ended,omitzero"`
	Notes        string    `json:"notes,omitempty"`
}

// sessionItems makes items of sessions within reach; nil reaches all.
func (v *visit) sessionItems(all []Session, r reach) []SessionItem {
	names, items := v.c.o.Systems.Names(), []SessionItem{}
	for i := range all {
		s := &all[i]
		if s.Person != 0 && (r == nil || r.at(s.Organisation, v.people.branch(s.Person, s.Organisation))) {
			items = append(items, SessionItem{uint64(s.ID), s.Login, s.OrgName, v.systemTitle(names, s.System), s.Credential, s.Address, s.AppName, s.Started, s.Ended, s.Notes})
		}
	}
	return items
}

func callSessions(v *visit, _ any) (any, error) {
	all, err := v.c.o.Sessions.Live()
	if err != nil {
		return nil, err
	}
	return part(v, v.sessionItems(all, v.reach(areaPeople)))
}

func callSessionsOf(v *visit, _ any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	all, err := v.c.o.Sessions.Of(p.ID, maxItems)
	if err != nil {
		return nil, err
	}
	return part(v, v.sessionItems(all, v.reach(areaPeople)))
}

func callEndSession(v *visit, _ any) (any, error) {
	id, err := number[custody.SessionID](v, "session")
	if err != nil {
		return nil, err
	}
	s, err := v.c.o.Sessions.Session(id)
	if custody.CodeOf(err) == custody.CodeNotFound {
		return nil, errNothing
	}
	if err != nil {
		return nil, err
	}
	p := v.people.byID[s.Person]
	if p == nil {
		return nil, errNothing
	}
	return Done{"ended"}, v.cut(p, v.reach(areaCut))
}

func callRightsOf(v *visit, _ any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	return v.rightItems(p)
}

// rightItems answers with the grants in force that reach a person.
func (v *visit) rightItems(p *Person) (any, error) {
	all, err := v.rightsOf(p)
	if err != nil {
		return nil, err
	}
	return part(v, grantItems(all))
}

// WhyItem is one thing that a person may do in a system.
type WhyItem struct {
	Organisation string   `json:"organisation"`
	Action       string   `json:"action"`
	Treatment    string   `json:"treatment"`
	Categories   []string `json:"categories"`
	Because      string   `json:"because"`
}

func callWhy(v *visit, _ any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	id, err := v.systemNamed(v.r.URL.Query().Get("system"))
	if err != nil {
		return nil, err
	}
	lines, err := v.why(p, id)
	if err != nil {
		return nil, err
	}
	items := []WhyItem{}
	for _, l := range lines {
		items = append(items, WhyItem{l.Employer, l.Action, l.Treatment, append([]string{}, l.Categories...), l.Because})
	}
	return part(v, items)
}
