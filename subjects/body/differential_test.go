package body

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"custody"
)

// slowly runs a body through a filter with the plain reader of its kind.
func (w *world) slowly(kind Kind, o Options, tr treatments, text []byte) ([]byte, map[custody.SubjectID]seen, error) {
	found := map[custody.SubjectID]seen{}
	o.System, o.Values, o.Directory, o.Treat = system, w.index, w.directory, tr.of
	o.Seen = func(s custody.SubjectID, shown, masked custody.CategorySet) error {
		had := found[s]
		found[s] = seen{had.shown | shown, had.masked | masked}
		return nil
	}
	f, err := New(kind, o)
	if err != nil {
		return nil, nil, err
	}
	switch kind {
	case JSON:
		f.reader = newSlowJSON(o.Plan)
	case CSV:
		f.reader = newSlowCSV(o.Plan)
	case HTML, XML:
		f.reader.(*htmlReader).slowly = true
	}
	out, err := f.Write(nil, text)
	if err == nil {
		out, err = f.Close(out)
	}
	return out, found, err
}

// plainly adds a value, with what is in it counted byte by byte.
func plainly(f *Filter, start, end int, scope int32, r rule, as form, flags uint8) {
	f.plain(start, end, scope, r, as, flags)
	if c, ruled := r.category(); ruled {
		f.values[len(f.values)-1].alone = alone(c, f.raw[start:end], plainTally(f.raw[start:end]))
	}
}

func plainTally(text []byte) (all tally) {
	for part := range slices.Chunk(text, 64) {
		all = all.join(plainTally64(part))
	}
	return all
}

func plainTally64(text []byte) (t tally) {
	for _, c := range text {
		switch flags := charFlags[c] &^ hasUpper; {
		case flags&oddFlags != 0:
			t |= tally(oddFlags)
		case flags == hasDigit:
			t = (t | tally(hasDigit)) + 1<<tallyDigits
		case flags == hasAt:
			t = (t | tally(hasAt)) + 1<<tallyAts
		}
		if aloneBytes[c]&ofPhone == 0 {
			t |= tallyNoPhone
		}
		if aloneBytes[c]&ofEmail == 0 {
			t |= tallyNoEmail
		}
	}
	if t.flags() == 0 {
		return 0
	}
	return t
}

// TestMarks holds marks against looking byte by byte, in stretches that grow.
func TestMarks(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const signs = "0123456789@@@AZaz[`{%&$'=\"\\,;\n\r +()-._/:é\xff\x00\x80<"
	for range 5_000 {
		text := make([]byte, r.IntN(300))
		for i := range text {
			if text[i] = 'x'; r.IntN(3) == 0 {
				text[i] = signs[r.IntN(len(signs))]
			} else if r.IntN(20) == 0 {
				text[i] = byte(r.IntN(256))
			}
		}
		var m marks
		at := 0
		for have := 0; have < len(text); {
			have = min(len(text), have+r.IntN(200))
			m.cover(text[:have], at, jsonStops)
			for range 10 {
				from := at + r.IntN(have-at+1)
				end, got := m.span(from)
				stop := have
				if i := bytes.IndexAny(text[from:have], "\"\\"); i >= 0 {
					stop = from + i
				}
				if want := plainTally(text[from:stop]); end != stop || got != want {
					t.Fatalf("span of %q from %d: %d %x, plainly %d %x", text[:have], from, end, got, stop, want)
				}
				end = from + r.IntN(have-from+1)
				if got, want := m.over(from, end), plainTally(text[from:end]); got != want {
					t.Fatalf("%q holds %x, plainly %x", text[from:end], got, want)
				}
			}
			at += r.IntN(have - at + 1)
		}
		a, b := make([]marked, 5), make([]marked, 5)
		classify(a, text, jsonStops)
		classifyPlainly(b, text, jsonStops)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("%q is marked\n%x, plainly\n%x", text, a, b)
		}
	}
}

// differs holds the quick reader against the plain one.
func (w *world) differs(t testing.TB, kind Kind, plan *Plan, text []byte) {
	t.Helper()
	for _, tr := range []treatments{nil, {custody.Phone: custody.Refused, custody.Email: custody.Masked, custody.Name: custody.Masked}} {
		want, who, wrong := w.slowly(kind, Options{Plan: plan}, tr, text)
		got, found, err := w.filterParts(kind, Options{Plan: plan}, tr, text)
		if !bytes.Equal(got, want) || fmt.Sprint(found) != fmt.Sprint(who) || (err == nil) != (wrong == nil) {
			t.Fatalf("%v: %q\ncame out as %q, %v %v\nplainly as  %q, %v %v", kind, text, got, found, err, want, who, wrong)
		}
	}
}

// TestDifferential holds the quick readers against the plain ones, on bodies made of
// pieces that are likely to trip them.
func TestDifferential(t *testing.T) {
	w := newWorld(t, 9)
	plans := []*Plan{compile(t, fuzzRules), compile(t, gateRules()), compile(t, Rules{})}
	pieces := map[Kind][]string{
		JSON: {`{`, `}`, `[`, `]`, `,`, `:`, ` `, "\n", `"`, `\`, `"id":`, `"customers":[{`, `{"customer":`, `"phone":`, `"07700 900001"`, `"person2@post.example"`, `"name":"Al"`, `"notes":"ask 07700900003"`,
			`3`, `"4"`, `null`, `true`, `7700900005`, `"\u0030\u0037700900006"`, `"customer_id":7`, `"email":"x@y.example, person8@post.example"`, `"\""`, `"😀"`, `"name":""`, `"town":" "`, `\x30\x37700900009`, `},{`, `"id":99,`},
		CSV: {"id,name,phone,email,notes\n", "Customer ID;Full name;phone;email\r\n", ",", ";", "\t", "\n", "\r\n", "\r", `"`, `""`, "3", "77", "Al Bell", "07700 900001", "person2@post.example", `"07700900003"`, `"a ""b"" 07700900004"`,
			"ask person5@post.example", "AC11AAC", " ", "\ufeff", "sep=;\n", "7700900006", "é", `\x30\x37700900008`, "&#48;7700900009", "%30"},
	}
	pieces[HTML] = []string{"<table>", "<tr>", "<td>", "<td class=name>", `<td class="phone x">`, "</td>", "</tr>", "</table>", "<p>", "</p>", "<b>", "</b>", "<br>", "<br/>", "<li data-customer=3>", "<tr data-customer='4'>", `<a href="/customers/5/edit">`,
		"</a>", "07700 900001", "077", "00900002", "person3@post.example", "Al Bell", " ", "&amp;", "&#48;", "&", "<", ">", "<!-- 07700900004 -->", "<title>", "</title>", "<script>", "</script>", `<input name=email value="person6@post.example">`, "<div>", "</div>",
		`<td data-field="phone">`, `<p data-field=notes id=x>`, "<td", ` title="07700900007"`, "<ul>", "</ul>", "<x-y>", "</x-y>", "<TD>", "<tr class=customer><td class=place>", "é", "Leeds 12"}
	pieces[XML] = append([]string{"<all>", "<customer id='3'>", "<phone>", "</phone>", "</customer>", "<![CDATA[person8@post.example]]>"}, pieces[HTML]...)
	r := rand.New(rand.NewPCG(3, 4))
	for kind, list := range pieces {
		for n := range 6000 {
			var text []byte
			if kind == CSV && n%2 == 0 {
				text = append(text, list[n/2%2]...)
			}
			for range 1 + r.IntN(40) {
				text = append(text, list[r.IntN(len(list))]...)
			}
			w.differs(t, kind, plans[n%3], text)
		}
	}
}

// TestTags: every name that is known is found.
func TestTags(t *testing.T) {
	for i := range tags {
		if got := tagOf([]byte(tags[i].name)); got != &tags[i] {
			t.Errorf("%q is taken for %q", tags[i].name, got.name)
		}
	}
	if tagOf([]byte("x")) != &unknownTag || tagOf([]byte("h9")) != &unknownTag || tagOf([]byte("custom-tag")) != &unknownTag {
		t.Error("an unknown name is known")
	}
}
