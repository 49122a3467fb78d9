package main

import (
	"time"

	"github.com/spf13/cobra"

	"custody/identity"
)

type enrolRow struct {
	Login   string `json:"login"`
	Code    string `json:"code"`
	Path    string `json:"path"`
	Expires stamp  `json:"expires"`
}

func (a *app) personEnrol() *cobra.Command {
	ttl := duration{Duration: identity.DefaultEnrolTTL}
	cmd := &cobra.Command{
		Use: "enrol LOGIN", Short: "Let a person set up how they sign in with a browser",
		Long: `Give a person a one-time code with which they set up a passkey, or a password with an
authenticator app, at /.custody/enrol of any portal. It is shown here once and kept as
a hash; a new code ends the one before. Give it to nobody but the person: whoever has
it can sign in as them.`,
		Example: "  custody person enrol alice@northfield.example\n  custody person enrol alice@northfield.example --ttl 1h",
		Args:    takes("login"),
		RunE: func(_ *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			code, e, err := w.identity.Enrol(args[0], ttl.Duration)
			if err != nil {
				return err
			}
			row := enrolRow{identity.NormalLogin(args[0]), code, "/.custody/enrol?code=" + code, stamp{e.Expires}}
			return a.done(row, "%s sets up a sign-in at /.custody/enrol of a portal, until %s, with this code, shown once:\n  %s\nAs a link: https://PORTAL%s",
				row.Login, a.minute(e.Expires), code, row.Path)
		},
	}
	cmd.Flags().Var(&ttl, "ttl", "how long the code holds")
	return cmd
}

func (a *app) personReset() *cobra.Command {
	return &cobra.Command{
		Use: "reset LOGIN", Short: "Take all ways to sign in away from a person, now: they may be known to somebody else",
		Long: `End all sessions of a person and take away their passkeys, password, authenticator
app, recovery codes, tokens and certificates, because somebody else may know or hold
them. Engagements and grants stay. custody person enrol lets the person start again.`,
		Example: "  custody person reset alice@northfield.example",
		Args:    takes("login"),
		RunE: func(_ *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			if err := w.identity.Reset(args[0]); err != nil {
				return err
			}
			login := identity.NormalLogin(args[0])
			return a.done(map[string]any{"login": login, "reset": stamp{a.now().UTC().Truncate(time.Second)}},
				"%s can no longer sign in anywhere and every session has ended. custody person enrol lets them start again.", login)
		},
	}
}
