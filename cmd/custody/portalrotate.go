package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/config"
	"custody/portal/upstream"
)

func (a *app) portalRotate() *cobra.Command {
	return &cobra.Command{
		Use: "rotate SYSTEM", Short: "Give the gate's account at an application a new password",
		Long: `Give the gate's account at an application a new random password, through the
application's own form (portal.sign_in.change in custody.yaml), try it, and keep it in the
credential's file. People who knew the old one are out. The new one is in FILE.next before
the application hears it, so that it is not lost whatever happens. A gate that runs uses
it at the next sign-in.`,
		Example: "  custody portal rotate bodyshop",
		Args:    takes("system"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.rotatePortal(cmd.Context(), args[0]) },
	}
}

func (a *app) rotatePortal(ctx context.Context, name string) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	if _, err := w.system(name); err != nil {
		return err
	}
	c := w.config.Systems[name].Portal
	if c == nil || c.SignIn.Method != config.MethodForm || c.SignIn.Change.Path == "" || strings.HasPrefix(c.SignIn.Credential, "env:") {
		return custody.E(custody.CodeInvalid, "custody.yaml does not say how this portal's password is changed",
			"portal.sign_in.change names the application's form; its method is form, its credential a file")
	}
	p, err := w.portalOf(name)
	if err != nil {
		return err
	}
	old, err := c.SignIn.Secret(a.dir)
	if err != nil {
		return err
	}
	fresh := rand.Text() + "-a1" // letters of both cases, digits and a sign, for rules that ask for them
	user, _, _ := strings.Cut(old, ":")
	file := a.path(c.SignIn.Credential)
	if err := replaceFile(file+".next", []byte(user+":"+fresh+"\n"), 0o600); err != nil {
		return asUnavailable(err)
	}
	origin := upstream.New(upstream.Options{URL: p.Origin, Self: p.Self, TLS: p.OriginTLS})
	defer origin.Close()
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	change := upstream.Change{Path: c.SignIn.Change.Path, Current: c.SignIn.Change.CurrentField, New: c.SignIn.Change.NewField, Again: c.SignIn.Change.AgainField}
	if err := upstream.Rotate(ctx, origin, &p.SignIn, change, old, fresh); err != nil {
		if ctx.Err() == nil && !errors.Is(err, upstream.ErrUncertain) {
			return errors.Join(err, os.Remove(file+".next"))
		}
		return withHint(err, "the new password is in "+c.SignIn.Credential+".next; try both, and keep the right one: custody portal credential "+name)
	}
	if err := os.Rename(file+".next", file); err != nil {
		return asUnavailable(err)
	}
	return a.done(map[string]string{"system": name, "credential": c.SignIn.Credential}, "The application has a new password, in %s, for the gate alone.", c.SignIn.Credential)
}
