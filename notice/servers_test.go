package notice_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"custody/identity"
)

// nobody runs the servers where the tests run as root.
const nobody = 65534

// server is a program of others that runs in a folder of its own, without privileges.
type server struct {
	t      *testing.T
	dir    string
	secure *tls.Config // trusts its certificate
	args   []string
	env    []string
	cmd    *exec.Cmd
	ports  []int
}

// newServer lays out a folder with a certificate for 127.0.0.1 and free ports.
func newServer(t *testing.T, ports int) *server {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "custody-server-")
	must(t, err)
	s := &server{t: t, dir: dir, ports: freePorts(t, ports)}
	t.Cleanup(func() { s.stop(); os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	certPEM, keyPEM, err := identity.CreateCA("servers", time.Now())
	must(t, err)
	ca, err := identity.LoadCA(certPEM, keyPEM)
	must(t, err)
	cert, key, err := ca.ServerCertificate([]string{"127.0.0.1"}, time.Now(), time.Hour)
	must(t, err)
	s.secure = &tls.Config{RootCAs: poolOf(t, certPEM), MinVersion: tls.VersionTLS12}
	s.write("ca.pem", string(certPEM))
	s.write("cert.pem", string(cert))
	s.write("key.pem", string(key))
	s.write("passwd", fmt.Sprintf("root:x:0:0:root:/:/bin/sh\nDebian-exim:x:%d:%d::/:/bin/false\n", s.uid(), s.uid()))
	s.write("group", fmt.Sprintf("root:x:0:\nDebian-exim:x:%d:\nmail:x:%d:\n", s.uid(), s.uid()))
	return s
}

func (s *server) uid() int {
	if os.Getuid() == 0 {
		return nobody
	}
	return os.Getuid()
}

// program copies a server out of the cache, where its account cannot look.
func (s *server) program(name string) string {
	s.t.Helper()
	cache, err := os.UserCacheDir()
	must(s.t, err)
	from := filepath.Join(cache, "custody", "servers")
	if _, err := os.Stat(filepath.Join(from, "ready")); err != nil {
		s.t.Fatalf("no servers for the tests: %v\nhint: scripts/setup.sh fetches them", err)
	}
	if out, err := exec.Command("cp", "-r", from, filepath.Join(s.dir, "programs")).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(s.dir, "programs", name)
}

func (s *server) write(name, text string) {
	s.t.Helper()
	must(s.t, os.WriteFile(filepath.Join(s.dir, name), []byte(strings.ReplaceAll(text, "DIR", s.dir)), 0o600))
}

// start runs the server until stop; it is ready when all its TCP ports answer.
func (s *server) start(tcp ...int) {
	s.t.Helper()
	s.cmd = exec.Command(s.args[0], s.args[1:]...)
	s.cmd.Dir, s.cmd.Env = s.dir, append(os.Environ(), s.env...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		must(s.t, exec.Command("chown", "-R", fmt.Sprintf("%d:%d", nobody, nobody), s.dir).Run())
		s.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	must(s.t, err)
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	must(s.t, s.cmd.Start())
	for _, port := range tcp {
		s.await(fmt.Sprintf("port %d", port), func() bool {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
}

// stop ends the server and those that it started.
func (s *server) stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// await waits for something that the server does, for twenty seconds.
func (s *server) await(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%s never came\n%s%s", what, s.read("out"), s.read("log_main"))
		}
	}
}

// read gives a file of the server; empty if there is none.
func (s *server) read(name string) string {
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return ""
	}
	return string(b)
}

func (s *server) address(port int) string { return fmt.Sprintf("127.0.0.1:%d", s.ports[port]) }

// freePorts finds ports that nobody listens on.
func freePorts(t *testing.T, n int) (list []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		list = append(list, l.Addr().(*net.TCPAddr).Port)
	}
	return list
}
