package accesslog

import (
	"fmt"
	"slices"
	"strings"

	"custody"
)

// Column is a column of the file that holds a field.
type Column struct {
	Field  Field
	Name   string // the header
	At     int    // its place, from 0
	Why    string // how it was found, for people
	Layout Layout // of times
	// Refused are values of an Outcome by which nothing was shown, some of them.
	Refused []string
}

// Mapping says which column holds what.
type Mapping []Column

// Column gives the column of a field.
func (m Mapping) Column(f Field) (Column, bool) {
	i := slices.IndexFunc(m, func(c Column) bool { return c.Field == f })
	if i < 0 {
		return Column{}, false
	}
	return m[i], true
}

// names are headers, in the form that plain gives, that logs use for a field, the
// likeliest first.
var names = [fieldCount][]string{
	Time: {"time", "timestamp", "accessedat", "viewedat", "eventtime", "datetime", "date", "createdat", "occurredat", "when", "logtime", "starttime"},
	Login: {"login", "username", "user", "userid", "useremail", "accountname", "account", "actor", "actoremail", "staff", "staffid", "employee",
		"employeeid", "operator", "who", "email", "person", "openedby", "viewedby", "accessedby", "performedby", "requestedby", "agent"},
	Subject: {"customerid", "customer", "customerno", "customernumber", "customerkey", "subject", "subjectid", "clientid", "recordid", "record", "objectid", "caseid", "claimid",
		"estimateid", "jobid", "entityid", "resourceid", "resource", "key", "id"},
	Branch: {"branch", "branchid", "site", "siteid", "location", "organisation", "organization", "org", "company", "team", "department"},
	Device: {"device", "deviceid", "ip", "ipaddress", "clientip", "address", "sourceip", "remoteaddr", "host", "workstation", "sessionid", "session"},
	Action: {"action", "event", "eventtype", "operation", "activity", "verb", "type", "method"},
	Called: {"called", "calledat", "calltime", "calldate", "timeofcall", "dateofcall", "contactedat", "unwantedcall", "when", "time", "date", "received", "receivedat"},
	Knew:   {"knew", "callerknew", "known", "whatknown", "detail", "details", "knowledge"},
	Ref:    {"ref", "reference", "complaint", "complaintid", "complaintno", "complaintref", "ticket", "caseref", "id"},
	Shown:  {"categories", "category", "datacategories", "fieldsshown", "datashown", "datatypes"},
	Outcome: {"outcome", "httpstatus", "statuscode", "status", "result", "responsecode", "response", "success", "successful", "allowed", "granted", "permitted",
		"denied", "refused", "forbidden", "blocked", "failed", "decision", "error"},
	Born: {"born", "recordcreated", "customercreated", "customersince", "createdat", "created"},
}

// plain reduces a header to lower-case letters and digits.
func plain(header string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, header)
}

// Guess finds the columns of the wanted fields from headers and some rows of values.
// Fields that said gives by column name are taken from there.
func Guess(header []string, sample [][]string, wanted []Field, said map[Field]string) (Mapping, error) {
	var m Mapping
	taken := map[int]bool{}
	for _, f := range wanted {
		name, ok := said[f]
		if !ok {
			continue
		}
		at := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
		if at < 0 {
			return nil, custody.E(custody.CodeInvalid, fmt.Sprintf("the file has no column %q for %s", name, f), "its columns are: "+columns(header))
		}
		taken[at] = true
		m = append(m, Column{Field: f, Name: header[at], At: at, Why: "as you said"})
	}
	for _, f := range wanted {
		if _, ok := said[f]; ok {
			continue
		}
		if c, ok := guess(header, sample, f, taken); ok {
			taken[c.At] = true
			m = append(m, c)
		}
	}
	for i := range m {
		if err := m[i].layout(sample); err != nil {
			return nil, err
		}
		if m[i].Field != Outcome {
			continue
		}
		if err := m[i].settle(sample); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// guess finds one field: by the header, else, for the time, by the values.
func guess(header []string, sample [][]string, f Field, taken map[int]bool) (Column, bool) {
	for _, name := range names[f] {
		for at, h := range header {
			if !taken[at] && plain(h) == name && f.fits(sample, at, h) {
				return Column{Field: f, Name: h, At: at, Why: "by its header"}, true
			}
		}
	}
	for _, name := range names[f] {
		for at, h := range header {
			if len(name) > 3 && !taken[at] && strings.Contains(plain(h), name) && f.fits(sample, at, h) {
				return Column{Field: f, Name: h, At: at, Why: "its header speaks of " + name}, true
			}
		}
	}
	if f == Time || f == Called {
		for at, h := range header {
			if !taken[at] && looksLikeTime(sample, at) {
				return Column{Field: f, Name: h, At: at, Why: "its values are times"}, true
			}
		}
	}
	return Column{}, false
}

// fits says whether the values of a column may be those of a field.
func (f Field) fits(sample [][]string, at int, header string) bool {
	switch {
	case f.isTime():
		return looksLikeTime(sample, at)
	case f == Outcome:
		_, ok := outcome(sample, at, header)
		return ok
	}
	return true
}

// Need demands that fields were found.
// The columns there are go into the hint.
func (m Mapping) Need(what string, header []string, fields ...Field) error {
	for _, f := range fields {
		if _, ok := m.Column(f); !ok {
			return custody.E(custody.CodeInvalid, fmt.Sprintf("%s: no column was recognised as the %s", what, f),
				fmt.Sprintf("say which it is: --map %s=COLUMN; its columns are: %s", f, columns(header)))
		}
	}
	return nil
}

// columns lists a header for people: it may be a line of data, so not all of it.
func columns(header []string) string {
	var list []string
	for _, h := range header[:min(len(header), 30)] {
		if r := []rune(h); len(r) > 40 {
			h = string(r[:40]) + "..."
		}
		list = append(list, h)
	}
	if len(header) > 30 {
		list = append(list, fmt.Sprintf("and %d more", len(header)-30))
	}
	return strings.Join(list, ", ")
}

// Lines describes the mapping for people, one line a column.
func (m Mapping) Lines() []string {
	var list []string
	for _, c := range m {
		line := fmt.Sprintf("%-8s %s (%s)", c.Field, c.Name, c.Why)
		if c.Field.isTime() {
			line += ", read as " + c.Layout.String()
		}
		if c.Field == Outcome && len(c.Refused) > 0 {
			line += ", nothing was shown by: " + strings.Join(c.Refused, ", ")
		}
		list = append(list, line)
	}
	return list
}
