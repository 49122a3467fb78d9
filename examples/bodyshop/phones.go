package bodyshop

// Phones that ring nowhere, in three pools that are used in this order:
//
//  1. 20,000 numbers that Ofcom keeps free for drama (20 blocks of 1,000). The first
//     block is the mobile one, so small databases have mostly mobiles.
//  2. 999,000 numbers 01632 xxxxxx outside the drama block: the area code 01632
//     belongs to no place and is in no one's allocation.
//  3. 10 million numbers 020 0xxx xxxx: a London number cannot begin with 0, because
//     dialled inside London it would be taken for the trunk prefix.
//
// Both later pools are unallocated in the National Telephone Numbering Plan. They
// are for test databases only: never dial numbers from them in bulk.
var dramaBlocks = [20]string{
	"07700 900", "01632 960", "020 7946 0", "0113 496 0", "0114 496 0", "0115 496 0", "0116 496 0",
	"0117 496 0", "0118 496 0", "0121 496 0", "0131 496 0", "0141 496 0", "0151 496 0", "0161 496 0",
	"0191 498 0", "028 9649 6", "029 2018 0", "03069 990", "0808 157 0", "0909 879 0",
}

const (
	dramaCount = 20_000
	noPlace    = 999_000
)

// household gives the customer whose phone, surname and address a customer shares:
// itself for most, the one before for about one in twelve.
func (g *generator) household(id int64) int64 {
	if id%2 == 0 {
		if r := draw(g.seed, ofPlan, -id); r.below(6) == 0 {
			return id - 1
		}
	}
	return id
}

// phone writes a customer's number as the reception may have typed it.
func (g *generator) phone(dst []byte, id int64) []byte {
	at := len(dst)
	dst = poolNumber(dst, shuffle(g.household(id)-1, g.customers))
	if r := draw(g.seed, ofPerson, -id); r.percent(20) { // no spaces
		kept := at
		for _, c := range dst[at:] {
			if c != ' ' {
				dst[kept] = c
				kept++
			}
		}
		dst = dst[:kept]
	} else if r.percent(10) { // as typed abroad: a copy after the leading 0
		rest := string(dst[at+1:])
		dst = append(append(dst[:at], "+44 "...), rest...)
	}
	return dst
}

// poolNumber writes the n-th number of the pools.
func poolNumber(dst []byte, n int64) []byte {
	if n < dramaCount {
		return digits(append(dst, dramaBlocks[n/1000]...), n%1000, 3)
	}
	n -= dramaCount
	if n < noPlace {
		if n >= 960_000 {
			n += 1000 // the drama block has been used
		}
		dst = append(dst, "01632 "...)
		return digits(dst, n, 6)
	}
	n -= noPlace
	dst = digits(append(dst, "020 0"...), n/10_000, 3)
	return digits(append(dst, ' '), n%10_000, 4)
}
