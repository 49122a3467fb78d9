package custodytest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const superuser = "postgres"

// layoutVersion changes when what a template holds changes.
const layoutVersion = "2"

// tools is the folder of PostgreSQL's server programs.
type tools string

func (t tools) path(name string) string { return filepath.Join(string(t), name) }

// Programs is the variable of the environment that names the folder of another
// PostgreSQL's server programs.
const Programs = "CUSTODY_POSTGRES_PROGRAMS"

// findTools looks where Programs and pg_config say, then for the newest version that
// Debian's packages installed, then in the PATH.
func findTools() (tools, error) {
	if dir := os.Getenv(Programs); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			return "", fmt.Errorf("%s names no folder of PostgreSQL's server programs: %w", Programs, err)
		}
		return tools(dir), nil
	}
	var dirs []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	versions, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(versions, func(a, b string) int { return major(b) - major(a) })
	dirs = append(dirs, versions...)
	if p, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(p))
	}
	for _, d := range dirs {
		if _, err := os.Stat(filepath.Join(d, "initdb")); err == nil {
			return tools(d), nil
		}
	}
	return "", errors.New("no PostgreSQL server programs found: run scripts/setup.sh")
}

func major(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

// account is who runs the server: PostgreSQL refuses to run as root.
type account struct {
	name     string
	uid, gid uint32
	switched bool // it is not who we are
}

func serverAccount() account {
	if os.Getuid() != 0 {
		return account{uid: uint32(os.Getuid()), gid: uint32(os.Getgid())}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32)
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			return account{name: name, uid: uint32(uid), gid: uint32(gid), switched: true}
		}
	}
	return account{uid: 65534, gid: 65534, switched: true}
}

func (a account) credential() *syscall.Credential {
	if !a.switched {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// own gives a folder and all in it to the account.
func (a account) own(root string) error {
	if !a.switched {
		return nil
	}
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(a.uid), int(a.gid))
	})
}

// findTemplate gives a folder with an initialised data directory, its superuser's
// password and certificates, made once per version of PostgreSQL and kept in the
// user's cache: initdb takes seconds, a copy a tenth of one.
func findTemplate(t tools, a account) (string, error) {
	version, err := exec.Command(t.path("postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", t.path("postgres"), err)
	}
	sum := sha256.Sum256(fmt.Append(nil, layoutVersion, string(t), string(version), a.uid))
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "pg-template-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, makeTemplate(t, a, cache, dir)
}

func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	dir = filepath.Join(dir, "custody")
	return dir, os.MkdirAll(dir, 0o700)
}

// makeTemplate builds aside and renames, so that several test binaries may start at
// the same time; who comes second uses the first one's.
func makeTemplate(t tools, a account, cache, dir string) error {
	build, err := os.MkdirTemp("/tmp", "custody-pg-template-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(build)
	password := rand.Text()
	if err := os.WriteFile(filepath.Join(build, "password"), []byte(password), 0o600); err != nil {
		return err
	}
	if err := writeCertificates(filepath.Join(build, "tls")); err != nil {
		return err
	}
	if err := a.own(build); err != nil {
		return err
	}
	if err := initdb(t, a, build); err != nil {
		return err
	}
	aside, err := os.MkdirTemp(cache, "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	if err := copyTree(build, filepath.Join(aside, "t")); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(aside, "t"), dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func initdb(t tools, a account, root string) error {
	cmd := exec.Command(t.path("initdb"), "-D", filepath.Join(root, "data"), "-U", superuser,
		"--pwfile", filepath.Join(root, "password"), "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	cmd.Dir = root
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// copyTree copies what is in one folder into another, which may exist.
func copyTree(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	out, err := exec.Command("cp", "-a", from+"/.", to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("copy the template of PostgreSQL: %w\n%s", err, out)
	}
	return nil
}
