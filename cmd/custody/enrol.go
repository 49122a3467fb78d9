package main

import (
	"time"

	"github.com/spf13/cobra"

	"custody"
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
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			code, e, err := w.identity.Enrol(args[0], ttl.Duration)
			if err != nil {
				return err
			}
			row := enrolRow{identity.NormalLogin(args[0]), code, "/.custody/enrol?code=" + code, stamp{e.Expires}}
			return a.done(row, "%s sets up a sign-in at /.custody/enrol of a portal, until %s, with this code, shown once:\n  %s\nAs a link: https://PORTAL%s",
				row.Login, a.minute(e.Expires), code, row.Path)
		}),
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
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			if err := w.identity.Reset(args[0]); err != nil {
				return err
			}
			login := identity.NormalLogin(args[0])
			return a.done(map[string]any{"login": login, "reset": stamp{a.now().UTC().Truncate(time.Second)}},
				"%s can no longer sign in anywhere and every session has ended. custody person enrol lets them start again.", login)
		}),
	}
}

func (a *app) personLink() *cobra.Command {
	var issuer, subject string
	cmd := &cobra.Command{
		Use: "link LOGIN", Short: "Say which account at an OpenID provider is this person's",
		Long: `Bind an account at an OpenID provider of custody.yaml to a person, for ever. Without
it, a verified address in the provider's domains finds its person at the first sign-in.`,
		Example: "  custody person link alice@northfield.example --issuer https://login.northfield.example/realms/staff --subject 8f2c71",
		Args:    takes("login"),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			if err := w.identity.Link(args[0], issuer, subject); err != nil {
				return err
			}
			login := identity.NormalLogin(args[0])
			return a.done(map[string]string{"login": login, "issuer": issuer, "subject": subject}, "The account is %s's from now on.", login)
		}),
	}
	cmd.Flags().StringVar(&issuer, "issuer", "", "the provider's `address`, as in custody.yaml")
	cmd.Flags().StringVar(&subject, "subject", "", "the account's `sub` there")
	require(cmd, "issuer", "subject")
	return cmd
}

// signInRow is how a person can sign in with a browser, and which notices they accepted.
type signInRow struct {
	Password stamp       `json:"password,omitzero"` // when it was set
	Recovery int         `json:"recovery_codes"`    // left
	Passkeys []string    `json:"passkeys"`          // their names
	Notices  []noticeRow `json:"notices"`
}

type noticeRow struct {
	Version  string            `json:"version"`
	Accepted stamp             `json:"accepted"`
	Session  custody.SessionID `json:"session"`
}

func (w *workspace) signInOf(person custody.PersonID) (row signInRow, err error) {
	row = signInRow{Passkeys: []string{}, Notices: []noticeRow{}}
	f, err := w.identity.PasswordOf(person)
	if err != nil {
		return row, err
	}
	if f != nil {
		row.Password = stamp{f.Changed}
	}
	if row.Recovery, err = w.identity.RecoveryCodes(person); err != nil {
		return row, err
	}
	keys, err := w.identity.Passkeys(person)
	if err != nil {
		return row, err
	}
	for _, k := range keys {
		row.Passkeys = append(row.Passkeys, k.Name)
	}
	accepted, err := w.identity.Notices(person)
	for _, n := range accepted {
		row.Notices = append(row.Notices, noticeRow{n.Version, stamp{n.Accepted}, n.Session})
	}
	return row, err
}

func (a *app) showSignIn(row *signInRow) {
	if row.Password.IsZero() && len(row.Passkeys) == 0 {
		a.say("No passkey and no password: custody person enrol lets them set one up, or an OpenID provider signs them in.")
	}
	for _, name := range row.Passkeys {
		a.say("Passkey: %s", printable(name))
	}
	if !row.Password.IsZero() {
		a.say("Password and authenticator app, set %s; %d recovery codes left", a.minute(row.Password.Time), row.Recovery)
	}
	for _, n := range row.Notices {
		a.say("Accepted notice %s on %s, in session %d", printable(n.Version), a.minute(n.Accepted.Time), n.Session)
	}
}
