package ledger

import (
	"bytes"
	"encoding/json"
	"mime/quotedprintable"
	"strings"
	"testing"

	"custody"

	"golang.org/x/mod/sumdb/note"
)

// keptNote signs a checkpoint of some ledger.
func keptNote(t testing.TB, origin string, size uint64, s note.Signer) []byte {
	t.Helper()
	c := &Checkpoint{Origin: origin, Size: size, Root: Hash{1, 2, 255}}
	signed, err := note.Sign(&note.Note{Text: c.text()}, s)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func keptKey(t testing.TB, origin string) (note.Signer, note.Verifier) {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// forms are what people and programs keep of a checkpoint.
func forms(t testing.TB, signed []byte) map[string][]byte {
	t.Helper()
	var mail bytes.Buffer
	mail.WriteString("From: Custody <custody@northfield.example>\r\nSubject: Checkpoint of the ledger custody.example/north after 59 frames\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	q := quotedprintable.NewWriter(&mail)
	_, _ = q.Write(signed)
	_ = q.Close()
	text, err := json.Marshal(map[string]string{"desc": strings.TrimRight(string(signed), "\n")})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"the file": signed, "with lines before and after": append([]byte("kept on 31 May\n\n"), append(bytes.Clone(signed), "\n-- \nthe partner\n"...)...),
		"with other line ends": bytes.ReplaceAll(signed, []byte("\n"), []byte("\r\n")), "a mail": mail.Bytes(), "JSON": text,
		"a line of a log": []byte("<110>1 2026-05-31T12:00:00Z gate custody - ledger.checkpoint [x@32473 id=\"k\"] \ufeffCheckpoint of the ledger - " + strings.Join(strings.Fields(string(signed)), " ") + "\n"),
		"JSON in JSON":    bytes.ReplaceAll(text, []byte(`\n`), []byte(`\\n`)),
	}
}

func TestFindCheckpoint(t *testing.T) {
	s, v := keptKey(t, "custody.example/north")
	signed := keptNote(t, "custody.example/north", 59, s)
	for name, text := range forms(t, signed) {
		c, err := FindCheckpoint(text, v)
		if err != nil || c.Size != 59 || c.Origin != "custody.example/north" || c.Root != (Hash{1, 2, 255}) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	stranger, _ := keptKey(t, "custody.example/north")
	for name, text := range map[string][]byte{
		"of another key":    keptNote(t, "custody.example/north", 59, stranger),
		"with another size": bytes.Replace(signed, []byte("\n59\n"), []byte("\n60\n"), 1),
		"nothing":           nil,
		"without signature": signed[:bytes.Index(signed, []byte("\u2014"))],
	} {
		if c, err := FindCheckpoint(text, v); custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if _, err := FindCheckpoint(make([]byte, maxSent+1), v); custody.CodeOf(err) != custody.CodeTooLarge {
		t.Errorf("too long: %v", err)
	}
}

// FuzzFindCheckpoint: whatever somebody hands in, only what the key signed is found.
func FuzzFindCheckpoint(f *testing.F) {
	s, v := keptKey(f, "custody.example/north")
	signed := keptNote(f, "custody.example/north", 59, s)
	for _, text := range forms(f, signed) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := FindCheckpoint(b, v)
		if err == nil && (c.Size != 59 || c.Root != (Hash{1, 2, 255})) {
			t.Fatalf("found %+v, which nobody signed", c)
		}
	})
}
