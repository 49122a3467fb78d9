package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/identity"
)

func (a *app) personImport() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Bring people in line with a list (CSV): shown first, done with --yes",
		Long: `Compare a list of people with what is in force and show what would change: who joins,
comes back, moves, changes roles, leaves. Nothing is done without --yes, and with a
mistake in any line nothing is done at all. FILE may be - for standard input.

The first line names the columns: login and organisation, and any of name, branch,
roles (separated by |), start and end. Who is not in the list stays as they are.`,
		Example: "  custody person import staff.csv\n  custody person import staff.csv --yes",
		Args:    takes("file"),
		RunE:    a.opened(func(w *workspace, _ *cobra.Command, args []string) error { return w.importPeople(args[0], yes) }),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	return cmd
}

// importRow is one change that a list asks for.
type importRow struct {
	Line         int      `json:"line"`
	Login        string   `json:"login"`
	Change       string   `json:"change"`
	Organisation string   `json:"organisation,omitempty"`
	Branch       string   `json:"branch,omitempty"`
	Roles        []string `json:"roles,omitempty"`
	At           stamp    `json:"at"`
	End          stamp    `json:"end,omitzero"`
	Ended        string   `json:"ended,omitempty"` // what was, or would be, cut
	Error        string   `json:"error,omitempty"`
	Hint         string   `json:"hint,omitempty"`
}

func (w *workspace) importPeople(file string, yes bool) error {
	in := w.in
	if file != "-" {
		f, err := openList(file)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	rows, wrong, unchanged, err := w.planImport(in, yes)
	if err != nil {
		return err
	}
	return w.sayImport(rows, wrong, unchanged, yes)
}

func openList(file string) (*os.File, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeNotFound, Message: "the list cannot be read", Hint: "check the file's name", Err: err}
	}
	return f, nil
}

// sayImport shows what a list asks for and what became of it.
func (a *app) sayImport(rows []importRow, wrong, unchanged int, yes bool) error {
	if wrong > 0 && !a.json { // among thousands of lines nobody would find them
		rows = slices.DeleteFunc(rows, func(r importRow) bool { return r.Error == "" })
	}
	if err := a.showImport(rows); err != nil {
		return err
	}
	if wrong > 0 {
		return custody.E(custody.CodeInvalid, plural(wrong, "line")+" cannot be done, so nothing was", "mend the lines that have an error and run it again")
	}
	switch {
	case a.json:
	case len(rows) == 0:
		a.say("Everybody in the list is as it says: %s.", people(unchanged))
	case yes:
		a.say("Done: %s; %s as the list says already.", plural(len(rows), "change"), people(unchanged))
	default:
		a.say("Nothing is done yet: %s; %s as the list says already. Do it with --yes.", plural(len(rows), "change"), people(unchanged))
	}
	return nil
}

// planImport compares, tries and, if yes, does what a list asks for.
func (w *workspace) planImport(in io.Reader, yes bool) (rows []importRow, wrong, unchanged int, err error) {
	done, err := w.identity.Import(in, w.config.Zone(), nil, yes)
	if err != nil {
		return nil, 0, 0, err
	}
	for i := range done.Lines {
		rows = append(rows, newImportRow(done.Lines[i].Line, &done.Lines[i].Outcome))
	}
	return rows, done.Wrong, done.Unchanged, nil
}

func newImportRow(line int, o *identity.Outcome) importRow {
	c := &o.Change
	row := importRow{Line: line, Login: c.Login, Change: cmp.Or(string(c.Kind), "-"), Organisation: c.Organisation, Branch: c.Branch, Roles: c.Roles, At: stamp{c.At}, End: stamp{c.End}}
	if o.Cut != nil {
		row.Ended = o.Cut.String()
	}
	if o.Err != nil {
		row.Error, row.Hint = o.Err.Error(), custody.HintOf(o.Err)
	}
	return row
}

func (a *app) showImport(rows []importRow) error {
	if len(rows) == 0 {
		return nil
	}
	return list(a, rows, "",
		column[importRow]{"LINE", func(r importRow) string { return strconv.Itoa(r.Line) }, false},
		column[importRow]{"LOGIN", func(r importRow) string { return r.Login }, false},
		column[importRow]{"CHANGE", func(r importRow) string { return r.Change }, false},
		column[importRow]{"WHERE", func(r importRow) string {
			return strings.Trim(r.Organisation+", "+r.Branch, ", ")
		}, true},
		column[importRow]{"ROLES", func(r importRow) string { return strings.Join(r.Roles, ", ") }, true},
		column[importRow]{"FROM", func(r importRow) string { return a.minute(r.At.Time) }, false},
		column[importRow]{"NOTE", func(r importRow) string {
			if r.Error != "" {
				return "cannot be done: " + r.Error + " (" + r.Hint + ")"
			}
			if r.Ended != "" {
				return "ends " + r.Ended
			}
			return ""
		}, true})
}

func people(n int) string {
	if n == 1 {
		return "1 person is"
	}
	return fmt.Sprintf("%d people are", n)
}
