package body

import (
	"bytes"
	"fmt"
	"testing"

	"custody"
)

var fuzzSeeds = map[Kind][]string{
	JSON: {`{"customers": [{"id": 3, "name": "Ruth Bell", "phone":"07700 900999", "email": "ruth@bell.example"}], "total": 1}`,
		`[{"note":"rings from +44 (0)7700 900-001 at night"},{"x":["write to person2@post.example"]},{"y":7700900003}]`, `{"a":"\u0030\u0037700 900\n001 \ud83d\ude00 \ud800 \"x\""}`,
		`{"07700900001":{"id":1}}`, `)]}',` + "\n" + `{"customers":[{"phone":"x"}]}`, "{\"a\":1}\n{\"b\":07700900001}\n", `"\`, `{"customers":[{"address":{"a":["b",{"c":"d"}]},"id":[1,2]}]}`},
	HTML: {`<table><tr data-customer=7><td class="name big">Ruth &amp; Bell<td class=phone>07<b>700</b> 9&#48;0 999</td></tr><tr><td class=name>Al</td><td><a href="/customers/8/edit">open</a></td></tr></table>`,
		`<p>Call <a href="tel:%2B447700900001" title=07700900001>us</a> <input name="email" value="x@y.example"> <a href=mailto:person2%40post.example>`,
		`<script>var x = "\u0030\x37700900001";</script><!-- person2@post.example --><title>07700 900003</title>`, `<a <b =c ="d' >e</a></x></p><![CDATA[07700900001]]>&#x;&&amp&copy;`, `<li><li data-customer=1><p>07700900001<p></ul><`},
	CSV:         {"Customer ID,Full name,Phone,Email\r\n5,\"Bell, Ruth\",\"01632 960\n001\",a@b.example\r\n6,Al \"Big\" Dunn,,\r\n", "\ufeffx;y\n1;\"say \"\"07700900001\"\"\"\n", "sep=\t\nphone\temail\n07700900001\t\n", "\r\n\r\"\"\"\n,,\n\""},
	Text:        {"Dear all,\nplease ring 07700\n900001 or write to\nPERSON2@POST.EXAMPLE.\n", "=\n0=\r\n77=30=30900001 %30%37 &#48;7700900001 ０７７００９００００１", "AC11AAC AC 11 AAC\na c 1 1 a a c person1@post.example/person2@post.example"},
	XML:         {`<?xml version="1.0"?><all><customer id="3"><phone>07700 900001</phone><![CDATA[person2@post.example]]></customer><b/></all>`},
	EventStream: {"event: x\ndata: {\"customers\":[{\"id\":1,\"phone\":\"1\"}]}\n\ndata: 07700900001\r\n\r\n: hi\n\n", "data: {\ndata: \"email\":\"person1@post.example\"}\r\rid: 5"},
	Form:        {"phone=07700+900001&email=person2%40post.example&Customer+ID=5&=&x", "%&+=&&"},
}

// fuzzRules cover all kinds.
var fuzzRules = Rules{JSON: rules.JSON, CSV: rules.CSV, HTML: map[string]string{"[data-customer]": "key", `a[href^="/customers/"]`: "key", "td.name": "name", ".phone": "phone",
	"input[name=email]": "email", "tr.customer td.place": "address", "customer[id]": "key", "customer phone": "phone"}}

// fuzzKind holds a reader to what every reader must do: with everything permitted the
// body comes out as it went in; how it was cut does not matter; what is forbidden is
// not in what comes out, as a second look tells.
func fuzzKind(f *testing.F, kind Kind) {
	w := newWorld(f, 9)
	plan := compile(f, fuzzRules)
	for _, s := range fuzzSeeds[kind] {
		f.Add([]byte(s), uint16(len(s)/2))
	}
	f.Fuzz(func(t *testing.T, text []byte, cut uint16) {
		w.holds(t, kind, plan, text, int(cut))
	})
}

func (w *world) holds(t testing.TB, kind Kind, plan *Plan, text []byte, cut int) {
	t.Helper()
	o := Options{Plan: plan}
	same, _, err := w.filterParts(kind, o, nil, text)
	if w.hidden > 0 {
		return // a value of nobody is hidden, whatever is permitted
	}
	if err == nil && !bytes.Equal(same, text) || err != nil && !bytes.HasPrefix(text, same) {
		t.Fatalf("%v: with everything permitted\n%q came out as\n%q, %v", kind, text, same, err)
	}
	none := treatments{custody.Phone: custody.Refused, custody.Email: custody.Refused, custody.Vehicle: custody.Masked, custody.Name: custody.Masked}
	whole, found, err := w.filterParts(kind, o, none, text)
	if err != nil {
		return
	}
	cut = min(cut, len(text))
	parts, also, err := w.filterParts(kind, o, none, text[:cut], text[cut:])
	if err != nil || !bytes.Equal(parts, whole) || fmt.Sprint(also) != fmt.Sprint(found) {
		t.Fatalf("%v: %q cut at %d gives %v\n%q\n%v, whole\n%q\n%v", kind, text, cut, err, parts, also, whole, found)
	}
	_, again, err := w.filterParts(kind, o, nil, whole)
	for id, s := range again {
		if err == nil && s.shown&custody.Categories(custody.Phone, custody.Email, custody.Vehicle) != 0 && s.shown&^found[id].masked&custody.Categories(custody.Phone, custody.Email) != 0 {
			t.Fatalf("%v: %q came out as\n%q, where subject %d still shows %v", kind, text, whole, id, s.shown)
		}
	}
}

func FuzzJSON(f *testing.F)        { fuzzKind(f, JSON) }
func FuzzHTML(f *testing.F)        { fuzzKind(f, HTML) }
func FuzzCSV(f *testing.F)         { fuzzKind(f, CSV) }
func FuzzText(f *testing.F)        { fuzzKind(f, Text) }
func FuzzXML(f *testing.F)         { fuzzKind(f, XML) }
func FuzzEventStream(f *testing.F) { fuzzKind(f, EventStream) }
func FuzzForm(f *testing.F)        { fuzzKind(f, Form) }
