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
	var login string
	cmd := &cobra.Command{
		Use: "rotate SYSTEM", Short: "Give the gate's account at an application a new password",
		Long: `Give the gate's account at an application a new random password, through the
application's own form (portal.sign_in.change in custody.yaml), try it, and keep it in the
credential's file. People who knew the old one are out. The new one is in FILE.next before
the application hears it, so that it is not lost whatever happens. A gate that runs uses
it at the next sign-in. With --person it is the password of that person's own account.`,
		Example: "  custody portal rotate bodyshop\n  custody portal rotate bodyshop --person alice@northfield.example",
		Args:    takes("system"),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
			return w.rotatePortal(cmd.Context(), args[0], login)
		}),
	}
	cmd.Flags().StringVar(&login, "person", "", "whose own account it is, by `login`")
	return cmd
}

func (w *workspace) rotatePortal(ctx context.Context, name, login string) error {
	if _, err := w.system(name); err != nil {
		return err
	}
	c := w.config.Systems[name].Portal
	if c == nil || c.SignIn.Method != config.MethodForm || c.SignIn.Change.Path == "" || login == "" && strings.HasPrefix(c.SignIn.Credential, "env:") {
		return custody.E(custody.CodeInvalid, "custody.yaml does not say how this portal's password is changed",
			"portal.sign_in.change names the application's form; its method is form, its credential a file")
	}
	p, err := w.portalOf(name)
	if err != nil {
		return err
	}
	old, credential, err := w.accountAt(c, name, login)
	if err != nil {
		return err
	}
	p.SignIn.Own = nil
	fresh := rand.Text() + "-a1" // letters of both cases, digits and a sign, for rules that ask for them
	user, _, _ := strings.Cut(old, ":")
	file := w.path(credential)
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
		return withHint(err, "the new password is in "+credential+".next; try both, and keep the right one: custody portal credential "+name+ofPerson(login))
	}
	if err := os.Rename(file+".next", file); err != nil {
		return asUnavailable(err)
	}
	return w.done(map[string]string{"system": name, "credential": credential}, "The application has a new password, in %s, for the gate alone.", credential)
}

// accountAt reads the credential of the shared account, or of one person's, and says
// where it is kept.
func (a *app) accountAt(c *config.Portal, system, login string) (secret, file string, err error) {
	if login == "" {
		secret, err = c.SignIn.Secret(a.dir)
		return secret, c.SignIn.Credential, err
	}
	if file, err = a.personalCredential(system, login); err != nil {
		return "", "", err
	}
	secret, ok, err := c.SignIn.PersonalSecret(a.dir, system, login)
	if err == nil && !ok {
		err = custody.E(custody.CodeNotFound, "no account at "+system+" is kept for this person", "custody portal credential "+system+" --person LOGIN keeps one")
	}
	return secret, file, err
}

// ofPerson is the flag for one person's account, if it is one.
func ofPerson(login string) string {
	if login == "" {
		return ""
	}
	return " --person " + login
}
