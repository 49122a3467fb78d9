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

// shownLooks is how many looks a page lists before it asks for the next page.
const shownLooks = 100

// customersData is the page on which a customer is sought.
type customersData struct {
	What, System, Reason string
	Systems              []option
	Matches              []matchRow
	Sought               bool
}

type option struct {
	Value, Title string
	Chosen       bool
}

type matchRow struct {
	Subject custody.SubjectID
	System  string
	By      string
}

func customersPage(v *visit) error {
	return v.show("customers", "Find a customer", &customersData{Systems: v.systemOptions("")})
}

func (v *visit) systemOptions(chosen string) (list []option) {
	for _, name := range v.c.o.Systems.Names() {
		list = append(list, option{name, name, name == chosen})
	}
	slices.SortFunc(list, func(a, b option) int { return strings.Compare(a.Value, b.Value) })
	return list
}

// findCustomer looks for a customer. That somebody is one, and by which number, is
// something of them already: what is found is recorded before it is shown. What was
// typed stands in no address and in no log.
func findCustomer(v *visit) error {
	d := &customersData{What: v.text("what"), System: v.text("system"), Reason: v.text("reason"), Sought: true}
	d.Systems = v.systemOptions(d.System)
	if err := v.checkSought(d.What, d.Reason); err != nil {
		return v.again("customers", "Find a customer", d, err)
	}
	matches, err := v.find(d.System, d.What, d.Reason)
	if err != nil {
		return err
	}
	if len(matches) == 1 {
		return v.seeOther(fmt.Sprintf("/customers/%d", matches[0].Subject), "")
	}
	names := v.c.o.Systems.Names()
	for _, m := range matches {
		d.Matches = append(d.Matches, matchRow{m.Subject, v.systemTitle(names, m.System), foundBy(&m)})
	}
	return v.show("customers", "Find a customer", d)
}

// checkSought holds what is typed, and why, to what can be sought and kept.
func (v *visit) checkSought(what, reason string) error {
	if what == "" || len(what) > 200 {
		return custody.E(custody.CodeInvalid, "type a customer's number, phone, email or registration", "one of them is enough")
	}
	return v.g.state(reason)
}

// find looks for customers and records whom it found.
func (v *visit) find(system, what, reason string) ([]Match, error) {
	var systems []custody.SystemID
	for id, name := range v.c.o.Systems.Names() {
		if system == "" || system == name {
			systems = append(systems, id)
		}
	}
	slices.Sort(systems)
	matches, err := v.c.o.Customers.Find(systems, what)
	if err != nil {
		return nil, err
	}
	const most = 50
	if len(matches) > most {
		return nil, custody.E(custody.CodeLimit, "more than 50 customers share this", "search by something that one customer has")
	}
	for _, m := range matches {
		if err := v.g.state(reason, m.Subject); err != nil {
			return nil, err
		}
		if err := v.g.at.Look(m.System, []custody.SubjectID{m.Subject}, m.By, reason); err != nil {
			return nil, err
		}
		v.g.recorded(m.Subject, v.c.o.Now())
	}
	return matches, nil
}

func foundBy(m *Match) string {
	words := m.By.Strings()
	for i, w := range words {
		if w == "vehicle" {
			words[i] = "registration"
		}
	}
	if m.ByKey {
		words = append([]string{"customer number"}, words...)
	}
	return strings.Join(words, ", ")
}

// customerData is everybody who saw one customer.
type customerData struct {
	Subject  custody.SubjectID
	System   string
	Key      string
	Erased   bool
	Looks    []lookRow
	People   int
	Count    int
	First    time.Time
	Last     time.Time
	Timeline page.Timeline
	Older    uint64 // the event before which the next page begins; zero if none
	Paged    bool
	MayErase bool
	Reason   string
	Names    bool // the answer names people
	Planted  bool // a planted customer, to a visitor who may know
	Made     time.Time
}

// subject finds the customer of the path and records the look at them. Without a stated
// reason it gives nil and shows the page that asks for one.
func (v *visit) subject(title string) (*customerData, custody.SystemID, error) {
	id, err := number[custody.SubjectID](v, "subject")
	if err != nil {
		return nil, 0, err
	}
	system, key, err := v.c.o.Customers.Key(id)
	if custody.CodeOf(err) == custody.CodeNotFound {
		return nil, 0, errNothing
	}
	if err != nil {
		return nil, 0, err
	}
	d := &customerData{Subject: id, System: v.systemTitle(v.c.o.Systems.Names(), system), Key: key, Erased: key == "", MayErase: v.may(areaErase), Made: v.c.o.Now()}
	if d.Planted, err = v.toldPlanted(id); err != nil {
		return nil, 0, err
	}
	d.Reason = v.g.reason(id)
	if d.Reason == "" {
		return nil, 0, v.show("why", title, &whyData{Action: fmt.Sprintf("/customers/%d/reason", id), Next: v.r.URL.Path, Whom: "this customer"})
	}
	if v.g.justRecorded(id, d.Made) {
		return d, system, nil
	}
	return d, system, v.g.at.Look(system, []custody.SubjectID{id}, 0, d.Reason)
}

// whyData is the page that asks for a reason.
type whyData struct{ Action, Next, Whom string }

func stateReason(v *visit) error {
	id, err := number[custody.SubjectID](v, "subject")
	if err != nil {
		return err
	}
	at := fmt.Sprintf("/customers/%d", id)
	if err := v.g.state(v.text("reason"), id); err != nil {
		return v.again("why", "Find a customer", &whyData{Action: at + "/reason", Next: at, Whom: "this customer"}, err)
	}
	if v.text("next") == at+"/answer" {
		at += "/answer"
	}
	return v.seeOther(at, "")
}

func customerPage(v *visit) error {
	d, system, err := v.subject("Customer")
	if d == nil || err != nil {
		return err
	}
	v.collect(d, system, shownLooks)
	return v.show("customer", "Customer "+d.title(), d)
}

func (d *customerData) title() string {
	if d.Erased {
		return "(forgotten)"
	}
	return d.Key
}

// collect lists the looks at a customer within reach: the newest in rows, all in the
// figures and the timeline.
func (v *visit) collect(d *customerData, system custody.SystemID, most int) {
	r := v.reach(areaCustomers)
	w := v.words(v.c.o.Systems.Names())
	before, _ := parseNumber(v.r.URL.Query().Get("before"))
	d.Paged = before != 0
	people := map[custody.PersonID][]time.Time{}
	for l := range v.c.o.Looks.WhoSaw(system, d.Subject, time.Time{}, time.Time{}) {
		if !r.look(&l.Event, v.people) {
			continue
		}
		people[l.Person] = append(people[l.Person], l.Time)
		d.Count++
		d.First = l.Time
		if d.Last.IsZero() {
			d.Last = l.Time
		}
		switch {
		case before != 0 && l.Number >= before:
		case len(d.Looks) < most:
			d.Looks = append(d.Looks, w.row(&l))
		case d.Older == 0:
			d.Older = d.Looks[len(d.Looks)-1].Number
		}
	}
	d.People = len(people)
	d.Timeline = v.timeline(people, d.First, d.Made)
}

// shownLanes is how many people a timeline has lanes for; the others share one.
const shownLanes = 12

// timeline draws who looked when, most looks first.
func (v *visit) timeline(people map[custody.PersonID][]time.Time, first, last time.Time) page.Timeline {
	t := page.Timeline{From: first, To: last}
	for id, times := range people {
		t.Lanes = append(t.Lanes, page.Lane{Name: v.laneName(id), Times: times})
	}
	slices.SortFunc(t.Lanes, func(a, b page.Lane) int {
		if n := cmp.Compare(len(b.Times), len(a.Times)); n != 0 {
			return n
		}
		return strings.Compare(a.Name, b.Name)
	})
	if len(t.Lanes) > shownLanes {
		rest := page.Lane{Name: plural(len(t.Lanes)-shownLanes+1, "other", "others")}
		for _, l := range t.Lanes[shownLanes-1:] {
			rest.Times = append(rest.Times, l.Times...)
		}
		t.Lanes = append(t.Lanes[:shownLanes-1], rest)
	}
	return t
}

func (v *visit) laneName(id custody.PersonID) string {
	if id == 0 {
		return "applications"
	}
	return v.people.name(id)
}

// shownAnswer is how many looks an answer to a subject access request has.
const shownAnswer = 5000

// answerPage is the answer to a subject access request, to print: who saw the customer,
// by employer and work. Staff are named only where whoever answers chooses so; their
// names are personal data too.
func answerPage(v *visit) error {
	d, system, err := v.subject("Customer")
	if d == nil || err != nil {
		return err
	}
	d.Names = v.r.URL.Query().Get("names") == "yes"
	v.collect(d, system, shownAnswer)
	return v.show("answer", "Who has seen this customer's data", d)
}

// eraseCustomer forgets a customer. The key must be typed, so that it is the right one.
func eraseCustomer(v *visit) error {
	d, system, err := v.subject("Customer")
	if d == nil || err != nil {
		return err
	}
	if d.Erased || v.text("key") != d.Key {
		v.collect(d, system, shownLooks)
		return v.again("customer", "Customer "+d.title(), d, custody.E(custody.CodeInvalid, "the number you typed is not this customer's", "type it as it stands at the top of the page"))
	}
	if err := v.c.o.Customers.Erase(v.r.Context(), d.Subject, v.sess.Person); err != nil {
		return err
	}
	v.c.o.Log.Info("a customer was forgotten in the console", "session", v.sess.ID, "subject", d.Subject)
	return v.seeOther("/customers", "erased")
}
