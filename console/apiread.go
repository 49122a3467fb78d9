package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"custody"
)

// maxBody is the longest body that a program may send, in bytes; maxLists that of a call
// which takes a list as a file.
const (
	maxBody  = 64 << 10
	maxLists = 4 << 20
)

// maxDeep is how deep a body may be nested; what calls take is flat but for lists.
const maxDeep = 8

// nothing is what a call takes that takes no body: none, or an empty object.
type nothing struct{}

// read reads the body of a call: one JSON object of known fields, each once.
func (k *call) read(r *http.Request) (in any, raw []byte, err error) {
	if k.method == http.MethodGet {
		return nil, nil, nil
	}
	raw, err = io.ReadAll(r.Body)
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return nil, nil, custody.E(custody.CodeTooLarge, "the body is too long", "at most "+map[bool]string{true: "4 MiB", false: "64 KiB"}[k.is(lists)])
	}
	if err != nil {
		return nil, nil, custody.E(custody.CodeInvalid, "the body could not be read", "send it whole")
	}
	if k.takes == nil && len(raw) == 0 {
		return nil, raw, nil
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return nil, nil, custody.E(custody.CodeInvalid, "the body must be application/json", "send that Content-Type")
	}
	if err := checkJSON(raw); err != nil {
		return nil, nil, err
	}
	takes := reflect.TypeOf(k.takes)
	if takes == nil {
		takes = reflect.TypeFor[nothing]()
	}
	v := reflect.New(takes)
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v.Interface()); err != nil {
		return nil, nil, errBody // the decoder's words quote what was sent (P7)
	}
	return v.Elem().Interface(), raw, checkBounds(v.Elem())
}

var errBody = custody.E(custody.CodeInvalid, "the body is not what this call takes", "openapi.json describes it; unknown fields are refused")

// checkJSON holds a body to one object without what readers of JSON understand in
// different ways: names given twice, or in other letters than described, text that is no
// UTF-8, what follows the object. Texts hold no control characters but line ends and
// tabs: they would end up on terminals and in mail.
func checkJSON(raw []byte) error {
	if !utf8.Valid(raw) {
		return custody.E(custody.CodeInvalid, "the body is not UTF-8 text", "send it encoded as UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errBody
	}
	if err := checkObject(d, 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errBody
	}
	return nil
}

// checkObject walks through the members of an object whose brace was read.
func checkObject(d *json.Decoder, deep int) error {
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok || name != strings.ToLower(name) {
			return errBody
		}
		if seen[name] {
			return custody.E(custody.CodeInvalid, "the body gives a field twice", "give each once")
		}
		seen[name] = true
		if err := checkValue(d, deep); err != nil {
			return err
		}
	}
	return ended(d)
}

func checkValue(d *json.Decoder, deep int) error {
	t, err := d.Token()
	if err != nil || deep > maxDeep {
		return errBody
	}
	switch x := t.(type) {
	case string:
		return checkText(x)
	case json.Delim:
		if x == '{' {
			return checkObject(d, deep+1)
		}
		for d.More() {
			if err := checkValue(d, deep+1); err != nil {
				return err
			}
		}
		return ended(d)
	}
	return nil
}

// ended reads the end of an object or a list.
func ended(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return errBody
	}
	return nil
}

// Bounds of what fields hold, in characters, and of how many a list has. A field marked
// long is prose; one marked whole is a file.
const (
	maxField = 500
	maxProse = 4000
	maxWords = 100
)

// The years of times that make sense here.
const firstYear, lastYear = 2000, 2199

// bound is how many characters a field takes; zero is as many as the body.
func bound(f *reflect.StructField) int {
	switch f.Tag.Get("text") {
	case "long":
		return maxProse
	case "whole":
		return 0
	}
	return maxField
}

// checkBounds holds what was read to its bounds.
func checkBounds(v reflect.Value) error {
	for i := range v.NumField() {
		f, x := v.Type().Field(i), v.Field(i)
		switch y := x.Interface().(type) {
		case string:
			if most := bound(&f); most > 0 && utf8.RuneCountInString(y) > most {
				return errLong
			}
		case []string:
			if len(y) > maxWords || slices.ContainsFunc(y, func(word string) bool { return utf8.RuneCountInString(word) > maxField }) {
				return errLong
			}
		case time.Time:
			if year := y.UTC().Year(); !y.IsZero() && (year < firstYear || year > lastYear) {
				return custody.E(custody.CodeInvalid, "a time is too far away", "from the year 2000 to 2199")
			}
		default:
			if x.Kind() == reflect.Struct {
				if err := checkBounds(x); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

var errLong = custody.E(custody.CodeInvalid, "a field is too long", "openapi.json gives the length of each; lists hold 100 texts at most")

// checkText refuses control characters other than line ends and tabs, and what turns the
// direction of writing, with which a name can pretend to be another.
func checkText(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
	}) {
		return custody.E(custody.CodeInvalid, "a text holds control characters", "send it without them")
	}
	return nil
}

// asked holds the parameters of an address to those that are described, each once: one
// that is mistyped must not be passed over.
func (k *call) asked(r *http.Request) error {
	for name, values := range r.URL.Query() {
		known := func(p param) bool { return p.name == name }
		if !slices.ContainsFunc(k.parameters(), known) {
			return custody.E(custody.CodeInvalid, "the address holds a parameter that this call does not know", "openapi.json describes those that it knows")
		}
		if len(values) > 1 {
			return custody.E(custody.CodeInvalid, "the address gives a parameter twice", "give each once")
		}
		if len(values[0]) > 500 || checkText(values[0]) != nil || !utf8.ValidString(values[0]) {
			return custody.E(custody.CodeInvalid, "a parameter of the address is too long or is no text", "at most 500 bytes of UTF-8")
		}
	}
	return nil
}

// parameters are those that a call knows in its address.
func (k *call) parameters() []param {
	if k.method == http.MethodGet && k.is(list) {
		return append(slices.Clone(k.query), paging...)
	}
	return k.query
}
