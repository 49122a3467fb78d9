package body

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"custody"
)

// tellsOf runs a table through a filter and gives what comes out and all that is told of
// it, in its order.
func (w *world) tellsOf(t *testing.T, text []byte, plan *Plan, slow bool, r *rand.Rand, stopAfter int) (string, string) {
	t.Helper()
	var told strings.Builder
	var f *Filter
	n := 0
	o := Options{System: system, Plan: plan, Values: w.index, Directory: w.directory, Treat: treatments(nil).of}
	o.Seen = func(s custody.SubjectID, shown, masked custody.CategorySet) error {
		if n++; n > stopAfter {
			return errTooLarge("no more")
		}
		fmt.Fprintln(&told, s, shown, masked, f.Beside())
		return nil
	}
	f, err := New(CSV, o)
	if err != nil {
		t.Fatal(err)
	}
	if slow {
		f.reader = newSlowCSV(plan)
	}
	var out []byte
	for rest := text; len(rest) > 0 && err == nil; {
		n := 1 + r.IntN(min(len(rest), 1<<uint(r.IntN(18))))
		out, err = f.Write(out, rest[:n])
		rest = rest[n:]
	}
	if err == nil {
		out, err = f.Close(out)
	}
	fmt.Fprintln(&told, err)
	return string(out), told.String()
}

// TestRows holds rows that are read at one go against the plain reader, on tables that
// look like tables: mostly plain rows, and now and then a cell that is not.
func TestRows(t *testing.T) {
	w := newWorld(t, 40)
	plan := compile(t, gateRules())
	r := rand.New(rand.NewPCG(7, 8))
	columns := []string{"id", "name", "phone", "email", "town", "what else"}
	cells := map[string][]string{
		"id":        {"3", "7", "19", "33", "7", "8", "", " 7", "0007", "unknown 1", `"12"`, "-"},
		"name":      {"Al Bell", "Person Five", "Zoë", "", " ", "Al 07700900004", `"Bell, Al"`, strings.Repeat("long ", 14), "a%20b", "x@y.example"},
		"phone":     {"07700 900001", "+44 (0)7700 900-002", "", "none", "07700900003 and 07700900004", "07700900003 07700900004", "7700900006", "ask person5@post.example"},
		"email":     {"person2@post.example", "", "none", "person3@post.example person4@post.example", "p5", "person6@person7@post.example", "person6@07700900007", "person6@post.example 07700900007"},
		"town":      {"Leeds", "", "York", "12 High Street", "Bell's End"},
		"what else": {"", "", "ask 07700900008", "Al Bell", "x"},
	}
	plainRows := 0
	for n := range 400 {
		list := append([]string(nil), columns...)
		if n%3 > 0 {
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}
		list = list[:2+r.IntN(5)]
		if n%17 == 0 {
			list = append(list, "id")
		}
		sign, line := []string{",", ";", "\t"}[n%3], []string{"\n", "\r\n", "\r"}[n/3%3]
		var b bytes.Buffer
		b.WriteString(strings.Join(list, sign) + line)
		odd := 1 + r.IntN(60)
		for range r.IntN(1500) {
			for i, name := range list {
				if i > 0 {
					b.WriteString(sign)
				}
				pool := cells[name]
				if r.IntN(odd) > 0 {
					pool = pool[:2]
				}
				b.WriteString(pool[r.IntN(len(pool))])
			}
			if r.IntN(10*odd) == 0 {
				b.WriteString(sign + "more")
			}
			b.WriteString(line)
		}
		stop := 1 << 30
		if n%5 == 0 {
			stop = r.IntN(1000)
		}
		w.tellsOf(t, b.Bytes(), plan, true, r, stop) // new keys have their numbers now
		want, told := w.tellsOf(t, b.Bytes(), plan, true, r, stop)
		got, tells := w.tellsOf(t, b.Bytes(), plan, false, r, stop)
		if got != want || tells != told {
			t.Fatalf("%.600q\nthe same bytes: %v\ntold %.900s\nplainly %.900s", b.String(), got == want, tells, told)
		}
		plainRows += strings.Count(tells, "\n")
	}
	if plainRows < 10_000 {
		t.Errorf("only %d rows tell of anybody", plainRows)
	}
}
