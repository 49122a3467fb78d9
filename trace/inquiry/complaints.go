package inquiry

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"custody"
	"custody/accesslog"
	"custody/trace"
	"custody/trace/found"
)

// ways are the columns of a list that say whose a complaint is, the surest first.
var ways = [...]struct {
	field    accesslog.Field
	category custody.Category
	says     string
}{
	{accesslog.Phone, custody.Phone, "phone"}, {accesslog.Email, custody.Email, "mail address"},
	{accesslog.Plate, custody.Vehicle, "registration"}, {accesslog.Name, custody.Name, "name"},
}

// Complaints reads a list of complaints. Whose each is says the customer's key, or, with
// an index of customers, a phone, mail address, registration or name.
func (q *Inquiry) Complaints(file string, r io.Reader, said map[accesslog.Field]string) error {
	var mapping accesslog.Mapping
	report, err := accesslog.Read(r, accesslog.Options{
		Wanted: []accesslog.Field{accesslog.Subject, accesslog.Called, accesslog.Phone, accesslog.Email, accesslog.Plate, accesslog.Name, accesslog.Knew, accesslog.Ref},
		Needed: []accesslog.Field{accesslog.Called},
		Said:   said, Zone: q.Zone, MonthFirst: q.MonthFirst, Bad: q.badIn(file), Mapped: func(m accesslog.Mapping) { mapping = m },
	}, func(r *accesslog.Row) error { q.complaint(r); return nil })
	if err != nil {
		return in(file, err)
	}
	if !slices.ContainsFunc(mapping, func(c accesslog.Column) bool { return c.Field == accesslog.Subject || way(c.Field) }) {
		return in(file, custody.E(custody.CodeInvalid, "no column says whose a complaint is",
			"say it: --map-complaints subject=COLUMN, or phone, email, registration or name with --customers FILE; its columns are: "+strings.Join(report.Header, ", ")))
	}
	if c, ok := mapping.Column(accesslog.Called); ok && said[accesslog.Called] == "" && ofReceipt(c.Name) {
		q.warnings = append(q.warnings, fmt.Sprintf("The column %q was taken for the time of the unwanted call. If it is when the complaint came in, whoever opened the record to deal with it seems to have seen it before the call: ask for the days of the calls, and name their column with --map-complaints called=COLUMN.", c.Name))
	}
	q.lists = append(q.lists, read(file, report))
	return nil
}

func way(f accesslog.Field) bool { return f >= accesslog.Phone && f <= accesslog.Name }

// ofReceipt says whether a header may be of the complaint's receipt rather than of the call.
func ofReceipt(header string) bool {
	h := strings.ToLower(header)
	return !strings.Contains(h, "call") && (strings.Contains(h, "receiv") || strings.Contains(h, "complain") || h == "date" || h == "time" || h == "date/time")
}

// complaint takes one line of a list.
func (q *Inquiry) complaint(r *accesslog.Row) {
	c := complaint{line: r.Line, listed: true, key: strings.Clone(r.Get(accesslog.Subject)), ref: strings.Clone(r.Get(accesslog.Ref)), knew: strings.Clone(r.Get(accesslog.Knew))}
	for i, w := range ways {
		c.by[i] = strings.Clone(r.Get(w.field))
	}
	c.Called, c.Knew = r.At[accesslog.Called], trace.KnewIn(c.knew)
	if !q.Now.IsZero() && c.Called.After(q.Now.AddDate(0, 0, 1)) {
		c.why = "the call is dated in the future"
	}
	q.complaints = append(q.complaints, c)
}

// Customers says how phones, mail addresses, registrations and names become customers.
func (q *Inquiry) Customers(x found.Index) { q.index = x }

// whose finds the customer of a complaint, or says why it cannot.
func (q *Inquiry) whose(c *complaint) (custody.SubjectID, string) {
	switch {
	case c.why != "":
		return nobody, c.why
	case !c.listed:
		return c.Subject, "" // numbered already
	case c.key == "" && c.by == [len(ways)]string{}:
		return nobody, "nothing in the line says whose the complaint is"
	}
	if s := q.known(c.key); c.key != "" && s != nobody {
		return s, ""
	}
	if s, ok := q.loosely(c.key); ok {
		q.other++
		return s, ""
	}
	return q.byOther(c)
}

// byOther finds a customer by what stands beside the key, or in its place.
func (q *Inquiry) byOther(c *complaint) (custody.SubjectID, string) {
	why := "the customer is not in the log"
	for i, w := range ways {
		v := c.by[i]
		if w.field == accesslog.Plate && v == "" {
			v = c.key // a list may name customers by their cars
		}
		if v == "" {
			continue
		}
		if q.index == nil {
			if c.by[i] != "" {
				why = "the customer is given by " + w.says + ": --customers FILE says whose it is"
			}
			continue
		}
		list := q.index.Find(nil, w.category, []byte(v))
		slices.Sort(list)
		switch list = slices.Compact(list); {
		case len(list) == 1:
			q.other++
			return list[0], ""
		case len(list) > 1:
			why = fmt.Sprintf("%d customers of the log have this %s", len(list), w.says)
		case c.by[i] != "":
			why = "no customer of the log has this " + w.says
		}
	}
	return nobody, why
}

// loosely finds a key that is written in another way than in the log: without its zeros,
// dashes or capitals, as spreadsheets leave them. One that could be several is none.
func (q *Inquiry) loosely(key string) (custody.SubjectID, bool) {
	if q.direct || key == "" {
		return nobody, false
	}
	if q.loose == nil {
		q.loose = make(map[string]custody.SubjectID, len(q.keys))
		for s, k := range q.keys {
			l := loose(k)
			if _, there := q.loose[l]; there {
				q.loose[l] = nobody
			} else {
				q.loose[l] = custody.SubjectID(s)
			}
		}
	}
	s, ok := q.loose[loose(key)]
	return s, ok && s != nobody
}

func loose(key string) string {
	var b strings.Builder
	number := false // inside of a number, behind its zeros
	for _, r := range strings.ToUpper(key) {
		switch {
		case r == '0' && !number:
			continue
		case r >= '0' && r <= '9':
			number = true
		case r >= 'A' && r <= 'Z', r >= 0x80:
			number = false
		default:
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
