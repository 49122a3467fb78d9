package body

import (
	"bytes"
	"strings"

	"custody"
)

// selector is a configured selector: compounds that must match elements from the
// outside in, and what the last one's attribute or text holds.
type selector struct {
	compounds []compound
	bits      int    // number of the first compound's bit
	target    string // the attribute that holds the value; "" for the text
	prefix    string // of the attribute, before the value
	rule      rule
}

// compound is what one element must be.
type compound struct {
	tag, id string
	classes []string
	attrs   []attrTest
}

type attrTest struct{ name, op, value string }

// attr is an attribute of the tag that is read. Its value is in raw[start:end].
type attr struct {
	name       []byte
	start, end int
	quoted     bool
	value      []byte // entities read
	rule       rule
	from       int // where in the value the rule's part begins
}

func errSelector(s string) error {
	return custody.E(custody.CodeInvalid, "the selector "+s+" cannot be read",
		`write it like td.phone, #owner, [data-phone], input[name=email], a[href^="/customers/"], tr.customer td.name`)
}

// parseSelector reads compounds of tag, .class, #id and [attribute tests], parted by
// spaces.
func parseSelector(s string, r rule) (selector, error) {
	out := selector{rule: r}
	for rest := strings.TrimSpace(s); rest != ""; rest = strings.TrimLeft(rest, " ") {
		c, left, ok := parseCompound(rest)
		if !ok || len(out.compounds) == 8 {
			return out, errSelector(s)
		}
		out.compounds, rest = append(out.compounds, c), left
	}
	if len(out.compounds) == 0 {
		return out, errSelector(s)
	}
	last := &out.compounds[len(out.compounds)-1]
	if n := len(last.attrs); n > 0 {
		switch t := last.attrs[n-1]; t.op {
		case "":
			out.target = t.name
		case "^=":
			out.target, out.prefix = t.name, t.value
		}
	}
	if r == ruleKey && out.target == "" && len(last.attrs) == 0 && last.id == "" && len(last.classes) == 0 {
		return out, errSelector(s)
	}
	return out, nil
}

func parseCompound(s string) (c compound, rest string, ok bool) {
	name := func() string {
		i := strings.IndexAny(s, " .#[")
		if i < 0 {
			i = len(s)
		}
		word := s[:i]
		s = s[i:]
		return word
	}
	if c.tag = strings.ToLower(name()); c.tag == "*" {
		c.tag = ""
	}
	for s != "" && s[0] != ' ' {
		sign := s[0]
		s = s[1:]
		switch sign {
		case '.':
			c.classes = append(c.classes, name())
		case '#':
			c.id = name()
		case '[':
			var inside string
			if inside, s, ok = strings.Cut(s, "]"); !ok {
				return c, s, false
			}
			i := strings.IndexAny(inside, "=^")
			t := attrTest{name: strings.ToLower(inside)}
			if i >= 0 {
				op := "="
				if inside[i] == '^' {
					op = "^="
				}
				value, found := strings.CutPrefix(inside[i:], op)
				if !found {
					return c, s, false
				}
				t = attrTest{strings.ToLower(inside[:i]), op, strings.Trim(value, `"'`)}
			}
			if t.name == "" {
				return c, s, false
			}
			c.attrs = append(c.attrs, t)
		}
	}
	return c, s, c.tag != "" || c.id != "" || len(c.classes) > 0 || len(c.attrs) > 0
}

func (c *compound) matches(tag []byte, attrs []attr) bool {
	if c.tag != "" && c.tag != string(tag) {
		return false
	}
	if c.id != "" && !has(attrs, "id", func(v []byte) bool { return string(v) == c.id }) {
		return false
	}
	for _, class := range c.classes {
		if !has(attrs, "class", func(v []byte) bool { return hasWord(v, class) }) {
			return false
		}
	}
	for _, t := range c.attrs {
		fits := func(v []byte) bool {
			return t.op == "" || t.op == "=" && string(v) == t.value || t.op == "^=" && bytes.HasPrefix(v, []byte(t.value))
		}
		if !has(attrs, t.name, fits) {
			return false
		}
	}
	return true
}

func has(attrs []attr, name string, fits func([]byte) bool) bool {
	for i := range attrs {
		if string(attrs[i].name) == name {
			return fits(attrs[i].value)
		}
	}
	return false
}

func hasWord(list []byte, word string) bool {
	for w := range bytes.FieldsSeq(list) {
		if string(w) == word {
			return true
		}
	}
	return false
}
