package body

import (
	"testing"

	"custody"
)

// TestBeside: who only shares an identifier with the subject of a keyed record is told
// apart from those whom records are about, and is told of all the same.
func TestBeside(t *testing.T) {
	w := newWorld(t, 9)
	w.index.Add(system, 2, custody.Phone, []byte(phoneOf(1))) // a household
	plan := compile(t, Rules{HTML: map[string]string{"[data-customer]": "key"}})
	link := `<a href="tel:` + phoneOf(1) + `">call</a>`
	for text, want := range map[string]map[custody.SubjectID]bool{
		`<table><tr data-customer="1"><td>` + link + `</table>`: {1: false, 2: true},
		`<table><tr data-customer="3"><td>` + link + `</table>`: {1: false, 2: false, 3: false},
		`<p>` + link + `</p>`: {1: false, 2: false},
		`<table><tr data-customer="1"><td>` + link + `<td>` + emailOf(2) + `</table>`:          {1: false, 2: false},
		`<table><tr data-customer="1"><td>` + link + `<tr data-customer="2"><td>a</table>`:     {1: false, 2: false},
		`<table><tr data-customer="1"><td>` + link + `<td>or ` + phoneOf(5) + `.</td></table>`: {1: false, 2: true, 5: false},
	} {
		got := map[custody.SubjectID]bool{}
		f := &Filter{}
		o := Options{System: system, Plan: plan, Values: w.index, Directory: w.directory, Treat: treatments{}.of,
			Seen: func(s custody.SubjectID, _, _ custody.CategorySet) error {
				had, known := got[s]
				got[s] = f.Beside() && (had || !known)
				return nil
			}}
		if err := f.Reset(HTML, o); err != nil {
			t.Fatal(err)
		}
		out, err := f.Write(nil, []byte(text))
		if err == nil {
			_, err = f.Close(out)
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
		for s, beside := range want {
			if got[s] != beside {
				t.Errorf("%s: %v, want %v", text, got, want)
			}
		}
	}
}
