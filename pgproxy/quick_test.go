package pgproxy

import (
	"bytes"
	"slices"
	"testing"

	"custody"
	"custody/internal/loop"
	"custody/pgproxy/lineage"
)

// still gives the quick way of a connection without sockets, waiting for the answer of
// a statement that shows nobody.
func still(parsed bool) *quick {
	sys := &System{System: &custody.System{}}
	c := &conn{s: &Server{}, sys: sys, raw: &loop.Socket{}, statements: map[string]*prepared{}}
	q := &quick{c: c, texts: map[string]*harmless{}, parsed: parsed}
	q.runs = &harmless{steps: []step{{Statement: &lineage.Statement{Verb: lineage.Select}}}}
	return q
}

// FuzzQuickAnswer: an answer goes to the client unseen only if it is one whole,
// successful answer.
func FuzzQuickAnswer(f *testing.F) {
	good := slices.Concat(bytesOf('T', "\x00\x00"), bytesOf('D', "\x00\x00"), bytesOf('C', "SELECT 1\x00"), bytesOf('Z', "I"))
	f.Add(good, false)
	f.Add(slices.Concat(bytesOf('2', ""), good), true)
	f.Add(good[:len(good)-1], false)
	f.Add(slices.Concat(bytesOf('D', "\x00\x00"), good), false)
	f.Add(slices.Concat(good, bytesOf('N', "")), false)
	f.Add(slices.Concat(good[:len(good)-1], []byte("T")), false)
	f.Fuzz(func(t *testing.T, data []byte, prepared bool) {
		if !still(prepared).plain(data) {
			return
		}
		var kinds []byte
		rd := newReader(pipe(data, 7), len(data))
		for {
			m, err := rd.next()
			if err != nil {
				break
			}
			if kinds = append(kinds, m.kind()); m.kind() == 'Z' && string(m.body()) != "I" {
				t.Fatal("the answer of an open transaction passed")
			}
		}
		kinds = bytes.TrimPrefix(kinds, []byte(map[bool]string{true: "2"}[prepared]))
		if len(kinds) < 3 || kinds[0] != 'T' || string(kinds[len(kinds)-2:]) != "CZ" || bytes.ContainsAny(kinds[1:len(kinds)-2], "TCZESN2") {
			t.Fatalf("%q passed", kinds)
		}
	})
}

// FuzzQuickStatement: only a whole message that was decided before is taken for it.
func FuzzQuickStatement(f *testing.F) {
	known := bytesOf('Q', "SELECT 1\x00")
	bind := slices.Concat(bytesOf('B', "\x00one\x00\x00\x00\x00\x00\x00\x00"), describeExecuteSync)
	f.Add(known)
	f.Add(bind)
	f.Add(slices.Concat(known, known))
	f.Add(bind[:len(bind)-5])
	f.Add(bytesOf('B', "\x00one"))
	f.Add([]byte("Q\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		q := still(false)
		q.texts["SELECT 1"] = q.runs
		q.c.statements["one"] = &prepared{steps: q.runs.steps}
		q.burst = data
		h := q.recognise()
		if h != nil && !bytes.Equal(data, known) && !(data[0] == 'B' && bytes.HasSuffix(data, describeExecuteSync) && string(data[5:10]) == "\x00one\x00") {
			t.Fatalf("%q is not known", data)
		}
	})
}
