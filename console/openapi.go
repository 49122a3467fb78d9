package console

import (
	"cmp"
	"encoding/json"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
)

// describe makes the OpenAPI document from the table of calls, so that the two cannot
// differ.
func describe(list []call) ([]byte, error) {
	d := &description{schemas: map[string]any{}}
	paths := map[string]map[string]any{}
	for i := range list {
		at := "/" + list[i].pattern
		if paths[at] == nil {
			paths[at] = map[string]any{}
		}
		paths[at][strings.ToLower(list[i].method)] = d.operation(&list[i])
	}
	d.schema(reflect.TypeOf(Problem{}))
	return json.MarshalIndent(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "Custody", "version": "1", "summary": "Who saw whom, people, rights and proofs, for programs",
			"description": "Everything is done under the name of the token's person, within what that person may do in the console and within the token's scopes. Every look at a customer is recorded before it is answered. Errors are application/problem+json. Writes take an Idempotency-Key: the same request again within a day gets the same answer.",
			"license":     map[string]any{"name": "See LICENSE", "url": "https://custody.example/licence"}},
		"servers":  []any{map[string]any{"url": "/api/v1"}},
		"security": []any{map[string]any{"token": []any{}}},
		"tags":     describeTags(),
		"paths":    paths,
		"components": map[string]any{"schemas": d.schemas,
			"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer", "description": "A personal token from the page Tokens for programs"}}},
	}, "", "  ")
}

// description collects the schemas that operations refer to.
type description struct{ schemas map[string]any }

func (d *description) operation(k *call) map[string]any {
	op := map[string]any{"operationId": k.id, "summary": k.about, "tags": []any{tagOf(k)}, "description": describeScope(k), "responses": map[string]any{
		"200":     d.success(k),
		"default": map[string]any{"description": "What went wrong, and what to try next", "content": map[string]any{"application/problem+json": map[string]any{"schema": ref("Problem")}}},
	}}
	if p := parameters(k); len(p) > 0 {
		op["parameters"] = p
	}
	if k.takes != nil {
		op["requestBody"] = map[string]any{"required": true, "content": map[string]any{"application/json": map[string]any{"schema": d.taken(reflect.TypeOf(k.takes))}}}
	}
	return op
}

// taken is the schema of what a call takes: with the bounds of its fields.
func (d *description) taken(t reflect.Type) any {
	schema := d.schema(t)
	d.bounded(t, d.schemas[schemaName(t)].(map[string]any)["properties"].(map[string]any))
	return schema
}

func (d *description) bounded(t reflect.Type, properties map[string]any) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch s, _ := properties[name].(map[string]any); {
		case f.Anonymous && name == "":
			d.bounded(f.Type, properties)
		case f.Type.Kind() == reflect.String && bound(&f) > 0:
			s["maxLength"] = bound(&f)
		case f.Type.Kind() == reflect.Slice:
			s["maxItems"] = maxWords
			s["items"] = map[string]any{"type": "string", "maxLength": maxField}
		}
	}
}

// success is an answer that is what was asked for.
func (d *description) success(k *call) map[string]any {
	if f := k.file(); f != "" {
		return map[string]any{"description": "The file", "content": map[string]any{string(f): map[string]any{"schema": map[string]any{"type": "string"}}}}
	}
	r := map[string]any{"description": "What was asked for", "content": map[string]any{"application/json": map[string]any{"schema": d.answer(k)}}}
	if k.method == "GET" {
		r["headers"] = map[string]any{"ETag": map[string]any{"description": "Send it as If-None-Match: the answer is 304 while nothing has changed", "schema": map[string]any{"type": "string"}}}
	}
	return r
}

// tags are the parts of the description, by the scopes that open them.
var tags = []struct {
	name, about string
	scopes      []string
}{
	{"looks", "Who saw whom", []string{scopeLooks, scopeCustomers}},
	{"people", "People and their sessions", []string{scopePeople, scopePeopleDo}},
	{"rights", "Who may see what", []string{scopeRights}},
	{"systems", "What is guarded", []string{scopeSystems}},
	{"requests", "Rights for a short time", []string{scopeRequests, scopeRequestDo}},
	{"reviews", "Rights that are confirmed or end, and emergency access", []string{scopeReviews, scopeReviewsDo}},
	{"alerts", "What the detectors found", []string{scopeAlerts, scopeAlertsDo}},
	{"complaints", "What customers report, and whose looks explain it", []string{scopeComplaints, scopeComplaintsDo}},
	{"register", "Processors, rules, training and clauses", []string{scopeRegister, scopeRegisterDo}},
	{"ledger", "The record as a whole", []string{scopeLedger, scopeLedgerDo}},
	{"canaries", "Customers who are none: planted to notice a leak", []string{scopeCanaries, scopeCanariesDo}},
	{"notices", "What people and programs were told", []string{scopeNotices, scopeNoticesDo}},
	{"self", "Who the token speaks for", []string{"", scopeSelf, scopeSelfDo}},
}

func describeTags() (list []any) {
	for _, t := range tags {
		list = append(list, map[string]any{"name": t.name, "description": t.about})
	}
	return list
}

func tagOf(k *call) string {
	for _, t := range tags {
		if slices.Contains(t.scopes, k.scope) {
			return t.name
		}
	}
	return ""
}

func describeScope(k *call) string {
	text := k.about + ". Any token can ask."
	if k.scope != "" {
		text = k.about + ". The token needs the scope " + k.scope + "."
	}
	if roles := may[k.area]; len(roles) > 0 {
		titles := make([]string, len(roles))
		for i, r := range roles {
			titles[i] = strings.ToLower(r.Title())
		}
		text += " For: " + strings.Join(titles, ", ") + "."
	}
	return text
}

// answer is the schema of what a call gives: an item, or a page of items.
func (d *description) answer(k *call) any {
	item := d.schema(reflect.TypeOf(k.gives))
	if !k.is(list) {
		return item
	}
	name := schemaName(reflect.TypeOf(k.gives)) + "s"
	d.schemas[name] = map[string]any{"type": "object", "description": "A part of a list", "required": []string{"items"}, "properties": map[string]any{
		"items": map[string]any{"type": "array", "items": item},
		"next":  map[string]any{"type": "string", "description": "The cursor of the next part; missing at the end"}}}
	return ref(name)
}

// wordy are the parts of a path that are no numbers.
var wordy = []string{"login", "system", "reference"}

// parameters are those of the path, of the query, and the idempotency key of writes.
func parameters(k *call) (all []any) {
	for part := range strings.SplitSeq(k.pattern, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			kind := map[string]any{"type": "integer", "format": "int64"}
			if slices.Contains(wordy, name) {
				kind = map[string]any{"type": "string"}
			}
			all = append(all, map[string]any{"name": name, "in": "path", "required": true, "description": "The " + name, "schema": kind})
		}
	}
	for _, p := range k.parameters() {
		kind := map[string]any{"type": p.kind}
		if p.kind == "date-time" {
			kind = map[string]any{"type": "string", "format": "date-time"}
		}
		all = append(all, map[string]any{"name": p.name, "in": "query", "description": p.about, "schema": kind})
	}
	if k.method == "POST" && !k.is(asks) {
		all = append(all, map[string]any{"name": "Idempotency-Key", "in": "header", "description": "A key of yours for this request, at most 100 bytes",
			"schema": map[string]any{"type": "string", "maxLength": 100}})
	}
	return all
}

func ref(name string) map[string]any { return map[string]any{"$ref": "#/components/schemas/" + name} }

var instantType = reflect.TypeOf(time.Time{})

// schema describes a type; structs by reference.
func (d *description) schema(t reflect.Type) any {
	switch {
	case t == instantType:
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return d.schema(t.Elem())
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case t.Kind() == reflect.Struct:
		name := schemaName(t)
		if _, ok := d.schemas[name]; !ok {
			d.schemas[name] = nil
			d.schemas[name] = d.object(t)
		}
		return ref(name)
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": d.schema(t.Elem())}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	case t.Kind() == reflect.Float64:
		return map[string]any{"type": "number"}
	}
	return map[string]any{"type": "integer", "format": "int64"}
}

// schemaName is the name of a struct; one of another package has that before it.
func schemaName(t reflect.Type) string {
	if t.PkgPath() == reflect.TypeOf(Problem{}).PkgPath() {
		return t.Name()
	}
	from := path.Base(t.PkgPath())
	return strings.ToUpper(from[:1]) + from[1:] + t.Name()
}

// object describes a struct.
func (d *description) object(t reflect.Type) any {
	properties, required := map[string]any{}, []string{}
	d.fields(t, properties, &required)
	o := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

// fields describes a struct's fields; those of what it embeds lie flat, as in its JSON.
func (d *description) fields(t reflect.Type, properties map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Pointer:
			d.fields(f.Type.Elem(), properties, &[]string{}) // it may not be there
		case f.Anonymous && name == "":
			d.fields(f.Type, properties, required)
		case f.IsExported() && name != "-":
			name = cmp.Or(name, f.Name)
			properties[name] = orNull(t, f.Type, d.schema(f.Type))
			if !strings.Contains(options, "omit") {
				*required = append(*required, name)
			}
		}
	}
}

// orNull: lists and maps of other packages may be missing as null; those of this one are
// always there.
func orNull(in, t reflect.Type, schema any) any {
	if m, ok := schema.(map[string]any); ok && in.PkgPath() != reflect.TypeOf(Problem{}).PkgPath() && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map) {
		m["type"] = []any{m["type"], "null"}
	}
	return schema
}
