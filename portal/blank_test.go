package portal

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"custody"
	"custody/subjects"
	"custody/subjects/body"
)

// indexed is an index as the portal has it.
type indexed struct {
	body.Values
	*subjects.Index
}

func (x indexed) Find(dst []custody.SubjectID, system custody.SystemID, c custody.Category, value []byte) []custody.SubjectID {
	return x.Index.Find(dst, system, c, value)
}

func (x indexed) Kinds(system custody.SystemID) custody.CategorySet { return x.Index.Kinds(system) }

// TestBlanks: an answer is known again when all is as it was, and only then.
func TestBlanks(t *testing.T) {
	index, err := subjects.NewIndex(bytes.Repeat([]byte{1}, 32), 10)
	if err != nil {
		t.Fatal(err)
	}
	b := newBlanks(indexed{Index: index})
	text := []byte("<p>Call 07700 900001</p>")
	like := func() *blank { return &blank{kind: body.HTML, version: b.version()} }
	b.keep(text, like())
	if b.find(text, like()) != nil {
		t.Error("it was kept when it was seen once")
	}
	b.keep(text, like())
	if b.find(text, like()) == nil {
		t.Fatal("it was not kept when it was seen twice")
	}
	if b.find([]byte("<p>Call 07700 900002</p>"), like()) != nil {
		t.Error("another answer is taken for it")
	}
	for what, change := range map[string]func(*blank){
		"kind": func(l *blank) { l.kind = body.Text }, "charset": func(l *blank) { l.charset = "utf-16le" },
		"rights": func(l *blank) { l.rights[custody.Phone] = custody.Masked },
	} {
		other := like()
		if change(other); b.find(text, other) != nil {
			t.Errorf("another %s makes no difference", what)
		}
	}
	for what, change := range map[string]func(){
		"a customer who is new":      func() { index.Add(1, 7, custody.Phone, []byte("07700 900001")) },
		"one who is erased":          func() { index.Forget(7) },
		"one whose phone has gone":   func() { index.Remove(1, 7, custody.Phone, []byte("07700 900001")) },
		"a change that is under way": func() { index.Announce(1, 8, custody.Phone, []byte("07700 900001")) },
		"a change that is settled": func() {
			index.Settle(1, 8, []subjects.Name{{Category: custody.Phone, Value: []byte("07700 900001")}}, 0)
		},
		"what is known of somebody":     func() { index.Learn(1, 8, nil, 0) },
		"what was announced taken back": func() { index.Withdraw(nil) },
	} {
		b.keep(text, like())
		b.keep(text, like())
		if b.find(text, like()) == nil {
			t.Fatal("not kept")
		}
		if change(); b.find(text, like()) != nil {
			t.Errorf("%s makes no difference", what)
		}
	}
}

// TestBlanksBounded: many answers push others out.
func TestBlanksBounded(t *testing.T) {
	index, _ := subjects.NewIndex(bytes.Repeat([]byte{1}, 32), 10)
	b := newBlanks(indexed{Index: index})
	for i := range 200 {
		text := []byte(fmt.Sprint(i, strings.Repeat("x", 20_000)))
		for range 2 {
			b.keep(text, &blank{})
		}
		b.keep(make([]byte, maxBlank+1), &blank{})
	}
	sum := 0
	for _, k := range b.kept {
		sum += len(k.text)
	}
	if sum != b.bytes || sum > maxBlanks || len(b.kept) < 10 {
		t.Errorf("%d bytes are kept in %d, counted as %d", sum, len(b.kept), b.bytes)
	}
}
