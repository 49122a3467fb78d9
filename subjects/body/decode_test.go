package body

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"testing"

	"custody"
)

func TestDecodeEncode(t *testing.T) {
	text := []byte(strings.Repeat("Ruth Bell, 07700 900123; ", 10_000))
	for _, name := range []string{"", "identity", "gzip", "x-gzip", "br", "zstd", "deflate", "GZIP", "identity, gzip"} {
		var packed bytes.Buffer
		for range 2 { // the second time with a pooled encoder
			packed.Reset()
			e, err := Encode(name, &packed)
			if err != nil {
				t.Fatal(name, err)
			}
			e.Write(text[:1000])
			if err := e.Flush(); err != nil || packed.Len() == 0 {
				t.Fatal(name, err, packed.Len())
			}
			e.Write(text[1000:])
			if err := e.Close(); err != nil {
				t.Fatal(name, err)
			}
		}
		for range 2 {
			d, err := Decode(name, bytes.NewReader(packed.Bytes()))
			if err != nil {
				t.Fatal(name, err)
			}
			got, err := io.ReadAll(d)
			if err != nil || !bytes.Equal(got, text) {
				t.Fatalf("%s: %v, %d bytes", name, err, len(got))
			}
			d.Close()
			if _, err := d.Read(make([]byte, 1)); err == nil {
				t.Error("read after it was closed")
			}
		}
	}
	var raw bytes.Buffer
	z, _ := flate.NewWriter(&raw, 5)
	z.Write(text)
	z.Close()
	d, _ := Decode("deflate", &raw)
	if got, err := io.ReadAll(d); err != nil || !bytes.Equal(got, text) {
		t.Error("raw deflate:", err)
	}
}

// TestDecodeTwice reads what was packed twice.
func TestDecodeTwice(t *testing.T) {
	var once, twice bytes.Buffer
	a, _ := Encode("br", &once)
	a.Write([]byte("text"))
	a.Close()
	b, _ := Encode("gzip", &twice)
	b.Write(once.Bytes())
	b.Close()
	d, err := Decode("br, gzip", &twice)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(d); err != nil || string(got) != "text" {
		t.Error(string(got), err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, name := range []string{"compress", "gzip, gzip, gzip", "dcb", "sdch"} {
		if _, err := Decode(name, nil); !errors.Is(err, ErrUninspectable) {
			t.Error(name, err)
		}
	}
	for _, name := range []string{"gzip", "br", "zstd", "deflate"} {
		var packed bytes.Buffer
		e, _ := Encode(name, &packed)
		zeros := make([]byte, 1<<20)
		for range 40 {
			e.Write(zeros)
		}
		e.Close()
		d, _ := Decode(name, bytes.NewReader(packed.Bytes()))
		_, err := io.Copy(io.Discard, d)
		if ratio := 40 << 20 / packed.Len(); ratio > MaxRatio && custody.CodeOf(err) != custody.CodeTooLarge {
			t.Errorf("%s: a bomb of %d:1 gave %v", name, ratio, err)
		}
		half := bytes.NewReader(packed.Bytes()[:packed.Len()/2])
		d, _ = Decode(name, half)
		if _, err := io.Copy(io.Discard, d); err == nil {
			t.Errorf("%s: half a body was read without an error", name)
		}
		d, _ = Decode(name, strings.NewReader("this is not packed at all"))
		if _, err := io.Copy(io.Discard, d); custody.CodeOf(err) != custody.CodeUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
