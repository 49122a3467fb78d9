package body

import "custody"

// MaxFile is the longest workbook or PDF: such files can only be read when all of
// them is there. They are kept in memory, so that nothing of them is on a disk.
const MaxFile = 16 << 20

// fileReader reads a body that has to be there whole, and gives it as it may leave.
type fileReader func(f *Filter, dst []byte) ([]byte, error)

func fileReaderOf(kind Kind) fileReader {
	switch kind {
	case XLSX:
		return (*Filter).workbook
	case PDF:
		return (*Filter).pdf
	}
	return nil
}

func errFile() error {
	return custody.E(custody.CodeTooLarge, "the file is longer than 16 MiB", "export fewer customers at a time, or CSV")
}

// sheet is a filter for the cells of a file: values are put in one by one, and what
// becomes of each is told in the end.
type cells struct {
	f      Filter
	ids    []int                     // of the values that are held
	change func(id int, text []byte) // told of each value that is masked
	err    error
}

// newCells makes one that reports as the file's own filter does.
func newCells(o Options) *cells {
	c := &cells{}
	o.Charset = "utf-8"
	c.err = c.f.Reset(Text, o)
	c.f.collect = c.collect
	return c
}

// put adds a cell to the record under way.
func (c *cells) put(id int, text []byte, r rule, scope int32) {
	start := len(c.f.raw)
	c.f.raw = append(c.f.raw, text...)
	c.f.plain(start, len(c.f.raw), scope, r, formText, flagsUnknown)
	c.f.keySeen(r, scope)
	c.ids = append(c.ids, id)
}

// end ends the record, and settles what is held when it is enough. The record of an
// empty row has no bytes and is none.
func (c *cells) end(all bool) error {
	c.f.endRecord(len(c.f.raw))
	c.f.at = len(c.f.raw)
	if c.err == nil && (all && c.f.complete() > 0 || c.f.full()) {
		_, c.err = c.f.settle(nil)
		c.ids = c.ids[:0]
	}
	return c.err
}

// collect goes through the edits, which are in order, and tells of the values that
// they change.
func (c *cells) collect(end int) {
	e := 0
	for i := range c.ids {
		v := &c.f.values[i]
		for e < len(c.f.edits) && c.f.edits[e].end <= v.start {
			e++
		}
		if int(v.end) > end || v.start == v.end {
			continue
		}
		var out []byte
		at := v.start
		for k := e; k < len(c.f.edits) && c.f.edits[k].start < v.end; k++ {
			edit := c.f.edits[k]
			if edit.start >= at {
				out = append(append(out, c.f.raw[at:edit.start]...), c.f.masks[edit.mask:edit.maskEnd]...)
			}
			at = max(at, edit.end)
		}
		if at != v.start || len(out) > 0 {
			c.change(c.ids[i], append(out, c.f.raw[min(at, v.end):v.end]...))
		}
	}
}
