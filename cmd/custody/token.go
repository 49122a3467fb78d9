package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"custody/identity"
)

func (a *app) tokenCommand() *cobra.Command {
	return group("token", "Personal tokens: the password of one person on one system, for a while",
		"  custody token issue --person alice@northfield.example --system bodyshop --ttl 8h",
		a.tokenIssue(),
		a.credentialList("  custody token list\n  custody token list --person alice@northfield.example --all", "person", identity.KindToken),
		a.credentialRevoke("  custody token revoke 12", identity.KindToken))
}

func (a *app) tokenIssue() *cobra.Command {
	var c credentialFlags
	cmd := &cobra.Command{
		Use: "issue", Short: "Issue a token; it is shown once",
		Long: `Issue a token and print it, alone, on standard output. It is shown this once: only a
verifier is kept. It works for one person on one system until it expires, is
revoked, or the person leaves.`,
		Example: `  custody token issue --person alice@northfield.example --system bodyshop --ttl 8h
  PGPASSWORD=$(custody token issue --person alice@northfield.example --system bodyshop) \
    psql "host=localhost port=6432 user=alice@northfield.example dbname=bodyshop"`,
		Args: takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error { return w.issueToken(&c) }),
	}
	c.flags(cmd, "person", identity.DefaultTokenTTL)
	return cmd
}

func (w *workspace) issueToken(c *credentialFlags) error {
	if _, err := w.system(c.system); err != nil {
		return err
	}
	if _, err := w.person(c.login); err != nil {
		return err
	}
	token, credential, err := w.identity.IssueToken(c.request())
	if err != nil {
		return err
	}
	return w.secret(w.credentialRow(credential), token)
}

// secret prints a new credential: the secret alone on standard output, so that a
// script can take it, and what it is on standard error.
func (a *app) secret(row credentialRow, secret string) error {
	if a.json {
		return a.object(struct {
			credentialRow
			Secret string `json:"secret"`
		}{row, secret})
	}
	fmt.Fprintf(a.errw, "%s %d of %s on %s, until %s. It is shown this once:\n",
		row.Kind, row.ID, row.Login, row.System, a.minute(row.Expires.Time))
	_, err := fmt.Fprintln(a.out, secret)
	return err
}
