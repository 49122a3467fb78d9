package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"custody"
)

// TestHelp holds every command to a summary, an example that begins with its own
// name, and lines that fit a terminal.
func TestHelp(t *testing.T) {
	var visit func(*cobra.Command)
	count := 0
	visit = func(cmd *cobra.Command) {
		count++
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: the summary is %q", cmd.CommandPath(), cmd.Short)
		}
		if !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s: no example of it: %q", cmd.CommandPath(), cmd.Example)
		}
		var out, errw bytes.Buffer
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		if code := run(context.Background(), args, strings.NewReader(""), &out, &errw); code != 0 || errw.Len() > 0 {
			t.Errorf("%v: exit code %d, %s", args, code, errw.String())
		}
		if !strings.Contains(out.String(), "Examples:\n"+cmd.Example) {
			t.Errorf("%v shows no example", args)
		}
		for line := range strings.Lines(cmd.Long) {
			if len([]rune(line)) > 100 {
				t.Errorf("%s: a line of the help is too long: %q", cmd.CommandPath(), line)
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit((&app{}).rootCommand())
	if count < 40 {
		t.Errorf("only %d commands were looked at", count)
	}
}

// TestExitCodes: every code has an exit code, and the help explains each.
func TestExitCodes(t *testing.T) {
	for code := custody.CodeNone; code.String() != "unknown"; code++ {
		exit, ok := exitCodes[code]
		if !ok {
			t.Errorf("the code %s has no exit code", code)
		}
		if !strings.Contains(rootHelp, "\n"+strings.Repeat(" ", 4-len(number(uint32(exit))))+number(uint32(exit))+"  ") {
			t.Errorf("the help does not explain exit code %d", exit)
		}
	}
	if got := exitCode(finding{custody.E(custody.CodeInvalid, "x", ""), 1}); got != 1 {
		t.Errorf("a finding has exit code %d", got)
	}
}
