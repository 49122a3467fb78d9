package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/doctor"
	"custody/doctor/portalcheck"
	"custody/site"
	"custody/store"
	"custody/subjects"
)

// portalExam is one run of custody doctor portal.
type portalExam struct {
	*app
	system, account, passwordFile, other, otherFile, sessionFile string
	root, change                                                 string
	form                                                         portalcheck.Form
	consent, history                                             bool
}

func (a *app) doctorPortalCommand() *cobra.Command {
	x := &portalExam{app: a}
	cmd := &cobra.Command{
		Use: "portal [URL]", Short: "Test a web portal against the portal standard and grade it",
		Long: `Test a web portal against docs/portal-standard.md, in nineteen points, and grade it from
A to F: TLS, headers, personal data without sign-in, mass export, the session's cookies,
password rules, lock-out and more. It asks at that one origin, five times a second at
most, 400 times at most. What could not be checked is said.

With --test-account it looks from inside too; use an account that belongs to nobody. Only
with --consent are wrong passwords tried at it (at most twelve, which may lock it) and,
where --change-password-path says its password is changed, weak ones set and taken back.
Where a second factor is asked for, --session-file holds the Cookie header of a browser
that is signed in. Passwords are files of mode 0600, or env:NAME.

Test only portals that you run, or whose operator agreed. Findings are kept beside
custody.yaml, if there is one: --history shows them.

Exit codes: 0 for A; 10 for B and C; 11 for D and E; 12 for F; others as for every command.`,
		Example: `  custody doctor portal https://estimates.northfield.example
  custody doctor portal --system bodyshop --test-account tester --password-file keys/tester --consent --change-password-path /account
  custody doctor portal https://portal.supplier.example --test-account tester --password-file env:TESTER --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 == (x.system != "") {
				return usage(cmd, "say which portal: its URL, or --system")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return x.run(cmd, args) },
	}
	f := cmd.Flags()
	f.StringVar(&x.system, "system", "", "the application of this `system` of custody.yaml, at its origin")
	f.StringVar(&x.account, "test-account", "", "`login` of an account that belongs to nobody")
	f.StringVar(&x.passwordFile, "password-file", "", "`file` of its password, or env:NAME")
	f.StringVar(&x.other, "other-account", "", "`login` of an account that must not see the first one's customers")
	f.StringVar(&x.otherFile, "other-password-file", "", "`file` of its password, or env:NAME")
	f.StringVar(&x.sessionFile, "session-file", "", "`file` of the Cookie header of a browser that is signed in, or env:NAME")
	f.BoolVar(&x.consent, "consent", false, "try passwords at the test account; it may be locked")
	f.StringVar(&x.change, "change-password-path", "", "`path` where the test account changes its password")
	f.StringVar(&x.form.Path, "sign-in-path", "", "`path` of the sign-in page, if it is not found")
	f.StringVar(&x.form.UserField, "user-field", "", "`name` of the input for the login")
	f.StringVar(&x.form.PasswordField, "password-field", "", "`name` of the input for the password")
	f.StringVar(&x.root, "root-certificate", "", "PEM `file` of an authority to trust beside the system's")
	f.BoolVar(&x.history, "history", false, "show what was found until now, and ask nothing")
	return cmd
}

func (x *portalExam) run(cmd *cobra.Command, args []string) error {
	if x.consent && (x.account == "" || x.passwordFile == "") {
		return usage(cmd, "--consent is about --test-account with its --password-file")
	}
	w, err := x.workspace()
	if err != nil {
		return err
	}
	if w != nil {
		defer w.close()
	}
	o := portalcheck.Options{Canonical: subjects.Canonical, Form: x.form, Change: x.change, Consent: x.consent, Now: x.now}
	name := x.system
	if name == "" {
		if o.URL, err = url.Parse(args[0]); err != nil || o.URL.Host == "" {
			return usage(cmd, "this is not the address of a portal: write https://host")
		}
		name = strings.ToLower(o.URL.Scheme + "://" + o.URL.Host)
	} else if err := x.declared(w, &o); err != nil {
		return err
	}
	if x.history {
		return x.showHistory(w, name)
	}
	if err := x.secrets(&o); err != nil {
		return err
	}
	return x.examine(cmd.Context(), w, name, o)
}

// workspace opens the working directory; nil if there is none and none is needed.
func (x *portalExam) workspace() (*workspace, error) {
	if _, err := os.Stat(x.path(storeFile)); err != nil && x.system == "" && !x.history {
		return nil, nil
	}
	return x.open()
}

// declared takes what custody.yaml says of an application.
func (x *portalExam) declared(w *workspace, o *portalcheck.Options) error {
	if _, err := w.system(x.system); err != nil {
		return err
	}
	p := w.config.Systems[x.system].Portal
	if p == nil {
		return custody.E(custody.CodeNotFound, x.system+" has no portal", "custody portal list shows those that are declared")
	}
	o.URL = p.OriginURL()
	if o.Form == (portalcheck.Form{}) && p.SignIn.Path != "" {
		o.Form = portalcheck.Form{Path: p.SignIn.Path, UserField: p.SignIn.UserField, PasswordField: p.SignIn.PasswordField}
	}
	if o.Change == "" {
		o.Change = p.Check.ChangePasswordPath
	}
	var err error
	o.TLS, err = w.originTLS(p)
	return err
}

// secrets reads the passwords and the session.
func (x *portalExam) secrets(o *portalcheck.Options) error {
	for _, s := range []struct {
		user, file string
		to         **portalcheck.Account
	}{{x.account, x.passwordFile, &o.Account}, {x.other, x.otherFile, &o.Other}} {
		if s.user == "" {
			continue
		}
		password, err := x.secretOf(s.file)
		if err != nil {
			return err
		}
		*s.to = &portalcheck.Account{User: s.user, Password: password}
	}
	if x.sessionFile != "" {
		var err error
		if o.Session, err = x.secretOf(x.sessionFile); err != nil {
			return err
		}
	}
	if x.root == "" {
		return nil
	}
	pem, err := x.readFile(x.root)
	if err != nil {
		return err
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{}
	}
	if o.TLS.RootCAs, err = x509.SystemCertPool(); err != nil {
		o.TLS.RootCAs = x509.NewCertPool()
	}
	if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return custody.E(custody.CodeInvalid, x.root+" holds no certificate", "it must be in PEM form")
	}
	return nil
}

// secretOf reads a file that nobody else may read, or a variable.
func (x *portalExam) secretOf(name string) (string, error) {
	if variable, ok := strings.CutPrefix(name, "env:"); ok {
		if v := os.Getenv(variable); v != "" {
			return v, nil
		}
		return "", custody.E(custody.CodeNotFound, "the environment has no "+variable, "set it, or name a file of mode 0600")
	}
	if name == "" {
		return "", custody.E(custody.CodeInvalid, "the test account's password is missing", "put it into a file of mode 0600 and name it with --password-file (and --other-password-file)")
	}
	b, err := x.readSecret(name)
	return strings.TrimRight(string(b), "\r\n"), err
}

func (x *portalExam) examine(ctx context.Context, w *workspace, name string, o portalcheck.Options) error {
	report, err := portalcheck.Examine(ctx, o)
	if err != nil {
		return err
	}
	var worse []store.Finding
	gone := 0
	if w != nil {
		id, err := w.store.EnsureSystem(name)
		if err != nil {
			return err
		}
		if worse, gone, err = w.store.RecordExamination(ctx, site.Examination(id, x.now(), &report.Report)); err != nil {
			return err
		}
	}
	if err := x.show(name, report, worse, gone); err != nil {
		return err
	}
	if w == nil {
		x.say("\nNothing was kept: there is no custody.yaml here.")
	}
	if report.Worst() < doctor.Warning {
		return nil
	}
	return finding{custody.E(custody.CodeNone, "the grade is "+portalcheck.Grade(&report.Report), "each finding says what to change; run it again afterwards"), int(report.Worst()) + 8}
}

// gradeRow is the last line with --json.
type gradeRow struct {
	System     string `json:"system"`
	Kind       string `json:"kind"` // grade
	Grade      string `json:"grade"`
	Points     int    `json:"points"`
	NotChecked int    `json:"not_checked"`
	Requests   int    `json:"requests"`
}

func (x *portalExam) show(name string, r *portalcheck.Report, worse []store.Finding, gone int) error {
	fresh := map[uint64]bool{}
	for i := range worse {
		fresh[worse[i].Mark] = true
	}
	row := gradeRow{name, "grade", portalcheck.Grade(&r.Report), len(r.Outcomes), len(r.Outcomes) - len(r.Done()), r.Requests}
	if x.json {
		if err := list(x.app, reportRows(name, &r.Report, fresh), ""); err != nil {
			return err
		}
		return x.object(row)
	}
	best := ""
	if row.NotChecked > 0 {
		best = " at best"
	}
	x.say("%s: grade %s%s; %d of %d points checked with %d requests; %s", printable(name), row.Grade, best, row.Points-row.NotChecked, row.Points, r.Requests, summary(&r.Report))
	if gone > 0 {
		x.say("%s gone.", ofBefore(gone))
	}
	e := &examination{app: x.app}
	for i := range r.Findings {
		e.showFinding(&r.Findings[i], fresh[r.Findings[i].Mark()])
	}
	x.say("\nChecked:")
	for _, o := range r.Outcomes {
		if o.Skipped == "" {
			x.say("  %-6s %2d %-22s %s", verdict(&r.Report, o.Check), portalcheck.Number(o.Check), o.Check, o.Title)
		}
	}
	e.showSkipped(&r.Report)
	return nil
}

func (x *portalExam) showHistory(w *workspace, name string) error {
	id, err := w.store.EnsureSystem(name)
	if err != nil {
		return err
	}
	w.systems[name] = id
	return (&examination{app: x.app, only: portalcheck.Prefix}).showHistory(w, []string{name})
}
