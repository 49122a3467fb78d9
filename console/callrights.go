package console

import (
	"strings"
	"time"

	"custody"
)

// GrantItem is a right in force.
type GrantItem struct {
	ID                uint32    `json:"id"`
	Holder            string    `json:"holder"`
	System            string    `json:"system"`
	See               []string  `json:"see"`
	Mask              []string  `json:"mask"`
	Change            []string  `json:"change"`
	Export            bool      `json:"export"`
	SubjectsPerHour   uint32    `json:"subjects_per_hour"` // zero is no limit
	SubjectsPerDay    uint32    `json:"subjects_per_day"`
	SubjectsPerExport uint32    `json:"subjects_per_export"`
	RequireReason     bool      `json:"require_reason"`
	Start             time.Time `json:"start"`
	End               time.Time `json:"end,omitzero"`
}

func callGrants(v *visit, _ any) (any, error) {
	all, err := v.grantsInReach()
	items := []GrantItem{}
	for _, g := range all {
		if g.Current(v.c.o.Now()) {
			items = append(items, GrantItem{uint32(g.ID), g.Holder, g.System, words0(g.See), words0(g.Mask), words0(g.Change), g.Export,
				g.Limits.PerHour, g.Limits.PerDay, g.Limits.PerExport, g.Reason, g.Start, g.End})
		}
	}
	return Page{Items: items}, err
}

// words0 is never nil, so that programs get a list.
func words0(s custody.CategorySet) []string { return append([]string{}, s.Strings()...) }

// CanItem is somebody who can see something.
type CanItem struct {
	Login        string   `json:"login"`
	Name         string   `json:"name"`
	Organisation string   `json:"organisation"`
	Branch       string   `json:"branch,omitempty"`
	How          string   `json:"how"` // "as it is" or "masked"
	Grants       []uint32 `json:"grants"`
}

func callWhoCan(v *visit, _ any) (any, error) {
	q := v.r.URL.Query()
	c, ok := custody.ParseCategory(q.Get("category"))
	if !ok || q.Get("system") == "" {
		return nil, custody.E(custody.CodeInvalid, "name a system and a category", "the categories are "+custody.Categories(custody.AllCategories()...).String())
	}
	all, err := v.c.o.Rights.Grants()
	if err != nil {
		return nil, err
	}
	items := []CanItem{}
	for _, w := range v.whoCan(all, q.Get("system"), c) {
		item := CanItem{w.Login, w.Name, w.Employer, w.Branch, w.How, []uint32{}}
		for _, g := range w.Under {
			item.Grants = append(item.Grants, uint32(g))
		}
		items = append(items, item)
	}
	return Page{Items: items}, nil
}

// RequestItem is a request.
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
	items := []RequestItem{}
	for i := range list {
		items = append(items, requestItem(&list[i]))
	}
	return Page{Items: items}, nil
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
	for id, name := range v.c.o.Systems.Names() {
		if name == n.System {
			q.System = id
		}
	}
	if q.System == 0 {
		return nil, custody.E(custody.CodeInvalid, "there is no such system", "systems lists them")
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
	return Done{"approved"}, v.refused(v.c.o.Requests.Approve(v.r.Context(), id, v.sess.Person, in.(Verdict).Subjects, in.(Verdict).Note))
}

func callDecline(v *visit, in any) (any, error) {
	id, err := number[int64](v, "request")
	if err != nil {
		return nil, err
	}
	return Done{"declined"}, v.refused(v.c.o.Requests.Decline(v.r.Context(), id, v.sess.Person, in.(Verdict).Note))
}

func callWithdraw(v *visit, _ any) (any, error) {
	id, err := number[int64](v, "request")
	if err != nil {
		return nil, err
	}
	return Done{"withdrawn"}, v.c.o.Requests.Withdraw(v.r.Context(), id, v.sess.Person)
}

// LedgerState is the ledger as a whole.
type LedgerState struct {
	Healthy     bool   `json:"healthy"`
	Events      uint64 `json:"events"`
	Disclosures uint64 `json:"disclosures"`
	Origin      string `json:"origin"`
	Frames      uint64 `json:"frames"` // under the checkpoint
	Checkpoint  string `json:"checkpoint"`
}

func callLedger(v *visit, _ any) (any, error) {
	p, err := v.c.o.Ledger.Checkpoint()
	if err != nil {
		return nil, err
	}
	s := LedgerState{Healthy: v.c.o.Ledger.Health() == nil, Origin: p.Origin, Frames: p.Size, Checkpoint: p.Note}
	s.Events, s.Disclosures = v.c.o.Looks.Len()
	return s, nil
}
