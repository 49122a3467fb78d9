package main

import (
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
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
			c := store.Course{Name: args[0], Title: title, Days: days}
			if err := w.store.AddCourse(cmd.Context(), &c, a.now()); err != nil {
				return err
			}
			return a.done(map[string]any{"course": c.Name, "title": c.Title, "days": c.Days}, "%s holds for %s.", c.Name, plural(c.Days, "day"))
		}),
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
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
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
		}),
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
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error {
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
		}),
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
