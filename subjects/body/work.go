package body

import (
	"bytes"
	"slices"

	"custody"
)

// work is what settling a window needs; its memory is used again.
type work struct {
	sights  []sight
	edits   []edit
	masks   []byte
	orphans []orphan
	ids     []custody.SubjectID
	room    []piece
	mask    []byte
	folded  [maxLayers + 1]viewBuilder
	views   [maxLayers + 1]view // of the value that is looked at, and its escapes read
	scanner scanner
	escape  [8]byte
	record  int32               // that is looked at
	from    int                 // its first sight
	places  factTable           // where the sights of a record that names many are
	placed  int                 // up to where they are in it
	last    []custody.SubjectID // of the window before
	known   acquaintance
	weak    corroborator
	knowing bool                // what is known is looked for, not what names somebody
	hid     custody.CategorySet // of those values
	hidden  int                 // values hidden because nobody could be found whose they are
}

// edit replaces raw[start:end] by a mask.
type edit struct{ start, end, mask, maskEnd int32 }

func (w *work) reset() {
	w.clear()
	w.last, w.hidden, w.hid = w.last[:0], 0, 0
}

func (w *work) clear() {
	w.sights, w.edits, w.masks, w.orphans = w.sights[:0], w.edits[:0], w.masks[:0], w.orphans[:0]
	w.places.clear()
	w.weak.spots = w.weak.spots[:0]
	w.placed = 0
}

// settle finds who is in the complete records, reports them and gives the records
// away.
func (f *Filter) settle(dst []byte) ([]byte, error) {
	f.clear()
	if f.keys > 0 {
		if err := f.resolveKeys(); err != nil {
			return dst, err
		}
	}
	next := int32(0)
	for r := 0; r < len(f.records); r++ {
		if r = f.plainFrom(r); r == len(f.records) {
			break
		}
		f.record, f.from = int32(r), len(f.sights)
		for i := next; i < f.records[r].values; i++ {
			if v := &f.values[i]; v.flags != 0 || v.rule != ruleNone {
				f.look(v)
			}
		}
		if len(f.weak.spots) > 0 {
			f.corroborate(int32(r))
		}
		if f.ruled {
			f.attribute(next, f.records[r].values)
		}
		next = f.records[r].values
	}
	f.adopt()
	f.recognise()
	if !slices.IsSortedFunc(f.edits, byStart) {
		slices.SortStableFunc(f.edits, byStart)
	}
	if !slices.IsSortedFunc(f.sights, byRecord) {
		f.inOrder()
	}
	end, err := f.report()
	if f.collect != nil {
		f.collect(end)
	} else {
		dst = f.emit(dst, end)
	}
	if err == nil {
		f.remember()
		f.reader.moved(f.drop(f.reader.lowest()))
	}
	return dst, err
}

// plainFrom notes whose the plain records from one on are, and gives the first that is
// not plain.
func (f *Filter) plainFrom(r int) int {
	sights, records := f.sights, f.records
	for ; r < len(records) && records[r].subject != 0; r++ {
		sights = append(sights, sight{record: int32(r), subject: records[r].subject, shown: records[r].shown})
	}
	f.sights = sights
	return r
}

// resolveKeys turns the keys in the window into subjects; new ones get their numbers
// all at once.
func (f *Filter) resolveKeys() error {
	done := f.records[len(f.records)-1].values
	var unknown []string
	for i := range f.values[:done] {
		v := &f.values[i]
		if v.rule != ruleKey {
			continue
		}
		if v.subject != 0 {
			f.scope(v.scope).subject = v.subject
			continue
		}
		key := f.key(v)
		if key == nil {
			continue
		}
		id, ok := f.o.Directory.Lookup(f.o.System, key)
		switch {
		case ok && v.scope != noScope:
			f.scope(v.scope).subject = id
		case !ok && (f.kind != HTML || bytes.ContainsAny(key, "0123456789")): // /customers/new is nobody
			unknown = append(unknown, string(key))
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	if _, err := f.o.Directory.Assign(f.o.System, unknown); err != nil {
		return err
	}
	for i := range f.values[:done] {
		if v := &f.values[i]; v.rule == ruleKey && v.scope != noScope {
			if id, ok := f.keyOf(v); ok {
				f.scope(v.scope).subject = id
			}
		}
	}
	return nil
}

// maxKey is the longest key that is looked up: subjects.MaxKey.
const maxKey = 1024

// key gives the key that a value is, nil if it is none.
func (f *Filter) key(v *value) []byte {
	view := f.view(v)
	key := view.text
	if n := len(key); n > 0 && (charClass[key[0]]-1 > 1 || charClass[key[n-1]]-1 > 1) {
		key = bytes.TrimSpace(key)
	}
	if len(key) == 0 || len(key) > maxKey || v.form == formNumber && (string(key) == "null" || string(key) == "true" || string(key) == "false") {
		return nil
	}
	return key
}

func (f *Filter) keyOf(v *value) (custody.SubjectID, bool) {
	key := f.key(v)
	if key == nil {
		return 0, false
	}
	return f.o.Directory.Lookup(f.o.System, key)
}

// look finds what one value holds.
func (f *Filter) look(v *value) {
	if v.rule == ruleKey {
		if id := f.subject(v.scope); id != 0 {
			f.sight(id, v.shown, 0)
		} else if id, ok := f.keyOf(v); ok {
			f.sight(id, 0, 0)
		}
		return
	}
	c, ruled := v.rule.category()
	if !ruled {
		f.views[0] = f.view(v)
		f.scan(v, v.flags, 0)
		return
	}
	if f.subject(v.scope) != 0 && (v.alone || f.treat[c] == custody.Refused || f.aloneNow(c, v)) {
		return // nothing of anybody else is shown, and whose it is is known
	}
	f.views[0] = f.view(v)
	if !f.whole(v, c) {
		f.scan(v, v.flags, 0)
	}
}

// whole looks a configured value up as one identifier.
func (f *Filter) whole(v *value, c custody.Category) bool {
	f.ids = f.o.Values.Find(f.ids[:0], f.o.System, c, f.views[0].text)
	f.sightAll(f.record, v.scope, c)
	return len(f.ids) > 0
}

// byStart puts the longer of two edits that begin at one place first.
func byStart(a, b edit) int {
	if a.start != b.start {
		return int(a.start - b.start)
	}
	return int(b.end - a.end)
}

// recordAt gives the record, from the one that is looked at on, that a place in the
// bytes belongs to.
func (f *Filter) recordAt(at int) int32 {
	r := f.record
	for int(r) < len(f.records)-1 && int(f.records[r].end) <= at {
		r++
	}
	return r
}
