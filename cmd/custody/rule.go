package main

import (
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"custody"
	"custody/store"
)

func (a *app) ruleCommand() *cobra.Command {
	return group("rule", "Rules that people accept, by version: rights can need them",
		"  custody rule add clean-desk --version 2 --title \"Clean desk\" --file clean-desk.txt --by bob@northfield.example",
		a.ruleAdd(), a.ruleList(), a.ruleAccept())
}

func (a *app) ruleAdd() *cobra.Command {
	var version, title, file, by string
	var begins moment
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a version of a rule: older acceptances count no more from its beginning on",
		Example: "  custody rule add clean-desk --version 2 --title \"Clean desk\" --file clean-desk.txt --by bob@northfield.example --begins 2026-12-01",
		Args:    takes("name"),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
			text, err := ruleText(file)
			if err != nil {
				return err
			}
			actor, err := w.engaged(by)
			if err != nil {
				return err
			}
			r := store.Rule{Name: args[0], Version: version, Title: title, Text: string(text)}
			if r.Begins, err = begins.at(a); err != nil {
				return err
			}
			if err := w.store.AddRule(cmd.Context(), actor.ID, &r, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"id": r.ID, "rule": r.Name, "version": r.Version, "begins": stamp{r.Begins}}, "Rule %d: %s, version %s, from %s on.", r.ID, r.Name, r.Version, a.minute(r.Begins))
		}),
	}
	cmd.Flags().StringVar(&version, "version", "", "its version")
	cmd.Flags().StringVar(&title, "title", "", "what people call it")
	cmd.Flags().StringVar(&file, "file", "", "text `file`")
	cmd.Flags().Var(&begins, "begins", "when it begins to hold (default now)")
	byFlag(cmd, &by)
	require(cmd, "version", "title", "file")
	return cmd
}

func ruleText(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeNotFound, Message: "the text of the rule cannot be read", Hint: "--file names a text file", Err: err}
	}
	return text, nil
}

type ruleRow struct {
	ID       int64  `json:"id"`
	Rule     string `json:"rule"`
	Version  string `json:"version"`
	Title    string `json:"title"`
	Begins   stamp  `json:"begins"`
	InForce  bool   `json:"in_force"`
	Accepted int    `json:"accepted"`
}

func (a *app) ruleList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the rules, and how many people accepted each version",
		Example: "  custody rule list\n  custody rule list --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
			rules, err := w.store.Rules(cmd.Context(), a.now())
			if err != nil {
				return err
			}
			accepted, err := w.store.RuleAcceptances(cmd.Context(), 0)
			if err != nil {
				return err
			}
			count := map[string]int{}
			for _, x := range accepted {
				count[x.Rule+"\x00"+x.Version]++
			}
			rows := []ruleRow{}
			for _, r := range rules {
				rows = append(rows, ruleRow{r.ID, r.Name, r.Version, r.Title, stamp{r.Begins}, r.InForce, count[r.Name+"\x00"+r.Version]})
			}
			return list(a, rows, "There are no rules besides the notice at sign-in: custody rule add adds one.",
				column[ruleRow]{"ID", func(r ruleRow) string { return number(r.ID) }, false},
				column[ruleRow]{"RULE", func(r ruleRow) string { return r.Rule }, false},
				column[ruleRow]{"VERSION", func(r ruleRow) string { return r.Version }, false},
				column[ruleRow]{"TITLE", func(r ruleRow) string { return r.Title }, true},
				column[ruleRow]{"FROM", func(r ruleRow) string { return a.minute(r.Begins.Time) }, false},
				column[ruleRow]{"IN FORCE", func(r ruleRow) string { return map[bool]string{true: "yes"}[r.InForce] }, false},
				column[ruleRow]{"ACCEPTED", func(r ruleRow) string { return strconv.Itoa(r.Accepted) }, false},
			)
		}),
	}
}

func (a *app) ruleAccept() *cobra.Command {
	var person, evidence string
	cmd := &cobra.Command{
		Use: "accept ID", Short: "Keep that somebody accepted a version on paper",
		Example: "  custody rule accept 3 --person alice@northfield.example --evidence \"folder 4, signed 31 May\"",
		Args:    takes("id"),
		RunE: a.numbered("custody rule list", func(w *workspace, cmd *cobra.Command, id int64) error {
			p, err := w.person(person)
			if err != nil {
				return err
			}
			if err := w.store.AcceptRule(cmd.Context(), id, p.ID, 0, evidence, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"rule": id, "person": p.Login}, "%s has accepted rule %d.", p.Login, id)
		}),
	}
	cmd.Flags().StringVar(&person, "person", "", "`login` of who accepted it")
	cmd.Flags().StringVar(&evidence, "evidence", "", "where the signed paper is kept")
	require(cmd, "person", "evidence")
	return cmd
}
