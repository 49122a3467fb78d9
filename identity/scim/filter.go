package scim

import (
	"encoding/json"
	"strings"
)

// Bounds of a filter, so that a hostile one costs little.
const (
	maxFilter = 4096 // bytes
	maxTerms  = 100
	maxDepth  = 20
)

// node is a filter (RFC 7644 §3.4.2.2).
type node interface{ match(s scope) bool }

// scope is what a filter looks at: a resource, or one value of a complex attribute.
type scope struct {
	t     *resourceType
	value map[string]any
	in    *attr // the complex attribute, inside its brackets
}

type (
	both   struct{ left, right node }
	either struct{ left, right node }
	not    struct{ of node }
	// compare is attribute, operator, value; with "pr" there is no value.
	compare struct {
		name  string
		op    string
		value any // string, float64, bool or nil
	}
	// within is attribute[filter], and attribute[filter].sub operator value.
	within struct {
		name string
		of   node
		sub  *compare // nil without one
	}
)

var operators = map[string]bool{"eq": true, "ne": true, "co": true, "sw": true, "ew": true, "gt": true, "ge": true, "lt": true, "le": true, "pr": true}

// parser reads a filter or a path.
type parser struct {
	text  string
	at    int
	terms int
	depth int
}

// parseFilter reads a filter. The error is an Error of type invalidFilter.
func parseFilter(text string) (node, error) {
	if len(text) > maxFilter {
		return nil, invalidFilter("the filter is longer than 4096 bytes")
	}
	p := &parser{text: text}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, invalidFilter("something follows the end of the filter")
	}
	return n, nil
}

func (p *parser) space() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// take reads one character if it comes next.
func (p *parser) take(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// word reads an attribute's name or an operator.
func (p *parser) word() string {
	p.space()
	start := p.at
	for p.at < len(p.text) && isName(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("$-_.:", c) >= 0
}

// keyword reads a word if it is the one, whatever its case.
func (p *parser) keyword(want string) bool {
	at := p.at
	if strings.EqualFold(p.word(), want) {
		return true
	}
	p.at = at
	return false
}

func (p *parser) or() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, invalidFilter("the filter is nested too deeply")
	}
	defer func() { p.depth-- }()
	left, err := p.and()
	for err == nil && p.keyword("or") {
		var right node
		if right, err = p.and(); err == nil {
			left = either{left, right}
		}
	}
	return left, err
}

func (p *parser) and() (node, error) {
	left, err := p.term()
	for err == nil && p.keyword("and") {
		var right node
		if right, err = p.term(); err == nil {
			left = both{left, right}
		}
	}
	return left, err
}

func (p *parser) term() (node, error) {
	if p.terms++; p.terms > maxTerms {
		return nil, invalidFilter("the filter has too many terms")
	}
	if p.take('(') {
		return p.closed()
	}
	at := p.at
	if p.keyword("not") {
		if p.take('(') {
			n, err := p.closed()
			return not{n}, err
		}
		p.at = at // an attribute of that name
	}
	name := p.word()
	if name == "" {
		return nil, invalidFilter("an attribute's name is expected")
	}
	if p.take('[') {
		return p.brackets(name)
	}
	c, err := p.comparison(name)
	if err != nil {
		return nil, err
	}
	return *c, nil
}

func (p *parser) closed() (node, error) {
	n, err := p.or()
	if err == nil && !p.take(')') {
		err = invalidFilter("a closing parenthesis is missing")
	}
	return n, err
}

func (p *parser) brackets(name string) (node, error) {
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.take(']') {
		return nil, invalidFilter("a closing bracket is missing")
	}
	w := within{name: name, of: inner}
	if p.at < len(p.text) && p.text[p.at] == '.' {
		p.at++
		sub := p.word()
		if sub == "" {
			return nil, invalidFilter("the name of a sub-attribute is expected")
		}
		w.sub, err = p.comparison(sub)
	}
	return w, err
}

func (p *parser) comparison(name string) (*compare, error) {
	c := &compare{name: name, op: strings.ToLower(p.word())}
	if !operators[c.op] {
		return nil, invalidFilter("an operator is expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr")
	}
	if c.op == "pr" {
		return c, nil
	}
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	c.value = v
	if _, text := v.(string); !text && (c.op == "co" || c.op == "sw" || c.op == "ew") {
		return nil, invalidFilter(c.op + " compares text")
	}
	if _, truth := v.(bool); (truth || v == nil) && c.op != "eq" && c.op != "ne" {
		return nil, invalidFilter(c.op + " does not compare with true, false or null")
	}
	return c, nil
}

// literal reads a JSON string, number, true, false or null.
func (p *parser) literal() (any, error) {
	p.space()
	start := p.at
	if p.at < len(p.text) && p.text[p.at] == '"' {
		for p.at++; p.at < len(p.text) && p.text[p.at] != '"'; p.at++ {
			if p.text[p.at] == '\\' {
				p.at++
			}
		}
		p.at = min(p.at+1, len(p.text))
	} else {
		for p.at < len(p.text) && (isName(p.text[p.at]) || p.text[p.at] == '+') {
			p.at++
		}
	}
	word := p.text[start:p.at]
	// Some clients write True and False.
	if strings.EqualFold(word, "true") || strings.EqualFold(word, "false") {
		word = strings.ToLower(word)
	}
	var v any
	if err := json.Unmarshal([]byte(word), &v); err != nil {
		return nil, invalidFilter("a value is expected: text in quotation marks, a number, true, false or null")
	}
	return v, nil
}

// lookedUp says whether a filter asks for one resource by a name that has an index.
func lookedUp(n node, attribute string) (value string, ok bool) {
	c, ok := n.(compare)
	if !ok || c.op != "eq" {
		return "", false
	}
	name := c.name
	for _, t := range types {
		if rest, cut := cutURN(name, t.urn); cut {
			name = rest
		}
	}
	value, ok = c.value.(string)
	return value, ok && strings.EqualFold(name, attribute)
}
