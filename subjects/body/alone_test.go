package body

import (
	"fmt"
	"strings"
	"testing"

	"custody"
)

// TestAlone: in a row of customer 1, a field that holds one value of its own category is
// customer 1's and nobody else's; whoever else stands in any field is seen (P4).
func TestAlone(t *testing.T) {
	w := newWorld(t, 5)
	plan := compile(t, Rules{
		JSON: map[string]string{"[].id": "key", "[].name": "name", "[].phone": "phone", "[].email": "email", "[].mark": "vehicle", "[].policy": "policy"},
		CSV:  map[string]string{"id": "key", "name": "name", "phone": "phone", "email": "email", "mark": "vehicle", "policy": "policy"},
		HTML: map[string]string{"[data-id]": "key", ".name": "name", ".phone": "phone", ".email": "email", ".mark": "vehicle", ".policy": "policy"}})
	for _, c := range []struct {
		field, value string
		others       []custody.SubjectID
	}{
		{"phone", phoneOf(2), nil}, {"phone", "+44 (0)7700 900-002", nil}, {"email", emailOf(2), nil}, {"mark", markOf(2), nil}, {"name", "Al Bell", nil}, {"policy", "POL-1/22", nil},
		{"phone", phoneOf(2) + " " + phoneOf(3), []custody.SubjectID{2, 3}},
		{"phone", phoneOf(2) + " ask for Jo", []custody.SubjectID{2}},
		{"phone", emailOf(3), []custody.SubjectID{3}},
		{"phone", "&#48;7700900002", []custody.SubjectID{2}},
		{"email", emailOf(2) + " " + emailOf(3), []custody.SubjectID{2, 3}},
		{"email", emailOf(2) + "/" + phoneOf(3), []custody.SubjectID{2, 3}},
		{"email", phoneOf(4), []custody.SubjectID{4}},
		{"name", "Al, " + phoneOf(2), []custody.SubjectID{2}},
		{"name", "Al " + markOf(3), []custody.SubjectID{3}},
		{"name", "Al ０７７００９００００２", []custody.SubjectID{2}},
		{"mark", markOf(2) + " " + markOf(3), []custody.SubjectID{2, 3}},
		{"policy", "POL1 " + emailOf(5), []custody.SubjectID{5}},
		{"email", phoneOf(2) + "-bob@x.example", []custody.SubjectID{2}},
		{"none", phoneOf(2), []custody.SubjectID{2}},
		{"none", "orders12x" + phoneOf(2), []custody.SubjectID{2}},
	} {
		for kind, text := range map[Kind]string{
			JSON: fmt.Sprintf(`[{"id":1,"%s":"%s","x":"y"}]`, c.field, c.value),
			CSV:  fmt.Sprintf("id,%s,x\n1,\"%s\",y\n", c.field, c.value),
			HTML: fmt.Sprintf("<table><tr data-id=1><td class=%s>%s</td></tr></table>", c.field, c.value),
		} {
			if kind != HTML && c.value[0] == '&' {
				continue
			}
			_, found := w.everywhere(t, kind, Options{Plan: plan}, nil, text)
			if _, ok := found[1]; !ok || len(found) != 1+len(c.others) {
				t.Errorf("%v %s %q: found %v, want 1 and %v", kind, c.field, c.value, found, c.others)
			}
			for _, id := range c.others {
				if _, ok := found[id]; !ok {
					t.Errorf("%v %s %q: customer %d is not found", kind, c.field, c.value, id)
				}
			}
		}
	}
}

// TestParted: a long element leaves in parts, and what the later parts show of its
// subject is reported with them, before they leave.
func TestParted(t *testing.T) {
	w := newWorld(t, 1)
	plan := compile(t, Rules{JSON: map[string]string{"[].id": "key", "[].phone": "phone"}})
	long := strings.Repeat("and so on ", 2*soft/10)
	text := []byte(fmt.Sprintf(`[{"id":1,"a":"%s","b":"%s","phone":"01632 960001"},{"id":1}]`, long, long))
	_, found, err := w.filterParts(JSON, Options{Plan: plan}, nil, text)
	if err != nil || found[1].shown != 1<<custody.Phone {
		t.Errorf("%v, found %v", err, found)
	}
}
