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
	Alert     int64 // as one of whose looks it is shown; zero if it is shown by itself
}

type customerRow struct {
	Subject   custody.SubjectID
	Key       string
	Forgotten bool
}

// foundLook is an answer that the visitor may open.
type foundLook struct {
	number uint64
	event  *custody.Event
	path   string // of its page
	alert  *Alert // the alert as one of whose looks it is opened, if it is
}

// customers are those of the answer that its page names.
func (f *foundLook) customers() []custody.SubjectID {
	return f.event.Subjects[:min(len(f.event.Subjects), shownCustomers)]
}

// lookEvent finds the event of the path within reach.
func (v *visit) lookEvent() (*foundLook, error) {
	n, err := number[uint64](v, "event")
	if err != nil {
		return nil, err
	}
	e, ok := v.c.o.Looks.Event(n)
	if !ok || !v.mayOpen(e) {
		return nil, errNothing
	}
	return &foundLook{number: n, event: e, path: fmt.Sprintf("/looks/%d", n)}, nil
}

// mayOpen says whether the customers of an answer are within reach.
func (v *visit) mayOpen(e *custody.Event) bool {
	return shown(e.Kind) && len(e.Subjects) > 0 && v.reach(areaCustomers).look(e, v.people)
}

func lookPage(v *visit) error        { return v.lookPage(v.lookEvent()) }
func stateLookReason(v *visit) error { return v.stateLookReason(v.lookEvent()) }

// lookPage shows the customers of one answer: a look at each of them, recorded first.
func (v *visit) lookPage(f *foundLook, err error) error {
	if err != nil {
		return err
	}
	reason := v.g.reason(f.customers()[0])
	if reason == "" {
		return v.show("why", "One answer", f.why())
	}
	d, err := v.openLook(f, reason)
	if err != nil {
		return err
	}
	return v.show("look", "One answer", d)
}

// why asks for the reason of a look at the answer's customers.
func (f *foundLook) why() *whyData {
	return &whyData{Action: f.path + "/reason", Whom: plural(len(f.customers()), "customer", "customers")}
}

// openLook gives one answer with its customers: a look at each of them, recorded first.
func (v *visit) openLook(f *foundLook, reason string) (*lookData, error) {
	subjects := f.customers()
	if err := v.g.at.Look(f.event.System, subjects, 0, reason); err != nil {
		return nil, err
	}
	w := v.words(v.c.o.Systems.Names())
	look := Look{Number: f.number, Event: *f.event, Answer: len(f.event.Subjects)}
	d := &lookData{lookRow: w.row(&look), More: len(f.event.Subjects) - len(subjects), Stated: reason}
	if f.alert != nil {
		d.lookRow, d.Alert = v.sealed(f.alert, d.lookRow), f.alert.ID
	}
	for _, s := range subjects {
		_, key, err := v.c.o.Customers.Key(s)
		if err != nil {
			return nil, err
		}
		d.Customers = append(d.Customers, customerRow{s, key, key == ""})
	}
	return d, nil
}

func (v *visit) stateLookReason(f *foundLook, err error) error {
	if err != nil {
		return err
	}
	if err := v.g.state(v.text("reason"), f.customers()...); err != nil {
		return v.again("why", "One answer", f.why(), err)
	}
	return v.seeOther(f.path, "")
}
