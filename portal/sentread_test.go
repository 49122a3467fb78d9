package portal

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"

	"custody"
	"custody/subjects"
	"custody/subjects/body"
)

// inTurn numbers keys as they come.
type inTurn struct{ next custody.SubjectID }

func (n *inTurn) Assign(_ custody.SystemID, keys []string) (ids []custody.SubjectID, _ error) {
	for range keys {
		n.next++
		ids = append(ids, n.next)
	}
	return ids, nil
}

// readerOfSent has two customers, with the keys 5 and 6, and a phone and an address of
// theirs; it reads what was sent under the two headers.
func readerOfSent(t testing.TB) func(kind, coding string, in io.Reader) *sent {
	directory := subjects.NewDirectory(&inTurn{})
	ids, err := directory.Assign(1, []string{"5", "6"})
	if err != nil {
		t.Fatal(err)
	}
	index, err := subjects.NewIndex([]byte("a key for tests only"), 4)
	if err != nil {
		t.Fatal(err)
	}
	index.Add(1, ids[0], custody.Phone, []byte("07700900005"))
	index.Add(1, ids[1], custody.Email, []byte("six@post.example"))
	plan, err := body.Compile(body.Rules{JSON: map[string]string{"id": "key", "**.name": "name"}, CSV: map[string]string{"id": "key"}})
	if err != nil {
		t.Fatal(err)
	}
	p := &Portal{o: Options{System: 1, Plan: plan, Values: index, Directory: directory}}
	return func(kind, coding string, in io.Reader) *sent {
		s := &sent{v: &visit{call: call{p: p}}, kind: kind, coding: coding}
		s.read(&body.Filter{}, in)
		s.list = merged(s.list)
		return s
	}
}

const form = "--x\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n5\r\n" +
	"--x\r\nContent-Disposition: form-data; name=\"list\"; filename=\"list.csv\"\r\nContent-Type: application/vnd.ms-excel\r\n\r\nid,note\r\n6,x\r\n\r\n--x--\r\n"

// TestSentReader: fields of a form in parts are one record, files in it are read each as what they are.
func TestSentReader(t *testing.T) {
	read := readerOfSent(t)
	if s := read("multipart/form-data; boundary=x", "", strings.NewReader(form)); len(s.list) != 2 || s.unread {
		t.Errorf("a form with a file names %v, unread %v", s.list, s.unread)
	}
	if s := read("multipart/form-data; boundary=x", "", strings.NewReader(form[:len(form)-20])); len(s.list) != 1 || !s.unread {
		t.Errorf("a form that breaks off names %v, unread %v", s.list, s.unread)
	}
	if s := read("image/png", "", strings.NewReader("\x89PNG\r\n\x1a\n\x00\x00")); !s.unread {
		t.Error("a picture was read")
	}
}

// FuzzSent: what is sent is read to an end whatever it is, and it does not matter in
// which pieces it comes.
func FuzzSent(f *testing.F) {
	f.Add("multipart/form-data; boundary=x", "", []byte(form))
	f.Add("application/x-www-form-urlencoded", "", []byte("id=5&phone=07700+900005&note=six%40post.example"))
	f.Add("application/json", "", []byte(`{"id":6,"owner":{"name":"Ruth Bell"},"phone":"07700 900005"}`))
	f.Add("text/csv; charset=utf-16le", "gzip", []byte("\x1f\x8b\x08\x00"))
	f.Add("multipart/form-data; boundary=\"", "br", []byte("--"))
	f.Add("", "zstd", []byte("\x28\xb5\x2f\xfd"))
	read := readerOfSent(f)
	f.Fuzz(func(t *testing.T, kind, coding string, b []byte) {
		whole, pieces := read(kind, coding, bytes.NewReader(b)), read(kind, coding, iotest.OneByteReader(bytes.NewReader(b)))
		if whole.unread != pieces.unread {
			t.Fatalf("%q, %q, %q: unread %v, in pieces %v", kind, coding, b, whole.unread, pieces.unread)
		}
		if !whole.unread && !slices.Equal(whole.list, pieces.list) {
			t.Fatalf("%q, %q, %q: %v, in pieces %v", kind, coding, b, whole.list, pieces.list)
		}
	})
}

// TestWhatCannotBeReadIsSaid: whatever part of what is sent cannot be looked through, it is
// known that it was not, and what can be read beside it is.
func TestWhatCannotBeReadIsSaid(t *testing.T) {
	part := func(head, text string) string {
		return "--x\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + text + "\r\n"
	}
	zipped := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		return b.String()
	}
	read := readerOfSent(t)
	for name, x := range map[string]struct {
		kind, coding, text string
		seen               int
		unread             bool
	}{
		"a form":                 {"application/x-www-form-urlencoded", "", "phone=07700+900005", 1, false},
		"coded":                  {"application/x-www-form-urlencoded", "gzip", zipped("phone=07700+900005"), 1, false},
		"coded, breaking off":    {"application/x-www-form-urlencoded", "gzip", zipped("phone=07700+900005")[:12], 0, true},
		"coded otherwise":        {"application/x-www-form-urlencoded", "x-unknown", "phone=07700+900005", 0, true},
		"not coded after all":    {"application/x-www-form-urlencoded", "gzip", "phone=07700+900005", 0, true},
		"parts":                  {"multipart/form-data; boundary=x", "", part(`name="phone"`, "07700 900005") + "--x--\r\n", 1, false},
		"a value with its own &": {"multipart/form-data; boundary=x", "", part(`name="note"`, "a&b=%zz 07700 900005") + "--x--\r\n", 1, false},
		"without an end":         {"multipart/form-data; boundary=x", "", part(`name="phone"`, "07700 900005"), 0, true},
		"with a picture beside":  {"multipart/form-data; boundary=x", "", part(`name="f"; filename="p.png"`, "\x89PNG\r\n\x1a\n\x00\x00") + part(`name="phone"`, "07700 900005") + "--x--\r\n", 1, true},
		"with a value too long":  {"multipart/form-data; boundary=x", "", part(`name="f"`, strings.Repeat("x", body.MaxRecord)) + part(`name="phone"`, "07700 900005") + "--x--\r\n", 1, true},
		"of too many parts":      {"multipart/form-data; boundary=x", "", strings.Repeat(part(`name="a"`, "b"), maxParts+1) + "--x--\r\n", 0, true},
		"without a boundary":     {"multipart/form-data", "", part(`name="phone"`, "07700 900005"), 0, true},
		"nothing":                {"application/x-www-form-urlencoded", "", "", 0, false},
	} {
		if s := read(x.kind, x.coding, strings.NewReader(x.text)); len(s.list) != x.seen || s.unread != x.unread {
			t.Errorf("%s: names %v, unread %v", name, s.list, s.unread)
		}
	}
}
