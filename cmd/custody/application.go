package main

import (
	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
)

func (a *app) applicationCommand() *cobra.Command {
	return group("application", "Programs with a credential of their own, such as a portal's connection pool",
		"  custody application add portal --organisation Northfield --system bodyshop",
		a.applicationAdd(), a.applicationSecret(), a.applicationList(), a.applicationRevoke())
}

func (a *app) applicationAdd() *cobra.Command {
	var organisation, system string
	ttl := duration{identity.DefaultSecretTTL}
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Declare an application and print its secret, once",
		Long: `Declare an application. What it reads is recorded as its own, and as a person's only
while it passes on that person's signed identity (custody identity issue). With
--system its first secret is issued and printed, alone, on standard output.`,
		Example: "  custody application add portal --organisation Northfield --system bodyshop",
		Args:    takes("name"),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, args []string) error {
			if system != "" {
				if _, err := w.system(system); err != nil {
					return err
				}
			}
			app, err := w.identity.AddApplication(args[0], organisation)
			if err != nil {
				return err
			}
			if system == "" {
				return a.done(makeApplicationRow(app), "%s is application %d.", app.Name, app.ID)
			}
			return w.issueSecret(identity.CredentialRequest{Login: app.Name, System: system, TTL: ttl.Duration})
		}),
	}
	cmd.Flags().StringVar(&organisation, "organisation", "", "`whose` application it is, added if it is new")
	cmd.Flags().StringVar(&system, "system", "", "issue a secret for this `system`")
	cmd.Flags().Var(&ttl, "ttl", "how long the secret holds")
	require(cmd, "organisation")
	return cmd
}

func (a *app) applicationSecret() *cobra.Command {
	var c credentialFlags
	cmd := &cobra.Command{
		Use: "secret", Short: "Issue a further secret, to replace one without a gap",
		Example: "  custody application secret --application portal --system bodyshop\n  custody application revoke --secret 14",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			if _, err := w.system(c.system); err != nil {
				return err
			}
			return w.issueSecret(c.request())
		}),
	}
	c.flags(cmd, "application", identity.DefaultSecretTTL)
	return cmd
}

func (w *workspace) issueSecret(r identity.CredentialRequest) error {
	secret, credential, err := w.identity.IssueSecret(r)
	if err != nil {
		return err
	}
	return w.secret(w.credentialRow(credential), secret)
}

type applicationRow struct {
	ID           custody.ApplicationID `json:"id"`
	Name         string                `json:"name"`
	Organisation string                `json:"organisation"`
	Added        stamp                 `json:"added"`
	Removed      stamp                 `json:"removed,omitzero"`
}

func makeApplicationRow(app *identity.Application) applicationRow {
	return applicationRow{app.ID, app.Name, app.OrgName, stamp{app.Added}, stamp{app.Removed}}
}

func (a *app) applicationList() *cobra.Command {
	var secrets bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the applications, or their secrets' numbers",
		Example: "  custody application list\n  custody application list --secrets",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			if secrets {
				rows, err := w.credentialsOf("", false, identity.KindApplication)
				if err != nil {
					return err
				}
				return list(a, rows, "There are no secrets in force.", a.credentialColumns()...)
			}
			return w.listApplications()
		}),
	}
	cmd.Flags().BoolVar(&secrets, "secrets", false, "list the secrets in force, by number")
	return cmd
}

func (w *workspace) listApplications() error {
	all, err := w.identity.Applications()
	if err != nil {
		return err
	}
	rows := make([]applicationRow, len(all))
	for i := range all {
		rows[i] = makeApplicationRow(&all[i])
	}
	return list(w.app, rows, "There are no applications yet.",
		column[applicationRow]{"NAME", func(r applicationRow) string { return r.Name }, false},
		column[applicationRow]{"ORGANISATION", func(r applicationRow) string { return r.Organisation }, true},
		column[applicationRow]{"ADDED", func(r applicationRow) string { return w.minute(r.Added.Time) }, false},
		column[applicationRow]{"REMOVED", func(r applicationRow) string { return w.minute(r.Removed.Time) }, false})
}

func (a *app) applicationRevoke() *cobra.Command {
	var secret int64
	cmd := &cobra.Command{
		Use: "revoke [NAME]", Short: "End an application, or one of its secrets, now",
		Example: "  custody application revoke portal\n  custody application revoke --secret 14",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (secret != 0) {
				return usage(cmd, "give either NAME or --secret")
			}
			if secret != 0 {
				revoke := a.credentialRevoke("", identity.KindApplication)
				return revoke.RunE(cmd, []string{number(secret)})
			}
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			if err := w.identity.RemoveApplication(args[0]); err != nil {
				return err
			}
			return a.done(map[string]string{"revoked": args[0]}, "%s has ended, with its secrets and the sessions through it.", args[0])
		},
	}
	cmd.Flags().Int64Var(&secret, "secret", 0, "revoke only the secret with this `number`")
	return cmd
}
