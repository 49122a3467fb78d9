package accesslog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"custody"
)

// sampledObjects is how many objects are looked at for the names of columns.
const sampledObjects = 200

// maxDepth bounds how deep values lie inside of objects.
const maxDepth = 8

// jsonSource reads objects: one a line, or one after the other, or those of an array.
// What lies inside of an object has a column of its own, as actor.email.
type jsonSource struct {
	in     *lines
	stream *json.Decoder // of an array, or of objects over several lines; nil: one a line
	rest   *rest
	n      int // objects of the stream
	over   bool
	at     map[string]int // columns by name
	fields []string
}

func openJSON(in *lines, start []byte) (*opened, error) {
	s := &jsonSource{in: in, at: map[string]int{}}
	o := &opened{}
	if line, _, _ := bytes.Cut(start, []byte{in.eol}); start[0] == '[' || !json.Valid(line) || wraps(start) {
		if err := s.open(); err != nil {
			return nil, err
		}
		o.notes = append(o.notes, "the objects are counted, not the lines of the file")
	}
	var first []map[string]any
	var read []record
	for len(read) < sampledObjects {
		object, line, err := s.object()
		if b, ok := errors.AsType[*broken](err); ok {
			read, first = append(read, record{nil, b.line, b.reason}), append(first, nil)
			continue
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		read, first = append(read, record{nil, line, ""}), append(first, object)
		flatten("", object, 0, func(name, _ string) { s.at[name] = 0 })
	}
	if len(s.at) == 0 {
		return nil, custody.E(custody.CodeInvalid, "the file holds no JSON object with values", "give one object a line, or an array of objects, one for each look")
	}
	for name := range s.at {
		o.header = append(o.header, name)
	}
	slices.Sort(o.header)
	for i, name := range o.header {
		s.at[name] = i
	}
	s.fields = make([]string, len(o.header))
	for i := range read {
		if first[i] != nil {
			read[i].fields = slices.Clone(s.flat(first[i]))
		}
	}
	o.source = &replay{s, read}
	return o, nil
}

// wraps says whether a text is one object, on one line, around a list of objects.
func wraps(start []byte) bool {
	d := json.NewDecoder(bytes.NewReader(start))
	var object map[string]json.RawMessage
	if d.Decode(&object) != nil {
		return false
	}
	if _, err := d.Token(); err != io.EOF {
		return false
	}
	for _, v := range object {
		var list []json.RawMessage
		if json.Unmarshal(v, &list) == nil && len(list) > 1 && list[0][0] == '{' {
			return true
		}
	}
	return false
}

// open begins a stream: inside of an array, or of the first array of objects inside of
// an object, or with the objects that follow each other.
func (s *jsonSource) open() error {
	start := bytes.TrimLeft(s.in.start(), " \t\r\n")
	s.rest = &rest{in: s.in}
	s.stream = json.NewDecoder(s.rest)
	s.stream.UseNumber()
	if start[0] == '{' && !around(start) {
		return nil
	}
	for depth := 0; depth < maxDepth; {
		t, err := s.stream.Token()
		if err != nil {
			return noJSON(err)
		}
		if t == json.Delim('[') {
			return nil
		}
		if t == json.Delim('{') {
			depth++
		}
	}
	return noJSON(errors.New("no array of objects"))
}

// around says whether an object's values hold an array of objects rather than being a look.
func around(start []byte) bool {
	d := json.NewDecoder(bytes.NewReader(start))
	var whole json.RawMessage
	if err := d.Decode(&whole); err == nil { // it ends within what is seen: others follow, unless it wraps
		return wraps(start)
	}
	i := bytes.IndexByte(start, '[')
	return i >= 0 && bytes.HasPrefix(bytes.TrimLeft(start[i+1:], " \t\r\n"), []byte("{"))
}

func noJSON(err error) error {
	return &custody.Error{Code: custody.CodeInvalid, Message: "the file begins as JSON and is none", Hint: "give one object a line, or an array of objects, one for each look", Err: err}
}

// rest reads what is left of a file, line structure or not.
type rest struct {
	in    *lines
	fresh int // bytes since the last object was complete
}

func (r *rest) Read(p []byte) (int, error) {
	if r.fresh > 4*MaxLine {
		return 0, custody.E(custody.CodeTooLarge, "an object of the file is larger than 4 MiB", "give one object for each look")
	}
	if over, err := r.in.done(); over {
		if err == nil {
			err = io.EOF
		}
		return 0, err
	}
	n := copy(p, r.in.buf[r.in.from:r.in.to])
	r.in.from += n
	r.fresh += n
	return n, nil
}

func (s *jsonSource) next() ([]string, int, error) {
	object, line, err := s.object()
	if err != nil {
		return nil, line, err
	}
	return s.flat(object), line, nil
}

// object reads the next one.
func (s *jsonSource) object() (object map[string]any, line int, err error) {
	if s.stream != nil {
		return s.streamed()
	}
	text, err := s.in.next()
	if err != nil {
		return nil, s.in.at, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&object) != nil || object == nil {
		return nil, s.in.at, &broken{s.in.at, noObject}
	}
	return object, s.in.at, nil
}

func (s *jsonSource) streamed() (object map[string]any, line int, err error) {
	if s.over || !s.stream.More() {
		if s.over {
			return nil, s.n, io.EOF
		}
		s.over = true
		if _, err := s.stream.Token(); err != nil && err != io.EOF || s.in.end != io.EOF && s.in.end != nil {
			return nil, s.n, &broken{s.n + 1, "the file ends in the middle: what should follow is missing"}
		}
		return nil, s.n, io.EOF
	}
	s.n++
	s.rest.fresh = 0
	var v any
	if err := s.stream.Decode(&v); err != nil {
		s.over = true
		return nil, s.n, &broken{s.n, "the file is no JSON from this object on: it ends here"}
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, s.n, &broken{s.n, noObject}
	}
	return object, s.n, nil
}

// flat puts an object's values into their columns; several of one column are a list.
func (s *jsonSource) flat(object map[string]any) []string {
	clear(s.fields)
	flatten("", object, 0, func(name, value string) {
		i, ok := s.at[name]
		switch {
		case !ok || value == "":
		case s.fields[i] == "":
			s.fields[i] = value
		case len(s.fields[i])+len(value) <= MaxValue:
			s.fields[i] += ";" + value
		}
	})
	return s.fields
}

// flatten gives the scalars of a value by the names of what they lie in.
func flatten(name string, v any, depth int, give func(name, value string)) {
	switch v := v.(type) {
	case string:
		give(name, v)
	case json.Number:
		give(name, v.String())
	case bool:
		give(name, fmt.Sprint(v))
	case []any:
		for _, x := range v {
			if depth < maxDepth {
				flatten(name, x, depth+1, give)
			}
		}
	case map[string]any:
		for key, x := range v {
			if name != "" {
				key = strings.Join([]string{name, key}, ".")
			}
			if depth < maxDepth {
				flatten(key, x, depth+1, give)
			}
		}
	}
}
