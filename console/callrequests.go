package console

import (
	"strings"
	"time"

	"custody"
)

func requestCalls() []call {
	return []call{
		{"GET", "requests", "requests", "Requests within reach, newest first, and your own", areaSelf, scopeRequests, list, nil, nil, RequestItem{}, callRequests},
		{"GET", "requests/waiting", "requestsWaiting", "Requests that wait for your decision", areaSelf, scopeRequests, list, nil, nil, RequestItem{}, callWaiting},
		{"POST", "requests", "fileRequest", "Ask for a right for a short time, for yourself", areaSelf, scopeRequestDo, 0, nil, NewRequest{}, RequestItem{}, callFile},
		{"POST", "requests/{request}/approve", "approveRequest", "Approve a request, or less than was asked for", areaSelf, scopeRequestDo, 0, nil, Verdict{}, Done{}, callApprove},
		{"POST", "requests/{request}/decline", "declineRequest", "Decline a request", areaSelf, scopeRequestDo, 0, nil, Verdict{}, Done{}, callDecline},
		{"POST", "requests/{request}/withdraw", "withdrawRequest", "Take back a request of your own", areaSelf, scopeRequestDo, 0, nil, nil, Done{}, callWithdraw},
	}
}

// RequestItem is a request for more than the rights give, and what was decided about it.
type RequestItem struct {
	ID           int64     `json:"id"`
	Kind         string    `json:"kind"`
	Name         string    `json:"name"`
	Organisation string    `json:"organisation"`
	Branch       string    `json:"branch,omitempty"`
	System       string    `json:"system"`
	Subjects     uint32    `json:"subjects"`
	Categories   []string  `json:"categories"`
	Until        time.Time `json:"until"`
	Reason       string    `json:"reason"`
	Filed        time.Time `json:"filed"`
	State        string    `json:"state"`
	Decided      time.Time `json:"decided,omitzero"`
	DecidedBy    string    `json:"decided_by,omitempty"`
	Note         string    `json:"note,omitempty"`
	Grant        uint32    `json:"grant,omitempty"`
}

func requestItem(q *Request) RequestItem {
	return RequestItem{q.ID, q.Kind, q.Name, q.OrgName, q.Branch, q.SystemName, q.Subjects, words0(q.Categories), q.Until, q.Reason, q.Filed, q.State,
		q.Decided, q.DecidedBy, q.Note, uint32(q.Grant)}
}

func callRequests(v *visit, _ any) (any, error) {
	list, err := v.c.o.Requests.Requests(v.r.Context(), v.sess.Person)
	if err != nil {
		return nil, err
	}
	if v.may(areaRights) {
		all, err := v.allRequests()
		if err != nil {
			return nil, err
		}
		list = append(list, all...)
	}
	return part(v, requestItems(list))
}

func requestItems(list []Request) []RequestItem {
	items := make([]RequestItem, len(list))
	for i := range list {
		items[i] = requestItem(&list[i])
	}
	return items
}

func callWaiting(v *visit, _ any) (any, error) {
	list, err := v.c.o.Requests.Decidable(v.r.Context(), v.sess.Person)
	if err != nil {
		return nil, err
	}
	return part(v, requestItems(list))
}

// NewRequest is a request to be filed.
type NewRequest struct {
	Kind       string    `json:"kind"` // more, export or see
	System     string    `json:"system"`
	Subjects   uint32    `json:"subjects"`
	Categories []string  `json:"categories,omitempty"`
	Until      time.Time `json:"until"`
	Reason     string    `json:"reason"`
}

func callFile(v *visit, in any) (any, error) {
	n := in.(NewRequest)
	q := &Request{Kind: n.Kind, Person: v.sess.Person, Employer: v.sess.Organisation, Subjects: n.Subjects, Until: n.Until, Reason: n.Reason}
	var err error
	if q.System, err = v.systemNamed(n.System); err != nil {
		return nil, err
	}
	for _, word := range n.Categories {
		c, ok := custody.ParseCategory(word)
		if !ok {
			return nil, custody.E(custody.CodeInvalid, "there is no such category", "it is one of "+strings.Join(custody.Categories(custody.AllCategories()...).Strings(), ", "))
		}
		q.Categories |= custody.Categories(c)
	}
	if err := v.c.o.Requests.File(v.r.Context(), q); err != nil {
		return nil, err
	}
	mine, err := v.c.o.Requests.Requests(v.r.Context(), v.sess.Person)
	for i := range mine {
		if mine[i].ID == q.ID {
			return requestItem(&mine[i]), err
		}
	}
	return nil, err
}

// Verdict is a decision about a request. Zero subjects are as many as asked for.
type Verdict struct {
	Subjects uint32 `json:"subjects,omitempty"`
	Note     string `json:"note,omitempty"`
}

func callApprove(v *visit, in any) (any, error) {
	id, err := number[int64](v, "request")
	if err != nil {
		return nil, err
	}
	return Done{"approved"}, v.undecided(v.c.o.Requests.Approve(v.r.Context(), id, v.sess.Person, in.(Verdict).Subjects, in.(Verdict).Note))
}

func callDecline(v *visit, in any) (any, error) {
	id, err := number[int64](v, "request")
	if err != nil {
		return nil, err
	}
	return Done{"declined"}, v.undecided(v.c.o.Requests.Decline(v.r.Context(), id, v.sess.Person, in.(Verdict).Note))
}

func callWithdraw(v *visit, _ any) (any, error) {
	id, err := number[int64](v, "request")
	if err != nil {
		return nil, err
	}
	return Done{"withdrawn"}, v.c.o.Requests.Withdraw(v.r.Context(), id, v.sess.Person)
}
