package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"custody"
	"custody/trace/inquiry"
)

// Complaint is a complaint that was taken.
type Complaint struct {
	ID           int64
	Reference    string
	Way          string
	Received     time.Time
	Due          time.Time // to be acknowledged by then
	Acknowledged time.Time // zero: not yet
	Closed       time.Time
	Called       time.Time // of the unwanted call; zero: not known
	Knew         string
	Suspect      bool // may have been sent by a program
	Erased       time.Time
	Said         Said
}

// Said is what a complaint says. It is personal data.
type Said struct{ Name, Answer, Phone, Email, Vehicle, Key, System, Caller, Claimed, Knew, Words string }

// Complaints takes complaints. What it finds of customers it tells nobody.
type Complaints interface {
	Complaints() ([]Complaint, error)
	// Unanswered counts those that were not acknowledged yet.
	Unanswered() (int, error)
	Complaint(reference string) (*Complaint, error)
	// Customers gives whom a complaint may be about.
	Customers(id int64) (map[custody.SystemID][]custody.SubjectID, error)
	// Add takes one and gives its reference; called is zero if it is not known. Of one that
	// was taken before it gives the first, and fresh is false.
	Add(ctx context.Context, said Said, called time.Time) (reference string, fresh bool, err error)
	Acknowledge(ctx context.Context, reference string) error
	Letter(reference string) (string, error)
	Erase(ctx context.Context, reference string) error
	// Close notes that the outcome was told.
	Close(ctx context.Context, reference string) error
	// Import takes a list of complaints as CSV; those known before are passed over.
	Import(ctx context.Context, list string) (*ComplaintList, error)
	// Trace weighs whose looks explain the complaints about a system's customers.
	Trace(ctx context.Context, system custody.SystemID) (*inquiry.Answer, error)
}

// ComplaintList is what became of a list of complaints.
type ComplaintList struct {
	Taken, Known int
	Columns      map[string]string // header to what it was taken for
	Bad          []BadLine         // the first 1,000 that are not understood
	BadLines     int
}

// BadLine is a line of a list that is not understood.
type BadLine struct {
	Line int
	Why  string
}

type complaintsData struct {
	Open, Done []Complaint
	Late       int
	Now        time.Time
	Systems    []option
	Said       Said
	Called     string
	MayAdd     bool
}

// Overdue says whether the acknowledgement of a complaint is late.
func (d *complaintsData) Overdue(c Complaint) bool {
	return c.Acknowledged.IsZero() && d.Now.After(c.Due)
}

// complaintReach: complaints are of the whole deployment, as their customers are not known
// to belong to one employer's people.
func (v *visit) complaintReach() error {
	if !v.reach(v.area).everywhere() {
		return v.refused(errRole)
	}
	return nil
}

func complaintsPage(v *visit) error {
	d, err := v.complaints()
	if err != nil {
		return err
	}
	return v.show("complaints", "Complaints", d)
}

func (v *visit) complaints() (*complaintsData, error) {
	if err := v.complaintReach(); err != nil {
		return nil, err
	}
	all, err := v.c.o.Complaints.Complaints()
	d := &complaintsData{Now: v.c.o.Now(), Systems: v.systemOptions(""), MayAdd: v.may(areaComplaintsDo)}
	slices.Reverse(all)
	for _, c := range all {
		if c.Acknowledged.IsZero() && c.Erased.IsZero() {
			d.Open = append(d.Open, c)
		} else {
			d.Done = append(d.Done, c)
		}
		if d.Overdue(c) {
			d.Late++
		}
	}
	return d, err
}

// takeComplaint takes one and gives its reference.
func (v *visit) takeComplaint(said Said, called time.Time) (reference string, fresh bool, err error) {
	if err := v.complaintReach(); err != nil {
		return "", false, err
	}
	if said.System != "" {
		if _, err := v.systemNamed(said.System); err != nil {
			return "", false, err
		}
	}
	return v.c.o.Complaints.Add(v.r.Context(), said, called)
}

func addComplaint(v *visit) error {
	said := Said{v.text("name"), v.text("answer"), v.text("phone"), v.text("email"), v.text("vehicle"), v.text("key"), v.text("system"), v.text("caller"), v.text("claimed"), v.text("knew"), v.text("words")}
	var called time.Time
	var err error
	if text := v.text("called"); text != "" {
		if called, err = time.ParseInLocation("2006-01-02T15:04", text, v.c.o.Zone); err != nil {
			err = custody.E(custody.CodeInvalid, "the time of the call cannot be read", "choose a date and a time, or leave it empty")
		}
	}
	var reference string
	fresh := false
	if err == nil {
		reference, fresh, err = v.takeComplaint(said, called)
	}
	if err == nil {
		return v.seeOther("/complaints/"+reference, map[bool]string{true: "recorded", false: "knownbefore"}[fresh])
	}
	d, e := v.complaints()
	if e != nil {
		return e
	}
	d.Said, d.Called = said, v.text("called")
	return v.again("complaints", "Complaints", d, err)
}

// complaintData is one complaint with what it says: a look at the customers whom it may
// be about, recorded before it is shown.
type complaintData struct {
	Complaint
	Letter  string
	Planted bool // it is about a planted customer, and the visitor may know
	MayAct  bool
	Now     time.Time
}

// Late says whether the acknowledgement is late.
func (d *complaintData) Late() bool { return d.Acknowledged.IsZero() && d.Now.After(d.Due) }

func (v *visit) complaint() (*Complaint, error) {
	if err := v.complaintReach(); err != nil {
		return nil, err
	}
	c, err := v.c.o.Complaints.Complaint(v.r.PathValue("reference"))
	if code := custody.CodeOf(err); code == custody.CodeNotFound || code == custody.CodeInvalid {
		return nil, errNothing
	}
	return c, err
}

func complaintPage(v *visit) error {
	d, err := v.openComplaint()
	if err != nil {
		return err
	}
	return v.show("complaint", "Complaint "+d.Reference, d)
}

// openComplaint gives the complaint of the path with what it says: a look, recorded first.
func (v *visit) openComplaint() (*complaintData, error) {
	c, err := v.complaint()
	if err != nil {
		return nil, err
	}
	customers, err := v.c.o.Complaints.Customers(c.ID)
	if err != nil {
		return nil, err
	}
	planted, err := v.dropPlanted(customers)
	if err != nil {
		return nil, err
	}
	for system, list := range customers {
		if slices.Sort(list); len(list) == 0 {
			continue
		}
		if err := v.g.at.Look(system, slices.Compact(list), custody.Categories(custody.Phone), "Complaint "+c.Reference); err != nil {
			return nil, err
		}
	}
	d := &complaintData{Complaint: *c, Planted: planted && v.canaryReach(areaCanariesDo), MayAct: v.may(areaComplaintsDo), Now: v.c.o.Now()}
	if c.Erased.IsZero() {
		d.Letter, err = v.c.o.Complaints.Letter(c.Reference)
	}
	return d, err
}

// dropPlanted takes planted customers out of those whom a complaint may be about, and says
// whether there were any. They are nobody, so no look is recorded; and whoever works on
// the complaint has a reason.
func (v *visit) dropPlanted(customers map[custody.SystemID][]custody.SubjectID) (dropped bool, err error) {
	planted, err := v.c.o.Canaries.Now()
	if err != nil {
		return false, err
	}
	for system, list := range customers {
		customers[system] = slices.DeleteFunc(list, planted)
		dropped = dropped || len(customers[system]) < len(list)
	}
	return dropped, nil
}

func acknowledgeComplaint(v *visit) error {
	return v.stepped(v.onComplaint(v.c.o.Complaints.Acknowledge))
}

func eraseComplaint(v *visit) error { return v.stepped(v.onComplaint(v.c.o.Complaints.Erase)) }

func (v *visit) stepped(reference string, err error) error {
	if err != nil {
		return err
	}
	return v.seeOther("/complaints/"+reference, "recorded")
}

// onComplaint does something about the complaint of the path and gives its reference.
func (v *visit) onComplaint(do func(context.Context, string) error) (string, error) {
	c, err := v.complaint()
	if err != nil {
		return "", err
	}
	return c.Reference, do(v.r.Context(), c.Reference)
}

// traces are the running trace and the last answers, by system.
type traces struct {
	mu   sync.Mutex
	last map[custody.SystemID]*tracing
}

// tracing is a trace that runs or has ended.
type tracing struct {
	System  string
	Running bool
	Started time.Time
	Done    time.Time
	By      string
	Answer  *inquiry.Answer
	Trouble string
}

type traceData struct {
	Systems []option
	Traces  []tracing
	MayRun  bool
	// MayPlant says that the visitor may plant what the next best test asks for.
	MayPlant bool
}

func tracePage(v *visit) error {
	if err := v.complaintReach(); err != nil {
		return err
	}
	return v.show("trace", "Trace", v.traces())
}

func (v *visit) traces() *traceData {
	d := &traceData{Systems: v.systemOptions(""), MayRun: v.may(areaComplaintsDo), MayPlant: v.canaryReach(areaCanariesDo)}
	t := &v.c.traces
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.last {
		d.Traces = append(d.Traces, *x)
	}
	slices.SortFunc(d.Traces, func(a, b tracing) int { return b.Started.Compare(a.Started) })
	return d
}

// tracePart is the part of the page that shows how traces go.
func tracePart(v *visit) error {
	if err := v.complaintReach(); err != nil {
		return err
	}
	return v.showPart("trace-answers", v.traces())
}

// startTrace runs a trace in a goroutine unless one of the system runs.
func startTrace(v *visit) error {
	if err := v.runTrace(v.text("system")); err != nil {
		return err
	}
	return v.seeOther("/trace", "")
}

func (v *visit) runTrace(system string) error {
	if err := v.complaintReach(); err != nil {
		return err
	}
	id, err := v.systemNamed(system)
	if err == nil {
		v.c.startTrace(id, system, v.sess.FullName)
	}
	return err
}

// systemNamed finds the number of a guarded system.
func (v *visit) systemNamed(name string) (custody.SystemID, error) {
	for id, n := range v.c.o.Systems.Names() {
		if n == name {
			return id, nil
		}
	}
	return 0, custody.E(custody.CodeInvalid, "there is no such system", "choose one that is guarded")
}

func (c *Console) startTrace(id custody.SystemID, name, by string) {
	t := &c.traces
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		t.last = map[custody.SystemID]*tracing{}
	}
	if before := t.last[id]; before != nil && before.Running {
		return
	}
	run := &tracing{System: name, Running: true, Started: c.o.Now(), By: by}
	t.last[id] = run
	c.work.Go(func() {
		answer, err := c.o.Complaints.Trace(c.running, id)
		t.mu.Lock()
		defer t.mu.Unlock()
		run.Running, run.Done, run.Answer = false, c.o.Now(), answer
		if err != nil {
			run.Trouble, _ = publicly(err)
			c.o.Log.Warn("a trace could not be finished", "system", name, "err", causeOf(err))
		}
	})
}

// traceReport downloads the page of a trace, with pictures and baselines.
func traceReport(v *visit) error {
	if err := v.complaintReach(); err != nil {
		return err
	}
	t, err := v.traced(v.r.PathValue("system"))
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "trace-"+t.System+".html"))
	v.w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	v.w.WriteHeader(http.StatusOK)
	return v.broken(t.Answer.WriteHTML(v.w, v.c.o.Zone, t.Done))
}

// traced finds the last answer of a system.
func (v *visit) traced(system string) (*tracing, error) {
	for _, t := range v.traces().Traces {
		if t.System == system && t.Answer != nil {
			return &t, nil
		}
	}
	return nil, errNothing
}
