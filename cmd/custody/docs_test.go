package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// commandLine finds command lines of ours in documents: lines of code that begin with
// the program's name, and code in a sentence.
var commandLine = regexp.MustCompile("(?m)^[ \t]*\\$?[ \t]*(custody [a-z][^\n`]*)|`(custody [a-z][^`]*)`")

// TestDocumentedCommands holds every command line in the documents, in help texts and
// in hints to the commands that there are: names, flags and their values.
func TestDocumentedCommands(t *testing.T) {
	var sources []string
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../docs/*/*.md", "../../config/*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, found...)
	}
	checked := 0
	for _, file := range sources {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range commandLine.FindAllStringSubmatch(string(text), -1) {
			checked++
			checkLine(t, file, m[1]+m[2])
		}
	}
	if checked < 10 {
		t.Errorf("only %d command lines were found", checked)
	}
	visitCommands((&app{}).rootCommand(), func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "custody ") {
				checkLine(t, "help of "+cmd.CommandPath(), line)
			}
		}
	})
}

func visitCommands(cmd *cobra.Command, fn func(*cobra.Command)) {
	fn(cmd)
	for _, sub := range cmd.Commands() {
		visitCommands(sub, fn)
	}
}

// checkLine parses a command line and does nothing else.
func checkLine(t *testing.T, where, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, " < ") // what it reads is not the command's
	words := shellWords(line)
	a := &app{out: new(bytes.Buffer), errw: new(bytes.Buffer)}
	root := a.rootCommand()
	ran := false
	visitCommands(root, func(cmd *cobra.Command) {
		if !isGroup(cmd) {
			cmd.RunE = func(*cobra.Command, []string) error { ran = true; return nil }
		}
	})
	root.SetArgs(words[1:])
	root.SetOut(a.out)
	root.SetErr(a.errw)
	err := root.ExecuteContext(context.Background())
	incomplete := !strings.Contains(line, " --") && len(words) <= 3 // the mere name, in a sentence
	if err != nil && !incomplete {
		t.Errorf("%s: %s\n\t%v", where, line, err)
	}
	if err == nil && !ran && !incomplete && !strings.Contains(line, "--help") {
		t.Errorf("%s: %s\n\tis not a whole command", where, line)
	}
	if name := strings.Join(words[:min(3, len(words))], " "); incomplete && err != nil && strings.Contains(err.Error(), "there is no command") {
		t.Errorf("%s: there is no %s", where, name)
	}
}

// shellWords parts a line as a shell would, as far as documents need it: quotes,
// comments, and an end at a pipe or a redirection.
func shellWords(line string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		if m[3] == "#" || m[3] == "|" || m[3] == ">" || m[3] == "\\" || m[3] == "&&" || strings.HasPrefix(m[3], "#") {
			break
		}
		if m[3] == "…" {
			continue
		}
		words = append(words, m[1]+m[2]+strings.TrimRight(m[3], ";,.:)"))
	}
	return words
}
