package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"custody"
	"custody/config"
	"custody/ledger"
)

const rootHelp = `Custody stands between people and the systems that hold customer records: every
look is by one named person with a current right to it, shows only what the job
needs, and is written down, durably, before the data is released.

Exit codes:
   0  done
   1  a check found something: a damaged ledger, a wrong extract
   2  the command line, the configuration or other input is wrong
   3  no such thing
   4  refused: no right to it
   5  it is there already, or somebody else holds it
   6  unavailable: a database or a disk cannot be reached
  10  custody doctor found warnings
  11  custody doctor found something serious
  12  custody doctor found something critical
  70  a fault of custody itself`

// app is one run of the command line.
type app struct {
	dir  string
	json bool
	in   io.Reader
	out  io.Writer
	errw io.Writer
	now  func() time.Time
	zone *time.Location // of the configuration, once it is read

	remote remote
}

func defaultDir() string {
	if dir := os.Getenv("CUSTODY_DIR"); dir != "" {
		return dir
	}
	return "."
}

// finding is the error of a check that worked and found something wrong.
type finding struct {
	error
	exit int
}

func (f finding) Unwrap() error { return f.error }

// exitCodes translates each code once.
var exitCodes = map[custody.Code]int{
	custody.CodeNone:         0,
	custody.CodeInternal:     70,
	custody.CodeUnauthorised: 4,
	custody.CodeForbidden:    4,
	custody.CodeUnattributed: 4,
	custody.CodeLimit:        4,
	custody.CodeReason:       4,
	custody.CodeUnrecorded:   6,
	custody.CodeRevoked:      4,
	custody.CodeUnsupported:  2,
	custody.CodeInvalid:      2,
	custody.CodeNotFound:     3,
	custody.CodeConflict:     5,
	custody.CodeUnavailable:  6,
	custody.CodeTooLarge:     2,
	custody.CodeConfirm:      4,
}

func exitCode(err error) int {
	var f finding
	if errors.As(err, &f) {
		return f.exit
	}
	if errors.As(err, new(*ledger.Damage)) {
		return 1
	}
	return exitCodes[custody.CodeOf(err)]
}

// cause is what made something unavailable: it names a host or a file, and the
// administrator needs it. It is empty when the error says it all.
func cause(err error) string {
	if custody.CodeOf(err) != custody.CodeUnavailable {
		return ""
	}
	for e := errors.Unwrap(err); e != nil; e = errors.Unwrap(e) {
		if !errors.As(e, new(*custody.Error)) {
			return ": " + printable(oneLine(e.Error()))
		}
	}
	return ""
}

// oneLine puts lines beside each other, each once: a database's driver tells of every
// address and way that it tried.
func oneLine(text string) string {
	var told []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(told, line) {
			told = append(told, line)
		}
	}
	return strings.Join(told, " ")
}

// report prints an error and gives the exit code.
func (a *app) report(err error) int {
	if err == nil {
		return 0
	}
	message, hint := err.Error()+cause(err), custody.HintOf(err)
	if hint == "" && exitCode(err) == exitCodes[custody.CodeInternal] {
		hint = "this is a fault of custody itself: keep the message, and report it"
	}
	if a.json {
		type body struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Hint    string `json:"hint,omitempty"`
			Exit    int    `json:"exit"`
		}
		line, _ := json.Marshal(map[string]body{"error": {custody.CodeOf(err).String(), message, hint, exitCode(err)}})
		fmt.Fprintf(a.errw, "%s\n", line)
		return exitCode(err)
	}
	fmt.Fprintf(a.errw, "custody: %s\n", message)
	if hint != "" {
		fmt.Fprintf(a.errw, "hint: %s\n", hint)
	}
	return exitCode(err)
}

// usage makes the error of a wrong command line.
func usage(cmd *cobra.Command, message string) error {
	return custody.E(custody.CodeInvalid, message, cmd.CommandPath()+" --help shows how")
}

// prepare gives every command errors with hints: for flags, arguments and names of
// subcommands that do not exist.
func prepare(cmd *cobra.Command) {
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetFlagErrorFunc(flagError)
	if isGroup(cmd) {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = unknownCommand
	}
	for _, sub := range cmd.Commands() {
		prepare(sub)
	}
}

// isGroup says whether a command does nothing but lead to others. One that has others
// and does something itself shows arguments in its usage.
func isGroup(cmd *cobra.Command) bool {
	return cmd.HasSubCommands() && !strings.Contains(cmd.Use, " ")
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	message := fmt.Sprintf("there is no command %q", cmd.CommandPath()+" "+args[0])
	if near, ok := config.Nearest(args[0], names); ok {
		return custody.E(custody.CodeInvalid, message, fmt.Sprintf("did you mean %s %s?", cmd.CommandPath(), near))
	}
	return usage(cmd, message)
}

func flagError(cmd *cobra.Command, err error) error {
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return usage(cmd, err.Error())
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near, found := config.Nearest(name, known); found {
		return custody.E(custody.CodeInvalid, err.Error(), "did you mean --"+near+"?")
	}
	return usage(cmd, err.Error())
}

// takes demands exactly these arguments, named as in the usage line.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage(cmd, strings.ToUpper(names[len(args)])+" is missing")
		}
		if len(args) > len(names) {
			return usage(cmd, "there are more arguments than expected")
		}
		return nil
	}
}

// require marks flags that must be given.
func require(cmd *cobra.Command, names ...string) {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, n := range names {
			if f := cmd.Flags().Lookup(n); !f.Changed || f.Value.String() == "" {
				return usage(cmd, "--"+n+" is missing")
			}
		}
		return run(cmd, args)
	}
}

// group makes a command that only has subcommands.
func group(use, short, example string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example}
	cmd.AddCommand(subs...)
	return cmd
}
