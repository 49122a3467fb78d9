package detect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"custody"
)

// Template says by which path in the data a look at a customer is explained: a row of
// Table whose Subject column holds the customer's key, and whose Column holds the
// person's attribute With. It is what custody.yaml declares under explanations.
type Template struct {
	Name    string // short, for --json
	Says    string // in words: "a job at the person's branch"
	Table   string
	Subject string // column of the customer's key
	Column  string // column that is compared
	With    string // attribute of the person: AttributeLogin and so on
	From    string // column: not before this time; may be empty
	Until   string // column: not after this time; may be empty
}

// Attributes of people that templates compare with.
const (
	AttributeLogin        = "login"
	AttributeBranch       = "branch"
	AttributeOrganisation = "organisation"
	AttributeRole         = "role"
)

// Relation holds the rows that templates look through. Add all rows, then Freeze; after
// that any number of goroutines may ask.
type Relation struct {
	Columns []string
	words   map[string]uint32
	cells   []cell
	starts  []uint32 // first cell of each customer
	dropped int
}

type cell struct {
	subject     custody.SubjectID
	column      uint16
	value       uint32
	from, until int32 // minutes since 1970; 0 is open
}

// MaxCells bounds a relation: 24 bytes each.
const MaxCells = 50_000_000

// NewRelation makes a relation of these columns.
func NewRelation(columns ...string) *Relation {
	return &Relation{Columns: columns, words: map[string]uint32{}}
}

// Word gives the number of a value, however it is written; 0 for an empty one.
func (r *Relation) Word(value string) uint32 {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if n, ok := r.words[value]; ok {
		return n
	}
	lower := strings.ToLower(value)
	n, ok := r.words[lower]
	if !ok {
		n = uint32(len(r.words) + 1)
		r.words[strings.Clone(lower)] = n
	}
	return n
}

// Add takes one value of a row. A cell that lists several values, parted by ; or |, is
// taken apart.
func (r *Relation) Add(s custody.SubjectID, column int, value string, from, until time.Time) {
	for part := range strings.FieldsFuncSeq(value, func(c rune) bool { return c == ';' || c == '|' }) {
		w := r.Word(part)
		if w == 0 {
			continue
		}
		if len(r.cells) >= MaxCells {
			r.dropped++
			continue
		}
		r.cells = append(r.cells, cell{s, uint16(column), w, minutes(from), minutes(until)})
	}
}

// AddWhole takes a value as it is, without taking it apart.
func (r *Relation) AddWhole(s custody.SubjectID, column int, value string, from, until time.Time) {
	if w := r.Word(value); w == 0 {
		return
	} else if len(r.cells) >= MaxCells {
		r.dropped++
	} else {
		r.cells = append(r.cells, cell{s, uint16(column), w, minutes(from), minutes(until)})
	}
}

// Known gives the number of a value that the relation holds; 0 if it does not. It may
// be asked from any number of goroutines once the relation is frozen.
func (r *Relation) Known(value string) uint32 {
	if value == "" {
		return 0
	}
	return r.words[strings.ToLower(strings.TrimSpace(value))]
}

// Has says whether a customer has a value in a column at a time.
func (r *Relation) Has(s custody.SubjectID, column int, value uint32, at time.Time) bool {
	return r.has(s, uint16(column), value, minutes(at))
}

func minutes(t time.Time) int32 {
	if t.IsZero() {
		return 0
	}
	return int32(t.Unix() / 60)
}

// Freeze makes the relation ready. Dropped says how many values were over MaxCells.
func (r *Relation) Freeze() (dropped int) {
	slices.SortFunc(r.cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(a.column, b.column), cmp.Compare(a.value, b.value))
	})
	r.starts = r.starts[:0]
	for i, c := range r.cells {
		for uint32(len(r.starts)) <= uint32(c.subject) {
			r.starts = append(r.starts, uint32(i))
		}
	}
	r.starts = append(r.starts, uint32(len(r.cells)))
	return r.dropped
}

// of gives the cells of a customer.
func (r *Relation) of(s custody.SubjectID) []cell {
	if int(s)+1 >= len(r.starts) {
		return nil
	}
	return r.cells[r.starts[s]:r.starts[s+1]]
}

// has says whether a customer has a value in a column at a time.
func (r *Relation) has(s custody.SubjectID, column uint16, value uint32, at int32) bool {
	for _, c := range r.of(s) {
		if c.column == column && c.value == value && (at == 0 || (c.from == 0 || at >= c.from-slack) && (c.until == 0 || at <= c.until+slack)) {
			return true
		}
	}
	return false
}

// slack is how long before its beginning and after its end a job still explains a look,
// in minutes.
const slack = 24 * 60

// First gives a customer's first value in a column; 0 if there is none.
func (r *Relation) First(s custody.SubjectID, column int) uint32 {
	for _, c := range r.of(s) {
		if c.column == uint16(column) {
			return c.value
		}
	}
	return 0
}

// Person has the attributes of a person, as words of a relation.
type Person map[string][]uint32

// Path is a template as it is looked up.
type Path struct {
	Template
	column uint16
}

// Explainer says of a look whether some template gives a reason for it in the relation.
type Explainer struct {
	Relation *Relation
	Paths    []Path
	People   func(person uint32) Person
}

// NewExplainer fits templates to the columns of a relation; a template's column is
// named as the relation names it.
func NewExplainer(r *Relation, templates []Template, people func(uint32) Person) (*Explainer, error) {
	x := &Explainer{Relation: r, People: people}
	for _, t := range templates {
		at := slices.Index(r.Columns, t.Column)
		if at < 0 {
			return nil, custody.E(custody.CodeInvalid, "the template "+t.Name+" names a column that is not there: "+t.Column, "columns are: "+strings.Join(r.Columns, ", "))
		}
		x.Paths = append(x.Paths, Path{t, uint16(at)})
	}
	return x, nil
}

// Explain gives the first template that explains a look, or -1.
func (x *Explainer) Explain(person uint32, s custody.SubjectID, at time.Time) int {
	p, when := x.People(person), minutes(at)
	for i := range x.Paths {
		for _, w := range p[x.Paths[i].With] {
			if x.Relation.has(s, x.Paths[i].column, w, when) {
				return i
			}
		}
	}
	return -1
}

// Says lists the templates in words.
func (x *Explainer) Says() []string {
	var list []string
	for _, p := range x.Paths {
		list = append(list, p.Says)
	}
	return list
}
