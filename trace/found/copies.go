package found

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"time"

	"custody"
)

// Copy is a declared copy: who was given customers' records as a file, when, and what
// only that file has.
type Copy struct {
	Name       string
	Made       time.Time
	Keys       []string          // whose records are in it
	Canaries   map[string]bool   // canonical values of planted customers
	Pseudonyms map[string]string // what stands for a key, and the key
}

// MaxCopies bounds how many copies are declared.
const MaxCopies = 1000

// Copies reads declared copies: CSV with the columns copy, made, customer_id, pseudonym
// and canary. Each line is one customer of a copy, with what stands for the key if that
// is something else, or one planted value (a phone, a mail address, a name) that only
// this copy has. Lines that say nothing are given to bad.
func Copies(r io.Reader, zone *time.Location, bad func(line int, why string)) ([]*Copy, error) {
	in := csv.NewReader(io.LimitReader(r, MaxFile))
	in.FieldsPerRecord = -1
	header, err := in.Read()
	if err != nil {
		return nil, custody.E(custody.CodeInvalid, "the list of copies has no header", "its columns are copy, made, customer_id, pseudonym, canary")
	}
	at := map[string]int{}
	for i, h := range header {
		at[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))] = i
	}
	for _, name := range []string{"copy", "customer_id"} {
		if _, ok := at[name]; !ok {
			return nil, custody.E(custody.CodeInvalid, "the list of copies has no column "+name, "its columns are copy, made, customer_id, pseudonym, canary")
		}
	}
	c := &copying{at: at, zone: zone, by: map[string]*Copy{}}
	for {
		values, err := in.Read()
		if err == io.EOF {
			return c.list, nil
		}
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			bad(pe.StartLine, "the quotes of the line do not match")
			continue
		}
		if err != nil {
			return nil, &custody.Error{Code: custody.CodeInvalid, Message: "the list of copies cannot be read to its end", Hint: "is it complete?", Err: err}
		}
		line, _ := in.FieldPos(0)
		why, err := c.line(values)
		if err != nil {
			return nil, err
		}
		if why != "" {
			bad(line, why)
		}
	}
}

type copying struct {
	at   map[string]int
	zone *time.Location
	by   map[string]*Copy
	list []*Copy
}

func (c *copying) get(values []string, name string) string {
	if i, ok := c.at[name]; ok && i < len(values) {
		return strings.TrimSpace(values[i])
	}
	return ""
}

// line takes one line, or says why it says nothing.
func (c *copying) line(values []string) (why string, err error) {
	name := c.get(values, "copy")
	if name == "" {
		return "the copy is empty", nil
	}
	one := c.by[name]
	if one == nil {
		if len(c.list) == MaxCopies {
			return "", custody.E(custody.CodeTooLarge, "more than 1000 copies are declared", "leave out those that ended long ago")
		}
		one = &Copy{Name: strings.Clone(name), Canaries: map[string]bool{}, Pseudonyms: map[string]string{}}
		c.by[one.Name] = one
		c.list = append(c.list, one)
	}
	if made := c.get(values, "made"); made != "" && one.Made.IsZero() {
		for _, form := range []string{time.RFC3339, time.DateTime, "2006-01-02 15:04", time.DateOnly} {
			if t, err := time.ParseInLocation(form, made, c.zone); err == nil {
				one.Made = t
			}
		}
		if one.Made.IsZero() {
			return "made is not a time like 2026-03-02 or 2026-03-02 17:00", nil
		}
	}
	key, pseudonym, canary := c.get(values, "customer_id"), c.get(values, "pseudonym"), c.get(values, "canary")
	switch {
	case canary != "":
		one.Canaries[canonical(canary)] = true
	case key == "":
		return "the line has neither a customer nor a canary", nil
	default:
		one.Keys = append(one.Keys, strings.Clone(key))
		if pseudonym != "" && pseudonym != key {
			one.Pseudonyms[strings.Clone(pseudonym)] = one.Keys[len(one.Keys)-1]
		}
	}
	return "", nil
}
