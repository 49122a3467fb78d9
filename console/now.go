package console

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
	"custody/console/page"
)

// The most rows of the lists on Now, and how far back the newest looks are sought.
const (
	shownLive   = 40
	shownLatest = 10
	sought      = 20_000
)

// nowData is the page that shows what happens.
type nowData struct {
	Live    liveData
	Hours   []page.Bar
	Today   int // disclosures
	Answers int
	Counted bool // all of the ledger has been read since the start
	Systems []page.Bar
	Places  []page.Bar // by branch, or by employer where nobody has a branch
	PlaceOf string
	Signed  Checkpoint // the newest; empty if the visitor may not know or it cannot be signed
	Check   checkData
	Sent    SentCheckpoint // the newest that was sent; zero if none
}

// liveData is the part of Now that is sent again whenever something happens.
type liveData struct {
	At       time.Time
	Sessions []liveRow
	More     int
	Latest   []lookRow
	Near     []nearRow
	Healthy  bool
	Trouble  string
	Events   int
	Frames   uint64
}

type liveRow struct {
	Person           custody.PersonID
	Name, Login      string
	Employer, Branch string
	System           string
	How, Address     string
	Started          time.Time
	Second           bool // its credential is live at another address too
}

type nearRow struct {
	Person      custody.PersonID
	Name        string
	System      string
	Used, Limit int
	Window      string
	Percent     int
}

func nowPage(v *visit) error {
	live, err := v.live()
	if err != nil {
		return err
	}
	d := &nowData{Live: *live}
	v.today(d)
	if err := v.kept(d); err != nil {
		return err
	}
	return v.show("now", "Now", d)
}

// kept fills in how the record itself stands.
func (v *visit) kept(d *nowData) (err error) {
	if !v.may(areaLedger) {
		return nil
	}
	d.Check = v.c.checks.state()
	if d.Signed, err = v.c.o.Ledger.Checkpoint(); err != nil {
		d.Signed = Checkpoint{} // the page says that the ledger is not well
	}
	sent, err := v.c.o.Ledger.Sent(1)
	if len(sent) > 0 {
		d.Sent = sent[0]
	}
	return err
}

// live collects what changes from moment to moment.
func (v *visit) live() (*liveData, error) {
	d := &liveData{At: v.c.o.Now()}
	sessions, err := v.c.o.Sessions.Live()
	if err != nil {
		return nil, err
	}
	r := v.reach(areaNow)
	names := v.c.o.Systems.Names()
	slices.Reverse(sessions)
	for i := range sessions {
		s := &sessions[i]
		branch := v.people.branch(s.Person, s.Organisation)
		if s.Person == 0 || !r.at(s.Organisation, branch) {
			continue
		}
		if len(d.Sessions) == shownLive {
			d.More++
			continue
		}
		d.Sessions = append(d.Sessions, liveRow{Person: s.Person, Name: s.FullName, Login: s.Login, Employer: s.OrgName, Branch: branch,
			System: v.systemTitle(names, s.System), How: credentialWords[s.Credential], Address: s.Address, Started: s.Started, Second: s.Notes != ""})
	}
	if v.may(areaLooks) {
		d.Latest = v.latest(names)
	}
	d.Near = v.near(r)
	if err := v.c.o.Ledger.Health(); err != nil {
		d.Trouble = "The ledger cannot write: gates release nothing until it can."
		v.c.o.Log.Warn("the ledger is not well", "err", err)
	}
	d.Healthy = d.Trouble == ""
	events, _ := v.c.o.Looks.Len()
	d.Events = int(events)
	return d, nil
}

var credentialWords = map[string]string{"token": "token", "certificate": "certificate", "browser": "browser", "application": "application"}

// latest lists the newest looks within reach.
func (v *visit) latest(names map[custody.SystemID]string) (list []lookRow) {
	r, n := v.reach(areaLooks), 0
	w := v.words(names)
	for l := range v.c.o.Looks.Newest(0) {
		if n++; n > sought || len(list) == shownLatest {
			break
		}
		if shown(l.Kind) && r.look(&l.Event, v.people) {
			list = append(list, w.row(&l))
		}
	}
	return list
}

// shown says whether an event belongs in lists of looks.
func shown(k custody.EventKind) bool {
	return k == custody.EventDisclosure || k == custody.EventChange || k == custody.EventRefusal
}

// systemTitle is what pages call a system; one that custody.yaml does not declare any
// more has its number only.
func (v *visit) systemTitle(names map[custody.SystemID]string, id custody.SystemID) string {
	if n, ok := names[id]; ok {
		return n
	}
	if id == v.sess.System {
		return "this console"
	}
	return fmt.Sprintf("system %d", id)
}

// near lists who has used most of a limit, nearest first.
func (v *visit) near(r reach) (list []nearRow) {
	for _, s := range v.c.o.Gate.Standing() {
		p := v.people.byID[s.Session.Person]
		if p == nil || !r.at(s.Session.Organisation, s.Session.Branch) {
			continue
		}
		row := nearRow{Person: p.ID, Name: p.FullName, System: s.Session.SystemName}
		for _, w := range []struct {
			used, limit uint32
			window      string
		}{{s.Hour, s.Limits.PerHour, "hour"}, {s.Day, s.Limits.PerDay, "day"}} {
			if w.limit == 0 {
				continue
			}
			if percent := int(uint64(w.used) * 100 / uint64(w.limit)); percent >= row.Percent {
				row.Used, row.Limit, row.Window, row.Percent = int(w.used), int(w.limit), w.window, percent
			}
		}
		same := func(n nearRow) bool { return n.Person == row.Person && n.System == row.System }
		if row.Limit > 0 && row.Percent >= 60 && !slices.ContainsFunc(list, same) {
			list = append(list, row)
		}
	}
	slices.SortFunc(list, func(a, b nearRow) int { return b.Percent - a.Percent })
	return list[:min(len(list), 10)]
}

// today fills in the day's figures, as far as they are within reach.
func (v *visit) today(d *nowData) {
	r := v.reach(areaNow)
	now := v.c.o.Now().In(v.c.o.Zone)
	hours := [24]int{}
	systems, branches, employers := map[string]int{}, map[string]int{}, map[string]int{}
	names, orgs := v.c.o.Systems.Names(), v.people.organisations()
	d.Counted = v.c.tally.today(now, func(c cell, n count) {
		branch := v.people.branch(c.person, c.organisation)
		if !r.at(c.organisation, branch) {
			return
		}
		hours[c.hour] += int(n.disclosures)
		d.Today += int(n.disclosures)
		d.Answers += int(n.answers)
		systems[v.systemTitle(names, c.system)] += int(n.disclosures)
		if branch == "" {
			branch = "no branch"
		}
		branches[branch] += int(n.disclosures)
		employers[orgs[c.organisation]] += int(n.disclosures)
	})
	for h, n := range hours {
		d.Hours = append(d.Hours, page.Bar{Label: strconv.Itoa(h), Title: fmt.Sprintf("%02d:00 to %02d:00", h, (h+1)%24), Value: n, Here: h == now.Hour()})
	}
	d.Systems = bars(systems, 8)
	d.Places, d.PlaceOf = bars(branches, 12), "branch"
	if _, none := branches["no branch"]; none && len(branches) == 1 {
		d.Places, d.PlaceOf = bars(employers, 12), "employer"
	}
}

// organisations gives the employers' names.
func (n *roster) organisations() map[custody.OrganisationID]string {
	all := map[custody.OrganisationID]string{}
	for _, p := range n.sorted {
		for i := range p.Engagements {
			all[p.Engagements[i].Organisation] = p.Engagements[i].OrgName
		}
	}
	return all
}

// bars lists the largest first, and the rest as one.
func bars(by map[string]int, most int) (list []page.Bar) {
	for name, n := range by {
		list = append(list, page.Bar{Label: name, Title: name, Value: n})
	}
	slices.SortFunc(list, func(a, b page.Bar) int {
		if a.Value != b.Value {
			return b.Value - a.Value
		}
		return strings.Compare(a.Label, b.Label)
	})
	if len(list) > most {
		rest := page.Bar{Label: fmt.Sprintf("%d others", len(list)-most+1)}
		for _, b := range list[most-1:] {
			rest.Value += b.Value
		}
		rest.Title = rest.Label
		list = append(list[:most-1], rest)
	}
	return list
}
