package body

import (
	"math/bits"

	"custody"
)

// lane is what a cell of a column must be so that its row can be read at one go.
type lane struct {
	kind laneKind
	show custody.CategorySet // what a cell that is not empty shows
}

type laneKind uint8

const (
	laneNone  laneKind = iota // nothing is configured for it: its cells are looked through
	laneKey                   // the subject's key
	laneWords                 // alone if it has neither figures nor an @
	lanePhone
	laneEmail
)

// lanesOf says of the columns what their cells must be; none if rows of this table cannot
// be read at one go: without a key, with several, or with a column that comes before it.
func (c *csvTable) lanesOf(f *Filter) []lane {
	lanes := c.lanes[:0]
	keyed := false
	for _, r := range c.columns {
		l := lane{}
		category, ruled := r.category()
		switch {
		case r == ruleKey && keyed:
			return lanes[:0]
		case r == ruleKey:
			l.kind, keyed = laneKey, true
		case !keyed:
			return lanes[:0]
		case ruled && f.open.Has(category):
			l.kind, l.show = laneWords, 1<<category
			switch category {
			case custody.Phone:
				l.kind = lanePhone
			case custody.Email:
				l.kind = laneEmail
			}
		}
		lanes = append(lanes, l)
	}
	return lanes
}

// rows reads rows in which nothing need be looked at: a key that is known, and beside it
// cells that are each alone and leave as they are (alone.go). Of such a row no value is
// kept, only whose it is and what it shows. It stops in front of the first cell that is
// something else, with everything before it as quick leaves it.
func (c *csvReader) rows(f *Filter) {
	raw, marks, base := f.raw, f.marks.list, f.marks.base
	at, began := f.at, f.at
	column := 0
	who, shown := custody.SubjectID(0), custody.CategorySet(0)
	for at < len(raw) && column < len(c.lanes) {
		i := at - base
		lo, hi, s := &marks[i>>6], &marks[i>>6+1], uint(i&63)
		stop := lo.stop>>s | hi.stop<<1<<(63-s)
		if stop == 0 {
			break // long, or not whole
		}
		n := bits.TrailingZeros64(stop)
		if l := &c.lanes[column]; n > 0 {
			if l.kind == laneKey {
				if who = f.known1(raw[at : at+n]); who == 0 {
					break
				}
			} else if who == 0 || raw[at] <= '"' || !l.holds(lo, hi, s, uint64(1)<<uint(n)-1) {
				break
			}
			shown |= l.show
		}
		end := raw[at+n]
		at += n + 1
		column++
		if end == c.sign {
			continue
		}
		if who == 0 { // an empty line, or one without a key
			at, column = began, 0
			break
		}
		if end == '\r' && at < len(raw) && raw[at] == '\n' {
			at++
		}
		f.endPlain(at, who, shown)
		column, who, shown, began = 0, 0, 0, at
		if f.full() {
			break
		}
	}
	f.at = began
	if at > began {
		c.reread(f, began, at, column, who, shown)
	}
}

// reread takes up a row of which the cells before a place have been read, as quick would
// have left it there.
func (c *csvReader) reread(f *Filter, began, at, column int, who custody.SubjectID, shown custody.CategorySet) {
	c.row(f)
	c.column, f.at = column, at
	if who == 0 {
		return
	}
	i := f.marks.stopAt(began)
	for began == i { // empty columns before the key
		began++
		i = f.marks.stopAt(began)
	}
	f.plain(began, i, c.scope, ruleKey, formText, flagsUnknown)
	f.early(int32(len(f.values) - 1))
	f.values[len(f.values)-1].shown = shown
}

// known1 gives whose a key is that can be looked up as it is; 0 if that is not known yet.
func (f *Filter) known1(key []byte) custody.SubjectID {
	if !plainKey(key) {
		return 0
	}
	id, _ := f.o.Directory.Lookup(f.o.System, key)
	return id
}

// holds is aloneIn for the columns that have a lane.
func (l *lane) holds(lo, hi *marked, s uint, keep uint64) bool {
	r := 63 - s
	digit := (lo.digit>>s | hi.digit<<1<<r) & keep
	at := (lo.at>>s | hi.at<<1<<r) & keep
	if (lo.odd>>s|hi.odd<<1<<r)&keep != 0 {
		return false
	}
	switch l.kind {
	case lanePhone:
		return digit|at == 0 || keep&^(lo.ofPhone>>s|hi.ofPhone<<1<<r) == 0 && bits.OnesCount64(digit) <= 15
	case laneEmail:
		return digit|at == 0 || keep&^(lo.ofEmail>>s|hi.ofEmail<<1<<r) == 0 && at&(at-1) == 0 && at != 0 && bits.OnesCount64(digit) < 9
	case laneWords:
		return digit|at == 0
	}
	return false
}
