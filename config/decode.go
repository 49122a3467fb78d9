package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"custody"
)

// maxProblems is how many mistakes are told at once.
const maxProblems = 10

// decoder fills structs from YAML nodes. It goes on after a mistake, so that one run
// tells all of them, and it knows the lines.
type decoder struct {
	file     string
	problems []string
}

// reader is a type that reads its own node.
type reader interface {
	read(p *decoder, n *yaml.Node)
}

// fail notes a mistake at a node.
func (p *decoder) fail(n *yaml.Node, message string) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, fmt.Sprintf("%s:%d: %s", p.file, n.Line, message))
	}
}

// err gives all mistakes as one error.
func (p *decoder) err() error {
	if len(p.problems) == 0 {
		return nil
	}
	return custody.E(custody.CodeInvalid, strings.Join(p.problems, "\n"),
		"custody.example.yaml describes every key; custody config example prints it")
}

// text gives a scalar's text; anything else is a mistake and gives nothing.
func (p *decoder) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		p.fail(n, "one value is expected here, not a "+kindName(n))
		return ""
	}
	return n.Value
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	case yaml.AliasNode:
		return "reference"
	}
	return "value"
}

// value fills v from n. An empty value keeps the default.
func (p *decoder) value(n *yaml.Node, v reflect.Value) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		p.fail(n, "anchors and references are not read: write the value out")
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if r, ok := v.Addr().Interface().(reader); ok {
		r.read(p, n)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		p.structure(n, v)
	case reflect.Map:
		p.mapping(n, v)
	case reflect.Slice:
		p.list(n, v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		p.value(n, v.Elem())
	default:
		p.scalar(n, v)
	}
}

func (p *decoder) scalar(n *yaml.Node, v reflect.Value) {
	text := p.text(n)
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int:
		i, err := strconv.Atoi(text)
		if err != nil && n.Kind == yaml.ScalarNode {
			p.fail(n, strconv.Quote(text)+" is not a whole number")
		}
		v.SetInt(int64(i))
	case reflect.Bool:
		if text != "true" && text != "false" && n.Kind == yaml.ScalarNode {
			p.fail(n, "write true or false")
		}
		v.SetBool(text == "true")
	default:
		panic("config: no reader for " + v.Type().String())
	}
}

// structure fills the fields whose yaml tag is a key of n.
func (p *decoder) structure(n *yaml.Node, v reflect.Value) {
	fields := fieldsOf(v.Type())
	p.pairs(n, func(key, value *yaml.Node) {
		index, ok := fields[key.Value]
		if !ok {
			p.fail(key, unknown("key", key.Value, keysOf(fields)))
			return
		}
		p.value(value, v.Field(index))
	})
}

func (p *decoder) mapping(n *yaml.Node, v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	p.pairs(n, func(key, value *yaml.Node) {
		if value.Tag == "!!null" {
			p.fail(key, strconv.Quote(key.Value)+" says nothing")
			return
		}
		element := reflect.New(v.Type().Elem()).Elem()
		p.value(value, element)
		v.SetMapIndex(reflect.ValueOf(key.Value), element)
	})
}

func (p *decoder) list(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "a list is expected here: [a, b]")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		p.value(item, list.Index(i))
	}
	v.Set(list)
}

// pairs calls fn for each key of a mapping; keys that come twice are mistakes.
func (p *decoder) pairs(n *yaml.Node, fn func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "keys and values are expected here")
		return
	}
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Value == "" || key.Tag == "!!merge" {
			p.fail(key, "this is not a key")
			continue
		}
		if line, twice := seen[key.Value]; twice {
			p.fail(key, fmt.Sprintf("%q is here twice; first on line %d", key.Value, line))
			continue
		}
		seen[key.Value] = key.Line
		fn(key, n.Content[i+1])
	}
}

// fieldsOf maps the keys of a struct to its fields.
func fieldsOf(t reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("yaml"); tag != "" {
			fields[tag] = i
		}
	}
	return fields
}

func keysOf(fields map[string]int) []string {
	keys := make([]string, 0, len(fields))
	for k := range fields {
		keys = append(keys, k)
	}
	return keys
}
