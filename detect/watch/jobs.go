package watch

import (
	"io"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/accesslog"
	"custody/detect"
)

// maxColumns bounds the columns of a list of jobs that are compared.
const maxColumns = 64

// Jobs reads a list of jobs, claims or calls: whatever says why somebody had to do with
// a customer. One column is the customer's key; every other one is compared with logins
// and branches.
func (w *Watch) Jobs(file string, r io.Reader, said map[accesslog.Field]string) error {
	if w.relation != nil {
		return custody.E(custody.CodeInvalid, "there are two lists of jobs", "put them into one file")
	}
	var header []string
	report, err := accesslog.Read(r, accesslog.Options{
		Wanted: []accesslog.Field{accesslog.Subject}, Needed: []accesslog.Field{accesslog.Subject}, Said: said, Zone: w.Zone, Bad: w.badIn(file),
		Header: func(h []string) { header = h[:min(len(h), maxColumns)]; w.relation = detect.NewRelation(header...) },
	}, w.job)
	if err != nil {
		return in(file, err)
	}
	w.others = append(w.others, Read{file, "jobs", report.Rows, report.BadLines, report.Lines(w.hidden()...)})
	if n := w.relation.Freeze(); n > 0 {
		return custody.E(custody.CodeTooLarge, "the list of jobs has more values than fit into memory", "leave out columns that name neither logins nor branches")
	}
	return nil
}

func (w *Watch) job(row *accesslog.Row) error {
	s := custody.SubjectID(w.customers.of(row.Get(accesslog.Subject)))
	for i := range w.relation.Columns {
		if i < len(row.Fields) && len(row.Fields[i]) <= maxCell {
			w.relation.Add(s, i, row.Fields[i], time.Time{}, time.Time{})
		}
	}
	return nil
}

// maxCell is how long a value may be, a list of logins too, in bytes.
const maxCell = accesslog.MaxValue

// people gives the attributes of each login as words of the relation.
func (w *Watch) people() func(uint32) detect.Person {
	list := make([]detect.Person, len(w.logins.list))
	for i := range list {
		p := detect.Person{detect.AttributeLogin: words(w.relation, w.logins.name(uint32(i)))}
		if b := w.branch(uint32(i)); b != 0 {
			p[detect.AttributeBranch] = words(w.relation, w.branches.name(b))
		}
		list[i] = p
	}
	return func(person uint32) detect.Person { return list[person] }
}

func words(r *detect.Relation, name string) []uint32 {
	if n := r.Word(name); n != 0 {
		return []uint32{n}
	}
	return nil
}

// samplePairs is how many first looks templates and groups are judged on.
const samplePairs = 200_000

// sample takes first looks evenly from the whole log.
func (w *Watch) sample() []detect.Pair {
	seen := map[detect.Pair]bool{}
	var all []detect.Pair
	step := max(1, w.looks.n/(4*samplePairs))
	for i := 0; i < w.looks.n; i += step {
		k := w.looks.nth(i)
		if p := k.pair(); !k.refused() && !seen[p] {
			seen[p] = true
			all = append(all, p)
		}
	}
	if n := len(all) / samplePairs; n > 1 {
		kept := all[:0]
		for i := 0; i < len(all); i += n {
			kept = append(kept, all[i])
		}
		all = kept
	}
	return all
}

// templates finds the templates, if there is a list of jobs, and which column says
// where a customer belongs.
func (w *Watch) templates() ([]detect.Template, detect.Coverage, func(uint32) detect.Person) {
	people := w.people()
	templates, coverage := detect.Mine(w.relation, w.sample(), []string{detect.AttributeLogin, detect.AttributeBranch}, people)
	for _, t := range templates {
		if t.With == detect.AttributeBranch && w.homes < 0 {
			w.homes = slices.Index(w.relation.Columns, t.Column)
		}
	}
	if w.homes < 0 {
		w.homes = slices.IndexFunc(w.relation.Columns, func(c string) bool { return strings.EqualFold(c, "branch") || strings.EqualFold(c, "site") })
	}
	return templates, coverage, people
}
