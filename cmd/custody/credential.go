package main

import (
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
)

// credentialFlags say for whom and where a credential is issued.
type credentialFlags struct {
	login, system, organisation string
	ttl                         duration
}

func (c *credentialFlags) flags(cmd *cobra.Command, whose string, ttl time.Duration) {
	c.ttl.Duration = ttl
	cmd.Flags().StringVar(&c.login, whose, "", "`whose` it is")
	cmd.Flags().StringVar(&c.system, "system", "", "the one `system` it is for")
	cmd.Flags().StringVar(&c.organisation, "organisation", "", "`employer`, if they have several")
	cmd.Flags().Var(&c.ttl, "ttl", "how long it holds")
	require(cmd, whose, "system")
}

func (c *credentialFlags) request() identity.CredentialRequest {
	return identity.CredentialRequest{Login: c.login, System: c.system, Organisation: c.organisation, TTL: c.ttl.Duration}
}

type credentialRow struct {
	ID           int64  `json:"id"`
	Kind         string `json:"kind"`
	Login        string `json:"login"`
	Organisation string `json:"organisation,omitempty"`
	System       string `json:"system"`
	Serial       string `json:"serial,omitempty"`
	Issued       stamp  `json:"issued"`
	Expires      stamp  `json:"expires"`
	Revoked      stamp  `json:"revoked,omitzero"`
	State        string `json:"state"`
}

func (a *app) credentialRow(c *identity.Credential) credentialRow {
	row := credentialRow{ID: c.ID, Kind: c.Kind, Login: c.Login, Organisation: c.OrgName, System: c.SystemName,
		Serial: c.Serial, Issued: stamp{c.Issued}, Expires: stamp{c.Expires}, Revoked: stamp{c.Revoked}, State: "in force"}
	switch {
	case !c.Revoked.IsZero():
		row.State = "revoked"
	case !a.now().Before(c.Expires):
		row.State = "expired"
	}
	return row
}

// credentialsOf lists the credentials of a login, or of everybody if it is empty;
// of certain kinds, or of all if none is named.
func (w *workspace) credentialsOf(login string, all bool, kinds ...string) ([]credentialRow, error) {
	found, err := w.identity.Credentials(login)
	if err != nil {
		return nil, err
	}
	rows := []credentialRow{}
	for i := range found {
		row := w.credentialRow(&found[i])
		if (len(kinds) == 0 || slices.Contains(kinds, row.Kind)) && (all || row.State == "in force") {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (a *app) credentialColumns() []column[credentialRow] {
	return []column[credentialRow]{
		{"ID", func(c credentialRow) string { return number(c.ID) }, false},
		{"KIND", func(c credentialRow) string { return c.Kind }, false},
		{"WHOSE", func(c credentialRow) string { return c.Login }, false},
		{"SYSTEM", func(c credentialRow) string { return c.System }, false},
		{"ISSUED", func(c credentialRow) string { return a.minute(c.Issued.Time) }, false},
		{"EXPIRES", func(c credentialRow) string { return a.minute(c.Expires.Time) }, false},
		{"STATE", func(c credentialRow) string { return c.State }, false},
	}
}

// credentialList makes a command that lists credentials of certain kinds.
func (a *app) credentialList(example, whose string, kinds ...string) *cobra.Command {
	var login string
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List those in force, secrets never",
		Example: example,
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			rows, err := w.credentialsOf(login, all, kinds...)
			if err != nil {
				return err
			}
			return list(a, rows, "There are none in force.", a.credentialColumns()...)
		}),
	}
	cmd.Flags().StringVar(&login, whose, "", "only `whose` login this is")
	cmd.Flags().BoolVar(&all, "all", false, "revoked and expired ones too")
	return cmd
}

// credentialRevoke makes a command that revokes a credential of certain kinds.
func (a *app) credentialRevoke(example string, kinds ...string) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke one, now: its sessions end",
		Example: example,
		Args:    takes("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return usage(cmd, "ID is a number, as list shows it")
			}
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			rows, err := w.credentialsOf("", true, kinds...)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(rows, func(r credentialRow) bool { return r.ID == id }) {
				return custody.E(custody.CodeNotFound, "there is none with this number", cmd.Parent().CommandPath()+" list shows them")
			}
			if err := w.identity.Revoke(id); err != nil {
				return err
			}
			return a.done(map[string]int64{"revoked": id}, "Number %d is revoked; its sessions end now.", id)
		},
	}
}
