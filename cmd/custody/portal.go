package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"custody"
	"custody/config"
	"custody/store"
)

func (a *app) portalCommand() *cobra.Command {
	return group("portal", "Web applications behind the gate, and the switch that takes them offline",
		"  custody portal list\n  custody portal down --system bodyshop --reason \"customers report calls\" --by alice@northfield.example",
		a.portalList(), a.portalDown(), a.portalUp(), a.portalCredential(), a.portalRotate())
}

func (a *app) portalList() *cobra.Command {
	var history bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the portals, and which of them are offline",
		Example: "  custody portal list\n  custody portal list --history",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			if history {
				return w.switchHistory()
			}
			return w.listPortals()
		}),
	}
	cmd.Flags().BoolVar(&history, "history", false, "every use of the switch instead")
	return cmd
}

type portalRow struct {
	System string `json:"system"`
	Public string `json:"public"`
	Listen string `json:"listen"`
	Origin string `json:"origin"`
	State  string `json:"state"`
	Since  *stamp `json:"since,omitempty"`
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (w *workspace) listPortals() error {
	down, err := w.store.Switches(false)
	if err != nil {
		return err
	}
	rows := []portalRow{}
	for _, s := range w.config.Declare() {
		c := w.config.Systems[s.Name].Portal
		if c == nil {
			continue
		}
		r := portalRow{System: s.Name, Public: c.Public, Listen: c.Listen, Origin: c.Origin, State: "up"}
		for i := range down {
			if d := &down[i]; d.System == 0 || d.System == w.systems[s.Name] {
				r.State, r.Since, r.By, r.Reason = "down", &stamp{d.Down}, d.DownLogin, d.Reason
			}
		}
		rows = append(rows, r)
	}
	return list(w.app, rows, "custody.yaml declares no portal.",
		column[portalRow]{"SYSTEM", func(r portalRow) string { return r.System }, false},
		column[portalRow]{"PUBLIC", func(r portalRow) string { return r.Public }, false},
		column[portalRow]{"ORIGIN", func(r portalRow) string { return r.Origin }, false},
		column[portalRow]{"STATE", func(r portalRow) string { return r.State }, false},
		column[portalRow]{"BY", func(r portalRow) string { return r.By }, true},
		column[portalRow]{"REASON", func(r portalRow) string { return r.Reason }, true},
	)
}

type switchRow struct {
	System string `json:"system"` // all for every portal
	Reason string `json:"reason"`
	Down   stamp  `json:"down"`
	DownBy string `json:"down_by"`
	Up     *stamp `json:"up,omitempty"`
	UpBy   string `json:"up_by,omitempty"`
}

func (w *workspace) switchHistory() error {
	uses, err := w.store.Switches(true)
	if err != nil {
		return err
	}
	rows := []switchRow{}
	for i := range uses {
		rows = append(rows, makeSwitchRow(&uses[i]))
	}
	return list(w.app, rows, "The switch was never used.",
		column[switchRow]{"SYSTEM", func(r switchRow) string { return r.System }, false},
		column[switchRow]{"DOWN", func(r switchRow) string { return w.local(r.Down.Time) }, false},
		column[switchRow]{"BY", func(r switchRow) string { return r.DownBy }, false},
		column[switchRow]{"UP", func(r switchRow) string {
			if r.Up == nil {
				return ""
			}
			return w.local(r.Up.Time)
		}, false},
		column[switchRow]{"BY", func(r switchRow) string { return r.UpBy }, false},
		column[switchRow]{"REASON", func(r switchRow) string { return r.Reason }, false},
	)
}

func makeSwitchRow(u *store.Switch) switchRow {
	r := switchRow{System: u.SystemName, Reason: u.Reason, Down: stamp{u.Down}, DownBy: u.DownLogin, UpBy: u.UpLogin}
	if u.System == 0 {
		r.System = "all"
	}
	if !u.Up.IsZero() {
		r.Up = &stamp{u.Up}
	}
	return r
}

// switchFlags say what is switched, and who does it.
type switchFlags struct {
	system, by, reason string
	all                bool
}

func (f *switchFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.system, "system", "", "the portal of this `system`")
	cmd.Flags().BoolVar(&f.all, "all", false, "every portal")
	cmd.Flags().StringVar(&f.by, "by", "", "`login` of the person who decides it")
	require(cmd, "by")
}

func (a *app) portalDown() *cobra.Command {
	var f switchFlags
	cmd := &cobra.Command{
		Use: "down", Short: "Take a portal, or all, offline for everybody, now",
		Long: `Take a portal, or all of them, offline for everybody within a second: a clear page says
so, and downloads that run are cut. Sessions stay, so nobody signs in again afterwards.
The reason is shown on that page and kept; the use is written in the ledger. Somebody
else must bring it back.`,
		Example: `  custody portal down --system bodyshop --reason "customers report calls" --by alice@northfield.example
  custody portal down --all --reason "suspected leak" --by alice@northfield.example`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.useSwitch(cmd, &f, func(w *workspace, system custody.SystemID, by custody.PersonID) error {
				reason := strings.TrimSpace(f.reason)
				if len(reason) > 500 {
					return custody.E(custody.CodeTooLarge, "the reason is too long", "state it in at most 500 bytes")
				}
				return w.store.TakeDown(system, by, reason, w.now())
			}, "down")
		},
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, in a few `words` that everybody may read")
	require(cmd, "reason")
	return cmd
}

func (a *app) portalUp() *cobra.Command {
	var f switchFlags
	cmd := &cobra.Command{
		Use: "up", Short: "Bring back what portal down took offline; a second person does it",
		Long: `Bring back what custody portal down took offline. The person who took it down cannot
bring it back: a second one decides that it is safe. What was taken down with --all comes
back with --all.`,
		Example: "  custody portal up --system bodyshop --by bob@northfield.example\n  custody portal up --all --by bob@northfield.example",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.useSwitch(cmd, &f, func(w *workspace, system custody.SystemID, by custody.PersonID) error {
				return w.store.BringUp(system, by, w.now())
			}, "up")
		},
	}
	f.flags(cmd)
	return cmd
}

func (a *app) useSwitch(cmd *cobra.Command, f *switchFlags, do func(*workspace, custody.SystemID, custody.PersonID) error, state string) error {
	if f.all == (f.system != "") {
		return usage(cmd, "say which one: --system or --all")
	}
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	var system custody.SystemID
	what := "every portal"
	if !f.all {
		if system, err = w.system(f.system); err != nil {
			return err
		}
		if w.config.Systems[f.system].Portal == nil {
			return custody.E(custody.CodeNotFound, f.system+" has no portal", "custody portal list shows those that are declared")
		}
		what = "the portal of " + f.system
	}
	by, err := w.person(f.by)
	if err != nil {
		return err
	}
	if !by.Current {
		return custody.E(custody.CodeForbidden, "this person has no current engagement", "name somebody who works here now")
	}
	if err := do(w, system, by.ID); err != nil {
		return err
	}
	name := f.system
	if f.all {
		name = "all"
	}
	return a.done(map[string]string{"system": name, "state": state}, "%s is %s; every gate that runs hears it within a second.", strings.ToUpper(what[:1])+what[1:], state)
}

func (a *app) portalCredential() *cobra.Command {
	var login string
	var remove bool
	cmd := &cobra.Command{
		Use: "credential SYSTEM", Short: "Keep the credential with which the gate signs in at an application",
		Long: `Keep the credential with which the gate signs in at an application: user:password, a
token or the value of a header, as portal.sign_in of custody.yaml has it. It is read from
standard input, or asked for without being shown, and kept in a file that only the gate
reads. A gate that runs uses it at the next sign-in.

With --person it is that of one person's own account there, which the gate uses for them
and nobody else; they never learn it. portal.sign_in.accounts says whether everybody needs
one. --remove takes it away.`,
		Example: `  custody portal credential bodyshop
  custody portal credential bodyshop < secret
  custody portal credential bodyshop --person alice@northfield.example < secret
  custody portal credential bodyshop --person alice@northfield.example --remove`,
		Args: takes("system"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if remove && login == "" {
				return usage(cmd, "--remove is for the account of one person: --person")
			}
			return a.setPortalCredential(cmd, args[0], login, remove)
		},
	}
	cmd.Flags().StringVar(&login, "person", "", "whose own account it is, by `login`")
	cmd.Flags().BoolVar(&remove, "remove", false, "take the person's away")
	return cmd
}

// personalCredential gives the file of somebody's credential. They must be known, so that
// a misspelt login is not kept for nobody.
func (a *app) personalCredential(system, login string) (string, error) {
	w, err := a.open()
	if err != nil {
		return "", err
	}
	defer w.close()
	p, err := w.person(login)
	if err != nil {
		return "", err
	}
	return config.PersonalPortalCredential(system, p.Login), nil
}

// maxCredential is the longest credential, in bytes.
const maxCredential = 4096

func (a *app) setPortalCredential(cmd *cobra.Command, name, login string, remove bool) error {
	c, err := config.Load(a.dir)
	if err != nil {
		return err
	}
	s := c.Systems[name]
	if s == nil || s.Portal == nil {
		return custody.E(custody.CodeNotFound, name+" has no portal", "declare one in custody.yaml, under its portal key")
	}
	in := s.Portal.SignIn
	if !in.NeedsCredential() || login == "" && strings.HasPrefix(in.Credential, "env:") {
		return custody.E(custody.CodeInvalid, "this portal's sign-in reads no file", "portal.sign_in in custody.yaml says how the gate signs in")
	}
	if login != "" {
		if in.Credential, err = a.personalCredential(name, login); err != nil {
			return err
		}
	}
	if remove {
		return a.removeCredential(name, login, in.Credential)
	}
	secret, err := a.readCredential(name)
	if err != nil {
		return err
	}
	user, password, pair := strings.Cut(secret, ":")
	switch {
	case secret == "" || strings.ContainsAny(secret, "\r\n\x00"):
		return usage(cmd, "the credential must be one line")
	case (in.Method == config.MethodForm || in.Method == config.MethodBasic) && (!pair || user == "" || password == ""):
		return usage(cmd, "the credential must be user:password")
	}
	if err := os.MkdirAll(filepath.Dir(a.path(in.Credential)), 0o700); err != nil {
		return asUnavailable(err)
	}
	if err := replaceFile(a.path(in.Credential), []byte(secret+"\n"), 0o600); err != nil {
		return asUnavailable(err)
	}
	return a.done(map[string]string{"system": name, "credential": in.Credential}, "The credential is in %s, for the gate alone.", in.Credential)
}

// removeCredential takes a person's credential away.
func (a *app) removeCredential(system, login, file string) error {
	if err := os.Remove(a.path(file)); errors.Is(err, fs.ErrNotExist) {
		return custody.E(custody.CodeNotFound, "no account at "+system+" is kept for this person", "custody portal credential "+system+" --person LOGIN keeps one")
	} else if err != nil {
		return asUnavailable(err)
	}
	return a.done(map[string]string{"system": system, "person": login, "state": "removed"}, "The account of %s at %s is no longer kept.", login, system)
}

func (a *app) readCredential(name string) (string, error) {
	if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		a.errw.Write([]byte("Credential for the application of " + printable(name) + ": "))
		b, err := term.ReadPassword(int(f.Fd()))
		a.errw.Write([]byte("\n"))
		return string(b), err
	}
	b, err := io.ReadAll(io.LimitReader(a.in, maxCredential+1))
	if err == nil && len(b) > maxCredential {
		return "", custody.E(custody.CodeTooLarge, "the credential is too long", "at most 4096 bytes")
	}
	return strings.TrimRight(string(b), "\r\n"), err
}
