package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"custody"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
)

// directory is what a store keeps of subjects: key, salt and commitment. The first
// two go when a subject is erased.
type directory struct {
	first custody.SubjectID
	keys  []string
	salts [][16]byte
	marks []Hash
	gone  map[custody.SubjectID]bool
}

func newDirectory(first custody.SubjectID, count int) *directory {
	d := &directory{first: first, gone: map[custody.SubjectID]bool{}}
	for i := range count {
		key := fmt.Sprintf("C-%04d", 1000+i)
		salt := [16]byte{byte(i), byte(i >> 8), 7}
		d.keys, d.salts = append(d.keys, key), append(d.salts, salt)
		d.marks = append(d.marks, NamingLeaf(salt, 1, key))
	}
	return d
}

func (d *directory) naming() *custody.Naming {
	return &custody.Naming{First: d.first, Count: uint32(len(d.keys)), Root: NamingRoot(d.marks)}
}

func (d *directory) erase(s custody.SubjectID) {
	i := s - d.first
	d.keys[i], d.salts[i], d.gone[s] = "", [16]byte{}, true
}

func (d *directory) name(s custody.SubjectID, n *custody.Naming) (*Name, error) {
	if d.gone[s] {
		return nil, nil
	}
	i := int(s - n.First)
	proof, err := NewNamingTree(d.marks).Proof(i)
	return &Name{System: 1, Key: d.keys[i], Salt: d.salts[i], Proof: proof}, err
}

// evidence makes a ledger with groups, large events and names.
func evidence(t testing.TB) (l *Ledger, d *directory, v note.Verifier) {
	t.Helper()
	signer, v := keys(t)
	o := Options{Signer: signer, SegmentSize: 64 << 10, CheckpointEvery: time.Hour}
	l = open(t, createIn(t, fastDir(t), o), o)
	d = newDirectory(1, 500)
	appendAll(t, l, &custody.Event{Kind: custody.EventNaming, System: 1, Naming: d.naming()})
	for i := range 120 {
		var events []*custody.Event
		for k := range i%5 + 1 {
			var list []custody.SubjectID
			for s := 1 + i%11; s <= 500; s += 1 + (i*7+k*3)%29 {
				list = append(list, custody.SubjectID(s))
			}
			events = append(events, disclosure(custody.PersonID(k+1), uint64(i+1), list...))
		}
		if i%10 == 0 {
			events = append(events, &custody.Event{Kind: custody.EventSessionStart, Person: 2, Session: 9})
		}
		appendAll(t, l, events...)
	}
	return l, d, v
}

func extractOf(t testing.TB, l *Ledger, q Query, names Names) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := l.WriteExtract(&b, q, names); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestExtractOfASubject(t *testing.T) {
	l, d, v := evidence(t)
	for _, subject := range []custody.SubjectID{1, 4, 77, 500} {
		file := extractOf(t, l, Query{Subject: subject}, d.name)
		r, err := VerifyExtract(bytes.NewReader(file), v)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []uint64
		for found := range l.Index().WhoSaw(1, subject, time.Time{}, time.Time{}) {
			want = append(want, found.Number)
		}
		slices.Reverse(want)
		for _, e := range r.Events[1:] { // the first is the naming
			got = append(got, e.Number)
			if len(e.Subjects) > blockSubjects {
				t.Errorf("the extract of one subject shows %d", len(e.Subjects))
			}
			whole, _ := l.Index().Event(e.Number)
			whole.Subjects = e.Subjects
			if diff := cmp.Diff(*whole, e.Event); diff != "" {
				t.Error(diff)
			}
		}
		if !slices.Equal(want, got) || len(want) == 0 {
			t.Errorf("subject %d: events %v, want %v", subject, got, want)
		}
		if key := fmt.Sprintf("C-%04d", 999+subject); len(r.Names) != 1 || r.Names[0].Key != key {
			t.Errorf("names %v, want %s", r.Names, key)
		}
	}
}

func TestExtractOfAPerson(t *testing.T) {
	l, d, v := evidence(t)
	all := slices.Collect(l.Index().SawBy(3, time.Time{}, time.Time{}))
	from, to := all[len(all)-10].Time, all[10].Time
	file := extractOf(t, l, Query{Person: 3, From: from, To: to}, d.name)
	r, err := VerifyExtract(bytes.NewReader(file), v)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Collect(l.Index().SawBy(3, from, to))
	slices.Reverse(want)
	if len(want) != len(r.Events)-1 {
		t.Fatalf("%d events, want %d", len(r.Events)-1, len(want))
	}
	for i, e := range r.Events[1:] {
		if diff := cmp.Diff(*want[i], e.Event); diff != "" {
			t.Error(diff)
		}
	}
	if r.Unnamed != 0 || len(r.Names) == 0 {
		t.Errorf("%d names, %d without", len(r.Names), r.Unnamed)
	}
}

// TestExtractShowsNobodyElse: an extract of a subject holds neither the events of
// others nor, in an answer of many, more than the few of one block.
func TestExtractShowsNobodyElse(t *testing.T) {
	signer, v := keys(t)
	o := Options{Signer: signer, CheckpointEvery: time.Hour}
	l := open(t, newLedger(t, o), o)
	mine, other := disclosure(1, 1, 4711), disclosure(2, 2, 8150815)
	appendAll(t, l, other, mine, disclosure(2, 3, 8150816))
	file := extractOf(t, l, Query{Subject: 4711}, nil)
	if r, err := VerifyExtract(bytes.NewReader(file), v); err != nil || len(r.Events) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	var line extractEvent
	for text := range strings.Lines(string(file)) {
		if strings.HasPrefix(text, `{"type":"event"`) {
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Whoever guesses the other event still cannot tell that it was this one.
	head := appendHead(nil, other, 0)
	guess := eventHash(head, treeHash([]Hash{blockHash(line.Block.Salt, other.Subjects)}))
	if slices.Contains(line.Proof.path(), guess) || len(line.Proof) != 2 {
		t.Error("the proof gives another event away")
	}
}

// TestErasedSubject: what is erased can be named no more, and every other proof
// holds as before (P8).
func TestErasedSubject(t *testing.T) {
	l, d, v := evidence(t)
	d.erase(77)
	if r, err := VerifyExtract(bytes.NewReader(extractOf(t, l, Query{Subject: 77}, d.name)), v); err != nil || len(r.Names) != 0 || r.Unnamed != 1 || len(r.Events) < 2 {
		t.Errorf("erased subject: %+v, %v", r, err)
	}
	for _, s := range []custody.SubjectID{76, 78} {
		if r, err := VerifyExtract(bytes.NewReader(extractOf(t, l, Query{Subject: s}, d.name)), v); err != nil || len(r.Names) != 1 {
			t.Errorf("subject %d beside an erased one: %+v, %v", s, r, err)
		}
	}
	if NamingRoot(d.marks) != d.naming().Root {
		t.Error("the naming's root changed")
	}
}

// TestChangedExtract changes an extract in every way that a forger has.
func TestChangedExtract(t *testing.T) {
	l, d, v := evidence(t)
	file := extractOf(t, l, Query{Subject: 77}, d.name)
	lines := strings.SplitAfter(strings.TrimSuffix(string(file), "\n"), "\n")
	refuse := func(what string, changed []string) {
		t.Helper()
		if r, err := VerifyExtract(strings.NewReader(strings.Join(changed, "")), v); err == nil {
			t.Errorf("%s: taken, %d events", what, len(r.Events))
		} else if custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range lines {
		refuse(fmt.Sprintf("line %d left out", i), slices.Delete(slices.Clone(lines), i, i+1))
		refuse(fmt.Sprintf("line %d twice", i), slices.Insert(slices.Clone(lines), i, lines[i]))
		if i > 0 {
			swapped := slices.Clone(lines)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			refuse(fmt.Sprintf("lines %d and %d swapped", i-1, i), swapped)
		}
	}
	for i, line := range lines[:6] {
		for at := range line {
			changed := slices.Clone(lines)
			b := []byte(line)
			b[at] ^= 1
			changed[i] = string(b)
			refuse(fmt.Sprintf("line %d, byte %d (%.20q)", i, at, line[at:]), changed)
		}
	}
	_, other := keys(t)
	if _, err := VerifyExtract(bytes.NewReader(file), other); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("with another key: %v", err)
	}
}

func TestNamingProofs(t *testing.T) {
	for count := 1; count < 40; count++ {
		d := newDirectory(100, count)
		n := d.naming()
		for i := range count {
			proof, err := NamingProof(d.marks, i)
			fast, err2 := NewNamingTree(d.marks).Proof(i)
			if err != nil || err2 != nil || !slices.Equal(proof, fast) {
				t.Fatalf("leaf %d of %d: %v, %v", i, count, err, err2)
			}
			s := n.First + custody.SubjectID(i)
			if err := CheckNamingProof(n, s, d.marks[i], proof); err != nil {
				t.Errorf("leaf %d of %d: %v", i, count, err)
			}
			if CheckNamingProof(n, s, NamingLeaf(d.salts[i], 2, d.keys[i]), proof) == nil {
				t.Error("the key of another system was taken")
			}
			if CheckNamingProof(n, s+1, d.marks[i], proof) == nil {
				t.Error("another number was taken")
			}
		}
	}
}
