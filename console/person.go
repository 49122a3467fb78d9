package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/console/page"
)

// shownPeople is how many people a page of the list has.
const shownPeople = 100

type peopleData struct {
	Query  string
	People []personRow
	Count  int
	From   int
	Next   int // where the next page begins; zero if none

	Leavings []leavingRow
	MayJoin  bool
}

type personRow struct {
	ID       custody.PersonID
	Name     string
	Login    string
	Employer string
	Roles    []string
	Branch   string
	Left     time.Time // when the last engagement ended; zero while engaged
	Coming   time.Time // when the first begins, if that is to come
}

func peoplePage(v *visit) error {
	d := v.peopleFound()
	if v.r.Header.Get("HX-Request") == "true" {
		return v.showPart("people-list", d)
	}
	return v.show("people", "People", d)
}

// peopleFound lists a page of the people who are sought.
func (v *visit) peopleFound() *peopleData {
	d := &peopleData{Query: strings.TrimSpace(v.r.URL.Query().Get("q")), MayJoin: v.may(areaJoin), Leavings: v.leavings()}
	d.Leavings = d.Leavings[:min(len(d.Leavings), shownLeavings)]
	from, _ := parseNumber(v.r.URL.Query().Get("from"))
	found := v.people.find(v.reach(areaPeople), d.Query)
	d.Count, d.From = len(found), int(min(from, uint64(len(found))))
	page := found[d.From:]
	if len(page) > shownPeople {
		page, d.Next = page[:shownPeople], d.From+shownPeople
	}
	for _, p := range page {
		d.People = append(d.People, v.personRow(p))
	}
	return d
}

// shownLeavings is how many planned ends the list of people shows.
const shownLeavings = 20

func (v *visit) personRow(p *Person) personRow {
	now := v.c.o.Now()
	row := personRow{ID: p.ID, Name: p.FullName, Login: p.Login, Roles: p.roles(now)}
	var employers []string
	for _, e := range p.now(now) {
		employers = append(employers, e.OrgName)
		row.Branch = e.Branch
	}
	row.Employer = strings.Join(employers, ", ")
	if row.Employer != "" {
		return row
	}
	for i := range p.Engagements {
		switch e := &p.Engagements[i]; {
		case e.Start.After(now):
			row.Coming, row.Employer = e.Start, e.OrgName
		case e.End.After(row.Left):
			row.Left, row.Employer = e.End, e.OrgName
		}
	}
	return row
}

// personData is one person's page.
type personData struct {
	personRow
	Engagements []Engagement
	Days        []page.Bar
	Typical     []int // of colleagues, day by day
	Customers   int   // in 30 days, days added up
	Answers     int
	Peers       page.Strip
	PeerText    string
	Sealed      bool // the page says nothing of who it is
	Looks       []lookRow
	Older       uint64
	Paged       bool
	Sessions    []sessionRow
	Rights      []Grant
	MayLooks    bool
	MayCut      bool
	MayLeave    bool
	Self        bool
	Cuts        []Cut
	Ends        time.Time // when the last engagement is planned to end; zero if it is open
	MayGive     bool
	Systems     []option
	Why         []whyLine // what they may do in the chosen system
	WhyIn       string
}

type sessionRow struct {
	ID      custody.SessionID
	System  string
	How     string
	Program string
	Address string
	Started time.Time
	Ended   time.Time
	Cut     bool
	Second  bool
	Here    bool
}

// comparedDays is how long a person is compared with colleagues.
const comparedDays = 30

func personPage(v *visit) error {
	p, err := v.person()
	if err != nil {
		return err
	}
	d := &personData{personRow: v.personRow(p), Engagements: v.within(p), MayLooks: v.may(areaLooks) && v.reach(areaLooks).person(p),
		Self: p.ID == v.sess.Person}
	d.MayCut = v.reach(areaCut).person(p)
	d.MayLeave = !d.Self && v.reach(areaLeave).person(p) && len(p.now(v.c.o.Now())) > 0
	if d.MayLooks {
		v.figures(d, p)
		v.looksOf(d, p.ID, v.reach(areaLooks))
	}
	if err := v.sessionsOf(d, p.ID); err != nil {
		return err
	}
	if d.Rights, err = v.rightsOf(p); err != nil {
		return err
	}
	if err := v.staffing(d, p); err != nil {
		return err
	}
	return v.show("person", p.FullName, d)
}

// staffing fills in what ended with a person, what is planned to, and why they may what
// they may.
func (v *visit) staffing(d *personData, p *Person) (err error) {
	if d.Cuts, err = v.cutsOf(p); err != nil {
		return err
	}
	now := p.now(v.c.o.Now())
	if !slices.ContainsFunc(now, func(e Engagement) bool { return e.End.IsZero() }) {
		for _, e := range now {
			d.Ends = latestOf(d.Ends, e.End)
		}
	}
	d.MayGive = v.may(areaGrant) && !d.Self
	d.WhyIn = v.r.URL.Query().Get("why")
	d.Systems = v.systemOptions(d.WhyIn)
	if id, err := v.systemNamed(d.WhyIn); err == nil {
		d.Why, err = v.why(p, id)
		return err
	}
	return nil
}

func latestOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// cutsOf lists what ended with a person, as far as it was within reach.
func (v *visit) cutsOf(p *Person) ([]Cut, error) {
	all, err := v.c.o.Staff.Cuts(p.ID)
	r := v.reach(areaPeople)
	if r.everywhere() {
		return all, err
	}
	names := v.people.organisations()
	return slices.DeleteFunc(all, func(c Cut) bool {
		if c.Organisation == "" {
			return slices.ContainsFunc(p.Engagements, func(e Engagement) bool { return !r.at(e.Organisation, e.Branch) })
		}
		return !slices.ContainsFunc(p.Engagements, func(e Engagement) bool {
			return names[e.Organisation] == c.Organisation && r.at(e.Organisation, e.Branch)
		})
	}), err
}

// within lists a person's engagements as far as they are within reach.
func (v *visit) within(p *Person) (list []Engagement) {
	r := v.reach(areaPeople)
	for _, e := range p.Engagements {
		if r.at(e.Organisation, e.Branch) || p.ID == v.sess.Person {
			list = append(list, e)
		}
	}
	return list
}

// figures fills in the days and the comparison with colleagues.
func (v *visit) figures(d *personData, p *Person) {
	now := v.c.o.Now()
	customers, answers := v.c.tally.personDays(p.ID, now, comparedDays)
	first := v.firstDay()
	for i, n := range customers {
		day := first.AddDate(0, 0, i)
		d.Days = append(d.Days, page.Bar{Label: day.Format("2"), Title: day.Format("Mon 2 Jan"), Value: int(n), Here: i == comparedDays-1,
			Quiet: day.Weekday() == time.Saturday || day.Weekday() == time.Sunday})
		d.Customers += int(n)
		d.Answers += int(answers[i])
	}
	v.compare(d, p, now)
}

// firstDay is the oldest of the days that are compared.
func (v *visit) firstDay() time.Time {
	return midnight(v.c.o.Now().In(v.c.o.Zone)).AddDate(0, 0, 1-comparedDays)
}

// compare sets a person beside current colleagues with a role in common, of the same
// employer. The visitor sees where the others stand, not who they are.
func (v *visit) compare(d *personData, p *Person, now time.Time) {
	mine, roles := p.now(now), p.roles(now)
	if len(mine) == 0 || len(roles) == 0 {
		d.PeerText = "Nobody is engaged in the same role now."
		return
	}
	own := mine[0].Organisation
	at, alone := " at "+mine[0].OrgName, " works as "+strings.Join(roles, " or ")
	if d.Sealed {
		at, alone = "", " has the same role"
	}
	var others []int
	byDay := make([][]uint32, comparedDays)
	for _, o := range v.people.sorted {
		if o.ID == p.ID || !colleague(o, own, roles, now) {
			continue
		}
		sum := 0
		customers, _ := v.c.tally.personDays(o.ID, now, comparedDays)
		for i, n := range customers {
			sum += int(n)
			byDay[i] = append(byDay[i], n)
		}
		others = append(others, sum)
	}
	if len(others) == 0 {
		d.PeerText = "Nobody else" + at + alone + "."
		return
	}
	slices.Sort(others)
	for _, day := range byDay {
		slices.Sort(day)
		d.Typical = append(d.Typical, int(day[len(day)/2]))
	}
	below, _ := slices.BinarySearch(others, d.Customers)
	d.Peers = page.Strip{Values: others, Mine: d.Customers, Label: "customers in 30 days"}
	d.PeerText = fmt.Sprintf("%s with the same role%s: half of them saw %s or fewer. %s saw fewer than this person.",
		plural(len(others), "colleague", "colleagues"), at, plural(others[len(others)/2], "customer", "customers"),
		capital(plural(below, "colleague", "colleagues")))
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func colleague(p *Person, of custody.OrganisationID, roles []string, now time.Time) bool {
	for _, e := range p.now(now) {
		if e.Organisation == of && slices.ContainsFunc(e.Roles, func(r string) bool { return slices.Contains(roles, r) }) {
			return true
		}
	}
	return false
}

// shownOwn is how many looks the page of a person lists.
const shownOwn = 25

// looksOf lists a person's looks within reach, a page of them.
func (v *visit) looksOf(d *personData, p custody.PersonID, r reach) {
	w := v.words(v.c.o.Systems.Names())
	before, _ := parseNumber(v.r.URL.Query().Get("before"))
	d.Paged = before != 0
	var to time.Time
	if e, ok := v.c.o.Looks.Event(before); ok {
		to = e.Time.Add(time.Microsecond) // others of the same moment are told apart by number
	}
	n := 0
	for l := range v.c.o.Looks.By(p, time.Time{}, to) {
		if n++; n > sought {
			return
		}
		if !shown(l.Kind) || before != 0 && l.Number >= before || r != nil && !r.look(&l.Event, v.people) {
			continue
		}
		if len(d.Looks) == shownOwn {
			d.Older = d.Looks[len(d.Looks)-1].Number
			return
		}
		d.Looks = append(d.Looks, w.row(&l))
	}
}

// shownSessions is how many sessions a person's page lists.
const shownSessions = 25

func (v *visit) sessionsOf(d *personData, p custody.PersonID) error {
	list, err := v.c.o.Sessions.Of(p, shownSessions)
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b Session) int { return cmp.Compare(bit(b.Ended.IsZero()), bit(a.Ended.IsZero())) })
	names := v.c.o.Systems.Names()
	for i := range list {
		s := &list[i]
		if own := p == v.sess.Person; !own && !v.reach(v.area).at(s.Organisation, v.people.branch(p, s.Organisation)) {
			continue
		}
		d.Sessions = append(d.Sessions, sessionRow{ID: s.ID, System: v.systemTitle(names, s.System), How: credentialWords[s.Credential], Program: s.AppName,
			Address: s.Address, Started: s.Started, Ended: s.Ended, Cut: s.EndCode == custody.CodeRevoked, Second: s.Notes != "", Here: s.ID == v.sess.ID})
	}
	return nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rightsOf lists the grants in force that reach a person.
func (v *visit) rightsOf(p *Person) (list []Grant, err error) {
	all, err := v.c.o.Rights.Grants()
	if err != nil {
		return nil, err
	}
	now := v.c.o.Now()
	roles, current := p.roles(now), p.now(now)
	for _, g := range all {
		if g.Current(now) && holds(&g, p, roles, current) {
			list = append(list, g)
		}
	}
	return list, nil
}

// endSession ends a live session of a person within reach.
func endSession(v *visit) error {
	p, err := v.person()
	if err != nil {
		return err
	}
	if err := v.cut(p, v.reach(areaCut)); err != nil {
		return err
	}
	return v.seeOther(fmt.Sprintf("/people/%d", p.ID), "session-ended")
}

// cut ends the session of the path, which must be that person's and within reach.
func (v *visit) cut(p *Person, r reach) error {
	id, err := number[custody.SessionID](v, "session")
	if err != nil {
		return err
	}
	s, err := v.c.o.Sessions.Session(id)
	if custody.CodeOf(err) == custody.CodeNotFound {
		return errNothing
	}
	if err != nil {
		return err
	}
	if s.Person != p.ID || r != nil && !r.at(s.Organisation, v.people.branch(p.ID, s.Organisation)) {
		v.g.at.Refuse(custody.CodeForbidden)
		return errNothing
	}
	v.c.o.Log.Info("a session was ended in the console", "session", id, "by", v.sess.ID)
	return v.c.o.Sessions.Cut(id)
}
