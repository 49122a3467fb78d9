package main

import (
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"custody"
	"custody/store"
)

func (a *app) trainingCommand() *cobra.Command {
	return group("training", "Courses, and who took them: rights can need them",
		"  custody training record data-protection --person alice@northfield.example --taken 2026-05-31 --evidence \"certificate 17\" --by bob@northfield.example",
		a.trainingAdd(), a.trainingRecord(), a.trainingList(), a.trainingRevoke())
}

func (a *app) trainingAdd() *cobra.Command {
	var title string
	days := 365
	cmd := &cobra.Command{
		Use: "add COURSE", Short: "Add a course, or change how long it holds",
		Example: "  custody training add data-protection --title \"Data protection for the workshop\" --days 365\n  custody grant add --role estimator --system bodyshop --see phone --needs training:data-protection",
		Args:    takes("course"),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			c := store.Course{Name: args[0], Title: title, Days: days}
			if err := w.store.AddCourse(cmd.Context(), &c, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"course": c.Name, "title": c.Title, "days": c.Days}, "%s holds for %s.", c.Name, plural(c.Days, "day"))
		},
	}
	cmd.Flags().StringVar(&title, "title", "", "what people call it")
	cmd.Flags().IntVar(&days, "days", days, "for how many `days` it holds")
	require(cmd, "title")
	return cmd
}

func (a *app) trainingRecord() *cobra.Command {
	var person, by, evidence string
	var taken moment
	cmd := &cobra.Command{
		Use: "record COURSE", Short: "Keep that somebody took a course; nobody keeps it for themselves",
		Example: "  custody training record data-protection --person alice@northfield.example --taken 2026-05-31 --evidence \"certificate 17\" --by bob@northfield.example",
		Args:    takes("course"),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			p, err := w.person(person)
			if err != nil {
				return err
			}
			keeper, err := w.engaged(by)
			if err != nil {
				return err
			}
			r := store.TrainingRecord{Person: p.ID, Login: p.Login, Course: args[0], Evidence: evidence, KeptBy: keeper.ID}
			if r.Taken, err = taken.at(a); err != nil {
				return err
			}
			if r.Taken.IsZero() {
				r.Taken = a.now()
			}
			if err := w.store.RecordTraining(cmd.Context(), &r, a.now()); err != nil {
				return err
			}
			return a.done(a.trainingRow(&r), "%s took %s; it holds until %s.", r.Login, r.Course, a.minute(r.Until))
		},
	}
	cmd.Flags().StringVar(&person, "person", "", "`login` of who took it")
	cmd.Flags().Var(&taken, "taken", "when (default now)")
	cmd.Flags().StringVar(&evidence, "evidence", "", "where the evidence is kept")
	byFlag(cmd, &by)
	require(cmd, "person", "evidence")
	return cmd
}

type trainingRow struct {
	ID       int64  `json:"id"`
	Person   string `json:"person"`
	Course   string `json:"course"`
	Taken    stamp  `json:"taken"`
	Until    stamp  `json:"until"`
	State    string `json:"state"` // in date, over or revoked
	Evidence string `json:"evidence"`
}

func (a *app) trainingRow(r *store.TrainingRecord) trainingRow {
	row := trainingRow{r.ID, r.Login, r.Course, stamp{r.Taken}, stamp{r.Until}, "in date", r.Evidence}
	switch {
	case !r.Revoked.IsZero():
		row.State = "revoked"
	case !a.now().Before(r.Until):
		row.State = "over"
	}
	return row
}

func (a *app) trainingList() *cobra.Command {
	var person string
	var courses bool
	cmd := &cobra.Command{
		Use: "list", Short: "List who took what, and until when it holds",
		Example: "  custody training list\n  custody training list --person alice@northfield.example --json\n  custody training list --courses",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			if courses {
				return w.listCourses(cmd)
			}
			var id custody.PersonID
			if person != "" {
				p, err := w.person(person)
				if err != nil {
					return err
				}
				id = p.ID
			}
			found, err := w.store.TrainingOf(cmd.Context(), id)
			if err != nil {
				return err
			}
			rows := []trainingRow{}
			for i := range found {
				rows = append(rows, a.trainingRow(&found[i]))
			}
			return list(a, rows, "No training is on record.",
				column[trainingRow]{"ID", func(r trainingRow) string { return number(r.ID) }, false},
				column[trainingRow]{"PERSON", func(r trainingRow) string { return r.Person }, false},
				column[trainingRow]{"COURSE", func(r trainingRow) string { return r.Course }, false},
				column[trainingRow]{"UNTIL", func(r trainingRow) string { return a.minute(r.Until.Time) }, false},
				column[trainingRow]{"STATE", func(r trainingRow) string { return r.State }, false},
				column[trainingRow]{"EVIDENCE", func(r trainingRow) string { return r.Evidence }, true},
			)
		},
	}
	cmd.Flags().StringVar(&person, "person", "", "only of this `login`")
	cmd.Flags().BoolVar(&courses, "courses", false, "the courses themselves instead")
	return cmd
}

func (w *workspace) listCourses(cmd *cobra.Command) error {
	type row struct {
		Course string `json:"course"`
		Title  string `json:"title"`
		Days   int    `json:"days"`
	}
	found, err := w.store.Courses(cmd.Context())
	if err != nil {
		return err
	}
	rows := []row{}
	for _, c := range found {
		rows = append(rows, row{c.Name, c.Title, c.Days})
	}
	return list(w.app, rows, "There are no courses: custody training add adds one.",
		column[row]{"COURSE", func(r row) string { return r.Course }, false},
		column[row]{"TITLE", func(r row) string { return r.Title }, true},
		column[row]{"DAYS", func(r row) string { return strconv.Itoa(r.Days) }, false})
}

func (a *app) trainingRevoke() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "Take a record back: rights that need it end now",
		Example: "  custody training revoke 4 --by bob@northfield.example",
		Args:    takes("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideRequest(cmd, args[0], by, func(w *workspace, id int64, actor custody.PersonID) error {
				if err := w.store.RevokeTraining(cmd.Context(), id, actor, a.now()); err != nil {
					return err
				}
				return a.done(map[string]int64{"revoked": id}, "Training record %d is taken back.", id)
			})
		},
	}
	byFlag(cmd, &by)
	return cmd
}

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
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			text, err := os.ReadFile(file)
			if err != nil {
				return &custody.Error{Code: custody.CodeNotFound, Message: "the text of the rule cannot be read", Hint: "--file names a text file", Err: err}
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
		},
	}
	cmd.Flags().StringVar(&version, "version", "", "its version")
	cmd.Flags().StringVar(&title, "title", "", "what people call it")
	cmd.Flags().StringVar(&file, "file", "", "text `file`")
	cmd.Flags().Var(&begins, "begins", "when it begins to hold (default now)")
	byFlag(cmd, &by)
	require(cmd, "version", "title", "file")
	return cmd
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
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
		},
	}
}

func (a *app) ruleAccept() *cobra.Command {
	var person, evidence string
	cmd := &cobra.Command{
		Use: "accept ID", Short: "Keep that somebody accepted a version on paper",
		Example: "  custody rule accept 3 --person alice@northfield.example --evidence \"folder 4, signed 31 May\"",
		Args:    takes("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := numberArg(cmd, args[0], "custody rule list")
			if err != nil {
				return err
			}
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			p, err := w.person(person)
			if err != nil {
				return err
			}
			if err := w.store.AcceptRule(cmd.Context(), id, p.ID, 0, evidence, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"rule": id, "person": p.Login}, "%s has accepted rule %d.", p.Login, id)
		},
	}
	cmd.Flags().StringVar(&person, "person", "", "`login` of who accepted it")
	cmd.Flags().StringVar(&evidence, "evidence", "", "where the signed paper is kept")
	require(cmd, "person", "evidence")
	return cmd
}

func (a *app) clauseCommand() *cobra.Command {
	return group("clause", "Register of confidentiality clauses in contracts of employment",
		"  custody clause record --person alice@northfield.example --signed 2026-01-05 --document \"HR file 31\" --by bob@northfield.example",
		a.clauseRecord(), a.clauseList())
}

func (a *app) clauseRecord() *cobra.Command {
	var person, organisation, document, by string
	var signed moment
	cmd := &cobra.Command{
		Use: "record", Short: "Keep that somebody's contract has the clause; nobody keeps their own",
		Example: "  custody clause record --person alice@northfield.example --signed 2026-01-05 --document \"HR file 31\" --by bob@northfield.example",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			p, err := w.engaged(person)
			if err != nil {
				return err
			}
			keeper, err := w.engaged(by)
			if err != nil {
				return err
			}
			c := store.Clause{Person: p.ID, Login: p.Login, Document: document}
			if c.Organisation, err = w.employer(p, organisation); err != nil {
				return err
			}
			if c.Signed, err = signed.at(a); err != nil {
				return err
			}
			if err := w.store.RecordClause(cmd.Context(), keeper.ID, &c, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"person": c.Login, "signed": stamp{c.Signed}, "document": c.Document}, "The clause of %s is on record.", c.Login)
		},
	}
	cmd.Flags().StringVar(&person, "person", "", "`login` of who signed")
	cmd.Flags().StringVar(&organisation, "organisation", "", "`employer`, if the person has several")
	cmd.Flags().Var(&signed, "signed", "when")
	cmd.Flags().StringVar(&document, "document", "", "where the contract is kept")
	byFlag(cmd, &by)
	require(cmd, "person", "signed", "document")
	return cmd
}

type clauseRow struct {
	Person       string `json:"person"`
	Name         string `json:"name"`
	Organisation string `json:"organisation"`
	Signed       stamp  `json:"signed,omitzero"`
	Document     string `json:"document,omitempty"`
}

func (a *app) clauseList() *cobra.Command {
	var missing bool
	cmd := &cobra.Command{
		Use: "list", Short: "List everybody who works here, with the clause or without",
		Example: "  custody clause list\n  custody clause list --missing --json",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			found, err := w.store.Clauses(cmd.Context(), a.now())
			if err != nil {
				return err
			}
			rows := []clauseRow{}
			for _, c := range found {
				if !missing || c.Signed.IsZero() {
					rows = append(rows, clauseRow{c.Login, c.FullName, c.OrgName, stamp{c.Signed}, c.Document})
				}
			}
			return list(a, rows, "Nobody.",
				column[clauseRow]{"PERSON", func(r clauseRow) string { return r.Person }, false},
				column[clauseRow]{"NAME", func(r clauseRow) string { return r.Name }, true},
				column[clauseRow]{"ORGANISATION", func(r clauseRow) string { return r.Organisation }, true},
				column[clauseRow]{"SIGNED", func(r clauseRow) string {
					if r.Signed.IsZero() {
						return "missing"
					}
					return a.minute(r.Signed.Time)
				}, false},
				column[clauseRow]{"DOCUMENT", func(r clauseRow) string { return r.Document }, true},
			)
		},
	}
	cmd.Flags().BoolVar(&missing, "missing", false, "only those without")
	return cmd
}
