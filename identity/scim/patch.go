package scim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// maxOperations is how many operations one PATCH may hold.
const maxOperations = 1000

// operation is one step of a PATCH (RFC 7644 §3.5.2).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// target is what a path names.
type target struct {
	name   string
	filter node   // nil without brackets
	sub    string // after the brackets
}

// parsePath reads attribute, attribute.sub, attribute[filter] and attribute[filter].sub,
// each with the schema's URN before it or not.
func parsePath(text string) (*target, error) {
	if len(text) > maxFilter {
		return nil, invalidPath("the path is longer than 4096 bytes")
	}
	p := &parser{text: text}
	t := &target{name: p.word()}
	if t.name == "" {
		return nil, invalidPath("an attribute's name is expected")
	}
	if p.take('[') {
		var err error
		if t.filter, err = p.or(); err != nil {
			return nil, err
		}
		if !p.take(']') {
			return nil, invalidPath("a closing bracket is missing")
		}
		if p.at < len(p.text) && p.text[p.at] == '.' {
			p.at++
			if t.sub = p.word(); t.sub == "" {
				return nil, invalidPath("the name of a sub-attribute is expected")
			}
		}
	}
	if p.space(); p.at < len(p.text) {
		return nil, invalidPath("something follows the end of the path")
	}
	return t, nil
}

// patch applies all operations to a resource's attributes; after an error nothing of
// it is to be used.
func patch(t *resourceType, in map[string]any, ops []operation) error {
	if len(ops) > maxOperations {
		return invalidValue("a PATCH holds at most 1000 operations")
	}
	for i := range ops {
		if err := apply(t, in, &ops[i]); err != nil {
			return err
		}
	}
	return nil
}

func apply(t *resourceType, in map[string]any, op *operation) error {
	op.Op = strings.ToLower(op.Op) // some clients write Add, Replace and Remove
	if op.Op != "add" && op.Op != "replace" && op.Op != "remove" {
		return invalidSyntax("an operation is add, replace or remove")
	}
	if op.Path != "" {
		return applyAt(t, in, op.Op, op.Path, op.Value, true)
	}
	if op.Op == "remove" {
		return noTarget("a removal needs a path")
	}
	value := op.Value
	if text, ok := value.(string); ok { // an object as a text
		if json.Unmarshal([]byte(text), &value) != nil {
			value = nil
		}
	}
	m, ok := value.(map[string]any)
	if !ok {
		return invalidValue("without a path the value is an object of attributes")
	}
	for _, key := range sorted(m) {
		if err := applyAt(t, in, op.Op, key, m[key], false); err != nil {
			return err
		}
	}
	return nil
}

// applyAt applies one change at a path. Named says that the client wrote a path: what
// only the service writes is an error then, and passed over in an object.
func applyAt(t *resourceType, in map[string]any, op, path string, value any, named bool) error {
	at, err := parsePath(path)
	if err != nil {
		return err
	}
	a, sub, extended, whole := t.resolve(at.name)
	switch {
	case whole && at.filter == nil:
		return applyExtension(t, in, op, value)
	case a == nil:
		if passedOver(at.name) || !named {
			return nil
		}
		return invalidPath("there is no attribute of this name")
	case a.readOnly:
		if named {
			return mutability(a.name + " is written by the service only")
		}
		return nil
	}
	if at.sub != "" {
		if sub = lookup(a.sub, at.sub); sub == nil {
			return invalidPath("there is no sub-attribute of this name")
		}
	}
	holder := in
	if extended {
		holder, _ = in[t.extension].(map[string]any)
		if holder == nil {
			holder = map[string]any{}
		}
		in[t.extension] = holder
	}
	if value == nil && op != "remove" {
		op = "remove"
	}
	if op == "remove" && a.required && named {
		return mutability(a.name + " is required")
	}
	if at.filter != nil {
		return applyFiltered(t, holder, a, sub, op, at.filter, value)
	}
	applyWhole(holder, a, sub, op, value)
	return nil
}

func applyExtension(t *resourceType, in map[string]any, op string, value any) error {
	if op == "remove" {
		delete(in, t.extension)
		return nil
	}
	m, ok := value.(map[string]any)
	if !ok {
		return invalidValue("an extension is an object")
	}
	for _, key := range sorted(m) {
		if err := applyAt(t, in, op, t.extension+":"+key, m[key], false); err != nil {
			return err
		}
	}
	return nil
}

// applyWhole changes an attribute, or a sub-attribute of all its values.
func applyWhole(holder map[string]any, a, sub *attr, op string, value any) {
	if sub != nil {
		values := objects(holder[a.name])
		if len(values) == 0 && op != "remove" {
			values = []any{map[string]any{}}
		}
		for _, v := range values {
			set(v.(map[string]any), sub.name, op, value)
		}
		store(holder, a, values)
		return
	}
	switch {
	case op == "remove" && a.multi && value != nil: // the values to remove, as a list
		values := list(holder[a.name])
		for _, v := range list(value) {
			values = slices.DeleteFunc(values, func(have any) bool { return same(have, v) })
		}
		store(holder, a, values)
	case op == "remove":
		delete(holder, a.name)
	case a.multi && op == "add":
		store(holder, a, merge(a, list(holder[a.name]), list(value)))
	case a.multi || a.kind() != typeComplex:
		holder[a.name] = value
	default:
		store(holder, a, []any{overlay(holder[a.name], value)})
	}
}

// merge adds the values that are not there yet.
func merge(a *attr, have, more []any) []any {
	known := make(map[string]bool, len(have)+len(more))
	for _, v := range have {
		known[identity(a, v)] = true
	}
	for _, v := range more {
		if id := identity(a, v); !known[id] {
			known[id] = true
			have = append(have, v)
		}
	}
	return have
}

// identity tells values apart: by their "value" and "type", members by their "value"
// alone, others as a whole.
func identity(a *attr, v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		m = map[string]any{"value": v}
	}
	kind := fold(m["type"])
	if a.name == "members" {
		kind = nil
	}
	b, _ := json.Marshal([]any{fold(m["value"]), kind})
	if m["value"] == nil {
		b, _ = json.Marshal(m)
	}
	return string(b)
}

func fold(v any) any {
	if s, ok := v.(string); ok {
		return strings.ToLower(s)
	}
	return v
}

// same says whether a value is meant by one that is to be removed.
func same(have, gone any) bool {
	value := func(v any) any {
		if m, ok := v.(map[string]any); ok {
			return fold(m["value"])
		}
		return fold(v)
	}
	a, b := value(have), value(gone)
	return a != nil && a == b
}

// applyFiltered changes the values that a filter chooses. Where none is there, adding
// and replacing make one of what the filter says: emails[type eq "work"].value.
func applyFiltered(t *resourceType, holder map[string]any, a, sub *attr, op string, filter node, value any) error {
	if a.kind() != typeComplex {
		return invalidPath(a.name + " has no sub-attributes to filter by")
	}
	values := objects(holder[a.name])
	chosen := func(v any) bool { return filter.match(scope{t: t, value: v.(map[string]any), in: a}) }
	if op == "remove" && sub == nil {
		store(holder, a, slices.DeleteFunc(values, chosen))
		return nil
	}
	met := false
	for _, v := range values {
		if !chosen(v) {
			continue
		}
		met = true
		m := v.(map[string]any)
		if sub != nil {
			set(m, sub.name, op, value)
		} else {
			maps.Copy(m, overlay(m, value))
		}
	}
	if !met && op != "remove" {
		made := map[string]any{}
		if !equalities(filter, a, made) {
			return noTarget("no value fits the filter")
		}
		if sub != nil {
			made[sub.name] = value
		} else {
			made = overlay(made, value)
		}
		values = append(values, made)
	}
	store(holder, a, values)
	return nil
}

// equalities collects what a filter of "eq" joined by "and" demands; false for others.
func equalities(n node, a *attr, into map[string]any) bool {
	switch n := n.(type) {
	case both:
		return equalities(n.left, a, into) && equalities(n.right, a, into)
	case compare:
		sub := lookup(a.sub, n.name)
		if n.op != "eq" || sub == nil || n.value == nil {
			return false
		}
		into[sub.name] = n.value
		return true
	}
	return false
}

func set(m map[string]any, name, op string, value any) {
	if op == "remove" {
		delete(m, name)
		return
	}
	m[name] = value
}

// overlay gives a complex value with the sub-attributes of another one over it.
func overlay(old, value any) map[string]any {
	out := map[string]any{}
	if m, ok := old.(map[string]any); ok {
		maps.Copy(out, m)
	}
	if l := list(value); len(l) == 1 {
		value = l[0]
	}
	m, ok := value.(map[string]any)
	if !ok {
		m = map[string]any{complexDefault: value}
	}
	maps.Copy(out, m)
	return out
}

// objects gives an attribute's complex values; others are none.
func objects(v any) []any {
	return slices.DeleteFunc(slices.Clone(list(v)), func(v any) bool { _, ok := v.(map[string]any); return !ok })
}

// store puts values back as the attribute has them: several, one, or none.
func store(holder map[string]any, a *attr, values []any) {
	switch {
	case len(values) == 0:
		delete(holder, a.name)
	case a.multi:
		holder[a.name] = values
	default:
		holder[a.name] = values[0]
	}
}
