package found

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/subjects"
)

// Index finds the customers of the system.
type Index interface {
	Find(dst []custody.SubjectID, category custody.Category, value []byte) []custody.SubjectID
	Lookup(key []byte) (custody.SubjectID, bool)
}

// Change says that something of a customer was changed.
type Change struct {
	Time       time.Time
	Categories custody.CategorySet
}

// Options say what a file is compared with.
type Options struct {
	Index Index
	// Key names the column that holds customers' keys; guessed from headers if empty.
	Key    string
	Copies []*Copy
	// Changes gives the recorded changes of a customer, in any order. May be nil.
	Changes func(custody.SubjectID) []Change
	// Bad is told of rows that cannot be taken apart. May be nil.
	Bad func(line int, why string)
}

// File is what is known of a found file.
type File struct {
	Form
	Rows      int            `json:"rows"`
	Bad       int            `json:"bad_rows"`
	Matched   int            `json:"rows_of_customers"`
	Ambiguous int            `json:"rows_of_several"`
	Unknown   int            `json:"rows_of_nobody"`
	Holds     map[string]int `json:"holds"` // values found, by category
	Order     string         `json:"order,omitempty"`
	Copies    []Hit          `json:"copies,omitempty"`
	// Fresh is the newest recorded change whose new value is in the file: it was made
	// later. Stale is the oldest change whose old value is: it was made earlier.
	Fresh time.Time `json:"made_after_change,omitzero"`
	Stale time.Time `json:"made_before_change,omitzero"`

	// Subjects are the customers, each once, in the order of the file.
	Subjects []custody.SubjectID `json:"-"`
}

// Hit says what of a declared copy is in the file.
type Hit struct {
	Copy       string    `json:"copy"`
	Made       time.Time `json:"made,omitzero"`
	Canaries   int       `json:"canaries"`
	Of         int       `json:"canaries_of_copy"`
	Pseudonyms int       `json:"pseudonyms"`
}

// Marked says whether the hit names the copy: something that only it has.
func (h *Hit) Marked() bool { return h.Canaries > 0 || h.Pseudonyms > 0 }

// Match reads a file and finds out whose rows they are.
func Match(file []byte, o Options) (*File, error) {
	m := &matching{o: o, file: &File{Holds: map[string]int{}}, seen: map[custody.SubjectID]bool{}, canaries: make([]map[string]bool, len(o.Copies)), pseudonyms: make([]int, len(o.Copies))}
	for i := range m.canaries {
		m.canaries[i] = map[string]bool{}
	}
	form, err := Read(file, m.row, func(line int, why string) {
		m.file.Bad++
		if o.Bad != nil {
			o.Bad(line, why)
		}
	})
	m.file.Form = form
	if err != nil {
		return nil, err
	}
	m.finish()
	return m.file, nil
}

type matching struct {
	o          Options
	file       *File
	seen       map[custody.SubjectID]bool
	canaries   []map[string]bool // of each copy, found
	pseudonyms []int             // rows of each copy
	room       []custody.SubjectID
	votes      []vote
	values     []value
	order      order
}

// vote counts the values of a row that name a customer.
type vote struct {
	subject custody.SubjectID
	n       int
}

// value is an identifier in a row, and whom it names.
type value struct {
	category custody.Category
	names    []custody.SubjectID
}

func (m *matching) row(r Row) error {
	m.file.Rows++
	m.votes, m.values = m.votes[:0], m.values[:0]
	marked := false
	for i := range r.Cells {
		c := &r.Cells[i]
		marked = m.marks(c.Text) || marked
		if m.isKey(c.Column) {
			if id, ok := m.o.Index.Lookup([]byte(c.Text)); ok {
				m.vote(id)
				m.file.Holds["key"]++
			}
		}
		m.identifiers(c.Text)
	}
	m.order.row(r)
	slices.SortStableFunc(m.votes, func(a, b vote) int { return cmp.Compare(b.n, a.n) })
	switch {
	case len(m.votes) == 0 && marked:
	case len(m.votes) == 0:
		m.file.Unknown++
	case len(m.votes) > 1 && m.votes[1].n == m.votes[0].n:
		m.file.Ambiguous++
	default:
		m.file.Matched++
		m.customer(m.votes[0].subject)
	}
	return nil
}

func (m *matching) vote(id custody.SubjectID) {
	for i := range m.votes {
		if m.votes[i].subject == id {
			m.votes[i].n++
			return
		}
	}
	m.votes = append(m.votes, vote{id, 1})
}

// customer notes whose row it is, and what its values say of the file's age.
func (m *matching) customer(id custody.SubjectID) {
	if !m.seen[id] {
		m.seen[id] = true
		m.file.Subjects = append(m.file.Subjects, id)
	}
	if m.o.Changes == nil || len(m.values) == 0 {
		return
	}
	for _, c := range m.o.Changes(id) {
		for _, v := range m.values {
			switch {
			case !c.Categories.Has(v.category):
			case slices.Contains(v.names, id):
				if c.Time.After(m.file.Fresh) {
					m.file.Fresh = c.Time
				}
			case len(v.names) == 0 && (m.file.Stale.IsZero() || c.Time.Before(m.file.Stale)):
				m.file.Stale = c.Time
			}
		}
	}
}

var (
	emailForm = regexp.MustCompile(`[^\s<>",;:()\[\]]+@[^\s<>",;:()\[\]]+\.[A-Za-z]{2,}`)
	phoneForm = regexp.MustCompile(`\+?\(?\d[\d ().-]{7,18}\d`)
	markForm  = regexp.MustCompile(`\b[A-Za-z]{1,3}\d{1,4} ?[A-Za-z]{0,3}\b`)
)

// identifiers finds what names a customer in a cell. Long ones are texts, in which
// identifiers stand among words.
func (m *matching) identifiers(text string) {
	for _, k := range []struct {
		category custody.Category
		form     *regexp.Regexp
	}{{custody.Email, emailForm}, {custody.Phone, phoneForm}, {custody.Vehicle, markForm}} {
		for _, v := range k.form.FindAllString(text, 20) {
			if _, ok := subjects.Canonical(nil, k.category, []byte(v)); !ok {
				continue
			}
			m.file.Holds[k.category.String()]++
			m.room = m.o.Index.Find(m.room[:0], k.category, []byte(v))
			m.values = append(m.values, value{k.category, slices.Clone(m.room)})
			for _, id := range m.room {
				m.vote(id)
			}
			if v != text { // the whole cell was looked at
				m.marks(v)
			}
		}
	}
}

// marks looks for what only one copy has.
func (m *matching) marks(text string) (found bool) {
	form := canonical(text)
	for i, c := range m.o.Copies {
		if c.Canaries[form] {
			m.canaries[i][form], found = true, true
		}
		if key, ok := c.Pseudonyms[text]; ok {
			m.pseudonyms[i]++
			found = true
			if id, ok := m.o.Index.Lookup([]byte(key)); ok {
				m.vote(id)
			}
		}
	}
	return found
}

// canonical is one spelling for a canary, whatever kind of value it is.
func canonical(text string) string {
	for _, c := range []custody.Category{custody.Email, custody.Phone, custody.Vehicle} {
		if form, ok := subjects.Canonical(nil, c, []byte(text)); ok {
			return string(form)
		}
	}
	return strings.ToLower(strings.Join(strings.Fields(text), " "))
}

var keyNames = []string{"id", "key", "customerid", "customer", "customerno", "customernumber", "customerkey", "clientid", "subject", "recordid"}

// isKey says whether a column holds keys.
func (m *matching) isKey(column string) bool {
	if m.o.Key != "" {
		return strings.EqualFold(column, m.o.Key)
	}
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(column))
	return slices.Contains(keyNames, plain)
}

func (m *matching) finish() {
	m.file.Order = m.order.String()
	for i, c := range m.o.Copies {
		m.file.Copies = append(m.file.Copies, Hit{Copy: c.Name, Made: c.Made, Canaries: len(m.canaries[i]), Of: len(c.Canaries), Pseudonyms: m.pseudonyms[i]})
	}
}
