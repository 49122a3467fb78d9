package detect

import (
	"cmp"
	"slices"
)

// Groups finds groups of colleagues: logins that share customers. A customer whom few
// have seen says more than one whom everybody has; a login that sees everything belongs
// to a group only if its customers do. Pairs are distinct. The result gives each login
// the number of its group, from 1; 0 is a group of its own.
//
// Neighbours are joined by asking each login again and again which group most of its
// likeness lies in (label propagation, in the order of numbers, so that the same pairs
// give the same groups).
func Groups(pairs []Pair, people int) []uint32 {
	near := likeness(pairs, people)
	group := make([]uint32, people)
	for i := range group {
		group[i] = uint32(i)
	}
	for round, moved := 0, true; moved && round < maxRounds; round++ {
		moved = false
		for i := range near {
			if g := mostly(near[i], group); len(near[i]) > 0 && g != group[i] {
				group[i], moved = g, true
			}
		}
	}
	return renumber(group)
}

const (
	maxRounds  = 30
	maxHolders = 40 // a customer whom more have seen says nothing of colleagues
	maxNear    = 24 // neighbours that are kept of a login
	leastLike  = 0.02
)

type neighbour struct {
	who  uint32
	like float64
}

// likeness gives each login's nearest neighbours.
func likeness(pairs []Pair, people int) [][]neighbour {
	bySubject := slices.Clone(pairs)
	slices.SortFunc(bySubject, func(a, b Pair) int { return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Person, b.Person)) })
	weight := make([]float64, people)
	shared := make([]map[uint32]float64, people)
	for from := 0; from < len(bySubject); {
		to := from
		for to < len(bySubject) && bySubject[to].Subject == bySubject[from].Subject {
			to++
		}
		if n := to - from; n > 1 && n <= maxHolders {
			join(bySubject[from:to], weight, shared)
		}
		from = to
	}
	near := make([][]neighbour, people)
	for i, m := range shared {
		for j, w := range m {
			if like := w / sqrt(weight[i]*weight[j]); like >= leastLike {
				near[i] = append(near[i], neighbour{j, like})
			}
		}
		slices.SortFunc(near[i], func(a, b neighbour) int { return cmp.Or(cmp.Compare(b.like, a.like), cmp.Compare(a.who, b.who)) })
		near[i] = near[i][:min(len(near[i]), maxNear)]
	}
	return near
}

// join counts one customer for everybody who has seen it.
func join(holders []Pair, weight []float64, shared []map[uint32]float64) {
	w := 1 / float64(len(holders)-1)
	for _, a := range holders {
		weight[a.Person] += 1
		if shared[a.Person] == nil {
			shared[a.Person] = map[uint32]float64{}
		}
		for _, b := range holders {
			if a.Person != b.Person {
				shared[a.Person][b.Person] += w
			}
		}
	}
}

// mostly is the group in which most of the likeness lies; the lowest of equals.
func mostly(near []neighbour, group []uint32) uint32 {
	sums := map[uint32]float64{}
	for _, n := range near {
		sums[group[n.who]] += n.like
	}
	best, most := ^uint32(0), 0.0
	for g, s := range sums {
		if s > most+1e-12 || s > most-1e-12 && g < best {
			best, most = g, s
		}
	}
	return best
}

// renumber makes the numbers dense; those alone get 0.
func renumber(group []uint32) []uint32 {
	size := map[uint32]int{}
	for _, g := range group {
		size[g]++
	}
	numbers := map[uint32]uint32{}
	out := make([]uint32, len(group))
	for i, g := range group {
		if size[g] < 2 {
			continue
		}
		n, ok := numbers[g]
		if !ok {
			n = uint32(len(numbers) + 1)
			numbers[g] = n
		}
		out[i] = n
	}
	return out
}
