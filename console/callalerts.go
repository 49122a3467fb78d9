package console

import (
	"time"

	"custody/detect"
)

func alertCalls() []call {
	return []call{
		{"GET", "alerts", "alerts", "Alerts by evidence, those that wait for review", areaAlerts, scopeAlerts, list, []param{{"all", "yes: reviewed ones too", "string"}}, nil, AlertItem{}, callAlerts},
		{"GET", "alerts/{alert}", "alert", "One alert: what was found, expected, tried and not excluded, and its review", areaAlerts, scopeAlerts, 0, nil, nil, AlertState{}, callAlert},
		{"GET", "alerts/{alert}/looks", "alertLooks", "The looks in question; while the name is sealed without it, without numbers, and to the minute", areaAlerts, scopeAlerts, list, nil, nil, AlertLook{}, callAlertLooks},
		{"POST", "alerts/{alert}/looks/{look}/customers", "alertLookCustomers", "The customers of one of the looks in question, by its place; itself a look at them, recorded with the reason", areaCustomers, scopeLooks, list | dear | asks, nil, Why{}, CustomerItem{}, callAlertLookCustomers},
		{"POST", "alerts/{alert}/review", "reviewAlert", "Decide about an alert, with a reason; nobody decides about their own", areaAlertsDo, scopeAlertsDo, 0, nil, Decision{}, Done{}, callReviewAlert},
		{"POST", "alerts/{alert}/unseal", "unsealAlert", "Ask for the name behind an alert; two people have to", areaUnseal, scopeAlertsDo, 0, nil, Why{}, AlertItem{}, callUnsealAlert},
	}
}

// AlertItem is an alert. Who is a pseudonym while the name is sealed; times are to the
// minute then.
type AlertItem struct {
	ID       int64     `json:"id"`
	State    string    `json:"state"` // open, looking, explained, mistaken or confirmed
	Who      string    `json:"who"`
	Login    string    `json:"login,omitempty"`            // once two people have asked
	Several  int       `json:"logins_on_device,omitempty"` // it is about a device on which so many logins looked
	Logins   []string  `json:"logins,omitempty"`           // theirs, once two people have asked
	Employer string    `json:"employer,omitempty"`
	Sealed   bool      `json:"sealed"`
	Asked    int       `json:"asked_for_the_name"`
	System   string    `json:"system,omitempty"`
	Rules    []string  `json:"rules"`
	Says     string    `json:"says"`
	Strength float64   `json:"strength"`
	Held     bool      `json:"over_budget"`
	Raised   time.Time `json:"raised"`
}

func (v *visit) alertItem(a *alertRow) AlertItem {
	i := AlertItem{ID: a.ID, State: a.State, Who: a.Who, Employer: a.Employer, Sealed: a.Sealed(), Asked: a.Unsealed, System: a.SystemName,
		Rules: append([]string{}, a.Rules...), Says: a.Says, Strength: a.Strength, Held: a.Held, Raised: a.Raised}
	if p := v.people.byID[a.Ref]; p != nil {
		i.Login = p.Login
	}
	if a.Several {
		i.Several = len(a.About)
	}
	for _, l := range a.Logins {
		i.Logins = append(i.Logins, l.Login)
	}
	return i
}

func callAlerts(v *visit, _ any) (any, error) {
	rows, err := v.alerts(v.r.URL.Query().Get("all") == "yes")
	if err != nil {
		return nil, err
	}
	items := make([]AlertItem, len(rows))
	for i := range rows {
		items[i] = v.alertItem(&rows[i])
	}
	return part(v, items)
}

// AlertState is an alert as a whole.
type AlertState struct {
	AlertItem
	From        time.Time        `json:"from"`
	Until       time.Time        `json:"until"`
	Findings    []detect.Finding `json:"findings"`
	Device      string           `json:"device,omitempty"`  // this, session, right and
	Session     uint64           `json:"session,omitempty"` // entries are sealed with the name
	Right       uint64           `json:"right,omitempty"`
	Entries     []uint64         `json:"entries"` // numbers in the ledger, the newest of entries_in_all
	InAll       int              `json:"entries_in_all"`
	Tried       []string         `json:"templates_tried"`
	Innocent    []string         `json:"not_excluded"`
	Customers   int              `json:"customers"`
	Unexplained int              `json:"unexplained"`
	Actions     []string         `json:"done"`
	Reviews     []ReviewOfAlert  `json:"reviews"`
}

// ReviewOfAlert is a decision about an alert.
type ReviewOfAlert struct {
	Time   time.Time `json:"time"`
	By     string    `json:"by"`
	State  string    `json:"state"`
	Reason string    `json:"reason"`
}

func callAlert(v *visit, _ any) (any, error) {
	a, err := v.alert()
	if err != nil {
		return nil, err
	}
	d, err := v.alertData(a)
	if err != nil {
		return nil, err
	}
	s := AlertState{AlertItem: v.alertItem(&d.alertRow), From: d.From, Until: d.alertRow.Alert.Until, Findings: append([]detect.Finding{}, a.Findings...),
		Device: a.Device, Session: uint64(a.Session), Right: uint64(a.Grant), Entries: []uint64{}, InAll: a.InAll, Tried: append([]string{}, a.Tried...),
		Innocent: append([]string{}, a.Innocent...), Customers: a.Customers, Unexplained: a.Unexplained, Actions: append([]string{}, d.Actions...), Reviews: []ReviewOfAlert{}}
	if !a.Sealed() {
		s.Entries = append(s.Entries, a.Entries...)
	}
	for _, r := range d.Reviews {
		s.Reviews = append(s.Reviews, ReviewOfAlert(r))
	}
	return s, nil
}

// AlertLook is one of the looks in question, by its place in the alert.
type AlertLook struct {
	Look int `json:"look"`
	LookItem
}

func callAlertLooks(v *visit, _ any) (any, error) {
	a, err := v.alert()
	if err != nil {
		return nil, err
	}
	w, items := v.words(v.c.o.Systems.Names()), []AlertLook{}
	for i, n := range a.Entries {
		e, ok := v.c.o.Looks.Event(n)
		if !ok {
			continue
		}
		look := Look{Number: n, Event: *e, Answer: len(e.Subjects)}
		row := v.sealed(a, w.row(&look))
		item := w.itemOf(&look, row)
		if a.Sealed() {
			item.Name = row.Name
		}
		items = append(items, AlertLook{i + 1, item})
	}
	return part(v, items)
}

func callAlertLookCustomers(v *visit, in any) (any, error) {
	f, err := v.alertLook()
	return v.customersOf(f, err, in)
}

// Decision is what a review of an alert found.
type Decision struct {
	State  string `json:"state"` // looking, explained, mistaken or confirmed
	Reason string `json:"reason"`
}

func callReviewAlert(v *visit, in any) (any, error) {
	a, err := v.alert()
	if err != nil {
		return nil, err
	}
	return Done{"recorded"}, v.judge(a, in.(Decision).State, in.(Decision).Reason)
}

func callUnsealAlert(v *visit, in any) (any, error) {
	a, err := v.alert()
	if err == nil {
		err = v.unseal(a, in.(Why).Reason)
	}
	if err != nil {
		return nil, err
	}
	if a, err = v.alert(); err != nil {
		return nil, err
	}
	row := v.alertRow(a)
	return v.alertItem(&row), nil
}
