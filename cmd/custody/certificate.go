package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
)

func (a *app) certificateCommand() *cobra.Command {
	return group("certificate", "Personal client certificates, and the gate's own",
		"  custody certificate issue --person alice@northfield.example --system bodyshop --out alice",
		a.certificateIssue(),
		a.credentialList("  custody certificate list", "person", identity.KindCertificate),
		a.credentialRevoke("  custody certificate revoke 7", identity.KindCertificate),
		a.certificateServer())
}

func (a *app) certificateIssue() *cobra.Command {
	var c credentialFlags
	var out string
	cmd := &cobra.Command{
		Use: "issue", Short: "Issue a certificate and its key, for the person's device",
		Long: `Issue a personal client certificate for one system. The certificate and its key are
written to NAME.crt and NAME.key; the key is kept nowhere else. Move both to the
person's device.`,
		Example: `  custody certificate issue --person alice@northfield.example --system bodyshop --out alice
  psql "host=localhost port=6432 user=alice@northfield.example dbname=bodyshop sslcert=alice.crt sslkey=alice.key"`,
		Args: takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error { return w.issueCertificate(&c, out) }),
	}
	c.flags(cmd, "person", identity.DefaultCertTTL)
	cmd.Flags().StringVar(&out, "out", "", "write `NAME`.crt and NAME.key")
	require(cmd, "out")
	return cmd
}

func (w *workspace) issueCertificate(c *credentialFlags, out string) error {
	if _, err := w.system(c.system); err != nil {
		return err
	}
	crt, key := out+".crt", out+".key"
	for _, f := range []string{crt, key} {
		if _, err := os.Lstat(f); err == nil {
			return custody.E(custody.CodeConflict, "there is a file "+filepath.Base(f)+" already", "choose another name with --out")
		}
	}
	certPEM, keyPEM, credential, err := w.identity.IssueCertificate(c.request())
	if err != nil {
		return err
	}
	if err := errors.Join(identity.WriteSecret(key, keyPEM), writeNew(crt, certPEM, 0o644)); err != nil {
		return errors.Join(asUnavailable(err), w.identity.Revoke(credential.ID))
	}
	row := w.credentialRow(credential)
	return w.done(struct {
		credentialRow
		Certificate string `json:"certificate"`
		Key         string `json:"key"`
	}{row, crt, key}, "Certificate %d of %s on %s, until %s: %s and %s.", row.ID, row.Login, row.System, w.minute(row.Expires.Time), crt, key)
}

func (a *app) certificateServer() *cobra.Command {
	return &cobra.Command{
		Use: "server", Short: "Renew the gate's own certificate, for the names in custody.yaml",
		Long: `Make a new certificate and key for the gate, signed by the deployment's own authority,
for tls.names in custody.yaml. It replaces tls.certificate and tls.key; a running
gate uses it from its next start on.`,
		Example: "  custody certificate server",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			ca, err := w.authority()
			if err != nil {
				return err
			}
			names := w.config.TLS.Names
			cert, key, err := ca.ServerCertificate(names, a.now(), serverCertificateTTL)
			if err != nil {
				return err
			}
			if err := errors.Join(replaceFile(a.path(w.config.TLS.Key), key, 0o600), replaceFile(a.path(w.config.TLS.Certificate), cert, 0o644)); err != nil {
				return asUnavailable(err)
			}
			return a.done(map[string]any{"names": names}, "A new certificate for %s; start custody serve again.", strings.Join(names, ", "))
		}),
	}
}
