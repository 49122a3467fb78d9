package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/config"
)

// duration is a flag like 8h or 7d.
type duration struct{ time.Duration }

// Set reads the flag.
func (d *duration) Set(s string) (err error) {
	d.Duration, err = config.ParseDuration(s)
	return err
}

// Type names the value in help texts.
func (d *duration) Type() string { return "duration" }

// String is how help texts show the default.
func (d *duration) String() string {
	if d.Duration == 0 {
		return ""
	}
	return config.Duration(d.Duration).String()
}

// categories is a flag like name,phone; all is every category.
type categories struct{ custody.CategorySet }

// Set reads the flag.
func (c *categories) Set(s string) error {
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if word == "all" {
			c.CategorySet |= custody.Categories(custody.AllCategories()...)
			continue
		}
		category, ok := custody.ParseCategory(word)
		if !ok {
			return unknownCategory(word)
		}
		c.CategorySet |= custody.Categories(category)
	}
	return nil
}

func unknownCategory(word string) error {
	names := custody.Categories(custody.AllCategories()...).Strings()
	if near, ok := config.Nearest(word, names); ok {
		return fmt.Errorf("unknown category %q: did you mean %q?", word, near)
	}
	return fmt.Errorf("unknown category %q: it can be %s or all", word, strings.Join(names, ", "))
}

// Type names the value in help texts.
func (c *categories) Type() string { return "categories" }

// moment is a flag that holds a time; it is read once the time zone is known.
type moment string

// Set reads the flag.
func (m *moment) Set(s string) error { *m = moment(s); return nil }

// Type names the value in help texts.
func (m *moment) Type() string { return "time" }

// String is how help texts show the default.
func (m *moment) String() string { return string(*m) }

// momentForms are the ways to write a time; those without a zone are in the
// configuration's.
var momentForms = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"}

// at gives the time; the zero time when the flag was not given.
func (m moment) at(a *app) (time.Time, error) {
	if m == "" {
		return time.Time{}, nil
	}
	if m == "now" {
		return a.now(), nil
	}
	zone := a.zone
	if zone == nil {
		zone = time.UTC
	}
	if t, err := time.ParseInLocation("15:04", string(m), zone); err == nil { // today
		day := a.now().In(zone)
		return time.Date(day.Year(), day.Month(), day.Day(), t.Hour(), t.Minute(), 0, 0, zone), nil
	}
	for _, form := range momentForms {
		if t, err := time.ParseInLocation(form, string(m), zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, custody.E(custody.CodeInvalid, fmt.Sprintf("%q is not a time", string(m)),
		"write 2026-05-31, \"2026-05-31 14:00\" or 2026-05-31T14:00:00Z")
}

// period is what --since, --from and --to say together.
type period struct {
	since    duration
	from, to moment
}

func (p *period) flags(cmd *cobra.Command) {
	cmd.Flags().Var(&p.since, "since", "only the last such `time`, like 24h or 7d")
	cmd.Flags().Var(&p.from, "from", "only from this `time` on, like 2026-05-31 or \"2026-05-31 14:00\"")
	cmd.Flags().Var(&p.to, "to", "only before this `time`")
}

// bounds gives the period; zero times are open ends.
func (p *period) bounds(a *app) (from, to time.Time, err error) {
	from, fromErr := p.from.at(a)
	to, toErr := p.to.at(a)
	if err := errors.Join(fromErr, toErr); err != nil {
		return from, to, custody.E(custody.CodeInvalid, err.Error(), custody.HintOf(errors.Join(fromErr, toErr)))
	}
	if p.since.Duration > 0 {
		if p.from != "" {
			return from, to, custody.E(custody.CodeInvalid, "--since and --from say the same thing twice", "give one of them")
		}
		from = a.now().Add(-p.since.Duration)
	}
	return from, to, nil
}
