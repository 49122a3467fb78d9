package intake

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"custody"
	"custody/accesslog"
)

// MaxRows bounds the complaints of a list; lines are bounded by the reader of logs.
const MaxRows = 200_000

// inLists are the columns that are looked for, in this order: a registration is no
// customer's number, and what the caller knew comes before what happened.
var inLists = []accesslog.Field{accesslog.Received, accesslog.Called, accesslog.Knew, accesslog.Claimed, accesslog.Caller, accesslog.Phone, accesslog.Email, accesslog.Plate,
	accesslog.Name, accesslog.Answer, accesslog.System, accesslog.Subject, accesslog.Words, accesslog.Ref}

// ReadList reads a list of complaints as the trace reads lists: a table that names its
// columns, or JSON. Of o it needs Zone, and Bad for the lines that are not understood.
// Only when the list was read to its end is each complaint given to take, so that one
// which turns out to be read wrongly leaves nothing behind.
func ReadList(r io.Reader, o accesslog.Options, take func(*Complaint) error) (*accesslog.Report, error) {
	l := &listing{}
	bad := func(line int, why string) { o.Bad(accesslog.Bad{Line: line, Reason: why}) }
	o.Wanted, o.Named, o.Header, o.Mapped = inLists, true, func(h []string) { l.header = h }, l.mapped
	report, err := accesslog.Read(r, o, func(r *accesslog.Row) error {
		if why := l.wrong(r); why != "" {
			bad(r.Line, why)
			return nil
		}
		if len(l.list) == MaxRows {
			return custody.E(custody.CodeTooLarge, "the list has more than 200,000 complaints", "import it in parts; nothing of it was taken")
		}
		l.list = append(l.list, listed{r.Line, complaintOf(r)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !l.whose {
		return nil, custody.E(custody.CodeInvalid, "no column says whose data a complaint is about", "name one of them phone, email, registration or customer")
	}
	for _, x := range l.list {
		switch err := take(x.complaint); custody.CodeOf(err) {
		case custody.CodeNone:
		case custody.CodeInvalid, custody.CodeTooLarge:
			bad(x.line, err.Error()+": "+custody.HintOf(err))
		default:
			return nil, err
		}
	}
	return report, nil
}

// Columns gives what the columns of a list were taken for; empty: it was not used.
func Columns(r *accesslog.Report) map[string]string {
	taken := map[string]string{}
	for _, h := range r.Header {
		taken[h] = ""
	}
	for _, c := range r.Mapping {
		taken[c.Name] = c.Field.String()
	}
	return taken
}

// Lines says for people what the columns were taken for, and shows no values of them.
func Lines(r *accesslog.Report) []string {
	lines := r.Lines(inLists...)
	for _, h := range r.Header {
		if h != "" && !slices.ContainsFunc(r.Mapping, func(c accesslog.Column) bool { return c.Name == h }) {
			lines = append(lines, fmt.Sprintf("%-8s %s", "not used", h))
		}
	}
	return lines
}

type listing struct {
	header []string
	whose  bool                    // a column says whose a complaint is
	times  map[int]accesslog.Field // columns of times of which hardly any can be read
	list   []listed
}

type listed struct {
	line      int
	complaint *Complaint
}

func (l *listing) mapped(m accesslog.Mapping) {
	l.times = map[int]accesslog.Field{}
	for _, f := range []accesslog.Field{accesslog.Received, accesslog.Called} {
		if _, ok := m.Column(f); ok {
			continue
		}
		for i, h := range l.header {
			if f.Speaks(h) {
				l.times[i] = f
			}
		}
	}
	for _, c := range m {
		delete(l.times, c.At)
		l.whose = l.whose || c.Field == accesslog.Phone || c.Field == accesslog.Email || c.Field == accesslog.Plate || c.Field == accesslog.Subject
	}
}

// wrong says why a line that can be taken apart is none all the same.
func (l *listing) wrong(r *accesslog.Row) string {
	if len(r.Fields) > len(l.header) {
		return "the line has more columns than the header: put values with separators in them into quotes"
	}
	for i, f := range l.times {
		if i < len(r.Fields) && strings.TrimSpace(r.Fields[i]) != "" {
			return fmt.Sprintf("the time under %s is not one like 2026-03-02 17:30 or 02/03/2026", f)
		}
	}
	return ""
}

// complaintOf takes one line apart. The row's strings hold until the next.
func complaintOf(r *accesslog.Row) *Complaint {
	c := &Complaint{Way: Mail, Received: r.At[accesslog.Received], Called: r.At[accesslog.Called]}
	for f, text := range map[accesslog.Field]*string{accesslog.Name: &c.Body.Name, accesslog.Answer: &c.Body.Answer, accesslog.Phone: &c.Body.Phone,
		accesslog.Email: &c.Body.Email, accesslog.Plate: &c.Body.Vehicle, accesslog.Subject: &c.Body.Key, accesslog.System: &c.Body.System, accesslog.Caller: &c.Body.Caller,
		accesslog.Claimed: &c.Body.Claimed, accesslog.Knew: &c.Body.Knew, accesslog.Words: &c.Body.Words, accesslog.Ref: &c.Body.Ref} {
		*text = strings.Clone(r.Get(f))
	}
	return c
}
