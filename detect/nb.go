package detect

import "math"

// walk goes along a negative-binomial distribution, one count at a time: p is the
// probability of exactly the count, tail of the count or more.
type walk struct{ r, q, p, tail float64 }

// tailFloor keeps rounding from making evidence: smaller tails count as this.
const tailFloor = 1e-13

// newWalk starts at 0, for shape r and a mean.
func newWalk(r, mean float64) walk {
	p := r / (r + mean)
	return walk{r: r, q: 1 - p, p: math.Pow(p, r), tail: 1}
}

// step goes from count k to k+1.
func (w *walk) step(k int) {
	w.tail = max(w.tail-w.p, tailFloor)
	w.p *= (w.r + float64(k)) / float64(k+1) * w.q
}
