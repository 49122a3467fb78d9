package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"custody"
	"custody/site"
)

func (a *app) alertReasons() *cobra.Command {
	return &cobra.Command{
		Use: "reasons SYSTEM", Short: "Propose reasons for looks that are in the guarded database",
		Long: `Look for reasons in a guarded database: paths from the customer to the person who
looked, such as a job that is assigned to the login. Columns that the gate's role may
read, of tables that hold a customer's key and of tables to which these refer, are
compared with login, name, branch and organisation of those who looked, as the ledger
has it. Shown is what share of first looks each path explains, what it adds to those
above it, and how many random pairs of the same people and customers it would explain:
these must stay few, or the path says nothing. Where reasons are declared already, what
they explain is shown first, and what each path explains beyond them.

Nothing is put in force. Copy what is true of your organisation into custody.yaml, under
explanations of the system, and give it words that people understand.`,
		Example: "  custody alert reasons bodyshop\n  custody alert reasons bodyshop --json", Args: takes("system"),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, args []string) error {
			return w.proposeReasons(cmd.Context(), args[0])
		}),
	}
}

func (w *workspace) proposeReasons(ctx context.Context, name string) error {
	m, conn, err := w.miner(ctx, name)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	reader, err := w.reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	m.Index = reader.Index()
	found, err := m.Mine(ctx)
	if err != nil {
		return err
	}
	if w.json {
		return w.reasonObjects(found)
	}
	w.sayReasons(name, found)
	return nil
}

// miner opens the database of a declared system.
func (w *workspace) miner(ctx context.Context, name string) (*site.Miner, *pgx.Conn, error) {
	id, err := w.system(name)
	if err != nil {
		return nil, nil, err
	}
	m := &site.Miner{Store: w.store, Identity: w.identity, System: id}
	systems, err := w.siteSystems()
	if err != nil {
		return nil, nil, err
	}
	for i := range systems {
		if systems[i].Name != name || systems[i].Upstream == nil {
			continue
		}
		for t := range systems[i].Tables {
			if systems[i].Tables[t].Subject {
				m.Subjects = &systems[i].Tables[t]
			}
		}
		if m.Subjects == nil {
			break
		}
		m.Declared = systems[i].Explanations
		m.Conn, err = pgx.ConnectConfig(ctx, systems[i].Upstream)
		if err != nil {
			return nil, nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the database cannot be reached", Hint: "check host, port, user and password: custody doctor " + name, Err: err}
		}
		return m, m.Conn, nil
	}
	return nil, nil, custody.E(custody.CodeInvalid, "the system has no guarded database with a table of customers", "reasons of a system that only leaves a log come from a list of jobs: custody watch --log access.csv --jobs jobs.csv")
}

// yamlOf writes a template as custody.yaml has it.
func yamlOf(t *custody.Template) string {
	var path []string
	for _, j := range t.Path {
		path = append(path, j.Left.String()+" = "+j.Right.String())
	}
	return fmt.Sprintf("      - name: %s\n        says: %s\n        path: [%s]", t.Name, t.Says, strings.Join(path, ", "))
}

func (a *app) reasonObjects(r *site.Reasons) error {
	for i, m := range r.Coverage.Templates {
		t := &r.Templates[i]
		var path []string
		for _, j := range t.Path {
			path = append(path, j.Left.String()+" = "+j.Right.String())
		}
		row := map[string]any{"name": t.Name, "says": t.Says, "path": path, "support": m.Support, "adds": m.Adds, "by_chance": m.False}
		if r.Declared != nil {
			row["beyond_declared"] = r.Declared.Beyond[i]
		}
		if err := a.object(row); err != nil {
			return err
		}
	}
	sum := map[string]any{"first_looks": r.Coverage.Sample, "explained": r.Coverage.First, "random_pairs_explained": r.Coverage.False, "paths_tried": r.Paths}
	if d := r.Declared; d != nil {
		sum["declared_explained"], sum["declared_explained_last_week"], sum["declared_explained_before"] = d.First, d.Recent, d.Before
	}
	return a.object(sum)
}

func (a *app) sayReasons(name string, r *site.Reasons) {
	if d := r.Declared; d != nil {
		a.say("What custody.yaml declares explains %.1f %% of first looks: %.1f %% of the %d of the last week, %.1f %% of those before.\n", 100*d.First, 100*d.Recent, d.RecentLooks, 100*d.Before)
	}
	if len(r.Templates) == 0 {
		a.say("None of %s explains looks more often than chance does.", plural(r.Paths, "path"))
		return
	}
	for i, m := range r.Coverage.Templates {
		a.say("%s", printable(r.Templates[i].Says))
		a.say("  %.1f %% of first looks, %.1f %% that nothing above explains%s, %.1f %% of random pairs", 100*m.Support, 100*m.Adds, beyond(r, i), 100*m.False)
	}
	a.say("Together %.1f %% of %d first looks, and %.1f %% of random pairs; %s were tried.", 100*r.Coverage.First, r.Coverage.Sample, 100*r.Coverage.False, plural(r.Paths, "path"))
	a.say("\nNothing is put in force. What is true goes into custody.yaml, under %s:\n\n    explanations:", name)
	for i := range r.Templates {
		for _, line := range strings.Split(yamlOf(&r.Templates[i]), "\n") {
			a.say("%s", printable(line))
		}
	}
}

// beyond says what a path explains that no declared reason does.
func beyond(r *site.Reasons, i int) string {
	if r.Declared == nil {
		return ""
	}
	return fmt.Sprintf(", %.1f %% that nothing declared explains", 100*r.Declared.Beyond[i])
}
