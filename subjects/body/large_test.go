package body

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"custody"
)

// large bodies of each kind with n customers, one in three without a key.
func large(kind Kind, n int) []byte {
	var b bytes.Buffer
	b.WriteString(map[Kind]string{JSON: `{"customers":[`, HTML: "<html><table>", CSV: "Customer ID,Full name,phone,notes\n", XML: "<all>"}[kind])
	for k := 1; k <= n; k++ {
		key := fmt.Sprint(k)
		switch kind {
		case JSON, NDJSON:
			if k > 1 && kind == JSON {
				b.WriteString(",\n")
			}
			fmt.Fprintf(&b, `{"name":"Person %s","phone":"%s","notes":"came in on Monday \u0026 rang %s","id":%s}`, word3(k), phoneOf(k), emailOf(k), key)
			if kind == NDJSON {
				b.WriteByte('\n')
			}
		case HTML:
			fmt.Fprintf(&b, "<tr data-customer=%s class=customer><td class=name>Person %s</td><td class=phone>%s</td><td>rings <b>on</b> &lt;%s&gt;</td></tr>\n", key, word3(k), phoneOf(k), emailOf(k))
		case CSV:
			fmt.Fprintf(&b, "%s,Person %s,%s,\"said \"\"write to\n%s\"\"\"\r\n", key, word3(k), phoneOf(k), emailOf(k))
		case XML:
			fmt.Fprintf(&b, `<customer id="%s"><name>Person %s</name><phone>%s</phone><note>%s</note></customer>`, key, word3(k), phoneOf(k), emailOf(k))
		case Text:
			fmt.Fprintf(&b, "Customer Person %s, phone %s, mail %s.\nRegistration %s\n", word3(k), phoneOf(k), emailOf(k), markOf(k))
		case EventStream:
			fmt.Fprintf(&b, "event: change\ndata: {\"customers\":[{\"id\":%s,\"phone\":\"%s\",\"note\":\"%s\"}]}\n\n", key, phoneOf(k), emailOf(k))
		}
	}
	b.WriteString(map[Kind]string{JSON: `],"total":1}`, HTML: "</table></html>", XML: "</all>"}[kind])
	return b.Bytes()
}

func word3(k int) string {
	return strings.ToUpper(string(rune('a'+k%26))) + string(rune('a'+k/26%26)) + "elia"
}

var streamed = []Kind{JSON, NDJSON, HTML, CSV, XML, Text, EventStream}

// TestLarge runs 1,000 customers in pieces of all sizes: every way gives the same,
// everybody is found, nothing that is forbidden is left, and what is not forbidden is
// as it was.
func TestLarge(t *testing.T) {
	const n = 1000
	w := newWorld(t, n)
	plan := compile(t, fuzzRules)
	tr := treatments{custody.Phone: custody.Refused, custody.Email: custody.Masked}
	for _, kind := range streamed {
		t.Run(kind.String(), func(t *testing.T) {
			text := large(kind, n)
			whole, found, err := w.filterParts(kind, Options{Plan: plan}, tr, text)
			if err != nil || len(found) != n || w.hidden > 0 {
				t.Fatalf("%v, found %d, hidden %d", err, len(found), w.hidden)
			}
			for k := 1; k <= n; k++ {
				if bytes.Contains(whole, []byte(phoneOf(k))) || bytes.Contains(whole, []byte(emailOf(k))) {
					t.Fatalf("customer %d is in the output", k)
				}
			}
			r := rand.New(rand.NewPCG(1, uint64(kind)))
			for _, size := range []int{1, 1000, 65_536, 70_000, 0} {
				var parts [][]byte
				for rest := text; len(rest) > 0; {
					n := size
					if size == 0 {
						n = 1 + r.IntN(30_000)
					}
					n = min(n, len(rest))
					parts, rest = append(parts, rest[:n]), rest[n:]
				}
				got, also, err := w.filterParts(kind, Options{Plan: plan}, tr, parts...)
				if err != nil || !bytes.Equal(got, whole) || fmt.Sprint(also) != fmt.Sprint(found) {
					t.Fatalf("in pieces of %d: %v, equal: %v", size, err, bytes.Equal(got, whole))
				}
			}
			if same, _, err := w.filterParts(kind, Options{Plan: plan}, nil, text); err != nil || !bytes.Equal(same, text) {
				t.Fatal("with everything permitted it is not what it was", err)
			}
		})
	}
}

// TestTooLarge: what cannot be held is refused, and nothing of it leaves.
func TestTooLarge(t *testing.T) {
	w := newWorld(t, 1)
	long := strings.Repeat("x ", MaxRecord)
	for _, c := range []struct {
		kind Kind
		text string
	}{
		{JSON, `{"a":1,"b":"` + long + `"}`},
		{JSON, strings.Repeat("[", MaxDepth+1)},
		{CSV, "a,b\n\"" + long},
		{HTML, "<p title='" + long},
		{HTML, strings.Repeat("<div>", MaxDepth+1)},
		{HTML, "<script>" + long},
		{XML, "<a><!--" + long},
		{EventStream, "data: " + long},
		{Form, "a=" + long},
	} {
		got, _, err := w.filterParts(c.kind, Options{}, nil, []byte(c.text))
		if custody.CodeOf(err) != custody.CodeTooLarge || len(got) > Window {
			t.Errorf("%v %.20q: %v, %d bytes left", c.kind, c.text, err, len(got))
		}
	}
}

// TestHundredThousand runs 100,000 customers through in little memory.
func TestHundredThousand(t *testing.T) {
	const n = manyPeople
	w := crowd()
	plan := compile(t, fuzzRules)
	tr := treatments{custody.Phone: custody.Refused, custody.Email: custody.Masked}
	for _, kind := range []Kind{JSON, CSV} {
		text := large(kind, n)
		found := map[custody.SubjectID]bool{}
		f, err := New(kind, Options{System: system, Values: w.index, Directory: w.directory, Plan: plan, Treat: tr.of,
			Seen: func(s custody.SubjectID, shown, masked custody.CategorySet) error {
				found[s] = true
				return nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		var out []byte
		total := 0
		check := func(err error) {
			if err != nil || bytes.Contains(out, []byte("077009")) || bytes.Contains(out, []byte("@post")) {
				t.Fatalf("%v: %v, or a value is left", kind, err)
			}
			total += len(out)
			if held := cap(f.raw) + cap(f.texts) + 64*cap(f.values) + 16*cap(f.scopes); held > 2<<20 {
				t.Fatalf("%v: %d bytes are held", kind, held)
			}
		}
		for rest := text; len(rest) > 0; {
			part := rest[:min(len(rest), 32<<10)]
			rest = rest[len(part):]
			out, err = f.Write(out[:0], part)
			check(err)
		}
		out, err = f.Close(out[:0])
		check(err)
		if len(found) != n || total < len(text)/2 {
			t.Errorf("%v: found %d, %d of %d bytes", kind, len(found), total, len(text))
		}
	}
}
