package config

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"custody"
)

// maxCredential is the longest credential, in bytes.
const maxCredential = 4096

// DefaultCredential is where a system's credential is kept when custody.yaml does
// not say.
func DefaultCredential(system string) string { return "keys/" + system + ".upstream" }

// Variable is the name of the environment's variable that holds the credential;
// empty when a file does.
func (d *Database) Variable() string {
	if name, ok := strings.CutPrefix(d.Credential, "env:"); ok {
		return name
	}
	return ""
}

// HasDatabase says whether the system has the entrance that speaks PostgreSQL.
func (s *System) HasDatabase() bool { return s.Database.URL != "" }

// ConnString gives the connection string of the guarded database with its
// credential, for the gate alone: never log it. dir is the working directory.
func (d *Database) ConnString(dir string) (string, error) {
	u, err := url.Parse(d.URL)
	if err != nil {
		return "", custody.E(custody.CodeInvalid, "the database's url cannot be read", "write postgres://host:port/database")
	}
	user, password, err := d.credential(dir)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(user, password)
	q := u.Query()
	if mode := d.mode(u, q); mode != "" {
		q.Set("sslmode", mode)
	}
	for key, path := range map[string]string{"sslrootcert": d.RootCertificate, "sslcert": d.ClientCertificate, "sslkey": d.ClientKey} {
		if path != "" {
			q.Set(key, under(dir, path))
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// mode gives sslmode: as said, or the strictest that can be expected to work.
func (d *Database) mode(u *url.URL, q url.Values) string {
	switch {
	case d.SSLMode != "":
		return d.SSLMode
	case q.Has("sslmode"):
		return q.Get("sslmode")
	case d.RootCertificate != "":
		return "verify-full"
	case isLocal(u, q):
		return "prefer"
	}
	return "require"
}

// isLocal says whether the database is on this machine: a loopback address or a
// unix socket.
func isLocal(u *url.URL, q url.Values) bool {
	host := u.Hostname()
	if host == "" {
		host = q.Get("host")
	}
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || strings.HasPrefix(host, "/") || ip != nil && ip.IsLoopback()
}

// credential reads user:password from where Credential says.
func (d *Database) credential(dir string) (user, password string, err error) {
	text, err := d.secret(dir)
	if err != nil {
		return "", "", err
	}
	user, password, ok := strings.Cut(strings.TrimRight(text, "\r\n"), ":")
	if !ok || user == "" {
		return "", "", custody.E(custody.CodeInvalid, "the database's credential "+d.Credential+" is not user:password",
			"write one line, user:password, into it")
	}
	return user, password, nil
}

func (d *Database) secret(dir string) (string, error) { return secretAt(dir, d.Credential) }

// Secret reads the credential with which the gate signs in at the application; never
// log it.
func (s *PortalSignIn) Secret(dir string) (string, error) {
	text, err := secretAt(dir, s.Credential)
	return strings.TrimRight(text, "\r\n"), err
}

// PersonalSecret reads the credential that is kept for one person; ok says that there is
// one. Never log it.
func (s *PortalSignIn) PersonalSecret(dir, system, login string) (secret string, ok bool, err error) {
	name := PersonalPortalCredential(system, login)
	text, err := readSecret(under(dir, name), "of this person")
	if custody.CodeOf(err) == custody.CodeNotFound {
		return "", false, nil
	}
	return strings.TrimRight(text, "\r\n"), err == nil, err
}

// secretAt reads a credential from a file or from the environment.
func secretAt(dir, credential string) (string, error) {
	if name, ok := strings.CutPrefix(credential, "env:"); ok {
		if text, set := os.LookupEnv(name); set {
			return text, nil
		}
		return "", custody.E(custody.CodeNotFound, "the environment has no "+name+", which custody.yaml names as a credential",
			"set it to user:password, or name a file instead")
	}
	return readSecret(under(dir, credential), credential)
}

// readSecret reads a small file that only its owner may read.
func readSecret(path, name string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", custody.E(custody.CodeNotFound, "the credential "+name+" is not there",
			"write user:password into it with mode 0600, or run custody discover --write again")
	}
	if err != nil {
		return "", &custody.Error{Code: custody.CodeUnavailable, Message: "the credential " + name + " cannot be read",
			Hint: "check its owner and mode", Err: err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", custody.E(custody.CodeForbidden, "others may read the credential "+name, "chmod 600 "+name)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxCredential))
	return string(b), err
}

// under gives a path as seen from the working directory.
func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// DatabaseOf parts a connection string: what may stand in custody.yaml, without user
// and password and with the TLS parameters under their own keys.
func DatabaseOf(connection string) (Database, error) {
	u, err := url.Parse(connection)
	if err != nil {
		return Database{}, custody.E(custody.CodeInvalid, "this is not a connection string", "write postgres://USER@HOST:PORT/DATABASE")
	}
	u.User = nil
	q := u.Query()
	d := Database{SSLMode: q.Get("sslmode"), RootCertificate: q.Get("sslrootcert"), ClientCertificate: q.Get("sslcert"), ClientKey: q.Get("sslkey")}
	for _, key := range []string{"user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey"} {
		q.Del(key)
	}
	u.RawQuery = q.Encode()
	d.URL = u.String()
	return d, nil
}
