package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// declaration is what custody.yaml says of the web application.
//
//go:embed portal.yaml
var declaration string

// sharedAccount is what everybody at a branch knows, leavers too. From now on the gate
// alone needs it.
const sharedAccount = "northfield.ashbridge:Northfield1"

// application starts the web application as it is, on the database as it is.
func (d *demo) application() error {
	d.app = exec.Command(filepath.Join(filepath.Dir(d.binary), "bodyshop"), "web", "--database", d.pg.URLFor("bodyshop"), "--listen", "127.0.0.1:0")
	line, err := begin(d.app)
	if err != nil {
		return fmt.Errorf("the web application did not start: %w", err)
	}
	d.origin = lastWord(line)
	d.say("   The portal runs at %s, with one shared account a branch, no limits and no log.", d.origin)
	return nil
}

// begin starts a program that ends with us and gives the first line that it prints.
func begin(cmd *exec.Cmd) (string, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		return "", fmt.Errorf("%w: %s", err, log.String())
	}
	go io.Copy(io.Discard, out)
	return line, nil
}

func lastWord(line string) string {
	words := strings.Fields(line)
	if len(words) == 0 {
		return ""
	}
	return strings.TrimSuffix(words[len(words)-1], ".")
}

// guard declares the portal in custody.yaml and hands the shared account to the gate.
func (d *demo) guard() error {
	listen := free("127.0.0.1:6480")
	_, port, _ := net.SplitHostPort(listen)
	d.portal = "http://localhost:" + port
	text := strings.NewReplacer("LISTEN", listen, "PUBLIC", d.portal, "ORIGIN", d.origin).Replace(declaration)
	file := filepath.Join(d.dir, "custody.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	const system = "\n  bodyshop:\n"
	whole := strings.Replace(string(b), system, system+text+reasonsText, 1)
	if err := expect(whole != string(b), "discover did not declare the system bodyshop"); err != nil {
		return err
	}
	desk := free("127.0.0.1:6481")
	_, port, _ = net.SplitHostPort(desk)
	d.console = "http://localhost:" + port
	whole = strings.Replace(whole, "listen: 127.0.0.1:6480", "listen: "+desk, 1)
	if err := os.WriteFile(file, []byte(whole), 0o600); err != nil {
		return err
	}
	d.say("   In custody.yaml, under systems.bodyshop:")
	d.indent(text, 10)
	d.indent(reasonsText, 4)
	d.say("   $ custody portal credential bodyshop < shared-account      # staff never need it again")
	cmd := exec.CommandContext(d.ctx, d.binary, "portal", "credential", "bodyshop")
	cmd.Env = append(os.Environ(), "CUSTODY_DIR="+d.dir)
	cmd.Stdin = strings.NewReader(sharedAccount + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("custody portal credential: %w\n%s", err, out)
	}
	return nil
}

// free gives the address if nobody listens there, else one with a free port.
func free(address string) string {
	l, err := net.Listen("tcp", address)
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return address
		}
	}
	defer l.Close()
	return l.Addr().String()
}
