package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/backup"
	"custody/config"
	"custody/internal/durable"
	"custody/ledger"
	"custody/store"
)

// sealedKeys is the entry that holds the keys, as an archive of its own.
const sealedKeys = "keys.sealed"

func (a *app) backupCommand() *cobra.Command {
	var passphrase string
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Write state, ledger and configuration into one file, while the gate runs",
		Long: `Write state, ledger and configuration of one moment into one file of mode 0600, while
the gate runs. Every event in it finds its people and customers, and no state in it
speaks of an event that is not there. FILE may be a folder: the file in it is named
after the moment.

The keys are left out, unless a file with a passphrase is named: then they are sealed
with it (argon2id, AES-256). Without them a backup cannot be used: keep keys/ elsewhere.
A backup holds who your people and customers are: guard it as you guard the databases.`,
		Example: "  custody backup /backups\n  custody backup /backups/custody.tar --passphrase-file /root/custody.passphrase",
		Args:    takes("file"),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
			return w.backup(cmd.Context(), args[0], passphrase)
		}),
	}
	cmd.Flags().StringVar(&passphrase, "passphrase-file", "", "`file` of mode 0600 with the passphrase for the keys")
	return cmd
}

type backupRow struct {
	File   string `json:"file"`
	Made   stamp  `json:"made"`
	Events uint64 `json:"events"`
	Frames uint64 `json:"frames"`
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
	Keys   string `json:"keys"`
}

func (w *workspace) backup(ctx context.Context, file, passphrase string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, "custody-"+w.now().UTC().Format("20060102T150405Z")+".tar")
	}
	m, err := w.writeBackup(ctx, file, passphrase)
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	row := backupRow{File: file, Made: stamp{m.Made}, Events: m.Events, Frames: m.Frames, Files: len(m.Files), Bytes: info.Size(), Keys: m.Keys}
	if err := w.done(row, "%s holds state and ledger up to event %d, and was read again whole.", file, m.Events); err != nil {
		return err
	}
	if m.Keys == "absent" {
		w.say("The keys are not in it: keep keys/ elsewhere, for without them it cannot be used; --passphrase-file seals them in.")
	}
	return nil
}

// writeBackup writes under another name, reads it again, and only then gives it its
// own: a file of that name is always whole.
func (w *workspace) writeBackup(ctx context.Context, file, passphrase string) (*backup.Manifest, error) {
	if _, err := os.Lstat(file); err == nil {
		return nil, custody.E(custody.CodeConflict, "there is a file of this name already", "name another; backups are not overwritten")
	}
	part := file + ".part"
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the backup cannot be written there", Hint: "check the folder and its owner", Err: err}
	}
	defer os.Remove(part)
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	if err := w.fillBackup(ctx, out, passphrase); err != nil {
		return nil, err
	}
	if err := errors.Join(out.Flush(), f.Sync()); err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the backup cannot be written", Hint: "check free space", Err: err}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	m, err := backup.Read(bufio.NewReaderSize(f, 1<<20), "")
	if err != nil {
		return nil, err
	}
	if err := os.Rename(part, file); err != nil {
		return nil, err
	}
	return m, durable.OS{}.SyncDir(filepath.Dir(file))
}

// fillBackup chooses the moment. The order matters: checkpoints first, because they may
// sign for no more frames than are in the backup; then, while nobody can write state,
// the end of the ledger and the state of that moment. An event before it uses only
// people and customers that were kept before it, and what state says is in the ledger
// was there before state said so.
func (w *workspace) fillBackup(ctx context.Context, out io.Writer, passphrase string) error {
	sealed, err := w.sealKeys(passphrase)
	if err != nil {
		return err
	}
	checkpoints := map[string][]byte{}
	for _, name := range ledger.CheckpointFiles() {
		text, err := os.ReadFile(w.path(filepath.Join(ledgerDir, name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil {
			checkpoints[name] = text
		}
	}
	temp, err := os.MkdirTemp(w.dir, ".backup-")
	if err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: "there is no room for a copy of the state", Hint: "check free space in the working directory", Err: err}
	}
	defer os.RemoveAll(temp)
	copied := filepath.Join(temp, storeFile)
	var extent *ledger.Extent
	if err := w.store.Snapshot(ctx, copied, func() (err error) {
		extent, err = ledger.Measure(w.path(ledgerDir))
		return err
	}); err != nil {
		return err
	}
	archive := backup.NewWriter(out, backup.Manifest{Version: version, Made: w.now().UTC(), Frames: extent.Frames, Events: extent.Events, Keys: "absent"})
	if sealed != nil {
		archive.Keys = "sealed"
	}
	return w.addAll(archive, extent, checkpoints, copied, sealed)
}

func (w *workspace) addAll(archive *backup.Writer, extent *ledger.Extent, checkpoints map[string][]byte, state string, sealed []byte) error {
	for _, name := range []string{config.FileName, policyFile} {
		text, err := w.readFile(name)
		if custody.CodeOf(err) == custody.CodeNotFound {
			continue
		}
		if err != nil {
			return err
		}
		if err := archive.AddBytes(name, text); err != nil {
			return err
		}
	}
	if sealed != nil {
		if err := archive.AddBytes(sealedKeys, sealed); err != nil {
			return err
		}
	}
	if err := archive.AddFile(storeFile, state, -1, 0); err != nil {
		return err
	}
	for _, name := range ledger.CheckpointFiles() {
		if text, ok := checkpoints[name]; ok {
			if err := archive.AddBytes(ledgerDir+"/"+name, text); err != nil {
				return err
			}
		}
	}
	for _, f := range extent.Files {
		if err := archive.AddFile(ledgerDir+"/"+f.Name, w.path(filepath.Join(ledgerDir, f.Name)), f.Size, f.Room); err != nil {
			return err
		}
	}
	return archive.Close()
}

// passphraseOf reads a passphrase from a file that nobody else can read.
func (a *app) passphraseOf(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeNotFound, Message: "the passphrase cannot be read", Hint: "check the file's name", Err: err}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, custody.E(custody.CodeForbidden, "others can read the passphrase", "chmod 600 on its file, and take another one")
	}
	text, err := os.ReadFile(file)
	return bytes.TrimSpace(text), err
}

// sealKeys packs the files of keys/ and seals them; nil without a passphrase.
func (w *workspace) sealKeys(passphrase string) ([]byte, error) {
	secret, err := w.passphraseOf(passphrase)
	if err != nil || secret == nil {
		return nil, err
	}
	var text bytes.Buffer
	archive := backup.NewWriter(&text, backup.Manifest{Version: version, Made: w.now().UTC(), Keys: "keys"})
	entries, err := os.ReadDir(w.path(keysDir))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasSuffix(e.Name(), ".tmp") {
			if err := archive.AddFile(keysDir+"/"+e.Name(), w.path(filepath.Join(keysDir, e.Name())), -1, 0); err != nil {
				return nil, err
			}
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return backup.Seal(secret, text.Bytes())
}

func (a *app) restoreCommand() *cobra.Command {
	var passphrase, keys string
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Make a working directory from a backup, and check all of it",
		Long: `Make a working directory from a backup in the folder of --dir, which must be empty or
not there yet, and check all of it: each file's sum, the state, the whole ledger and its
signatures. After a mistake nothing is left behind.

The keys come out of the backup with the passphrase, or from the folder of --keys. What
was recorded after the backup is not in it: the command says where it ends.`,
		Example: "  custody restore /backups/custody.tar --dir /srv/custody --passphrase-file /root/custody.passphrase\n  custody restore /backups/custody.tar --dir /srv/custody --keys /root/custody-keys",
		Args:    takes("file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (passphrase == "") == (keys == "") {
				return usage(cmd, "say where the keys are: --passphrase-file or --keys")
			}
			return a.restore(args[0], passphrase, keys)
		},
	}
	cmd.Flags().StringVar(&passphrase, "passphrase-file", "", "`file` of mode 0600 with the passphrase of the keys")
	cmd.Flags().StringVar(&keys, "keys", "", "`folder` with the keys, as keys/ had them")
	return cmd
}

func (a *app) restore(file, passphrase, keys string) (err error) {
	if entries, err := os.ReadDir(a.dir); err == nil && len(entries) > 0 {
		return custody.E(custody.CodeConflict, "the folder to restore into is not empty", "name an empty one with --dir; nothing that exists is replaced")
	}
	f, err := os.Open(file)
	if err != nil {
		return &custody.Error{Code: custody.CodeNotFound, Message: "the backup cannot be read", Hint: "check the file's name", Err: err}
	}
	defer f.Close()
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: "the folder cannot be made", Hint: "check --dir", Err: err}
	}
	defer func() {
		if err != nil {
			a.clear()
		}
	}()
	m, err := backup.Read(bufio.NewReaderSize(f, 1<<20), a.dir)
	if err != nil {
		return err
	}
	if err := a.restoreKeys(passphrase, keys); err != nil {
		return err
	}
	r, err := a.checkRestored(m)
	if err != nil {
		return err
	}
	row := backupRow{File: file, Made: stamp{m.Made}, Events: r.Events, Frames: r.Frames, Files: len(m.Files), Keys: m.Keys}
	return a.done(row, "Restored into %s and checked: state and ledger of %s, up to event %d.\nWhat was recorded later is not in this backup. Erasures after it must be made again.", a.dir, a.local(m.Made), r.Events)
}

// clear takes away what a restoring that failed has written; the folder was empty.
func (a *app) clear() {
	entries, _ := os.ReadDir(a.dir)
	for _, e := range entries {
		os.RemoveAll(a.path(e.Name()))
	}
}

func (a *app) restoreKeys(passphrase, keys string) error {
	sealed := a.path(sealedKeys)
	if keys != "" {
		os.Remove(sealed)
		return copyKeys(keys, a.path(keysDir))
	}
	text, err := os.ReadFile(sealed)
	if err != nil {
		return custody.E(custody.CodeNotFound, "the keys are not in this backup", "name the folder with the keys: --keys")
	}
	secret, err := a.passphraseOf(passphrase)
	if err != nil {
		return err
	}
	plain, err := backup.Unseal(secret, text)
	if err != nil {
		return err
	}
	if _, err := backup.Read(bytes.NewReader(plain), a.dir); err != nil {
		return err
	}
	return errors.Join(os.Remove(sealed), os.Chmod(a.path(keysDir), 0o700))
}

func copyKeys(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return &custody.Error{Code: custody.CodeNotFound, Message: "the folder with the keys cannot be read", Hint: "check --keys", Err: err}
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkRestored opens the state, which brings its schema up to date, and verifies the
// whole ledger: with its signatures, and that it ends where the backup said.
func (a *app) checkRestored(m *backup.Manifest) (*ledger.Report, error) {
	s, err := store.Open(a.path(storeFile))
	if err != nil {
		return nil, err
	}
	err = s.Check()
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	v, err := a.verifier(verifierFile)
	if err != nil {
		return nil, err
	}
	r, err := ledger.Verify(a.path(ledgerDir), v)
	if err != nil {
		return nil, err
	}
	if r.Events != m.Events || r.Frames != m.Frames {
		return nil, custody.E(custody.CodeInvalid, "the ledger does not end where the backup says", "take an earlier backup")
	}
	return r, nil
}
