package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"custody"
	"custody/accesslog"
	"custody/subjects"
	"custody/trace"
	"custody/trace/found"
	"custody/trace/inquiry"
)

// foundRun is a found file that was read, and the copies it was compared with.
type foundRun struct {
	file   *found.File
	copies []*found.Copy
	at     time.Time
}

// readFound reads the found file against the customers of a working directory's systems.
func (w *workspace) readFound(ctx context.Context, t *traceRun, e *evidence) error {
	index, err := w.identifiers(ctx)
	if err != nil {
		return err
	}
	e.file, err = w.matchFound(t, systemIndex{index, e.system}, func(s custody.SubjectID) (list []found.Change) {
		for d := range e.index.WhoSaw(e.system, s, time.Time{}, time.Time{}) {
			if d.Kind == custody.EventChange {
				list = append(list, found.Change{Time: d.Time, Categories: d.Clear | d.Masked})
			}
		}
		return list
	})
	return err
}

// systemIndex is the identifiers of one system.
type systemIndex struct {
	x      *identifiers
	system custody.SystemID
}

func (i systemIndex) Find(dst []custody.SubjectID, c custody.Category, value []byte) []custody.SubjectID {
	return i.x.Find(dst, i.system, c, value)
}

func (i systemIndex) Lookup(key []byte) (custody.SubjectID, bool) { return i.x.Lookup(i.system, key) }

// fileIndex finds customers by their keys in a log, and by a list of theirs.
type fileIndex struct {
	q  *inquiry.Inquiry
	by map[string][]custody.SubjectID
}

func (i *fileIndex) Find(dst []custody.SubjectID, c custody.Category, value []byte) []custody.SubjectID {
	if c == custody.Name {
		return append(dst, i.by[c.String()+" "+oneName(string(value))]...)
	}
	if form, ok := subjects.Canonical(nil, c, value); ok {
		return append(dst, i.by[c.String()+" "+string(form)]...)
	}
	return dst
}

// oneName is the one spelling of a name: small letters, without titles and signs.
func oneName(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) > 1 && slices.Contains([]string{"mr", "mrs", "ms", "miss", "dr", "mx"}, words[0]) {
		words = words[1:]
	}
	return strings.Join(words, " ")
}

// isNameColumn says whether a list's column holds customers' names.
func isNameColumn(column string) bool {
	switch strings.ToLower(strings.NewReplacer("_", "", " ", "", "-", "").Replace(column)) {
	case "name", "fullname", "customername", "clientname":
		return true
	}
	return false
}

func (i *fileIndex) Lookup(key []byte) (custody.SubjectID, bool) { return i.q.Number(string(key)) }

// customers reads a list of customers: their keys, phones, mail addresses, registrations.
func (i *fileIndex) customers(path string) error {
	text, err := readWhole(path)
	if err != nil {
		return err
	}
	key := ""
	_, err = found.Read(text, func(r found.Row) error {
		if key == "" {
			if key = keyColumn(r); key == "" {
				return custody.E(custody.CodeInvalid, path+" has no column of customers' keys", "name the column customer_id")
			}
		}
		var id custody.SubjectID
		var known bool
		for _, c := range r.Cells {
			if c.Column == key {
				id, known = i.q.Number(c.Text)
			}
		}
		for _, c := range r.Cells {
			if known && isNameColumn(c.Column) {
				name := custody.Name.String() + " " + oneName(c.Text)
				i.by[name] = append(i.by[name], id)
			}
			for _, category := range []custody.Category{custody.Phone, custody.Email, custody.Vehicle} {
				if form, ok := subjects.Canonical(nil, category, []byte(c.Text)); ok && known && c.Column != key {
					name := category.String() + " " + string(form)
					i.by[name] = append(i.by[name], id)
				}
			}
		}
		return nil
	}, nil)
	return err
}

func keyColumn(r found.Row) string {
	for _, c := range r.Cells {
		switch strings.ToLower(strings.NewReplacer("_", "", " ", "", "-", "").Replace(c.Column)) {
		case "id", "key", "customerid", "customer", "customerno", "customernumber", "clientid":
			return c.Column
		}
	}
	return ""
}

// knowCustomers lets complaints say whose they are by a phone and the like.
func (t *traceRun) knowCustomers(q *inquiry.Inquiry) error {
	if t.customers == "" || t.found != "" {
		return nil
	}
	index := &fileIndex{q, map[string][]custody.SubjectID{}}
	q.Customers(index)
	return index.customers(t.customers)
}

// digests gives the SHA-256 of files as they are, by name; one that cannot be read has none.
func digests(files []string) <-chan map[string]string {
	done := make(chan map[string]string, 1)
	go func() {
		sums := map[string]string{}
		for _, name := range files {
			f, err := os.Open(name)
			if err != nil {
				continue
			}
			h := sha256.New()
			if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
				if _, err := io.Copy(h, f); err == nil {
					sums[name] = hex.EncodeToString(h.Sum(nil))
				}
			}
			f.Close()
		}
		done <- sums
	}()
	return done
}

// foundInFiles reads the found file against the customers of access logs.
func (a *app) foundInFiles(t *traceRun, q *inquiry.Inquiry) (*foundRun, error) {
	index := &fileIndex{q, map[string][]custody.SubjectID{}}
	if t.customers != "" {
		if err := index.customers(t.customers); err != nil {
			return nil, err
		}
	}
	return a.matchFound(t, index, nil)
}

func (a *app) matchFound(t *traceRun, index found.Index, changes func(custody.SubjectID) []found.Change) (*foundRun, error) {
	r := &foundRun{at: a.now()}
	var err error
	if t.foundAt != "" {
		if r.at, err = t.foundAt.at(a); err != nil {
			return nil, err
		}
	}
	if t.copies != "" {
		in, err := accesslog.Open(t.copies)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		if r.copies, err = found.Copies(in, t.place, func(line int, why string) { t.badRows.add(t.copies, accesslog.Bad{Line: line, Reason: why}) }); err != nil {
			return nil, err
		}
	}
	text, err := readWhole(t.found)
	if err != nil {
		return nil, err
	}
	r.file, err = found.Match(text, found.Options{Index: index, Key: t.key, Copies: r.copies, Changes: changes,
		Bad: func(line int, why string) { t.badRows.add(t.found, accesslog.Bad{Line: line, Reason: why}) }})
	return r, err
}

// readWhole reads a file of bounded size.
func readWhole(path string) ([]byte, error) {
	in, err := accesslog.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, found.MaxFile+1))
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeInvalid, Message: fmt.Sprintf("the file %s cannot be read", path), Hint: "is it a file, and complete?", Err: err}
	}
	return text, nil
}

// runFound traces the file that was found.
func (r *foundRun) run(q *inquiry.Inquiry, t *traceRun, o trace.Options) (*inquiry.Answer, error) {
	if err := q.Copies(r.copies); err != nil {
		return nil, err
	}
	return q.Found(t.found, r.file, r.at, o)
}

// readSources reads the declared pseudo-sources: KIND:NAME=FILE.
func readSources(q *inquiry.Inquiry, list []string) error {
	for _, text := range list {
		kind, rest, ok := strings.Cut(text, ":")
		name, file, named := strings.Cut(rest, "=")
		k := inquiry.Kind(kind)
		if !ok || !named || name == "" || k != inquiry.Partner && k != inquiry.Copy && k != inquiry.Upstream && k != inquiry.Branch {
			return custody.E(custody.CodeInvalid, "--source is KIND:NAME=FILE", "kinds are partner, copy, upstream and branch, as in --source partner:Acorn=acorn.csv")
		}
		in, err := accesslog.Open(file)
		if err != nil {
			return err
		}
		err = q.Source(inquiry.Name{Kind: k, Name: name}, file, in, nil)
		in.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printFound(f *inquiry.FoundFile) {
	a.say("%s: %s, %s rows; %s of customers, %s of several alike, %s of nobody known", f.Name, f.Kind, inquiry.Thousands(f.Rows),
		inquiry.Thousands(f.Matched), inquiry.Thousands(f.Ambiguous), inquiry.Thousands(f.Unknown))
	if f.Planted > 0 {
		a.say("  %s of its customers are planted ones, and no people", inquiry.Thousands(f.Planted))
	}
	if len(f.Columns) > 0 {
		a.say("  columns: %s", printable(strings.Join(f.Columns, ", ")))
	}
	form := f.Encoding
	if f.Separator != "" {
		form += ", parted by " + fmt.Sprintf("%q", f.Separator)
	}
	if f.Order != "" {
		form += ", " + printable(f.Order)
	}
	a.say("  form: %s", form)
	if !f.NotBefore.IsZero() {
		a.say("  made after %s: its newest customer, or newest value, was not there before", a.minute(f.NotBefore))
	}
	if !f.NotAfter.IsZero() {
		a.say("  made before %s: a value in it was changed then", a.minute(f.NotAfter))
	}
	for _, c := range f.Copies {
		a.say("  copy %s: %d of %d planted customers, %d pseudonyms", printable(c.Copy), c.Canaries, c.Of, c.Pseudonyms)
	}
	for _, h := range append(f.Holders, f.Most...) {
		a.say("  %s had seen %s of its %s customers", printable(h.Name.String()), inquiry.Thousands(h.Rows), inquiry.Thousands(f.Customers))
	}
}
