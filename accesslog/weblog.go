package accesslog

import (
	"bytes"
	"slices"
	"strings"
)

// webColumns are those of Apache's and nginx's common and combined logs.
var webColumns = []string{"address", "ident", "user", "time", "request", "status", "bytes", "referrer", "browser"}

// webSource reads the lines of a web server's log: values parted by spaces, in quotes or
// in square brackets.
type webSource struct {
	in     *lines
	w3c    bool
	header []string
	date   int // W3C: columns of date, path and query; -1: none
	path   int
	query  int
	fields []string
}

// openWeb recognises the common log format.
func openWeb(in *lines, first [][]byte) (*opened, error) {
	fits := 0
	for _, l := range first {
		f := words(nil, string(l))
		if len(f) >= 7 && bytes.Contains(l, []byte(" [")) && clfTime(f[3]) && strings.Count(f[4], " ") >= 1 {
			fits++
		}
	}
	if fits == 0 || fits*5 < len(first)*4 {
		return nil, nil
	}
	return &opened{source: &webSource{in: in, header: webColumns}, header: webColumns, web: true}, nil
}

func clfTime(v string) bool {
	l, ok := anyLayout(v)
	return ok && strings.HasPrefix(l.format, "02/Jan/2006:")
}

// openW3C recognises the format of IIS, whose comments name the columns.
func openW3C(in *lines, first [][]byte) (*opened, error) {
	i := slices.IndexFunc(first, func(l []byte) bool { return bytes.HasPrefix(l, []byte("#Fields:")) })
	if i < 0 || slices.ContainsFunc(first[:i], func(l []byte) bool { return l[0] != '#' }) {
		return nil, nil
	}
	s := &webSource{in: in, w3c: true}
	s.columns(string(first[i]))
	return &opened{source: s, header: s.header, web: true, notes: []string{"its times are UTC, as the format says"}}, nil
}

// columns takes the names from a #Fields line. Date and time become one column, path and
// query another.
func (s *webSource) columns(line string) {
	s.header = strings.Fields(strings.TrimPrefix(line, "#Fields:"))
	s.date = slices.Index(s.header, "date")
	s.path, s.query = slices.Index(s.header, "cs-uri-stem"), slices.Index(s.header, "cs-uri-query")
	if s.path >= 0 {
		s.header[s.path] = "request"
	}
}

func (s *webSource) next() ([]string, int, error) {
	for {
		text, err := s.in.next()
		if err != nil {
			return nil, s.in.at, err
		}
		if !s.w3c {
			s.fields = words(s.fields[:0], string(text))
			s.blank()
			return s.fields, s.in.at, nil
		}
		if text[0] == '#' {
			if again := string(text); strings.HasPrefix(again, "#Fields:") && !s.same(again) {
				return nil, s.in.at, &broken{s.in.at, "from this line on the columns are others: cut the file in two here"}
			}
			continue
		}
		if s.fields = words(s.fields[:0], string(text)); len(s.fields) != len(s.header) {
			return nil, s.in.at, &broken{s.in.at, "the line has more or fewer values than there are columns"}
		}
		s.join()
		s.blank()
		return s.fields, s.in.at, nil
	}
}

// same says whether a later #Fields line names the same columns.
func (s *webSource) same(line string) bool {
	o := &webSource{}
	o.columns(line)
	return slices.Equal(o.header, s.header)
}

// join puts the date before the time and the query behind the path.
func (s *webSource) join() {
	if t := slices.Index(s.header, "time"); s.date >= 0 && t >= 0 {
		s.fields[t] = s.fields[s.date] + " " + s.fields[t] + "Z"
	}
	if s.path >= 0 && s.query >= 0 && s.fields[s.query] != "-" {
		s.fields[s.path] += "?" + s.fields[s.query]
	}
}

// blank empties what is written as a dash: nothing.
func (s *webSource) blank() {
	for i, v := range s.fields {
		if v == "-" {
			s.fields[i] = ""
		}
	}
}

// words parts a line by spaces; what is in quotes or square brackets is one.
func words(list []string, text string) []string {
	for {
		if text = strings.TrimLeft(text, " \t"); text == "" || len(list) > MaxFields {
			return list
		}
		end := " "
		switch text[0] {
		case '"':
			end, text = `"`, text[1:]
		case '[':
			end, text = "]", text[1:]
		}
		i := strings.Index(text, end)
		for i > 0 && end == `"` && text[i-1] == '\\' { // an escaped one
			j := strings.Index(text[i+1:], end)
			if j < 0 {
				i = -1
				break
			}
			i += j + 1
		}
		if i < 0 {
			return append(list, text)
		}
		list, text = append(list, text[:i]), text[i+1:]
	}
}

// pairSource reads lines of name=value behind a time, as programs log.
type pairSource struct {
	in     *lines
	at     map[string]int
	fields []string
}

// openPairs recognises lines of which nearly all have a time at their beginning and two
// pairs at least.
func openPairs(in *lines, first [][]byte) (*opened, error) {
	s := &pairSource{in: in, at: map[string]int{"time": 0}}
	header, fits := []string{"time"}, 0
	for _, l := range first {
		n := 0
		pairs(string(l), func(name, _ string) {
			n++
			if _, there := s.at[name]; !there && len(header) < MaxFields {
				s.at[name] = len(header)
				header = append(header, name)
			}
		})
		if _, ok := leading(string(l)); ok && n >= 2 {
			fits++
		}
	}
	if fits == 0 || fits*5 < len(first)*4 {
		return nil, nil
	}
	s.fields = make([]string, len(header))
	return &opened{source: s, header: header}, nil
}

func (s *pairSource) next() ([]string, int, error) {
	text, err := s.in.next()
	if err != nil {
		return nil, s.in.at, err
	}
	clear(s.fields)
	line := string(text)
	s.fields[0], _ = leading(line)
	pairs(line, func(name, value string) {
		if i, ok := s.at[name]; ok && (i > 0 || s.fields[0] == "") {
			s.fields[i] = value
		}
	})
	return s.fields, s.in.at, nil
}

// leading gives the time at the beginning of a line, behind the mark of syslog.
func leading(line string) (string, bool) {
	if strings.HasPrefix(line, "<") {
		if _, rest, ok := strings.Cut(line, ">"); ok {
			line = strings.TrimPrefix(rest, "1 ")
		}
	}
	line = strings.TrimLeft(line, "[ ")
	cut := 0
	for range 3 { // a time is one, two or three words
		i := strings.IndexAny(line[cut:], " ]")
		if i < 0 {
			i = len(line) - cut
		}
		cut += i
		if l, ok := anyLayout(strings.TrimRight(line[:cut], ",:")); ok && !l.dayNo && l.format != "" {
			return strings.TrimRight(line[:cut], ",:"), true
		}
		if cut++; cut >= len(line) {
			break
		}
	}
	return "", false
}

// pairs gives the name=value pairs of a line.
func pairs(line string, give func(name, value string)) {
	for n := 0; n < MaxFields; n++ {
		i := strings.IndexByte(line, '=')
		if i < 0 {
			return
		}
		name := line[strings.LastIndexAny(line[:i], " \t,;[({")+1 : i]
		line = line[i+1:]
		value := ""
		if strings.HasPrefix(line, `"`) {
			value, line, _ = strings.Cut(line[1:], `"`)
		} else if j := strings.IndexAny(line, " \t,;])}"); j >= 0 {
			value, line = line[:j], line[j:]
		} else {
			value, line = line, ""
		}
		if name != "" {
			give(name, value)
		}
	}
}
