package console

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
)

// calls lists every operation for programs.
func calls() []call {
	return []call{
		{"GET", "me", "me", "Who the token speaks for, and what they may do", areaSelf, "", false, nil, nil, Me{}, false, callMe},
		{"GET", "systems", "systems", "The guarded systems", areaSystems, scopePeople, false, nil, nil, SystemItem{}, true, callSystems},
		{"GET", "people", "people", "People within reach, by name", areaPeople, scopePeople, false,
			append([]param{{"q", "words of name, login or branch", "string"}}, paging...), nil, PersonItem{}, true, callPeople},
		{"GET", "people/{login}", "person", "One person", areaPeople, scopePeople, false, nil, nil, PersonItem{}, false, callPerson},
		{"GET", "people/{login}/looks", "saw", "What one person saw or changed, newest first", areaLooks, scopeLooks, true,
			append(slices.Clone(aPeriod), paging...), nil, LookItem{}, true, callSaw},
		{"POST", "people/{login}/leave", "leave", "End all engagements, sessions and ways to sign in of a person, now", areaLeave, scopePeopleDo, false, nil, Confirm{}, Done{}, false, callLeave},
		{"GET", "sessions", "sessions", "The live sessions within reach", areaPeople, scopePeople, false, nil, nil, SessionItem{}, true, callSessions},
		{"POST", "sessions/{session}/end", "endSession", "End one live session, now", areaCut, scopePeopleDo, false, nil, nil, Done{}, false, callEndSession},
		{"POST", "who-saw", "whoSaw", "Everybody who saw or changed one customer's data, newest first; itself a look, recorded with the reason", areaCustomers, scopeLooks, true, nil, Who{}, LookItem{}, true, callWhoSaw},
		{"POST", "customers/erase", "erase", "Forget a customer: take away the link from the ledger's number to them", areaErase, scopeCustomers, true, nil, Who{}, Done{}, false, callErase},
		{"GET", "grants", "grants", "The rights that are in force", areaRights, scopePeople, false, nil, nil, GrantItem{}, true, callGrants},
		{"GET", "who-can", "whoCan", "Who can see a category in a system now", areaRights, scopePeople, false,
			[]param{{"system", "the system's name", "string"}, {"category", "the category, such as phone", "string"}}, nil, CanItem{}, true, callWhoCan},
		{"GET", "requests", "requests", "Requests within reach, newest first, and your own", areaSelf, scopeRequests, false, nil, nil, RequestItem{}, true, callRequests},
		{"POST", "requests", "fileRequest", "Ask for a right for a short time, for yourself", areaSelf, scopeRequestDo, false, nil, NewRequest{}, RequestItem{}, false, callFile},
		{"POST", "requests/{request}/approve", "approveRequest", "Approve a request, or less than was asked for", areaSelf, scopeRequestDo, false, nil, Verdict{}, Done{}, false, callApprove},
		{"POST", "requests/{request}/decline", "declineRequest", "Decline a request", areaSelf, scopeRequestDo, false, nil, Verdict{}, Done{}, false, callDecline},
		{"POST", "requests/{request}/withdraw", "withdrawRequest", "Take back a request of your own", areaSelf, scopeRequestDo, false, nil, nil, Done{}, false, callWithdraw},
		{"GET", "ledger", "ledger", "The ledger's state and its newest signed checkpoint", areaLedger, scopeLedger, false, nil, nil, LedgerState{}, false, callLedger},
	}
}

// Me is who a token speaks for.
type Me struct {
	Login        string   `json:"login"`
	Name         string   `json:"name"`
	Organisation string   `json:"organisation"`
	Roles        []string `json:"roles"` // in the console
}

func callMe(v *visit, _ any) (any, error) {
	m := Me{v.sess.Login, v.sess.FullName, v.sess.OrgName, []string{}}
	for _, h := range v.holds {
		if !slices.Contains(m.Roles, string(h.Role)) {
			m.Roles = append(m.Roles, string(h.Role))
		}
	}
	return m, nil
}

// SystemItem is a guarded system.
type SystemItem struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Holds    []string `json:"holds"`
	Database bool     `json:"database"`
	Portal   string   `json:"portal,omitempty"`
	Down     bool     `json:"down"`
	Findings int      `json:"findings"` // of the doctor, that are still there
}

func callSystems(v *visit, _ any) (any, error) {
	all, err := v.c.o.Systems.Systems()
	items := make([]SystemItem, 0, len(all))
	for _, s := range all {
		items = append(items, SystemItem{s.Name, s.Title, s.Held.Strings(), s.Database, s.Portal, s.Down != nil, len(s.Findings)})
	}
	return Page{Items: items}, err
}

// PersonItem is a person.
type PersonItem struct {
	Login       string           `json:"login"`
	Name        string           `json:"name"`
	Current     bool             `json:"current"` // engaged by anybody now
	Engagements []EngagementItem `json:"engagements"`
}

// EngagementItem is a person's work for an employer.
type EngagementItem struct {
	Organisation string    `json:"organisation"`
	Branch       string    `json:"branch,omitempty"`
	Roles        []string  `json:"roles"`
	Start        time.Time `json:"start"`
	End          time.Time `json:"end,omitzero"`
}

func (v *visit) personItem(p *Person) PersonItem {
	item := PersonItem{Login: p.Login, Name: p.FullName, Current: len(p.now(v.c.o.Now())) > 0, Engagements: []EngagementItem{}}
	for _, e := range p.Engagements {
		item.Engagements = append(item.Engagements, EngagementItem{e.OrgName, e.Branch, append([]string{}, e.Roles...), e.Start, e.End})
	}
	return item
}

func callPeople(v *visit, _ any) (any, error) {
	most, err := v.limit()
	if err != nil {
		return nil, err
	}
	from, err := v.cursor()
	if err != nil {
		return nil, err
	}
	found := v.people.find(v.reach(areaPeople), v.r.URL.Query().Get("q"))
	found = found[min(from, uint64(len(found))):]
	items, next := []PersonItem{}, ""
	if len(found) > most {
		found, next = found[:most], strconv.FormatUint(from+uint64(most), 10)
	}
	for _, p := range found {
		items = append(items, v.personItem(p))
	}
	return Page{items, next}, nil
}

// named finds the person of the path by login, within reach of the call's area.
func (v *visit) named() (*Person, error) {
	login := strings.ToLower(v.r.PathValue("login"))
	for _, p := range v.people.sorted {
		if p.Login == login && v.reach(v.area).person(p) {
			return p, nil
		}
	}
	return nil, errNothing
}

func callPerson(v *visit, _ any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	return v.personItem(p), nil
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

func (w *words) item(l *Look) LookItem {
	row := w.row(l)
	item := LookItem{Event: l.Number, Time: l.Time, Kind: l.Kind.String(), Organisation: row.Employer, System: row.System, Route: l.Route.String(),
		Clear: append([]string{}, row.Clear...), Masked: append([]string{}, row.Masked...), Customers: l.Answer, Reason: row.Reason, Session: uint64(l.Session)}
	if p := w.v.people.byID[l.Person]; p != nil {
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
	return v.items(v.c.o.Looks.By(p.ID, from, to), v.reach(areaLooks), before, most), nil
}

// items makes a page of looks, newest first, from the one before a number on.
func (v *visit) items(all func(func(Look) bool), r reach, before uint64, most int) Page {
	w := v.words(v.c.o.Systems.Names())
	items, next := []LookItem{}, ""
	for l := range all {
		if !shown(l.Kind) || before != 0 && l.Number >= before || !r.look(&l.Event, v.people) {
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

// Who names a customer: by key, or by an identifier such as phone, email or registration.
// Nothing of it stands in an address or a log.
type Who struct {
	System     string    `json:"system"`
	Key        string    `json:"key,omitempty"`
	Identifier string    `json:"identifier,omitempty"`
	Reason     string    `json:"reason"`
	Since      time.Time `json:"since,omitzero"`
	Until      time.Time `json:"until,omitzero"`
	Limit      int       `json:"limit,omitempty"`
	Cursor     string    `json:"cursor,omitempty"`
}

// customer finds the one customer who is meant, and records the look.
func (v *visit) customer(who *Who) (Match, error) {
	what := who.Key
	if what == "" {
		what = who.Identifier
	}
	if (who.Key == "") == (who.Identifier == "") || len(what) > 200 {
		return Match{}, custody.E(custody.CodeInvalid, "name the customer by key or by identifier", "one of the two")
	}
	if err := v.g.state(who.Reason); err != nil {
		return Match{}, err
	}
	matches, err := v.find(who.System, what, who.Reason)
	if err != nil {
		return Match{}, err
	}
	matches = slices.DeleteFunc(matches, func(m Match) bool { return m.ByKey != (who.Key != "") })
	switch len(matches) {
	case 0:
		return Match{}, custody.E(custody.CodeNotFound, "no customer has this", "check the system and the spelling")
	case 1:
		return matches[0], nil
	}
	return Match{}, custody.E(custody.CodeConflict, fmt.Sprintf("%d customers share this", len(matches)), "name one by key")
}

func callWhoSaw(v *visit, in any) (any, error) {
	who := in.(Who)
	before, _ := strconv.ParseUint(who.Cursor, 10, 63)
	if who.Limit < 0 || who.Limit > maxItems {
		return nil, custody.E(custody.CodeInvalid, "limit is not a number from 1 to 500", "leave it out for 100")
	}
	if who.Limit == 0 {
		who.Limit = 100
	}
	m, err := v.customer(&who)
	if err != nil {
		return nil, err
	}
	return v.items(v.c.o.Looks.WhoSaw(m.System, m.Subject, who.Since, who.Until), v.reach(areaCustomers), before, who.Limit), nil
}

// Done says that a write did what it was asked for.
type Done struct {
	Done string `json:"done"`
}

func callErase(v *visit, in any) (any, error) {
	who := in.(Who)
	m, err := v.customer(&who)
	if err != nil {
		return nil, err
	}
	return Done{"erased"}, v.c.o.Customers.Erase(v.r.Context(), m.Subject)
}

// Confirm repeats what a call is about, so that it is not another by mistake.
type Confirm struct {
	Login string `json:"login"`
}

func callLeave(v *visit, in any) (any, error) {
	p, err := v.named()
	if err != nil {
		return nil, err
	}
	if in.(Confirm).Login != p.Login {
		return nil, custody.E(custody.CodeInvalid, "the login in the body is not this person's", "repeat it there, to confirm")
	}
	return Done{"left"}, v.endAll(p)
}

// SessionItem is a live session.
type SessionItem struct {
	Session      uint64    `json:"session"`
	Login        string    `json:"login"`
	Organisation string    `json:"organisation"`
	System       string    `json:"system"`
	Credential   string    `json:"credential"`
	Address      string    `json:"address"`
	Program      string    `json:"program,omitempty"`
	Started      time.Time `json:"started"`
	Notes        string    `json:"notes,omitempty"`
}

func callSessions(v *visit, _ any) (any, error) {
	all, err := v.c.o.Sessions.Live()
	r, names := v.reach(areaPeople), v.c.o.Systems.Names()
	items := []SessionItem{}
	for i := range all {
		s := &all[i]
		if s.Person != 0 && r.at(s.Organisation, v.people.branch(s.Person, s.Organisation)) {
			items = append(items, SessionItem{uint64(s.ID), s.Login, s.OrgName, v.systemTitle(names, s.System), s.Credential, s.Address, s.AppName, s.Started, s.Notes})
		}
	}
	return Page{Items: items}, err
}

func callEndSession(v *visit, _ any) (any, error) {
	id, err := number[custody.SessionID](v, "session")
	if err != nil {
		return nil, err
	}
	s, err := v.c.o.Sessions.Session(id)
	if err != nil {
		return nil, errNothing
	}
	p := v.people.byID[s.Person]
	if p == nil {
		return nil, errNothing
	}
	return Done{"ended"}, v.cut(p, v.reach(areaCut))
}
