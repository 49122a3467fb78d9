package body

import (
	"maps"
	"sort"
	"strings"

	"custody"
)

// Rules say what is where, as custody.yaml has it: each place is mapped to "key", the
// subject's key, or to the name of a category.
type Rules struct {
	// JSON maps paths: customers[].id, data.owner.phone, [].email, **.postcode. A
	// name may be *, for any member; ** is any depth, none included. What a category
	// is given to may be an object or an array: all in it is of the category then.
	JSON map[string]string
	// HTML maps selectors: td.phone, #owner, [data-phone], input[name=email],
	// a[href^="/customers/"], tr.customer td.name. A last [attribute] means the
	// attribute's value, with ^= what follows the prefix; otherwise the element's
	// text, and its value if it is a field of a form.
	HTML map[string]string
	// CSV maps names of columns, also of XLSX sheets; case and spaces do not count.
	CSV map[string]string
}

// rule is what a place holds: nothing known, the key, or a category.
type rule uint8

const (
	ruleNone rule = iota
	ruleKey
	ruleCategory // and upwards
)

func (r rule) category() (custody.Category, bool) {
	return custody.Category(r - ruleCategory), r >= ruleCategory
}

func ruleOf(c custody.Category) rule { return ruleCategory + rule(c) }

// Plan is the compiled form of Rules. It does not change and serves any number of
// filters at once.
type Plan struct {
	json []jsonNode
	html []selector
	// selectors is the index of html.
	selectors selectorIndex
	csv       map[string]rule
	sent      *Plan
}

var nothing, _ = Compile(Rules{})

// Sent is the plan for what people send: a member or a field that is called like one of
// the rules' places is of its category wherever it stands, because forms have no paths.
func (p *Plan) Sent() *Plan {
	if p == nil {
		return nothing
	}
	return p.sent
}

// Key finds the customer's key in an address, path and query, by those selectors that
// give the beginning of a link: a[href^="/customers/"].
func (p *Plan) Key(target string) (key string, ok bool) {
	if p == nil {
		return "", false
	}
	for i := range p.html {
		s := &p.html[i]
		if rest, found := strings.CutPrefix(target, s.prefix); found && s.rule == ruleKey && s.prefix != "" {
			if end := strings.IndexAny(rest, "/?#&"); end >= 0 {
				rest = rest[:end]
			}
			if rest != "" {
				return rest, true
			}
		}
	}
	return "", false
}

// sentRules are the rules with a place anywhere for each name that has a category.
func sentRules(r Rules) Rules {
	out := Rules{JSON: maps.Clone(r.JSON), CSV: maps.Clone(r.CSV)}
	if out.JSON == nil {
		out.JSON = map[string]string{}
	}
	if out.CSV == nil {
		out.CSV = map[string]string{}
	}
	for place, word := range r.JSON {
		name := place[strings.LastIndexAny(place, ".]")+1:]
		if _, had := out.CSV[name]; !had && word != "key" && name != "" && name != "*" {
			out.CSV[name] = word
		}
	}
	for name, word := range out.CSV {
		if _, had := out.JSON["**."+name]; !had && word != "key" && !strings.ContainsAny(name, ".[]* ") {
			out.JSON["**."+name] = word
		}
	}
	return out
}

// Compile checks the rules. Errors name the rule that is wrong.
func Compile(r Rules) (*Plan, error) {
	p, err := compileRules(r)
	if err == nil {
		p.sent, err = compileRules(sentRules(r))
	}
	return p, err
}

func compileRules(r Rules) (*Plan, error) {
	p := &Plan{csv: map[string]rule{}}
	var paths []jsonPath
	bits := 0
	for _, place := range sorted(r.JSON) {
		rule, err := parseRule(place, r.JSON[place])
		if err != nil {
			return nil, err
		}
		steps, err := parsePath(place)
		if err != nil {
			return nil, err
		}
		paths = append(paths, jsonPath{steps, rule})
	}
	for _, place := range sorted(r.HTML) {
		rule, err := parseRule(place, r.HTML[place])
		if err != nil {
			return nil, err
		}
		s, err := parseSelector(place, rule)
		if err != nil {
			return nil, err
		}
		s.bits = bits
		if bits += len(s.compounds); bits > 64 {
			return nil, custody.E(custody.CodeInvalid, "the html selectors have more than 64 parts together", "write shorter selectors")
		}
		p.html = append(p.html, s)
	}
	for _, place := range sorted(r.CSV) {
		rule, err := parseRule(place, r.CSV[place])
		if err != nil {
			return nil, err
		}
		p.csv[header(place)] = rule
	}
	p.selectors = indexSelectors(p.html)
	var err error
	p.json, err = compilePaths(paths)
	return p, err
}

func sorted(m map[string]string) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	sort.Strings(list)
	return list
}

func parseRule(place, word string) (rule, error) {
	if word == "key" {
		return ruleKey, nil
	}
	if c, ok := custody.ParseCategory(word); ok {
		return ruleOf(c), nil
	}
	return 0, custody.E(custody.CodeInvalid, "the place "+place+" is mapped to "+word+", which is neither key nor a category",
		"write key, or one of "+strings.Join(allCategories(), ", "))
}

func allCategories() []string {
	var names []string
	for _, c := range custody.AllCategories() {
		names = append(names, c.String())
	}
	return names
}

// header is what counts of a column's name: letters and digits in lower case.
func header(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r <= ' ' || r == '_' || r == '-' || r == '.' || r == 0xFEFF || r == 0xA0:
			return -1
		}
		return r
	}, name)
}
