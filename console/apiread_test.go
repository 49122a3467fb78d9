package console

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzBody reads bodies as calls do: what passes is one object of known fields within
// their bounds, and reads the same again.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{}`, `{"login":"a@b.example","name":"A","organisation":"O","roles":["x"]}`, `{"login":"a","login":"b"}`, `{"Login":"a"}`, `{"start":"2026-02-03T04:05:06Z"}`,
		`{"roles":[[]]}`, `[{}]`, `{"name":"\u0000"}`, `{}{}`, "{\"name\":\"\xff\"}", `{"name":` + strings.Repeat("[", 100), `{"end":"0001-01-01T00:00:00Z"}`} {
		f.Add([]byte(seed))
	}
	k := call{method: "POST", takes: Joiner{}}
	f.Fuzz(func(t *testing.T, body []byte) {
		read := func(b []byte) (any, error) {
			r := httptest.NewRequest("POST", "/", bytes.NewReader(b))
			r.Header.Set("Content-Type", "application/json")
			in, _, err := k.read(r)
			return in, err
		}
		in, err := read(body)
		if err != nil {
			return
		}
		j := in.(Joiner)
		if !utf8.ValidString(j.Name) || utf8.RuneCountInString(j.Name) > maxField || strings.ContainsAny(j.Name, "\x00\x1b\u202e") || len(j.Roles) > maxWords {
			t.Errorf("%q passes", body)
		}
		again, _ := json.Marshal(j)
		if out, err := read(again); err != nil || !reflect.DeepEqual(normal(out), normal(in)) {
			t.Errorf("%q reads as %+v, and again as %+v: %v", body, in, out, err)
		}
	})
}

// normal is what a reader of JSON sees of a value.
func normal(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
