package scim

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"custody"
)

// Pages hold so many resources if the client does not say, and at most.
const (
	defaultCount = 100
	maxCount     = 500
)

// query is what a client wants to see (RFC 7644 §3.4.2).
type query struct {
	Filter     string   `json:"filter"`
	SortBy     string   `json:"sortBy"`
	SortOrder  string   `json:"sortOrder"`
	StartIndex *int     `json:"startIndex"`
	Count      *int     `json:"count"`
	Attributes []string `json:"attributes"`
	Excluded   []string `json:"excludedAttributes"`
}

// list answers GET on a kind of resource.
func (c *call) list(t *resourceType) error {
	values := c.r.URL.Query()
	q := query{Filter: values.Get("filter"), SortBy: values.Get("sortBy"), SortOrder: values.Get("sortOrder"),
		Attributes: names(values.Get("attributes")), Excluded: names(values.Get("excludedAttributes"))}
	for key, into := range map[string]**int{"startIndex": &q.StartIndex, "count": &q.Count} {
		if text := values.Get(key); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return invalidValue(key + " is a number")
			}
			*into = &n
		}
	}
	return c.query(&q, t)
}

// search answers POST on .search.
func (c *call) search(kinds ...*resourceType) error {
	if c.r.Method != http.MethodPost {
		return c.notAllowed("POST")
	}
	var q query
	if err := c.read(&q); err != nil {
		return err
	}
	return c.query(&q, kinds...)
}

func (c *call) query(q *query, kinds ...*resourceType) error {
	p, err := newProjection(q.Attributes, q.Excluded)
	if err != nil {
		return err
	}
	var filter node
	if strings.TrimSpace(q.Filter) != "" {
		if filter, err = parseFilter(q.Filter); err != nil {
			return err
		}
	}
	start, count := page(q.StartIndex, q.Count)
	if filter == nil && q.SortBy == "" && len(kinds) == 1 {
		return c.page(kinds[0], start, count, p)
	}
	var found []match
	for _, t := range kinds {
		list, err := c.candidates(t, filter)
		if err != nil {
			return err
		}
		for _, r := range list {
			body := r.body(c.base)
			if filter == nil || filter.match(scope{t: t, value: body}) {
				found = append(found, match{t, body})
			}
		}
	}
	if q.SortBy != "" {
		sortBy(found, q.SortBy, strings.EqualFold(q.SortOrder, "descending"))
	}
	shown := found[min(start-1, len(found)):]
	shown = shown[:min(count, len(shown))]
	c.show(shown, len(found), start, p)
	return nil
}

// page answers who asks for all, page by page: only what is shown is read.
func (c *call) page(t *resourceType, start, count int, p *projection) error {
	list, total, err := c.o.Backend.Page(c.r.Context(), c.client, t.kind, start-1, count)
	if err != nil {
		return err
	}
	shown := make([]match, len(list))
	for i, r := range list {
		shown[i] = match{t, r.body(c.base)}
	}
	c.show(shown, total, start, p)
	return nil
}

func (c *call) show(shown []match, total, start int, p *projection) {
	out := make([]any, len(shown))
	for i, m := range shown {
		out[i] = p.of(m.t, m.body)
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"schemas": []string{listURN}, "totalResults": total,
		"startIndex": start, "itemsPerPage": len(out), "Resources": out})
}

// candidates are the resources among which a filter chooses: one where the filter, or
// one side of its "and", asks for an id or a name that has an index, else all.
func (c *call) candidates(t *resourceType, filter node) ([]*Resource, error) {
	ctx, b := c.r.Context(), c.o.Backend
	if f, ok := filter.(both); ok {
		for _, side := range []node{f.left, f.right} {
			if indexed(side, t) {
				return c.candidates(t, side)
			}
		}
	}
	if v, ok := lookedUp(filter, "id"); ok && v != "" {
		r, err := b.Get(ctx, c.client, t.kind, v)
		if custody.CodeOf(err) == custody.CodeNotFound {
			return nil, nil
		}
		return []*Resource{r}, err
	}
	name := "userName"
	if t.kind == Group {
		name = "displayName"
	}
	if v, ok := lookedUp(filter, name); ok && v != "" {
		return b.Find(ctx, c.client, t.kind, v, "")
	}
	if v, ok := lookedUp(filter, "externalId"); ok && v != "" {
		return b.Find(ctx, c.client, t.kind, "", v)
	}
	return b.List(ctx, c.client, t.kind)
}

// indexed says whether a filter leads to few candidates.
func indexed(filter node, t *resourceType) bool {
	if f, ok := filter.(both); ok {
		return indexed(f.left, t) || indexed(f.right, t)
	}
	for _, name := range []string{"id", "externalId", map[Kind]string{User: "userName", Group: "displayName"}[t.kind]} {
		if v, ok := lookedUp(filter, name); ok && v != "" {
			return true
		}
	}
	return false
}

type match struct {
	t    *resourceType
	body map[string]any
}

// sortBy sorts by an attribute; what has none of it comes last, ascending.
func sortBy(found []match, name string, descending bool) {
	key := func(m match) (string, bool) {
		values, a := scope{t: m.t, value: m.body}.values(name)
		if len(values) == 0 {
			return "", false
		}
		for _, v := range list(m.body[name]) { // the primary one, if there is
			if o, ok := v.(map[string]any); ok && o["primary"] == true {
				values = list(o[complexDefault])
			}
		}
		text := ""
		switch v := values[0].(type) {
		case string:
			text = v
		case bool:
			text = truth(v)
		}
		if a == nil || !a.exact {
			text = strings.ToLower(text)
		}
		return text, true
	}
	slices.SortStableFunc(found, func(x, y match) int {
		a, hasA := key(x)
		b, hasB := key(y)
		order := cmp.Compare(truth(!hasA), truth(!hasB))
		if order == 0 {
			order = cmp.Compare(a, b)
		}
		if descending {
			order = -order
		}
		return order
	})
}

// page gives the first number, from 1, and how many to show.
func page(start, count *int) (int, int) {
	first, n := 1, defaultCount
	if start != nil {
		first = max(*start, 1)
	}
	if count != nil {
		n = min(max(*count, 0), maxCount)
	}
	return first, n
}

// projection is which attributes an answer shows (RFC 7644 §3.9).
type projection struct {
	only, without []string
}

func (c *call) projection() (*projection, error) {
	q := c.r.URL.Query()
	return newProjection(names(q.Get("attributes")), names(q.Get("excludedAttributes")))
}

func newProjection(only, without []string) (*projection, error) {
	if len(only) > 0 && len(without) > 0 {
		return nil, invalidValue("attributes and excludedAttributes exclude each other")
	}
	if len(only)+len(without) > maxTerms {
		return nil, invalidValue("too many attributes are named")
	}
	return &projection{only, without}, nil
}

func (p *projection) none() bool { return len(p.only)+len(p.without) == 0 }

func names(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// of gives the part of a body that is to be shown.
func (p *projection) of(t *resourceType, body map[string]any) map[string]any {
	switch {
	case len(p.only) > 0:
		return p.keep(t, body)
	case len(p.without) > 0:
		return p.drop(t, body)
	}
	return body
}

func (p *projection) keep(t *resourceType, body map[string]any) map[string]any {
	out := map[string]any{"schemas": body["schemas"], "id": body["id"]}
	for _, name := range p.only {
		a, sub, extended, whole := t.resolve(name)
		from, into := body, out
		if extended || whole {
			from, _ = body[t.extension].(map[string]any)
			if whole && from != nil {
				out[t.extension] = from
			}
			if into, _ = out[t.extension].(map[string]any); into == nil {
				into = map[string]any{}
			}
		}
		if a == nil || from == nil || from[a.name] == nil {
			continue
		}
		into[a.name] = only(from[a.name], sub, into[a.name])
		if extended {
			out[t.extension] = into
		}
	}
	return out
}

// only gives a value with one of its sub-attributes, or all of it; before is what
// other names have shown of it.
func only(v any, sub *attr, before any) any {
	if sub == nil {
		return v
	}
	pick := func(v, before any) any {
		m, ok := v.(map[string]any)
		if !ok {
			return v
		}
		out, _ := before.(map[string]any)
		if out == nil {
			out = map[string]any{}
		}
		if m[sub.name] != nil {
			out[sub.name] = m[sub.name]
		}
		return out
	}
	values, many := v.([]any)
	if !many {
		return pick(v, before)
	}
	shown, _ := before.([]any)
	out := make([]any, len(values))
	for i, one := range values {
		var seen any
		if i < len(shown) {
			seen = shown[i]
		}
		out[i] = pick(one, seen)
	}
	return out
}

func (p *projection) drop(t *resourceType, body map[string]any) map[string]any {
	out := copied(body).(map[string]any)
	for _, name := range p.without {
		a, sub, extended, whole := t.resolve(name)
		from := out
		if whole {
			delete(out, t.extension)
			continue
		}
		if extended {
			from, _ = out[t.extension].(map[string]any)
		}
		if a == nil || a.always || from == nil {
			continue
		}
		if sub == nil {
			delete(from, a.name)
			continue
		}
		for _, v := range list(from[a.name]) {
			if m, ok := v.(map[string]any); ok {
				delete(m, sub.name)
			}
		}
	}
	return out
}

// copied copies objects and lists all the way down.
func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = copied(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = copied(x)
		}
		return out
	}
	return v
}
