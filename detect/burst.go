package detect

import (
	"time"

	"custody"
)

// window holds the looks of the last while: distinct customers and branches.
type window struct {
	looks    []windowLook // a queue; from is its first
	from     int
	subjects map[custody.SubjectID]int32
	branches map[uint32]int32
}

type windowLook struct {
	at      int64
	subject custody.SubjectID
	branch  uint32
}

// maxWindow bounds the looks of one login that a window holds, manyCustomers the
// customers: a count above that could surprise nobody more.
const (
	maxWindow     = 1 << 14
	manyCustomers = maxWindow / 2
)

// add takes a look in and lets go of what is too old. Of more than many customers the
// newest are left out until time has made room.
func (w *window) add(t time.Time, s custody.SubjectID, branch uint32, long time.Duration) {
	if w.subjects == nil {
		w.subjects, w.branches = map[custody.SubjectID]int32{}, map[uint32]int32{}
	}
	at := t.Unix()
	for w.from < len(w.looks) && (w.looks[w.from].at <= at-int64(long/time.Second) || len(w.looks)-w.from >= maxWindow) {
		w.drop()
	}
	if w.from == len(w.looks) {
		w.looks, w.from = w.looks[:0], 0
	} else if w.from > 64 && w.from*2 > len(w.looks) {
		w.looks, w.from = append(w.looks[:0], w.looks[w.from:]...), 0
	}
	if len(w.subjects) >= manyCustomers {
		return
	}
	w.looks = append(w.looks, windowLook{at: at, subject: s, branch: branch})
	w.subjects[s]++
	if branch != 0 {
		w.branches[branch]++
	}
}

func (w *window) drop() {
	l := w.looks[w.from]
	w.from++
	if w.subjects[l.subject]--; w.subjects[l.subject] == 0 {
		delete(w.subjects, l.subject)
	}
	if l.branch != 0 {
		if w.branches[l.branch]--; w.branches[l.branch] == 0 {
			delete(w.branches, l.branch)
		}
	}
}

// habit is the highest value that a person reaches on a day, as it usually is.
type habit struct {
	sum, days float64
	today     int
	told      bool
}

// mean is what is usual, drawn towards what is usual for all while little is known.
func (h *habit) mean(all float64) float64 { return (h.sum + 2*all) / (h.days + 2) }

// pool is how far days of everybody were from what was usual, in a histogram.
type pool struct {
	bins       [poolBins]float64
	all        float64
	total, sum float64 // of the days' values
}

const (
	poolBins = 320
	poolStep = 8 // bins for one unit
	poolLow  = 4 // the first bin is at -poolLow

	customerPool = 0
	branchPool   = 1
	poolCount    = 2
	poolMemory   = 0.97
)

func bin(z float64) int { return min(max(int((z+poolLow)*poolStep), 0), poolBins-1) }

func (p *pool) usual() float64 {
	if p.total == 0 {
		return 0
	}
	return p.sum / p.total
}

// chance is how often a day of anybody is so far above the usual.
func (p *pool) chance(z float64) float64 {
	n := 1.0
	for _, b := range p.bins[bin(z):] {
		n += b
	}
	return n / (p.all + 1)
}

func (p *pool) take(z float64, known bool, x int) {
	if known {
		p.bins[bin(z)]++
		p.all++
	}
	p.total++
	p.sum += float64(x)
}

func (p *pool) fade() {
	for i := range p.bins {
		p.bins[i] *= poolMemory
	}
	p.all, p.total, p.sum = p.all*poolMemory, p.total*poolMemory, p.sum*poolMemory
}

// leastKnown is how many days of a person say what is usual.
const leastKnown = 3

// z is how far a value is above the usual, in its own scatter.
func z(x, mean float64) float64 { return (float64(x) - mean) / sqrt(mean+1) }

// burst compares the customers and the branches of the last half hour with the person's
// own days and, in how unusual they are, with everybody's days: an alarm comes only
// where fewer days than the budget allows were as far from their usual.
func (e *Engine) burst(ev *Event, p *person) {
	p.sitting.entries.add(ev.Entry)
	for i, n := range [...]int{len(p.window.subjects), len(p.window.branches)} {
		h := &p.bursts[i]
		if n <= h.today {
			continue
		}
		h.today = n
		if e.learning() || h.told || h.days < leastKnown || e.pools[i].all < leastPool || !e.on(Burst) {
			continue
		}
		pool := &e.pools[i]
		mean := h.mean(pool.usual())
		chance := pool.chance(z(float64(n), mean))
		alpha := max(e.o.Policy.perDay(Burst)/poolCount/e.watched(0), 1/(pool.all+1))
		if chance > alpha || n < leastBurst {
			continue
		}
		h.told = true
		of := "customers within half an hour"
		if i == branchPool {
			of = "branches within half an hour"
		}
		e.raise(ev, p, nil, evidence{
			Finding: Finding{Rule: Burst, Of: of, Says: saysBurst(n, i == branchPool, mean),
				Expected: mean, Observed: float64(n), Evidence: 1 / chance, Parameters: map[string]float64{"alpha": alpha, "minutes": e.o.Policy.Window.Minutes()}},
			entries: p.sitting.entries.ordered(), inAll: p.sitting.entries.n,
		})
	}
	e.grow(ev, p)
}

// leastPool is how many days of anybody say how far days differ.
const leastPool = 100

// leastBurst is below what nobody calls a burst.
const leastBurst = 5

// endDay learns what was usual.
func (p *person) endDay(e *Engine) {
	if p.last != e.day {
		return
	}
	for i := range p.bursts {
		h := &p.bursts[i]
		if h.today > 0 {
			pool := &e.pools[i]
			mean := h.mean(pool.usual())
			pool.take(z(float64(h.today), mean), h.days >= leastKnown, h.today)
			h.sum, h.days = h.sum*forget+min(float64(h.today), mean+6*sqrt(mean+1)), h.days*forget+1
		}
		h.today, h.told = 0, false
	}
	p.hours.endDay()
	if p.grown {
		e.tellGrown(&Event{Time: p.sitting.last, Person: p.number}, p)
	}
	p.alert, p.toldAt, p.rareTold = nil, 0, 0
}
