package subjects

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"custody"
)

// Proposal is what Discover would declare of a database, with reasons. Confidences
// are percentages: above 80 the names and the data agree; below 50 somebody should
// look. No reason holds a value from the database.
type Proposal struct {
	Database   string // as the server calls it
	Reason     string // why the first of Tables holds the subjects
	Confidence int
	Tables     []TableProposal // the subjects' own table first, the rest by name
	LeftOut    []LeftOut       // every other table, by name
}

// TableProposal proposes one table that holds subjects' data.
type TableProposal struct {
	Schema, Name string
	Subject      bool
	Key          string // the column that carries the subject's key
	Reason       string
	Confidence   int
	Columns      []ColumnProposal // those with personal data, in the table's order
}

// ColumnProposal proposes one column's category; Confidence is in percent.
type ColumnProposal struct {
	Name       string
	Category   custody.Category
	Identifier bool // its values name a subject by themselves
	Reason     string
	Confidence int
}

// LeftOut is a table that the proposal leaves out. Personal is set when it looks as
// if it held personal data all the same: somebody must decide.
type LeftOut struct {
	Schema, Name string
	Reason       string
	Personal     bool
}

// Discover reads a database's schemas, foreign and unique keys, and a sample of at
// most 1,000 rows of each table, and proposes which tables hold subjects' data, by
// which key, and what is in which column. It changes nothing and keeps no sampled
// value. If no table looks as if it held people, the error says so.
func Discover(ctx context.Context, conn *pgx.Conn) (*Proposal, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fillError(err, nil)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := tx.Exec(ctx, "SET LOCAL client_encoding = 'UTF8'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL statement_timeout = '30s'"); err != nil {
		return nil, fillError(err, nil)
	}
	s := &schema{conn: conn}
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	for _, t := range s.tables {
		if err := s.sample(ctx, t); err != nil {
			return nil, err
		}
		for _, c := range t.columns {
			c.classify(t)
		}
	}
	hub, why, err := s.findHub()
	if err != nil {
		return nil, err
	}
	if err := s.reach(ctx, hub); err != nil {
		return nil, err
	}
	p := &Proposal{Database: s.database, Reason: why.text, Confidence: why.percent}
	for _, t := range s.tables {
		s.propose(p, t, hub)
	}
	slices.SortStableFunc(p.Tables, func(a, b TableProposal) int {
		if a.Subject != b.Subject {
			if a.Subject {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Schema+"."+a.Name, b.Schema+"."+b.Name)
	})
	return p, nil
}

// propose puts a table into the proposal or among those left out.
func (s *schema) propose(p *Proposal, t *relation, hub *hub) {
	columns := t.personal(t == hub.table)
	if t.key == nil || len(columns) == 0 && t != hub.table {
		p.LeftOut = append(p.LeftOut, leftOut(t, columns, hub))
		return
	}
	out := TableProposal{Schema: t.schema, Name: t.name, Subject: t == hub.table, Key: t.key.name, Reason: t.reason.text, Confidence: t.reason.percent}
	for _, c := range columns {
		out.Columns = append(out.Columns, ColumnProposal{Name: c.name, Category: c.category, Identifier: c.identifies(), Reason: c.reason.text, Confidence: c.reason.percent})
	}
	p.Tables = append(p.Tables, out)
}

// personal gives the columns to propose: those that hold personal data and are not
// the key.
func (t *relation) personal(hub bool) []*column {
	var list []*column
	for _, c := range t.columns {
		if c.found && c != t.key && (hub || t.key != nil || !c.needsSubject) {
			list = append(list, c)
		}
	}
	return list
}

func leftOut(t *relation, columns []*column, hub *hub) LeftOut {
	out := LeftOut{Schema: t.schema, Name: t.name}
	var kinds custody.CategorySet
	for _, c := range columns {
		kinds |= custody.Categories(c.category)
	}
	switch {
	case t.denied:
		out.Reason, out.Personal = "this login may not read it", true
	case kinds == 0 && t.key != nil:
		out.Reason = "its rows belong to subjects by " + t.key.name + ", but no column looks like personal data"
	case kinds == 0:
		out.Reason = "no column looks like personal data"
	case t.via != "":
		out.Personal = true
		out.Reason = fmt.Sprintf("looks like %s, but no column carries the key of %s: it is reached only through %s", kinds, hub.table.name, t.via)
	case t.isStaff():
		out.Reason = fmt.Sprintf("looks like %s of staff or others who are not subjects", kinds)
	case t.aim != "":
		out.Personal = true
		out.Reason = fmt.Sprintf("looks like %s; %s points at it, but no column carries the key of %s", kinds, t.aim, hub.table.name)
	default:
		out.Personal = true
		out.Reason = fmt.Sprintf("looks like %s, but nothing ties it to %s", kinds, hub.table.name)
	}
	return out
}

// System gives the proposal in the words of package custody, without a number.
func (p *Proposal) System() *custody.System {
	sys := &custody.System{Name: p.SystemName()}
	for _, t := range p.Tables {
		out := custody.Table{Schema: t.Schema, Name: t.Name, Key: t.Key, Subject: t.Subject, Columns: map[string]custody.Category{}}
		for _, c := range t.Columns {
			out.Columns[c.Name] = c.Category
			if c.Identifier {
				out.Identifiers = append(out.Identifiers, c.Name)
			}
		}
		sys.Tables = append(sys.Tables, out)
	}
	return sys
}

// reason is why something is proposed, and how sure that is.
type reason struct {
	text    string
	percent int
}

// SystemName makes a system's name of the database's: lower-case letters, digits,
// dashes and underscores, a letter first.
func (p *Proposal) SystemName() string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, p.Database)
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = "db" + name
	}
	return name[:min(len(name), 60)]
}
