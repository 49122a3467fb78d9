package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"custody/identity"
)

func (a *app) identityCommand() *cobra.Command {
	var person, system, application string
	ttl := duration{identity.DefaultIdentityTTL}
	issue := &cobra.Command{
		Use: "issue", Short: "Sign that an application asks for a person",
		Long: `Sign that a person, now engaged, asks through an application, and print it. The
application passes it on in its own session before it reads customers' records:
  SET custody.on_behalf_of = '…'
Whoever runs this must have made sure that it is this person.`,
		Example: "  custody identity issue --person alice@northfield.example --system bodyshop --application portal",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			if _, err := w.system(system); err != nil {
				return err
			}
			signed, err := w.identity.IssueIdentity(person, system, application, ttl.Duration)
			if err != nil {
				return err
			}
			if a.json {
				return a.object(map[string]string{"person": person, "system": system, "application": application, "identity": signed})
			}
			_, err = fmt.Fprintln(a.out, signed)
			return err
		}),
	}
	issue.Flags().StringVar(&person, "person", "", "`login` of the person")
	issue.Flags().StringVar(&system, "system", "", "`system` it is for")
	issue.Flags().StringVar(&application, "application", "", "`name` of the application")
	issue.Flags().Var(&ttl, "ttl", "how long it holds")
	require(issue, "person", "system", "application")
	return group("identity", "Signed identities, by which an application acts for a person",
		"  custody identity issue --person alice@northfield.example --system bodyshop --application portal", issue)
}
