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

// sight is that a record shows something of a subject.
type sight struct {
	record  int32
	subject custody.SubjectID
	shown   custody.CategorySet
	masked  custody.CategorySet
	beside  bool // nothing but what others are named by, too, or what is known of who is elsewhere in the answer
}

// edit replaces raw[start:end] by a mask.
type edit struct{ start, end, mask, maskEnd int32 }

// orphan is a value of a category in a record of which no subject is known.
type orphan struct {
	value  int32
	record int32
}

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

// sightAll notes those whom one identifier names. Where a key says whose it is, the
// others only share it.
func (f *Filter) sightAll(record, scope int32, c custody.Category) {
	key, shared := custody.SubjectID(0), false
	if len(f.ids) > 1 {
		key = f.subject(scope)
		shared = key != 0 && slices.Contains(f.ids, key)
	}
	for _, id := range f.ids {
		f.sightIn(record, id, f.shown(c), f.masked(c), shared && id != key)
	}
}

func (f *Filter) shown(c custody.Category) custody.CategorySet {
	if f.treat[c] == custody.Clear {
		return 1 << c
	}
	return 0
}

func (f *Filter) masked(c custody.Category) custody.CategorySet {
	if f.treat[c] == custody.Clear {
		return 0
	}
	return 1 << c
}

// sight notes that the record that is looked at shows something of a subject.
func (f *Filter) sight(id custody.SubjectID, shown, masked custody.CategorySet) {
	f.sightIn(f.record, id, shown, masked, false)
}

// sightIn is sight for one of several records that a value goes over.
func (f *Filter) sightIn(record int32, id custody.SubjectID, shown, masked custody.CategorySet, beside bool) {
	if i := f.sightOf(record, id); i >= 0 {
		f.sights[i].shown |= shown
		f.sights[i].masked |= masked
		f.sights[i].beside = f.sights[i].beside && beside
		return
	}
	f.sights = append(f.sights, sight{record, id, shown, masked, beside})
}

// fewSights is how many sights of a record are looked through one by one.
const fewSights = 8

// sightOf finds the sight of a subject in a record, from the one that is looked at on;
// -1 if there is none yet. Where a record names many, a table knows all but the last.
func (f *Filter) sightOf(record int32, id custody.SubjectID) int {
	low := max(f.from, len(f.sights)-fewSights)
	for i := len(f.sights) - 1; i >= low; i-- {
		if s := &f.sights[i]; s.subject == id && s.record == record {
			return i
		}
	}
	if low == f.from {
		return -1
	}
	for f.placed = max(f.placed, f.from); f.placed < low; f.placed++ {
		f.places.put(placeOf(f.sights[f.placed].record, f.sights[f.placed].subject), int32(f.placed))
	}
	if i, ok := f.places.get(placeOf(record, id)); ok && int(i) >= f.from {
		return int(i)
	}
	return -1
}

func placeOf(record int32, id custody.SubjectID) uint64 {
	n := (uint64(record)<<32 | uint64(id)) * 0x9e3779b97f4a7c15 // a bijection, so keys stay apart
	return n ^ n>>31
}

// attribute gives the configured values of a record to their subjects: to that of
// their scope, else to all whom the record names. Those of a record that names nobody
// wait for the window.
func (f *Filter) attribute(from, to int32) {
	var shown, masked custody.CategorySet
	for i := from; i < to; i++ {
		v := &f.values[i]
		c, ruled := v.rule.category()
		if !ruled || f.blank(v) {
			continue
		}
		switch id := f.subject(v.scope); {
		case id != 0:
			f.sight(id, f.shown(c), f.masked(c))
		case len(f.sights) > f.from:
			shown, masked = shown|f.shown(c), masked|f.masked(c)
		default:
			f.orphans = append(f.orphans, orphan{i, f.record})
			continue
		}
		f.cover(v, c, f.treat[c])
	}
	if shown|masked == 0 {
		return
	}
	for j := f.from; j < len(f.sights); j++ {
		f.sights[j].shown |= shown
		f.sights[j].masked |= masked
	}
}

// blank says whether a value holds nothing: null, or spaces.
func (f *Filter) blank(v *value) bool {
	view := f.view(v)
	for _, c := range view.text {
		if c > ' ' {
			return v.form == formNumber && string(view.text) == "null"
		}
	}
	return true
}

// adopt gives the values of records that name nobody to all subjects of the window,
// or of the one before. If there is none the values are hidden: what cannot be tied
// to a subject is not shown (P4).
func (f *Filter) adopt() {
	if len(f.orphans) == 0 {
		return
	}
	who := f.last
	if len(f.sights) > 0 {
		who = nil
		for _, s := range f.sights {
			who = append(who, s.subject)
		}
		slices.Sort(who)
		who = slices.Compact(who)
	}
	for i := 0; i < len(f.orphans); {
		record := f.orphans[i].record
		var shown, masked custody.CategorySet
		for ; i < len(f.orphans) && f.orphans[i].record == record; i++ {
			v := &f.values[f.orphans[i].value]
			c, _ := v.rule.category()
			if len(who) == 0 {
				f.hidden++
				f.hid |= 1 << c
				f.cover(v, c, custody.Refused)
				continue
			}
			shown, masked = shown|f.shown(c), masked|f.masked(c)
			f.cover(v, c, f.treat[c])
		}
		for _, id := range who {
			f.sights = append(f.sights, sight{record, id, shown, masked, false})
		}
	}
	f.inOrder()
}

// inOrder puts the sights in the order of their records.
func (f *Filter) inOrder() { slices.SortStableFunc(f.sights, byRecord) }

// byStart puts the longer of two edits that begin at one place first.
func byStart(a, b edit) int {
	if a.start != b.start {
		return int(a.start - b.start)
	}
	return int(b.end - a.end)
}

func byRecord(a, b sight) int { return int(a.record - b.record) }

// recordAt gives the record, from the one that is looked at on, that a place in the
// bytes belongs to.
func (f *Filter) recordAt(at int) int32 {
	r := f.record
	for int(r) < len(f.records)-1 && int(f.records[r].end) <= at {
		r++
	}
	return r
}

// Unattributed counts the values that were hidden because the answer named no
// subject whose they could be.
func (f *Filter) Unattributed() int { return f.hidden }

// Hid gives the categories of those values.
func (f *Filter) Hid() custody.CategorySet { return f.hid }

// remember keeps the subjects of the window for values that follow alone.
func (f *Filter) remember() {
	if len(f.sights) == 0 {
		return
	}
	f.last = f.last[:0]
	for _, s := range f.sights {
		if len(f.last) < maxAdopting && !slices.Contains(f.last, s.subject) {
			f.last = append(f.last, s.subject)
		}
	}
}

// maxAdopting is how many subjects of an earlier window a lone value is given to.
const maxAdopting = 64

// report tells of the subjects, record by record, and gives where the last permitted
// record ends.
func (f *Filter) report() (end int, err error) {
	defer func() { f.beside = false }()
	for _, s := range f.sights {
		f.beside = s.beside
		if err := f.o.Seen(s.subject, s.shown, s.masked); err != nil {
			if s.record == 0 {
				return 0, err
			}
			return int(f.records[s.record-1].end), err
		}
	}
	return f.complete(), nil
}
