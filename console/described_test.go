package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pb33f/libopenapi"

	"custody/console"
)

// described is an operation of the OpenAPI document.
type described struct {
	method, path, id string
	answer           any    // the schema of its answer; nil for a file
	file             string // its media type
	takes            any    // the schema of its body; nil for none
	query            []string
}

// document is the description of the interface; all worlds have the same.
var document = sync.OnceValues(func() (d struct {
	text    []byte
	list    []described
	schemas map[string]any
}, err error) {
	if d.text, err = console.Description(); err != nil {
		return d, err
	}
	d.list, d.schemas, err = readDescription(d.text)
	return d, err
})

// held holds an answer to the description: every answer that a test of the interface gets
// passes here, so that the two cannot drift apart.
func (w *world) held(method, path string, status int, text []byte, h http.Header) {
	w.t.Helper()
	d, err := document()
	if err != nil {
		w.t.Fatal(err)
	}
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	path, _, _ = strings.Cut(path, "?")
	at := slices.IndexFunc(d.list, func(op described) bool { return op.method == method && op.is(path) })
	if status >= http.StatusBadRequest {
		if kind != "application/problem+json" {
			w.t.Errorf("%s %s: %d as %s", method, path, status, kind)
		}
		w.conforms(obj{"$ref": "#/components/schemas/Problem"}, text, method+" "+path)
		var p console.Problem
		if json.Unmarshal(text, &p); p.Status != status || p.Detail == "" || p.Title == "" || p.Type != "urn:custody:problem:"+p.Code {
			w.t.Errorf("%s %s: %d, a problem without its parts: %s", method, path, status, text)
		}
		return
	}
	switch {
	case status == http.StatusNotModified:
	case at < 0 || status != http.StatusOK:
		w.t.Errorf("%s %s: %d is not described", method, path, status)
	case d.list[at].file != "":
		if kind != d.list[at].file || len(text) == 0 {
			w.t.Errorf("%s answers %s", d.list[at].id, kind)
		}
	default:
		w.conforms(d.list[at].answer, text, d.list[at].id)
	}
}

func (w *world) conforms(schema any, text []byte, at string) {
	w.t.Helper()
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		w.t.Errorf("%s: %v", at, err)
		return
	}
	d, _ := document()
	for _, wrong := range conforms(d.schemas, schema, out, at) {
		w.t.Error(wrong)
	}
}

// is says whether a path is of an operation; words win over parameters.
func (d *described) is(path string) bool {
	want, got := strings.Split(strings.TrimPrefix(d.path, "/"), "/"), strings.Split(path, "/")
	for i := range want {
		if i >= len(got) || want[i] != got[i] && !strings.HasPrefix(want[i], "{") || want[i] == "{campaign}" && got[i] == "waiting" {
			return false
		}
	}
	return len(want) == len(got)
}

// description gives the operations and schemas as an independent library reads them.
func (w *world) description() (list []described, schemas map[string]any) {
	w.t.Helper()
	d, err := document()
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.Clone(d.list), d.schemas
}

func readDescription(text []byte) (list []described, schemas map[string]any, err error) {
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, nil, err
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		return nil, nil, err
	}
	var plain struct {
		Paths      map[string]map[string]obj
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, nil, err
	}
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			if op.Summary == "" || op.OperationId == "" || len(op.Tags) != 1 || op.Tags[0] == "" || op.Responses.Default == nil || op.Responses.Codes.GetOrZero("200") == nil {
				return nil, nil, fmt.Errorf("%s %s is not described in full", method, path)
			}
			d := described{method: strings.ToUpper(method), path: path, id: op.OperationId}
			said := plain.Paths[path][method]
			for kind, content := range said["responses"].(obj)["200"].(obj)["content"].(obj) {
				if d.file = kind; kind == "application/json" {
					d.answer, d.file = content.(obj)["schema"], ""
				}
			}
			if body, ok := said["requestBody"].(obj); ok {
				d.takes = body["content"].(obj)["application/json"].(obj)["schema"]
			}
			for _, p := range op.Parameters {
				if p.In == "query" {
					d.query = append(d.query, p.Name)
				}
			}
			list = append(list, d)
		}
	}
	return list, plain.Components.Schemas, nil
}

// conforms holds a value to a schema, and the schema to the words that this knows.
func conforms(schemas map[string]any, schema, value any, at string) (wrong []string) {
	s := schema.(obj)
	if ref, ok := s["$ref"].(string); ok {
		return conforms(schemas, schemas[strings.TrimPrefix(ref, "#/components/schemas/")], value, at)
	}
	for word := range s {
		if !slices.Contains([]string{"type", "format", "properties", "required", "items", "additionalProperties", "description", "maxLength", "maxItems"}, word) {
			wrong = append(wrong, at+": the schema says "+word)
		}
	}
	kind := s["type"]
	if either, ok := kind.([]any); ok { // of a list that may be null
		if kind = either[0]; value == nil {
			return wrong
		}
	}
	no := func() []string { return append(wrong, fmt.Sprintf("%s is %T, not %v", at, value, s["type"])) }
	switch kind {
	case "object":
		o, ok := value.(obj)
		if !ok {
			return no()
		}
		properties, _ := s["properties"].(obj)
		required, _ := s["required"].([]any)
		for _, must := range required {
			if _, ok := o[must.(string)]; !ok {
				wrong = append(wrong, fmt.Sprintf("%s lacks %s", at, must))
			}
		}
		for name, v := range o {
			if p, ok := properties[name]; ok {
				wrong = append(wrong, conforms(schemas, p, v, at+"."+name)...)
			} else if more, ok := s["additionalProperties"].(obj); ok {
				wrong = append(wrong, conforms(schemas, more, v, at+"."+name)...)
			} else {
				wrong = append(wrong, at+" has "+name+", which is not described")
			}
		}
	case "array":
		list, ok := value.([]any)
		if !ok {
			return no()
		}
		for i, v := range list {
			wrong = append(wrong, conforms(schemas, s["items"], v, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case "string":
		text, ok := value.(string)
		if !ok {
			return no()
		}
		if _, err := time.Parse(time.RFC3339, text); s["format"] == "date-time" && err != nil {
			return no()
		}
	case "integer":
		if n, ok := value.(float64); !ok || n != float64(int64(n)) {
			return no()
		}
	case "number":
		if _, ok := value.(float64); !ok {
			return no()
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return no()
		}
	default:
		wrong = append(wrong, fmt.Sprintf("%s: the schema has the type %v", at, s["type"]))
	}
	return wrong
}
