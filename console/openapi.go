package console

import (
	"encoding/json"
	"reflect"
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
		"tags":     []any{map[string]any{"name": "looks", "description": "Who saw whom"}, map[string]any{"name": "people", "description": "People, sessions and rights"}, map[string]any{"name": "requests", "description": "Rights for a short time"}, map[string]any{"name": "ledger", "description": "The record as a whole"}, map[string]any{"name": "self", "description": "Who the token speaks for"}},
		"paths":    paths,
		"components": map[string]any{"schemas": d.schemas,
			"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer", "description": "A personal token from the page Tokens for programs"}}},
	}, "", "  ")
}

// description collects the schemas that operations refer to.
type description struct{ schemas map[string]any }

func (d *description) operation(k *call) map[string]any {
	op := map[string]any{"operationId": k.id, "summary": k.about, "tags": []any{tagOf(k)}, "description": describeScope(k), "responses": map[string]any{
		"200":     map[string]any{"description": "What was asked for", "content": map[string]any{"application/json": map[string]any{"schema": d.answer(k)}}},
		"default": map[string]any{"description": "What went wrong, and what to try next", "content": map[string]any{"application/problem+json": map[string]any{"schema": ref("Problem")}}},
	}}
	if p := parameters(k); len(p) > 0 {
		op["parameters"] = p
	}
	if k.takes != nil {
		op["requestBody"] = map[string]any{"required": true, "content": map[string]any{"application/json": map[string]any{"schema": d.schema(reflect.TypeOf(k.takes))}}}
	}
	return op
}

func tagOf(k *call) string {
	switch k.scope {
	case scopeLooks, scopeCustomers:
		return "looks"
	case scopeRequests, scopeRequestDo:
		return "requests"
	case scopeLedger:
		return "ledger"
	case "":
		return "self"
	}
	return "people"
}

func describeScope(k *call) string {
	if k.scope == "" {
		return k.about + ". Any token can ask."
	}
	return k.about + ". The token needs the scope " + k.scope + "."
}

// answer is the schema of what a call gives: an item, or a page of items.
func (d *description) answer(k *call) any {
	item := d.schema(reflect.TypeOf(k.gives))
	if !k.list {
		return item
	}
	name := reflect.TypeOf(k.gives).Name() + "s"
	d.schemas[name] = map[string]any{"type": "object", "description": "A part of a list", "required": []string{"items"}, "properties": map[string]any{
		"items": map[string]any{"type": "array", "items": item},
		"next":  map[string]any{"type": "string", "description": "The cursor of the next part; missing at the end"}}}
	return ref(name)
}

// parameters are those of the path, of the query, and the idempotency key of writes.
func parameters(k *call) (list []any) {
	for part := range strings.SplitSeq(k.pattern, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			kind := map[string]any{"type": "integer", "format": "int64"}
			if name == "login" {
				kind = map[string]any{"type": "string"}
			}
			list = append(list, map[string]any{"name": name, "in": "path", "required": true, "description": "The " + name, "schema": kind})
		}
	}
	for _, p := range k.query {
		kind := map[string]any{"type": p.kind}
		if p.kind == "date-time" {
			kind = map[string]any{"type": "string", "format": "date-time"}
		}
		list = append(list, map[string]any{"name": p.name, "in": "query", "description": p.about, "schema": kind})
	}
	if k.method == "POST" {
		list = append(list, map[string]any{"name": "Idempotency-Key", "in": "header", "description": "A key of yours for this request, at most 100 bytes",
			"schema": map[string]any{"type": "string", "maxLength": 100}})
	}
	return list
}

func ref(name string) map[string]any { return map[string]any{"$ref": "#/components/schemas/" + name} }

var instantType = reflect.TypeOf(time.Time{})

// schema describes a type; structs by reference.
func (d *description) schema(t reflect.Type) any {
	switch {
	case t == instantType:
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Struct:
		if _, ok := d.schemas[t.Name()]; !ok {
			d.schemas[t.Name()] = nil
			d.schemas[t.Name()] = d.object(t)
		}
		return ref(t.Name())
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": d.schema(t.Elem())}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	}
	return map[string]any{"type": "integer", "format": "int64"}
}

func (d *description) object(t reflect.Type) any {
	properties, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		properties[name] = d.schema(t.Field(i).Type)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	o := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}
