package custody

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Template is one innocent explanation of a look, declared in custody.yaml: a path of
// joins in the system's own tables from the customer to the person who looks, as in
// "a job of this customer is at the person's branch". The gate asks it before it asks
// the person for a reason; detectors ask it to tell explained looks from others.
type Template struct {
	Name string // letters, digits, dashes
	Says string // the reason in words, without personal data
	// Path are the equalities that join customer and person, in any order. One side of
	// one of them is Subject, of one of them Person.
	Path []Join
	// Since, if set, is a column of the path's tables that must not be longer ago than
	// Within when the look happens.
	Since  Column
	Within time.Duration
}

// Join is one equality of a path.
type Join struct{ Left, Right Column }

// Column is a column of a table. Table is "schema.table" or a name in public; the
// tables "subject" and "person" stand for the customer's key and for a fact about who
// looks.
type Column struct{ Table, Name string }

// The tables of a path's ends.
const (
	TableSubject = "subject" // its only column is the customer's key
	TablePerson  = "person"  // its columns are PersonFacts
)

// PersonFacts are what a path may end in: login (the address), user (what is before its
// @), name (in full), branch and organisation.
var PersonFacts = []string{"login", "user", "name", "branch", "organisation"}

// PersonFact gives a fact about who looks; empty if it is not known, and then nothing
// is explained by it.
func (s *Session) PersonFact(name string) string {
	switch name {
	case "login":
		return s.Login
	case "user":
		user, _, _ := strings.Cut(s.Login, "@")
		return user
	case "name":
		return s.FullName
	case "branch":
		return s.Branch
	case "organisation":
		return s.OrgName
	}
	return ""
}

// String writes a column as templates do.
func (c Column) String() string {
	if c.Table == TableSubject {
		return TableSubject
	}
	return c.Table + "." + c.Name
}

var sqlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// ParseColumn reads table.column, schema.table.column, person.fact or subject.
func ParseColumn(text string) (Column, error) {
	if text == TableSubject {
		return Column{Table: TableSubject, Name: "key"}, nil
	}
	parts := strings.Split(text, ".")
	for _, p := range parts {
		if !sqlName.MatchString(p) {
			return Column{}, fmt.Errorf("%q is not a column: write table.column, person.branch or subject", text)
		}
	}
	if len(parts) < 2 || len(parts) > 3 {
		return Column{}, fmt.Errorf("%q is not a column: write table.column, person.branch or subject", text)
	}
	c := Column{Table: strings.Join(parts[:len(parts)-1], "."), Name: parts[len(parts)-1]}
	if c.Table == TablePerson && !isFact(c.Name) {
		return Column{}, fmt.Errorf("nothing is known of a person's %q: there is %s", c.Name, strings.Join(PersonFacts, ", "))
	}
	return c, nil
}

func isFact(name string) bool {
	for _, f := range PersonFacts {
		if f == name {
			return true
		}
	}
	return false
}

// ParseJoin reads one equality: "jobs.customer_id = subject".
func ParseJoin(text string) (j Join, err error) {
	left, right, ok := strings.Cut(text, "=")
	if !ok || strings.Contains(right, "=") {
		return j, fmt.Errorf("%q is not an equality: write two columns with = between them", text)
	}
	if j.Left, err = ParseColumn(strings.TrimSpace(left)); err == nil {
		j.Right, err = ParseColumn(strings.TrimSpace(right))
	}
	return j, err
}

// MaxJoins is how many equalities a path may have.
const MaxJoins = 8

// Check holds a template to what can be asked: one end at the customer, at least one at
// the person, and every table connected to both.
func (t *Template) Check() error {
	if !templateName.MatchString(t.Name) {
		return E(CodeInvalid, "a template's name is lower-case letters, digits and dashes", "as in job-at-branch")
	}
	if len(t.Path) == 0 || len(t.Path) > MaxJoins {
		return E(CodeInvalid, fmt.Sprintf("the path of %s has no equality or more than %d", t.Name, MaxJoins), "write it as [jobs.customer_id = subject, jobs.branch = person.branch]")
	}
	subjects, people := 0, 0
	near := map[string]bool{TableSubject: true}
	for range t.Path { // reach every table from the customer
		for _, j := range t.Path {
			if near[j.Left.Table] && j.Right.Table != TablePerson {
				near[j.Right.Table] = true
			} else if near[j.Right.Table] && j.Left.Table != TablePerson {
				near[j.Left.Table] = true
			}
		}
	}
	for _, j := range t.Path {
		for _, c := range []Column{j.Left, j.Right} {
			switch {
			case c.Table == TableSubject:
				subjects++
			case c.Table == TablePerson:
				people++
			case !near[c.Table]:
				return E(CodeInvalid, fmt.Sprintf("the path of %s does not lead from the customer to %s", t.Name, c.Table), "add the equality that joins it")
			}
		}
		if (j.Left.Table == TableSubject || j.Left.Table == TablePerson) && (j.Right.Table == TableSubject || j.Right.Table == TablePerson) {
			return E(CodeInvalid, fmt.Sprintf("the path of %s goes through no table", t.Name), "join the customer to a table, and the table to the person")
		}
	}
	if subjects != 1 || people == 0 {
		return E(CodeInvalid, fmt.Sprintf("the path of %s must name the subject once, and the person", t.Name), "write it as [jobs.customer_id = subject, jobs.branch = person.branch]")
	}
	if t.Since.Table != "" && !near[t.Since.Table] || (t.Since.Table != "") != (t.Within > 0) {
		return E(CodeInvalid, fmt.Sprintf("within of %s needs a column of the path and a time", t.Name), "write it as {column: jobs.updated_at, time: 60d}")
	}
	return nil
}

var templateName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Facts are the person's facts that a template asks for.
func (t *Template) Facts() (names []string) {
	for _, j := range t.Path {
		for _, c := range []Column{j.Left, j.Right} {
			if c.Table == TablePerson {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// SQL writes the question whether a template explains looks at customers, for
// PostgreSQL: it gives the keys, as text, of those customers whom it explains. $1 is an
// array literal of their keys; the facts follow, in the order of Facts; and, if Since is
// set, the earliest moment that counts. Names are quoted; nothing of a person or a
// customer is in the text.
func (t *Template) SQL() string {
	var tables, where []string
	seen := map[string]bool{}
	subject, fact := "", 1
	for _, j := range t.Path {
		left, right := j.Left, j.Right
		for _, c := range []Column{left, right} {
			if c.Table != TableSubject && c.Table != TablePerson && !seen[c.Table] {
				seen[c.Table] = true
				tables = append(tables, c.table())
			}
		}
		if left.Table == TableSubject || left.Table == TablePerson {
			left, right = right, left
		}
		switch right.Table {
		case TableSubject:
			subject = left.quoted()
			where = append(where, subject+" = ANY($1)")
		case TablePerson:
			fact++
			where = append(where, fmt.Sprintf("%s = $%d", left.quoted(), fact))
		default:
			where = append(where, left.quoted()+" = "+right.quoted())
		}
	}
	if t.Since.Table != "" {
		where = append(where, fmt.Sprintf("%s >= $%d", t.Since.quoted(), fact+1))
	}
	return "SELECT DISTINCT " + subject + "::text FROM " + strings.Join(tables, ", ") + " WHERE " + strings.Join(where, " AND ")
}

// table is a column's table, quoted, with its schema.
func (c Column) table() string {
	schema, name, ok := strings.Cut(c.Table, ".")
	if !ok {
		schema, name = "public", c.Table
	}
	return `"` + schema + `"."` + name + `"`
}

func (c Column) quoted() string { return c.table() + `."` + c.Name + `"` }
