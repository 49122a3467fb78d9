package console

import (
	"fmt"
	"strconv"

	"custody"
)

func parseNumber(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil
}

// shownCustomers is how many customers of one answer the page names.
const shownCustomers = 200

// lookData is one answer with its customers.
type lookData struct {
	lookRow
	Customers []customerRow
	More      int
	Stated    string
}

type customerRow struct {
	Subject   custody.SubjectID
	Key       string
	Forgotten bool
}

// lookEvent finds the event of the path within reach.
func (v *visit) lookEvent() (uint64, *custody.Event, error) {
	n, err := number[uint64](v, "event")
	if err != nil {
		return 0, nil, err
	}
	e, ok := v.c.o.Looks.Event(n)
	if !ok || !shown(e.Kind) || len(e.Subjects) == 0 || !v.reach(areaCustomers).look(e, v.people) {
		return 0, nil, errNothing
	}
	return n, e, nil
}

// lookPage shows the customers of one answer: a look at each of them, recorded first.
func lookPage(v *visit) error {
	n, e, err := v.lookEvent()
	if err != nil {
		return err
	}
	subjects := e.Subjects[:min(len(e.Subjects), shownCustomers)]
	reason := v.g.reason(subjects[0])
	if reason == "" {
		return v.show("why", "One answer", &whyData{Action: fmt.Sprintf("/looks/%d/reason", n), Whom: plural(len(subjects), "customer", "customers")})
	}
	d, err := v.openLook(n, e, reason)
	if err != nil {
		return err
	}
	return v.show("look", "One answer", d)
}

// openLook gives one answer with its customers: a look at each of them, recorded first.
func (v *visit) openLook(n uint64, e *custody.Event, reason string) (*lookData, error) {
	subjects := e.Subjects[:min(len(e.Subjects), shownCustomers)]
	if err := v.g.at.Look(e.System, subjects, 0, reason); err != nil {
		return nil, err
	}
	w := v.words(v.c.o.Systems.Names())
	look := Look{Number: n, Event: *e, Answer: len(e.Subjects)}
	d := &lookData{lookRow: w.row(&look), More: len(e.Subjects) - len(subjects), Stated: reason}
	for _, s := range subjects {
		_, key, err := v.c.o.Customers.Key(s)
		if err != nil {
			return nil, err
		}
		d.Customers = append(d.Customers, customerRow{s, key, key == ""})
	}
	return d, nil
}

func stateLookReason(v *visit) error {
	n, e, err := v.lookEvent()
	if err != nil {
		return err
	}
	at := fmt.Sprintf("/looks/%d", n)
	subjects := e.Subjects[:min(len(e.Subjects), shownCustomers)]
	if err := v.g.state(v.text("reason"), subjects...); err != nil {
		return v.again("why", "One answer", &whyData{Action: at + "/reason", Whom: plural(len(subjects), "customer", "customers")}, err)
	}
	return v.seeOther(at, "")
}
