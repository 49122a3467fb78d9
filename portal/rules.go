package portal

import (
	"context"
	"net/http"
	"strconv"

	"custody"
	"custody/portal/page"
)

// Rules are the texts that people accept beside the notice at sign-in. An acceptance is
// of the person and the session that it was made in.
type Rules interface {
	// InForce lists the rules, with when the person accepted each version, in words.
	InForce(ctx context.Context, sess *custody.Session) ([]page.Rule, error)
	Accept(ctx context.Context, sess *custody.Session, rule int64) error
}

const rulesPath = Reserved + "rules"

func (p *Portal) rulesEndpoints(m *http.ServeMux) {
	if p.o.Rules == nil {
		return
	}
	m.HandleFunc("GET "+rulesPath, p.as(p.rulesPage))
	m.HandleFunc("POST "+rulesPath, p.as(p.acceptRule))
}

func (p *Portal) rulesPage(w http.ResponseWriter, r *http.Request, g *guest) error {
	list, err := p.o.Rules.InForce(r.Context(), g.sess)
	if err != nil {
		return err
	}
	(&page.Rules{System: p.o.Title, Action: rulesPath, Rules: list}).Write(w, r)
	return nil
}

func (p *Portal) acceptRule(w http.ResponseWriter, r *http.Request, g *guest) error {
	id, err := strconv.ParseInt(r.PostFormValue("rule"), 10, 64)
	if err != nil {
		return custody.E(custody.CodeNotFound, "there is no such rule", "open the page again")
	}
	if err := p.o.Rules.Accept(r.Context(), g.sess, id); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "private, no-store")
	if program(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, rulesPath, http.StatusSeeOther)
	return nil
}
