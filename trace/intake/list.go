package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"custody"
)

// Bounds of a list that is imported.
const (
	MaxList = 64 << 20 // bytes
	MaxRows = 200_000
)

// columns are the headers that lists use, in the form that plain gives.
var columns = map[string]string{
	"received": "received", "receivedat": "received", "datereceived": "received", "date": "received", "complaintdate": "received",
	"called": "called", "calledat": "called", "calltime": "called", "timeofcall": "called", "dateofcall": "called", "calldate": "called",
	"name": "name", "complainant": "name", "fullname": "name",
	"answer": "answer", "contact": "answer", "replyto": "answer",
	"phone": "phone", "telephone": "phone", "mobile": "phone", "phonecalled": "phone", "numbercalled": "phone",
	"email": "email", "mail": "email", "emailaddress": "email",
	"vehicle": "vehicle", "registration": "vehicle", "reg": "vehicle", "vrm": "vehicle",
	"customer": "customer", "customerid": "customer", "customerno": "customer", "customernumber": "customer", "key": "customer",
	"system": "system",
	"caller": "caller", "callernumber": "caller", "callersnumber": "caller", "numbershown": "caller",
	"claimed": "claimed", "saidtobe": "claimed",
	"knew": "knew", "callerknew": "knew", "whatthecallerknew": "knew",
	"words": "words", "what": "words", "whathappened": "words", "description": "words", "details": "words", "complaint": "words",
	"ref": "ref", "reference": "ref", "yourref": "ref",
}

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

// timeForms are how lists write times; day before month, as here.
var timeForms = []string{time.RFC3339, time.DateTime, "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
	"02/01/2006 15:04:05", "02/01/2006 15:04", "02/01/2006", "2/1/2006 15:04", "2/1/2006", "2 January 2006 15:04", "2 January 2006"}

// ParseTime reads a time as people write it, in a zone if it does not say its own.
func ParseTime(text string, zone *time.Location) (time.Time, bool) {
	for _, form := range timeForms {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// ReadList reads a list of complaints: CSV with a header, parted by comma, semicolon or
// tab. Each that is understood is given to take with its line; each line that is not goes
// to bad with the reason. It gives what the columns were taken for.
func ReadList(r io.Reader, zone *time.Location, take func(line int, c *Complaint) error, bad func(line int, why string)) (map[string]string, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxList+1))
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeInvalid, Message: "the list cannot be read", Hint: "is it complete?", Err: err}
	}
	if len(text) > MaxList {
		return nil, custody.E(custody.CodeTooLarge, "the list is larger than 64 MiB", "import it in parts")
	}
	text = bytes.TrimPrefix(text, []byte{0xef, 0xbb, 0xbf})
	if !utf8.Valid(text) {
		text, _ = charmap.Windows1252.NewDecoder().Bytes(text)
	}
	l := &listing{in: csv.NewReader(bytes.NewReader(text)), zone: zone, taken: map[string]string{}}
	l.in.FieldsPerRecord, l.in.Comma = -1, comma(text)
	if err := l.header(); err != nil {
		return nil, err
	}
	return l.taken, l.run(take, bad)
}

// comma is the sign that the first line has most of.
func comma(text []byte) rune {
	first, _ := bufio.NewReader(bytes.NewReader(text)).ReadString('\n')
	best := ','
	for _, c := range ";\t" {
		if strings.Count(first, string(c)) > strings.Count(first, string(best)) {
			best = c
		}
	}
	return best
}

type listing struct {
	in    *csv.Reader
	zone  *time.Location
	at    []string          // field of each column
	taken map[string]string // header → field
}

func (l *listing) header() error {
	values, err := l.in.Read()
	if err != nil {
		return custody.E(custody.CodeInvalid, "the list is empty or has no header", "the first line names the columns: received, called, name, phone, email, registration, customer, caller, knew, what happened, reference")
	}
	has := map[string]bool{}
	for _, v := range values {
		f := columns[plain(v)]
		if has[f] {
			f = ""
		}
		l.at = append(l.at, f)
		if f != "" {
			has[f] = true
			l.taken[strings.TrimSpace(v)] = f
		}
	}
	if !has["phone"] && !has["email"] && !has["vehicle"] && !has["customer"] {
		return custody.E(custody.CodeInvalid, "no column says whose data a complaint is about", "name one of them phone, email, registration or customer")
	}
	return nil
}

func (l *listing) run(take func(int, *Complaint) error, bad func(int, string)) error {
	for rows := 0; ; rows++ {
		values, err := l.in.Read()
		if err == io.EOF {
			return nil
		}
		if rows == MaxRows {
			return custody.E(custody.CodeTooLarge, "the list has more than 200,000 lines", "import it in parts; what came before is kept")
		}
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			bad(pe.StartLine, "the quotes of the line do not match")
			continue
		}
		if err != nil {
			return err
		}
		line, _ := l.in.FieldPos(0)
		c, why := l.complaint(values)
		if why != "" {
			bad(line, why)
			continue
		}
		switch err := take(line, c); custody.CodeOf(err) {
		case custody.CodeNone:
		case custody.CodeInvalid, custody.CodeTooLarge:
			bad(line, err.Error())
		default:
			return err
		}
	}
}

// complaint takes one line apart, or says why it cannot.
func (l *listing) complaint(values []string) (c *Complaint, why string) {
	c = &Complaint{Way: Mail}
	fields := map[string]*string{"name": &c.Body.Name, "answer": &c.Body.Answer, "phone": &c.Body.Phone, "email": &c.Body.Email, "vehicle": &c.Body.Vehicle, "customer": &c.Body.Key,
		"system": &c.Body.System, "caller": &c.Body.Caller, "claimed": &c.Body.Claimed, "knew": &c.Body.Knew, "words": &c.Body.Words, "ref": &c.Body.Ref}
	for i, v := range values {
		if i >= len(l.at) {
			return nil, "the line has more columns than the header"
		}
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		switch f := l.at[i]; f {
		case "received", "called":
			t, ok := ParseTime(v, l.zone)
			if !ok {
				return nil, "the time under " + f + " is not one like 2026-03-02 17:30 or 02/03/2026"
			}
			if f == "received" {
				c.Received = t
			} else {
				c.Called = t
			}
		case "":
		default:
			*fields[f] = v
		}
	}
	return c, ""
}
