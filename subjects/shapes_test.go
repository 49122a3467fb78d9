package subjects

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"custody"
)

// TestQuickForms holds the quick ways to canonical forms against those that they are
// taken for.
func TestQuickForms(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const signs = "0011223456789 ABOIQXYZ-. o\xa0/"
	var a, b, room [MaxCanonical]byte
	for range 300_000 {
		value := make([]byte, r.IntN(20))
		for i := range value {
			value[i] = signs[r.IntN(len(signs))]
		}
		if form, ok := plainPhone(a[:0], value); ok {
			long, fine := longPhone(b[:0], value)
			if !fine || !bytes.Equal(form, long) {
				t.Fatalf("%q is %q, the long way %q %v", value, form, long, fine)
			}
		}
		form, ok := canonicalVehicle(a[:0], value)
		want, fine := CanonicalVIN(b[:0], value)
		if !fine {
			want, fine = CanonicalRegistration(room[:0], value)
		}
		short, uk := Canonical(b[64:64], custody.Vehicle, value)
		if uk != fine || uk && !bytes.Equal(short, want) {
			t.Fatalf("%q is %q, by the parts %q", value, short, want)
		}
		if !fine {
			want, fine = CanonicalMark(room[:0], value)
		}
		if ok != fine || ok && !bytes.Equal(form, want) {
			t.Fatalf("%q is %q %v, by the parts %q %v", value, form, ok, want, fine)
		}
	}
}

// TestShapes: whatever way a value comes into the index, its shape is known.
func TestShapes(t *testing.T) {
	x, err := NewIndex(bytes.Repeat([]byte{3}, 16), 0)
	if err != nil {
		t.Fatal(err)
	}
	finds := func(c custody.Category, value string) bool {
		return len(x.Find(nil, 1, c, []byte(value))) > 0
	}
	x.Add(1, 5, custody.Vehicle, []byte("AB12 CDE"))
	if !finds(custody.Vehicle, "ab12cde") || finds(custody.Vehicle, "A123 BCD") {
		t.Error("a mark that was added is not found, or another one is")
	}
	held := x.Announce(1, 6, custody.Vehicle, []byte("1234 AB"))
	if !finds(custody.Vehicle, "1234AB") {
		t.Error("a mark that was announced is not found")
	}
	x.Withdraw([]Announced{held})
	x.Settle(1, 6, []Name{{custody.Policy, []byte("POL/2024/00017")}, {custody.Vehicle, []byte("WVWZZZ1JZXW000001")}}, 1)
	if !finds(custody.Policy, "POL 2024 00017") || !finds(custody.Vehicle, "WVWZZZ1JZXW000001") {
		t.Error("what was settled is not found")
	}
	r := x.renew(1, 10, x.begin(1))
	r.add(7, custody.Policy, []byte("77-AB-1"))
	r.end(true)
	if !finds(custody.Policy, "77AB1") {
		t.Error("what Fill read is not found")
	}
}
