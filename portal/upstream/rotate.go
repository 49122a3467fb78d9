package upstream

import (
	"context"
	"net/http"
	"strings"

	"custody"
)

// Change is the application's own form for a new password.
type Change struct {
	Path    string
	Current string // the input for the present password; empty if the form has none
	New     string
	Again   string // the input for the new one once more; empty if the form has none
}

// ErrUncertain says that nobody knows which password the application has now.
var ErrUncertain = custody.E(custody.CodeUnavailable, "the application takes neither the old password nor the new one",
	"try both by hand, at the application itself, and set the right one: custody portal credential SYSTEM")

// Rotate changes the account's password at the application: it signs in, fills in the
// form, and signs in anew with the new password. When it returns nil the new one
// holds; after ErrUncertain neither is known to; after any other error the old one does.
func Rotate(ctx context.Context, o *Origin, in *SignIn, c Change, old, fresh string) error {
	user, present, err := userPassword(old)
	if err != nil {
		return err
	}
	try := func(secret string) (*Account, error) {
		with := *in
		with.Secret = func() (string, error) { return secret, nil }
		a := o.Account(&with, Person{})
		_, err := a.Ready(ctx)
		return a, err
	}
	a, err := try(old)
	if err != nil {
		return err
	}
	if err := a.change(ctx, &c, present, fresh); err != nil {
		return err
	}
	if _, err = try(user + ":" + fresh); err == nil {
		return nil
	}
	if _, err = try(old); err != nil {
		return ErrUncertain
	}
	return custody.E(custody.CodeUnavailable, "the application did not take the new password",
		"its rules may differ, or portal.sign_in.change in custody.yaml does not fit its form; the old one still holds")
}

// change fills in the form. Whether it worked shows at the next sign-in.
func (a *Account) change(ctx context.Context, c *Change, present, fresh string) error {
	at, text, _, err := a.visit(ctx, http.MethodGet, c.Path, nil)
	if err != nil {
		return err
	}
	action, fields, ok := findForm(text, c.New)
	if !ok {
		return custody.E(custody.CodeUnavailable, "the application's page for a new password has no form with the configured fields",
			"compare portal.sign_in.change in custody.yaml with the page")
	}
	for name, value := range map[string]string{c.Current: present, c.New: fresh, c.Again: fresh} {
		if name != "" {
			fields.Set(name, value)
		}
	}
	to, err := at.Parse(action)
	if err != nil || to.Host != at.Host || to.Scheme != at.Scheme || strings.HasPrefix(action, "//") {
		return custody.E(custody.CodeUnavailable, "the application's form for a new password sends it elsewhere", "check the application: it may have been tampered with")
	}
	_, _, _, err = a.visit(ctx, http.MethodPost, to.RequestURI(), fields)
	return err
}
