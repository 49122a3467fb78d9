package body

import "bytes"

// selectorIndex tells which selectors may say something of a tag, so that the others
// need not be held against it: those of which a part asks for its name alone, or for
// one of its attributes, ids or classes. Selectors are bits; the plan has 64 at most.
type selectorIndex struct {
	tags  bitsOf
	attrs nameTable // the places in list
	list  []attrIndex
}

// attrIndex is an attribute's part of it.
type attrIndex struct {
	any    uint64 // asked for, whatever its value
	values bitsOf
	words  bool // the value is a list of words: classes
}

// bitsOf finds sets by name.
type bitsOf struct {
	names nameTable
	sets  []uint64
}

func (b *bitsOf) of(name []byte) uint64 {
	if i := b.names.find(name); i >= 0 {
		return b.sets[i]
	}
	return 0
}

func newBitsOf(m map[string]uint64) (b bitsOf) {
	var names []string
	var to []int32
	for name, set := range m {
		names, to, b.sets = append(names, name), append(to, int32(len(b.sets))), append(b.sets, set)
	}
	b.names = newNames(names, to)
	return b
}

// indexSelectors files each part of each selector under one thing that it asks for.
func indexSelectors(list []selector) (x selectorIndex) {
	tags := map[string]uint64{}
	values, any := map[string]map[string]uint64{}, map[string]uint64{}
	file := func(attr, value string, bit uint64) {
		if values[attr] == nil {
			values[attr] = map[string]uint64{}
		}
		values[attr][value] |= bit
	}
	for i := range list {
		bit := uint64(1) << uint(i)
		for _, c := range list[i].compounds {
			switch {
			case c.id != "":
				file("id", c.id, bit)
			case len(c.classes) > 0:
				file("class", c.classes[0], bit)
			case len(c.attrs) > 0 && c.attrs[0].op == "=" && c.attrs[0].name != "class":
				file(c.attrs[0].name, c.attrs[0].value, bit)
			case len(c.attrs) > 0:
				any[c.attrs[0].name] |= bit
			default:
				tags[c.tag] |= bit
			}
		}
	}
	x.tags = newBitsOf(tags)
	var names []string
	var to []int32
	for _, m := range [...]map[string]bool{keysOf(values), keysOf(any)} {
		for name := range m {
			if x.attrs.find([]byte(name)) < 0 {
				names, to = append(names, name), append(to, int32(len(x.list)))
				x.list = append(x.list, attrIndex{any[name], newBitsOf(values[name]), name == "class"})
				x.attrs = newNames(names, to)
			}
		}
	}
	return x
}

func keysOf[V any](m map[string]V) map[string]bool {
	keys := map[string]bool{}
	for k := range m {
		keys[k] = true
	}
	return keys
}

// candidates gives the selectors that may say something of the tag that is read.
func (h *htmlReader) candidates() uint64 {
	if h.slowly {
		return 1<<uint(len(h.plan.html)) - 1
	}
	x := &h.plan.selectors
	set := x.tags.of(h.name)
	for i := range h.attrs {
		n := x.attrs.find(h.attrs[i].name)
		if n < 0 {
			continue
		}
		a, value := &x.list[n], h.attrs[i].value
		set |= a.any
		if !a.words {
			set |= a.values.of(value)
			continue
		}
		for word := range bytes.FieldsSeq(value) {
			set |= a.values.of(word)
		}
	}
	return set
}
