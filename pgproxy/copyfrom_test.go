package pgproxy

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"custody/pgproxy/lineage"
)

// readCopy reads data in pieces of random sizes and gives the first two columns of
// each row.
func readCopy(t testing.TB, o lineage.Copy, data []byte, r *rand.Rand) []string {
	t.Helper()
	o.Columns = []string{"id", "phone", "more"}
	s := newCopySource(&o, rowWrite{Write: &lineage.Write{Key: 0, Names: []lineage.NameColumn{{Column: 1}}}}, 1<<20)
	var rows []string
	row := func(v [][]byte) error {
		if len(v) != 2 {
			t.Fatalf("%d values", len(v))
		}
		text := fmt.Sprintf("%s|%s", v[0], v[1])
		if v[1] == nil {
			text = string(v[0]) + "|NULL"
		}
		rows = append(rows, text)
		return nil
	}
	for len(data) > 0 {
		n := 1 + r.IntN(min(len(data), 9))
		if err := s.feed(slices.Clone(data[:n]), row); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
	}
	if err := s.end(row); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCopySource(t *testing.T) {
	text, csv := lineage.Copy{Format: "text", Delimiter: "\t", Null: `\N`}, lineage.Copy{Format: "csv", Delimiter: ",", Quote: `"`, Escape: `"`}
	other := lineage.Copy{Format: "csv", Delimiter: ";", Quote: "'", Escape: `\`, Null: "none", Header: true}
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		o    lineage.Copy
		data string
		want string
	}{
		{text, "1\ta\tx\n2\t\\N\ty\n", "1|a 2|NULL"},
		{text, "1\ta\tx\r\n2\tb\ty\r\n", "1|a 2|b"},
		{text, "1\ta\tx\r2\tb\ty", "1|a 2|b"},
		{text, "\\061\t\\x41\\x4a\tx\n1\\t2\ta\\\tb\tx\n", "1|AJ 1\t2|a\tb"},
		{text, "1\ta\\\nb\tx\n2\tb\ty\n", "1|a\nb 2|b"},
		{text, "1\ta\tx\n\\.\n2\tb\ty\n", "1|a"},
		{text, "1\ta\tx\\.\n2\tb\ty\n", "1|a"},
		{text, "1\n", ""},
		{csv, "1,a,x\n2,,y\n3,\"\",z\n", "1|a 2|NULL 3|"},
		{csv, "1,\"a\nb\",x\n\"2\",b\"c,\"d,y\n", "1|a\nb 2|bc,d"},
		{csv, "1,\"a\"\"b\",x\n\\.\n2,b,y\n", `1|a"b`},
		{other, "id;phone;more\n1;'a\\'b;';x\n2;none;y\n3;'none';z\n", "1|a'b; 2|NULL 3|none"},
	} {
		for range 20 {
			if got := strings.Join(readCopy(t, c.o, []byte(c.data), r), " "); got != c.want {
				t.Fatalf("%q: %q, want %q", c.data, got, c.want)
			}
		}
	}
	data := append(slices.Clone(copySignature), 0, 0, 0, 0, 0, 0, 0, 2, 'x', 'y')
	for _, v := range []string{"1a", "2b"} {
		data = binary.BigEndian.AppendUint16(data, 3)
		for _, f := range []string{v[:1], v[1:], "more"} {
			data = append(binary.BigEndian.AppendUint32(data, uint32(len(f))), f...)
		}
	}
	data = append(data, 0xff, 0xff)
	for range 20 {
		if got := readCopy(t, lineage.Copy{Format: "binary"}, data, r); !slices.Equal(got, []string{"1|a", "2|b"}) {
			t.Fatalf("binary: %q", got)
		}
	}
}

func TestCopySourceOfLongRows(t *testing.T) {
	for _, o := range []lineage.Copy{{Format: "text", Delimiter: "\t"}, {Format: "csv"}, {Format: "binary"}} {
		s := newCopySource(&o, rowWrite{Write: &lineage.Write{}}, 1000)
		data := append(append(slices.Clone(copySignature), make([]byte, 8)...), 0, 3, 0, 0x7f, 0xff, 0xff)
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			err = s.feed(data, func([][]byte) error { return nil })
			data = []byte(strings.Repeat("x", 100))
		}
		if err == nil || len(s.line) > 2000 {
			t.Errorf("%s: a row without end: %v, %d bytes are held", o.Format, err, len(s.line))
		}
	}
}

func FuzzCopySource(f *testing.F) {
	f.Add([]byte("1\ta\tx\n\\061\t\\N\t\\\n\n\\.\n"), uint8(0))
	f.Add([]byte("1,\"a\"\"b\nc\",x\r\n2,,\n\\.\n"), uint8(1))
	f.Add(append(append(slices.Clone(copySignature), make([]byte, 8)...), 0, 2, 0, 0, 0, 1, '1', 255, 255, 255, 255), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, form uint8) {
		o := lineage.Copy{Format: []string{"text", "csv", "binary"}[form%3], Delimiter: "\t", Null: `\N`}
		if o.Format == "csv" {
			o.Delimiter, o.Null = ",", ""
		}
		whole := readCopy(t, o, data, rand.New(rand.NewPCG(1, 2)))
		if pieces := readCopy(t, o, data, rand.New(rand.NewPCG(3, 4))); !slices.Equal(whole, pieces) {
			t.Errorf("%q, in other pieces %q", whole, pieces)
		}
	})
}

// TestEndOfCSVByVersion: what PostgreSQL 18 takes as data must not end the reading.
func TestEndOfCSVByVersion(t *testing.T) {
	for version, want := range map[string]int{"14.23": 1, "15.18 (Debian 15.18-0+deb12u1)": 1, "17.10": 1, "18.4": 2, "18beta1": 2, "19devel": 2, "": 2} {
		o := lineage.Copy{Format: "csv", Delimiter: ",", Columns: []string{"id", "phone"}}
		s := newCopySource(&o, rowWrite{Write: &lineage.Write{}}, 1000)
		s.plain = markless(version)
		rows := 0
		if err := s.feed([]byte("1,a\n\\.\n2,b\n"), func(v [][]byte) error {
			if string(v[0]) != `\.` {
				rows++
			}
			return nil
		}); err != nil || rows != want {
			t.Errorf("PostgreSQL %q: %d rows, want %d: %v", version, rows, want, err)
		}
	}
}
