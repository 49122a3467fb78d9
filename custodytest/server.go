package custodytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// watcher runs PostgreSQL ($2 …) and reads a pipe of which the test holds the other
// end. When that end closes without a word, the test has ended or crashed: the
// watcher ends PostgreSQL and removes the folder $1 (nothing when empty). So nothing
// is ever left behind. A line means that PostgreSQL was stopped on purpose.
const watcher = `
root=$1; shift
"$@" </dev/null 3<&- &
server=$!
( if ! read word <&3; then
    kill -QUIT $server 2>/dev/null
    while kill -0 $server 2>/dev/null; do sleep 0.02; done
    [ -z "$root" ] || rm -rf "$root"
  fi ) &
wait $server
`

// server is one run of PostgreSQL under its watcher.
type server struct {
	pg    *PG
	leash *os.File      // the watcher's pipe: closing it ends PostgreSQL
	done  chan struct{} // closed when PostgreSQL has ended
}

func runServer(pg *PG) (*server, error) {
	log, err := os.OpenFile(pg.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	remove := pg.root
	if pg.keep {
		remove = ""
	}
	cmd := exec.Command("/bin/sh", "-c", watcher, "custody-pg", remove,
		pg.tools.path("postgres"), "-D", pg.Dir, "-p", strconv.Itoa(pg.Port))
	cmd.Dir = pg.root
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: pg.account.credential()}
	far, leash, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer far.Close()
	cmd.ExtraFiles = []*os.File{far} // descriptor 3
	if err := cmd.Start(); err != nil {
		leash.Close()
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	s := &server{pg: pg, leash: leash, done: make(chan struct{})}
	go func() {
		cmd.Wait()
		close(s.done)
	}()
	return s, nil
}

// end sends a signal to PostgreSQL and waits until it has ended. When its files are
// gone already, the watcher does it.
func (s *server) end(sig syscall.Signal) {
	pid, err := s.pg.postmaster()
	if err != nil {
		s.leash.Close()
		<-s.done
		return
	}
	kill(pid, sig)
	<-s.done
	s.leash.WriteString("stopped\n")
	s.leash.Close()
}

// kill signals the postmaster; SIGKILL, which it could not pass on, its children too.
func kill(pid int, sig syscall.Signal) {
	var children []int
	if sig == syscall.SIGKILL {
		children = childrenOf(pid)
	}
	syscall.Kill(pid, sig)
	for _, c := range children {
		syscall.Kill(c, sig)
	}
}

func childrenOf(pid int) []int {
	p := strconv.Itoa(pid)
	b, err := os.ReadFile(filepath.Join("/proc", p, "task", p, "children"))
	if err != nil {
		return nil
	}
	var list []int
	for f := range strings.FieldsSeq(string(b)) {
		if n, err := strconv.Atoi(f); err == nil {
			list = append(list, n)
		}
	}
	return list
}
