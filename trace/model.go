package trace

import (
	"cmp"
	"math"
	"slices"
)

// strengths are the leak's possible strengths ρ, log-uniform: how many times the rate
// of unrelated calls the calls after a look come at their height.
var strengths = func() (list []float64) {
	for e := 0.0; e <= 3.5; e += 0.25 {
		list = append(list, math.Pow(10, e))
	}
	return list
}()

// maxPool bounds how many of a matched set are kept for redrawing.
const maxPool = 192

// exposure is a candidate's exposure to one subject at one time.
type exposure struct {
	candidate uint32
	g         float32
}

// model holds what the likelihood needs of each complaint: the candidates' exposures
// to the complainant, their means over the matched set, and the exposures to some of
// that set for redrawing.
type model struct {
	candidates int
	knew       []float64
	own        [][]exposure   // by complaint: to the complainant
	mean       [][]exposure   // by complaint: mean over the matched set
	hits       [][]float32    // beside mean: the share of the matched set that was seen
	pool       [][][]exposure // by complaint, by member drawn
	// weight is what sources found before add to the chance of being called: of the
	// complainant, its mean over the matched set, and of the pool's members. 1 at first.
	weight, meanWeight []float64
	poolWeight         [][]float64
}

// measure computes all exposures, the complaints shared out among the processors.
func measure(l *Looks, cases []matched, o Options) *model {
	n := len(cases)
	m := &model{candidates: len(l.saw), knew: make([]float64, n), own: make([][]exposure, n), mean: make([][]exposure, n),
		pool: make([][][]exposure, n), hits: make([][]float32, n), weight: ones(n), meanWeight: ones(n), poolWeight: make([][]float64, n)}
	lag, step := o.Lag.table(), o.Lag.step()
	share(n, func(next func() (int, bool)) {
		w := newWorker(l, lag, step)
		for k, ok := next(); ok; k, ok = next() {
			w.complaint(m, k, cases[k], o.Seed)
		}
	})
	return m
}

func ones(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = 1
	}
	return list
}

// worker measures exposures; each goroutine has its own.
type worker struct {
	l       *Looks
	lag     []float32
	step    int       // of lag, in seconds
	sum     []float64 // by candidate, over the matched set
	hits    []float64
	one     []float32 // by candidate, to one subject
	touched []uint32  // candidates with a sum
	now     []uint32  // candidates with an exposure to the one subject
	list    []exposure
}

func newWorker(l *Looks, lag []float32, step int) *worker {
	n := len(l.saw)
	return &worker{l: l, lag: lag, step: step, sum: make([]float64, n), hits: make([]float64, n), one: make([]float32, n)}
}

// complaint fills the model's k-th row.
func (w *worker) complaint(m *model, k int, c matched, seed uint64) {
	m.knew[k] = c.knew
	w.exposures(c.subject, c.at)
	m.own[k] = w.sorted()
	keep := chosen(len(c.among), seed, uint64(k))
	for n, s := range c.among {
		list := w.exposures(s, c.at)
		for _, e := range list {
			if w.hits[e.candidate] == 0 {
				w.touched = append(w.touched, e.candidate)
			}
			w.sum[e.candidate] += float64(e.g)
			w.hits[e.candidate]++
		}
		if len(keep) > 0 && keep[0] == n {
			keep = keep[1:]
			m.pool[k] = append(m.pool[k], w.sorted())
		}
	}
	slices.Sort(w.touched)
	size := float64(len(c.among))
	for _, i := range w.touched {
		m.mean[k] = append(m.mean[k], exposure{i, float32(w.sum[i] / size)})
		m.hits[k] = append(m.hits[k], float32(w.hits[i]/size))
		w.sum[i], w.hits[i] = 0, 0
	}
	w.touched = w.touched[:0]
	m.poolWeight[k] = ones(len(m.pool[k]))
}

// exposures gives, for each candidate, the highest lag density among the looks at a
// subject before a time: a record is passed on once, however often it was opened. The
// list holds until the next call; it is in no order.
func (w *worker) exposures(s uint32, at int32) []exposure {
	w.now = w.now[:0]
	for _, k := range w.l.of(s) {
		if k.at >= at {
			break
		}
		after := int(at-k.at) / w.step
		if after >= len(w.lag) || w.lag[after] == 0 {
			continue
		}
		if w.expose(k.candidate, w.lag[after]) {
			for _, p := range w.l.partsOf(k.candidate) {
				w.expose(p, w.lag[after])
			}
		}
	}
	w.list = w.list[:0]
	for _, c := range w.now {
		w.list = append(w.list, exposure{c, w.one[c]})
		w.one[c] = 0
	}
	return w.list
}

// sorted gives a copy of the last list in the order of candidates.
func (w *worker) sorted() []exposure {
	list := slices.Clone(w.list)
	slices.SortFunc(list, func(a, b exposure) int { return cmp.Compare(a.candidate, b.candidate) })
	return list
}

// expose notes an exposure and says whether it is the candidate's highest so far.
func (w *worker) expose(c uint32, g float32) bool {
	if w.one[c] >= g {
		return false
	}
	if w.one[c] == 0 {
		w.now = append(w.now, c)
	}
	w.one[c] = g
	return true
}

// chosen gives which members of a matched set are kept for redrawing, in order.
func chosen(n int, seed, k uint64) []int {
	if n <= maxPool {
		return upTo(n)
	}
	list := random(seed, k).Perm(n)[:maxPool]
	slices.Sort(list)
	return list
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// seen counts the complainants that a candidate had seen in time, and how many that
// would be by chance.
func (m *model) seen(i int) (n int, expected float64) {
	for k := range m.own {
		if _, ok := place(m.own[k], uint32(i)); ok {
			n++
		}
		if at, ok := place(m.mean[k], uint32(i)); ok {
			expected += float64(m.hits[k][at])
		}
	}
	return n, expected
}

// memory is what the tables take, in bytes.
func (m *model) memory() (n int64) {
	for k := range m.own {
		n += int64(len(m.own[k])*8 + len(m.mean[k])*12)
		for _, p := range m.pool[k] {
			n += int64(len(p)) * 8
		}
	}
	return n
}
