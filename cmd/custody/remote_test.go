package main

import (
	"testing"

	"github.com/spf13/cobra"
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
	for path := range a.remoteCommands() {
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
