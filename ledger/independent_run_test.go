package ledger_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"custody"
	"custody/ledger"

	"golang.org/x/mod/sumdb/note"
)

// TestAnyoneCanCheck lets the verifier that knows only docs/formats.md check whole
// ledgers and extracts (P6).
func TestAnyoneCanCheck(t *testing.T) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "custody.example/north")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newAuditor(vkey)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "ledger")
	o := ledger.Options{Origin: "custody.example/north", Signer: signer, SegmentSize: 32 << 10, CheckpointEvery: time.Hour}
	if err := ledger.Create(dir, o); err != nil {
		t.Fatal(err)
	}
	var leaves []ledger.Hash
	key := func(i int) string { return fmt.Sprintf("C-%d", i) }
	for i := range 300 {
		leaves = append(leaves, ledger.NamingLeaf([16]byte{byte(i)}, 7, key(i)))
	}
	names := func(s custody.SubjectID, n *custody.Naming) (*ledger.Name, error) {
		i := int(s - n.First)
		proof, err := ledger.NamingProof(leaves, i)
		return &ledger.Name{System: 7, Key: key(i), Salt: [16]byte{byte(i)}, Proof: proof}, err
	}
	total := uint64(1)
	for round := range 3 {
		l, err := ledger.Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			if err := l.Append(&custody.Event{Kind: custody.EventNaming, Naming: &custody.Naming{First: 1, Count: 300, Root: ledger.NamingRoot(leaves)}}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 60 {
			var group []*custody.Event
			for k := range i%4 + 1 {
				e := &custody.Event{Kind: custody.EventDisclosure, Route: custody.RouteQuery, Person: custody.PersonID(k + 1), Session: 9, System: 7, Clear: 1, Statement: uint64(i)}
				for s := 1; s <= 300; s += 1 + (i*k)%40 {
					e.Subjects = append(e.Subjects, custody.SubjectID(s))
				}
				group = append(group, e, &custody.Event{Kind: custody.EventSessionEnd, Code: custody.CodeRevoked, Person: 3})
			}
			if err := l.Append(group...); err != nil {
				t.Fatal(err)
			}
			total += uint64(len(group))
		}
		for _, q := range []ledger.Query{{Subject: 1}, {Subject: 41}, {Subject: 300}, {Person: 2}, {Person: 3}} {
			var file bytes.Buffer
			if err := l.WriteExtract(&file, q, names); err != nil {
				t.Fatal(err)
			}
			events, named, err := a.extract(file.Bytes())
			if err != nil || events < 10 || named == 0 {
				t.Errorf("%+v: %d events, %d names, %v", q, events, named, err)
			}
			changed := bytes.Replace(file.Bytes(), []byte(`"subjects":[`), []byte(`"subjects":[9`), 1)
			if _, _, err := a.extract(changed); err == nil {
				t.Errorf("%+v: took a changed extract", q)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if events, err := a.folder(dir); err != nil || events != total {
			t.Errorf("folder: %d events, want %d, %v", events, total, err)
		}
	}
}
