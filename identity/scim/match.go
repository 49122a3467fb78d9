package scim

import (
	"cmp"
	"strings"
	"time"
)

func (n both) match(s scope) bool   { return n.left.match(s) && n.right.match(s) }
func (n either) match(s scope) bool { return n.left.match(s) || n.right.match(s) }
func (n not) match(s scope) bool    { return !n.of.match(s) }

// match holds if any value of the attribute compares; ne holds if none is equal, so
// that it is the opposite of eq whatever the number of values.
func (n compare) match(s scope) bool {
	values, a := s.values(n.name)
	if n.op == "ne" {
		n.op = "eq"
		return !n.any(values, a)
	}
	return n.any(values, a)
}

func (n compare) any(values []any, a *attr) bool {
	if n.value == nil && n.op == "eq" {
		return len(values) == 0
	}
	for _, v := range values {
		if n.op == "pr" && present(v) || n.op != "pr" && n.holds(v, a) {
			return true
		}
	}
	return false
}

func (n within) match(s scope) bool {
	a, _, extended, _ := s.resolve(n.name)
	if a == nil || a.kind() != typeComplex {
		return false
	}
	for _, v := range list(s.holder(extended)[a.name]) {
		value, ok := v.(map[string]any)
		if !ok {
			continue
		}
		inner := scope{t: s.t, value: value, in: a}
		if n.of.match(inner) && (n.sub == nil || n.sub.match(inner)) {
			return true
		}
	}
	return false
}

// resolve finds an attribute by its name in this scope.
func (s scope) resolve(name string) (a, sub *attr, extended, whole bool) {
	if s.in != nil {
		return lookup(s.in.sub, name), nil, false, false
	}
	return s.t.resolve(name)
}

// holder is the object in which an attribute lies.
func (s scope) holder(extended bool) map[string]any {
	if !extended {
		return s.value
	}
	m, _ := s.value[s.t.extension].(map[string]any)
	return m
}

// values lists the simple values that a name stands for, and their definition.
func (s scope) values(name string) ([]any, *attr) {
	a, sub, extended, whole := s.resolve(name)
	if whole {
		if m := s.holder(true); len(m) > 0 {
			return []any{m}, &attr{typ: typeComplex}
		}
		return nil, nil
	}
	if a == nil {
		return nil, nil
	}
	var found []any
	for _, v := range list(s.holder(extended)[a.name]) {
		m, complex := v.(map[string]any)
		switch {
		case !complex || sub == nil && lookup(a.sub, complexDefault) == nil:
			found = append(found, v)
		case sub != nil:
			found = append(found, list(m[sub.name])...)
		default:
			found = append(found, list(m[complexDefault])...)
		}
	}
	if sub == nil && a.kind() == typeComplex {
		sub = lookup(a.sub, complexDefault)
	}
	if sub != nil {
		a = sub
	}
	return found, a
}

// list gives the values of an attribute, whether it may have several or one.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// present says whether a value is one: empty text and empty objects are none.
func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return true
}

func (n compare) holds(v any, a *attr) bool {
	switch want := n.value.(type) {
	case bool:
		got, ok := v.(bool)
		return ok && got == want
	case float64:
		got, ok := v.(float64)
		return ok && ordered(n.op, cmp.Compare(got, want))
	case string:
		switch got := v.(type) {
		case string:
			return n.text(got, want, a)
		case bool: // active eq "True"
			return n.op == "eq" && strings.EqualFold(want, truth(got))
		}
	}
	return false
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func (n compare) text(got, want string, a *attr) bool {
	if a != nil && a.kind() == typeDateTime {
		g, err1 := time.Parse(time.RFC3339Nano, got)
		w, err2 := time.Parse(time.RFC3339Nano, want)
		if err1 == nil && err2 == nil {
			return ordered(n.op, g.Compare(w))
		}
	}
	if a == nil || !a.exact {
		got, want = strings.ToLower(got), strings.ToLower(want)
	}
	switch n.op {
	case "co":
		return strings.Contains(got, want)
	case "sw":
		return strings.HasPrefix(got, want)
	case "ew":
		return strings.HasSuffix(got, want)
	}
	return ordered(n.op, strings.Compare(got, want))
}

func ordered(op string, c int) bool {
	switch op {
	case "eq":
		return c == 0
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	case "le":
		return c <= 0
	}
	return false
}
