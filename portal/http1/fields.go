package http1

import (
	"net/http"
	"net/textproto"
	"strings"
)

// What a byte may be part of.
const (
	isToken = 1 << iota // a name or a method
	isValue             // a field's value
	isUpper
	isLower
	isTarget
	isHost
)

var class = func() (t [256]uint8) {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	mark := func(set string, what uint8) {
		for i := range len(set) {
			t[set[i]] |= what
		}
	}
	mark(letters, isToken|isLower|isHost)
	mark(strings.ToUpper(letters), isToken|isUpper|isHost)
	mark("0123456789", isToken|isHost)
	mark("!#$%&'*+-.^_`|~", isToken)
	mark("!$%&'()*+,-.:;=[]_~", isHost)
	for c := range 256 {
		if c >= ' ' && c != 0x7f || c == '\t' {
			t[c] |= isValue
		}
		if c > ' ' && c != 0x7f {
			t[c] |= isTarget
		}
	}
	return t
}()

// all says whether each byte of s may be part of something.
func all(s string, what uint8) bool {
	for i := range len(s) {
		if class[s[i]]&what == 0 {
			return false
		}
	}
	return true
}

func token(s string) bool { return s != "" && all(s, isToken) }

// readFields reads field lines, each with its line end, up to the empty one. Names
// are put in canonical form; values are parts of text.
// h is used, if there is one, and is empty; room too, as far as it goes, and is given
// back.
func readFields(text string, most int, h http.Header, room []string) (http.Header, []string, error) {
	n := strings.Count(text, "\n") - 1
	if n > most {
		return nil, room, errHead
	}
	if h == nil {
		h = make(http.Header, n)
	}
	if cap(room) < n {
		room = make([]string, max(n, 16))
	}
	values := room[:n:n]
	for range n {
		i := strings.IndexByte(text, '\n')
		line := text[:i-1]
		text = text[i+1:]
		name, value, err := field(line)
		if err != nil {
			return nil, room, err
		}
		if had := h[name]; had != nil {
			h[name] = append(had, value)
			continue
		}
		values[0] = value
		h[name] = values[:1:1]
		values = values[1:]
	}
	return h, room, nil
}

// field parts a line into name and value.
func field(line string) (name, value string, err error) {
	if line != "" && (line[0] == ' ' || line[0] == '\t') {
		return "", "", errFold
	}
	colon := strings.IndexByte(line, ':')
	if colon <= 0 || colon > maxName {
		return "", "", errField
	}
	name, value = line[:colon], line[colon+1:]
	for len(value) > 0 && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for len(value) > 0 && (value[len(value)-1] == ' ' || value[len(value)-1] == '\t') {
		value = value[:len(value)-1]
	}
	if name, err = canonical(name); err != nil || !all(value, isValue) {
		return "", "", errField
	}
	return name, value, nil
}

// canonical gives a name as http.Header has it.
func canonical(name string) (string, error) {
	want := uint8(isLower) // what a letter must not be here
	same := true
	for i := range len(name) {
		c := class[name[i]]
		if c&isToken == 0 {
			return "", errField
		}
		same = same && c&want == 0
		if want = isUpper; name[i] == '-' {
			want = isLower
		}
	}
	if same {
		return name, nil
	}
	return textproto.CanonicalMIMEHeaderKey(name), nil
}

// holds says whether a field that is a list of words holds one of them.
func holds(values []string, word string) bool {
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.Trim(item, " \t"), word) {
				return true
			}
		}
	}
	return false
}
