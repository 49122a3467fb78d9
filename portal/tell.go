package portal

import (
	"errors"
	"net/http"

	"custody"
	"custody/portal/page"
	"custody/portal/upstream"
)

// statuses translates each code once.
var statuses = map[custody.Code]int{
	custody.CodeInternal: http.StatusInternalServerError, custody.CodeUnauthorised: http.StatusUnauthorized,
	custody.CodeForbidden: http.StatusForbidden, custody.CodeUnattributed: http.StatusForbidden,
	custody.CodeLimit: http.StatusTooManyRequests, custody.CodeReason: http.StatusForbidden,
	custody.CodeUnrecorded: http.StatusServiceUnavailable, custody.CodeRevoked: http.StatusForbidden,
	custody.CodeUnsupported: http.StatusForbidden, custody.CodeInvalid: http.StatusBadRequest,
	custody.CodeNotFound: http.StatusNotFound, custody.CodeConflict: http.StatusConflict,
	custody.CodeUnavailable: http.StatusBadGateway, custody.CodeTooLarge: http.StatusForbidden,
	custody.CodeConfirm: http.StatusForbidden,
}

var titles = map[custody.Code]string{
	custody.CodeInternal: "Something went wrong at the gate", custody.CodeForbidden: "You may not see this",
	custody.CodeUnattributed: "This answer cannot be shown", custody.CodeLimit: "Your limit of customers is reached",
	custody.CodeReason: "Why do you need this?", custody.CodeUnrecorded: "Nothing can be shown just now",
	custody.CodeRevoked: "Your access has ended", custody.CodeUnsupported: "This cannot be shown here",
	custody.CodeInvalid: "This request cannot be read", custody.CodeNotFound: "There is no such page",
	custody.CodeUnavailable: "The application cannot be reached", custody.CodeTooLarge: "This answer is too large to be checked",
	custody.CodeUnauthorised: "Please sign in",
}

// hints replace the gate's, which speak of SQL.
var hints = map[custody.Code]string{
	custody.CodeForbidden: "ask for the right you need; the administrator gives it with custody grant add",
	custody.CodeReason:    "state a reason on the page that asks for it, or in the header Custody-Reason",
	custody.CodeLimit:     "customers you have seen today stay open to you",
}

// pageOf makes the page that tells an error.
func (p *Portal) pageOf(err error) *page.Page {
	code := custody.CodeOf(err)
	out := &page.Page{Code: code, Status: statuses[code], Title: titles[code], Message: err.Error(), Hint: custody.HintOf(err),
		System: p.o.Title, Back: "/"}
	var d *denial
	switch {
	case errors.As(err, &d):
		out.Status = d.status
	case code == custody.CodeInternal:
		out.Message, out.Hint = "the answer was not shown, to be on the safe side", "try again; if it stays so, tell the administrator"
	case hints[code] != "" && !upstream.IsNoAccount(err):
		out.Hint = hints[code]
	}
	if out.Status == 0 {
		out.Status = http.StatusInternalServerError
	}
	switch code {
	case custody.CodeLimit, custody.CodeForbidden, custody.CodeUnsupported:
		out.Contact = p.o.Contact
	case custody.CodeUnavailable, custody.CodeUnrecorded:
		out.Retry = 10
	}
	if errors.Is(err, upstream.ErrTimeout) {
		out.Status = http.StatusGatewayTimeout
	}
	return out
}

// refuse tells an error to somebody who may not be signed in.
func (p *Portal) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if custody.CodeOf(err) == custody.CodeInternal {
		p.o.Log.Error("a request could not be served", "system", p.o.Name, "err", causeOf(err))
	}
	p.pageOf(err).Write(w, r)
}

// tell tells an error to the person of a session.
func (v *visit) tell(err error) {
	v.p.log(err, v.g)
	if d := v.p.down.Load(); d != nil && errors.Is(err, errDown) {
		v.p.showDown(v.w, v.r, d)
		return
	}
	out := v.p.pageOf(err)
	if v.r.Method == http.MethodGet && out.Retry > 0 {
		out.Again = v.r.URL.RequestURI()
	}
	var ask *asking
	if errors.As(err, &ask) {
		out.Ask = &page.Ask{Action: Reserved + "reason", Token: ask.token, People: ask.people, Most: maxReason}
		out.Message, out.Hint = "The rights you work with require a stated reason.", ""
		if program(v.r) {
			out.Hint = hints[custody.CodeReason]
		}
	}
	if v.p.o.Requests != nil {
		out.More = moreOf(err)
	}
	out.Write(v.w, v.r)
}

// moreOf is where to ask for what an error refuses; empty where asking does not help.
func moreOf(err error) string {
	switch {
	case errors.Is(err, errNoExport):
		return morePath + "?kind=export"
	case custody.CodeOf(err) == custody.CodeLimit:
		return morePath
	}
	return ""
}
