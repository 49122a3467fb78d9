package main

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"custody"
	"custody/config"
	"custody/identity"
	"custody/ledger"
	"custody/store"
)

// serverCertificateTTL is how long the gate's own certificate holds.
const serverCertificateTTL = 398 * 24 * time.Hour

func (a *app) initCommand() *cobra.Command {
	var listen, origin string
	var names []string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a working directory: custody.yaml, keys, certificates, ledger",
		Long: `Make a working directory with an annotated custody.yaml, the keys and certificates
of this deployment (keys/, readable by its owner only), an empty ledger (ledger/)
and an empty store of people and rights (custody.db). Nothing that exists is
touched. Keep a copy of keys/ in a safe place.`,
		Example: "  custody init\n  custody init --dir /srv/custody --listen 0.0.0.0:6432 --name gate.northfield.example",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.initialise(listen, origin, names)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", config.Default().Listen, "`address` of the gate")
	cmd.Flags().StringVar(&origin, "origin", "", "`name` of the ledger, unique in the world (default custody/HOSTNAME)")
	cmd.Flags().StringSliceVar(&names, "name", nil, "host `name` or address of the gate, for its certificate; repeatable")
	return cmd
}

func (a *app) initialise(listen, origin string, names []string) error {
	if origin == "" {
		origin = defaultOrigin()
	}
	text := config.New(listen, origin, hostNames(listen, names))
	c, err := config.Parse(config.FileName, []byte(text))
	if err != nil {
		return err
	}
	if err := a.mustBeNew(); err != nil {
		return err
	}
	for _, step := range []func(*config.Config) error{a.makeKeys, a.makeCertificates, a.makeLedger, a.makeStore} {
		if err := step(c); err != nil {
			return asUnavailable(err)
		}
	}
	if err := writeNew(a.path(config.FileName), []byte(text), 0o600); err != nil { // last: it makes the folder a working directory
		return asUnavailable(err)
	}
	verifier, err := a.readFile(verifierFile)
	if err != nil {
		return err
	}
	key := strings.TrimSpace(string(verifier))
	dir, err := filepath.Abs(a.dir)
	if err != nil {
		return err
	}
	return a.done(map[string]string{"dir": dir, "listen": listen, "origin": origin, "verifier": key}, `A new working directory in %s.
  custody.yaml   the configuration, every key explained
  keys/          keys and certificates: keep a copy in a safe place
  ledger/        who saw which customer, from now on
  custody.db     people, rights and sessions

Next:
  custody discover postgres://USER@HOST/DATABASE           declare what it holds
  custody setup postgres SYSTEM --admin postgres://…       make the gate's own role there
  custody person add EMAIL --name "NAME" --organisation ORGANISATION --role ROLE
  custody grant add --role ROLE --system SYSTEM --see name,phone --subjects-per-day 200
  custody serve                                            the gate, and the console at http://localhost:6480
  custody token issue --person EMAIL --system SYSTEM --ttl 8h      the person's password for psql and the like`, dir)
}

// mustBeNew refuses a folder that holds anything of a working directory.
func (a *app) mustBeNew() error {
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return asUnavailable(err)
	}
	for _, name := range []string{config.FileName, storeFile, ledgerDir, keysDir} {
		if _, err := os.Lstat(a.path(name)); !errors.Is(err, fs.ErrNotExist) {
			return custody.E(custody.CodeConflict, "there is a "+name+" in this folder already",
				"custody init never replaces anything: name an empty folder with --dir")
		}
	}
	return nil
}

func defaultOrigin() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "custody"
	}
	return "custody/" + strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", r) {
			return r
		}
		return '-'
	}, host)
}

// hostNames are those that the gate's certificate is for.
func hostNames(listen string, names []string) []string {
	all := append([]string{}, names...)
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() && !ip.IsLoopback() {
			all = append(all, host)
		}
	}
	if host, err := os.Hostname(); err == nil && len(names) == 0 {
		all = append(all, host)
	}
	seen := map[string]bool{}
	var unique []string
	for _, n := range append(all, "localhost", "127.0.0.1") {
		if n != "" && !seen[n] {
			seen[n] = true
			unique = append(unique, n)
		}
	}
	return unique
}

func (a *app) makeKeys(c *config.Config) error {
	if err := os.Mkdir(a.path(keysDir), 0o700); err != nil {
		return err
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	if err := identity.WriteSecret(a.path(secretFile), secret); err != nil {
		return err
	}
	private, public, err := note.GenerateKey(rand.Reader, c.Ledger.Origin)
	if err != nil {
		return err
	}
	if err := identity.WriteSecret(a.path(signerFile), []byte(private+"\n")); err != nil {
		return err
	}
	return writeNew(a.path(verifierFile), []byte(public+"\n"), 0o644)
}

func (a *app) makeCertificates(c *config.Config) error {
	cert, key, err := identity.CreateCA("Custody "+c.Ledger.Origin, a.now())
	if err != nil {
		return err
	}
	if err := identity.WriteSecret(a.path(caKeyFile), key); err != nil {
		return err
	}
	if err := writeNew(a.path(caCertFile), cert, 0o644); err != nil {
		return err
	}
	ca, err := identity.LoadCA(cert, key)
	if err != nil {
		return err
	}
	serverCert, serverKey, err := ca.ServerCertificate(c.TLS.Names, a.now(), serverCertificateTTL)
	if err != nil {
		return err
	}
	if err := identity.WriteSecret(a.path(c.TLS.Key), serverKey); err != nil {
		return err
	}
	return writeNew(a.path(c.TLS.Certificate), serverCert, 0o644)
}

func (a *app) makeLedger(c *config.Config) error {
	signer, err := a.signer()
	if err != nil {
		return err
	}
	return ledger.Create(a.path(ledgerDir), ledger.Options{
		Origin: c.Ledger.Origin, Signer: signer, SegmentSize: int64(c.Ledger.SegmentSize), Now: a.now,
	})
}

func (a *app) makeStore(*config.Config) error {
	s, err := store.Open(a.path(storeFile))
	if err != nil {
		return err
	}
	return s.Close()
}

// writeNew writes a file that must not exist.
func writeNew(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// replaceFile writes a file aside and renames it, so that a crash leaves the old one
// or the new one.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// asUnavailable gives errors of the file system a code and a hint.
func asUnavailable(err error) error {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err
	}
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the working directory cannot be written",
		Hint: "check its owner, its mode and the free space", Err: err}
}
