package console

import (
	"fmt"
	"slices"
	"time"

	"custody"
	"custody/console/page"
	"custody/detect"
)

// Alert is an alert as it is kept, with its review.
type Alert struct {
	ID         int64
	About      []custody.PersonID // whose looks it is about; none for one about nobody
	SystemName string
	Device     string
	Rules      []string
	Strength   float64
	Raised     time.Time
	State      string // open, looking, explained, mistaken or confirmed
	Unsealed   int    // how many asked to see the name
	detect.Alert
}

// Sealed says whether names are still hidden: two people must ask to see them. Until then
// nothing is shown by which the looks in question are found in another list: no number of
// an entry, session or right, no device, and no time to the second.
func (a *Alert) Sealed() bool { return len(a.About) > 0 && a.Unsealed < 2 }

// shownTime is a time as it may be shown.
func (a *Alert) shownTime(t time.Time) time.Time {
	if a.Sealed() {
		return t.Truncate(time.Minute)
	}
	return t
}

// AlertReview is one decision about an alert.
type AlertReview struct {
	Time          time.Time
	By            string
	State, Reason string
}

// Alerts keeps alerts and their reviews. It holds to the separation of duties itself:
// nobody reviews or unseals an alert about themselves, and two people unseal. While one is
// sealed, its Key, Device, Session and Grant are empty.
type Alerts interface {
	// Alerts lists them by evidence, those within the day's budget first: those that
	// wait for review, or all.
	Alerts(all bool) ([]Alert, error)
	// Open gives whom the alerts that nobody has looked into are about.
	Open() ([][]custody.PersonID, error)
	Alert(id int64) (*Alert, error)
	Reviews(id int64) ([]AlertReview, error)
	Actions(id int64) ([]string, error) // what was done because of it
	Review(id int64, by custody.PersonID, state, reason string) error
	Unseal(id int64, by custody.PersonID, reason string) (bool, error)
	// Pseudonym stands for a person in alerts that are sealed, the same in all of them.
	Pseudonym(custody.PersonID) string
}

// alertRow is one alert of the inbox.
type alertRow struct {
	Alert
	Who      string           // the name, or a pseudonym while it is sealed
	Ref      custody.PersonID // whose page may be opened; zero while it is sealed
	Employer string
	Logins   []loginRow // of a device on which several looked, once they are unsealed
}

type loginRow struct {
	Ref         custody.PersonID
	Name, Login string
}

type alertsData struct {
	Alerts []alertRow
	All    bool
	Held   int
}

func alertsPage(v *visit) error {
	d := &alertsData{All: v.r.URL.Query().Get("all") == "yes"}
	var err error
	if d.Alerts, err = v.alerts(d.All); err != nil {
		return err
	}
	for i := range d.Alerts {
		if d.Alerts[i].Held {
			d.Held++
		}
	}
	return v.show("alerts", "Alerts", d)
}

// alerts lists those within reach: those that wait for review, or all.
func (v *visit) alerts(all bool) (rows []alertRow, err error) {
	list, err := v.c.o.Alerts.Alerts(all)
	for i := range list {
		if v.reachesAlert(list[i].About) {
			rows = append(rows, v.alertRow(&list[i]))
		}
	}
	return rows, err
}

// reachesAlert: an alert is within reach as all are whom it is about; one about nobody
// belongs to those who reach everybody. Nobody reaches an alert about themselves: what was
// found, and that anything was, is not theirs to read.
func (v *visit) reachesAlert(about []custody.PersonID) bool {
	r := v.reach(areaAlerts)
	if len(about) == 0 {
		return r.everywhere()
	}
	return !slices.ContainsFunc(about, func(id custody.PersonID) bool {
		p := v.people.byID[id]
		return id == v.sess.Person || p == nil && !r.everywhere() || p != nil && !r.person(p)
	})
}

func (v *visit) alertRow(a *Alert) alertRow {
	row := alertRow{Alert: *a, Who: "nobody in particular"}
	row.Raised, row.From, row.Until = a.shownTime(a.Raised), a.shownTime(a.From), a.shownTime(a.Alert.Until)
	switch {
	case a.Several:
		row.Who = "a device used by " + plural(len(a.About), "login", "logins")
		if !a.Sealed() {
			row.Logins = v.loginRows(a.About)
		}
	case a.Sealed():
		row.Who = v.c.o.Alerts.Pseudonym(a.About[0])
	case len(a.About) > 0:
		row.Ref, row.Who = a.About[0], v.people.name(a.About[0])
		if p := v.people.byID[row.Ref]; p != nil {
			row.Employer = v.personRow(p).Employer
		}
	}
	return row
}

func (v *visit) loginRows(of []custody.PersonID) (rows []loginRow) {
	for _, id := range of {
		row := loginRow{Ref: id, Name: v.people.name(id)}
		if p := v.people.byID[id]; p != nil {
			row.Login = p.Login
		}
		rows = append(rows, row)
	}
	return rows
}

// alertData is one alert.
type alertData struct {
	alertRow
	Timeline page.Timeline
	Looks    []alertLook
	Reviews  []AlertReview
	Actions  []string
	States   []option
	MayAct   bool
	Figures  *personData // the login's days beside colleagues; nil for an alert about no single login
}

// alertLook is one of the looks in question, by its place in the alert.
type alertLook struct {
	lookRow
	Place int
}

// alert finds the alert of the path within reach.
func (v *visit) alert() (*Alert, error) {
	id, err := number[int64](v, "alert")
	if err != nil {
		return nil, err
	}
	a, err := v.c.o.Alerts.Alert(id)
	if custody.CodeOf(err) == custody.CodeNotFound || err == nil && !v.reachesAlert(a.About) {
		return nil, errNothing
	}
	return a, err
}

func alertPage(v *visit) error {
	a, err := v.alert()
	if err != nil {
		return err
	}
	d, err := v.alertData(a)
	if err != nil {
		return err
	}
	return v.show("alert", fmt.Sprintf("Alert %d", a.ID), d)
}

func (v *visit) alertData(a *Alert) (*alertData, error) {
	d := &alertData{alertRow: v.alertRow(a), MayAct: v.may(areaAlertsDo)}
	var err error
	if d.Reviews, err = v.c.o.Alerts.Reviews(a.ID); err != nil {
		return nil, err
	}
	if d.Actions, err = v.c.o.Alerts.Actions(a.ID); err != nil {
		return nil, err
	}
	d.States = alertStates
	if len(a.About) == 1 && !a.Several {
		if p := v.people.byID[a.About[0]]; p != nil {
			d.Figures = &personData{Sealed: a.Sealed()}
			v.figures(d.Figures, p)
		}
	}
	v.entries(d, a)
	return d, nil
}

// shownEntries is how many ledger entries an alert's page lists.
const shownEntries = 60

// entries lists the looks in question, without the name while that is sealed.
func (v *visit) entries(d *alertData, a *Alert) {
	w := v.words(v.c.o.Systems.Names())
	lane := page.Lane{Name: "looks"}
	for i, n := range a.Entries {
		e, ok := v.c.o.Looks.Event(n)
		if !ok {
			continue
		}
		lane.Times = append(lane.Times, a.shownTime(e.Time))
		if len(a.Entries)-i > shownEntries {
			continue
		}
		look := Look{Number: n, Event: *e, Answer: len(e.Subjects)}
		d.Looks = append(d.Looks, alertLook{v.sealed(a, w.row(&look)), i + 1})
	}
	if len(lane.Times) > 0 {
		d.Timeline = page.Timeline{From: lane.Times[0], To: lane.Times[len(lane.Times)-1], Lanes: []page.Lane{lane}}
	}
}

// sealed is a look as the alert shows it.
func (v *visit) sealed(a *Alert, row lookRow) lookRow {
	if a.Sealed() {
		row.Name, row.Time = v.c.o.Alerts.Pseudonym(row.Person), a.shownTime(row.Time)
		row.Number, row.Person, row.PersonRef, row.Employer, row.Session = 0, 0, false, "", 0
	}
	return row
}

// alertLook finds one of the looks in question by its place in the alert: so it can be
// opened while its number is sealed.
func (v *visit) alertLook() (*foundLook, error) {
	a, err := v.alert()
	if err != nil {
		return nil, err
	}
	at, err := number[uint64](v, "look")
	if err != nil || at == 0 || at > uint64(len(a.Entries)) {
		return nil, errNothing
	}
	e, ok := v.c.o.Looks.Event(a.Entries[at-1])
	if !ok || !v.mayOpen(e) {
		return nil, errNothing
	}
	return &foundLook{number: a.Entries[at-1], event: e, path: fmt.Sprintf("/alerts/%d/looks/%d", a.ID, at), alert: a}, nil
}

func alertLookPage(v *visit) error        { return v.lookPage(v.alertLook()) }
func stateAlertLookReason(v *visit) error { return v.stateLookReason(v.alertLook()) }

func reviewAlert(v *visit) error {
	return v.actOnAlert(func(a *Alert) error { return v.judge(a, v.text("state"), v.text("reason")) })
}

func unsealAlert(v *visit) error {
	return v.actOnAlert(func(a *Alert) error { return v.unseal(a, v.text("reason")) })
}

// judge decides about an alert, with a reason.
func (v *visit) judge(a *Alert, state, reason string) error {
	if !slices.ContainsFunc(alertStates, func(o option) bool { return o.Value == state }) {
		return custody.E(custody.CodeInvalid, "there is no such outcome", "it is looking, explained, mistaken or confirmed")
	}
	if err := checkWhy(reason); err != nil {
		return err
	}
	return v.refused(v.c.o.Alerts.Review(a.ID, v.sess.Person, state, reason))
}

// unseal asks to see the name behind an alert; two different people have to.
func (v *visit) unseal(a *Alert, reason string) error {
	if err := checkWhy(reason); err != nil {
		return err
	}
	_, err := v.c.o.Alerts.Unseal(a.ID, v.sess.Person, reason)
	return v.refused(err)
}

// checkWhy holds a reason of a decision to what is kept.
func checkWhy(reason string) error {
	if reason == "" || len(reason) > 500 {
		return custody.E(custody.CodeReason, "say why", "a sentence, at most 500 bytes; it is kept")
	}
	return nil
}

// alertStates are what a review can find.
var alertStates = []option{{Value: "looking", Title: "I am looking into it"}, {Value: "explained", Title: "The look was explained"},
	{Value: "mistaken", Title: "The alert is mistaken"}, {Value: "confirmed", Title: "Misuse is confirmed"}}

// actOnAlert does something about the alert of the path, and shows its page once more if
// that is refused.
func (v *visit) actOnAlert(act func(*Alert) error) error {
	a, err := v.alert()
	if err != nil {
		return err
	}
	if err = act(a); err == nil {
		return v.seeOther(fmt.Sprintf("/alerts/%d", a.ID), "recorded")
	}
	d, e := v.alertData(a)
	if e != nil {
		return e
	}
	return v.again("alert", fmt.Sprintf("Alert %d", a.ID), d, err)
}

// StateWords is the state as people read it.
func (a Alert) StateWords() string {
	return map[string]string{"open": "new", "looking": "being looked into", "explained": "explained", "mistaken": "mistaken", "confirmed": "confirmed"}[a.State]
}
