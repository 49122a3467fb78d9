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
	Person     custody.PersonID // zero for one about nobody
	SystemName string
	Device     string
	Rules      []string
	Strength   float64
	Raised     time.Time
	State      string // open, looking, explained, mistaken or confirmed
	Unsealed   int    // how many asked to see the name
	detect.Alert
}

// Sealed says whether the name is still hidden: two people must ask to see it.
func (a *Alert) Sealed() bool { return a.Person != 0 && a.Unsealed < 2 }

// AlertReview is one decision about an alert.
type AlertReview struct {
	Time          time.Time
	By            string
	State, Reason string
}

// Alerts keeps alerts and their reviews. It holds to the separation of duties itself:
// nobody reviews or unseals an alert about themselves, and two people unseal.
type Alerts interface {
	// Alerts lists them by evidence, those within the day's budget first: those that
	// wait for review, or all.
	Alerts(all bool) ([]Alert, error)
	// Open gives whom the alerts that nobody has looked into are about; zero for nobody.
	Open() ([]custody.PersonID, error)
	Alert(id int64) (*Alert, error)
	Reviews(id int64) ([]AlertReview, error)
	Actions(id int64) ([]string, error) // what was done because of it
	Review(id int64, by custody.PersonID, state, reason string) error
	Unseal(id int64, by custody.PersonID, reason string) (bool, error)
}

// alertRow is one alert of the inbox.
type alertRow struct {
	Alert
	Who      string // the name, or a pseudonym while it is sealed
	Employer string
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
		if v.reachesAlert(&list[i]) {
			rows = append(rows, v.alertRow(&list[i]))
		}
	}
	return rows, err
}

// reachesAlert: an alert is within reach as its person is; one about nobody belongs to
// those who reach everybody.
func (v *visit) reachesAlert(a *Alert) bool {
	if p := v.people.byID[a.Person]; p != nil {
		return v.reach(areaAlerts).person(p)
	}
	return v.reach(areaAlerts).everywhere()
}

func (v *visit) alertRow(a *Alert) alertRow {
	row := alertRow{Alert: *a, Who: "nobody in particular"}
	if p := v.people.byID[a.Person]; p != nil {
		row.Who, row.Employer = p.FullName, v.personRow(p).Employer
		if a.Sealed() {
			row.Who = fmt.Sprintf("Login under review %d", a.ID)
		}
	}
	return row
}

// alertData is one alert.
type alertData struct {
	alertRow
	Timeline page.Timeline
	Looks    []lookRow
	Reviews  []AlertReview
	Actions  []string
	States   []option
	MayAct   bool
	Figures  *personData // the login's days beside colleagues; nil for an alert about nobody
}

// alert finds the alert of the path within reach.
func (v *visit) alert() (*Alert, error) {
	id, err := number[int64](v, "alert")
	if err != nil {
		return nil, err
	}
	a, err := v.c.o.Alerts.Alert(id)
	if custody.CodeOf(err) == custody.CodeNotFound || err == nil && !v.reachesAlert(a) {
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
	d := &alertData{alertRow: v.alertRow(a), MayAct: v.may(areaAlertsDo) && a.Person != v.sess.Person}
	var err error
	if d.Reviews, err = v.c.o.Alerts.Reviews(a.ID); err != nil {
		return nil, err
	}
	if d.Actions, err = v.c.o.Alerts.Actions(a.ID); err != nil {
		return nil, err
	}
	d.States = alertStates
	if p := v.people.byID[a.Person]; p != nil {
		d.Figures = &personData{}
		v.figures(d.Figures, p)
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
		lane.Times = append(lane.Times, e.Time)
		if len(a.Entries)-i > shownEntries {
			continue
		}
		look := Look{Number: n, Event: *e, Answer: len(e.Subjects)}
		row := w.row(&look)
		if a.Sealed() {
			row.Name, row.Person, row.PersonRef, row.Linked, row.Employer = d.Who, 0, false, false, ""
		}
		d.Looks = append(d.Looks, row)
	}
	if len(lane.Times) > 0 {
		d.Timeline = page.Timeline{From: lane.Times[0], To: lane.Times[len(lane.Times)-1], Lanes: []page.Lane{lane}}
	}
}

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
