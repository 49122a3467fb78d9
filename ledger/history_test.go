package ledger

import "testing"

func TestTornNote(t *testing.T) {
	note := "custody.example/test\n12\nqGJ6RRZGjN0jDkZmoBCuvlzOSDjXoNLmOzZkOrE2qY8=\n\n\u2014 custody.example/test abc+/=\n\n"
	for n := range len(note) {
		if !tornNote([]byte(note[:n])) {
			t.Errorf("the first %d bytes of a note are not seen as torn", n)
		}
	}
	if tornNote([]byte(note)) {
		t.Error("a whole note is seen as torn")
	}
	for i := range len(note) {
		b := []byte(note)
		b[i] ^= 0x80
		if _, whole := nextNote(b); !whole && tornNote(b) {
			t.Errorf("a note changed at byte %d is seen as torn", i)
		}
	}
}
