package body

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"custody"
	"custody/subjects"
)

// The bodies of bench/, with customers as the sample application has them and all that
// is known of them, so that recognition can be measured without the gate around it.

var (
	firstNames = strings.Fields("Alice Ruth Mohammed Sian Grace Tom Priya Owen Zofia Callum Isla Harriet George Amara Liam Nadia")
	lastNames  = strings.Fields("Smith Bell Jones Okafor Khan Nowak Fraser Davies Patel Thornbury Hughes Marsh Lindqvist Reid Walsh Achebe")
	townNames  = strings.Split("Leeds,Calder Mills,Harrogate,Skipton,Wetherby,York,Otley,Ilkley,Keighley,Selby,Batley", ",")
)

type neighbour struct{ id, name, phone, email, town string }

func neighbours(n int) (list []neighbour) {
	for k := 1; k <= n; k++ {
		first, last := firstNames[k*7%16], lastNames[(k/16+k*5)%16]
		list = append(list, neighbour{fmt.Sprint(k), first + " " + last, fmt.Sprintf("07700 9%05d", k), fmt.Sprintf("%s.%s%d@post.example", strings.ToLower(first), strings.ToLower(last), k), townNames[k*3%11]})
	}
	return list
}

// gateRules are those of the sample application.
func gateRules() Rules {
	r := Rules{JSON: map[string]string{"customers[].id": "key", "customer.id": "key", "**.customer_id": "key"},
		HTML: map[string]string{"[data-customer]": "key", "[data-field=address]": "address"}, CSV: map[string]string{"id": "key"}}
	for field, c := range map[string]string{
		"name": "name", "phone": "phone", "email": "email", "address_line1": "address", "address_line2": "address", "town": "address", "postcode": "address",
		"date_of_birth": "date-of-birth", "notes": "free-text", "registration": "vehicle", "vin": "vehicle", "policy_number": "policy", "claim_number": "policy",
		"happened_at": "accident", "place": "accident", "description": "accident", "third_party": "accident", "instructions": "free-text", "summary": "free-text",
	} {
		r.JSON["customers[]."+field], r.JSON["customer."+field] = c, c
		r.HTML["[data-field="+field+"]"] = c
		r.CSV[field] = c
	}
	return r
}

// neighbourhood is an index that Fill has filled with n customers.
func neighbourhood(t testing.TB, n int) *world {
	w := newWorld(t, 0)
	w.index.Remember(system)
	w.index.Corroborate(system, allPairs)
	var lines bytes.Buffer
	lines.WriteString("id,name,phone,email,town,born\n")
	for i, x := range neighbours(n) {
		fmt.Fprintf(&lines, "%s,%s,%s,%s,%s,19%02d-%02d-%02d\n", x.id, x.name, x.phone, x.email, x.town, 30+i%70, 1+i%12, 1+i%28)
	}
	err := subjects.FillExport(&lines, system, subjects.Export{Key: "id", Identifiers: []string{"phone", "email"},
		Columns: map[string]custody.Category{"name": custody.Name, "phone": custody.Phone, "email": custody.Email, "town": custody.Address, "born": custody.DateOfBirth}}, w.directory, w.index)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func neighbourJSON(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"customers":[`)
	for i, x := range neighbours(n) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%s,"name":"%s","phone":"%s","email":"%s","town":"%s"}`, x.id, x.name, x.phone, x.email, x.town)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func neighbourCSV(n int) []byte {
	var b bytes.Buffer
	b.WriteString("id,name,phone,email,town\n")
	for _, x := range neighbours(n) {
		fmt.Fprintf(&b, "%s,%s,%s,%s,%s\n", x.id, x.name, x.phone, x.email, x.town)
	}
	return b.Bytes()
}

var furniture = []byte("<!doctype html><html><head><title>Prices</title></head><body><nav><a href=\"/\">Start</a></nav><table>" +
	strings.Repeat("<tr><td>Labour, panel</td><td class=\"right\">per hour</td><td>net</td></tr>\n", 50) + "</table></body></html>")

// BenchmarkGate measures the bodies of bench/.
func BenchmarkGate(b *testing.B) {
	w := neighbourhood(b, 2000)
	veiled := treatments{custody.Phone: custody.Masked, custody.Email: custody.Masked}
	for _, c := range []struct {
		name string
		kind Kind
		text []byte
		tr   treatments
	}{
		{"json-100", JSON, neighbourJSON(100), nil}, {"json-100-masked", JSON, neighbourJSON(100), veiled},
		{"json-64k", JSON, neighbourJSON(580), nil}, {"json-64k-masked", JSON, neighbourJSON(580), veiled},
		{"csv", CSV, bytes.Repeat(neighbourCSV(2000), 10), nil}, {"csv-masked", CSV, bytes.Repeat(neighbourCSV(2000), 10), veiled},
		{"page", HTML, furniture, nil},
	} {
		b.Run(c.name, func(b *testing.B) { w.run(b, c.kind, c.text, gateRules(), c.tr) })
	}
}

// run takes a body through a filter that is used again and again.
func (w *world) run(b *testing.B, kind Kind, text []byte, rules Rules, tr treatments) {
	o := Options{System: system, Values: w.index, Directory: w.directory, Plan: compile(b, rules), Treat: tr.of,
		Seen: func(custody.SubjectID, custody.CategorySet, custody.CategorySet) error { return nil }}
	f, err := New(kind, o)
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	begun, n := processTime(), 0
	for b.Loop() {
		n++
		if err := f.Reset(kind, o); err != nil {
			b.Fatal(err)
		}
		out = out[:0]
		for rest := text; len(rest) > 0; {
			k := min(len(rest), 32<<10)
			if out, err = f.Write(out, rest[:k]); err != nil {
				b.Fatal(err)
			}
			if len(out) > 256<<10 {
				out = out[:0]
			}
			rest = rest[k:]
		}
		if out, err = f.Close(out); err != nil {
			b.Fatal(err)
		}
	}
	spent := float64(processTime() - begun)
	b.ReportMetric(spent/float64(n)/1000, "cpu-µs/op")
	b.ReportMetric(spent/float64(n)/float64(len(text)), "cpu-ns/B")
}
