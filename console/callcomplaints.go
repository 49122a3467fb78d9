package console

import (
	"context"
	"time"

	"custody/trace/inquiry"
)

func complaintCalls() []call {
	return []call{
		{"GET", "complaints", "complaints", "Complaints, newest first, without what they say", areaComplaints, scopeComplaints, list, nil, nil, ComplaintItem{}, callComplaints},
		{"POST", "complaints", "takeComplaint", "Take a complaint; whether a system has the customer is not told", areaComplaintsDo, scopeComplaintsDo, 0, nil, NewComplaint{}, Reference{}, callTakeComplaint},
		{"GET", "complaints/{reference}", "complaint", "One complaint with what it says and the letter; itself a look at the customers whom it may be about", areaComplaints, scopeComplaints, dear, nil, nil, ComplaintState{}, callComplaint},
		{"POST", "complaints/{reference}/acknowledge", "acknowledgeComplaint", "Note that a complaint was acknowledged", areaComplaintsDo, scopeComplaintsDo, 0, nil, nil, Done{}, callOnComplaint("acknowledged")},
		{"POST", "complaints/{reference}/erase", "eraseComplaint", "Forget what a complaint says", areaComplaintsDo, scopeComplaintsDo, 0, nil, nil, Done{}, callOnComplaint("erased")},
		{"POST", "complaints/{reference}/close", "closeComplaint", "Note that the outcome was told to whoever complained", areaComplaintsDo, scopeComplaintsDo, 0, nil, nil, Done{}, callOnComplaint("closed")},
		{"POST", "complaints/import", "importComplaints", "Take a list of complaints (CSV); lines that are not understood are told, those known before passed over", areaComplaintsDo, scopeComplaintsDo, dear | lists, nil, ComplaintsFile{}, ListTaken{}, callImportComplaints},
		{"GET", "traces", "traces", "The traces that run and the last answers", areaComplaints, scopeComplaints, list, nil, nil, TraceItem{}, callTraces},
		{"POST", "traces", "startTrace", "Begin to weigh whose looks explain the complaints about a system's customers", areaComplaintsDo, scopeComplaintsDo, dear, nil, NewTrace{}, TraceItem{}, callStartTrace},
		{"GET", "traces/{system}", "trace", "The last answer about a system", areaComplaints, scopeComplaints, dear, nil, nil, inquiry.Answer{}, callTrace},
		{"GET", "traces/{system}/report", "traceReport", "The same as a page with pictures and baselines", areaComplaints, scopeComplaints, dear, nil, nil, file("text/html"), callTraceReport},
	}
}

// ComplaintItem is a complaint without what it says.
type ComplaintItem struct {
	Reference    string    `json:"reference"`
	Way          string    `json:"way"`
	Received     time.Time `json:"received"`
	Due          time.Time `json:"due"` // to be acknowledged by then
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Closed       time.Time `json:"closed,omitzero"`
	Called       time.Time `json:"called,omitzero"`
	Suspect      bool      `json:"suspect"` // may have been sent by a program
	Erased       time.Time `json:"erased,omitzero"`
}

func complaintItem(c *Complaint) ComplaintItem {
	return ComplaintItem{c.Reference, c.Way, c.Received, c.Due, c.Acknowledged, c.Closed, c.Called, c.Suspect, c.Erased}
}

func callComplaints(v *visit, _ any) (any, error) {
	d, err := v.complaints()
	if err != nil {
		return nil, err
	}
	items := []ComplaintItem{}
	for _, half := range [][]Complaint{d.Open, d.Done} {
		for i := range half {
			items = append(items, complaintItem(&half[i]))
		}
	}
	return part(v, items)
}

// SaidItem is what a complaint says.
type SaidItem struct {
	Name    string `json:"name,omitempty"`
	Answer  string `json:"answer,omitempty"` // where to send the answer
	Phone   string `json:"phone,omitempty"`  // that was called
	Email   string `json:"email,omitempty"`
	Vehicle string `json:"vehicle,omitempty"`
	Key     string `json:"key,omitempty"`
	System  string `json:"system,omitempty"`
	Caller  string `json:"caller,omitempty"`  // the number that called
	Claimed string `json:"claimed,omitempty"` // who they said they were
	Knew    string `json:"knew,omitempty" text:"long"`
	Words   string `json:"words,omitempty" text:"long"`
}

// NewComplaint is a complaint to be taken.
type NewComplaint struct {
	SaidItem
	Called time.Time `json:"called,omitzero"`
}

// Reference names a complaint, as C-7KQ2M-4RTYA: who complained has it, too.
type Reference struct {
	Reference string `json:"reference"`
	Known     bool   `json:"known_before"` // the same was taken before: nothing was added
}

func callTakeComplaint(v *visit, in any) (any, error) {
	n := in.(NewComplaint)
	reference, fresh, err := v.takeComplaint(Said(n.SaidItem), n.Called)
	return Reference{reference, !fresh}, err
}

// ComplaintState is a complaint as a whole.
type ComplaintState struct {
	ComplaintItem
	Said   SaidItem `json:"said"`
	Letter string   `json:"letter,omitempty"`
}

func callComplaint(v *visit, _ any) (any, error) {
	d, err := v.openComplaint()
	if err != nil {
		return nil, err
	}
	return ComplaintState{complaintItem(&d.Complaint), SaidItem(d.Said), d.Letter}, nil
}

func callOnComplaint(done string) func(*visit, any) (any, error) {
	return func(v *visit, _ any) (any, error) {
		c := v.c.o.Complaints
		do := map[string]func(context.Context, string) error{"acknowledged": c.Acknowledge, "closed": c.Close, "erased": c.Erase}
		_, err := v.onComplaint(do[done])
		return Done{done}, err
	}
}

// ComplaintsFile is a list of complaints.
type ComplaintsFile struct {
	CSV string `json:"csv" text:"whole"` // with a header, parted by comma, semicolon or tab
}

// ListTaken is what became of a list.
type ListTaken struct {
	Taken    int               `json:"taken"`
	Known    int               `json:"known_before"`
	Columns  map[string]string `json:"columns"` // header to what it was taken for
	Bad      []BadLineItem     `json:"bad"`     // the first 1,000
	BadLines int               `json:"bad_lines"`
}

// BadLineItem is a line that is not understood.
type BadLineItem struct {
	Line int    `json:"line"`
	Why  string `json:"why"`
}

func callImportComplaints(v *visit, in any) (any, error) {
	if err := v.complaintReach(); err != nil {
		return nil, err
	}
	l, err := v.c.o.Complaints.Import(v.r.Context(), in.(ComplaintsFile).CSV)
	if err != nil {
		return nil, err
	}
	t := ListTaken{l.Taken, l.Known, map[string]string{}, []BadLineItem{}, l.BadLines}
	for header, field := range l.Columns {
		t.Columns[header] = field
	}
	for _, b := range l.Bad {
		t.Bad = append(t.Bad, BadLineItem(b))
	}
	return t, nil
}

// TraceItem is a trace that runs or has ended.
type TraceItem struct {
	System     string    `json:"system"`
	Running    bool      `json:"running"`
	Started    time.Time `json:"started"`
	Done       time.Time `json:"done,omitzero"`
	By         string    `json:"by"`
	Conclusion string    `json:"conclusion,omitempty"`
	Trouble    string    `json:"trouble,omitempty"`
}

func traceItems(all []tracing) []TraceItem {
	items := make([]TraceItem, len(all))
	for i, t := range all {
		items[i] = TraceItem{System: t.System, Running: t.Running, Started: t.Started, Done: t.Done, By: t.By, Trouble: t.Trouble}
		if t.Answer != nil {
			items[i].Conclusion = t.Answer.Conclusion
		}
	}
	return items
}

func callTraces(v *visit, _ any) (any, error) {
	if err := v.complaintReach(); err != nil {
		return nil, err
	}
	return part(v, traceItems(v.traces().Traces))
}

// NewTrace says where to look.
type NewTrace struct {
	System string `json:"system"`
}

func callStartTrace(v *visit, in any) (any, error) {
	system := in.(NewTrace).System
	if err := v.runTrace(system); err != nil {
		return nil, err
	}
	for _, t := range traceItems(v.traces().Traces) {
		if t.System == system {
			return t, nil
		}
	}
	return nil, errNothing
}

func callTrace(v *visit, _ any) (any, error) {
	if err := v.complaintReach(); err != nil {
		return nil, err
	}
	t, err := v.traced(v.r.PathValue("system"))
	if err != nil {
		return nil, err
	}
	return t.Answer, nil
}

func callTraceReport(v *visit, _ any) (any, error) { return nil, traceReport(v) }
