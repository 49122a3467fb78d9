package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
)

// Explanation is one entry of a system's explanations: a reason that is found in the
// data. The gate and the detectors read the same declaration.
type Explanation struct {
	Name string `yaml:"name"`
	// Says is the reason in words, as records and screens show it.
	Says string `yaml:"says"`
	// Path are equalities from the customer to the person:
	// [jobs.customer_id = subject, jobs.branch = person.branch].
	Path   []string `yaml:"path"`
	Within Within   `yaml:"within"`
}

// Within is how long ago a column of the path may be.
type Within struct {
	Column string   `yaml:"column"`
	Time   Duration `yaml:"time"`
}

// maxExplanations bounds what one look may cost.
const maxExplanations = 16

// template gives an explanation in the words of package custody.
func (e *Explanation) template() (t custody.Template, err error) {
	t = custody.Template{Name: e.Name, Says: strings.TrimSpace(e.Says), Within: e.Within.Time.Std()}
	if t.Says == "" {
		t.Says = strings.ReplaceAll(t.Name, "-", " ")
	}
	for _, text := range e.Path {
		j, err := custody.ParseJoin(text)
		if err != nil {
			return t, err
		}
		t.Path = append(t.Path, j)
	}
	if e.Within.Column != "" {
		if t.Since, err = custody.ParseColumn(e.Within.Column); err != nil {
			return t, err
		}
	}
	return t, t.Check()
}

func (s *System) checkExplanations(k checker, path []string) {
	if len(s.Explanations) > maxExplanations {
		k.at("there can be "+strconv.Itoa(maxExplanations)+" explanations at most", append(path, "explanations")...)
	}
	if len(s.Explanations) > 0 && !s.HasDatabase() {
		k.at("explanations are found in the system's database, which is not declared", append(path, "explanations")...)
	}
	seen := map[string]bool{}
	for i := range s.Explanations {
		e := &s.Explanations[i]
		if _, err := e.template(); err != nil {
			k.at(strconv.Itoa(i+1)+": "+err.Error(), append(slices.Clone(path), "explanations")...)
		} else if seen[e.Name] {
			k.at("two explanations are named "+e.Name, append(slices.Clone(path), "explanations")...)
		}
		if len(e.Says) > 200 {
			k.at(strconv.Itoa(i+1)+": says is longer than 200 bytes", append(slices.Clone(path), "explanations")...)
		}
		seen[e.Name] = true
	}
}

// BreakGlass says who may open what in an emergency, without anybody's leave.
type BreakGlass struct {
	// Roles may do it; nobody if empty.
	Roles []string `yaml:"roles"`
	// See are the categories that are opened.
	See []string `yaml:"see"`
	// Subjects is how many customers may be seen.
	Subjects int `yaml:"subjects"`
	// For is how long it lasts.
	For Duration `yaml:"for"`
}

// Categories gives what is opened.
func (b *BreakGlass) Categories() (set custody.CategorySet) {
	for _, word := range b.See {
		if c, ok := custody.ParseCategory(word); ok {
			set |= custody.Categories(c)
		}
	}
	return set
}

func (b *BreakGlass) check(k checker, path []string) {
	if len(b.Roles) == 0 {
		return
	}
	for _, word := range b.See {
		if _, ok := custody.ParseCategory(word); !ok {
			k.at(unknown("category", word, categoryWords()[1:]), append(slices.Clone(path), "see")...)
		}
	}
	if len(b.See) == 0 {
		k.at("say what is opened: [name, phone]", append(slices.Clone(path), "see")...)
	}
	if b.Subjects < 1 || b.Subjects > 10_000 {
		k.at("it can be from 1 to 10000 customers", append(slices.Clone(path), "subjects")...)
	}
	if b.For < Duration(time.Minute) || b.For > Duration(24*time.Hour) {
		k.at("it can be from 1m to 1d", append(slices.Clone(path), "for")...)
	}
}
