package console

import (
	"fmt"
	"slices"
	"time"

	"custody"
)

func customerCalls() []call {
	return []call{
		{"POST", "customers/find", "findCustomers", "Find customers by key, phone, email or registration; itself a look at those found, recorded with the reason", areaCustomers, scopeLooks, list | dear | asks, nil, Sought{}, CustomerItem{}, callFind},
		{"POST", "who-saw", "whoSaw", "Everybody who saw or changed one customer's data, newest first; itself a look, recorded with the reason", areaCustomers, scopeLooks, list | dear | asks, nil, WhoSaw{}, LookItem{}, callWhoSaw},
		{"POST", "customers/answer", "answerCustomer", "The answer to a subject access request: who saw the customer, by employer and work; itself a look", areaCustomers, scopeLooks, dear | asks, nil, Asked{}, Answer{}, callAnswer},
		{"POST", "customers/extract", "customerExtract", "The proof of who saw a customer, which anybody checks offline; itself a look", areaCustomers, scopeLooks, dear | asks, nil, WhoWhen{}, file(extractType), callCustomerExtract},
		{"POST", "customers/erase", "erase", "Forget a customer: take away the link from the ledger's number to them", areaErase, scopeCustomers, dear, nil, Who{}, Done{}, callErase},
	}
}

// Sought is what a customer is sought by.
type Sought struct {
	System string `json:"system,omitempty"` // all if empty
	What   string `json:"what"`
	Reason string `json:"reason"`
}

func callFind(v *visit, in any) (any, error) {
	q := in.(Sought)
	if err := v.checkSought(q.What, q.Reason); err != nil {
		return nil, err
	}
	if q.System != "" {
		if _, err := v.systemNamed(q.System); err != nil {
			return nil, err
		}
	}
	matches, err := v.find(q.System, q.What, q.Reason)
	if err != nil {
		return nil, err
	}
	names, items := v.c.o.Systems.Names(), []CustomerItem{}
	for _, m := range matches {
		_, key, err := v.c.o.Customers.Key(m.Subject)
		if err != nil {
			return nil, err
		}
		items = append(items, CustomerItem{uint32(m.Subject), v.systemTitle(names, m.System), key, key == ""})
	}
	return Page{Items: items}, nil
}

// Who names a customer: by key, or by an identifier such as phone, email or registration.
// Nothing of it stands in an address or a log.
type Who struct {
	System     string `json:"system"`
	Key        string `json:"key,omitempty"`
	Identifier string `json:"identifier,omitempty"`
	Reason     string `json:"reason"`
}

// WhoWhen names a customer and a time, half open.
type WhoWhen struct {
	Who
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// WhoSaw asks for a part of who saw a customer.
type WhoSaw struct {
	WhoWhen
	Limit  uint32 `json:"limit,omitempty"`
	Cursor string `json:"cursor,omitempty"`
}

// customer finds the one customer who is meant, and records the look.
func (v *visit) customer(who *Who) (Match, error) {
	what := who.Key
	if what == "" {
		what = who.Identifier
	}
	if (who.Key == "") == (who.Identifier == "") || len(what) > 200 {
		return Match{}, custody.E(custody.CodeInvalid, "the customer must be named in one way", "send either key or identifier, and not both")
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
	who := in.(WhoSaw)
	before, err := cursorOf(who.Cursor)
	if err != nil {
		return nil, err
	}
	if who.Limit > uint32(maxItems) {
		return nil, errLimit
	}
	if who.Limit == 0 {
		who.Limit = 100
	}
	if err := ordered(who.Since, who.Until); err != nil {
		return nil, err
	}
	m, err := v.customer(&who.Who)
	if err != nil {
		return nil, err
	}
	return v.items(v.c.o.Looks.WhoSaw(m.System, m.Subject, who.Since, who.Until), v.reach(areaCustomers), before, int(who.Limit)), nil
}

// Asked is a subject access request. Names has staff named in the answer.
type Asked struct {
	Who
	Names bool `json:"names,omitempty"`
}

// Answer is an answer to a subject access request.
type Answer struct {
	System string       `json:"system"`
	Key    string       `json:"key"`
	Made   time.Time    `json:"made"`
	Looks  []AnswerLook `json:"looks"` // newest first, 5,000 at most
	More   bool         `json:"more"`
	// Planted: it is no person who could ask; told to those who may know.
	Planted bool `json:"planted,omitempty"`
}

// AnswerLook is one look as the customer may know it.
type AnswerLook struct {
	Time     time.Time `json:"time"`
	Employer string    `json:"employer"`
	Name     string    `json:"name,omitempty"`
	Saw      []string  `json:"saw"`
	Masked   []string  `json:"masked"`
	Changed  bool      `json:"changed"`
	Reason   string    `json:"reason,omitempty"`
}

func callAnswer(v *visit, in any) (any, error) {
	who := in.(Asked)
	m, err := v.customer(&who.Who)
	if err != nil {
		return nil, err
	}
	system, key, err := v.c.o.Customers.Key(m.Subject)
	if err != nil {
		return nil, err
	}
	d := &customerData{Subject: m.Subject, Made: v.c.o.Now()}
	v.collect(d, system, shownAnswer)
	a := Answer{v.systemTitle(v.c.o.Systems.Names(), system), key, d.Made, make([]AnswerLook, len(d.Looks)), d.Older != 0, false}
	if a.Planted, err = v.toldPlanted(m.Subject); err != nil {
		return nil, err
	}
	for i, l := range d.Looks {
		a.Looks[i] = AnswerLook{Time: l.Time, Employer: l.Employer, Saw: append([]string{}, l.Clear...), Masked: append([]string{}, l.Masked...), Changed: l.Changed, Reason: l.Reason}
		if who.Names {
			a.Looks[i].Name = l.Name
		}
	}
	return a, nil
}

func callCustomerExtract(v *visit, in any) (any, error) {
	who := in.(WhoWhen)
	if err := ordered(who.Since, who.Until); err != nil {
		return nil, err
	}
	m, err := v.customer(&who.Who)
	if err != nil {
		return nil, err
	}
	return nil, v.extract(m.Subject, 0, who.Since, who.Until)
}

func callErase(v *visit, in any) (any, error) {
	who := in.(Who)
	m, err := v.customer(&who)
	if err != nil {
		return nil, err
	}
	return Done{"erased"}, v.c.o.Customers.Erase(v.r.Context(), m.Subject, v.sess.Person)
}
