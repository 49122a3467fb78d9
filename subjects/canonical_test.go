package subjects

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"custody"
)

type spelling struct {
	category custody.Category
	want     string
	spelled  []string
}

var spellings = []spelling{
	{custody.Phone, "447700900123", []string{
		"07700 900123", "07700900123", "+447700900123", "+44 7700 900123", "+44 (0)7700 900123", "+44 (0)7700-900123",
		"00447700900123", "0044 7700 900 123", "00 44 (0) 7700 900123", "447700900123", "4407700900123", "7700900123",
		"7700 900123", "07700-900-123", "07700.900.123", "(07700) 900123", " 07700 900123 ", "07700\u00a0900123",
		"07700\u2009900\u2009123", "07700\u2011900123", "07700\u2013900123", "０７７００ ９００１２３", "＋４４７７００９００１２３", "٠٧٧٠٠٩٠٠١٢٣",
		"tel:+447700900123", "Tel: 07700 900123", "Mob. 07700 900123", "Mobile no.: 07700 900123", "T 07700 900123", "M: +44 7700 900 123",
		"07700 900123 ext 4", "07700 900123 x12", "07700900123#5", "7,700,900,123", "7700900123.0", "447700900123.0",
		"'07700900123", "=\"07700900123\"", "\u202a07700 900123\u202c", "\u200b07700900123", "+44-7700-900-123", "+44\t7700\t900123",
		"011 44 7700 900123", "07700/900123", "\"07700 900123\"", "[07700 900123]", "0 7 7 0 0 9 0 0 1 2 3", "07700_900123",
	}},
	{custody.Phone, "442079460123", []string{"020 7946 0123", "(020) 7946 0123", "+44 20 7946 0123", "+44 (0)20 7946 0123", "0207 946 0123", "2079460123"}},
	{custody.Phone, "441632960123", []string{"01632 960123", "(01632) 960 123", "1632960123", "+44 1632 960123"}},
	{custody.Phone, "353201234567", []string{"+353 20 123 4567", "00353201234567", "+353 (0)20 123 4567", "353 20 123 4567"}},
	{custody.Email, "alice.smith+car@post.example", []string{
		"alice.smith+car@post.example", "Alice.Smith+car@post.example", "ALICE.SMITH+CAR@POST.EXAMPLE", "alice.smith+car@POST.Example",
		" alice.smith+car@post.example", "alice.smith+car@post.example ", "\talice.smith+car@post.example\r\n", "<alice.smith+car@post.example>",
		"Alice Smith <alice.smith+car@post.example>", "\"Smith, Alice\" <alice.smith+car@post.example>", "mailto:alice.smith+car@post.example",
		"MAILTO:alice.smith+car@post.example", "mailto:alice.smith+car@post.example?subject=Car", "'alice.smith+car@post.example'",
		"\"alice.smith+car@post.example\"", "alice.smith+car@post.example.", "alice.smith+car@post.example,", "alice.smith+car@post.example;",
		"(alice.smith+car@post.example)", "[alice.smith+car@post.example]", "alice.smith+car＠post.example", "ａｌｉｃｅ.smith+car@post.example",
		"alice.smith+car@\u200bpost.example", "\ufeffalice.smith+car@post.example", "alice.\u00adsmith+car@post.example", "\u202aalice.smith+car@post.example\u202c",
		"\u00a0alice.smith+car@post.example\u00a0", "Email: alice.smith+car@post.example", "e-mail: alice.smith+car@post.example",
		"\u201calice.smith+car@post.example\u201d", "<mailto:alice.smith+car@post.example>", "; alice.smith+car@post.example ;", "alice.smith+car@post.example...",
	}},
	{custody.Email, "zoë@bücher.example", []string{"zoë@bücher.example", "ZOË@BÜCHER.EXAMPLE"}},
	{custody.Vehicle, "AB12CDE", []string{
		"AB12 CDE", "AB12CDE", "ab12 cde", "ab12cde", "Ab12 Cde", "AB 12 CDE", "AB-12-CDE", "AB12-CDE", "AB12.CDE", " AB12 CDE ", "AB12  CDE",
		"AB12\tCDE", "AB12\u00a0CDE", "AB12\u2009CDE", "AB12\u2011CDE", "AB12\u2013CDE", "ＡＢ１２ ＣＤＥ", "AB１２CDE", "A B 1 2 C D E", "[AB12 CDE]",
		"(AB12 CDE)", "'AB12 CDE'", "\"AB12 CDE\"", "AB12_CDE", "AB12\nCDE", "AB12 CDE.", "\u200bAB12 CDE", "\ufeffAB12CDE", "AB12\u200bCDE", "AB12\u00b7CDE",
		"ABI2 CDE", "AB\u00ad12 CDE", "ab-12cde",
	}},
	{custody.Vehicle, "AB10CDE", []string{"AB1O CDE", "AB10 CDE", "ABIO CDE"}},
	{custody.Vehicle, "BO51ABC", []string{"B051 ABC", "BO51 ABC", "BO5I ABC"}},
	{custody.Vehicle, "A123BCD", []string{"A123 BCD", "a123bcd", "A 123 BCD"}},
	{custody.Vehicle, "ABC123D", []string{"ABC 123D", "abc-123-d"}},
	{custody.Vehicle, "OIZ1234", []string{"OIZ 1234", "oiz1234"}},
	{custody.Vehicle, "1ABC", []string{"1 ABC"}},
	{custody.Vehicle, "WVWZZZ8P900000017", []string{"WVWZZZ8P900000017", "wvw zzz 8p9 00000017", "WVW-ZZZ8P9-00000017"}},
	{custody.Address, "HX65DJ", []string{
		"HX6 5DJ", "HX65DJ", "hx6 5dj", "hx65dj", "Hx6 5dJ", "HX 6 5DJ", "HX6-5DJ", "HX6.5DJ", " HX6 5DJ ", "HX6  5DJ", "HX6\t5DJ",
		"HX6\u00a05DJ", "HX6\u20095DJ", "HX6\u20115DJ", "HX6\u20135DJ", "ＨＸ６ ５ＤＪ", "H X 6 5 D J", "[HX6 5DJ]", "(HX6 5DJ)", "'HX6 5DJ'",
		"\"HX6 5DJ\"", "HX6_5DJ", "HX6\n5DJ", "HX6 5DJ.", "\u200bHX6 5DJ", "\ufeffHX65DJ", "HX6\u200b5DJ", "HX6\u00b75DJ", "HX6 5dj\r\n", "\u202aHX6 5DJ\u202c",
		"HX6\u20035DJ", "hx6\u22125dj",
	}},
	{custody.Address, "LS20AB", []string{"LS2 OAB", "LS2 0AB"}},
	{custody.Address, "SW1A1AA", []string{"SW1A 1AA", "sw1a IAA"}},
	{custody.Address, "M11AE", []string{"M1 1AE"}},
	{custody.Policy, "POL00000001", []string{"POL/00000001", "pol 00000001", "POL-0000-0001", "POL#00000001"}},
	{custody.Bank, "00888609628224", []string{"00-88-86 09628224", "00888609628224", "00 88 86 / 09628224"}},
	{custody.Bank, "09628224", []string{"09628224", "0962 8224"}},
	{custody.Bank, "GB29NWBK60161331926819", []string{"GB29 NWBK 6016 1331 9268 19", "gb29nwbk60161331926819"}},
}

func TestCanonicalSpellings(t *testing.T) {
	count := map[custody.Category]int{}
	for _, s := range spellings {
		for _, v := range s.spelled {
			got, ok := Canonical([]byte("kept "), s.category, []byte(v))
			if !ok || string(got) != "kept "+s.want {
				t.Errorf("%v %q: %q %v, want %q", s.category, v, got, ok, s.want)
			}
			count[s.category]++
		}
	}
	for _, c := range []custody.Category{custody.Phone, custody.Email, custody.Vehicle, custody.Address} {
		if count[c] < 30 {
			t.Errorf("only %d spellings of %v", count[c], c)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for category, values := range map[custody.Category][]string{
		custody.Phone: {"", "0", "n/a", "none", "12345", "0000000000", "1111111111", "00000000000", "07700 90012", "07700 9001234", "+44 7700 900", "07700 900123 or 07700 900124",
			"07700 900123 / 07700 900124", "alice", "999", "0800", "07700 9o0123", "+", "++447700900123", "2026-11-23 10:30:00", "01/02/1984", "06700 900123", "123456789012345678901", "\xff\xfe07700900123", "Rings from 07700 900123", "Alice 07700 900123", "a07700900123"},
		custody.Email: {"", "@", "a@", "@b.example", "alice", "alice@post", "alice@@post.example", "a b@post.example", "alice@post..example", "alice@-post.example", "alice@post-.example",
			".alice@post.example", "alice.@post.example", "alice@1.2.3.4", "alice@post.example, bob@post.example", "al\xffice@post.example", "<>", "alice@po st.example"},
		custody.Vehicle: {"", "A", "ABCDEFG", "1234567", "AB12 CDEF", "ford", "Ford Focus", "silver", "A1B2C3D", "AB12 CD!", "WVWZZZ8P9O0000017", "WVWZZZ8P9000000171", "12345678901234567"},
		custody.Address: {"", "59 Station Road", "HX6", "HX6 5D", "HX6 5DC", "QX6 5DJ", "HXX6 5DJ", "12345", "HX6 5DJJ", "Calder Mills"},
		custody.Policy:  {"", "12", "none", "policy", "ABCDEF", "AB12", "POL 0001 (old): see notes"},
		custody.Bank:    {"", "00-88-86", "123", "Alice Smith", "123456789"},
		custody.Name:    {"Alice Smith"}, custody.DateOfBirth: {"1984-03-07"}, custody.FreeText: {"07700 900123"}, custody.Accident: {"x"},
	} {
		for _, v := range values {
			if got, ok := Canonical([]byte("kept"), category, []byte(v)); ok || string(got) != "kept" {
				t.Errorf("%v %q was read as %q", category, v, got)
			}
		}
	}
}

func TestCanonicalMark(t *testing.T) {
	for value, want := range map[string]string{
		"VZ102QZ": "VZ102QZ", "b-mw 1234": "BMW1234", "1-ABC-234": "1ABC234", "AB12 CDEF": "AB12CDEF",
		"": "", "A1": "", "ABCDEFG": "", "1234567": "", "AB12 CD!": "", "ABCDEF123456": "",
	} {
		got, ok := CanonicalMark([]byte("kept "), []byte(value))
		if string(got) != "kept "+want || ok != (want != "") {
			t.Errorf("%q is %q, %v", value, got, ok)
		}
	}
}

// A mark of another country in a declared column names its customer as any other does.
func TestIndexOfForeignMarks(t *testing.T) {
	x := newIndex(t, 0)
	if !x.Add(1, 7, custody.Vehicle, []byte("VZ102QZ")) || x.Add(1, 7, custody.Vehicle, []byte("none")) {
		t.Error("a foreign mark is not taken, or a word is")
	}
	if got := find(x, custody.Vehicle, "vz-102 qz"); !slices.Equal(got, []custody.SubjectID{7}) {
		t.Errorf("found %v", got)
	}
}

func TestCanonicalAllocatesNothing(t *testing.T) {
	var room [MaxCanonical]byte
	for _, s := range spellings {
		for _, v := range s.spelled {
			b := []byte(v)
			if n := testing.AllocsPerRun(10, func() { Canonical(room[:0], s.category, b) }); n != 0 {
				t.Errorf("%v %q: %v allocations", s.category, v, n)
			}
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range spellings {
		for _, v := range s.spelled {
			f.Add(byte(s.category), []byte(v))
		}
	}
	f.Fuzz(func(t *testing.T, c byte, value []byte) {
		category := custody.Category(c % 10)
		if plain, ok := plainEmail(nil, value); ok { // the long way must take it too
			if long, ok := CanonicalEmail(nil, append([]byte("<"), append(value, '>')...)); !ok || !bytes.Equal(long, plain) {
				t.Fatalf("short way %q, long way %q %v", plain, long, ok)
			}
		}
		was := bytes.Clone(value)
		got, ok := Canonical(nil, category, value)
		if !bytes.Equal(was, value) {
			t.Fatal("the value was changed")
		}
		if !ok {
			if len(got) != 0 {
				t.Fatal("a refused value left bytes behind")
			}
			return
		}
		if len(got) == 0 || len(got) > MaxCanonical || !utf8.Valid(got) {
			t.Fatalf("canonical form %q", got)
		}
		if category == custody.Phone { // E.164 is written with a plus
			value = append([]byte("+"), got...)
		} else {
			value = got
		}
		again, ok := Canonical(nil, category, value)
		if !ok || !bytes.Equal(again, got) {
			t.Fatalf("%q is not its own canonical form: %q %v", got, again, ok)
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	var room [MaxCanonical]byte
	for _, s := range []struct {
		category custody.Category
		value    string
	}{{custody.Phone, "+44 (0)7700 900123"}, {custody.Email, "Alice.Smith@post.example"}, {custody.Vehicle, "AB12 CDE"}, {custody.Address, "HX6 5DJ"}} {
		b.Run(s.category.String(), func(b *testing.B) {
			v := []byte(s.value)
			b.ReportAllocs()
			for b.Loop() {
				Canonical(room[:0], s.category, v)
			}
		})
	}
}
