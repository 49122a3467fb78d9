package console

import (
	"strconv"
	"time"

	"custody"
	"custody/console/page"
)

func lookCalls() []call {
	return []call{
		{"GET", "now", "now", "Today's disclosures by hour, system and branch, limits nearly reached, the ledger's state", areaNow, scopePeople, 0, nil, nil, NowState{}, callNow},
		{"GET", "looks", "looks", "What everybody within reach saw or changed, newest first", areaLooks, scopeLooks, list | dear, nil, nil, LookItem{}, callLooks},
		{"GET", "people/{login}/looks", "saw", "What one person saw or changed, newest first", areaLooks, scopeLooks, list | dear, aPeriod, nil, LookItem{}, callSaw},
		{"POST", "looks/{event}/customers", "customersOf", "The customers of one answer; itself a look at them, recorded with the reason", areaCustomers, scopeLooks, list | dear | asks, nil, Why{}, CustomerItem{}, callCustomersOf},
	}
}

// NowState is what happens now.
type NowState struct {
	At          time.Time   `json:"at"`
	Disclosures int         `json:"disclosures_today"`
	Answers     int         `json:"answers_today"`
	Counted     bool        `json:"counted"` // the ledger has been read since the start
	Hours       []CountItem `json:"by_hour"`
	Systems     []CountItem `json:"by_system"`
	Branches    []CountItem `json:"by_branch"`
	Near        []NearItem  `json:"limits_nearly_reached"`
	Live        int         `json:"sessions_live"`
	Healthy     bool        `json:"ledger_healthy"`
	Events      int         `json:"ledger_events"`
}

// CountItem is a part of today's disclosures.
type CountItem struct {
	Name        string `json:"name"`
	Disclosures int    `json:"disclosures"`
}

// NearItem is somebody who has used most of a limit.
type NearItem struct {
	Login  string `json:"login"`
	System string `json:"system"`
	Used   int    `json:"used"`
	Limit  int    `json:"limit"`
	Window string `json:"window"` // hour or day
}

func counts(bars []page.Bar) []CountItem {
	items := make([]CountItem, len(bars))
	for i, b := range bars {
		items[i] = CountItem{b.Title, b.Value}
	}
	return items
}

func callNow(v *visit, _ any) (any, error) {
	live, err := v.live()
	if err != nil {
		return nil, err
	}
	var d nowData
	v.today(&d)
	n := NowState{At: live.At, Disclosures: d.Today, Answers: d.Answers, Counted: d.Counted, Hours: counts(d.Hours), Systems: counts(d.Systems),
		Branches: counts(d.Places), Near: []NearItem{}, Live: len(live.Sessions) + live.More, Healthy: live.Healthy, Events: live.Events}
	for _, r := range live.Near {
		n.Near = append(n.Near, NearItem{v.people.byID[r.Person].Login, r.System, r.Used, r.Limit, r.Window})
	}
	return n, nil
}

// LookItem is one answer that showed or changed customers' data, or was refused.
type LookItem struct {
	Event        uint64    `json:"event"` // its number in the ledger
	Time         time.Time `json:"time"`
	Kind         string    `json:"kind"` // disclosure, change or refusal
	Login        string    `json:"login,omitempty"`
	Name         string    `json:"name,omitempty"`
	Organisation string    `json:"organisation,omitempty"`
	System       string    `json:"system"`
	Route        string    `json:"route"`
	Clear        []string  `json:"clear"`
	Masked       []string  `json:"masked"`
	Customers    int       `json:"customers"` // in the same answer
	Reason       string    `json:"reason,omitempty"`
	Code         string    `json:"code,omitempty"` // why it was refused
	Session      uint64    `json:"session"`
}

func (w *words) item(l *Look) LookItem { return w.itemOf(l, w.row(l)) }

// itemOf takes from the row what a row may be without: it may be a sealed one.
func (w *words) itemOf(l *Look, row lookRow) LookItem {
	item := LookItem{Event: row.Number, Time: row.Time, Kind: l.Kind.String(), Organisation: row.Employer, System: row.System, Route: l.Route.String(),
		Clear: append([]string{}, row.Clear...), Masked: append([]string{}, row.Masked...), Customers: l.Answer, Reason: row.Reason, Session: uint64(row.Session)}
	if p := w.v.people.byID[row.Person]; p != nil {
		item.Login, item.Name = p.Login, p.FullName
	}
	if l.Kind == custody.EventRefusal {
		item.Code = l.Code.String()
	}
	return item
}

func callSaw(v *visit, _ any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	return v.looksPart(p.ID, v.reach(areaLooks))
}

// looksPart gives a part of what a person saw, within reach; nil reaches all of theirs.
func (v *visit) looksPart(person custody.PersonID, r reach) (any, error) {
	from, to, err := v.period()
	if err != nil {
		return nil, err
	}
	before, err := v.cursor()
	if err != nil {
		return nil, err
	}
	most, err := v.limit()
	if err != nil {
		return nil, err
	}
	if e, ok := v.c.o.Looks.Event(before); ok && (to.IsZero() || e.Time.Before(to)) {
		to = e.Time.Add(time.Microsecond)
	}
	return v.items(v.c.o.Looks.By(person, from, to), r, before, most), nil
}

// maxScan is how many events one call goes through. A part may be empty, and have a next
// one.
const maxScan = 100_000

// items makes a page of looks, newest first, from the one before a number on.
func (v *visit) items(all func(func(Look) bool), r reach, before uint64, most int) Page {
	w := v.words(v.c.o.Systems.Names())
	items, next, scanned := []LookItem{}, "", 0
	for l := range all {
		if before != 0 && l.Number >= before {
			continue
		}
		if scanned++; scanned > maxScan {
			next = strconv.FormatUint(l.Number+1, 10)
			break
		}
		if !shown(l.Kind) || r != nil && !r.look(&l.Event, v.people) {
			continue
		}
		if len(items) == most {
			next = strconv.FormatUint(items[most-1].Event, 10)
			break
		}
		items = append(items, w.item(&l))
	}
	return Page{items, next}
}

// callLooks walks back from the newest look; a cursor begins where its event was made.
func callLooks(v *visit, _ any) (any, error) {
	before, err := v.cursor()
	if err != nil {
		return nil, err
	}
	most, err := v.limit()
	if err != nil {
		return nil, err
	}
	return v.items(v.c.o.Looks.Newest(before), v.reach(areaLooks), before, most), nil
}

// Why states why customers are looked at.
type Why struct {
	Reason string `json:"reason"`
}

// CustomerItem is a customer as the ledger knows them; the key of one that was forgotten
// is empty.
type CustomerItem struct {
	Subject uint32 `json:"subject"` // the ledger's number
	System  string `json:"system"`
	Key     string `json:"key"`
	Forgot  bool   `json:"forgotten"`
}

func callCustomersOf(v *visit, in any) (any, error) {
	f, err := v.lookEvent()
	return v.customersOf(f, err, in)
}

func (v *visit) customersOf(f *foundLook, err error, in any) (any, error) {
	if err != nil {
		return nil, err
	}
	if err := v.g.state(in.(Why).Reason, f.customers()...); err != nil {
		return nil, err
	}
	d, err := v.openLook(f, in.(Why).Reason)
	if err != nil {
		return nil, err
	}
	items := make([]CustomerItem, len(d.Customers))
	for i, c := range d.Customers {
		items[i] = CustomerItem{uint32(c.Subject), d.System, c.Key, c.Forgotten}
	}
	return Page{Items: items}, nil
}
