package accesslog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
)

// Column is a column of the file that holds a field.
type Column struct {
	Field  Field
	Name   string // the header
	At     int    // its place, from 0
	Why    string // how it was found, for people
	Layout Layout // of times
	// Clock is the column of the time of day, counted from 1, beside one of days; 0: none.
	Clock int
	// Address says that the customer's key stands in a web address.
	Address bool
	Sample  []string // some values, short
	// Refused are values of an Outcome by which nothing was shown, some of them.
	Refused []string
}

// Mapping says which column holds what.
type Mapping []Column

// Column gives the column of a field.
func (m Mapping) Column(f Field) (Column, bool) {
	i := slices.IndexFunc(m, func(c Column) bool { return c.Field == f })
	if i < 0 {
		return Column{}, false
	}
	return m[i], true
}

// Guess finds the columns of the wanted fields from headers and some rows of values.
// Fields that said gives by column name are taken from there.
func Guess(header []string, sample [][]string, wanted []Field, said map[Field]string) (Mapping, error) {
	return columnsOf{header: header, sample: sample}.guess(wanted, said)
}

// columnsOf is what is known of a file's columns.
type columnsOf struct {
	header []string
	sample [][]string
	later  [][]string // values from further on in the file, for the form of times
	bare   bool       // the header is made up
	list   bool       // of complaints: an id is theirs, and no customer's
	named  bool       // nothing is guessed by values, and no time by a part of a header
}

func (k columnsOf) guess(wanted []Field, said map[Field]string) (Mapping, error) {
	header := k.header
	var m Mapping
	taken := map[int]bool{}
	for _, f := range wanted {
		name, ok := said[f]
		if !ok {
			continue
		}
		at := place(header, name)
		if at < 0 {
			return nil, custody.E(custody.CodeInvalid, fmt.Sprintf("the file has no column %q for %s", name, f), "its columns are: "+columns(header))
		}
		taken[at] = true
		m = append(m, Column{Field: f, Name: header[at], At: at, Why: "as you said"})
	}
	for _, f := range wanted {
		if _, ok := said[f]; ok {
			continue
		}
		if c, ok := k.find(f, taken); ok {
			taken[c.At] = true
			m = append(m, c)
		}
	}
	for i := range m {
		if err := k.finish(&m[i], taken); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// finish finds out how a column's values are to be read.
func (k columnsOf) finish(c *Column, taken map[int]bool) error {
	c.Sample = samples(k.sample, c.At)
	if c.Field == Outcome {
		return c.settle(k.sample)
	}
	if c.Field == Subject {
		c.Address = areAddresses(k.sample, c.At)
	}
	if err := c.layout(k.sample); err != nil {
		return err
	}
	c.turn(k.later)
	if c.Layout.dayNo {
		if at, ok := findClock(k.header, k.sample, taken); ok {
			taken[at] = true
			c.Clock = at + 1
			c.Why += ", with the time of day in " + nameOf(k.header, at)
		}
	}
	return nil
}

// place finds a column by its name, or by its number from 1.
func place(header []string, name string) int {
	at := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(name)) })
	if n, err := strconv.Atoi(name); at < 0 && err == nil && n >= 1 && n <= len(header) {
		return n - 1
	}
	return at
}

func nameOf(header []string, at int) string {
	if header[at] == "" {
		return fmt.Sprintf("column %d", at+1)
	}
	return header[at]
}

// samples gives some different values of a column, short.
func samples(rows [][]string, at int) (list []string) {
	for _, row := range rows {
		if at >= len(row) || len(list) == 3 {
			continue
		}
		v := strings.Join(strings.Fields(row[at]), " ")
		if r := []rune(v); len(r) > 40 {
			v = string(r[:39]) + "…"
		}
		if v != "" && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

func areAddresses(rows [][]string, at int) bool {
	values, fit := 0, 0
	for _, row := range rows {
		if at < len(row) && strings.TrimSpace(row[at]) != "" {
			values++
			if isAddress(strings.TrimSpace(row[at])) {
				fit++
			}
		}
	}
	return fit > 0 && fit*5 >= values*4
}

// find finds one field: by the header, else, for the time, by the values. Where the file
// has no header the values alone must do.
func (k columnsOf) find(f Field, taken map[int]bool) (Column, bool) {
	if k.bare {
		at, ok := k.byValues(f, taken)
		return Column{Field: f, Name: fmt.Sprint("column ", at+1), At: at, Why: "by its values: the file names no columns"}, ok
	}
	for _, name := range names[f] {
		for at, h := range k.header {
			if f == Subject && k.list && slices.Contains(vagueNames, plain(h)) {
				continue
			}
			if !taken[at] && (plain(h) == name || last(h) == name && strings.Contains(h, ".")) && f.fits(k.sample, at, h) {
				return Column{Field: f, Name: h, At: at, Why: "by its header"}, true
			}
		}
	}
	if k.named && f.isTime() { // a date of birth is no call
		return Column{}, false
	}
	for _, name := range names[f] {
		for at, h := range k.header {
			if f == Subject && k.list && slices.Contains(vagueNames, plain(h)) {
				continue
			}
			if len(name) > 3 && !taken[at] && strings.Contains(plain(h), name) && f.fits(k.sample, at, h) {
				return Column{Field: f, Name: h, At: at, Why: "its header speaks of " + name}, true
			}
		}
	}
	if f == Time || f == Called {
		for at := range k.header {
			if !taken[at] && timesByThemselves(k.sample, at) {
				return Column{Field: f, Name: nameOf(k.header, at), At: at, Why: "its values are times"}, true
			}
		}
	}
	return Column{}, false
}

// last is the innermost name of a value inside of an object, with what it lies in where
// it says nothing by itself: actor.user.name is username.
func last(header string) string {
	parts := strings.Split(header, ".")
	if n := len(parts); n > 1 {
		if own := plain(parts[n-1]); own == "name" || own == "id" || own == "uid" || own == "key" || own == "login" {
			return plain(parts[n-2]) + own
		}
		return plain(parts[n-1])
	}
	return plain(header)
}

// timesByThemselves says whether values are times without a header that says so: numbers
// of days could be anything.
func timesByThemselves(sample [][]string, at int) bool {
	l, ok := findLayout(sample, at)
	return ok && (l.format != "" || l.unit < 24*time.Hour)
}

// fits says whether the values of a column may be those of a field.
func (f Field) fits(sample [][]string, at int, header string) bool {
	switch {
	case f == Called || f == Received:
		_, ok := someTimes(sample, at)
		return ok
	case f.isTime():
		return looksLikeTime(sample, at)
	case f == Outcome:
		_, ok := outcome(sample, at, header)
		return ok
	case f == Subject:
		if areAddresses(sample, at) {
			return slices.ContainsFunc(sample, func(row []string) bool { return at < len(row) && inAddress(row[at]) != "" })
		}
		h := plain(header)
		return !slices.Contains(addressNames, h) && !(slices.Contains(vagueNames, h) && numbersLines(sample, at)) && !oneWord(sample, at)
	}
	return f != Words || plain(header) == "complaint" && spoken(sample, at) || !strings.Contains(plain(header), "complaint")
}

// addressNames are headers of columns that hold a customer only inside of an address.
var addressNames = []string{"request", "requesturi", "url", "uri", "path", "page"}

// spoken says whether a column holds sentences: what is headed complaint may be its number.
func spoken(sample [][]string, at int) bool {
	return slices.ContainsFunc(sample, func(row []string) bool { return at < len(row) && len(strings.Fields(row[at])) > 2 })
}

// vagueNames are headers of a customer's key that as often number the lines of a log.
var vagueNames = []string{"id", "key", "record", "recordid", "objectid", "itemid"}

// numbersLines says whether a column only counts the lines: each value is one more than
// the one before.
func numbersLines(sample [][]string, at int) bool {
	before, steps := 0, 0
	for _, row := range sample {
		if at >= len(row) {
			return false
		}
		n, err := strconv.Atoi(strings.TrimSpace(row[at]))
		if err != nil || steps > 0 && n != before+1 && n != before-1 {
			return false
		}
		before = n
		steps++
	}
	return steps >= 10
}

// oneWord says whether a column holds one word only, such as the kind of what was opened.
func oneWord(sample [][]string, at int) bool {
	for _, row := range sample {
		if at >= len(row) || row[at] != sample[0][at] || strings.ContainsAny(row[at], "0123456789") {
			return false
		}
	}
	return true
}

// Need demands that fields were found.
// The columns there are go into the hint.
func (m Mapping) Need(what string, header []string, fields ...Field) error {
	for _, f := range fields {
		if _, ok := m.Column(f); !ok {
			option := "--map"
			if f == Called {
				option = "--map-complaints"
			}
			return custody.E(custody.CodeInvalid, fmt.Sprintf("%s: no column was recognised as the %s", what, f.said()),
				fmt.Sprintf("say which it is: %s %s=COLUMN; its columns are: %s", option, f, columns(header)))
		}
	}
	return nil
}

// columns lists a header for people: it may be a line of data, so not all of it.
func columns(header []string) string {
	var list []string
	for _, h := range header[:min(len(header), 30)] {
		if r := []rune(h); len(r) > 40 {
			h = string(r[:40]) + "..."
		}
		list = append(list, h)
	}
	if len(header) > 30 {
		list = append(list, fmt.Sprintf("and %d more", len(header)-30))
	}
	return strings.Join(list, ", ")
}

// Lines describes the mapping for people, one line a column, with some values; of hidden
// fields without.
func (m Mapping) Lines(zone *time.Location, hidden ...Field) []string {
	var list []string
	for _, c := range m {
		line := fmt.Sprintf("%-8s %s (%s)", c.Field, c.Name, c.Why)
		switch {
		case c.Field.isTime():
			line += ", read as " + c.Layout.String() + c.example(zone)
		case c.Address:
			line += ", the key inside of the address" + c.inside()
		case c.Field == Outcome:
			if len(c.Refused) > 0 {
				line += ", nothing was shown by: " + strings.Join(c.Refused, ", ")
			}
		case len(c.Sample) > 0 && c.Field != Knew && !slices.Contains(hidden, c.Field):
			line += ", such as " + strings.Join(c.Sample, " | ")
		}
		list = append(list, line)
	}
	return list
}

// example shows what a time was taken for.
func (c *Column) example(zone *time.Location) string {
	for _, v := range c.Sample {
		if t, ok := c.Layout.parse(v, zone); ok && c.Clock == 0 {
			return fmt.Sprintf(": %s is %s", v, t.In(zone).Format("2 January 2006, 15:04 MST"))
		}
	}
	return ""
}

func (c *Column) inside() string {
	for _, v := range c.Sample {
		if key := inAddress(v); key != "" {
			return ": " + key + " of " + v
		}
	}
	return ""
}
