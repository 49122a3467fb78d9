package subjects

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"custody"
)

var masks = []struct {
	category    custody.Category
	value, want string
}{
	{custody.Phone, "07700 900123", "07••• •••123"},
	{custody.Phone, "+44 (0)7700 900123", "07••• •••123"},
	{custody.Phone, "020 7946 0987", "02••• •••987"},
	{custody.Phone, "+353 20 123 4567", "+35••• •••567"},
	{custody.Phone, "ask his wife", "•••"},
	{custody.Phone, "12345", "•••"},
	{custody.Email, "alice.smith@post.example", "a•••@•••.example"},
	{custody.Email, "Alice <ALICE@post.co.example>", "a•••@•••.example"},
	{custody.Email, "a@b.example", "•••@•••.example"},
	{custody.Email, "zoë@post.example", "z•••@•••.example"},
	{custody.Email, "éa@post.example", "é•••@•••.example"},
	{custody.Email, "not an email", "•••"},
	{custody.Name, "Alice Smith", "A••• S•••"},
	{custody.Name, "Alice", "A•••"},
	{custody.Name, "Alice Mary Jane Smith", "A••• S•••"},
	{custody.Name, "Élodie O'Brien", "É••• O•••"},
	{custody.Name, "Xu Li", "••• •••"},
	{custody.Name, "Bo Smith", "••• S•••"},
	{custody.Name, "Amy", "•••"},
	{custody.Name, "王小明同学", "王•••"},
	{custody.Name, "4711 0815", "••• •••"},
	{custody.Address, "59 Station Road", "S•••"},
	{custody.Address, "HX6 5DJ", "HX•••"},
	{custody.Address, "M1 1AE", "M•••"},
	{custody.Address, "Calder Mills", "C•••"},
	{custody.Address, "12 34", "•••"},
	{custody.DateOfBirth, "1984-03-07", "1984-••-••"},
	{custody.DateOfBirth, "07/03/1984", "1984-••-••"},
	{custody.DateOfBirth, "7 March 1984", "1984-••-••"},
	{custody.DateOfBirth, "07/03/84", "•••"},
	{custody.DateOfBirth, "19840307", "•••"},
	{custody.DateOfBirth, "1984", "1984-••-••"},
	{custody.Vehicle, "AB12 CDE", "AB•• •••"},
	{custody.Vehicle, "A123 BCD", "A1•• •••"},
	{custody.Vehicle, "ABC 1", "•••"},
	{custody.Vehicle, "WVWZZZ8P900000017", "WVW•••"},
	{custody.Vehicle, "Ford Focus", "•••"},
	{custody.Accident, "Hit a deer", "•••"},
	{custody.Policy, "POL/00000001", "•••001"},
	{custody.Policy, "AB123", "•••"},
	{custody.Bank, "09628224", "•••224"},
	{custody.Bank, "00-88-86", "•••86"},
	{custody.Bank, "Alice Smith", "•••"},
	{custody.FreeText, "Rings from 07700 900123", "•••"},
	{custody.FreeText, "", "•••"},
	{custody.Category(99), "anything", "•••"},
}

func TestMask(t *testing.T) {
	for _, m := range masks {
		if m.value == "1984" { // it would come out as it went in
			m.want = "•••"
		}
		if got := string(Mask([]byte("kept "), m.category, []byte(m.value))); got != "kept "+m.want {
			t.Errorf("%v %q: %q, want %q", m.category, m.value, got, m.want)
		}
	}
}

func TestMaskNullAndStrangeBytes(t *testing.T) {
	for _, c := range custody.AllCategories() {
		if got := Mask(nil, c, nil); got != nil {
			t.Errorf("%v: NULL became %q", c, got)
		}
		for _, v := range []string{"", "\xff\xfe\xfd\xfc\xfb", "abc\xff", "•••", "••••", "A•••", strings.Repeat("x", MaxMasked+1), strings.Repeat("é@b.example ", 1000), "\x00\x00\x00\x00"} {
			got := Mask(nil, c, []byte(v))
			if len(got) == 0 || !utf8.Valid(got) || len(got) > 40 {
				t.Errorf("%v %.20q: %q", c, v, got)
			}
		}
	}
}

// Values of other lengths, and alike where something may be shown, must mask alike.
func TestMaskHidesLength(t *testing.T) {
	for c, pair := range map[custody.Category][2]string{
		custody.Name:    {"Alan Shaw", "Alexandrina Saunders-Featherstonehaugh"},
		custody.Email:   {"al@b.example", "alexandrina.saunders4711@letters.example"},
		custody.Address: {"1 The Sq", "144 Thornwick Terrace, Upper Village"},
		custody.Phone:   {"01204 12345", "+44 (0) 1204 000 345"},
		custody.Policy:  {"ABC123", "POLICY/000000000/123"},
		custody.Bank:    {"1234567", "00-11-22 01234567"},
	} {
		a, b := Mask(nil, c, []byte(pair[0])), Mask(nil, c, []byte(pair[1]))
		if !bytes.Equal(a, b) {
			t.Errorf("%v: %q and %q tell lengths apart", c, a, b)
		}
	}
}

func TestMaskValueKeepsTheType(t *testing.T) {
	for _, m := range []struct {
		oid         uint32
		value, want string
	}{
		{pgtype.TextOID, "07700 900123", "07••• •••123"},
		{pgtype.VarcharOID, "07700 900123", "07••• •••123"},
		{pgtype.BPCharOID, "07700 900123   ", "07••• •••123"},
		{pgtype.DateOID, "1984-03-07", "1984-01-01"},
		{pgtype.DateOID, "07/03/1984", "1984-01-01"},
		{pgtype.DateOID, "infinity", "1900-01-01"},
		{pgtype.DateOID, "1950-03-07 BC", "1900-01-01"},
		{pgtype.DateOID, "12345-03-07", "1900-01-01"},
		{pgtype.TimestampOID, "1984-03-07 12:00:00", "1984-01-01 00:00:00"},
		{pgtype.TimestamptzOID, "1984-03-07 12:00:00+00", "1984-01-01 00:00:00+00"},
		{pgtype.JSONOID, `{"phone":"07700 900123"}`, `"•••"`},
		{pgtype.JSONBOID, `["a"]`, `"•••"`},
		{pgtype.TextArrayOID, "{a,b}", "{•••}"},
		{pgtype.ByteaOID, `\x0102`, `\x`},
	} {
		got, ok := MaskValue([]byte("k"), custody.Phone, m.oid, []byte(m.value))
		if !ok || string(got) != "k"+m.want || !Maskable(m.oid) {
			t.Errorf("%d %q: %q %v, want %q", m.oid, m.value, got, ok, m.want)
		}
	}
	for _, oid := range []uint32{pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.BoolOID, pgtype.UUIDOID, pgtype.InetOID, 0, 99999} {
		if got, ok := MaskValue(nil, custody.Phone, oid, []byte("1")); ok || got != nil || Maskable(oid) {
			t.Errorf("type %d was masked as %q", oid, got)
		}
	}
	if got, ok := MaskValue(nil, custody.Phone, pgtype.TextOID, nil); got != nil || !ok {
		t.Error("NULL became a value")
	}
}

func FuzzMask(f *testing.F) {
	for _, m := range masks {
		f.Add(byte(m.category), []byte(m.value))
	}
	f.Add(byte(custody.Name), []byte("A•••"))
	f.Fuzz(func(t *testing.T, c byte, value []byte) {
		if value == nil {
			value = []byte{}
		}
		was := bytes.Clone(value)
		got := Mask(nil, custody.Category(c), value)
		switch {
		case !bytes.Equal(value, was):
			t.Fatal("the value was changed")
		case !utf8.Valid(got) || len(got) == 0:
			t.Fatalf("mask %q", got)
		case utf8.RuneCount(value) >= 4 && bytes.Contains(got, value):
			t.Fatalf("mask %q holds the value %q", got, value)
		case len(got) > 40:
			t.Fatalf("mask %q is longer than any", got)
		}
		shown := 0
		for _, r := range string(got) {
			if r != '•' && bytes.ContainsRune(value, r) && r != ' ' && r != '-' && r != '.' && r != '@' && r != '+' {
				shown++
			}
		}
		if category := custody.Category(c); category != custody.Email && shown > 5 {
			t.Fatalf("mask %q of %q shows %d characters", got, value, shown)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	for _, m := range masks[:12] {
		b.Run(m.category.String()+"/"+m.want, func(b *testing.B) {
			v := []byte(m.value)
			var room [64]byte
			b.ReportAllocs()
			for b.Loop() {
				Mask(room[:0], m.category, v)
			}
		})
	}
}
