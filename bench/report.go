package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Between these lines of the file the table is replaced.
const (
	tableBegin = "<!-- make bench writes from here -->"
	tableEnd   = "<!-- to here -->"
)

// table gives the results in Markdown, with where and when they were measured.
func table(results []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %d cores; %s; %s; %s; %s.\n\n", time.Now().UTC().Format("2 January 2006"), processor(), runtime.NumCPU(),
		version("uname", "-sr"), runtime.Version(), version("psql", "--version"), version("pgbouncer", "--version"))
	b.WriteString("| | direct | pgbouncer | gate | measured | demand | met |\n|" + strings.Repeat(" --- |", 7) + "\n")
	for i := range results {
		b.WriteString("| " + strings.Join(results[i].cells(), " | ") + " |\n")
	}
	return b.String()
}

func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, " \t:"))
		}
	}
	return runtime.GOARCH
}

// version gives the first line that a program says of itself.
func version(program string, args ...string) string {
	cmd := exec.Command(program, args...)
	if program == "pgbouncer" {
		cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
		if path, err := exec.LookPath(program); err != nil || path == "" {
			cmd = exec.Command("/usr/sbin/pgbouncer", args...)
		}
	}
	out, err := cmd.Output()
	if err != nil {
		return program + " (version unknown)"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	line, _, _ = strings.Cut(line, " (Debian")
	return line
}

// replaceTable puts the text between the markers of a file.
func replaceTable(name, text string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(b, []byte(tableBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !ok2 {
		return fmt.Errorf("%s has lost the lines between which the table goes", name)
	}
	out := string(before) + tableBegin + "\n" + text + tableEnd + string(after)
	return os.WriteFile(name, []byte(out), 0o644)
}
