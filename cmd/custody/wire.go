package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"custody"
	"custody/config"
	"custody/identity"
	"custody/ledger"
	"custody/site"
	"custody/store"
)

// The files of a working directory, besides custody.yaml.
const (
	storeFile    = "custody.db"
	ledgerDir    = "ledger"
	keysDir      = "keys"
	policyFile   = "custody.cedar"
	secretFile   = "keys/deployment.key" // 32 random bytes
	signerFile   = "keys/ledger.key"     // signs checkpoints (golang.org/x/mod/sumdb/note)
	verifierFile = "keys/ledger.pub"     // verifies them; give it to whoever checks extracts
	caCertFile   = "keys/ca.crt"
	caKeyFile    = "keys/ca.key"
)

// maxFile is the longest key or policy that is read, in bytes.
const maxFile = 1 << 20

// workspace is an open working directory.
type workspace struct {
	*app
	config   *config.Config
	store    *store.Store
	identity *identity.Service
	systems  map[string]custody.SystemID
}

// open opens the working directory; the caller closes it.
func (a *app) open() (*workspace, error) {
	c, err := config.Load(a.dir)
	if err != nil {
		return nil, err
	}
	a.zone = c.Zone()
	w := &workspace{app: a, config: c, systems: map[string]custody.SystemID{}}
	if _, err := os.Stat(w.path(storeFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, custody.E(custody.CodeNotFound, "there is no custody.db beside custody.yaml",
			"restore it from a backup, or run custody init in an empty folder")
	}
	if w.store, err = store.Open(w.path(storeFile)); err != nil {
		return nil, err
	}
	if err := w.openIdentity(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *workspace) close() { w.store.Close() }

// opened makes what a command does with the working directory open.
func (a *app) opened(run func(w *workspace, cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		w, err := a.open()
		if err != nil {
			return err
		}
		defer w.close()
		return run(w, cmd, args)
	}
}

// numbered is opened for a command whose one argument is a number that another command
// shows. It is read first: what is no number is said whatever the directory holds.
func (a *app) numbered(shows string, run func(w *workspace, cmd *cobra.Command, id int64) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		id, err := numberArg(cmd, args[0], shows)
		if err != nil {
			return err
		}
		return a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error { return run(w, cmd, id) })(cmd, args)
	}
}

func (a *app) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.dir, name)
}

// openIdentity gives numbers to the systems of custody.yaml and reads the rights.
func (w *workspace) openIdentity() error {
	if err := w.numberSystems(); err != nil {
		return err
	}
	secret, err := w.readSecret(secretFile)
	if err != nil {
		return err
	}
	ca, err := w.authority()
	if err != nil {
		return err
	}
	w.identity, err = identity.New(identity.Options{Storage: w.store, Key: secret, CA: ca, Now: w.now, SeveralEmployers: w.config.People.SeveralEmployers})
	return err
}

// numberSystems writes nothing unless a system is new, so that questions are answered
// while the disk is full.
func (w *workspace) numberSystems() error {
	rights, err := w.store.Rights(w.now())
	if err != nil {
		return err
	}
	for name := range w.config.Systems {
		id, known := rights.Systems[name]
		if !known {
			if id, err = w.store.EnsureSystem(name); err != nil {
				return err
			}
		}
		w.systems[name] = id
	}
	imports, err := w.store.Imports()
	for _, x := range imports {
		w.systems[x.SystemName] = x.System // a log's, which custody.yaml need not declare
	}
	return err
}

func (w *workspace) authority() (*identity.CA, error) {
	cert, err := w.readFile(w.config.TLS.ClientAuthority)
	if err != nil {
		return nil, err
	}
	key, err := w.readSecret(caKeyFile)
	if custody.CodeOf(err) == custody.CodeNotFound {
		return identity.LoadCA(cert, nil) // kept elsewhere: certificates are checked, none are issued
	}
	if err != nil {
		return nil, err
	}
	return identity.LoadCA(cert, key)
}

// readFile reads a small file of the working directory.
func (a *app) readFile(name string) ([]byte, error) {
	info, err := os.Stat(a.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, custody.E(custody.CodeNotFound, name+" is missing", "restore it from a backup; without it the deployment is not the same one")
	}
	if err == nil && info.Size() > maxFile {
		return nil, custody.E(custody.CodeTooLarge, name+" is too long", "is this the right file?")
	}
	b, err := os.ReadFile(a.path(name))
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: name + " cannot be read", Hint: "check its owner and mode", Err: err}
	}
	return b, nil
}

// readSecret reads a key of the working directory, which nobody else may be able to.
func (a *app) readSecret(name string) ([]byte, error) {
	if info, err := os.Stat(a.path(name)); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, custody.E(custody.CodeForbidden, "others can read "+name, "chmod 600 "+a.path(name)+", and think about who may have read it")
	}
	return a.readFile(name)
}

// system finds a declared system's number.
func (w *workspace) system(name string) (custody.SystemID, error) {
	if id, ok := w.systems[name]; ok {
		return id, nil
	}
	hint := "custody discover postgres://USER@HOST/DATABASE declares what a database holds"
	names := make([]string, 0, len(w.systems))
	for n := range w.systems {
		names = append(names, n)
	}
	slices.Sort(names)
	if near, ok := config.Nearest(name, names); ok {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if len(names) > 0 {
		hint = "there is " + strings.Join(names, ", ")
	}
	return 0, custody.E(custody.CodeNotFound, fmt.Sprintf("custody.yaml declares no system %q", name), hint)
}

func (a *app) signer() (note.Signer, error) {
	text, err := a.readSecret(signerFile)
	if err != nil {
		return nil, err
	}
	s, err := note.NewSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, custody.E(custody.CodeInvalid, signerFile+" is not a signing key", "restore it from a backup")
	}
	return s, nil
}

// verifier reads the key that verifies checkpoints: a file, or the key itself.
func (a *app) verifier(fileOrKey string) (note.Verifier, error) {
	text := []byte(fileOrKey)
	if !strings.Contains(fileOrKey, "+") {
		var err error
		if text, err = a.readFile(fileOrKey); err != nil {
			return nil, err
		}
	}
	v, err := note.NewVerifier(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, custody.E(custody.CodeInvalid, "this is not a verifier key", "it is in "+verifierFile+" of the working directory: one line, NAME+HASH+KEY")
	}
	return v, nil
}

// reader opens the ledger for questions; a gate may be running.
func (w *workspace) reader() (*ledger.Reader, error) { return ledger.OpenReader(w.path(ledgerDir)) }

// siteOptions says how the gate is put together.
func (w *workspace) siteOptions() (site.Options, error) {
	c := w.config
	o := site.Options{
		Store: w.store, LedgerDir: w.path(ledgerDir), Origin: c.Ledger.Origin, Zone: c.Zone(),
		Poll: c.Revocation.Poll.Std(), DoctorEvery: c.Doctor.Every.Std(), CheckpointEvery: c.Ledger.CheckpointEvery.Std(),
		SegmentSize: int64(c.Ledger.SegmentSize), MaxConnections: c.Limits.Connections,
		MaxMessage: int(c.Limits.MessageSize), ClearPassword: c.ClearPassword,
	}
	var err error
	if o.Signer, err = w.signer(); err != nil {
		return o, err
	}
	if o.Key, err = w.readSecret(secretFile); err != nil {
		return o, err
	}
	if o.CA, err = w.authority(); err != nil {
		return o, err
	}
	if o.TLS, err = w.serverTLS(); err != nil {
		return o, err
	}
	if o.Policies, err = w.handWritten(); err != nil {
		return o, err
	}
	o.Complaints = w.complaintsDesk()
	if o.SignIn, err = w.signIn(); err != nil {
		return o, err
	}
	o.People = site.People{Dormant: c.People.DormantAfter.Std(), SeveralEmployers: c.People.SeveralEmployers}
	o.Scim = w.scim()
	if o.Notices, err = w.notices(); err != nil {
		return o, err
	}
	if o.Detection, err = w.detection(); err != nil {
		return o, err
	}
	o.Systems, err = w.siteSystems()
	return o, err
}

func (w *workspace) serverTLS() (*tls.Config, error) {
	cert, err := w.readFile(w.config.TLS.Certificate)
	if err != nil {
		return nil, err
	}
	key, err := w.readSecret(w.config.TLS.Key)
	if err != nil {
		return nil, err
	}
	authority, err := w.readFile(w.config.TLS.ClientAuthority)
	if err != nil {
		return nil, err
	}
	return site.ServerTLS(cert, key, authority)
}

// handWritten reads the Cedar policies of the working directory, if there are any.
func (a *app) handWritten() ([]byte, error) {
	text, err := a.readFile(policyFile)
	if custody.CodeOf(err) == custody.CodeNotFound {
		return nil, nil
	}
	return text, err
}

func (w *workspace) siteSystems() ([]site.System, error) {
	var list []site.System
	for _, declared := range w.config.Declare() {
		declared.ID = w.systems[declared.Name]
		s := w.config.Systems[declared.Name]
		var upstream *pgx.ConnConfig
		if s.HasDatabase() {
			var err error
			if upstream, err = w.upstream(&s.Database); err != nil {
				return nil, err
			}
		}
		portal, err := w.portalOf(declared.Name)
		if err != nil {
			return nil, err
		}
		list = append(list, site.System{System: *declared, Upstream: upstream, Portal: portal, AllowSuperuser: s.Database.AllowSuperuser,
			BreakGlass:  site.BreakGlass{Roles: s.BreakGlass.Roles, See: s.BreakGlass.Categories(), Subjects: uint32(s.BreakGlass.Subjects), For: s.BreakGlass.For.Std()},
			SchemaEvery: s.SchemaRefresh.Std(), SubjectEvery: s.SubjectRefresh.Std()})
	}
	return list, nil
}

// upstream gives the connection to a guarded database, with its credential.
func (a *app) upstream(d *config.Database) (*pgx.ConnConfig, error) {
	text, err := d.ConnString(a.dir)
	if err != nil {
		return nil, err
	}
	c, err := pgx.ParseConfig(text)
	if err != nil { // pgx's message may quote the string, which holds the password
		return nil, custody.E(custody.CodeInvalid, "the way to the database cannot be read", "check database in custody.yaml: url, sslmode and the certificates' files")
	}
	return c, nil
}
