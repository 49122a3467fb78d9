package console

import (
	"fmt"
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
	list, err := v.c.o.Alerts.Alerts(d.All)
	if err != nil {
		return err
	}
	for i := range list {
		if !v.reachesAlert(&list[i]) {
			continue
		}
		if list[i].Held {
			d.Held++
		}
		d.Alerts = append(d.Alerts, v.alertRow(&list[i]))
	}
	return v.show("alerts", "Alerts", d)
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
	d := &alertData{alertRow: v.alertRow(a), MayAct: v.leads() && a.Person != v.sess.Person}
	var err error
	if d.Reviews, err = v.c.o.Alerts.Reviews(a.ID); err != nil {
		return nil, err
	}
	if d.Actions, err = v.c.o.Alerts.Actions(a.ID); err != nil {
		return nil, err
	}
	d.States = []option{{Value: "looking", Title: "I am looking into it"}, {Value: "explained", Title: "The look was explained"},
		{Value: "mistaken", Title: "The alert is mistaken"}, {Value: "confirmed", Title: "Misuse is confirmed"}}
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

func reviewAlert(v *visit) error { return v.actOnAlert(false) }

func unsealAlert(v *visit) error { return v.actOnAlert(true) }

// actOnAlert reviews an alert or asks to see its name, with a reason.
func (v *visit) actOnAlert(unseal bool) error {
	a, err := v.alert()
	if err != nil {
		return err
	}
	if !v.leads() && !unseal {
		return v.refused(errRole)
	}
	reason := v.text("reason")
	switch {
	case reason == "" || len(reason) > 500:
		err = custody.E(custody.CodeReason, "say why", "a sentence, at most 500 bytes; it is kept with the alert")
	case unseal:
		_, err = v.c.o.Alerts.Unseal(a.ID, v.sess.Person, reason)
	default:
		err = v.c.o.Alerts.Review(a.ID, v.sess.Person, v.text("state"), reason)
	}
	if err == nil {
		return v.seeOther(fmt.Sprintf("/alerts/%d", a.ID), "recorded")
	}
	d, e := v.alertData(a)
	if e != nil {
		return e
	}
	return v.again("alert", fmt.Sprintf("Alert %d", a.ID), d, v.refused(err))
}

// StateWords is the state as people read it.
func (a Alert) StateWords() string {
	return map[string]string{"open": "new", "looking": "being looked into", "explained": "explained", "mistaken": "mistaken", "confirmed": "confirmed"}[a.State]
}
