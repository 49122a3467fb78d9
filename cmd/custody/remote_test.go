package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"custody"
)

// TestRemoteCommandsExist holds the table of commands that a server elsewhere answers to
// the commands that there are.
func TestRemoteCommandsExist(t *testing.T) {
	a := &app{}
	known := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		known[c.CommandPath()] = c.RunE != nil
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(a.rootCommand())
	there := a.remoteCommands()
	for path := range there {
		if !known[path] {
			t.Errorf("there is no command %q", path)
		}
	}
	for _, path := range remoteReasons {
		if !known[path] {
			t.Errorf("there is no command %q", path)
		}
	}
}

// TestEveryCommandSaysWhereItWorks holds every command to one of three: a server elsewhere
// answers it, it works anywhere, or it is said why it works only where the server runs.
func TestEveryCommandSaysWhereItWorks(t *testing.T) {
	a := &app{}
	there, said := a.remoteCommands(), map[string]bool{}
	walkCommands(a.rootCommand(), func(c *cobra.Command) {
		path := c.CommandPath()
		_, asks := there[path]
		why := onlyThere(path)
		kept := why != onlyThere("custody nothing of this name")
		said[why] = true
		if n := b2i(asks) + b2i(slices.Contains(anywhere, path)); n > 1 || n == 0 && !kept {
			t.Errorf("%s: asks a server %v, works anywhere %v, kept where the server runs %v", path, asks, slices.Contains(anywhere, path), kept)
		}
	})
	for _, k := range keptThere {
		if !said[k.why] {
			t.Errorf("there is no command %q", k.path)
		}
	}
}

// TestEveryRemoteCommandIsTried holds the script remote.txtar to all commands that a
// server elsewhere answers.
func TestEveryRemoteCommandIsTried(t *testing.T) {
	script, err := os.ReadFile("testdata/script/remote.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(script), "env CUSTODY_DIR=$WORK/nowhere")
	if !ok {
		t.Fatal("the script no longer leaves its working directory")
	}
	for path := range (&app{}).remoteCommands() {
		if !regexp.MustCompile(`(?m)^exec ` + path + `( |$)`).MatchString(after) {
			t.Errorf("remote.txtar does not do %s", path)
		}
	}
}

// TestWhatStaysWhereTheServerRuns asks for it through --server: each is refused with why,
// and without a request.
func TestWhatStaysWhereTheServerRuns(t *testing.T) {
	for _, args := range [][]string{{"backup", "x"}, {"restore", "x"}, {"serve"}, {"token", "issue"}, {"ledger", "export", "--format", "ocsf"}, {"alert", "scan"}, {"processor", "end", "X"}} {
		a := &app{out: io.Discard, errw: io.Discard, now: time.Now}
		cmd := a.rootCommand()
		found, _, err := cmd.Find(args)
		if err != nil {
			t.Fatal(err)
		}
		a.remote.server = "https://console.example"
		err = found.RunE(found, nil)
		if custody.CodeOf(err) != custody.CodeUnsupported || custody.HintOf(err) != onlyThere(found.CommandPath()) {
			t.Errorf("%v: %v (%s)", args, err, custody.HintOf(err))
		}
	}
}

// walkCommands goes through all commands that do something.
func walkCommands(c *cobra.Command, visit func(*cobra.Command)) {
	if c.RunE != nil && !isGroup(c) {
		visit(c)
	}
	for _, sub := range c.Commands() {
		walkCommands(sub, visit)
	}
}
