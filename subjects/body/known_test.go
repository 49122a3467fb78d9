package body

import (
	"testing"

	"custody"
	"custody/subjects"
)

// TestKnown masks what is known of the subjects of an answer, wherever it stands, and
// leaves what is known of others.
func TestKnown(t *testing.T) {
	w := newWorld(t, 5)
	learn := func(id custody.SubjectID, values ...subjects.Name) { w.index.Learn(system, id, values, 0) }
	learn(1, subjects.Name{Category: custody.Name, Value: []byte("Ruth Bell")}, subjects.Name{Category: custody.DateOfBirth, Value: []byte("1984-03-07")},
		subjects.Name{Category: custody.Address, Value: []byte("59 Station Road, Calder Mills, HX6 5DJ")}, subjects.Name{Category: custody.FreeText, Value: []byte("Allergic to cats and dogs. Pays late")},
		subjects.Name{Category: custody.Policy, Value: []byte("POL/00417")}, subjects.Name{Category: custody.Phone, Value: []byte("01632 960777")})
	learn(2, subjects.Name{Category: custody.Name, Value: []byte("Will O’Shea")})
	learn(3, subjects.Name{Category: custody.Name, Value: []byte("Nobody Here")})
	all := treatments{}
	for _, c := range custody.AllCategories() {
		all[c] = custody.Refused
	}
	for _, c := range []struct {
		name     string
		kind     Kind
		in, want string
	}{
		{"json", JSON, `{"title":"Estimate for RUTH BELL","to":["Mrs Ruth Bell","Bell, R.","ruth is not a name","Ruth"],"born":"7th March 1984","also":"07/03/1984","at":"59, station road; HX65DJ","tel":"07700900001","n":"nobody here"}`,
			`{"title":"Estimate for ••••","to":["Mrs ••••","••••.","ruth is not a name","••••"],"born":"••••","also":"••••","at":"••••; ••••","tel":"••••","n":"nobody here"}`},
		{"html", HTML, `<h1>Ruth <b>Bell</b></h1><p>Rings from 07700900001. Allergic to cats and goats. Policy POL-00417, (01632) 960 777</p><p>Nobody Here, will do</p><i>Will O'Shea</i>`,
			`<h1>••••<b></b></h1><p>Rings from ••••. ••••. Policy ••••, (••••</p><p>Nobody Here, will do</p><i>Will O'Shea</i>`},
		{"csv", CSV, "a,b\nBELL Ruth,07700900001\n\"O'Shea, Will\",person2@post.example\nNobody Here,\n", "a,b\n••••,••••\n\"••••\",••••\nNobody Here,\n"},
		{"text", Text, "Dear Ruth,\nwe rang 07700900001\nand will ring Will at person2@post.example.\n", "Dear ••••,\nwe rang ••••\nand will ring •••• at ••••.\n"},
		{"nobody", JSON, `["Ruth Bell","7 March 1984"]`, `["Ruth Bell","7 March 1984"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := w.everywhere(t, c.kind, Options{}, all, c.in); got != c.want {
				t.Errorf("\n%s, want\n%s", got, c.want)
			}
			same, found := w.everywhere(t, c.kind, Options{}, nil, c.in)
			if same != c.in {
				t.Errorf("with everything permitted\n%s came out as\n%s", c.in, same)
			}
			if c.name == "json" && !found[1].shown.Has(custody.Name) {
				t.Errorf("the name is not on record: %v", found)
			}
		})
	}
}

// TestKnownLater masks what stands a window after the identifier.
func TestKnownLater(t *testing.T) {
	w := newWorld(t, 1)
	w.index.Learn(system, 1, []subjects.Name{{Category: custody.Name, Value: []byte("Ruth Bell")}}, 0)
	var in, want []byte
	in = append(in, "[\"07700900001\""...)
	want = append(want, "[\"07700900001\""...)
	for range 20_000 {
		in, want = append(in, ",\"nothing\""...), append(want, ",\"nothing\""...)
	}
	in, want = append(in, ",\"Ruth Bell\"]"...), append(want, ",\"R••• B•••\"]"...)
	got, _, err := w.filterParts(JSON, Options{}, treatments{custody.Name: custody.Masked}, in)
	if err != nil || string(got) != string(want) {
		t.Errorf("%v: it ends in %q", err, got[len(got)-40:])
	}
}
