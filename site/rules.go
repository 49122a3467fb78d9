package site

import (
	"context"
	"time"

	"custody"
	"custody/portal/page"
	"custody/store"
)

// rules fits the store's rules to portals.
type rules struct{ s *Site }

// InForce implements portal.Rules.
func (q rules) InForce(ctx context.Context, sess *custody.Session) ([]page.Rule, error) {
	all, err := q.s.o.Store.Rules(ctx, q.s.o.Now())
	if err != nil {
		return nil, err
	}
	accepted, err := q.s.o.Store.RuleAcceptances(ctx, sess.Person)
	if err != nil {
		return nil, err
	}
	when := map[string]string{}
	for _, x := range accepted {
		when[x.Rule+"\x00"+x.Version] = x.Accepted.In(q.s.zone()).Format("2 January 2006")
	}
	var list []page.Rule
	for _, r := range all {
		if r.InForce {
			list = append(list, page.Rule{ID: r.ID, Title: r.Title, Version: r.Version, Text: r.Text, Accepted: when[r.Name+"\x00"+r.Version]})
		}
	}
	return list, nil
}

// Accept implements portal.Rules. Only what is in force can be accepted.
func (q rules) Accept(ctx context.Context, sess *custody.Session, rule int64) error {
	all, err := q.s.o.Store.Rules(ctx, q.s.o.Now())
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].ID == rule && all[i].InForce {
			return q.s.o.Store.AcceptRule(ctx, rule, sess.Person, sess.ID, store.AcceptedInBrowser, q.s.o.Now())
		}
	}
	return custody.E(custody.CodeNotFound, "there is no such rule in force", "open the page again: a newer version may be there")
}

// zone is that of screens.
func (s *Site) zone() *time.Location {
	if s.o.Zone == nil {
		return time.UTC
	}
	return s.o.Zone
}
