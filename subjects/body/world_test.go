package body

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"custody"
	"custody/subjects"
)

// world is a system with a few customers whom everybody in these tests knows.
type world struct {
	directory *subjects.Directory
	index     *subjects.Index
	hidden    int // values of nobody in the last body
}

type numbers struct {
	mu   sync.Mutex
	next custody.SubjectID
	had  map[string]custody.SubjectID
}

func (n *numbers) Assign(_ custody.SystemID, keys []string) ([]custody.SubjectID, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var ids []custody.SubjectID
	for _, k := range keys {
		if n.had[k] == 0 {
			n.next++
			n.had[k] = n.next
		}
		ids = append(ids, n.had[k])
	}
	return ids, nil
}

const system = 1

// newWorld has customers 1 to n with the keys "1" to "n": customer k has the phone
// 07700 9xxxxx, the email, and the registration that phoneOf, emailOf and markOf give.
func newWorld(t testing.TB, n int) *world {
	t.Helper()
	w := &world{directory: subjects.NewDirectory(&numbers{had: map[string]custody.SubjectID{}})}
	var err error
	if w.index, err = subjects.NewIndex([]byte("a key for tests only"), 3*n); err != nil {
		t.Fatal(err)
	}
	for k := 1; k <= n; k++ {
		ids, err := w.directory.Assign(system, []string{fmt.Sprint(k)})
		if err != nil {
			t.Fatal(err)
		}
		w.index.Add(system, ids[0], custody.Phone, []byte(phoneOf(k)))
		w.index.Add(system, ids[0], custody.Email, []byte(emailOf(k)))
		w.index.Add(system, ids[0], custody.Vehicle, []byte(markOf(k)))
	}
	return w
}

func phoneOf(k int) string { return fmt.Sprintf("077009%05d", k) }
func emailOf(k int) string { return fmt.Sprintf("person%d@post.example", k) }
func markOf(k int) string {
	return fmt.Sprintf("%c%c%02d%c%c%c", 'A'+k%7, 'B'+k/7%7, 10+k/49%60, 'A'+k/2940%20, 'A'+k/58800%20, 'C')
}

// seen is what a filter reported of a subject, all records together.
type seen struct{ shown, masked custody.CategorySet }

// treatments for tests: clear unless said otherwise.
type treatments map[custody.Category]custody.Treatment

func (tr treatments) of(c custody.Category) custody.Treatment {
	if t, ok := tr[c]; ok {
		return t
	}
	return custody.Clear
}

// filterParts runs a body through a filter in the given parts.
func (w *world) filterParts(kind Kind, o Options, tr treatments, parts ...[]byte) ([]byte, map[custody.SubjectID]seen, error) {
	found := map[custody.SubjectID]seen{}
	o.System, o.Values, o.Directory, o.Treat = system, w.index, w.directory, tr.of
	if o.Seen == nil {
		o.Seen = func(s custody.SubjectID, shown, masked custody.CategorySet) error {
			had := found[s]
			found[s] = seen{had.shown | shown, had.masked | masked}
			return nil
		}
	}
	f, err := New(kind, o)
	if err != nil {
		return nil, nil, err
	}
	var out []byte
	for _, p := range parts {
		if out, err = f.Write(out, p); err != nil {
			return out, found, err
		}
	}
	out, err = f.Close(out)
	w.hidden = f.hidden
	return out, found, err
}

// everywhere runs a body whole, byte by byte, and cut in two at every place; all must
// give the same.
func (w *world) everywhere(t *testing.T, kind Kind, o Options, tr treatments, text string) (string, map[custody.SubjectID]seen) {
	t.Helper()
	whole, found, err := w.filterParts(kind, o, tr, []byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	check := func(how string, parts ...[]byte) {
		t.Helper()
		got, also, err := w.filterParts(kind, o, tr, parts...)
		if err != nil || !bytes.Equal(got, whole) || fmt.Sprint(also) != fmt.Sprint(found) {
			t.Fatalf("%s: %v\n%q\n%v, whole\n%q\n%v", how, err, got, also, whole, found)
		}
	}
	var single [][]byte
	for i := range text {
		if i > 0 {
			check(fmt.Sprintf("cut at %d", i), []byte(text[:i]), []byte(text[i:]))
		}
	}
	for i := 0; i < len(text); i++ {
		single = append(single, []byte(text[i:i+1]))
	}
	check("byte by byte", single...)
	return string(whole), found
}

func compile(t testing.TB, r Rules) *Plan {
	t.Helper()
	p, err := Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
