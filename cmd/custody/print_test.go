package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTableFits(t *testing.T) {
	type row struct{ a, b, c string }
	rows := []row{
		{"1", strings.Repeat("name, phone, ", 20) + "end", "x"},
		{"22", "short", "y\x1b[31mred"},
	}
	var out bytes.Buffer
	a := &app{out: &out}
	err := list(a, rows, "none",
		column[row]{"A", func(r row) string { return r.a }, false},
		column[row]{"LONG", func(r row) string { return r.b }, true},
		column[row]{"C", func(r row) string { return r.c }, false})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > tableWidth {
			t.Errorf("%d characters: %q", n, line)
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("an escape sequence went to the terminal")
	}
	if got := strings.Count(out.String(), "phone,"); got != 20 {
		t.Errorf("%d of 20 words are there:\n%s", got, out.String())
	}
}

func TestEmptyList(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out}
	if err := list(a, []int{}, "nothing here"); err != nil || out.String() != "nothing here\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	a.json = true
	if err := list(a, []int{}, "nothing here"); err != nil || out.Len() != 0 {
		t.Errorf("%q, %v", out.String(), err)
	}
}
