package portal

import "custody"

// numbers is a set of subjects. Their numbers are dense, so a bit for each costs little,
// and to look one up costs a shift; pages of it are made when they are needed.
type numbers struct {
	pages []*[pageBits / 64]uint64
}

// pageBits is how many numbers are in a page.
const pageBits = 1 << 15

func (n *numbers) has(s custody.SubjectID) bool {
	i := int(s / pageBits)
	return i < len(n.pages) && n.pages[i] != nil && n.pages[i][s%pageBits/64]>>(s%64)&1 == 1
}

func (n *numbers) add(s custody.SubjectID) {
	i := int(s / pageBits)
	if i >= len(n.pages) {
		n.pages = append(n.pages, make([]*[pageBits / 64]uint64, i+1-len(n.pages))...)
	}
	if n.pages[i] == nil {
		n.pages[i] = new([pageBits / 64]uint64)
	}
	n.pages[i][s%pageBits/64] |= 1 << (s % 64)
}
