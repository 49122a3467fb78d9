package console

import (
	"slices"
	"time"
)

func selfCalls() []call {
	return []call{
		{"GET", "me", "me", "Who the token speaks for, and what they may do", areaSelf, "", 0, nil, nil, Me{}, callMe},
		{"GET", "me/looks", "myLooks", "What you saw or changed, newest first", areaSelf, scopeSelf, list, aPeriod, nil, LookItem{}, callMyLooks},
		{"GET", "me/sessions", "mySessions", "Your sessions, live and ended, newest first", areaSelf, scopeSelf, list, nil, nil, SessionItem{}, callMySessions},
		{"POST", "me/sessions/{session}/end", "endMySession", "End a live session of your own, now", areaSelf, scopeSelfDo, 0, nil, nil, Done{}, callEndMySession},
		{"GET", "me/rights", "myRights", "Your rights that are in force", areaSelf, scopeSelf, list, nil, nil, GrantItem{}, callMyRights},
		{"GET", "me/training", "myTraining", "The courses that you took, and until when they hold", areaSelf, scopeSelf, list, nil, nil, TrainingItem{}, callMyTraining},
		{"GET", "me/rules", "myRules", "The rules in force, and when you accepted them", areaSelf, scopeSelf, list, nil, nil, RuleItem{}, callMyRules},
		{"POST", "me/rules/{rule}/accept", "acceptRule", "Accept a version of a rule that is in force", areaSelf, scopeSelfDo, 0, nil, nil, Done{}, callAcceptRule},
		{"GET", "me/tokens", "myTokens", "Your tokens for programs; none is shown", areaSelf, scopeSelf, list, nil, nil, TokenItem{}, callMyTokens},
		{"POST", "me/tokens/{token}/revoke", "revokeToken", "End a token of your own; the one that is used, too", areaSelf, scopeSelfDo, 0, nil, nil, Done{}, callRevokeToken},
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

// myself is the person of the token.
func (v *visit) myself() (*Person, error) {
	if p := v.people.byID[v.sess.Person]; p != nil {
		return p, nil
	}
	return nil, errNothing
}

func callMyLooks(v *visit, _ any) (any, error) { return v.looksPart(v.sess.Person, nil) }

func callMySessions(v *visit, _ any) (any, error) {
	all, err := v.c.o.Sessions.Of(v.sess.Person, maxItems)
	if err != nil {
		return nil, err
	}
	return part(v, v.sessionItems(all, nil))
}

func callEndMySession(v *visit, _ any) (any, error) {
	p, err := v.myself()
	if err != nil {
		return nil, err
	}
	return Done{"ended"}, v.cut(p, nil)
}

func callMyRights(v *visit, _ any) (any, error) {
	p, err := v.myself()
	if err != nil {
		return nil, err
	}
	return v.rightItems(p)
}

// TokenItem is a token for programs, as its owner sees it.
type TokenItem struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	Scopes  []string  `json:"scopes"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Revoked time.Time `json:"revoked,omitzero"`
	Used    time.Time `json:"used,omitzero"`
}

func callMyTokens(v *visit, _ any) (any, error) {
	all, err := v.c.o.Tokens.List(v.sess.Person)
	if err != nil {
		return nil, err
	}
	items := make([]TokenItem, len(all))
	for i, t := range all {
		items[i] = TokenItem{t.ID, t.Name, append([]string{}, t.Scopes...), t.Issued, t.Expires, t.Revoked, t.Used}
	}
	return part(v, items)
}

func callRevokeToken(v *visit, _ any) (any, error) {
	id, err := number[int64](v, "token")
	if err != nil {
		return nil, err
	}
	return Done{"revoked"}, v.c.o.Tokens.Revoke(v.sess.Person, id)
}
