package signin

import (
	"net/http"
	"slices"
	"time"

	"custody"
	"custody/identity"
	"custody/identity/oidc"
)

// oidcFlow is what the door remembers of a sign-in at a provider.
type oidcFlow struct {
	Flow *oidc.Flow `json:"f"`
	Next string     `json:"n"`
}

func (d *Door) provider(r *http.Request) (*oidc.Provider, error) {
	name := r.PathValue("provider")
	i := slices.IndexFunc(d.o.Providers, func(p *oidc.Provider) bool { return p.Name() == name })
	if i < 0 {
		return nil, custody.E(custody.CodeNotFound, "there is no such sign-in", "the sign-in page lists those that there are")
	}
	return d.o.Providers[i], nil
}

// oidcBegin sends the browser to the provider. It is a link and not a form, because the
// policy on where forms may lead holds for redirects too.
func (d *Door) oidcBegin(w http.ResponseWriter, r *http.Request) {
	p, err := d.provider(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	address := charge{d.id.Pseudonym("throttle ceremony", network(d.o.Address(r))), perCeremony}
	if wait := d.o.Throttle.take(address); wait > 0 {
		d.tooMany(w, r, wait)
		return
	}
	to, flow, err := p.Begin(r.Context(), d.redirectOf(p))
	if err == nil {
		err = d.begin(w, "oidc", oidcFlow{flow, next(r)}, 10*time.Minute)
	}
	if err != nil {
		d.o.Log.Warn("a sign-in at a provider could not begin", "provider", p.Name(), "err", cause(err))
		d.showSignIn(w, r, statusOf(err), err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// redirectOf is the address that a provider sends the browser back to: one for each, so
// that one provider's answer cannot pass for another's.
func (d *Door) redirectOf(p *oidc.Provider) string {
	return origin(d.o.Public) + Prefix + "oidc/" + p.Name() + "/callback"
}

// oidcFinish takes the provider's answer.
func (d *Door) oidcFinish(w http.ResponseWriter, r *http.Request) {
	p, err := d.provider(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	proof, err := d.proveAccount(w, r, p)
	if err != nil {
		d.o.Log.Info("a sign-in failed", "system", d.o.System, "method", identity.MethodOIDC, "provider", p.Name(), "err", cause(err))
		d.showSignIn(w, r, statusOf(err), err)
		return
	}
	d.welcome(w, r, proof, "")
}

func (d *Door) proveAccount(w http.ResponseWriter, r *http.Request, p *oidc.Provider) (proof, error) {
	var f oidcFlow
	cookie, err := d.under(r, "oidc", &f)
	if err != nil {
		return proof{}, err
	}
	if f.Flow == nil || !d.finish(w, "oidc", cookie) {
		return proof{}, errFlow
	}
	account, err := p.Finish(r.Context(), f.Flow, r.URL.Query())
	if err != nil {
		return proof{}, err
	}
	link, who, err := d.personOf(account)
	if err != nil {
		return proof{}, err
	}
	return proof{Login: who.Login, Method: identity.MethodOIDC, Factor: link, Roles: account.Roles, Narrow: account.Narrow, Next: f.Next}, nil
}

// errNoPerson is one answer for an account that is nobody here, and for somebody who is
// not engaged.
var errNoPerson = custody.E(custody.CodeForbidden, "this account cannot sign in here",
	"ask your administrator: the account must belong to a person with a current engagement")

// personOf finds the person of an account: by its link, or by a verified address, which
// makes the link. An address that passed to another account finds nobody: a login
// belongs to one person for ever.
func (d *Door) personOf(a *oidc.Account) (link int64, who *identity.Person, err error) {
	_, id, err := d.id.FindSubject(a.Issuer, a.Subject)
	if err != nil {
		return 0, nil, err
	}
	if id != 0 {
		who = d.id.ByID(id)
	} else if a.Email != "" {
		if who, err = d.id.Find(a.Email); err != nil {
			return 0, nil, err
		}
	}
	if who == nil {
		return 0, nil, errNoPerson
	}
	if len(d.id.Employers(who.ID)) == 0 {
		d.refused(who.Login)
		return 0, nil, errNoPerson
	}
	link, err = d.id.LinkSubject(who.ID, a.Issuer, a.Subject)
	if custody.CodeOf(err) == custody.CodeConflict {
		return 0, nil, errNoPerson
	}
	return link, who, err
}
