package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"custody"
	"custody/config"
	"custody/subjects"
)

// unsure is the confidence in percent below which somebody should look.
const unsure = 50

func (a *app) discoverCommand() *cobra.Command {
	var name string
	var write bool
	cmd := &cobra.Command{
		Use: "discover URL|SYSTEM", Short: "Propose what a database holds: customers, keys, categories",
		Long: `Read a database's schema, foreign keys and a sample of its values, and propose which
tables hold customers, by which key, and which column is which category, with the
reasons. No sampled value is kept or shown.

A database that custody.yaml does not declare yet is written into it, and the
credential into keys/SYSTEM.upstream, which the gate alone reads; --write=false only
shows. What custody.yaml says already is kept as it is: run it again whenever the
schema has changed. Then what is new is shown, and added with --write. The password is
taken from the URL, from PGPASSWORD, or asked for.`,
		Example: `  custody discover postgres://gate@db.internal/bodyshop
  custody discover --write=false postgres://gate@db.internal/bodyshop
  custody discover bodyshop
  custody discover bodyshop --write`,
		Args: takes("url"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.discover(cmd.Context(), args[0], name, func(known bool) bool { return write || !known && !cmd.Flags().Changed("write") })
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "`name` of the system (default the database's)")
	cmd.Flags().BoolVar(&write, "write", false, "put what is new into custody.yaml (default for a database that it does not have)")
	return cmd
}

// discover proposes; write says whether the proposal for a system that custody.yaml knows
// or does not know is put there.
func (a *app) discover(ctx context.Context, what, name string, write func(known bool) bool) error {
	c, err := config.Load(a.dir)
	if err != nil {
		return err
	}
	e, name, err := a.discovered(c, what, name)
	if err != nil {
		return err
	}
	p, err := lookInto(ctx, e.connect)
	if err != nil {
		return err
	}
	if name == "" {
		name = p.SystemName()
	}
	d := &discovery{app: a, name: name, proposal: p, declared: c.Systems[name]}
	d.write = write(d.declared != nil)
	d.propose(e)
	text, err := config.ReadFile(a.dir)
	if err != nil {
		return err
	}
	if _, d.added, err = config.Merge(text, name, d.system, d.why); err != nil {
		return err
	}
	if d.write && len(d.added) > 0 {
		if d.declared != nil {
			e = nil // its credential is known
		}
		if err := a.writeSystem(name, d.system, d.why, e); err != nil {
			return err
		}
	}
	if a.json {
		return d.objects()
	}
	return d.print()
}

// discovered finds the database: that of a declared system, or that of a URL.
func (a *app) discovered(c *config.Config, what, name string) (*entrance, string, error) {
	if s := c.Systems[what]; s != nil {
		upstream, err := a.upstream(&s.Database)
		return &entrance{declared: s.Database, connect: upstream}, what, err
	}
	if !strings.Contains(what, "://") {
		return nil, "", custody.E(custody.CodeNotFound, fmt.Sprintf("custody.yaml declares no system %q", what), "give its connection string: postgres://USER@HOST/DATABASE")
	}
	e, err := a.parseEntrance(what)
	if err != nil {
		return nil, "", err
	}
	return e, name, nil
}

func lookInto(ctx context.Context, c *pgx.ConnConfig) (*subjects.Proposal, error) {
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the database cannot be reached",
			Hint: "check host, port, user and password; does psql with the same connection string work?", Err: err}
	}
	defer conn.Close(ctx)
	return subjects.Discover(ctx, conn)
}

// discovery is one proposal beside what custody.yaml declares already.
type discovery struct {
	*app
	name     string
	proposal *subjects.Proposal
	declared *config.System // nil when the system is new
	system   *config.System // the proposal, as custody.yaml would say it
	why      map[string]string
	added    []string
	write    bool
}

// propose says the proposal in the words of custody.yaml.
func (d *discovery) propose(e *entrance) {
	d.system, d.why = config.NewSystem(), map[string]string{}
	d.system.Database = e.declared
	for i := range d.proposal.Tables {
		d.proposeTable(&d.proposal.Tables[i])
	}
}

func (d *discovery) proposeTable(t *subjects.TableProposal) {
	full := t.Schema + "." + t.Name
	if t.Subject {
		d.system.Subjects = config.Subjects{Table: full, Key: t.Key}
	}
	table := &config.Table{Key: t.Key, Columns: map[string]string{}}
	d.why[full] = reasonText(t.Reason, t.Confidence)
	for _, c := range t.Columns {
		table.Columns[c.Name] = c.Category.String()
		d.why[full+"."+c.Name] = reasonText(c.Reason, c.Confidence)
		if c.Identifier {
			table.Identifiers = append(table.Identifiers, c.Name)
		}
	}
	d.system.Tables[full] = table
}

func reasonText(reason string, confidence int) string {
	if confidence < unsure {
		return fmt.Sprintf("LOOK AT THIS (%d %%): %s", confidence, reason)
	}
	return fmt.Sprintf("%s (%d %%)", reason, confidence)
}

// isNew says whether a table or a column is not in custody.yaml yet.
func (d *discovery) isNew(at string) bool { return slices.Contains(d.added, at) }

// print shows the proposal to people: all of it for a new system, else what is new.
func (d *discovery) print() error {
	if d.declared == nil {
		if err := d.printNew(); err != nil {
			return err
		}
	} else {
		d.printAdded()
	}
	d.printUndecided()
	switch {
	case d.write && len(d.added) > 0:
		d.say("\ncustody.yaml says so now. Read it once, then: custody serve")
	case len(d.added) > 0:
		d.say("\nNothing was written: --write puts this into custody.yaml.")
	}
	return nil
}

func (d *discovery) printNew() error {
	text, _, err := config.Merge(nil, d.name, d.system, d.why)
	if err != nil {
		return err
	}
	d.say("# %s", reasonText(d.proposal.Reason, d.proposal.Confidence))
	d.say("%s", strings.TrimRight(string(text), "\n"))
	return nil
}

func (d *discovery) printAdded() {
	if len(d.added) == 0 {
		d.say("custody.yaml says all of this already; nothing is new in %s.", d.name)
		return
	}
	d.say("New in %s:", d.name)
	for _, at := range d.added {
		d.say("  %s: %s", at, d.why[at])
	}
}

// undecided are the tables that look personal, cannot be declared without a person's
// decision, and have none yet.
func (d *discovery) undecided() []subjects.LeftOut {
	return slices.DeleteFunc(slices.Clone(d.proposal.LeftOut), func(t subjects.LeftOut) bool {
		return !t.Personal || d.declared != nil && d.declared.Table(t.Schema+"."+t.Name) != nil
	})
}

func (d *discovery) printUndecided() {
	open := d.undecided()
	if len(open) == 0 {
		return
	}
	d.say("\nDecide on these: declare each in custody.yaml with its key and columns, or as none.")
	for _, t := range open {
		d.say("  %s.%s: %s", t.Schema, t.Name, t.Reason)
	}
}

// proposalRow is one table or column of the proposal.
type proposalRow struct {
	System     string `json:"system"`
	Kind       string `json:"kind"` // table, column, left-out
	Table      string `json:"table"`
	Column     string `json:"column,omitempty"`
	Category   string `json:"category,omitempty"`
	Key        string `json:"key,omitempty"`
	Subject    bool   `json:"subject,omitempty"`
	Identifier bool   `json:"identifier,omitempty"`
	New        bool   `json:"new"`     // custody.yaml did not declare it before
	Decide     bool   `json:"decide"`  // somebody must decide
	Written    bool   `json:"written"` // it is in custody.yaml now
	Confidence int    `json:"confidence,omitempty"`
	Reason     string `json:"reason"`
}

func (d *discovery) objects() error {
	var rows []proposalRow
	for _, t := range d.proposal.Tables {
		full := t.Schema + "." + t.Name
		rows = append(rows, d.row(proposalRow{Kind: "table", Table: full, Key: t.Key, Subject: t.Subject, Confidence: t.Confidence, Reason: t.Reason}, full))
		for _, c := range t.Columns {
			rows = append(rows, d.row(proposalRow{Kind: "column", Table: full, Column: c.Name, Category: c.Category.String(),
				Identifier: c.Identifier, Confidence: c.Confidence, Reason: c.Reason}, full+"."+c.Name))
		}
	}
	open := d.undecided()
	for _, t := range d.proposal.LeftOut {
		rows = append(rows, proposalRow{System: d.name, Kind: "left-out", Table: t.Schema + "." + t.Name, Reason: t.Reason,
			Decide: slices.Contains(open, t)})
	}
	return list(d.app, rows, "")
}

func (d *discovery) row(r proposalRow, at string) proposalRow {
	r.System, r.New = d.name, d.isNew(at)
	r.Written = !r.New || d.write
	r.Decide = r.New && r.Confidence < unsure
	return r
}
