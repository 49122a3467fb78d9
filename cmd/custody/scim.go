package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"custody/config"
	"custody/site"
	"custody/store"
)

// scim says which directories keep their people here.
func (w *workspace) scim() site.Scim {
	c := &w.config.Scim
	out := site.Scim{Public: c.Public, TLS: c.TLS == config.On}
	for _, name := range slices.Sorted(maps.Keys(c.Clients)) {
		x := c.Clients[name]
		out.Clients = append(out.Clients, site.ScimClient{Tokens: x.Hashes(), Branch: x.Branch, ScimClient: store.ScimClient{
			Name: name, Organisation: x.Organisation, Domains: x.Domains, Roles: x.Roles, Groups: x.Groups}})
	}
	return out
}

func (a *app) scimCommand() *cobra.Command {
	return group("scim", "Employers' directories that keep their people here (SCIM 2.0)",
		"  custody scim token\n  custody scim list", a.scimToken(), a.scimList())
}

func (a *app) scimToken() *cobra.Command {
	return &cobra.Command{
		Use: "token", Short: "Make a bearer token for a directory",
		Long: `Make a bearer token for a directory. The token is shown once and goes into the
directory's settings; its hash goes into custody.yaml, under scim.clients.NAME.tokens.
Nothing is kept by this command.`,
		Example: "  custody scim token",
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			token := "csc_" + rand.Text() + rand.Text()
			sum := sha256.Sum256([]byte(token))
			hash := "sha256:" + hex.EncodeToString(sum[:])
			return a.done(map[string]string{"token": token, "hash": hash}, "Token, for the directory:     %s\nHash, for custody.yaml:       %s", token, hash)
		},
	}
}

type scimRow struct {
	Client       string `json:"client"`
	Organisation string `json:"organisation"`
	Tokens       int    `json:"tokens"`
	Users        int    `json:"users"`
	Groups       int    `json:"groups"`
	Changed      stamp  `json:"changed,omitzero"`
}

func (a *app) scimList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the directories and how many people they keep",
		Example: "  custody scim list --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			var rows []scimRow
			for _, c := range w.scim().Clients {
				row := scimRow{Client: c.Name, Organisation: c.Organisation, Tokens: len(c.Tokens)}
				for kind, count := range map[string]*int{"User": &row.Users, "Group": &row.Groups} {
					list, err := w.store.ListScim(c.Name, kind)
					if err != nil {
						return err
					}
					*count = len(list)
					for i := range list {
						if list[i].Modified.After(row.Changed.Time) {
							row.Changed = stamp{list[i].Modified}
						}
					}
				}
				rows = append(rows, row)
			}
			return list(a, rows, "No directory keeps people here: scim in custody.yaml declares them.",
				column[scimRow]{"CLIENT", func(r scimRow) string { return r.Client }, false},
				column[scimRow]{"ORGANISATION", func(r scimRow) string { return r.Organisation }, true},
				column[scimRow]{"TOKENS", func(r scimRow) string { return number(uint32(r.Tokens)) }, false},
				column[scimRow]{"USERS", func(r scimRow) string { return number(uint32(r.Users)) }, false},
				column[scimRow]{"GROUPS", func(r scimRow) string { return number(uint32(r.Groups)) }, false},
				column[scimRow]{"CHANGED", func(r scimRow) string { return a.minute(r.Changed.Time) }, false})
		}),
	}
}
