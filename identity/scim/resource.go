package scim

import (
	"net/mail"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a resource.
const (
	maxText    = 1000   // bytes of one text
	maxValues  = 50     // of one multi-valued attribute
	maxMembers = 20_000 // of a group
)

// Resource is a user or a group as a backend keeps it.
type Resource struct {
	ID   string
	Kind Kind
	// Attributes are those that the client may write, under their names in the
	// standard, but for members.
	Attributes map[string]any
	Members    []Ref // of a group
	Groups     []Ref // of a user; the backend tells them
	Version    int64 // 0 before it was saved for the first time
	Created    time.Time
	Modified   time.Time
}

// Ref names another resource: a member of a group, or a group of a member.
type Ref struct {
	ID      string
	Display string
}

// Name is what no other resource of its kind has: userName or displayName.
func (r *Resource) Name() string {
	if r.Kind == Group {
		return r.text("displayName")
	}
	return r.text("userName")
}

// ExternalID is the client's own number; empty if there is none.
func (r *Resource) ExternalID() string { return r.text("externalId") }

// Active says whether a user works for the organisation. Who is not said to be
// inactive is active.
func (r *Resource) Active() bool {
	active, said := r.Attributes["active"].(bool)
	return active || !said
}

// Login is the email address by which the user signs in: userName, or where that is
// none the primary or first address at work. Empty if there is none.
func (r *Resource) Login() string {
	if isAddress(r.text("userName")) {
		return strings.ToLower(r.text("userName"))
	}
	best, rank := "", 0
	for _, v := range list(r.Attributes["emails"]) {
		m, _ := v.(map[string]any)
		address, _ := m["value"].(string)
		if !isAddress(address) {
			continue
		}
		now := 1
		if kind, _ := m["type"].(string); strings.EqualFold(kind, "work") {
			now = 2
		}
		if primary, _ := m["primary"].(bool); primary {
			now = 3
		}
		if now > rank {
			best, rank = strings.ToLower(address), now
		}
	}
	return best
}

func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// FullName is the name by which people know the user.
func (r *Resource) FullName() string {
	name, _ := r.Attributes["name"].(map[string]any)
	part := func(key string) string { s, _ := name[key].(string); return strings.TrimSpace(s) }
	for _, s := range []string{part("formatted"), strings.TrimSpace(part("givenName") + " " + part("familyName")), r.text("displayName"), r.text("userName")} {
		if s != "" {
			return s
		}
	}
	return ""
}

// Enterprise is an attribute of the enterprise extension, at most 100 bytes of it.
func (r *Resource) Enterprise(name string) string {
	m, _ := r.Attributes[enterpriseURN].(map[string]any)
	s, _ := m[name].(string)
	if s = strings.TrimSpace(s); len(s) > 100 {
		return ""
	}
	return s
}

func (r *Resource) text(name string) string {
	s, _ := r.Attributes[name].(string)
	return strings.TrimSpace(s)
}

// clean keeps what the schemas declare and the client may write, with its names and
// types as the schemas have them. Unknown attributes are passed over (RFC 7644 §3.3).
func clean(t *resourceType, in map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for _, key := range sorted(in) {
		a, sub, extended, whole := t.resolve(key)
		switch {
		case whole:
			m, ok := in[key].(map[string]any)
			if !ok {
				return nil, invalidValue("an extension is an object")
			}
			inner, err := cleanObject(t.extended, m)
			if err != nil {
				return nil, err
			}
			if len(inner) > 0 {
				out[t.extension] = inner
			}
		case a == nil || sub != nil || extended || a.readOnly:
		default:
			v, err := coerce(a, in[key])
			if err != nil {
				return nil, err
			}
			if present(v) {
				out[a.name] = v
			}
		}
	}
	return out, nil
}

func sorted(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func cleanObject(attrs []attr, in map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for _, key := range sorted(in) {
		a := lookup(attrs, key)
		if a == nil || a.readOnly {
			continue
		}
		v, err := coerce(a, in[key])
		if err != nil {
			return nil, err
		}
		if present(v) {
			out[a.name] = v
		}
	}
	return out, nil
}

// coerce gives a value the type that its attribute has. Clients send booleans as text,
// one value for a list, and an id for a complex value; all are read as they are meant.
func coerce(a *attr, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	if a.multi {
		return coerceAll(a, list(v))
	}
	if l, ok := v.([]any); ok { // "active": [{"value": "False"}]
		if len(l) != 1 {
			return nil, invalidValue(a.name + " has one value, not several")
		}
		v = l[0]
	}
	if m, ok := v.(map[string]any); ok && a.kind() != typeComplex {
		v = m["value"]
	}
	return coerceOne(a, v)
}

func coerceAll(a *attr, values []any) (any, error) {
	limit := maxValues
	if a.name == "members" {
		limit = maxMembers
	}
	if len(values) > limit {
		return nil, invalidValue(a.name + " has more than " + strconv.Itoa(limit) + " values")
	}
	var out []any
	primary := -1
	for _, v := range values {
		one, err := coerceOne(a, v)
		if err != nil {
			return nil, err
		}
		if !present(one) {
			continue
		}
		if m, ok := one.(map[string]any); ok && m["primary"] == true {
			if primary >= 0 { // the last one said counts
				delete(out[primary].(map[string]any), "primary")
			}
			primary = len(out)
		}
		out = append(out, one)
	}
	return out, nil
}

func coerceOne(a *attr, v any) (any, error) {
	switch a.kind() {
	case typeComplex:
		if s, ok := v.(string); ok && lookup(a.sub, complexDefault) != nil {
			v = map[string]any{complexDefault: s}
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, invalidValue(a.name + " is an object")
		}
		return cleanObject(a.sub, m)
	case typeBoolean:
		switch b := v.(type) {
		case bool:
			return b, nil
		case string:
			if strings.EqualFold(b, "true") || strings.EqualFold(b, "false") {
				return strings.EqualFold(b, "true"), nil
			}
		}
		return nil, invalidValue(a.name + " is true or false")
	}
	switch s := v.(type) {
	case string:
		if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return nil, invalidValue(a.name + " is text of one line and at most 1000 bytes")
		}
		return s, nil
	case float64:
		return strconv.FormatFloat(s, 'f', -1, 64), nil
	}
	return nil, invalidValue(a.name + " is text")
}

// load brings what a client sent, or what a patch made of it, into a resource.
func (r *Resource) load(t *resourceType, in map[string]any) error {
	out, err := clean(t, in)
	if err != nil {
		return err
	}
	r.Members = nil
	for _, v := range list(out["members"]) {
		m := v.(map[string]any)
		id, _ := m["value"].(string)
		if id == "" {
			return invalidValue("a member has the id of a user as its value")
		}
		r.Members = append(r.Members, Ref{ID: id})
	}
	delete(out, "members")
	r.Attributes = out
	if r.Name() == "" {
		return invalidValue("userName of a user and displayName of a group must be there")
	}
	return nil
}

// body gives the whole resource as clients see it.
func (r *Resource) body(base string) map[string]any {
	t := typeOf(r.Kind)
	out := map[string]any{}
	for k, v := range r.Attributes {
		out[k] = v
	}
	schemas := []any{t.urn}
	if _, ok := out[t.extension]; ok {
		schemas = append(schemas, t.extension)
	}
	out["schemas"], out["id"] = schemas, r.ID
	out["meta"] = map[string]any{
		"resourceType": string(r.Kind), "created": stamp(r.Created), "lastModified": stamp(r.Modified),
		"location": base + t.endpoint + "/" + r.ID, "version": r.etag(),
	}
	if r.Kind == Group && len(r.Members) > 0 {
		out["members"] = refs(r.Members, base+"/Users/", "User")
	}
	if r.Kind == User {
		out["active"] = r.Active()
		if len(r.Groups) > 0 {
			out["groups"] = refs(r.Groups, base+"/Groups/", "direct")
		}
	}
	return out
}

func refs(list []Ref, at, kind string) []any {
	out := make([]any, len(list))
	for i, ref := range list {
		m := map[string]any{"value": ref.ID, "$ref": at + ref.ID, "type": kind}
		if ref.Display != "" {
			m["display"] = ref.Display
		}
		out[i] = m
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// etag is weak: two bodies of one version may differ in a group's name.
func (r *Resource) etag() string { return `W/"` + strconv.FormatInt(r.Version, 10) + `"` }
