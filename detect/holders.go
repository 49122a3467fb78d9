package detect

import "custody"

// Holders explains looks by colleagues, where no job says more: somebody else of the
// person's group saw the customer before, or nobody at all did and the record is new.
// Customers have dense numbers and an answer holds neighbours, so that what is kept of
// them lies in pages: a map costs twenty times as much for each customer of a long answer.
type Holders struct {
	pages   []*holderPage
	holders []holder // by number; 0 is nobody
	numbers map[holder]uint32
	last    uint32 // number that was asked for last
}

type holder struct{ group, person uint32 }

// holderGroups is how many holders are remembered of a customer: the first ones, to
// whose groups it belongs.
const holderGroups = 6

// holderPage is of customers with neighbouring numbers. A row ends with its first 0.
type holderPage [1 << holderBits][holderGroups]uint32

const holderBits = 9

// NewHolders gives the memory of a deployment in which nobody has seen anybody yet.
func NewHolders() *Holders {
	return &Holders{holders: make([]holder, 1), numbers: map[holder]uint32{}}
}

// HolderTemplates are the templates of Holders in words.
var HolderTemplates = []string{"a colleague of the same branch or group saw the customer before", "the record was new: nobody had seen it before"}

// row is what is kept of a customer; nil if its page is empty.
func (h *Holders) row(s custody.SubjectID) *[holderGroups]uint32 {
	if n := int(s >> holderBits); n < len(h.pages) && h.pages[n] != nil {
		return &h.pages[n][s&(1<<holderBits-1)]
	}
	return nil
}

// Explain says whether colleagues explain a look.
func (h *Holders) Explain(person, group uint32, s custody.SubjectID) bool {
	row := h.row(s)
	if row == nil || row[0] == 0 {
		return true
	}
	for _, n := range row {
		if x := h.holders[n]; x.group == group && x.group != 0 && x.person != person {
			return true
		}
	}
	return false
}

// Note takes a look that has been judged.
func (h *Holders) Note(person, group uint32, s custody.SubjectID) {
	row := h.row(s)
	if row == nil {
		n := int(s >> holderBits)
		for n >= len(h.pages) {
			h.pages = append(h.pages, make([]*holderPage, n+1-len(h.pages))...)
		}
		h.pages[n] = &holderPage{}
		row = &h.pages[n][s&(1<<holderBits-1)]
	}
	same := 0
	for i, n := range row {
		if n == 0 {
			row[i] = h.number(holder{group, person})
			return
		}
		if x := h.holders[n]; x.group == group {
			if same++; x.person == person || same == 2 { // two of a group say all
				return
			}
		}
	}
}

// number gives a holder's number, a new one if it has none.
func (h *Holders) number(x holder) uint32 {
	if h.holders[h.last] == x && h.last != 0 {
		return h.last
	}
	n, there := h.numbers[x]
	if !there {
		n = uint32(len(h.holders))
		h.holders = append(h.holders, x)
		h.numbers[x] = n
	}
	h.last = n
	return n
}

// Home is the group that saw a customer first; 0 if nobody has.
func (h *Holders) Home(s custody.SubjectID) uint32 {
	if row := h.row(s); row != nil {
		return h.holders[row[0]].group
	}
	return 0
}
