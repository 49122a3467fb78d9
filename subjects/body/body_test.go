package body

import (
	"testing"

	"custody"
)

var rules = Rules{
	JSON: map[string]string{"customers[].id": "key", "customers[].name": "name", "customers[].phone": "phone", "**.email": "email", "customers[].address": "address"},
	HTML: map[string]string{"[data-customer]": "key", `a[href^="/customers/"]`: "key", "td.name": "name", ".phone": "phone", "input[name=email]": "email", "tr.customer td.place": "address"},
	CSV:  map[string]string{"Customer ID": "key", "Full name": "name", "phone": "phone", "Email": "email"},
}

// TestMasked shows for each kind what goes in and what comes out for somebody who may
// see names, emails in part, and no phones.
func TestMasked(t *testing.T) {
	w := newWorld(t, 9)
	tr := treatments{custody.Phone: custody.Refused, custody.Email: custody.Masked}
	n, p, e := custody.Categories(custody.Name), custody.Categories(custody.Phone), custody.Categories(custody.Email)
	for _, c := range []struct {
		name     string
		kind     Kind
		in, want string
		found    map[custody.SubjectID]seen
	}{
		{"json", JSON, `{"customers": [{"id": 3, "name": "Ruth Bell", "phone":"07700 900999", "email": "ruth@bell.example"}], "total": 1}`,
			`{"customers": [{"id": 3, "name": "Ruth Bell", "phone":"••••", "email": "r•••@•••.example"}], "total": 1}`,
			map[custody.SubjectID]seen{3: {n, p | e}}},
		{"json by identifiers", JSON, `[{"note":"rings from +44 (0)7700 900-001 at night"},{"x":["write to person2@post.example, please"]},{"y":7700900003}]`,
			`[{"note":"rings from •••• at night"},{"x":["write to p•••@•••.example, please"]},{"y":null}]`,
			map[custody.SubjectID]seen{1: {0, p}, 2: {0, e}, 3: {0, p}}},
		{"json escapes", JSON, `{"a":"\u0030\u0037700 900\n001 and person2\u0040post.example \"x\""}`, `{"a":"•••• and p•••@•••.example \"x\""}`,
			map[custody.SubjectID]seen{1: {0, p}, 2: {0, e}}},
		{"json key after", JSON, `{"customers":[{"phone":null,"address":{"line":"1 Mill Lane","town":["Calder"]},"id":"4"}]}`,
			`{"customers":[{"phone":null,"address":{"line":"1 Mill Lane","town":["Calder"]},"id":"4"}]}`,
			map[custody.SubjectID]seen{4: {custody.Categories(custody.Address), 0}}},
		{"csv", CSV, "Customer ID,Full name,Phone,Email\r\n5,\"Bell, Ruth\",\"01632 960\n001\",a@b.example\r\n6,Al \"Big\" Dunn,,\r\n", "Customer ID,Full name,Phone,Email\r\n5,\"Bell, Ruth\",\"••••\",•••@•••.example\r\n6,Al \"Big\" Dunn,,\r\n",
			map[custody.SubjectID]seen{5: {n, p | e}, 6: {n, 0}}},
		{"csv semicolons", CSV, "\ufeffx;y\n1;\"say \"\"07700900001\"\"\"\n", "\ufeffx;y\n1;\"say \"\"••••\"\"\"\n", map[custody.SubjectID]seen{1: {0, p}}},
		{"html", HTML, `<table><tr data-customer=7><td class="name big">Ruth &amp; Bell<td class=phone>07<b>700</b> 9&#48;0 999</td></tr><tr><td class=name>Al</td><td><a href="/customers/8/edit">open</a></td></tr></table>`,
			`<table><tr data-customer=7><td class="name big">Ruth &amp; Bell<td class=phone>••••<b></b></td></tr><tr><td class=name>Al</td><td><a href="/customers/8/edit">open</a></td></tr></table>`,
			map[custody.SubjectID]seen{7: {n, p}, 8: {n, 0}}},
		{"html attributes", HTML, `<p>Call <a href="tel:%2B447700900001" title=07700900001>us</a> <input name="email" value="x@y.example"> <a href=mailto:person2%40post.example>`,
			`<p>Call <a href="tel:%E2%80%A2%E2%80%A2%E2%80%A2%E2%80%A2" title=••••>us</a> <input name="email" value="•••@•••.example"> <a href=mailto:p%E2%80%A2%E2%80%A2%E2%80%A2@%E2%80%A2%E2%80%A2%E2%80%A2.example>`,
			map[custody.SubjectID]seen{1: {0, p}, 2: {0, e}}},
		{"html scripts", HTML, `<script>var x = "\u0030\x37700900001";</script><!-- person2@post.example --><title>07700 900003</title>`, `<script>var x = "••••";</script><!-- p•••@•••.example --><title>••••</title>`,
			map[custody.SubjectID]seen{1: {0, p}, 2: {0, e}, 3: {0, p}}},
		{"text", Text, "Dear all,\nplease ring 07700\n900001 or write to\nPERSON2@POST.EXAMPLE.\n", "Dear all,\nplease ring •••• or write to\np•••@•••.example.\n", map[custody.SubjectID]seen{1: {0, p}, 2: {0, e}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, found := w.everywhere(t, c.kind, Options{Plan: compile(t, rules)}, tr, c.in)
			if got != c.want {
				t.Errorf("\n%s, want\n%s", got, c.want)
			}
			for id, want := range c.found {
				if found[id] != want {
					t.Errorf("subject %d: %v, want %v", id, found[id], want)
				}
			}
			if len(found) != len(c.found) {
				t.Errorf("found %v, want %v", found, c.found)
			}
			same, _ := w.everywhere(t, c.kind, Options{Plan: compile(t, rules)}, nil, c.in)
			if same != c.in {
				t.Errorf("with everything permitted\n%s came out as\n%s", c.in, same)
			}
		})
	}
}

// TestLimit ends the answer before the record that would be too many.
func TestLimit(t *testing.T) {
	w := newWorld(t, 9)
	over := custody.E(custody.CodeLimit, "over the limit", "ask for more")
	for _, c := range []struct {
		kind     Kind
		in, want string
	}{
		{JSON, `{"customers":[{"id":1,"name":"A"},{"id":2,"name":"B"},{"id":3,"name":"C"},{"id":4,"name":"D"}]}`, `{"customers":[{"id":1,"name":"A"},{"id":2,"name":"B"}`},
		{CSV, "phone\n07700900001\n07700900002\n07700900003\n", "phone\n07700900001\n07700900002\n"},
		{HTML, "<tr><td class=phone>07700900001</td></tr><tr><td class=phone>07700900002</td></tr><tr><td class=phone>07700900003</td></tr>", "<tr><td class=phone>07700900001</td></tr><tr><td class=phone>07700900002</td></tr>"},
		{Text, "07700900001\nand\n07700900002\nand\n07700900003\n", "07700900001\nand\n07700900002\nand\n"},
	} {
		var who []custody.SubjectID
		o := Options{Plan: compile(t, rules), Seen: func(s custody.SubjectID, _, _ custody.CategorySet) error {
			if s == 3 {
				return over
			}
			who = append(who, s)
			return nil
		}}
		got, _, err := w.filterParts(c.kind, o, nil, []byte(c.in))
		if err != over || string(got) != c.want {
			t.Errorf("%v: %v\n%s, want\n%s", c.kind, err, got, c.want)
		}
	}
}

// TestSkipDull holds the eight bytes at a time to one byte at a time.
func TestSkipDull(t *testing.T) {
	for c := range 256 {
		text := []byte("abcdefgh\xff\x80 zyx/:?A\x00\x7f  ")
		text[11] = byte(c)
		i := skipDull(text, 0)
		want := c == '@' || c >= '0' && c <= '9'
		if want != (i == 8) || !want && i != len(text)/8*8 {
			t.Errorf("%#x stops at %d", c, i)
		}
	}
}

// TestKeys: new keys get numbers, what is no key does not.
func TestKeys(t *testing.T) {
	w := newWorld(t, 2)
	had := w.directory.Len(system)
	for _, c := range []struct {
		kind Kind
		text string
		more int
	}{
		{JSON, `{"customers":[{"id":null},{"id":true},{"id":""},{"id":" "},{}]}`, 0},
		{HTML, `<a href="/customers/new">new</a><a href="/customers/">all</a><a href="/customers/1?x=2">1</a>`, 0},
		{JSON, `{"customers":[{"id":901,"name":"A"},{"id":"x-9"},{"id":901}]}`, 2},
		{HTML, `<a href="/customers/902/edit">new</a>`, 1},
		{CSV, "Customer ID,phone\n903,\n,\n903,\n", 1},
	} {
		if _, _, err := w.filterParts(c.kind, Options{Plan: compile(t, rules)}, nil, []byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if more := w.directory.Len(system) - had; more != c.more {
			t.Errorf("%s\ngave %d new numbers, want %d", c.text, more, c.more)
		}
		had = w.directory.Len(system)
	}
}
